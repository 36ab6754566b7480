//! Pause and resume: whether an endpoint's schedule rests.

use std::time::Duration;

use super::command::{Rescheduled, Vitals};
use super::context::{Context, endpoints_called};
use super::{Event, Level, Reply};
use crate::model::{Failure, FailureClass};

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
        // Its scheduler looks at the books again.
        if let Some(entry) = context.agenda.of(number) {
            entry.replanned.notify_one();
        }
        done.push(reply);
    }
    Ok(Reply::Rescheduled(done))
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
