//! What operators were not told, in `/status`.

use jiff::Timestamp;
use serde::Serialize;

use crate::ledger::Undelivered;
use crate::model::Shown;

/// Whether they are told, and what they were not.
#[derive(Serialize)]
pub(super) struct Notifications {
    /// Degraded where a channel did not take what it was to be told.
    status: &'static str,
    undelivered: Vec<Untold>,
}

#[derive(Serialize)]
struct Untold {
    channel: Shown,
    waiting: u64,
    given_up: u64,
    oldest: Timestamp,
    tries: u32,
    next_attempt_at: Option<Timestamp>,
    error: Option<Shown>,
}

/// Of what the ledger says; none where it cannot be read.
pub(super) fn of(read: Option<&[Undelivered]>) -> Notifications {
    let late: Vec<&Undelivered> =
        read.unwrap_or_default().iter().filter(|late| late.has_failed()).collect();
    let status = match (read, late.is_empty()) {
        (None, _) => "unknown",
        (Some(_), true) => "healthy",
        (Some(_), false) => "degraded",
    };
    let untold = |late: &Undelivered| Untold {
        channel: Shown::new(&late.channel),
        waiting: late.waiting,
        given_up: late.given_up,
        oldest: late.oldest,
        tries: late.tries,
        next_attempt_at: late.next,
        error: late.said.as_ref().map(Shown::new),
    };
    Notifications { status, undelivered: late.into_iter().map(untold).collect() }
}
