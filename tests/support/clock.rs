//! A clock that a test sets, so that hours pass at once.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use transship::engine::Clock;

/// How often it is looked at all the same, as the machine's clock is once a minute.
const GLANCE: Duration = Duration::from_millis(20);

/// Stands still until it is set.
#[derive(Clone)]
pub struct SetClock(Arc<watch::Sender<Timestamp>>);

impl SetClock {
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(watch::Sender::new(now)))
    }

    pub fn set(&self, now: Timestamp) {
        self.0.send_replace(now);
    }

    /// Moves it, back where `minutes` are negative.
    pub fn pass(&self, minutes: i64) -> Timestamp {
        self.0.send_modify(|now| *now += SignedDuration::from_mins(minutes));
        self.now()
    }
}

#[async_trait]
impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    async fn wait(&self, at: Timestamp) {
        let mut shown = self.0.subscribe();
        let _ = tokio::time::timeout(GLANCE, shown.wait_for(|now| *now >= at)).await;
    }
}
