//! The recoveries that everybody tries first, for the proof to find wanting: see
//! `design/delivery.md`, "why the obvious ways fail". `blind_retry` uploads again,
//! `stat_recovery` does so unless it sees the final name, `remove_fence` fences a
//! late rename off by removing the temporary file.

use super::delivery::{Step, Work};
use crate::crash::{self, Point};
use crate::destinations::Sighting;
use crate::model::{DeliveryState, Failure};
use crate::wrong;

/// publishing(k) → published or retry_wait, if a wrong recovery is chosen.
pub(super) async fn recover(work: &mut Work<'_>) -> Result<Option<Step>, Failure> {
    let temporary = work.delivery.temporary_name(work.delivery.attempt);
    let destination = &work.outlet.destination;
    // Whether it counts as published.
    let decided = match wrong::chosen() {
        Some("blind_retry") => Ok(false),
        Some("stat_recovery") => {
            let seen = destination.sight(&work.delivery.final_name).await;
            seen.map(|seen| matches!(seen, Sighting::InPlace(_)))
        }
        Some("remove_fence") => match destination.sight(&temporary).await {
            Ok(Sighting::InPlace(_)) => {
                destination.remove_temporary(&temporary).await.map(|()| false)
            }
            seen => seen.map(|_| true),
        },
        _ => return Ok(None),
    };
    crash::at(Point::Fenced)?;
    match decided {
        Ok(true) => work.published().await.map(Some),
        Ok(false) => {
            work.move_to(DeliveryState::RetryWait, |_| {}).await?;
            Ok(Some(Step::Moved))
        }
        Err(failure) => work.retry_later(DeliveryState::Publishing, failure).await.map(Some),
    }
}
