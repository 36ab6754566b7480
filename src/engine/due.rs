//! Items whose time to be tried again has come.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::context::Context;
use super::lane::Lane;
use super::walk::Pick;
use super::{Level, pass, retry};
use crate::ledger;

/// The shortest pause between two passes over due items; it doubles while such
/// passes change nothing, so that a stuck item costs next to nothing.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);

/// Settles what a killed process left, and then works on what is due, until
/// everything stops.
pub(super) async fn look_after(context: Arc<Context>, lane: Arc<Lane>) {
    let _watched = context.agenda.watched(&lane.endpoint.name, &context.stop);
    if let Err(failure) = pass::settle_at_start(&context, &lane).await {
        context.notice(Level::Warning, format!("{}: {failure}", lane.endpoint.name));
    }
    let mut pause = SHORTEST;
    loop {
        let due = match context.ledger.next_attempt(lane.number).await {
            // Everything was stopped: until somebody asks for something.
            Ok(_) if lane.rests() => None,
            Ok(due) => due,
            Err(failure) => {
                context.notice(Level::Error, format!("{}: {failure}", lane.endpoint.name));
                Some(retry::after(LONGEST))
            }
        };
        tokio::select! {
            () = context.stop.cancelled() => return,
            // Somebody else did something: look at the times anew.
            () = lane.changed.notified() => pause = SHORTEST,
            () = sleep(due.map(|at| until(at).max(pause))) => {
                pass::carry_on(&context, &lane, Pick::Due).await;
                let stuck = context.ledger.next_attempt(lane.number).await.ok() == Some(due);
                pause = if stuck { pause.saturating_mul(2).min(LONGEST) } else { SHORTEST };
            }
        }
    }
}

fn until(at: Timestamp) -> Duration {
    at.duration_since(ledger::now()).try_into().unwrap_or_default()
}

async fn sleep(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}
