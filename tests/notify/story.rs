//! A partner is down for a day. Did anybody notice, was it said plainly, did it recover?

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::broadcast::Receiver as Events;
use transship::engine::{Engine, Event, Schedules};
use transship::ledger::Ledger;
use transship::model::{Outcome, RunReport, Schedule};

use crate::incidents::nowhere;
use crate::receiver::{Receiver, morning};
use crate::scripted::reply;
use crate::support::clock::SetClock;
use crate::support::desk::{Desk, ENDPOINT};

const DEADLINE: Duration = Duration::from_secs(60);

/// The program that stays, from its start to its stop.
struct Stay {
    engine: Engine,
    events: Events<Event>,
}

impl Stay {
    async fn begin(desk: &Desk, clock: &SetClock) -> Self {
        let ledger = Ledger::open(&desk.config.database, "test").unwrap();
        let clock = Arc::new(clock.clone());
        let started = Engine::start_by(desk.config.clone(), ledger, Schedules::On, clock).await;
        let mut engine = started.unwrap();
        let events = engine.events();
        Self { engine, events }
    }

    async fn event<T>(&mut self, what: &str, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let found = async {
            loop {
                if let Some(found) = self.events.recv().await.ok().as_ref().and_then(&wanted) {
                    return found;
                }
            }
        };
        let found = tokio::time::timeout(DEADLINE, found).await;
        found.unwrap_or_else(|_| panic!("not until the deadline: {what}"))
    }

    /// Waits until the next run is planned, lets it be that time, and waits for its end.
    async fn next_run(&mut self, clock: &SetClock) -> RunReport {
        let at = |event: &Event| match event {
            Event::Scheduled { at, .. } => *at,
            _ => None,
        };
        let planned: Timestamp = self.event("a plan", at).await;
        clock.set(planned);
        let report = |event: &Event| match event {
            Event::RunEnded(report) => Some(report.clone()),
            _ => None,
        };
        self.event("the end of a run", report).await
    }

    async fn end(self) {
        self.engine.stop(Duration::from_secs(20)).await;
    }
}

#[tokio::test]
async fn a_partner_that_is_down_for_a_day_is_noticed_said_plainly_and_recovers() {
    let receiver = Receiver::start().await;
    let mut desk = Desk::new().await;
    desk.config.notifications = receiver.alone();
    desk.config.notifications.remind_every = Some(SignedDuration::from_hours(12));
    desk.config.endpoints[0].schedule = Schedule::Interval { minutes: 60 };
    let up = desk.config.clients.clone();
    desk.config.clients = nowhere(&desk);
    let clock = SetClock::at(morning());
    let mut day = Stay::begin(&desk, &clock).await;
    for hour in 0..26 {
        assert_eq!(day.next_run(&clock).await.outcome, Outcome::Failed, "hour {hour}");
        if hour == 13 {
            // The machine is patched meanwhile: the program comes back, and remembers.
            day.end().await;
            day = Stay::begin(&desk, &clock).await;
        }
    }
    receiver.asked(3).await;
    day.end().await;
    let expected = ["failure unreachable", "reminder unreachable", "reminder unreachable"];
    assert_eq!(receiver.events(), expected);
    let told = receiver.told();
    let text = told[0]["text"].as_str().unwrap();
    for words in [ENDPOINT, "the other side is out of reach", "connection refused", "by itself"] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
    let reminded = told[2]["title"].as_str().unwrap();
    assert!(reminded.contains("still") && reminded.contains("(for 1 d 0 h)"), "{reminded}");

    desk.config.clients = up;
    let mut day = Stay::begin(&desk, &clock).await;
    assert_eq!(day.next_run(&clock).await.outcome, Outcome::Done);
    receiver.asked(4).await;
    day.end().await;
    assert_eq!(receiver.events()[3..], ["recovered unreachable"]);
    assert_eq!(receiver.told()[3]["since"], told[0]["since"]);
    while desk.sync().await.outcome != Outcome::NothingNew {}
    desk.assert_all_once();
    assert_eq!(receiver.requests().len(), 4, "{:#?}", receiver.told());
}

/// While the webhook is dead the runs go on as ever, and what it missed comes in order.
#[tokio::test]
async fn a_dead_webhook_holds_up_no_run_and_gets_everything_later() {
    let receiver = Receiver::start().await;
    let mut desk = Desk::new().await;
    desk.config.notifications = receiver.alone();
    desk.config.endpoints[0].schedule = Schedule::Interval { minutes: 60 };
    let clock = SetClock::at(morning());
    // It takes the request and says nothing for ever.
    receiver.answers(crate::scripted::Answer::Hang);
    desk.arm("auth_refused");
    let mut day = Stay::begin(&desk, &clock).await;
    assert_eq!(day.next_run(&clock).await.outcome, Outcome::NeedsOperator);
    receiver.asked(1).await;
    desk.stand_ins.world().disarm();
    assert_eq!(day.next_run(&clock).await.outcome, Outcome::Done);
    let begun = std::time::Instant::now();
    day.end().await;
    assert!(begun.elapsed() < Duration::from_secs(8), "the end does not wait for it either");
    assert_eq!(receiver.requests().len(), 1);

    receiver.answers(reply(200, "ok"));
    // On a slow machine it was given up waiting for, and is tried again in a minute.
    clock.pass(2);
    let day = Stay::begin(&desk, &clock).await;
    receiver.asked(3).await;
    day.end().await;
    let expected = ["failure sign_in", "failure sign_in", "recovered sign_in"];
    assert_eq!(receiver.events(), expected);
    let told = receiver.told();
    assert_eq!(told[0]["id"], told[1]["id"], "who got it twice can tell");
}
