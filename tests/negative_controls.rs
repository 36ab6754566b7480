//! The proof of the proof: the crash matrix, the kill loop and the cut sweep, run
//! with a program that has a mistake, report the damage that the mistake is known
//! for. The same code, the same jobs, the same judge; only shortened, and with
//! loaded dice where chance decides.
//!
//! `cargo nextest run --features crash-points --test negative_controls`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod support;

use Sees::{Lost, Nothing, Twice};
use support::crash::{self, Crash};
use support::judge::Broken;
use support::kill::{self, Dice};
use support::program::Site;
use support::{order, sweep};
use transship::crash::POINTS;
use transship::demo::{Fault, Pickup, Samples};

/// What a proof reports of a mistake.
#[derive(Clone, Copy, Debug)]
enum Sees {
    Twice,
    Lost,
    /// It cannot see it, and why.
    Nothing(&'static str),
}

impl Sees {
    fn is_it(self, broken: &Broken) -> bool {
        let (twice, lost) = (broken.totals.twice, broken.totals.lost);
        match self {
            // In the middle of a story others may still be on their way.
            Twice => twice > 0,
            Lost => lost > 0 && twice == 0,
            Nothing(_) => false,
        }
    }
}

/// A mistake, and what each of the proofs makes of it.
struct Row {
    wrong: &'static str,
    matrix: Sees,
    kill: Sees,
    sweep: Sees,
}

const KERNEL: Sees =
    Nothing("a dead process leaves what it wrote to the kernel: only the order of calls shows it");
const MOMENT: Sees =
    Nothing("it would have to be killed in one certain millisecond: the matrix is, on purpose");

const TABLE: &[Row] = &[
    Row { wrong: "blind_retry", matrix: Twice, kill: Twice, sweep: Twice },
    Row { wrong: "stat_recovery", matrix: Twice, kill: Twice, sweep: Twice },
    Row { wrong: "remove_fence", matrix: Lost, kill: MOMENT, sweep: Lost },
    Row {
        wrong: "no_intent",
        matrix: Twice,
        kill: MOMENT,
        sweep: Nothing("a cut leaves it alive, and it books a moment later what it should before"),
    },
    Row { wrong: "no_reconcile", matrix: Lost, kill: Lost, sweep: Lost },
    Row { wrong: "no_sync", matrix: KERNEL, kill: KERNEL, sweep: KERNEL },
];

/// Two processes do not meet in the same way every time: a mistake that goes
/// unnoticed once is asked for again.
const TRIES: usize = 3;

/// Asks the proof about every mistake that it can see.
async fn must_fail(proof: impl AsyncFn(&'static str) -> Vec<Broken>, sees: impl Fn(&Row) -> Sees) {
    for row in TABLE {
        let (wrong, sees) = (row.wrong, sees(row));
        if let Nothing(why) = sees {
            println!("{wrong}: not seen: {why}");
            continue;
        }
        let mut told = Vec::new();
        for _ in 0..TRIES {
            told.extend(proof(wrong).await);
            if told.iter().any(|broken| sees.is_it(broken)) {
                break;
            }
        }
        let all: String = told.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|broken| sees.is_it(broken)), "{wrong}: no {sees:?}: {all}");
        println!("{wrong}: {sees:?}, as it must be, in {} stories", told.len());
    }
}

/// One hit and one way of dying; all points.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_crash_matrix_fails() {
    let matrix = async |wrong| {
        let points = POINTS.iter().map(|point| Crash { point, hit: 1, how: "kill" });
        let crashes = points.filter(|crash| !crash.is_direct());
        let told = crash::tell(crashes, move |crash| crash::survives(crash, Some(wrong))).await;
        told.broken.into_iter().map(|(_, broken)| broken).collect()
    };
    must_fail(matrix, |row| row.matrix).await;
}

/// A few rounds, and in each of them what the mistake does not survive.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_kill_loop_fails() {
    let kill = async |wrong| {
        let mut site = Site::with(|options| {
            options.exports = vec![Samples::new(6).report("a.csv", 3)];
            options.pickup = Pickup::Remove;
        })
        .await;
        site.set_wrong(Some(wrong));
        let fault = if wrong == "no_reconcile" { "list_cut" } else { "rename_cut_after*9" };
        let dice = Dice { seed: 7, rounds: 8, faults: &[fault], chance: 1.0 };
        kill::story(&mut site, dice).await.err().into_iter().collect()
    };
    must_fail(kill, |row| row.kill).await;
}

/// To the first cut that breaks the promise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cut_sweep_fails() {
    let sweep = async |wrong| {
        let swept = match wrong {
            "no_reconcile" => sweep::list_cut(40, Some(wrong)).await.map(drop),
            "remove_fence" => {
                let beside = Some("rename_cut_before*2");
                sweep::every_packet(Fault::PacketCutAfter, beside, Some(wrong)).await.map(drop)
            }
            _ => sweep::every_packet(Fault::PacketCutAfter, None, Some(wrong)).await.map(drop),
        };
        swept.err().into_iter().collect()
    };
    must_fail(sweep, |row| row.sweep).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_missing_sync_and_a_missing_intent_show_in_the_order_of_calls() {
    if !order::can_record() {
        println!("SKIPPED: this machine lets no process watch another (ptrace): NOTHING IS PROVED");
        return;
    }
    assert_eq!(order::record(None).await.check(), Ok(()));
    assert_eq!(order::record(Some("no_sync")).await.check(), Err("the part file is synced"));
    let unbooked = order::record(Some("no_intent")).await.check();
    assert_eq!(unbooked, Err("the rename arrives only then"));
}
