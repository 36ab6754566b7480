//! What time it is for the other side: the `Date` of its replies (RFC 9110, 6.6.1),
//! exact to the second, and late by the time that the reply took.

use std::sync::Mutex;
use std::time::Instant;

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{DATE, HeaderMap};

/// The clock here and the other side's may part so far between two looks; more, and
/// somebody has set it, or the machine has slept.
const EVENLY: SignedDuration = SignedDuration::from_mins(1);

/// By how much the clock here is ahead of the other side's, as its last reply with
/// a date said.
#[derive(Debug, Default)]
pub(super) struct Ahead(Mutex<Option<Noted>>);

#[derive(Clone, Copy, Debug)]
struct Noted {
    ahead: SignedDuration,
    /// When that was, by the clock here and by one that nobody sets.
    at: (Timestamp, Instant),
}

impl Ahead {
    pub(super) fn note(&self, headers: &HeaderMap, now: Timestamp) {
        if let Some(theirs) = date(headers) {
            let ahead = now.duration_since(theirs);
            *self.lock() = Some(Noted { ahead, at: (now, Instant::now()) });
        }
    }

    /// As it was then; none if the clock here did not go on evenly since.
    pub(super) fn get(&self, now: Timestamp) -> Option<SignedDuration> {
        let Noted { ahead, at: (then, instant) } = (*self.lock())?;
        let passed = SignedDuration::try_from(instant.elapsed()).ok()?;
        let parted = now.duration_since(then).checked_sub(passed)?;
        (parted.abs() <= EVENLY).then_some(ahead)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Noted>> {
        // A plain value is whole at any moment, whoever panicked.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(DATE)?.to_str().ok()?;
    Some(DateTimeParser::new().parse_zoned(text).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_date_that_can_be_read_counts() {
        let ahead = Ahead::default();
        let now: Timestamp = "1994-11-06T09:49:37Z".parse().unwrap();
        let note = |date: &'static str| {
            ahead.note(&HeaderMap::from_iter([(DATE, date.parse().unwrap())]), now);
            ahead.get(now).map(|ahead| ahead.as_secs())
        };
        assert_eq!(note("yesterday"), None);
        assert_eq!(note("Sun, 06 Nov 1994 08:49:37 GMT"), Some(3600));
        assert_eq!(note("Sun, 06 Nov 1994 10:49:37 GMT"), Some(-3600));
        assert_eq!(note("784111777"), Some(-3600));
        ahead.note(&HeaderMap::new(), now);
        assert!(ahead.get(now).is_some());
        // Set since then, it is not known any more.
        for hours in [-3, 3] {
            assert_eq!(ahead.get(now + SignedDuration::from_hours(hours)), None);
        }
    }
}
