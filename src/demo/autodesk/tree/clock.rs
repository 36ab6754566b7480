//! The service's clock: steps of 100 nanoseconds, as in its time stamps, and no
//! two events at once.

use jiff::{SignedDuration, Timestamp};

/// The smallest step that a time stamp shows.
const STEP: SignedDuration = SignedDuration::from_nanos(100);

/// Between two events of the past that samples tell of.
const PAST_STEP: SignedDuration = SignedDuration::from_millis(7_301);

/// 14 November 2024, 11:26:11 UTC.
const PAST: i64 = 1_731_583_571;

/// The service's clock.
#[derive(Debug)]
pub(super) struct Clock {
    last: Timestamp,
    past: bool,
}

impl Default for Clock {
    /// It begins in the past, so that samples are the same every time.
    fn default() -> Self {
        Self { last: Timestamp::from_second(PAST).unwrap_or(Timestamp::UNIX_EPOCH), past: true }
    }
}

impl Clock {
    /// The time of an event: later than all earlier ones.
    pub(super) fn tick(&mut self) -> Timestamp {
        let step = if self.past { PAST_STEP } else { STEP };
        let next = self.last.checked_add(step).unwrap_or(self.last);
        self.last = if self.past { next } else { next.max(now()) };
        self.last
    }

    /// From now on things happen now.
    pub(super) fn arrive(&mut self) {
        self.past = false;
    }
}

fn now() -> Timestamp {
    let nanos = Timestamp::now().as_nanosecond();
    Timestamp::from_nanosecond(nanos - nanos % STEP.as_nanos()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// With seven digits behind the seconds: `2024-11-14T11:26:11.0000000Z`.
pub(in crate::demo::autodesk) fn stamp(at: Timestamp) -> String {
    format!("{at:.7}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_events_share_a_time_and_seven_digits_tell_them_apart() {
        let mut clock = Clock::default();
        let past: Vec<String> = (0..3).map(|_| stamp(clock.tick())).collect();
        assert_eq!(past[0], "2024-11-14T11:26:18.3010000Z");
        clock.arrive();
        let mut all = past;
        all.extend((0..1000).map(|_| stamp(clock.tick())));
        assert!(all.is_sorted());
        all.dedup();
        assert_eq!(all.len(), 1003);
    }
}
