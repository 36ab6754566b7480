//! After the rename: has the receiver taken it? Then our leftovers go.
//!
//! From here on "no such file" is success: the other side took it.

use std::time::Duration;

use super::delivery::{Step, Work};
use super::retry;
use crate::crash::{self, Point};
use crate::destinations::Sighting;
use crate::ledger::{self, Delivery};
use crate::model::{DeliveryState, Evidence, Failure, FailureClass, PublishMode, Retry};

/// The first look after a publication that was not taken at once; each further
/// one waits twice as long, up to the longest.
const FIRST_LOOK: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// published → confirmed, if the evidence suffices; else look again later.
pub(super) async fn look(work: &mut Work<'_>) -> Result<Step, Failure> {
    work.progress.step("confirming", work.export.size.unwrap_or_default(), None);
    let sighting = match work.outlet.destination.sight(&work.delivery.final_name).await {
        Ok(sighting) => sighting,
        // An account that may write there and not look: all the proof there will be
        // is the acknowledged rename.
        Err(failure) if failure.class == FailureClass::Refused => {
            return confirm(work, Evidence::E0).await;
        }
        Err(failure) => return look_again(work, Some(failure)).await,
    };
    crash::at(Point::Sighted)?;
    match evidence(sighting, work.export.size) {
        // In its place: that is all there will ever be to see, unless a receiver
        // is known to take files away.
        Some(Evidence::E1) if work.outlet.settings.processed.is_some() => {
            work.delivery.evidence = work.delivery.evidence.max(Some(Evidence::E1));
            look_again(work, None).await
        }
        Some(evidence) => confirm(work, evidence).await,
        // Something of that name, but not of our size: nothing can be said.
        None => look_again(work, None).await,
    }
}

/// Whether what was seen right behind the rename is all there will ever be to see, and
/// there is nothing to clean up.
pub(super) fn is_enough(work: &Work<'_>, sighting: Sighting) -> bool {
    work.outlet.settings.processed.is_none()
        && work.delivery.attempt == 1
        && evidence(sighting, work.export.size) == Some(Evidence::E1)
}

/// Books `evidence` as what confirms a delivery.
pub(super) fn by(evidence: Evidence) -> impl FnOnce(&mut Delivery) {
    move |delivery| {
        delivery.evidence = delivery.evidence.max(Some(evidence));
        delivery.confirmed_at = Some(ledger::now());
    }
}

async fn confirm(work: &mut Work<'_>, evidence: Evidence) -> Result<Step, Failure> {
    let confirmed = by(evidence);
    if work.delivery.attempt > 1 || work.claim.token().is_cancelled() {
        work.move_to(DeliveryState::Confirmed, confirmed).await?;
        crash::at(Point::Confirmed)?;
        return Ok(Step::Moved);
    }
    // Nothing was left behind: one wait for both.
    work.move_on(DeliveryState::Confirmed, confirmed, DeliveryState::Cleaned).await?;
    crash::at(Point::Confirmed)?;
    crash::at(Point::Cleaned)?;
    Ok(Step::Rest)
}

/// What a sighting proves about a file of `size` bytes.
fn evidence(sighting: Sighting, size: Option<u64>) -> Option<Evidence> {
    match sighting {
        Sighting::InPlace(seen) => (Some(seen) == size).then_some(Evidence::E1),
        Sighting::Processed(seen) if Some(seen) == size => Some(Evidence::E3),
        // Taken, and something else lies in `processed` under its name.
        Sighting::Processed(_) | Sighting::Gone { .. } => Some(Evidence::E2),
    }
}

async fn look_again(work: &mut Work<'_>, failure: Option<Failure>) -> Result<Step, Failure> {
    let evidence = work.delivery.evidence;
    let tries = work.delivery.tries + 1;
    work.move_to(DeliveryState::Published, |d| {
        d.evidence = evidence;
        d.tries = tries;
        d.failure.clone_from(&failure);
        // Refused credentials are not tried again and again: accounts get locked.
        let by_itself = failure.as_ref().is_none_or(|f| f.retry != Retry::Never);
        d.next_attempt_at = by_itself.then(|| retry::after(pause(tries)));
    })
    .await?;
    Ok(failure.map_or(Step::Rest, Step::Failed))
}

/// The pause after the so-many-th look.
fn pause(looks: u32) -> Duration {
    let doublings = looks.saturating_sub(1).min(16);
    FIRST_LOOK.saturating_mul(1 << doublings).min(LONGEST)
}

/// confirmed → cleaned: removes what earlier attempts left under their own
/// temporary names, and nothing else.
pub(super) async fn clean_up(work: &mut Work<'_>) -> Result<Step, Failure> {
    if work.outlet.settings.publish == PublishMode::Rename
        && work.delivery.target == work.outlet.settings.target()
    {
        let left = (1..work.delivery.attempt).map(|attempt| work.delivery.temporary_name(attempt));
        let left: Vec<String> = left.collect();
        let destination = &work.outlet.destination;
        // Side by side: over a long way that is one trip and not one for each.
        let removed = left.iter().map(|name| destination.remove_temporary(name));
        for removed in futures::future::join_all(removed).await {
            if let Err(failure) = removed {
                return work.retry_later(DeliveryState::Confirmed, failure).await;
            }
            crash::at(Point::Removed)?;
        }
    }
    work.move_to(DeliveryState::Cleaned, |_| {}).await?;
    crash::at(Point::Cleaned)?;
    Ok(Step::Rest)
}

/// Whether the final name, or `processed`, shows a file of our size.
pub(super) async fn is_in_sight(work: &Work<'_>) -> Result<bool, Failure> {
    let sighting = work.outlet.destination.sight(&work.delivery.final_name).await?;
    Ok(match sighting {
        Sighting::InPlace(seen) | Sighting::Processed(seen) => Some(seen) == work.export.size,
        Sighting::Gone { .. } => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_become_rarer_up_to_one_in_ten_minutes() {
        let seconds = |looks| pause(looks).as_secs();
        assert_eq!([1, 2, 3, 4, 9].map(seconds), [2, 4, 8, 16, 512]);
        assert_eq!([10, 17, 33, 34, u32::MAX].map(seconds), [600; 5]);
    }

    #[test]
    fn a_sighting_proves_no_more_than_it_shows() {
        use Evidence as E;
        let ours = Some(7);
        for (sighting, size, proved) in [
            (Sighting::InPlace(7), ours, Some(E::E1)),
            (Sighting::InPlace(6), ours, None),
            (Sighting::InPlace(7), None, None),
            (Sighting::Processed(7), ours, Some(E::E3)),
            (Sighting::Processed(6), ours, Some(E::E2)),
            (Sighting::Processed(7), None, Some(E::E2)),
            (Sighting::Gone { processed_visible: true }, ours, Some(E::E2)),
            (Sighting::Gone { processed_visible: false }, ours, Some(E::E2)),
        ] {
            assert_eq!(evidence(sighting, size), proved, "{sighting:?} {size:?}");
        }
    }
}
