//! How fast bytes may go: a bucket of tokens, shared by all who send over one line.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::model::Bandwidth;

/// What may go at once after a pause, in time: short, so that nobody sees a burst.
const BURST: Duration = Duration::from_millis(250);

/// The longest time without a look at the clock: the limit may be another one now.
const GLANCE: Duration = Duration::from_secs(1);

/// The shortest wait that is worth it.
const LEAST: Duration = Duration::from_millis(1);

/// The pace of one line. Clones share it; none is limited by default.
#[derive(Clone, Default)]
pub struct Pace(Option<Arc<Inner>>);

struct Inner {
    bandwidth: Bandwidth,
    time: Box<dyn Time>,
    /// Those who wait do so in the order in which they came.
    bucket: Mutex<Bucket>,
}

#[derive(Default)]
struct Bucket {
    /// Bytes that may go; below nothing after a large piece went.
    tokens: f64,
    /// When it was filled last, by the steady clock.
    filled: Duration,
}

/// Both clocks, and waiting.
#[async_trait]
trait Time: Send + Sync {
    /// What the clock on the wall shows.
    fn now(&self) -> Timestamp;
    /// A time that nobody sets.
    fn steady(&self) -> Duration;
    async fn sleep(&self, time: Duration);
}

/// The machine's.
struct Real(Instant);

#[async_trait]
impl Time for Real {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn steady(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

impl Pace {
    /// As fast as `bandwidth` allows at each moment.
    pub fn new(bandwidth: Bandwidth) -> Self {
        Self::by(bandwidth, Real(Instant::now()))
    }

    fn by(bandwidth: Bandwidth, time: impl Time + 'static) -> Self {
        let limited = bandwidth.is_limited();
        let bucket = Mutex::new(Bucket { tokens: 0.0, filled: time.steady() });
        Self(limited.then(|| Arc::new(Inner { bandwidth, time: Box::new(time), bucket })))
    }

    /// The limit at this moment, in bytes a second.
    pub fn limit(&self) -> Option<u64> {
        self.0.as_ref().and_then(|inner| inner.limit())
    }

    /// Waits until `bytes` may go. Given up, it has cost nothing.
    pub async fn take(&self, bytes: u64) {
        if let Some(inner) = self.0.as_ref().filter(|_| bytes > 0) {
            inner.take(bytes).await;
        }
    }
}

impl Inner {
    fn limit(&self) -> Option<u64> {
        self.bandwidth.at(self.time.now())
    }

    async fn take(&self, bytes: u64) {
        let mut bucket = self.bucket.lock().await;
        while let Some(limit) = self.limit() {
            let limit = limit.max(1) as f64;
            bucket.fill(limit, self.time.steady());
            if bucket.tokens >= 0.0 {
                // A piece larger than the bucket goes as a whole and is paid for later.
                bucket.tokens -= bytes as f64;
                return;
            }
            let missing = (-bucket.tokens / limit).min(GLANCE.as_secs_f64());
            self.time.sleep(Duration::from_secs_f64(missing).max(LEAST)).await;
        }
        // No limit: nothing is owed when the next one begins.
        *bucket = Bucket { tokens: 0.0, filled: self.time.steady() };
    }
}

impl Bucket {
    fn fill(&mut self, limit: f64, now: Duration) {
        let more = now.saturating_sub(self.filled).as_secs_f64() * limit;
        self.tokens = (self.tokens + more).min(limit * BURST.as_secs_f64());
        self.filled = now;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::model::LimitChange;

    /// Milliseconds that pass only while somebody sleeps, from five minutes before noon on.
    #[derive(Clone, Default)]
    struct Virtual(Arc<AtomicU64>);

    #[async_trait]
    impl Time for Virtual {
        fn now(&self) -> Timestamp {
            "2026-01-14T11:55:00Z".parse::<Timestamp>().unwrap() + self.steady()
        }

        fn steady(&self) -> Duration {
            Duration::from_micros(self.0.load(Ordering::Relaxed))
        }

        async fn sleep(&self, time: Duration) {
            tokio::task::yield_now().await;
            self.0.fetch_add(time.as_micros() as u64, Ordering::Relaxed);
        }
    }

    fn until_noon(before: Option<u64>, after: Option<u64>) -> Bandwidth {
        let change = |hour: u16, limit| LimitChange { weekday: None, minute: hour * 60, limit };
        let changes = vec![change(0, before), change(12, after)];
        Bandwidth { changes, timezone: Some("UTC".into()) }
    }

    #[tokio::test]
    async fn all_takers_together_get_what_the_limit_allows() {
        for (takers, piece) in [(1, 1000), (4, 1000), (3, 255 << 10), (8, 10)] {
            let time = Virtual::default();
            let pace = Pace::by(Bandwidth::always(100_000), time.clone());
            let takes = (0..takers).map(|_| async {
                let mut taken = 0;
                while time.steady() < Duration::from_secs(60) {
                    pace.take(piece).await;
                    taken += piece;
                }
                taken
            });
            let taken: u64 = futures::future::join_all(takes).await.into_iter().sum();
            // What each has taken last is paid for after the time.
            let allowed = 5_990_000..=6_000_000 + (takers + 1) * piece;
            assert!(allowed.contains(&taken), "{takers} × {piece}: {taken}");
        }
    }

    #[tokio::test]
    async fn after_a_pause_there_is_no_burst() {
        let time = Virtual::default();
        let pace = Pace::by(Bandwidth::always(1_000), time.clone());
        time.sleep(Duration::from_secs(3600)).await;
        let begun = time.steady();
        for _ in 0..100 {
            pace.take(100).await;
        }
        let took = (time.steady() - begun).as_secs();
        assert!((9..=10).contains(&took), "{took}");
    }

    #[tokio::test]
    async fn the_limit_changes_while_somebody_waits() {
        let time = Virtual::default();
        let pace = Pace::by(until_noon(Some(1_000), Some(50_000)), time.clone());
        assert_eq!(pace.limit(), Some(1_000));
        pace.take(10_000_000).await;
        // At the old limit that would be 10,000 s.
        pace.take(1).await;
        // 300 s at 1,000 bytes a second, and the rest at 50,000.
        let waited = time.steady().as_secs();
        assert!((493..=496).contains(&waited), "{waited}");
        assert_eq!(pace.limit(), Some(50_000));
    }

    #[tokio::test]
    async fn nobody_waits_once_there_is_no_limit() {
        let time = Virtual::default();
        let pace = Pace::by(until_noon(Some(1), None), time.clone());
        pace.take(1_000_000).await;
        for _ in 0..2 {
            pace.take(1_000_000).await;
            assert!((299..=301).contains(&time.steady().as_secs()), "until noon, and no longer");
        }
        Pace::default().take(u64::MAX).await;
        assert_eq!((pace.limit(), Pace::default().limit()), (None, None));
    }

    #[tokio::test]
    async fn who_gives_up_has_taken_nothing() {
        let time = Virtual::default();
        let pace = Pace::by(Bandwidth::always(1_000), time.clone());
        pace.take(1_000).await;
        let mut waiting = Box::pin(pace.take(1 << 40));
        assert!(futures::poll!(&mut waiting).is_pending(), "it has to wait");
        drop(waiting);
        pace.take(1).await;
        assert!(time.steady() < Duration::from_secs(2));
    }
}
