//! How many calls a minute the vendor allows, kept for everybody with one client id.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::gate::{Gate, Pass};

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
/// (Data Management: 50 and 300; OSS: 1000 for all its calls; Authentication: 500). In the
/// order of the classes.
const LIMITS: [(CallClass, usize); 7] = [
    (CallClass::Projects, 50),
    (CallClass::TopFolders, 300),
    (CallClass::Folder, 300),
    (CallClass::Contents, 300),
    (CallClass::Item, 300),
    (CallClass::Oss, 1000),
    (CallClass::Token, 500),
];

/// The gates of one client id.
#[derive(Debug)]
pub(super) struct Limiter {
    gates: [Gate; LIMITS.len()],
}

impl Limiter {
    fn new() -> Self {
        Self { gates: LIMITS.map(|(_, limit)| Gate::new(limit)) }
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

    /// Waits until a call of `class` may be sent. The pass is to be dropped when it was
    /// answered, or came to nothing.
    ///
    /// # Errors
    /// The rest of the pause, if the vendor asked for one that is longer than
    /// `patience`.
    pub(super) async fn admit(
        &self,
        class: CallClass,
        patience: Duration,
    ) -> Result<Pass<'_>, Duration> {
        self.gate(class).admit(patience).await
    }

    /// Lets no call of `class` pass for as long as the vendor asked.
    pub(super) fn close(&self, class: CallClass, pause: Duration) {
        self.gate(class).close(Instant::now() + pause);
    }

    /// The end of the longest pause that the vendor has asked for, if it is to come.
    pub(super) fn closed_until(&self) -> Option<Timestamp> {
        let until = self.gates.iter().filter_map(Gate::closed_until).max()?;
        let left = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        Timestamp::now().checked_add(SignedDuration::try_from(left).ok()?).ok()
    }

    fn gate(&self, class: CallClass) -> &Gate {
        &self.gates[class as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn each_class_has_its_own_gate() {
        for (n, (class, _)) in LIMITS.into_iter().enumerate() {
            assert_eq!(class as usize, n);
        }
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
            drop(limiter.admit(CallClass::Contents, MINUTE).await.unwrap());
            begun.elapsed()
        };
        let longer = async {
            // Closed for longer while somebody waits already.
            tokio::task::yield_now().await;
            limiter.close(CallClass::Contents, pause * 2);
            limiter.close(CallClass::Contents, pause);
        };
        let (other, waited, ()) = tokio::join!(other, waiting, longer);
        drop(other.unwrap());
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
