//! Pacing: never more than the account's quota in any minute, nobody sends
//! anything while the service asks to wait, and as many calls at once as it bears.
//!
//! The decisions are made by [`State`], which is told the time; [`Pace`] waits.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::model::{Failure, FailureClass, Retry};

/// Calls at the same time: at first, at the most, and after many refusals. The
/// service's quota allows some 54 lists a second for long: 16 at 300 ms each.
/// More are of use for as long as there is quota left of the minute.
const LANES: u32 = 16;
const MOST_LANES: u32 = 128;
const FEWEST_LANES: u32 = 2;

/// A pause that is longer is not sat out: the caller can do something else.
const PATIENCE: Duration = Duration::from_secs(150);

/// What a call costs, in units of the vendor's quota of May 2026.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cost {
    /// A list, of files, changes or drives.
    List,
    /// One object's particulars.
    Get,
    /// A content. It is long under way, so it takes no lane.
    Download,
}

impl Cost {
    /// In units.
    pub(super) fn units(self) -> u32 {
        match self {
            Self::List => 100,
            Self::Get => 5,
            Self::Download => 200,
        }
    }

    fn lanes(self) -> u32 {
        match self {
            Self::List | Self::Get => 1,
            Self::Download => 0,
        }
    }
}

/// The pace of one account.
pub(super) struct Pace {
    state: Mutex<State>,
    /// Held by whoever is next: first come, first served.
    turn: tokio::sync::Mutex<()>,
    /// Wakes whoever is next.
    changed: Notify,
}

/// The right to one call. Its units count until a minute after it was given
/// back, because nobody knows when in between the service counted the call.
pub(super) struct Permit<'p> {
    pace: &'p Pace,
    cost: Cost,
}

impl Pace {
    /// `units` may be spent in every `window`.
    pub(super) fn new(units: u32, window: Duration) -> Self {
        Self {
            state: Mutex::new(State::new(units, window)),
            turn: tokio::sync::Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Waits until a call may be sent. Fails if the service asked for a longer
    /// pause than is worth waiting for.
    pub(super) async fn admit(&self, cost: Cost) -> Result<Permit<'_>, Failure> {
        let _turn = self.turn.lock().await;
        loop {
            let now = Instant::now();
            let until = match self.state().admit(cost, now) {
                Admission::Now => return Ok(Permit { pace: self, cost }),
                Admission::At(at) => Some(at),
                Admission::AfterAReply => None,
                Admission::Paused(until) => {
                    let pause = until.saturating_duration_since(now);
                    if pause > PATIENCE {
                        return Err(asked_to_wait(pause));
                    }
                    Some(until)
                }
            };
            match until {
                Some(until) => tokio::select! {
                    () = sleep_until(until) => {}
                    () = self.changed.notified() => {}
                },
                None => self.changed.notified().await,
            }
        }
    }

    /// The service asks the account to wait: nobody sends anything meanwhile.
    pub(super) fn pause(&self, pause: Duration) {
        self.state().pause(Instant::now(), pause);
        self.changed.notify_one();
    }

    /// Until when it asked to wait.
    pub(super) fn paused_until(&self) -> Option<Timestamp> {
        let now = Instant::now();
        self.state().paused.filter(|paused| paused.until > now).map(|paused| paused.shown)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// The call was answered well: there may be room for more at once.
    pub(super) fn succeeded(self) {
        let mut state = self.pace.state();
        state.lanes = (state.lanes + self.cost.lanes()).min(MOST_LANES);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.pace.state().give_back(self.cost, Instant::now());
        self.pace.changed.notify_one();
    }
}

fn asked_to_wait(pause: Duration) -> Failure {
    Failure::new(FailureClass::Throttled, "asking", "Google Drive")
        .said(format!("it asked this account to wait, for {} more seconds", pause.as_secs()))
        .retry(Retry::After(pause))
}

/// Whether a call may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Admission {
    Now,
    /// When enough of the quota is free again.
    At(Instant),
    /// Some call must be answered first.
    AfterAReply,
    /// The service asked to wait.
    Paused(Instant),
}

#[derive(Clone, Copy, Debug)]
struct Paused {
    until: Instant,
    /// The same, for people.
    shown: Timestamp,
}

#[derive(Debug)]
struct State {
    limit: u32,
    window: Duration,
    /// When which units stop to count, in that order.
    spent: VecDeque<(Instant, u32)>,
    /// What they add up to.
    spent_units: u32,
    /// Units of the calls under way.
    under_way: u32,
    lanes: u32,
    busy: u32,
    paused: Option<Paused>,
}

impl State {
    fn new(limit: u32, window: Duration) -> Self {
        Self {
            limit: limit.max(Cost::Download.units()),
            window,
            spent: VecDeque::new(),
            spent_units: 0,
            under_way: 0,
            lanes: LANES,
            busy: 0,
            paused: None,
        }
    }

    fn admit(&mut self, cost: Cost, now: Instant) -> Admission {
        if let Some(paused) = self.paused.filter(|paused| paused.until > now) {
            return Admission::Paused(paused.until);
        }
        while let Some((until, units)) = self.spent.front().copied()
            && until <= now
        {
            self.spent.pop_front();
            self.spent_units -= units;
        }
        if self.busy + cost.lanes() > self.lanes {
            return Admission::AfterAReply;
        }
        if self.spent_units + self.under_way + cost.units() > self.limit {
            return match self.spent.front() {
                Some((until, _)) => Admission::At(*until),
                None => Admission::AfterAReply,
            };
        }
        self.under_way += cost.units();
        self.busy += cost.lanes();
        Admission::Now
    }

    fn give_back(&mut self, cost: Cost, now: Instant) {
        self.under_way -= cost.units();
        self.busy -= cost.lanes();
        self.spent_units += cost.units();
        self.spent.push_back((now + self.window, cost.units()));
    }

    fn pause(&mut self, now: Instant, pause: Duration) {
        let waiting = self.paused.filter(|paused| paused.until > now);
        // Calls that were under way together are refused together: that is one refusal.
        if waiting.is_none() {
            self.lanes = (self.lanes / 2).max(FEWEST_LANES);
        }
        let until = now + pause;
        if waiting.is_none_or(|waiting| waiting.until < until) {
            let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
            let shown = Timestamp::now().checked_add(pause).unwrap_or(Timestamp::MAX);
            self.paused = Some(Paused { until, shown });
        }
    }
}

#[cfg(test)]
#[path = "pace_tests.rs"]
mod tests;
