//! What became of a rename whose reply was lost: our own temporary file is asked,
//! by renaming it once more.
//!
//! ```text
//! publishing(k) → fencing(k→k+1) → staged(k+1) or published, else in_doubt
//! ```

use super::confirm;
use super::delivery::{Step, Work};
use crate::crash::{self, Point};
use crate::destinations::Fence;
use crate::ledger;
use crate::model::{DeliveryState, Failure, FailureClass};

/// publishing(k) → fencing: committed before the fence goes on the wire.
pub(super) async fn doubt(work: &mut Work<'_>, failure: Option<Failure>) -> Result<Step, Failure> {
    #[cfg(feature = "crash-points")]
    if let Some(step) = super::wrong_recovery::recover(work).await? {
        return Ok(step);
    }
    match failure {
        Some(failure) => work.retry_later(DeliveryState::Fencing, failure).await,
        None => {
            work.move_to(DeliveryState::Fencing, |_| {}).await?;
            Ok(Step::Moved)
        }
    }
}

/// fencing(k→k+1) → staged(k+1), or published
pub(super) async fn settle(work: &mut Work<'_>) -> Result<Step, Failure> {
    work.progress.step("settling", work.export.size.unwrap_or_default(), None);
    let attempt = work.delivery.attempt;
    let temporary = work.delivery.temporary_name(attempt);
    let next = work.delivery.temporary_name(attempt + 1);
    crash::at(Point::Fencing)?;
    let fenced = work.outlet.destination.fence(&temporary, &next).await;
    crash::at(Point::Fenced)?;
    match fenced {
        Ok(Fence::Moved) => won(work, &next).await,
        Ok(Fence::MovedBefore(size)) if size.is_none_or(|n| Some(n) == work.export.size) => {
            won(work, &next).await
        }
        // Not what we staged: somebody else's, or of a time that the books forgot.
        Ok(Fence::MovedBefore(_)) => came_too_late(work).await,
        Ok(Fence::Gone) if older_than_retention(work) => came_too_late(work).await,
        Ok(Fence::Gone) => work.published().await,
        Err(failure) => work.retry_later(DeliveryState::Fencing, failure).await,
    }
}

/// The rename never happened and never can: what is staged has the next name. No
/// new upload.
///
/// Only where renames are link + unlink can the file have been published all
/// the same: there it is looked for. A server that cannot finish the unlink
/// takes the link back (OpenSSH does), so only the second look, a settle time
/// after the first, makes our copy go.
async fn won(work: &mut Work<'_>, next: &str) -> Result<Step, Failure> {
    let in_sight = async {
        let atomic = work.outlet.destination.probe().await?.posix_rename;
        Ok(!atomic && confirm::is_in_sight(work).await?)
    };
    let settled = match (in_sight.await, work.seen_once) {
        (Ok(false), _) => {
            work.move_to(DeliveryState::Staged, |d| d.attempt += 1).await?;
            crash::at(Point::Settled)?;
            return Ok(Step::Moved);
        }
        (Ok(true), false) => {
            work.seen_once = true;
            Err(Failure::new(FailureClass::Unavailable, "settling", &work.delivery.final_name)
                .said("it shows under its final name, and the server may still take it back"))
        }
        (Ok(true), true) => work.outlet.destination.remove_temporary(next).await,
        (Err(failure), _) => Err(failure),
    };
    match settled {
        Ok(()) => work.published().await,
        Err(failure) => work.retry_later(DeliveryState::Fencing, failure).await,
    }
}

/// The temporary file is gone, but the server may have tidied it away: only a
/// sighting proves the rename now.
async fn came_too_late(work: &mut Work<'_>) -> Result<Step, Failure> {
    match confirm::is_in_sight(work).await {
        Ok(true) => return work.published().await,
        Ok(false) => {}
        Err(failure) => return work.retry_later(DeliveryState::Fencing, failure).await,
    }
    let name = &work.delivery.final_name;
    let failure = Failure::new(FailureClass::Doubt, "settling the publication of", name)
        .said(
            "its temporary file is gone, nothing shows the final name, and it is older than \
             the server keeps files",
        )
        .advice("ask the receiver; then `send --again`, or `cancel` to leave it");
    work.move_to(DeliveryState::InDoubt, |d| d.failure = Some(failure.clone())).await?;
    Ok(Step::Failed(failure))
}

fn older_than_retention(work: &Work<'_>) -> bool {
    let days = i64::from(work.outlet.settings.retention_days);
    let keeps = jiff::SignedDuration::from_hours(24 * days);
    work.delivery.staged_at.is_none_or(|at| ledger::now().duration_since(at) > keeps)
}
