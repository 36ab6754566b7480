//! One class's gate: it lets through as many calls a minute as the vendor allows.
//!
//! It has as many places as calls are allowed in a minute. A call takes one when it is
//! sent and gives it back a minute after the service can have counted it at the latest:
//! when it was answered, or some seconds after it was sent. So no 60 seconds hold more
//! calls than are allowed, wherever they begin, although calls arrive in another rhythm
//! than they were sent in. A small project is read in a burst, a large one at the allowed
//! rate. Who came first goes first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// How long a place is taken after its call was counted: the vendor's minute, and what
/// clocks differ.
const WINDOW: Duration = Duration::from_millis(60_050);

/// A call is counted no later than this after it was sent, however late its answer is.
/// Waiting for slower ones would cost more than a twentieth of the allowance.
const ON_ITS_WAY: Duration = Duration::from_secs(3);

/// One class's gate.
#[derive(Debug)]
pub(super) struct Gate {
    /// Held while waiting: a fair queue.
    turn: tokio::sync::Mutex<()>,
    places: Mutex<Places>,
    /// A place has begun to be given back.
    given_back: Notify,
    /// Nobody passes before this, because the vendor said so.
    closed_until: Mutex<Option<Instant>>,
}

/// The places of a gate.
#[derive(Debug)]
struct Places {
    limit: usize,
    window: Duration,
    /// Calls that are under way.
    under_way: usize,
    /// When each place that was given back is free again, the next one first.
    free_at: BinaryHeap<Reverse<Instant>>,
}

/// When somebody may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Now,
    At(Instant),
    /// When one of the calls under way is answered, and later.
    WhenAnswered,
}

/// A call that was let through; dropped when its answer has come, or never will.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    gate: &'a Gate,
    since: Instant,
}

impl Places {
    fn new(limit: usize, window: Duration) -> Self {
        Self { limit, window, under_way: 0, free_at: BinaryHeap::with_capacity(limit) }
    }

    fn next(&mut self, now: Instant) -> Next {
        while self.free_at.peek().is_some_and(|at| at.0 <= now) {
            self.free_at.pop();
        }
        match self.free_at.peek() {
            _ if self.under_way + self.free_at.len() < self.limit => Next::Now,
            Some(at) => Next::At(at.0),
            None => Next::WhenAnswered,
        }
    }

    fn take(&mut self) {
        self.under_way += 1;
    }

    /// Gives back the place of a call that was sent at `since` and is over `now`.
    fn give_back(&mut self, since: Instant, now: Instant) {
        self.under_way = self.under_way.saturating_sub(1);
        let counted = now.min(since + ON_ITS_WAY);
        self.free_at.push(Reverse(counted + self.window));
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.gate.places().give_back(self.since, Instant::now());
        self.gate.given_back.notify_one();
    }
}

impl Gate {
    /// A gate for `limit` calls a minute.
    pub(super) fn new(limit: usize) -> Self {
        Self::with_window(limit, WINDOW)
    }

    fn with_window(limit: usize, window: Duration) -> Self {
        Self {
            turn: tokio::sync::Mutex::default(),
            places: Mutex::new(Places::new(limit, window)),
            given_back: Notify::new(),
            closed_until: Mutex::default(),
        }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until when the vendor has asked to wait.
    pub(super) fn closed_until(&self) -> Option<Instant> {
        *self.closed_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place; see [`Limiter::admit`](super::limiter::Limiter::admit).
    pub(super) async fn admit(&self, patience: Duration) -> Result<Pass<'_>, Duration> {
        let limit = Instant::now() + patience;
        self.open_within(limit)?;
        let _turn = self.turn.lock().await;
        loop {
            self.open_within(limit)?;
            let now = Instant::now();
            if let Some(until) = self.closed_until().filter(|until| *until > now) {
                // It may be closed for longer meanwhile: look again then.
                tokio::time::sleep_until(until).await;
                continue;
            }
            let next = {
                let mut places = self.places();
                let next = places.next(now);
                if next == Next::Now {
                    places.take();
                }
                next
            };
            match next {
                Next::Now => return Ok(Pass { gate: self, since: now }),
                Next::At(at) => tokio::time::sleep_until(at).await,
                Next::WhenAnswered => self.given_back.notified().await,
            }
        }
    }

    /// Fails with the rest of the pause if the gate is closed beyond `limit`.
    fn open_within(&self, limit: Instant) -> Result<(), Duration> {
        match self.closed_until() {
            Some(until) if until > limit => Err(until.saturating_duration_since(Instant::now())),
            _ => Ok(()),
        }
    }

    /// Lets nobody pass before `until`.
    pub(super) fn close(&self, until: Instant) {
        let mut closed = self.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
        *closed = (*closed).max(Some(until));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// The most calls in any window of `window`, wherever it begins.
    fn densest(at: &[Instant], window: Duration) -> usize {
        let mut at = at.to_vec();
        at.sort_unstable();
        let mut first = 0;
        let within = at.iter().enumerate().map(|(n, last)| {
            while *last >= at[first] + window {
                first += 1;
            }
            n + 1 - first
        });
        within.max().unwrap_or(0)
    }

    /// How calls go through a gate in virtual time: as many at a time as there are
    /// latencies, each of which is that of the calls that are made with it. When they
    /// were counted by the service: somewhere between sending and answer.
    fn counted(
        limit: usize,
        latencies: &[(Duration, f64)],
        begun: Instant,
        end: Instant,
    ) -> Vec<Instant> {
        let mut places = Places::new(limit, WINDOW);
        // When each was sent, and will be answered.
        let mut under_way: Vec<Option<(Instant, Instant)>> = vec![None; latencies.len()];
        let (mut now, mut counted) = (begun, Vec::new());
        while now < end {
            for call in &mut under_way {
                if let Some((since, _)) = call.filter(|(_, answer)| *answer <= now) {
                    places.give_back(since, now);
                    *call = None;
                }
            }
            let idle = under_way.iter().position(Option::is_none);
            match (idle, places.next(now)) {
                (Some(n), Next::Now) => {
                    places.take();
                    let (latency, part) = latencies[n];
                    counted.push(now + latency.min(ON_ITS_WAY).mul_f64(part));
                    under_way[n] = Some((now, now + latency));
                }
                (idle, next) => {
                    let answers = under_way.iter().flatten().map(|(_, answer)| *answer);
                    let free = match next {
                        Next::At(at) if idle.is_some() => Some(at),
                        _ => None,
                    };
                    now = answers.chain(free).min().unwrap();
                }
            }
        }
        counted
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn no_minute_holds_more_calls_than_are_allowed(
            limit in 1usize..60,
            latencies in proptest::collection::vec((1u64..40_000, 0.0..=1.0), 1..24),
        ) {
            let latencies: Vec<_> =
                latencies.into_iter().map(|(ms, part)| (Duration::from_millis(ms), part)).collect();
            let begun = Instant::now();
            let at = counted(limit, &latencies, begun, begun + MINUTE * 8);
            prop_assert!(!at.is_empty());
            prop_assert!(densest(&at, MINUTE) <= limit, "{}", densest(&at, MINUTE));
        }

        #[test]
        fn what_is_allowed_is_used(
            limit in 50usize..=300,
            latencies in proptest::collection::vec((50u64..2_500, 0.0..=1.0), 16),
        ) {
            let latencies: Vec<_> =
                latencies.into_iter().map(|(ms, part)| (Duration::from_millis(ms), part)).collect();
            let begun = Instant::now();
            let minutes = 20;
            let at = counted(limit, &latencies, begun, begun + MINUTE * minutes);
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
        let (gate, begun) = (Arc::new(Gate::with_window(3, window)), Instant::now());
        let order = Arc::new(Mutex::new(Vec::new()));
        let callers = (0..8).map(|n| {
            let (gate, order) = (Arc::clone(&gate), Arc::clone(&order));
            async move {
                let pass = gate.admit(MINUTE).await.unwrap();
                order.lock().unwrap().push((n, Instant::now()));
                drop(pass);
            }
        });
        futures::future::join_all(callers).await;
        let order = order.lock().unwrap();
        assert_eq!(order.iter().map(|(n, _)| *n).collect::<Vec<_>>(), (0..8).collect::<Vec<_>>());
        // Three, three and two.
        assert!(order[7].1 - begun >= window * 2);
    }

    #[tokio::test]
    async fn a_call_counts_from_its_answer_on() {
        let window = Duration::from_millis(100);
        let gate = Gate::with_window(2, window);
        let (first, second) =
            (gate.admit(MINUTE).await.unwrap(), gate.admit(MINUTE).await.unwrap());
        // All places taken, none answered: nobody passes, however late it gets.
        let third = gate.admit(MINUTE);
        let early = tokio::time::timeout(window * 2, third).await;
        assert!(early.is_err());
        let answered = Instant::now();
        let waiting = async {
            drop(gate.admit(MINUTE).await.unwrap());
            Instant::now()
        };
        let answers = async { drop(first) };
        let (passed, ()) = tokio::join!(waiting, answers);
        assert!(passed - answered >= window);
        drop(second);
    }
}
