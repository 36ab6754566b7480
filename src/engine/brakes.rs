//! When no destructive list is sent, and why.
//!
//! A listed export is ours to keep safe, so nothing is listed while that is in
//! question. What is already in the books goes on.

use jiff::SignedDuration;

use super::Level;
use super::context::Context;
use super::lane::Lane;
use crate::ledger;
use crate::model::{Failure, FailureClass, PublishMode};

/// A destination that could not be reached since the oldest file waits for it,
/// for longer than this, is not merely down.
const DOWN_FOR_LONG: SignedDuration = SignedDuration::from_hours(24);

/// A clock that is off by more than this is not merely being corrected.
const CLOCK_MAY_BE_OFF: SignedDuration = SignedDuration::from_hours(1);

/// Why the endpoint must not list now.
pub(super) enum Brake {
    /// It passes by itself.
    Wait(String),
    /// Somebody has to do something first.
    Refused(Failure),
}

/// Looks at everything that speaks against listing.
pub(super) async fn check(context: &Context, lane: &Lane) -> Result<Option<Brake>, Failure> {
    if let Some(why) = clock(context, lane).await? {
        return Ok(Some(Brake::Wait(why)));
    }
    if let Some(why) = low_disk(context)? {
        return Ok(Some(Brake::Wait(why)));
    }
    if let Err(failure) = context.mark.renew(&context.ledger).await {
        // Nor could the list's reply be kept.
        return Ok(Some(Brake::Wait(failure.to_string())));
    }
    if let Some(why) = backlog(context, lane).await? {
        return Ok(Some(Brake::Wait(why)));
    }
    destination(context, lane).await
}

/// What happened already cannot happen later: the clock is wrong, or was. Which of these
/// tells the source, where it says what time it is. Nor is it another time there than here.
async fn clock(context: &Context, lane: &Lane) -> Result<Option<String>, Failure> {
    if context.config.brakes.ignore_clock {
        return Ok(None);
    }
    let now = ledger::now();
    let mend = "set the clock right, or, if it is right now, say so for as long as it takes \
                (limits: ignore_clock)";
    let ahead = lane.source.clock_ahead();
    let off = ahead.filter(|ahead| ahead.abs() > CLOCK_MAY_BE_OFF);
    let latest = context.ledger.latest_event_at().await?;
    if let Some(at) = latest.filter(|at| at.duration_since(now) > CLOCK_MAY_BE_OFF) {
        if ahead.is_none() || off.is_some() {
            return Ok(Some(format!(
                "the clock says {now:.0}, but the ledger's latest event is of {at:.0}; {mend}"
            )));
        }
        // Two against one: the ledger's times are those of a clock that was wrong.
        tracing::warn!(
            "the ledger's latest event is of {at:.0}, which is to come: this machine's clock was \
             ahead then; now it says what the source's says, and listing goes on"
        );
    }
    Ok(off.and_then(|ahead| now.checked_sub(ahead).ok()).map(|theirs| {
        format!("the clock says {now:.0}, but the source's says {theirs:.0}; {mend}")
    }))
}

/// The disk of the archive, and the ledger's, which may be another one.
fn low_disk(context: &Context) -> Result<Option<String>, Failure> {
    let wanted = context.config.brakes.min_free_bytes;
    let ledger = context.config.database.parent().map(|folder| ("ledger", folder));
    for (whose, folder) in
        [("data folder", context.config.data_dir.as_path())].into_iter().chain(ledger)
    {
        let free = fs4::available_space(folder)
            .map_err(|e| Failure::io("looking for free space in", folder.to_string_lossy(), &e))?;
        if free < wanted {
            return Ok(Some(format!(
                "the {whose}'s disk has {} MB free, {} MB are wanted (limits: min_free_mb)",
                free >> 20,
                wanted >> 20
            )));
        }
    }
    Ok(None)
}

async fn backlog(context: &Context, lane: &Lane) -> Result<Option<String>, Failure> {
    let waiting = context.ledger.backlog(lane.number).await?;
    let most = context.config.brakes.max_backlog;
    Ok((waiting > most).then(|| {
        format!("{waiting} files are not delivered yet, more than {most} (limits: max_backlog)")
    }))
}

/// A destination that refuses us (host key, credentials, folder) needs a person;
/// until then nothing is taken out of the source. One that is merely down does
/// not stop us, files are safe here and go on by themselves: unless it has been
/// down for long.
async fn destination(context: &Context, lane: &Lane) -> Result<Option<Brake>, Failure> {
    let Some(outlet) = &lane.outlet else { return Ok(None) };
    let failure = match outlet.destination.probe().await {
        Ok(can) => {
            if !can.posix_rename && outlet.settings.publish == PublishMode::Rename {
                context.notice(
                    Level::Warning,
                    format!(
                        "{}: rename not atomic on this server: a lost reply may deliver twice",
                        outlet.settings.name
                    ),
                );
            }
            return Ok(None);
        }
        Err(failure) => failure,
    };
    if failure.needs_operator()
        || matches!(failure.class, FailureClass::Refused | FailureClass::NotFound)
    {
        return Ok(Some(Brake::Refused(failure)));
    }
    let waiting = context.ledger.waiting_since(lane.number).await?;
    let down = waiting.is_some_and(|since| ledger::now().duration_since(since) > DOWN_FOR_LONG);
    Ok(down.then(|| {
        let hours = DOWN_FOR_LONG.as_hours();
        Brake::Wait(format!(
            "files wait for the destination for more than {hours} hours: {failure}"
        ))
    }))
}
