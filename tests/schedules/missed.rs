//! Planned times at which nobody was there.

use jiff::Timestamp;
use transship::engine::{Command, Event};
use transship::ledger::{BeginSlot, Books as _, Filter, Ledger, Missed, Planned, SlotBegun};
use transship::model::{Outcome, Schedule};

use crate::day::{Day, desk, minutes, morning, row, runs};
use crate::support::clock::SetClock;
use crate::support::desk::{Desk, ENDPOINT};

/// The rows of `sync_logs` that stand for missed runs: from, to, how many, words.
fn booked(desk: &Desk) -> Vec<(Timestamp, Timestamp, i64, String)> {
    let ledger = rusqlite::Connection::open(&desk.config.database).unwrap();
    let mut select = ledger
        .prepare(
            "SELECT sync_started_at, sync_completed_at, runs_missed, error_message FROM sync_logs
             WHERE sync_status = 'missed' ORDER BY id",
        )
        .unwrap();
    let time = |row: &rusqlite::Row<'_>, n| row.get::<_, String>(n).unwrap().parse().unwrap();
    let rows = select.query_map([], |row| {
        Ok((time(row, 0), time(row, 1), row.get(2).unwrap(), row.get(3).unwrap()))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn what_was_missed_while_it_was_down_is_booked_and_made_up_for_once() {
    let desk = desk(60).await;
    let clock = SetClock::at(morning());
    let mut day = Day::begin(&desk, &clock).await;
    let first = day.planned().await;
    day.end().await;

    let now = clock.pass(3 * 60 + 10);
    let mut day = Day::begin(&desk, &clock).await;
    let words = day.notice("were missed").await;
    assert!(words.contains("3 runs planned from") && words.contains("did not run"), "{words}");
    assert!(words.contains("one run now makes up for it"), "{words}");
    assert_eq!(day.run_ended().await.outcome, Outcome::NothingNew);
    let next = day.planned().await;
    assert!(next >= now + minutes(60) && next <= now + minutes(61), "{next} at {now}");
    assert_eq!(runs(&desk), (1, 1), "one run, however many were missed");
    day.end().await;

    let [(from, to, count, ref said)] = booked(&desk)[..] else { panic!("one gap") };
    assert_eq!((from, to, count), (first, first + minutes(120), 3));
    assert!(words.contains(said), "{said}");
    // Everywhere to be seen: runs, endpoints, events.
    let missed = Filter { state: Some("missed".into()), ..Filter::default() };
    let run = desk.reader().runs(&missed).unwrap().remove(0);
    assert_eq!((run.started_at, run.ended_at), (from, to));
    assert_eq!(run.endpoints[0].name, ENDPOINT);
    assert_eq!(run.endpoints[0].error.as_ref(), Some(said));
    let endpoint = row(&desk);
    assert_eq!((endpoint.missed_runs, endpoint.last_missed_at), (3, Some(to)));
    assert_eq!(endpoint.last_outcome, Some(Outcome::NothingNew), "the last run is a real one");
    assert!(endpoint.last_run.is_some_and(|at| at > to - minutes(600)));
    // How the night went: runs that were planned are counted, not gaps; of the time asked for.
    let outcomes = |since| {
        let counts = desk.reader().outcomes(since).unwrap();
        counts.into_iter().map(|one| (one.outcome, one.runs)).collect::<Vec<_>>()
    };
    let both = [(Outcome::Missed, 3), (Outcome::NothingNew, 1)];
    assert_eq!(outcomes(from - minutes(600)), both);
    assert_eq!(outcomes(to + minutes(6_000)), []);
    let events = desk.reader().events(&missed).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].kind.as_str(), events[0].detail.as_ref()), ("missed", Some(said)));
    let shown = desk.reader().show(run.run_id).unwrap().unwrap();
    assert!(shown.facts.contains(&("outcome".into(), "missed".into())), "{shown:?}");

    // Once: another start finds nothing more.
    let mut day = Day::begin(&desk, &clock).await;
    assert_eq!(day.planned().await, next);
    day.end().await;
    assert_eq!(runs(&desk), (1, 1));
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_makes_one_run_of_all_that_it_passed() {
    let mut desk = desk(60).await;
    desk.config.endpoints[0].schedule =
        Schedule::Cron { cron: "0 * * * *".into(), timezone: Some("UTC".into()) };
    let clock = SetClock::at(morning());
    let mut day = Day::begin(&desk, &clock).await;
    let first = day.planned().await;
    clock.set(first + minutes(4 * 60 + 30));
    let words = day.notice("were missed").await;
    assert!(words.contains("5 runs") && words.contains("slept"), "{words}");
    day.run_ended().await;
    assert_eq!(day.planned().await, first + minutes(5 * 60));
    // It goes back where it was: the plan does, too.
    clock.set(first + minutes(10));
    assert_eq!(day.planned().await, first + minutes(60));
    day.end().await;
    assert_eq!(runs(&desk), (1, 1));
}

#[tokio::test]
async fn a_restart_in_the_wrong_moment_misses_nothing() {
    let desk = desk(60).await;
    let clock = SetClock::at(morning());
    let mut day = Day::begin(&desk, &clock).await;
    let first = day.planned().await;
    day.end().await;
    clock.set(first + minutes(1));
    let mut day = Day::begin(&desk, &clock).await;
    assert_eq!(day.run_ended().await.outcome, Outcome::NothingNew);
    day.end().await;
    assert_eq!(runs(&desk), (1, 0));
}

#[tokio::test]
async fn what_is_too_long_ago_is_booked_and_not_made_up_for() {
    let mut desk = desk(60).await;
    desk.config.scheduling.jitter_seconds = Some(0);
    let clock = SetClock::at(morning());
    let mut day = Day::begin(&desk, &clock).await;
    day.planned().await;
    day.end().await;
    let now = clock.pass(40 * 24 * 60);
    let mut day = Day::begin(&desk, &clock).await;
    let words = day.notice("were missed").await;
    assert!(words.contains("960 runs") && words.contains("too long ago"), "{words}");
    let next = day.planned().await;
    assert!(next >= now + minutes(60) && next <= now + minutes(61), "{next} at {now}");
    day.end().await;
    assert_eq!(runs(&desk), (0, 1));
    let endpoint = row(&desk);
    assert_eq!(endpoint.missed_runs, 960);
    // It is no run: nothing of it is taken for the last one.
    assert_eq!((endpoint.last_run, endpoint.last_outcome, endpoint.last_error), (None, None, None));
}

#[tokio::test]
async fn what_is_new_or_was_paused_or_gone_meanwhile_missed_nothing() {
    let mut desk = desk(60).await;
    let clock = SetClock::at(morning());
    let first = desk.config.endpoints[0].clone();
    let named = |name: &str| {
        let product_keys = vec![name.to_owned()];
        transship::model::Endpoint { name: name.to_owned(), product_keys, ..first.clone() }
    };
    desk.config.endpoints = vec![named("paused"), named("gone")];
    let mut day = Day::begin(&desk, &clock).await;
    for _ in 0..2 {
        day.planned().await;
    }
    day.ask(Command::Pause { endpoints: vec!["paused".into()] }).await;
    day.end().await;

    // For a while it is not in the configuration.
    desk.config.endpoints = vec![named("paused")];
    clock.pass(300);
    Day::begin(&desk, &clock).await.end().await;
    desk.config.endpoints = vec![named("paused"), named("gone"), named("new")];
    let now = clock.pass(300);
    let mut day = Day::begin(&desk, &clock).await;
    for _ in 0..2 {
        assert!(day.planned().await >= now + minutes(60));
    }
    day.ask(Command::Resume { endpoints: vec!["paused".into()] }).await;
    assert!(day.planned().await >= now + minutes(60));
    day.end().await;
    assert_eq!(runs(&desk), (0, 0));
}

#[tokio::test]
async fn a_pause_that_comes_before_the_catching_up_is_kept() {
    let desk = desk(60).await;
    let clock = SetClock::at(morning());
    let mut day = Day::begin(&desk, &clock).await;
    day.planned().await;
    day.end().await;
    // As `transship pause` does it while nothing runs.
    desk.ask(Command::Pause { endpoints: vec![ENDPOINT.into()] }).await;
    clock.pass(600);
    let mut day = Day::begin(&desk, &clock).await;
    let never = |event: &Event| matches!(event, Event::Scheduled { at: None, .. }).then_some(());
    day.event("no plan", never).await;
    day.end().await;
    assert_eq!(runs(&desk), (0, 0));
}

/// Between the look at the plan and the run somebody may pause it.
#[tokio::test]
async fn whoever_is_paused_begins_nothing_and_books_nothing() {
    let desk = desk(60).await;
    desk.sync().await;
    let ledger = Ledger::open(&desk.config.database, "test").unwrap();
    let number = ledger.endpoint(ENDPOINT).await.unwrap().number;
    let at = morning();
    let missed = Missed { first: at, last: at, runs: 1, words: "one".into() };
    let begin = BeginSlot { slot: Some(at), next: Some(at + minutes(60)), missed: Some(missed) };
    assert!(ledger.pause(number).await.unwrap());
    assert_eq!(ledger.begin_slot(number, begin.clone()).await.unwrap(), SlotBegun::Paused);
    ledger.schedule_run(number, Some(at)).await.unwrap();
    let resting = Planned { paused: true, ..Planned::default() };
    assert_eq!(ledger.planned(number).await.unwrap(), resting);
    assert_eq!(runs(&desk), (1, 0));
    // And whoever is not, does both at once.
    assert!(ledger.resume(number).await.unwrap());
    assert!(matches!(ledger.begin_slot(number, begin).await.unwrap(), SlotBegun::Yes(Some(_))));
    let begun = Planned { next: Some(at + minutes(60)), slot: Some(at), paused: false };
    assert_eq!(ledger.planned(number).await.unwrap(), begun);
    assert_eq!(runs(&desk), (1, 1));
}
