//! When no destructive list is sent, and why.
//!
//! A listed export is ours to keep safe, so nothing is listed while that is in
//! question. What is already in the books goes on.

use super::context::Context;
use super::lane::Lane;
use crate::model::{Failure, FailureClass};

/// Why the endpoint must not list now.
pub(super) enum Brake {
    /// It passes by itself.
    Wait(String),
    /// Somebody has to do something first.
    Refused(Failure),
}

/// Looks at everything that speaks against listing.
pub(super) async fn check(context: &Context, lane: &Lane) -> Result<Option<Brake>, Failure> {
    if let Some(why) = low_disk(context)? {
        return Ok(Some(Brake::Wait(why)));
    }
    if let Some(why) = backlog(context, lane).await? {
        return Ok(Some(Brake::Wait(why)));
    }
    Ok(destination(lane).await.map(Brake::Refused))
}

fn low_disk(context: &Context) -> Result<Option<String>, Failure> {
    let folder = &context.config.data_dir;
    let free = fs4::available_space(folder)
        .map_err(|e| Failure::io("looking for free space in", folder.to_string_lossy(), &e))?;
    let wanted = context.config.brakes.min_free_bytes;
    Ok((free < wanted).then(|| {
        format!(
            "the data folder's disk has {} MB free, {} MB are wanted (limits: min_free_mb)",
            free >> 20,
            wanted >> 20
        )
    }))
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
/// not stop us: files are safe here and go on by themselves.
async fn destination(lane: &Lane) -> Option<Failure> {
    let failure = lane.outlet.as_ref()?.destination.probe().await.err()?;
    let refused = failure.needs_operator()
        || matches!(failure.class, FailureClass::Refused | FailureClass::NotFound);
    refused.then_some(failure)
}
