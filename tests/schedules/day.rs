//! A day at the desk: an engine whose schedules go by a clock that is set.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use transship::engine::{Command, Engine, Event, Reply, Schedules};
use transship::ledger::{Books as _, EndpointRow, Filter, Ledger};
use transship::model::{Outcome, RunReport, Schedule};

use crate::support::clock::SetClock;
use crate::support::desk::Desk;

/// The longest that anything waited for may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// Whole seconds, so that plans can be compared with what was asked for.
pub fn morning() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap()
}

pub fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// A desk without files, whose only endpoint runs every `minutes`.
pub async fn desk(minutes: u32) -> Desk {
    let mut desk = Desk::with(|_| {}).await;
    desk.config.endpoints[0].schedule = Schedule::Interval { minutes };
    desk
}

/// An engine with schedules, from its start to its stop.
pub struct Day {
    pub engine: Engine,
    pub events: Receiver<Event>,
}

impl Day {
    pub async fn begin(desk: &Desk, clock: &SetClock) -> Self {
        let ledger = Ledger::open(&desk.config.database, "test").unwrap();
        let clock = Arc::new(clock.clone());
        let started = Engine::start_by(desk.config.clone(), ledger, Schedules::On, clock).await;
        let mut engine = started.unwrap();
        let events = engine.events();
        Self { engine, events }
    }

    pub async fn end(self) {
        self.engine.stop(Duration::from_secs(20)).await;
    }

    /// What `wanted` finds in the events to come.
    pub async fn event<T>(&mut self, what: &str, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let found = async {
            loop {
                match self.events.recv().await {
                    Ok(event) => {
                        if let Some(found) = wanted(&event) {
                            return found;
                        }
                    }
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => panic!("the engine is gone before: {what}"),
                }
            }
        };
        let found = tokio::time::timeout(DEADLINE, found).await;
        found.unwrap_or_else(|_| panic!("not until the deadline: {what}"))
    }

    /// When the next run is planned, as everybody is told.
    pub async fn planned(&mut self) -> Timestamp {
        let at = |event: &Event| match event {
            Event::Scheduled { at, .. } => *at,
            _ => None,
        };
        self.event("a plan", at).await
    }

    pub async fn run_ended(&mut self) -> RunReport {
        let report = |event: &Event| match event {
            Event::RunEnded(report) => Some(report.clone()),
            _ => None,
        };
        self.event("the end of a run", report).await
    }

    /// A notice that holds `words`.
    pub async fn notice(&mut self, words: &str) -> String {
        let text = |event: &Event| match event {
            Event::Notice { text, .. } if text.contains(words) => Some(text.clone()),
            _ => None,
        };
        self.event(words, text).await
    }

    pub async fn ask(&self, command: Command) -> Reply {
        self.engine.handle().request(command).await
    }
}

/// How many runs there were, the missed ones left out, and how many rows stand for
/// missed ones.
pub fn runs(desk: &Desk) -> (usize, usize) {
    let runs = desk.reader().runs(&Filter::default()).unwrap();
    let missed = runs.iter().filter(|run| run.outcome == Outcome::Missed).count();
    (runs.len() - missed, missed)
}

/// The only endpoint, as it is listed.
pub fn row(desk: &Desk) -> EndpointRow {
    desk.reader().endpoints().unwrap().remove(0)
}
