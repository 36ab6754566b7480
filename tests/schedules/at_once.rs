//! Never two runs of one endpoint at once, and never more endpoints than configured.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use transship::engine::{Command, Event, Phase, Reply, Stopped};
use transship::model::{Endpoint, EndpointResult, EndpointType, Outcome, Schedule, Trigger};

use crate::day::{Day, desk, morning, row, runs};
use crate::support::clock::SetClock;
use crate::support::desk::{Desk, ENDPOINT};
use transship::demo::sample_exports;

/// What the events say of who worked at the same time.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    working: BTreeMap<String, u32>,
    /// Whether one endpoint was worked on twice at once.
    doubled: bool,
    /// The most endpoints at once.
    most: usize,
    ended: Vec<String>,
}

impl Seen {
    /// A pass works from signing in to its end.
    fn take_in(&mut self, event: &Event) {
        match event {
            Event::Endpoint { endpoint, phase: Phase::SigningIn } => {
                let count = self.working.entry(endpoint.clone()).or_default();
                *count += 1;
                self.doubled |= *count > 1;
                self.most = self.most.max(self.working.len());
            }
            Event::EndpointEnded(result) => {
                self.ended.push(result.name.clone());
                if let Some(count) = self.working.get_mut(&result.name) {
                    *count -= 1;
                }
                self.working.retain(|_, count| *count > 0);
            }
            _ => {}
        }
    }

    fn of(mut events: Receiver<Event>) -> Self {
        let mut seen = Self::default();
        while let Ok(event) = events.try_recv() {
            seen.take_in(&event);
        }
        seen
    }
}

fn sync(endpoints: &[&str]) -> Command {
    let endpoints = endpoints.iter().map(|name| (*name).to_owned()).collect();
    Command::Sync { endpoints, trigger: Trigger::Manual, full: false }
}

#[test]
fn the_watch_sees_what_it_watches_for() {
    let begins = |name: &str| Event::Endpoint { endpoint: name.into(), phase: Phase::SigningIn };
    let ends = |name: &str| Event::EndpointEnded(EndpointResult::new(name, EndpointType::Encoura));
    for (events, doubled, most) in [
        (vec![begins("a"), ends("a"), begins("a"), ends("a")], false, 1),
        (vec![begins("a"), begins("b"), ends("a"), begins("a")], false, 2),
        (vec![begins("a"), begins("b"), begins("a")], true, 2),
    ] {
        let mut seen = Seen::default();
        events.iter().for_each(|event| seen.take_in(event));
        assert_eq!((seen.doubled, seen.most), (doubled, most), "{events:?}");
    }
}

#[tokio::test]
async fn a_schedule_that_fires_during_a_sync_waits_for_its_end() {
    let mut desk = Desk::with(|options| options.exports = sample_exports()).await;
    desk.config.endpoints[0].schedule = Schedule::Interval { minutes: 60 };
    let clock = SetClock::at(morning());
    let mut day = Day::begin(&desk, &clock).await;
    let watch = day.engine.handle().subscribe();
    let planned = day.planned().await;
    desk.arm("sftp_slow=20000");
    let handle = day.engine.handle();
    let manual = tokio::spawn(async move { handle.request(sync(&[ENDPOINT])).await });
    day.event("an upload", |e| matches!(e, Event::Transfer(_)).then_some(())).await;
    clock.set(planned);
    // It has begun in the books, and waits.
    day.event("the scheduled run", |e| matches!(e, Event::RunStarted { .. }).then_some(())).await;
    assert!(!manual.is_finished());
    assert_eq!(runs(&desk).0, 0);
    desk.stand_ins.world().disarm();
    let Reply::Run(report) = manual.await.unwrap() else { panic!("not a run") };
    assert_eq!(report.endpoints[0].delivered, 8);
    day.run_ended().await;
    let scheduled = day.run_ended().await;
    assert_eq!(scheduled.outcome, Outcome::NothingNew, "it lists what is new since");
    day.end().await;
    let seen = Seen::of(watch);
    assert!(!seen.doubled, "{seen:?}");
    assert_eq!(seen.ended.len(), 2);
    desk.assert_all_once();
}

#[tokio::test]
async fn syncs_that_are_asked_for_at_once_take_turns() {
    let desk = Desk::new().await;
    let day = Day::begin(&desk, &SetClock::at(morning())).await;
    let watch = day.engine.handle().subscribe();
    let all = (0..5).map(|_| day.ask(sync(&[ENDPOINT])));
    let outcomes: Vec<Outcome> = futures::future::join_all(all)
        .await
        .into_iter()
        .map(|reply| match reply {
            Reply::Run(report) => report.outcome,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(outcomes.iter().filter(|o| **o == Outcome::Done).count(), 1, "{outcomes:?}");
    day.end().await;
    let seen = Seen::of(watch);
    assert!(!seen.doubled && seen.ended.len() == 5, "{seen:?}");
    desk.assert_all_once();
}

/// Six endpoints of one account, each with a product of its own.
async fn six(most: usize) -> Desk {
    let mut desk = desk(60).await;
    desk.config.scheduling.max_concurrent_syncs = most;
    let model = desk.config.endpoints[0].clone();
    let endpoint = |n| Endpoint {
        name: format!("e{n}"),
        product_keys: vec![format!("product-{n}")],
        ..model.clone()
    };
    desk.config.endpoints = (0..6).map(endpoint).collect();
    desk
}

#[tokio::test]
async fn no_more_endpoints_at_once_than_configured() {
    for most in [1, 2, 6] {
        let desk = six(most).await;
        let day = Day::begin(&desk, &SetClock::at(morning())).await;
        let watch = day.engine.handle().subscribe();
        let Reply::Run(report) = day.ask(sync(&[])).await else { panic!("not a run") };
        assert_eq!(report.endpoints.len(), 6);
        day.end().await;
        let seen = Seen::of(watch);
        assert!(seen.most <= most && !seen.doubled, "{most}: {seen:?}");
        // It is the limit that limits.
        assert!(seen.most == most || most == 6, "{most}: {seen:?}");
        assert!(most < 6 || seen.most > 2, "{most}: {seen:?}");
    }
}

#[tokio::test]
async fn waiting_for_its_own_turn_takes_no_place_from_others() {
    let mut desk = six(2).await;
    desk.stand_ins.world().add(sample_exports().remove(0));
    // Everything goes to the first one.
    desk.config.endpoints[0].product_keys = vec!["score-reporter".into()];
    let mut day = Day::begin(&desk, &SetClock::at(morning())).await;
    // Its list is asked for, and no answer comes for as long as this lasts.
    desk.arm("list_hang");
    let (first, again) = (day.engine.handle(), day.engine.handle());
    let first = tokio::spawn(async move { first.request(sync(&["e0"])).await });
    let listing = |e: &Event| {
        matches!(e, Event::Endpoint { endpoint, phase: Phase::Listing } if endpoint == "e0")
            .then_some(())
    };
    day.event("the list", listing).await;
    let again = tokio::spawn(async move { again.request(sync(&["e0"])).await });
    day.event("the second run", |e| matches!(e, Event::RunStarted { .. }).then_some(())).await;
    // Two places: one is taken, and the other is free, although two want to run.
    let other = tokio::time::timeout(Duration::from_secs(30), day.ask(sync(&["e1"]))).await;
    assert!(matches!(other, Ok(Reply::Run(_))), "{other:?}");
    assert!(!first.is_finished() && !again.is_finished());
    first.abort();
    again.abort();
    day.end().await;
}

#[tokio::test]
async fn stopping_everything_pauses_schedules_and_resuming_goes_on_with_what_waits() {
    let mut desk = desk(60).await;
    let mut manual = desk.config.endpoints[0].clone();
    manual.name = "By hand".into();
    manual.schedule = Schedule::Manual;
    desk.config.endpoints.push(manual);
    let clock = SetClock::at(morning());
    let mut day = Day::begin(&desk, &clock).await;
    day.planned().await;
    desk.stand_ins.world().add(sample_exports().remove(0));
    desk.arm("permission_denied");
    let endpoints = vec![ENDPOINT.to_owned()];
    let sync =
        Command::Sync { endpoints: endpoints.clone(), trigger: Trigger::Manual, full: false };
    day.ask(sync).await;
    assert_eq!(desk.exports()[0].state, "retry_wait");
    assert!(desk.exports()[0].failure_class.is_some());

    let stop = |paused| Reply::Stopped(Stopped { works: 0, paused });
    // Tries of what waits may be under way at this moment.
    let Reply::Stopped(stopped) = day.ask(Command::StopAll).await else { panic!("no answer") };
    assert_eq!(stopped.paused, 1, "manual ones have no schedule to pause");
    assert!(row(&desk).paused);
    assert_eq!(day.ask(Command::StopAll).await, stop(0), "once is enough");
    desk.stand_ins.world().disarm();
    day.ask(Command::Resume { endpoints }).await;
    assert!(!row(&desk).paused);
    let delivered = |event: &Event| match event {
        Event::Delivery { state, .. } => state.is_delivered().then_some(()),
        _ => None,
    };
    day.event("the delivery", delivered).await;
    day.end().await;
}
