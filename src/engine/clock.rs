//! The clock that schedules go by.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::ledger;

/// Where schedules take the time from: the machine, or a test that makes an hour pass
/// at once.
#[async_trait]
pub trait Clock: Send + Sync {
    /// What time it is.
    fn now(&self) -> Timestamp;

    /// Waits until the clock shows `at`, or until it is worth a look: clocks are set,
    /// and machines sleep.
    async fn wait(&self, at: Timestamp);
}

/// The machine's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// The longest time without a look at the wall clock: timers stand still while a
/// machine sleeps.
const GLANCE: Duration = Duration::from_secs(60);

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        ledger::now()
    }

    async fn wait(&self, at: Timestamp) {
        let left = at.duration_since(self.now()).try_into().unwrap_or_default();
        tokio::time::sleep(GLANCE.min(left)).await;
    }
}
