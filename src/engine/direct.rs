//! Direct mode, for servers that refuse renames: the file is created exclusively
//! under its final name and written there. What is unknown afterwards stays
//! unknown, so this way is "at least once", and the screen says so.

use tokio_util::sync::CancellationToken;

use super::delivery::{Step, Work};
use crate::crash::{self, Point};
use crate::model::{DeliveryState, DoubtPolicy, Failure, FailureClass, name};

/// verified → publishing(k) → published
pub(super) async fn write(work: &mut Work<'_>) -> Result<Step, Failure> {
    let Some(local) = work.intact().await? else { return Ok(Step::Refetch) };
    let target = work.outlet.settings.target();
    work.move_to(DeliveryState::Publishing, |d| {
        d.attempt += 1;
        d.target = target;
    })
    .await?;
    crash::at(Point::DirectPublishing)?;
    work.progress.step("uploading", 0, Some(local.size));
    // Once begun it is brought to its end: half a file under the final name is
    // what the receiver would take.
    let (progress, token) = (work.progress, &CancellationToken::new());
    let written = work
        .outlet
        .destination
        .write_direct(&local, &work.delivery.final_name, &|n| progress.bytes(n), token)
        .await;
    crash::at(Point::DirectWritten)?;
    match written {
        Ok(()) => work.published().await,
        Err(failed) if failed.in_doubt => doubt(work, failed.failure).await,
        Err(failed) => work.retry_later(DeliveryState::RetryWait, failed.failure).await,
    }
}

/// A restart found `publishing`: whether anything was written is unknown.
pub(super) async fn after_restart(work: &mut Work<'_>) -> Result<Step, Failure> {
    let failure = Failure::new(FailureClass::Network, "writing", &work.delivery.final_name)
        .said("the program ended in the middle of it");
    doubt(work, failure).await
}

async fn doubt(work: &mut Work<'_>, failure: Failure) -> Result<Step, Failure> {
    match work.outlet.settings.on_doubt {
        DoubtPolicy::Hold => {
            let failure = Failure::new(FailureClass::Doubt, "writing", &work.delivery.final_name)
                .said(&failure)
                .advice(
                    "look whether the receiver has it whole; then `send --again`, or `cancel` to \
                     leave it",
                );
            work.move_to(DeliveryState::InDoubt, |d| d.failure = Some(failure.clone())).await?;
            Ok(Step::Failed(failure))
        }
        DoubtPolicy::Retry => {
            // Under another name: what lies under this one may be half a file.
            let next = work.delivery.attempt + 1;
            let another = name::direct_name(&work.delivery.final_name, next);
            work.retry_changed(DeliveryState::RetryWait, failure, |d| d.final_name = another).await
        }
    }
}
