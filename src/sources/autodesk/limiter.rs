//! How many calls a minute the vendor allows, kept for everybody with one client id.
//!
//! Each class of calls has a gate that remembers when the last calls went through:
//! as many as are allowed in a minute, and the next one waits until the oldest of
//! them is a minute old. So a small project is read in a burst, a large one at the
//! allowed rate, and no window of 60 seconds holds too many calls, wherever it
//! begins. Who came first goes first.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Calls that the vendor counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallClass {
    /// Hubs, the projects of a hub, one project.
    Projects,
    /// `topFolders`.
    TopFolders,
    /// One folder.
    Folder,
    /// What is in a folder.
    Contents,
    /// One item.
    Item,
    /// Everything of the object store's API.
    Oss,
    /// The token endpoint.
    Token,
}

/// Calls a minute and client id, as the vendor's pages of rate limits have them
/// (Data Management: 50 and 300; OSS: 1000 for all its calls; Authentication: 500).
const LIMITS: [(CallClass, usize); 7] = [
    (CallClass::Projects, 50),
    (CallClass::TopFolders, 300),
    (CallClass::Folder, 300),
    (CallClass::Contents, 300),
    (CallClass::Item, 300),
    (CallClass::Oss, 1000),
    (CallClass::Token, 500),
];

/// The vendor's minute and some more: a call that was sent first may arrive later
/// than the next one. This costs 2.5 % of the allowance.
const WINDOW: Duration = Duration::from_millis(61_500);

/// The pause after a 429 that names none: the vendor counts by the minute.
pub(super) const UNNAMED_PAUSE: Duration = Duration::from_secs(60);

/// The gates of one client id.
#[derive(Debug)]
pub(super) struct Limiter {
    gates: Vec<(CallClass, Gate)>,
}

/// One class's gate.
#[derive(Debug)]
struct Gate {
    /// Held while waiting: a fair queue.
    passed: tokio::sync::Mutex<Passed>,
    /// Nobody passes before this, because the vendor said so.
    closed_until: Mutex<Option<Instant>>,
}

/// The calls of the last window.
#[derive(Debug)]
struct Passed {
    limit: usize,
    window: Duration,
    at: VecDeque<Instant>,
}

impl Passed {
    fn new(limit: usize, window: Duration) -> Self {
        Self { limit, window, at: VecDeque::with_capacity(limit) }
    }

    /// When the next call may pass.
    fn next(&self) -> Option<Instant> {
        let oldest = self.at.front().filter(|_| self.at.len() >= self.limit)?;
        Some(*oldest + self.window)
    }

    fn pass(&mut self, now: Instant) {
        if self.at.len() >= self.limit {
            self.at.pop_front();
        }
        self.at.push_back(now);
    }
}

impl Gate {
    fn new(limit: usize, window: Duration) -> Self {
        Self {
            passed: tokio::sync::Mutex::new(Passed::new(limit, window)),
            closed_until: Mutex::new(None),
        }
    }

    fn closed_until(&self) -> Option<Instant> {
        *self.closed_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn admit(&self, patience: Duration) -> Result<(), Duration> {
        let begun = Instant::now();
        self.open_within(begun + patience)?;
        let mut passed = self.passed.lock().await;
        loop {
            self.open_within(begun + patience)?;
            let now = Instant::now();
            let until = passed.next().max(self.closed_until()).filter(|until| *until > now);
            let Some(until) = until else {
                passed.pass(now);
                return Ok(());
            };
            // The gate may be closed for longer meanwhile: look again then.
            tokio::time::sleep_until(until).await;
        }
    }

    /// Fails with the rest of the pause if the gate is closed beyond `limit`.
    fn open_within(&self, limit: Instant) -> Result<(), Duration> {
        match self.closed_until() {
            Some(until) if until > limit => Err(until.saturating_duration_since(Instant::now())),
            _ => Ok(()),
        }
    }

    fn close(&self, until: Instant) {
        let mut closed = self.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
        *closed = (*closed).max(Some(until));
    }
}

impl Limiter {
    fn new() -> Self {
        let gates = LIMITS.iter().map(|(class, limit)| (*class, Gate::new(*limit, WINDOW)));
        Self { gates: gates.collect() }
    }

    /// The limiter of this client id: the same one for everybody in this process,
    /// however often the application stands in the configuration.
    pub(super) fn of(base_url: &str, client_id: &str) -> Arc<Self> {
        type Known = HashMap<(String, String), Weak<Limiter>>;
        static KNOWN: Mutex<Option<Known>> = Mutex::new(None);
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_with(Known::new);
        let key = (base_url.to_owned(), client_id.to_owned());
        if let Some(limiter) = known.get(&key).and_then(Weak::upgrade) {
            return limiter;
        }
        known.retain(|_, limiter| limiter.strong_count() > 0);
        let limiter = Arc::new(Self::new());
        known.insert(key, Arc::downgrade(&limiter));
        limiter
    }

    /// Waits until a call of `class` may be sent, and counts it.
    ///
    /// # Errors
    /// The rest of the pause, if the vendor asked for one that is longer than
    /// `patience`; then nothing is counted.
    pub(super) async fn admit(&self, class: CallClass, patience: Duration) -> Result<(), Duration> {
        match self.gate(class) {
            Some(gate) => gate.admit(patience).await,
            None => Ok(()),
        }
    }

    /// Lets no call of `class` pass for as long as the vendor asked.
    pub(super) fn close(&self, class: CallClass, pause: Duration) {
        if let Some(gate) = self.gate(class) {
            gate.close(Instant::now() + pause);
        }
    }

    /// The end of the longest pause that the vendor has asked for, if it is to come.
    pub(super) fn closed_until(&self) -> Option<Timestamp> {
        let until = self.gates.iter().filter_map(|(_, gate)| gate.closed_until()).max()?;
        let left = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        Timestamp::now().checked_add(SignedDuration::try_from(left).ok()?).ok()
    }

    fn gate(&self, class: CallClass) -> Option<&Gate> {
        self.gates.iter().find(|(its, _)| *its == class).map(|(_, gate)| gate)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// The most calls in any window of `window`, wherever it begins.
    fn densest(at: &[Instant], window: Duration) -> usize {
        let within = |from: Instant| at.iter().filter(move |t| **t >= from && **t < from + window);
        at.iter().map(|from| within(*from).count()).max().unwrap_or(0)
    }

    /// Lets callers through who come at these moments, in virtual time, and says when.
    fn passed(limit: usize, arrivals: &[Duration], begun: Instant) -> Vec<Instant> {
        let mut gate = Passed::new(limit, WINDOW);
        let mut clock = begun;
        let pass = |arrival: &Duration| {
            clock = clock.max(begun + *arrival).max(gate.next().unwrap_or(begun));
            gate.pass(clock);
            clock
        };
        arrivals.iter().map(pass).collect()
    }

    proptest! {
        #[test]
        fn no_minute_holds_more_calls_than_are_allowed(
            limit in 1usize..60,
            mut arrivals in proptest::collection::vec(0u64..400_000, 1..400),
        ) {
            arrivals.sort_unstable();
            let arrivals: Vec<_> = arrivals.into_iter().map(Duration::from_millis).collect();
            let at = passed(limit, &arrivals, Instant::now());
            prop_assert!(densest(&at, MINUTE) <= limit);
        }

        #[test]
        fn what_is_allowed_is_used(limit in 1usize..400, minutes in 2u32..30) {
            let begun = Instant::now();
            // More callers than can pass, all there from the beginning.
            let callers = limit * (minutes as usize + 2);
            let at = passed(limit, &vec![Duration::ZERO; callers], begun);
            let used = at.iter().filter(|t| **t < begun + MINUTE * minutes).count();
            prop_assert!(used * 100 >= limit * minutes as usize * 95, "{used}");
        }
    }

    #[test]
    fn the_check_for_density_sees_what_a_calendar_minute_would_let_through() {
        // Negative control: counting by the calendar minute allows twice the limit
        // around its turn.
        let begun = Instant::now();
        let at = [59, 59, 60, 60].map(|s| begun + Duration::from_secs(s));
        assert_eq!(densest(&at, MINUTE), 4);
    }

    #[tokio::test]
    async fn a_gate_lets_pass_what_is_allowed_and_in_order() {
        let window = Duration::from_millis(200);
        let (gate, begun) = (Arc::new(Gate::new(3, window)), Instant::now());
        let order = Arc::new(Mutex::new(Vec::new()));
        let callers = (0..8).map(|n| {
            let (gate, order) = (Arc::clone(&gate), Arc::clone(&order));
            async move {
                gate.admit(MINUTE).await.unwrap();
                order.lock().unwrap().push((n, Instant::now()));
            }
        });
        futures::future::join_all(callers).await;
        let order = order.lock().unwrap();
        assert_eq!(order.iter().map(|(n, _)| *n).collect::<Vec<_>>(), (0..8).collect::<Vec<_>>());
        // Three, three and two.
        assert!(order[7].1 - begun >= window * 2);
    }

    #[tokio::test]
    async fn nobody_passes_while_the_vendor_asks_to_wait() {
        let limiter = Limiter::new();
        let pause = Duration::from_millis(150);
        let begun = Instant::now();
        limiter.close(CallClass::Contents, pause);
        assert!(limiter.closed_until().is_some());
        let other = limiter.admit(CallClass::Folder, MINUTE);
        let waiting = async {
            limiter.admit(CallClass::Contents, MINUTE).await.unwrap();
            begun.elapsed()
        };
        let longer = async {
            // Closed for longer while somebody waits already.
            tokio::task::yield_now().await;
            limiter.close(CallClass::Contents, pause * 2);
            limiter.close(CallClass::Contents, pause);
        };
        let (other, waited, ()) = tokio::join!(other, waiting, longer);
        other.unwrap();
        assert!(waited >= pause * 2, "{waited:?}");
        assert!(limiter.closed_until().is_none());
    }

    #[tokio::test]
    async fn a_long_pause_is_not_sat_out() {
        let limiter = Limiter::new();
        limiter.close(CallClass::Oss, Duration::from_secs(3600));
        let left = limiter.admit(CallClass::Oss, MINUTE).await.unwrap_err();
        assert!(left > Duration::from_secs(3500));
    }

    #[test]
    fn one_limiter_for_one_client_id() {
        let first = Limiter::of("http://a", "limiter-test");
        assert!(Arc::ptr_eq(&first, &Limiter::of("http://a", "limiter-test")));
        assert!(!Arc::ptr_eq(&first, &Limiter::of("http://a", "limiter-test-2")));
    }
}
