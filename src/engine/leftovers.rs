//! The temporary files of what was cancelled: removed at once, or by a later pass
//! if that does not work.
//!
//! A cancelled delivery that has a next time is one whose temporary files may
//! still be there. The time is booked with the cancel itself, so that a crash in
//! between leaves nothing behind for good.

use super::context::Context;
use super::lane::Lane;
use crate::ledger::{self, Delivery};
use crate::model::{DeliveryState, Failure, FailureClass};

/// Notes on a delivery that is being cancelled that its temporary files are to be
/// removed.
pub(super) fn are_due(delivery: &mut Delivery) {
    delivery.next_attempt_at = Some(ledger::now());
}

/// Whether this is a cancelled delivery whose temporary files may still be there.
pub(super) fn may_be(delivery: &Delivery) -> bool {
    delivery.state == DeliveryState::Cancelled && delivery.next_attempt_at.is_some()
}

/// Removes the temporary files of every attempt of a cancelled delivery. What
/// does not work now is booked, for a later pass; gives it back, too. `Err` only
/// where the books themselves fail.
pub(super) async fn remove(
    context: &Context,
    lane: &Lane,
    before: Delivery,
) -> Result<Option<Failure>, Failure> {
    let outlet = context.outlets.iter().find(|o| o.settings.name == before.destination);
    let Some(outlet) = outlet.filter(|o| o.settings.target() == before.target) else {
        // Another place now: until the settings are put back nothing can be done.
        return Ok(None);
    };
    let mut failed = None;
    for attempt in 1..=before.attempt {
        let temporary = before.temporary_name(attempt);
        if let Err(failure) = outlet.destination.remove_temporary(&temporary).await {
            failed = Some(failure);
            break;
        }
    }
    let mut after = before.clone();
    after.failure.clone_from(&failed);
    if failed.is_none() {
        after.next_attempt_at = None;
    }
    // The same failure again is no story worth a line.
    if after != before {
        context.ledger.move_delivery(&before, &after).await?;
        if failed.is_some() {
            context.delivery_moved(lane, &after);
        }
    }
    Ok(failed)
}

/// Removes what earlier cancels of this endpoint's deliveries had to leave.
pub(super) async fn remove_all(context: &Context, lane: &Lane) -> Result<(), Failure> {
    for delivery in context.ledger.cancelled_with_leftovers(lane.number).await? {
        if context.claims.stopping() {
            break;
        }
        let Some(_claim) = context.claims.claim(delivery.id) else { continue };
        // Read again: before the claim somebody may have taken the cancel back.
        let Some(delivery) = context.ledger.delivery(delivery.id).await?.filter(may_be) else {
            continue;
        };
        let failed = remove(context, lane, delivery).await?;
        // A no to one file says nothing about the next; anything else does.
        if failed.is_some_and(|failure| failure.class != FailureClass::Refused) {
            break;
        }
    }
    Ok(())
}
