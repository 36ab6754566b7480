//! When an endpoint runs next, over restarts and changes.

use std::collections::BTreeSet;

use transship::engine::{Command, Event};
use transship::ledger::Books as _;
use transship::model::{Endpoint, Outcome, Schedule};

use crate::day::{Day, desk, minutes, morning, row, runs};
use crate::support::clock::SetClock;

#[tokio::test]
async fn an_interval_goes_on_from_where_it_was_after_a_restart() {
    let mut desk = desk(60).await;
    let begin = morning();
    let clock = SetClock::at(begin);
    let mut day = Day::begin(&desk, &clock).await;
    let first = day.planned().await;
    // A tenth of the interval or half a minute, whatever is less.
    assert!(first >= begin + minutes(60) && first <= begin + minutes(60) + minutes(1) / 2);
    assert_eq!(row(&desk).next_run, Some(first), "everywhere the same");
    day.end().await;

    clock.pass(20);
    // What a command does in between changes no plan.
    desk.sync().await;
    assert_eq!(row(&desk).next_run, Some(first));
    let mut day = Day::begin(&desk, &clock).await;
    assert_eq!(day.planned().await, first);
    // And it runs at that time, no sooner.
    assert_eq!(runs(&desk).0, 1);
    clock.set(first);
    assert_eq!(day.run_ended().await.outcome, Outcome::NothingNew);
    // From the end of the run on.
    let second = day.planned().await;
    assert!(second >= first + minutes(60) && second <= first + minutes(61), "{second}");
    day.end().await;

    // Another schedule is another plan; the old one is not waited for.
    desk.config.endpoints[0].schedule = Schedule::Interval { minutes: 10 };
    let mut day = Day::begin(&desk, &clock).await;
    let third = day.planned().await;
    assert!(third >= first + minutes(10) && third <= first + minutes(11), "{third}");
    day.end().await;
    desk.config.endpoints[0].schedule =
        Schedule::Cron { cron: "30 2 * * *".into(), timezone: Some("America/Chicago".into()) };
    let mut day = Day::begin(&desk, &clock).await;
    let planned = day.planned().await.in_tz("America/Chicago").unwrap();
    assert_eq!(planned.minute(), 30, "cron is meant to the second: {planned}");
    assert_eq!((planned.second(), planned.subsec_nanosecond()), (0, 0), "{planned}");
    day.end().await;
    assert_eq!(runs(&desk), (2, 0));
}

#[tokio::test]
async fn a_plan_of_a_clock_that_was_ahead_is_not_waited_for() {
    let desk = desk(60).await;
    let clock = SetClock::at(morning());
    let mut day = Day::begin(&desk, &clock).await;
    day.planned().await;
    clock.pass(-24 * 60);
    let now = clock.pass(0);
    let planned = day.planned().await;
    assert!(planned >= now + minutes(60) && planned <= now + minutes(61), "{planned} at {now}");
    day.end().await;
    // The same over a restart.
    clock.pass(-24 * 60);
    let now = clock.pass(0);
    let mut day = Day::begin(&desk, &clock).await;
    let planned = day.planned().await;
    assert!(planned >= now + minutes(60) && planned <= now + minutes(61), "{planned} at {now}");
    day.end().await;
    assert_eq!(runs(&desk), (0, 0));
}

#[tokio::test]
async fn many_endpoints_do_not_start_together() {
    let mut desk = desk(60).await;
    let model = desk.config.endpoints[0].clone();
    desk.config.endpoints = (0..20)
        .map(|n| Endpoint {
            name: format!("endpoint {n}"),
            product_keys: vec![format!("product-{n}")],
            ..model.clone()
        })
        .collect();
    let begin = morning();
    let mut day = Day::begin(&desk, &SetClock::at(begin)).await;
    let mut planned = BTreeSet::new();
    for _ in 0..20 {
        planned.insert(day.planned().await);
    }
    assert!(planned.len() > 10, "{planned:?}");
    let (first, last) = (planned.first().unwrap(), planned.last().unwrap());
    assert!(*first >= begin + minutes(60), "{first}");
    assert!(*last <= begin + minutes(60) + minutes(1) / 2, "{last}");
    day.end().await;

    // Unless nobody wants that.
    desk.config.scheduling.jitter_seconds = Some(0);
    std::fs::remove_dir_all(&desk.config.data_dir).unwrap();
    let mut day = Day::begin(&desk, &SetClock::at(begin)).await;
    for _ in 0..20 {
        assert_eq!(day.planned().await, begin + minutes(60));
    }
    day.end().await;
}

#[tokio::test]
async fn a_pause_survives_restarts_and_a_paused_endpoint_can_be_synced() {
    let desk = desk(60).await;
    let clock = SetClock::at(morning());
    let mut day = Day::begin(&desk, &clock).await;
    let first = day.planned().await;
    let name = row(&desk).name;
    let (pause, resume) = (
        Command::Pause { endpoints: vec![name.clone()] },
        Command::Resume { endpoints: vec![name.clone()] },
    );
    day.ask(pause.clone()).await;
    // Once it is answered, it does not run by itself, however soon it would have.
    clock.set(first);
    let never = |event: &Event| matches!(event, Event::Scheduled { at: None, .. }).then_some(());
    day.event("no plan", never).await;
    assert_eq!((row(&desk).next_run, row(&desk).paused), (None, true));
    day.end().await;

    clock.pass(600);
    let mut day = Day::begin(&desk, &clock).await;
    day.event("no plan", never).await;
    assert_eq!(runs(&desk), (0, 0), "nothing ran, and nothing was missed");
    day.ask(Command::sync_all()).await;
    assert_eq!(runs(&desk), (1, 0));
    assert_eq!(row(&desk).next_run, None);
    day.ask(pause).await;
    day.notice("is paused already").await;

    day.ask(resume.clone()).await;
    let planned = day.planned().await;
    let now = clock.pass(0);
    assert!(planned >= now + minutes(60) && planned <= now + minutes(61), "{planned} at {now}");
    assert!(!row(&desk).paused);
    day.ask(resume).await;
    day.notice("was not paused").await;
    clock.set(planned);
    day.run_ended().await;
    day.end().await;
    assert_eq!(runs(&desk), (2, 0));
}

#[tokio::test]
async fn an_endpoint_that_is_switched_off_or_manual_has_no_plan() {
    let mut desk = desk(60).await;
    let clock = SetClock::at(morning());
    let mut day = Day::begin(&desk, &clock).await;
    day.planned().await;
    day.end().await;
    for (active, schedule) in
        [(false, Schedule::Interval { minutes: 60 }), (true, Schedule::Manual)]
    {
        desk.config.endpoints[0].is_active = active;
        desk.config.endpoints[0].schedule = schedule;
        clock.pass(600);
        let mut day = Day::begin(&desk, &clock).await;
        let none = |event: &Event| matches!(event, Event::Scheduled { at: None, .. }).then_some(());
        day.event("no plan", none).await;
        assert_eq!(day.engine.reader().unwrap().endpoints().unwrap()[0].next_run, None);
        day.end().await;
    }
    assert_eq!(runs(&desk), (0, 0));
}
