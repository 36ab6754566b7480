//! Quota units, and the pauses that callers were asked for.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;

use super::refusal::Refusal;

/// The window of the limit.
const MINUTE: Duration = Duration::from_secs(60);

/// A call that comes this soon after a `Retry-After` may have been sent before it.
const IN_FLIGHT: Duration = Duration::from_millis(250);

/// What each account has spent lately, and until when it was asked to wait.
#[derive(Debug)]
pub(super) struct Quota {
    per_minute: Option<u32>,
    accounts: Mutex<HashMap<String, Account>>,
}

#[derive(Debug, Default)]
struct Account {
    spent: VecDeque<(Instant, u32)>,
    refused: u32,
    pause: Option<Pause>,
}

#[derive(Clone, Copy, Debug)]
struct Pause {
    told: Instant,
    until: Instant,
}

impl Quota {
    pub(super) fn new(per_minute: Option<u32>) -> Self {
        Self { per_minute, accounts: Mutex::default() }
    }

    /// Spends `units` of this account, or refuses: first as the vendor's older
    /// limit does, then with a pause, turn and turn about.
    pub(super) fn spend(&self, who: &str, units: u32, now: Instant) -> Result<(), Refusal> {
        let Some(limit) = self.per_minute else { return Ok(()) };
        let mut accounts = self.accounts();
        let account = accounts.entry(who.to_owned()).or_default();
        while account.spent.front().is_some_and(|(at, _)| now.duration_since(*at) >= MINUTE) {
            account.spent.pop_front();
        }
        let spent: u32 = account.spent.iter().map(|(_, units)| units).sum();
        if spent + units <= limit {
            account.spent.push_back((now, units));
            return Ok(());
        }
        account.refused += 1;
        if account.refused % 2 == 1 {
            return Err(Refusal::too_fast(StatusCode::FORBIDDEN, "rateLimitExceeded"));
        }
        // Until so much is forgotten that this call would fit.
        let mut surplus = (spent + units).saturating_sub(limit);
        let mut pause = MINUTE;
        for (at, units) in &account.spent {
            pause = (*at + MINUTE).saturating_duration_since(now);
            surplus = surplus.saturating_sub(*units);
            if surplus == 0 {
                break;
            }
        }
        // The header counts whole seconds.
        let pause = Duration::from_secs(pause.as_secs() + 1);
        Err(Refusal::too_fast(StatusCode::TOO_MANY_REQUESTS, "rateLimitExceeded").after(pause))
    }

    /// Remembers that this account was asked to wait.
    pub(super) fn asked_to_wait(&self, who: &str, pause: Duration, now: Instant) {
        let mut accounts = self.accounts();
        let account = accounts.entry(who.to_owned()).or_default();
        let until = account.pause.map_or(now + pause, |known| known.until.max(now + pause));
        account.pause = Some(Pause { told: now, until });
    }

    /// How much too early a call of this account is that came at `now`.
    pub(super) fn too_early(&self, who: &str, now: Instant) -> Option<Duration> {
        let pause = self.accounts().get(who)?.pause?;
        let early = pause.until.checked_duration_since(now)?;
        (now.saturating_duration_since(pause.told) > IN_FLIGHT).then_some(early)
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_come_back_after_a_minute() {
        let quota = Quota::new(Some(300));
        let start = Instant::now();
        let spend = |who: &str, units, seconds| {
            let refused = quota.spend(who, units, start + Duration::from_secs(seconds)).err();
            refused.map(|r| (r.status.as_u16(), r.retry_after.map(|pause| pause.as_secs())))
        };
        assert_eq!(spend("a", 200, 0), None);
        assert_eq!(spend("a", 100, 10), None);
        assert_eq!(spend("b", 300, 10), None, "another account has its own");
        assert_eq!(spend("a", 5, 20), Some((403, None)));
        assert_eq!(spend("a", 5, 20), Some((429, Some(41))), "until the 200 are forgotten");
        assert_eq!(spend("a", 250, 20), Some((403, None)));
        assert_eq!(spend("a", 250, 20), Some((429, Some(51))), "until the 100 are, too");
        assert_eq!(spend("a", 200, 60), None);
        assert_eq!(Quota::new(None).spend("a", u32::MAX, start), Ok(()), "switched off");
    }

    #[test]
    fn calls_within_a_pause_are_too_early_unless_they_were_under_way() {
        let quota = Quota::new(None);
        let told = Instant::now();
        quota.asked_to_wait("a", Duration::from_secs(2), told);
        let early = |who: &str, millis| {
            let early = quota.too_early(who, told + Duration::from_millis(millis));
            early.map(|early| early.as_millis())
        };
        assert_eq!(early("a", 100), None, "sent before the refusal was read");
        assert_eq!(early("a", 500), Some(1500));
        assert_eq!(early("a", 2001), None);
        assert_eq!(early("b", 500), None);
    }
}
