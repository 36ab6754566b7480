//! Pause, resume and stop: whether anything happens by itself.

use std::time::Duration;

use super::command::{Rescheduled, Stopped, Vitals};
use super::context::{Context, endpoints_called};
use super::{Event, Level, Reply};
use crate::model::{Failure, FailureClass, Schedule};

/// Lets the schedules of the named endpoints rest, or go on.
pub(super) async fn set(context: &Context, names: &[String], rest: bool) -> Result<Reply, Failure> {
    let mut done = Vec::new();
    for endpoint in endpoints_called(&context.config, names)? {
        let name = endpoint.name.clone();
        let number = context.ledger.endpoint(&name).await?.number;
        let changed = match rest {
            true => context.ledger.pause(number).await?,
            false => context.ledger.resume(number).await?,
        };
        let reply = Rescheduled { endpoint: name.clone(), paused: rest, changed };
        context.notice(Level::Info, reply.words());
        if rest {
            context.handle.publish(Event::Scheduled { endpoint: name, at: None });
        }
        if let Some(lane) = context.lane(number).filter(|_| !rest) {
            lane.wake();
        }
        // Its scheduler looks at the books again.
        if let Some(entry) = context.agenda.of(number) {
            entry.replanned.notify_one();
        }
        done.push(reply);
    }
    Ok(Reply::Rescheduled(done))
}

/// Stops everything: schedules rest, nothing is tried again by itself, and what runs comes
/// to a safe point. Waits until it is there. Nothing is given up: it goes on when somebody
/// syncs, resumes, or acts on it.
pub(super) async fn stop_all(context: &Context) -> Result<Reply, Failure> {
    for lane in &context.lanes {
        lane.rest();
    }
    let scheduled = context.config.endpoints.iter().filter(|endpoint| endpoint.is_active);
    let scheduled = scheduled.filter(|endpoint| endpoint.schedule != Schedule::Manual);
    let names: Vec<String> = scheduled.map(|endpoint| endpoint.name.clone()).collect();
    // Whatever the books say to that, what runs is stopped.
    let paused = match names.as_slice() {
        [] => Ok(Reply::Rescheduled(Vec::new())),
        names => set(context, names, true).await,
    };
    let works = context.claims.halt().await;
    context.notice(Level::Warning, "everything is stopped, at the operator's word");
    let paused = match paused? {
        Reply::Rescheduled(all) => all.iter().filter(|one| one.changed).count(),
        _ => 0,
    };
    Ok(Reply::Stopped(Stopped { works, paused }))
}

/// How long the ledger may take to be written before it is said to be stuck.
const STUCK: Duration = Duration::from_secs(2);

/// Whether the engine itself is well.
pub(super) async fn vitals(context: &Context) -> Reply {
    let written = tokio::time::timeout(STUCK, context.ledger.check()).await;
    Reply::Vitals(Vitals {
        ledger: written.unwrap_or_else(|_| {
            Err(Failure::new(FailureClass::Local, "writing", "the ledger")
                .said("it takes too long; perhaps another program holds it"))
        }),
        stopped: context.agenda.stopped(),
    })
}
