//! The restore drill: an older copy of the ledger is put back, and nothing is
//! sent by itself, whatever the older copy believes to be open.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// The program is started and killed here.
#![cfg(unix)]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use support::desk::{Desk, ENDPOINT};
use support::program::Site;
use transship::demo::{Fault, NewExport, Pickup, Samples, Status, sample_exports};
use transship::engine::{Command, ReconcileMode, Reply};
use transship::ledger::{Books as _, Filter, Mark};
use transship::model::Outcome;

/// What was listed and not delivered when the copy was made, and is delivered now.
const OPEN: usize = 8;
/// What was listed and delivered since the copy was made.
const FORGOTTEN: usize = 2;

/// Copies the ledger, goes on until everything is delivered, and puts the copy back.
async fn restored() -> Desk {
    restored_with(Pickup::MoveToProcessed).await
}

async fn restored_with(pickup: Pickup) -> Desk {
    let desk = Desk::with(|options| {
        options.exports = sample_exports();
        options.pickup = pickup;
    })
    .await;
    desk.arm("no_space");
    desk.sync().await;
    assert_eq!(desk.states()["retry_wait"], OPEN);
    let copy = desk.folder().join("backup.db");
    std::fs::copy(&desk.config.database, &copy).unwrap();
    desk.stand_ins.world().disarm();
    for export in Samples::new(1).take(FORGOTTEN) {
        desk.stand_ins.world().add(export);
    }
    desk.sync_until_quiet(4).await;
    desk.assert_all_once();
    put_back(&copy, &desk.config.database);
    desk
}

/// As an operator does it: the file, and not what SQLite left beside the other one.
fn put_back(copy: &Path, database: &Path) {
    std::fs::copy(copy, database).unwrap();
    for beside in ["-wal", "-shm"] {
        let mut name = database.as_os_str().to_owned();
        name.push(beside);
        let _ = std::fs::remove_file(PathBuf::from(name));
    }
}

fn mark(desk: &Desk) -> PathBuf {
    desk.config.data_dir.join("ledger.mark")
}

async fn carry_on(desk: &Desk) {
    desk.ask(Command::CarryOn { endpoints: Vec::new() }).await;
}

async fn reconcile(desk: &Desk, mode: ReconcileMode) -> u64 {
    let endpoints = vec![ENDPOINT.into()];
    match desk.ask(Command::Reconcile { endpoints, mode }).await {
        Reply::Reconciled(found) => found[0].found,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn nothing_is_sent_by_itself_and_only_what_is_released_is_sent_again() {
    let desk = restored().await;
    for pass in 0..3 {
        let report = desk.sync().await;
        assert_eq!(report.outcome, Outcome::NeedsOperator, "pass {pass}: {report:#?}");
        assert_eq!(report.endpoints[0].delivered, 0);
        carry_on(&desk).await;
    }
    assert!(desk.oracle().all_once(), "{:#?}", desk.oracle());
    // What it had open, and what it had forgotten.
    let held = desk.ids("held");
    assert_eq!(held.len(), OPEN + FORGOTTEN, "{:#?}", desk.exports());
    for row in desk.exports() {
        let why = row.error.unwrap();
        assert!(why.contains("put back from a backup") || why.contains("never seen"), "{why}");
    }
    let words = desk.act(Command::Release(held[..1].into())).await.unwrap();
    assert!(words.contains("gets it twice"), "{words}");
    carry_on(&desk).await;
    // The receiver has put it away: that is said before anything is sent …
    let report = desk.sync().await;
    assert_eq!(report.outcome, Outcome::NeedsOperator, "{report:#?}");
    assert_eq!(desk.ids("held").len(), OPEN + FORGOTTEN);
    let row = desk.exports().into_iter().find(|row| row.id == held[0]).unwrap();
    assert_eq!(row.evidence.as_deref(), Some("E3"));
    assert!(row.error.unwrap().contains("in `processed`"));
    assert!(desk.oracle().all_once(), "{:#?}", desk.oracle());
    // … and sent if somebody wants it all the same.
    let words = desk.act(Command::Release(held[..1].into())).await.unwrap();
    assert!(words.contains("the receiver has it"), "{words}");
    desk.sync().await;
    let totals = desk.oracle().totals;
    assert_eq!((totals.twice, totals.once), (1, OPEN + FORGOTTEN - 1));
    // The rest at a word: the operator knows that all of it was delivered.
    for id in &held[1..] {
        desk.act(Command::Cancel(vec![*id])).await.unwrap();
    }
    desk.sync_until_quiet(2).await;
    assert_eq!(desk.oracle().totals.twice, 1);
}

/// As a snapshot of the whole machine does it: the mark goes back as well.
fn put_the_mark_back(desk: &Desk) {
    let found = Mark::read(&mark(desk)).unwrap().unwrap();
    Mark { event: 1, ..found }.write(&mark(desk)).unwrap();
}

#[tokio::test]
async fn a_mark_that_went_back_as_well_sends_nothing_that_the_receiver_shows() {
    let desk = restored().await;
    put_the_mark_back(&desk);
    for _ in 0..2 {
        assert_eq!(desk.sync().await.outcome, Outcome::NeedsOperator);
    }
    assert!(desk.oracle().all_once(), "{:#?}", desk.oracle());
    assert_eq!(desk.ids("held").len(), OPEN, "{:#?}", desk.exports());
    // Who knows that all of it arrived gives it up, and nothing is left over there.
    desk.act(Command::Cancel(desk.ids("held"))).await.unwrap();
    desk.sync_until_quiet(2).await;
    let oracle = desk.oracle();
    assert!(oracle.all_once() && oracle.temporaries.is_empty(), "{oracle:#?}");
}

/// Where the receiver removes what it takes, the very same drill delivers twice
/// without the mark: the guard guards.
#[tokio::test]
async fn without_the_mark_and_without_a_trace_it_would_send_twice() {
    let desk = restored_with(Pickup::Remove).await;
    put_the_mark_back(&desk);
    desk.sync().await;
    assert_eq!(desk.oracle().totals.twice, OPEN, "{:#?}", desk.oracle());
}

/// Another file of that name, and of another size, is none of ours: it proves nothing.
#[tokio::test]
async fn only_a_file_of_the_same_size_counts_as_delivered_before() {
    let desk = restored().await;
    put_the_mark_back(&desk);
    for entry in std::fs::read_dir(desk.stand_ins.world().processed_folder()).unwrap() {
        std::fs::write(entry.unwrap().path(), "another").unwrap();
    }
    desk.sync().await;
    assert_eq!(desk.oracle().totals.twice, OPEN, "{:#?}", desk.oracle());
}

#[tokio::test]
async fn a_copy_of_any_moment_of_a_run_sends_nothing() {
    let desk = Desk::new().await;
    desk.sync().await;
    for export in Samples::new(2).take(6) {
        desk.stand_ins.world().add(export);
    }
    // Everything that leaves an attempt's end unknown for a while.
    for fault in ["list_cut", "rename_cut_after*2", "rename_late@3", "packet_cut_before@30"] {
        desk.arm(fault);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let copying = std::thread::spawn({
        let (stop, database) = (stop.clone(), desk.config.database.clone());
        let folder = desk.folder().to_owned();
        move || {
            let mut copies = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let copy = folder.join(format!("copy-{}.db", copies.len()));
                let ledger = rusqlite::Connection::open(&database).unwrap();
                // A busy ledger is copied the next time.
                if ledger.execute("VACUUM INTO ?", [copy.to_str().unwrap()]).is_ok() {
                    copies.push(copy);
                }
            }
            copies
        }
    });
    desk.sync_until_quiet(8).await;
    stop.store(true, Ordering::Relaxed);
    let copies = copying.join().unwrap();
    desk.assert_all_once();
    let before = std::fs::read(mark(&desk)).unwrap();
    let total = desk.oracle().totals.once;

    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    // The moments differ most where most is written: all over the run.
    for copy in copies.iter().step_by(copies.len().div_ceil(25)) {
        put_back(copy, &desk.config.database);
        std::fs::write(mark(&desk), &before).unwrap();
        for (state, count) in desk.states() {
            *seen.entry(state).or_default() += count;
        }
        for _ in 0..2 {
            desk.sync().await;
            carry_on(&desk).await;
        }
        let oracle = desk.oracle();
        assert!(oracle.all_once(), "{}: {oracle:#?}\n{:#?}", copy.display(), desk.exports());
        // Nothing is lost either: each is at its end or waits for a person.
        let rows = desk.exports();
        assert_eq!(rows.len(), total, "{rows:#?}");
        for row in rows {
            let state = row.state.as_str();
            assert!(matches!(state, "cleaned" | "held" | "in_doubt"), "{row:#?}");
        }
    }
    println!("copied in: {seen:?}");
    let open = seen.keys().filter(|state| !matches!(state.as_str(), "cleaned" | "published"));
    assert!(open.count() >= 2, "no copy was of an interesting moment: {seen:?}");
}

#[tokio::test]
async fn it_is_asked_once_and_then_everything_goes_on() {
    let desk = restored().await;
    desk.sync().await;
    let all = desk.ids("held");
    desk.act(Command::Cancel(all[..1].into())).await.unwrap();
    for export in Samples::new(3).take(2) {
        desk.stand_ins.world().add(export);
    }
    // New ones are as safe as ever: nobody has seen them.
    let report = desk.sync().await;
    assert_eq!(report.endpoints[0].delivered, 2, "{report:#?}");
    assert_eq!(desk.ids("held").len(), OPEN + FORGOTTEN - 1);
    assert!(desk.oracle().all_once());
}

#[tokio::test]
async fn the_newer_ledger_put_back_once_more_is_noticed_as_well() {
    let desk = Desk::new().await;
    desk.arm("no_space");
    desk.sync().await;
    let (older, newer) = (desk.folder().join("older.db"), desk.folder().join("newer.db"));
    std::fs::copy(&desk.config.database, &older).unwrap();
    desk.sync().await;
    std::fs::copy(&desk.config.database, &newer).unwrap();
    put_back(&older, &desk.config.database);
    desk.stand_ins.world().disarm();
    desk.sync().await;
    let held = desk.ids("held");
    desk.act(Command::Release(held)).await.unwrap();
    desk.sync_until_quiet(3).await;
    assert!(desk.oracle().all_once());
    // It has more events than the restored one, and knows nothing of what that sent.
    put_back(&newer, &desk.config.database);
    desk.sync().await;
    assert!(desk.oracle().all_once(), "{:#?}", desk.oracle());
    assert_eq!(desk.ids("held").len(), OPEN);
}

#[tokio::test]
async fn a_ledger_without_its_mark_is_not_trusted() {
    let desk = Desk::new().await;
    desk.arm("no_space");
    desk.sync().await;
    desk.stand_ins.world().disarm();
    std::fs::remove_file(mark(&desk)).unwrap();
    assert_eq!(desk.sync().await.outcome, Outcome::NeedsOperator);
    assert_eq!(desk.ids("held").len(), OPEN);
    assert_eq!(desk.oracle().totals.once, 0);
}

#[tokio::test]
async fn an_empty_ledger_in_the_place_of_a_lost_one_takes_nothing_for_the_past() {
    let desk = restored().await;
    put_back(&desk.config.database, &desk.config.database);
    std::fs::remove_file(&desk.config.database).unwrap();
    let report = desk.sync().await;
    assert_eq!(report.outcome, Outcome::NeedsOperator, "{report:#?}");
    assert_eq!(desk.ids("held").len(), OPEN + FORGOTTEN, "{:#?}", desk.states());
    // All of it at one word, if the operator knows that all was delivered.
    reconcile(&desk, ReconcileMode::Adopt).await;
    assert_eq!(desk.states()["baseline"], OPEN + FORGOTTEN);
    desk.sync_until_quiet(2).await;
    assert!(desk.oracle().all_once());
}

#[tokio::test]
async fn the_operator_may_say_at_once_what_is_to_be_done() {
    for (mode, state) in [(ReconcileMode::Hold, "held"), (ReconcileMode::Adopt, "baseline")] {
        let desk = restored().await;
        assert_eq!(reconcile(&desk, mode).await, FORGOTTEN as u64, "{mode:?}");
        assert!(desk.ids(state).len() >= FORGOTTEN, "{mode:?}: {:?}", desk.states());
        desk.sync().await;
        assert!(desk.oracle().all_once(), "{mode:?}");
    }
}

/// Whatever copy was made before a list was asked for, the mark tells it apart.
#[tokio::test]
async fn the_mark_is_ahead_of_every_list() {
    let desk = Desk::new().await;
    desk.arm("list_hang");
    let engine = desk.engine().await;
    let handle = engine.handle();
    tokio::spawn(async move { handle.request(Command::sync_all()).await });
    let world = desk.stand_ins.world();
    let mut changes = world.watch();
    while world.struck(Fault::ListHang) == 0 {
        changes.changed().await.unwrap();
    }
    let newest = desk.reader().events(&Filter { limit: Some(1), ..Filter::default() }).unwrap();
    assert_eq!(newest[0].to_state.as_deref(), Some("intent"), "{newest:#?}");
    assert_eq!(Mark::read(&mark(&desk)).unwrap().unwrap().event, newest[0].number);
    engine.begin_to_stop();
}

#[tokio::test]
async fn a_mark_that_lags_is_no_restore() {
    let desk = Desk::new().await;
    desk.sync().await;
    let before = std::fs::read(mark(&desk)).unwrap();
    for export in Samples::new(4).take(3) {
        desk.stand_ins.world().add(export);
    }
    desk.sync().await;
    // A crash between an event and its mark.
    std::fs::write(mark(&desk), before).unwrap();
    assert_eq!(desk.sync().await.outcome, Outcome::NothingNew);
    desk.assert_all_once();
}

/// Held means held: a list that is lost later does not free what waits for a person.
#[tokio::test]
async fn a_lost_list_sends_nothing_that_waits_for_a_person() {
    let desk = Desk::new().await;
    desk.sync().await;
    let other = NewExport {
        content: b"pulled by hand".as_slice().into(),
        status: Status::Delivered,
        ..sample_exports().remove(0)
    };
    desk.stand_ins.world().add(other);
    assert_eq!(reconcile(&desk, ReconcileMode::Hold).await, 1);
    let held = desk.ids("held");
    for export in Samples::new(5).take(2) {
        desk.stand_ins.world().add(export);
    }
    desk.arm("list_cut");
    let report = desk.sync().await;
    assert_eq!(report.endpoints[0].delivered, 2, "what the lost list took: {report:#?}");
    assert_eq!(desk.ids("held"), held);
}

#[tokio::test]
async fn the_real_program_says_so_and_ends_with_5() {
    let site = Site::new().await;
    site.arm("no_space");
    site.run(&["sync"]).await.expect(3);
    let copy = site.folder().join("backup.db");
    std::fs::copy(site.database(), &copy).unwrap();
    site.world().disarm();
    site.sync_until_quiet(3).await;
    put_back(&copy, &site.database());
    let ran = site.run(&["sync"]).await.expect(5);
    assert!(ran.stderr.contains("put back from a backup"), "{ran:#?}");
    assert!(ran.stderr.contains("it ends at event"), "{ran:#?}");
    assert!(site.oracle().all_once());
    let held = site.ids("held").await;
    assert_eq!(held.len(), OPEN);
    let ran = site.run(&["release", &held[0]]).await;
    assert!(ran.stderr.contains("gets it twice"), "{ran:#?}");
    assert_eq!(site.oracle().totals.twice, 0, "the receiver shows it");
    site.run(&["release", &held[0]]).await;
    assert_eq!(site.oracle().totals.twice, 1);
}
