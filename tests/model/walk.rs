//! Random walks of the real engine and the real ledger: faults, crashes and the
//! operator's words in any order. `PROPTEST_CASES=200` walks for longer.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::select;
use tokio::runtime::Runtime;
use transship::demo::sample_exports;
use transship::engine::Command;
use transship::ledger::{Books as _, Filter, Ledger, TransferRow};
use transship::model::{DeliveryState, Id};

use crate::arrows;
use crate::support::desk::Desk;

/// Walks in a test run; each takes a second or two, most of it pauses.
const CASES: u32 = 10;
/// Longest wait for anything that must happen.
const DEADLINE: Duration = Duration::from_secs(60);

/// One thing that happens to the program.
#[derive(Clone, Debug)]
enum Step {
    /// A fault that strikes `after` so many occasions.
    Arm(&'static str, u32),
    Pass(Pass, Ending),
    Word(Word, usize),
}

#[derive(Clone, Copy, Debug)]
enum Pass {
    Sync,
    CarryOn,
}

/// How a pass ends, after so many things that happened outside.
#[derive(Clone, Copy, Debug)]
enum Ending {
    ByItself,
    Crash(u64),
    /// The operator says something in the middle of it.
    Word(u64, Word, usize),
}

#[derive(Clone, Copy, Debug)]
enum Word {
    Hold,
    Release,
    Retry,
    Cancel,
    SendAgain,
}

impl Word {
    fn about(self, id: Id) -> Command {
        let ids = vec![id];
        match self {
            Self::Hold => Command::Hold(ids),
            Self::Release => Command::Release(ids),
            Self::Retry => Command::Retry(ids),
            Self::Cancel => Command::Cancel(ids),
            Self::SendAgain => Command::SendAgain(ids),
        }
    }
}

const AT_THE_SERVER: &[&str] = &[
    "rename_cut_before",
    "rename_cut_after",
    "rename_late",
    "packet_cut_before",
    "packet_cut_after",
    "packet_late",
    "no_space",
];
const AT_THE_SOURCE: &[&str] =
    &["list_cut", "list_cut_body", "list_html_502", "list_500", "body_cut", "store_503"];

fn fault(names: &'static [&'static str]) -> impl Strategy<Value = Step> {
    (select(names), 0..40_u32).prop_map(|(name, after)| {
        let few = !name.starts_with("packet");
        Step::Arm(name, if few { after % 4 } else { after })
    })
}

fn word() -> impl Strategy<Value = (Word, usize)> {
    use Word as W;
    (select(vec![W::Hold, W::Release, W::Retry, W::Cancel, W::SendAgain]), 0..3_usize)
}

fn pass(ending: impl Strategy<Value = Ending>) -> impl Strategy<Value = Step> {
    (select(vec![Pass::Sync, Pass::Sync, Pass::CarryOn]), ending)
        .prop_map(|(pass, ending)| Step::Pass(pass, ending))
}

fn crash() -> impl Strategy<Value = Ending> {
    prop_oneof![Just(Ending::ByItself), (1..80_u64).prop_map(Ending::Crash)]
}

fn said_in_the_middle() -> impl Strategy<Value = Ending> {
    (1..80_u64, word()).prop_map(|(after, (word, item))| Ending::Word(after, word, item))
}

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(CASES),
        max_shrink_iters: 30,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn walks_with_faults_and_crashes(
        steps in prop::collection::vec(
            prop_oneof![2 => fault(AT_THE_SERVER), 1 => fault(AT_THE_SOURCE), 2 => pass(crash())],
            3..8,
        )
    ) {
        walk(&steps);
    }

    #[test]
    fn walks_with_faults_and_an_operator(
        steps in prop::collection::vec(
            prop_oneof![
                2 => fault(AT_THE_SERVER),
                2 => word().prop_map(|(word, item)| Step::Word(word, item)),
                2 => pass(prop_oneof![crash(), said_in_the_middle()]),
            ],
            3..8,
        )
    ) {
        walk(&steps);
    }
}

fn walk(steps: &[Step]) {
    let outside = Runtime::new().unwrap();
    let desk = outside.block_on(Desk::with(|options| {
        options.exports = sample_exports().into_iter().skip(2).take(3).collect();
    }));
    // Opens the books, so that they can be asked from the first step on.
    outside.block_on(async { desk.engine().await.stop(Duration::from_secs(10)).await });
    for step in steps {
        match *step {
            Step::Arm(fault, after) => desk.arm(&format!("{fault}@{after}")),
            Step::Pass(pass, ending) => live(&desk, pass, ending),
            Step::Word(word, item) => {
                if let Some(id) = item_of(&desk, item) {
                    // What cannot be done now is refused; that is fine.
                    let _ = outside.block_on(desk.act(word.about(id)));
                }
            }
        }
        check_arrows(&desk);
    }
    desk.stand_ins.world().disarm();
    outside.block_on(async {
        for id in desk.ids("held") {
            desk.act(Command::Release(vec![id])).await.unwrap();
        }
        desk.sync_until_quiet(8).await;
    });
    check_arrows(&desk);
    judge(&desk);
}

/// One life of the program, from its start to its end or crash.
fn live(desk: &Desk, pass: Pass, ending: Ending) {
    let life = Runtime::new().unwrap();
    life.block_on(async {
        let engine = desk.engine().await;
        let handle = engine.handle();
        let command = match pass {
            Pass::Sync => Command::sync_all(),
            Pass::CarryOn => Command::CarryOn { endpoints: Vec::new() },
        };
        let work = handle.request(command);
        tokio::pin!(work);
        let interrupted = match ending {
            Ending::ByItself => false,
            Ending::Crash(after) | Ending::Word(after, ..) => tokio::select! {
                _ = &mut work => false,
                () = outside_changed(desk, after) => true,
            },
        };
        match ending {
            Ending::Crash(_) if interrupted => return,
            Ending::Word(_, word, item) if interrupted => {
                if let Some(id) = item_of(desk, item) {
                    handle.request(word.about(id)).await;
                }
                work.await;
            }
            Ending::ByItself => drop(work.await),
            Ending::Crash(_) | Ending::Word(..) => {}
        }
        engine.stop(Duration::from_secs(10)).await;
    });
    // Whatever is still at work is dropped where it stands.
    life.shutdown_background();
    wait_for_the_ledger(desk);
}

/// What a crash has cut off lets go of the ledger soon, not at once.
fn wait_for_the_ledger(desk: &Desk) {
    let begun = Instant::now();
    while let Err(failure) = Ledger::open(&desk.config.database, "walk") {
        assert!(begun.elapsed() < DEADLINE, "{failure}");
        std::thread::yield_now();
    }
}

async fn outside_changed(desk: &Desk, times: u64) {
    let mut revision = desk.stand_ins.world().watch();
    let until = *revision.borrow() + times;
    revision.wait_for(|now| *now >= until).await.unwrap();
}

/// The item that the operator means, if the books have any yet.
fn item_of(desk: &Desk, item: usize) -> Option<Id> {
    let known = desk.exports();
    (!known.is_empty()).then(|| known[item % known.len()].id)
}

/// Every change of a state is an arrow of the model, or one that somebody has a
/// reason for; and the attempt grows only where the model's does.
fn check_arrows(desk: &Desk) {
    let mut events = desk.reader().events(&Filter::default()).unwrap();
    events.retain(|event| event.kind == "state" && event.subject.to_string().starts_with('d'));
    let mut at: BTreeMap<String, (DeliveryState, u32)> = BTreeMap::new();
    for event in events.iter().rev() {
        let state = |name: &Option<String>| DeliveryState::from_name(name.as_deref()?);
        let to = state(&event.to_state).unwrap();
        let before = at.insert(event.subject.to_string(), (to, event.attempt));
        match (before, state(&event.from_state)) {
            (None, None) => assert_eq!((to, event.attempt), (DeliveryState::Verified, 0)),
            (Some((state, attempt)), Some(from)) => {
                assert_eq!(state, from, "{event:?}");
                let attempts = event.attempt.checked_sub(attempt).expect("attempts never shrink");
                assert!(arrows::exists(from, to, attempts), "{event:?}");
            }
            story => panic!("{story:?} before {event:?}"),
        }
    }
}

/// Once all is quiet, the receiver has each export exactly as often as the books
/// say that it was sent, which is once for each time that somebody asked for it.
fn judge(desk: &Desk) {
    let oracle = desk.oracle();
    let transfers = desk.reader().transfers(&Filter::default()).unwrap();
    let exports = desk.exports();
    let story = || format!("{oracle:#?}\n{transfers:#?}\n{exports:#?}");
    assert_eq!(exports.len(), oracle.exports.len(), "{}", story());
    for verdict in &oracle.exports {
        let of: Vec<&TransferRow> = transfers.iter().filter(|t| t.uid == verdict.uid).collect();
        let sent = of.iter().filter(|t| t.state == "cleaned").count();
        let given_up = of.iter().filter(|t| t.state == "cancelled").count();
        assert_eq!(verdict.arrived as usize, sent, "{}", story());
        assert_eq!(sent + given_up, of.len(), "{}", story());
        let generations: Vec<usize> = of.iter().rev().map(|t| t.generation as usize).collect();
        assert!(generations.iter().copied().eq(1..=of.len()), "{}", story());
        // Given up before its bytes were here: it has no delivery at all.
        let export = exports.iter().find(|row| row.uid == verdict.uid).unwrap();
        assert!(!of.is_empty() || export.state == "cancelled", "{}", story());
    }
    assert!(oracle.exports.iter().all(|verdict| verdict.partial == 0), "{}", story());
    assert_eq!(oracle.foreign, [], "{}", story());
    // Also of what was cancelled while the server was out of reach.
    assert_eq!(oracle.temporaries, Vec::<String>::new(), "{}", story());
}
