//! The service's limits: so many calls of a class in any sixty seconds, counted
//! by client id (the vendor's rate limit pages).

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::options::Limits;

/// What the limits look back on.
const WINDOW: Duration = Duration::from_secs(60);

/// Calls under way when the door closed are nobody's fault.
const GRACE: Duration = Duration::from_millis(250);

/// A kind of call with a limit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Class {
    Authentication,
    Hubs,
    Projects,
    Project,
    TopFolders,
    Folder,
    Contents,
    Search,
    Item,
    ItemVersions,
    Tip,
    Version,
    Oss,
}

impl Class {
    /// Calls a minute.
    fn limit(self) -> usize {
        match self {
            Self::Hubs | Self::Projects | Self::Project | Self::Tip => 50,
            Self::Authentication => 500,
            Self::ItemVersions => 800,
            Self::Oss => 1000,
            Self::TopFolders
            | Self::Folder
            | Self::Contents
            | Self::Search
            | Self::Item
            | Self::Version => 300,
        }
    }
}

/// Whether a call may be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    /// Not before so many seconds; `offence`: this had been said before.
    Refused {
        retry_after: u64,
        offence: bool,
    },
}

/// Counts calls.
#[derive(Debug)]
pub(super) struct Limiter {
    limits: Limits,
    doors: Mutex<HashMap<(String, Class), Door>>,
}

#[derive(Debug, Default)]
struct Door {
    /// Served within the window, oldest first.
    calls: VecDeque<Instant>,
    closed: Option<Closed>,
}

/// `Retry-After` was said at `since`, and means `until`.
#[derive(Clone, Copy, Debug)]
struct Closed {
    since: Instant,
    until: Instant,
}

impl Limiter {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, doors: Mutex::default() }
    }

    /// A call at `now`.
    pub(super) fn ask(&self, client_id: &str, class: Class, now: Instant) -> Verdict {
        let mut doors = self.doors();
        let door = doors.entry((client_id.to_owned(), class)).or_default();
        match door.closed {
            Some(closed) if now < closed.until => {
                let offence = now > closed.since + GRACE;
                return Verdict::Refused { retry_after: seconds(closed.until - now), offence };
            }
            _ => door.closed = None,
        }
        let Limits::Times(factor) = self.limits else { return Verdict::Pass };
        let limit = ((class.limit() as f64 * factor) as usize).max(1);
        while door.calls.front().is_some_and(|call| *call + WINDOW <= now) {
            door.calls.pop_front();
        }
        match door.calls.front() {
            Some(oldest) if door.calls.len() >= limit => {
                let retry_after = seconds(*oldest + WINDOW - now);
                Verdict::Refused { retry_after: door.close(retry_after, now), offence: false }
            }
            _ => {
                door.calls.push_back(now);
                Verdict::Pass
            }
        }
    }

    /// Closes the door for so many seconds, whatever was counted.
    pub(super) fn close(&self, client_id: &str, class: Class, seconds: u64, now: Instant) {
        let mut doors = self.doors();
        doors.entry((client_id.to_owned(), class)).or_default().close(seconds, now);
    }

    fn doors(&self) -> MutexGuard<'_, HashMap<(String, Class), Door>> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Door {
    fn close(&mut self, seconds: u64, now: Instant) -> u64 {
        self.closed = Some(Closed { since: now, until: now + Duration::from_secs(seconds) });
        seconds
    }
}

/// Whole seconds, never too few.
fn seconds(rest: Duration) -> u64 {
    rest.as_secs() + u64::from(rest.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn after(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn no_sixty_seconds_hold_more_calls_than_the_limit() {
        let limiter = Limiter::new(Limits::Times(0.1));
        let start = Instant::now();
        let mut served: Vec<u64> = Vec::new();
        // A client that asks all the time, but keeps away when it is told to.
        let mut at = 0;
        while at < 400 {
            match limiter.ask("c", Class::Hubs, start + after(at)) {
                Verdict::Pass => {
                    served.push(at);
                    at += 7;
                }
                Verdict::Refused { retry_after, offence } => {
                    assert!(!offence && retry_after >= 1);
                    at += retry_after;
                }
            }
        }
        for window in served.windows(6) {
            assert!(window[5] - window[0] >= 60, "six calls within a minute: {window:?}");
        }
        assert!(served.len() > 25, "and no more than needed is refused: {served:?}");
    }

    #[test]
    fn a_call_inside_the_pause_is_an_offence_unless_it_was_under_way() {
        for limits in [Limits::Off, Limits::Times(1.0)] {
            let limiter = Limiter::new(limits);
            let start = Instant::now();
            limiter.close("c", Class::Contents, 5, start);
            let ask =
                |millis| limiter.ask("c", Class::Contents, start + Duration::from_millis(millis));
            let refused = |retry_after, offence| Verdict::Refused { retry_after, offence };
            assert_eq!(ask(100), refused(5, false));
            assert_eq!(ask(1_500), refused(4, true));
            assert_eq!(ask(4_999), refused(1, true));
            assert_eq!(ask(5_000), Verdict::Pass);
            assert_eq!(limiter.ask("another", Class::Contents, start), Verdict::Pass);
            assert_eq!(limiter.ask("c", Class::Folder, start), Verdict::Pass);
        }
    }

    #[test]
    fn without_limits_everything_passes() {
        let limiter = Limiter::new(Limits::Off);
        let now = Instant::now();
        assert!((0..5_000).all(|_| limiter.ask("c", Class::Hubs, now) == Verdict::Pass));
        let limiter = Limiter::new(Limits::Times(1.0));
        let passed = (0..100).filter(|_| limiter.ask("c", Class::Hubs, now) == Verdict::Pass);
        assert_eq!(passed.count(), 50);
    }
}
