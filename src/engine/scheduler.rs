//! What happens by itself while the program runs: scheduled syncs, and items
//! whose time to be tried again has come.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::context::Context;
use super::lane::Lane;
use super::schedule::next_after;
use super::walk::Pick;
use super::{Event, Level, pass, retry, run};
use crate::ledger;
use crate::model::{Failure, Trigger};

/// The shortest pause between two passes over due items; it doubles while such
/// passes change nothing, so that a stuck item costs next to nothing.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);

/// The longest time without a look at the wall clock.
const GLANCE: Duration = Duration::from_secs(60);

/// Looks after one endpoint until everything stops.
pub(super) async fn look_after(context: Arc<Context>, lane: Arc<Lane>) {
    if let Err(failure) = pass::settle_at_start(&context, &lane).await {
        context.notice(Level::Warning, format!("{}: {failure}", lane.endpoint.name));
    }
    let mut next_run = schedule(&context, &lane).await;
    let mut pause = SHORTEST;
    loop {
        let due = match context.ledger.next_attempt(lane.number).await {
            Ok(due) => due,
            Err(failure) => {
                report(&context, &lane, &failure);
                Some(retry::after(LONGEST))
            }
        };
        tokio::select! {
            () = context.stop.cancelled() => return,
            // Somebody else did something: look at the times anew.
            () = lane.changed.notified() => pause = SHORTEST,
            () = reached(next_run) => {
                let ran = run::run(&context, vec![lane.clone()], Trigger::Schedule).await;
                if let Err(failure) = ran {
                    report(&context, &lane, &failure);
                }
                next_run = schedule(&context, &lane).await;
                pause = SHORTEST;
            }
            () = sleep(due.map(|at| until(at).max(pause))) => {
                pass::carry_on(&context, &lane, Pick::Due).await;
                let stuck = context.ledger.next_attempt(lane.number).await.ok() == Some(due);
                pause = if stuck { pause.saturating_mul(2).min(LONGEST) } else { SHORTEST };
            }
        }
    }
}

fn report(context: &Context, lane: &Lane, failure: &Failure) {
    context.notice(Level::Error, format!("{}: {failure}", lane.endpoint.name));
}

/// Finds out, and tells everybody, when the endpoint runs next.
async fn schedule(context: &Context, lane: &Lane) -> Option<Timestamp> {
    let next = lane
        .endpoint
        .is_active
        .then(|| next_after(&lane.endpoint.schedule, ledger::now()))
        .flatten();
    if let Err(failure) = context.ledger.schedule_run(lane.number, next).await {
        report(context, lane, &failure);
    }
    let endpoint = lane.endpoint.name.clone();
    context.handle.publish(Event::Scheduled { endpoint, at: next });
    next
}

fn until(at: Timestamp) -> Duration {
    at.duration_since(ledger::now()).try_into().unwrap_or_default()
}

/// Waits for the wall clock to reach `at`, or for ever where there is no time.
/// Looks at the clock again and again: it may be set, and the machine may sleep.
async fn reached(at: Option<Timestamp>) {
    let Some(at) = at else { return std::future::pending().await };
    while !until(at).is_zero() {
        tokio::time::sleep(until(at).min(GLANCE)).await;
    }
}

async fn sleep(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}
