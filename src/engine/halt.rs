//! A way to stop everything under way without ending the program.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What runs, and the one token that tells all of it to come to a safe point.
#[derive(Clone, Debug)]
pub(super) struct Halt(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The end of the program.
    stop: CancellationToken,
    now: Mutex<Now>,
    /// Told when nothing is under way any more.
    over: Notify,
}

#[derive(Debug)]
struct Now {
    /// Cancelled while everything comes to a safe point; a new one afterwards.
    token: CancellationToken,
    /// Runs and passes under way.
    works: usize,
}

/// A run or pass under way, until this is dropped.
#[derive(Debug)]
pub(super) struct Work(Halt);

impl Halt {
    /// Nothing under way; `stop` stops everything that ever is.
    pub(super) fn new(stop: CancellationToken) -> Self {
        let now = Now { token: stop.child_token(), works: 0 };
        Self(Arc::new(Inner { stop, now: Mutex::new(now), over: Notify::new() }))
    }

    fn now(&self) -> std::sync::MutexGuard<'_, Now> {
        self.0.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cancelled when what is under way now is to come to a safe point.
    pub(super) fn token(&self) -> CancellationToken {
        self.now().token.clone()
    }

    /// Whether everything is to stop.
    pub(super) fn is_on(&self) -> bool {
        self.now().token.is_cancelled()
    }

    /// Says that a run or pass is under way.
    pub(super) fn work(&self) -> Work {
        self.now().works += 1;
        Work(self.clone())
    }

    /// Waits for a moment at which nothing is under way.
    pub(super) async fn idle(&self) {
        loop {
            let over = self.0.over.notified();
            if self.now().works == 0 {
                return;
            }
            over.await;
        }
    }

    /// Brings everything under way to a safe point and waits until it is there; what
    /// begins later goes on as ever. Returns how many runs and passes there were.
    pub(super) async fn halt(&self) -> usize {
        let works = {
            let now = self.now();
            now.token.cancel();
            now.works
        };
        loop {
            let over = self.0.over.notified();
            {
                let mut now = self.now();
                if now.works == 0 {
                    now.token = self.0.stop.child_token();
                    return works;
                }
            }
            over.await;
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let mut now = self.0.now();
        now.works -= 1;
        if now.works == 0 {
            self.0.0.over.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_under_way_is_waited_for_and_what_begins_later_goes_on() {
        let halt = Halt::new(CancellationToken::new());
        assert_eq!(halt.halt().await, 0);
        assert!(!halt.is_on());
        let (work, token) = (halt.work(), halt.token());
        let waiting = tokio::spawn({
            let halt = halt.clone();
            async move { halt.halt().await }
        });
        token.cancelled().await;
        assert!(halt.is_on(), "until the last one is at a safe point");
        drop(work);
        assert_eq!(waiting.await.unwrap(), 1);
        assert!(!halt.is_on() && token.is_cancelled());
    }

    #[tokio::test]
    async fn one_may_wait_for_a_moment_without_work_and_stops_nothing() {
        let halt = Halt::new(CancellationToken::new());
        halt.idle().await;
        let (work, other) = (halt.work(), halt.work());
        let idle = halt.idle();
        tokio::pin!(idle);
        assert!(futures::poll!(&mut idle).is_pending());
        drop(work);
        assert!(futures::poll!(&mut idle).is_pending() && !halt.is_on());
        drop(other);
        idle.await;
    }

    #[test]
    fn the_end_of_the_program_stops_everything_too() {
        let stop = CancellationToken::new();
        let halt = Halt::new(stop.clone());
        stop.cancel();
        assert!(halt.is_on() && halt.token().is_cancelled());
    }
}
