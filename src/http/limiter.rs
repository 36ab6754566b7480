//! How often an address may do something: a fixed window that its first time opens.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Addresses that are remembered at the same time.
const MOST_ADDRESSES: usize = 10_000;

/// Counts by address, in bounded memory.
#[derive(Debug)]
pub(super) struct Limiter {
    most: u32,
    per: Duration,
    windows: Mutex<HashMap<IpAddr, Window>>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    opened: Instant,
    count: u32,
}

/// Where an address stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Whether this time is within the limit.
    pub(super) allowed: bool,
    /// The limit.
    pub(super) limit: u32,
    /// How often it may still.
    pub(super) remaining: u32,
    /// When it begins anew, in whole seconds, rounded up.
    pub(super) reset_seconds: u64,
}

impl Limiter {
    /// At the most `most` times in `per`, for each address.
    pub(super) fn new(most: u32, per: Duration) -> Self {
        Self { most, per, windows: Mutex::default() }
    }

    /// Counts one more time, if that is within the limit.
    pub(super) fn count(&self, address: IpAddr, now: Instant) -> Standing {
        self.stand(address, now, 1)
    }

    /// Whether one more time would be within the limit.
    pub(super) fn look(&self, address: IpAddr, now: Instant) -> Standing {
        self.stand(address, now, 0)
    }

    fn stand(&self, address: IpAddr, now: Instant, times: u32) -> Standing {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let key = network(address);
        let is_open = |window: &Window| now.duration_since(window.opened) < self.per;
        let mut window = match windows.get(&key).copied().filter(is_open) {
            Some(window) => window,
            None => Window { opened: now, count: 0 },
        };
        let allowed = window.count < self.most;
        if times > 0 {
            window.count = window.count.saturating_add(times).min(self.most);
            if !windows.contains_key(&key) && windows.len() >= MOST_ADDRESSES {
                make_room(&mut windows, is_open);
            }
            windows.insert(key, window);
        }
        let left = self.per.saturating_sub(now.duration_since(window.opened));
        Standing {
            allowed,
            limit: self.most,
            remaining: self.most - window.count,
            reset_seconds: left.as_secs() + u64::from(left.subsec_nanos() > 0),
        }
    }
}

/// Forgets what is over, or else the oldest: whoever has ten thousand addresses is not
/// held up by limits for each of them.
fn make_room(windows: &mut HashMap<IpAddr, Window>, is_open: impl Fn(&Window) -> bool) {
    windows.retain(|_, window| is_open(window));
    if windows.len() >= MOST_ADDRESSES {
        let oldest = windows.iter().min_by_key(|(_, window)| window.opened).map(|(key, _)| *key);
        oldest.and_then(|key| windows.remove(&key));
    }
}

/// What one customer has: a whole /64 of IPv6, a single address of IPv4.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn address(n: u32) -> IpAddr {
        IpAddr::from(n.to_be_bytes())
    }

    #[test]
    fn each_address_has_so_many_times_a_minute_and_then_waits() {
        let limiter = Limiter::new(3, MINUTE);
        let start = Instant::now();
        for remaining in [2, 1, 0] {
            let standing = limiter.count(address(1), start + Duration::from_secs(10));
            let expected = Standing { allowed: true, limit: 3, remaining, reset_seconds: 60 };
            assert_eq!(standing, expected);
        }
        let refused = limiter.count(address(1), start + Duration::from_millis(30_500));
        assert_eq!((refused.allowed, refused.remaining, refused.reset_seconds), (false, 0, 40));
        // Being refused does not lengthen the wait, and others are not concerned.
        assert!(limiter.count(address(2), start + Duration::from_secs(31)).allowed);
        assert!(!limiter.look(address(1), start + Duration::from_millis(69_999)).allowed);
        assert!(limiter.look(address(1), start + Duration::from_secs(70)).allowed);
        assert!(limiter.count(address(1), start + Duration::from_secs(70)).allowed);
    }

    #[test]
    fn looking_does_not_count() {
        let limiter = Limiter::new(1, MINUTE);
        let now = Instant::now();
        for _ in 0..5 {
            assert!(limiter.look(address(1), now).allowed);
        }
        assert!(limiter.count(address(1), now).allowed);
        assert!(!limiter.look(address(1), now).allowed);
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let limiter = Limiter::new(1, MINUTE);
        let now = Instant::now();
        let v6 = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(limiter.count(v6("2001:db8:1:2::1"), now).allowed);
        assert!(!limiter.count(v6("2001:db8:1:2:ffff::9"), now).allowed);
        assert!(limiter.count(v6("2001:db8:1:3::1"), now).allowed);
        // The same machine, by a listener for both families.
        assert!(limiter.count(v6("10.0.0.1"), now).allowed);
        assert!(!limiter.count(v6("::ffff:10.0.0.1"), now).allowed);
        assert!(limiter.count(v6("::1"), now).allowed);
    }

    #[test]
    fn memory_is_bounded_and_the_newest_are_remembered() {
        let limiter = Limiter::new(1, MINUTE);
        let start = Instant::now();
        for n in 0..25_000 {
            limiter.count(address(n), start + Duration::from_millis(n.into()));
        }
        let now = start + Duration::from_millis(25_000);
        assert_eq!(limiter.windows.lock().unwrap().len(), MOST_ADDRESSES);
        assert!(!limiter.look(address(24_999), now).allowed);
        assert!(limiter.look(address(0), now).allowed, "the oldest was forgotten");
    }

    proptest! {
        /// In whatever order addresses come: none gets more than its limit in a window.
        #[test]
        fn nobody_gets_more_than_the_limit(
            most in 1u32..6, steps in proptest::collection::vec((0u32..3, 0u64..20), 1..200),
        ) {
            let limiter = Limiter::new(most, MINUTE);
            let mut now = Instant::now();
            let mut granted: HashMap<u32, Vec<Instant>> = HashMap::new();
            for (n, seconds) in steps {
                now += Duration::from_secs(seconds);
                if limiter.count(address(n), now).allowed {
                    granted.entry(n).or_default().push(now);
                }
            }
            for times in granted.values() {
                // Any stretch of one minute touches two windows at the most.
                for (i, first) in times.iter().enumerate() {
                    let within = times[i..].iter().filter(|t| **t - *first < MINUTE).count();
                    prop_assert!(within <= 2 * most as usize);
                }
                // And from the first one on, the first minute is one window.
                let within = times.iter().filter(|t| **t - times[0] < MINUTE).count();
                prop_assert!(within <= most as usize);
            }
        }
    }
}
