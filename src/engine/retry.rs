//! When a failed step is tried again.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::ledger;
use crate::model::{Failure, Retry};

/// Tries of one item within one pass; then it waits for the next one.
pub(super) const TRIES_IN_A_PASS: u32 = 4;

/// A pause that another side asks for is sat out within a pass up to this long.
const PATIENCE: Duration = Duration::from_secs(60);

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// The pause before the next try after `tries` failures in a row: doubling, with
/// a random half so that many items do not come back at once. `None`: not by itself.
pub(super) fn pause(failure: &Failure, tries: u32) -> Option<Duration> {
    match failure.retry {
        Retry::Never => None,
        Retry::After(asked) => Some(asked + jitter(FIRST)),
        Retry::Backoff => {
            let doubled = FIRST.saturating_mul(1 << tries.saturating_sub(1).min(16));
            Some(jitter(doubled.min(LONGEST)))
        }
    }
}

/// The pause within a pass, if another try in the same pass makes sense.
pub(super) fn pause_in_pass(failure: &Failure, tries_in_pass: u32) -> Option<Duration> {
    if tries_in_pass >= TRIES_IN_A_PASS {
        return None;
    }
    pause(failure, tries_in_pass).filter(|pause| *pause <= PATIENCE)
}

/// When an item with this failure may be tried again.
pub(super) fn next_attempt_at(failure: &Failure, tries: u32) -> Option<Timestamp> {
    pause(failure, tries).map(after)
}

/// Now and `pause` later.
pub(super) fn after(pause: Duration) -> Timestamp {
    let now = ledger::now();
    SignedDuration::try_from(pause).ok().and_then(|p| now.checked_add(p).ok()).unwrap_or(now)
}

/// Between half of `pause` and all of it.
fn jitter(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FailureClass;

    fn network() -> Failure {
        Failure::new(FailureClass::Network, "uploading", "a.csv")
    }

    #[test]
    fn pauses_grow_and_stay_bounded() {
        for tries in 1..40 {
            let pause = pause(&network(), tries).unwrap();
            let full = FIRST.saturating_mul(1 << (tries - 1).min(16)).min(LONGEST);
            assert!(pause <= full && pause >= full / 2, "{tries}: {pause:?}");
        }
    }

    #[test]
    fn the_other_side_s_own_pause_is_kept() {
        let asked = Duration::from_secs(30);
        let failure = network().retry(Retry::After(asked));
        assert!(pause(&failure, 1).unwrap() >= asked);
        assert!(pause_in_pass(&failure, 1).is_some());
        let long = network().retry(Retry::After(Duration::from_secs(3600)));
        assert_eq!(pause_in_pass(&long, 1), None, "an hour is not sat out");
    }

    #[test]
    fn what_needs_a_person_is_not_tried_again() {
        let failure = Failure::new(FailureClass::SignIn, "signing in", "host");
        assert_eq!(pause(&failure, 1), None);
        assert_eq!(pause_in_pass(&network(), TRIES_IN_A_PASS), None);
    }
}
