//! The outbox: channel by channel, each in the order in which it was written.

use std::sync::PoisonError;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Level;
use super::channel::Channel;
use crate::engine::context::Context;
use crate::ledger::Waiting;
use crate::model::{Failure, FailureClass, Retry};

/// Pauses after a failure, in minutes; the last one from then on.
const PAUSES: &[i64] = &[1, 2, 5, 10, 20, 30];

/// How long a message is worth sending.
const WORTH: SignedDuration = SignedDuration::from_hours(24);

/// A message that the other side does not understand is given up after so many tries:
/// those behind it may be better.
const MISUNDERSTOOD: u32 = 5;

/// How long the answer to what is under way is waited for when everything stops.
const LAST_ANSWER: Duration = Duration::from_secs(2);

/// The longest pause that another side may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// Sends what waits on every channel: what is due by then, or everything. A channel that
/// fails is not asked again in this turn.
pub(super) async fn send_due(context: &Context, by: Option<Timestamp>) {
    let channels = context.notifier.channels.iter().map(|channel| drain(context, channel, by));
    futures::future::join_all(channels).await;
}

async fn drain(context: &Context, channel: &Channel, by: Option<Timestamp>) {
    loop {
        let mut sending = std::pin::pin!(step(context, channel, by));
        let step = tokio::select! {
            step = &mut sending => step,
            () = context.stop.cancelled() => {
                // One that may have arrived already is not to arrive twice.
                match tokio::time::timeout(LAST_ANSWER, sending).await {
                    Ok(step) => step.map(|_| false),
                    Err(_) => return,
                }
            }
        };
        match step {
            Ok(true) => {}
            Ok(false) => return,
            Err(failure) => return context.notice(Level::Error, failure.to_string()),
        }
    }
}

/// Sends one message; whether there may be another one. `Err` only where the books fail.
async fn step(
    context: &Context,
    channel: &Channel,
    by: Option<Timestamp>,
) -> Result<bool, Failure> {
    let (ledger, notifier) = (&context.ledger, &context.notifier);
    let Some(waiting) = ledger.waiting(&channel.name, by).await? else { return Ok(false) };
    let unbooked = || notifier.unbooked.lock().unwrap_or_else(PoisonError::into_inner);
    let already = unbooked().contains(&waiting.number);
    let sent = (!already).then(|| channel.send(&notifier.name, &waiting.message));
    let now = || context.agenda.clock.now();
    if let Some(sent) = sent {
        match sent.await {
            Ok(answer) => {
                tracing::debug!("{}: {} sent: {answer}", channel.name, waiting.message.event);
                // Until it is booked: a full disk must not make a flood of it.
                unbooked().insert(waiting.number);
                let booked = ledger.notification_sent(waiting.number, now()).await;
                // After the books, which whoever hears it reads.
                works(context, channel);
                booked?;
                unbooked().remove(&waiting.number);
            }
            Err(failure) => {
                let next = next_try(&waiting, &failure, now());
                let said = failure.to_string();
                let booked = ledger.notification_failed(waiting.number, next, said).await;
                broken(context, channel, &failure, next.is_none());
                booked?;
                return Ok(next.is_none());
            }
        }
        return Ok(true);
    }
    ledger.notification_sent(waiting.number, now()).await?;
    unbooked().remove(&waiting.number);
    Ok(true)
}

/// When it is tried again; none: never.
fn next_try(waiting: &Waiting, failure: &Failure, now: Timestamp) -> Option<Timestamp> {
    let tries = waiting.tries + 1;
    let misunderstood = failure.class == FailureClass::Protocol && tries >= MISUNDERSTOOD;
    if misunderstood || now.duration_since(waiting.created_at) >= WORTH {
        return None;
    }
    let pause = PAUSES.get(waiting.tries as usize).or(PAUSES.last()).copied().unwrap_or(30);
    let asked = match failure.retry {
        Retry::After(pause) => pause.min(LONGEST_PAUSE),
        _ => Duration::ZERO,
    };
    let asked = SignedDuration::try_from(asked).unwrap_or_default();
    Some(now + asked.max(SignedDuration::from_mins(pause)))
}

/// Says once that a channel does not work, and each time that something is given up.
fn broken(context: &Context, channel: &Channel, failure: &Failure, given_up: bool) {
    let known = &context.notifier.broken;
    let first = known.lock().unwrap_or_else(PoisonError::into_inner).insert(channel.name.clone());
    match (given_up, first) {
        (true, _) => {
            context.notice(Level::Warning, format!("{failure}; one notification is given up"))
        }
        (false, true) => {
            context.notice(Level::Warning, format!("{failure}; it is tried again for a day"));
        }
        (false, false) => tracing::info!("{failure}"),
    }
}

fn works(context: &Context, channel: &Channel) {
    let known = &context.notifier.broken;
    if known.lock().unwrap_or_else(PoisonError::into_inner).remove(&channel.name) {
        context.notice(Level::Info, format!("notifications: {} works again", channel.name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::notify::words;

    #[test]
    fn pauses_grow_are_asked_for_and_end() {
        let now: Timestamp = "2026-03-02T06:00:00Z".parse().unwrap();
        let waiting = |tries, hours| Waiting {
            number: 1,
            tries,
            created_at: now - SignedDuration::from_hours(hours),
            message: words::of_test(now),
        };
        let minutes = |waiting: &Waiting, failure: &Failure| {
            next_try(waiting, failure, now).map(|next| next.duration_since(now).as_mins())
        };
        let down = Failure::new(FailureClass::Network, "sending", "a");
        let pauses = [0, 1, 2, 5, 50].map(|tries| minutes(&waiting(tries, 1), &down));
        assert_eq!(pauses, [Some(1), Some(2), Some(5), Some(30), Some(30)]);
        assert_eq!(minutes(&waiting(50, 24), &down), None, "nobody wants it any more");
        let asked = |seconds| Retry::After(Duration::from_secs(seconds));
        let throttled = |seconds| down.clone().retry(asked(seconds));
        assert_eq!(minutes(&waiting(0, 0), &throttled(600)), Some(10));
        assert_eq!(minutes(&waiting(0, 0), &throttled(1)), Some(1));
        assert_eq!(minutes(&waiting(0, 0), &throttled(86_400)), Some(60));
        let wrong = Failure::new(FailureClass::Protocol, "sending", "a");
        assert_eq!(minutes(&waiting(3, 1), &wrong), Some(10));
        assert_eq!(minutes(&waiting(4, 1), &wrong), None);
    }
}
