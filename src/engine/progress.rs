//! Progress of one transfer, told a few times a second.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::{Event, Handle, Transfer, retry};
use crate::model::{Failure, FailureClass, Id, Shown, limit_words};
use crate::transport::pace::Pace;

/// The steps in which bytes go over the line.
const MOVES: [&str; 2] = ["downloading", "uploading"];

const OFTEN: Duration = Duration::from_millis(100);

/// One transfer's bar. It is announced when made and taken away when dropped.
pub(super) struct Progress {
    handle: Handle,
    /// How fast its bytes may go.
    pace: Pace,
    state: Mutex<State>,
}

struct State {
    transfer: Transfer,
    told: Instant,
}

impl Progress {
    /// Announces a transfer.
    pub(super) fn start(
        handle: &Handle,
        id: Id,
        endpoint: &str,
        name: &str,
        total: Option<u64>,
    ) -> Self {
        let transfer = Transfer {
            id,
            endpoint: endpoint.into(),
            name: Shown::new(name),
            step: "waiting".into(),
            bytes: 0,
            total,
            throttled_until: None,
        };
        let state = State { transfer, told: Instant::now() };
        Self { handle: handle.clone(), pace: Pace::default(), state: Mutex::new(state) }
    }

    /// The same for bytes that go at this pace.
    #[must_use]
    pub(super) fn at(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// How fast its bytes may go.
    pub(super) fn pace(&self) -> Pace {
        self.pace.clone()
    }

    /// The transfer is at another step, with this many of its bytes through.
    pub(super) fn step(&self, step: &str, bytes: u64, total: Option<u64>) {
        self.change(true, |t| {
            step.clone_into(&mut t.step);
            t.bytes = bytes;
            t.total = total.or(t.total);
            t.throttled_until = None;
        });
    }

    /// Try `tries` failed, the next one comes after `pause`; it begins from `bytes` on.
    pub(super) fn pause(&self, failure: &Failure, tries: u32, pause: Duration, bytes: u64) {
        let (words, until) = match failure.class {
            FailureClass::Throttled => ("throttled".to_owned(), Some(retry::after(pause))),
            FailureClass::Network => (of_tries("reconnecting", tries), None),
            _ => (of_tries("retrying", tries), None),
        };
        self.change(true, |t| {
            t.step = words;
            t.bytes = bytes;
            t.throttled_until = until;
        });
    }

    /// The other side has this many bytes now.
    pub(super) fn bytes(&self, bytes: u64) {
        self.change(false, |t| t.bytes = bytes);
    }

    fn change(&self, at_once: bool, change: impl FnOnce(&mut Transfer)) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        change(&mut state.transfer);
        if at_once || state.told.elapsed() >= OFTEN {
            state.told = Instant::now();
            let mut transfer = state.transfer.clone();
            if let Some(limit) = self.pace.limit().filter(|_| MOVES.contains(&&*transfer.step)) {
                transfer.step = format!("limited {}/s", limit_words(limit));
            }
            self.handle.publish(Event::Transfer(transfer));
        }
    }
}

fn of_tries(words: &str, tries: u32) -> String {
    format!("{words} {tries}/{}", retry::TRIES_IN_A_PASS)
}

impl Drop for Progress {
    fn drop(&mut self) {
        let id =
            self.state.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner).transfer.id;
        self.handle.publish(Event::TransferEnded { id });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Bandwidth;

    #[test]
    fn a_limit_is_shown_while_bytes_move() {
        let (handle, _requests) = Handle::pair();
        let mut events = handle.subscribe();
        let progress = Progress::start(&handle, Id::delivery(1), "e", "a.csv", Some(10));
        let progress = progress.at(Pace::new(Bandwidth::always(512 << 10)));
        let mut told = |step| {
            progress.step(step, 0, None);
            match events.try_recv() {
                Ok(Event::Transfer(transfer)) => transfer.step,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(told("uploading"), "limited 512k/s");
        assert_eq!(told("publishing"), "publishing");
        assert_eq!(told("downloading"), "limited 512k/s");
    }

    #[test]
    fn a_pause_says_why_and_until_when() {
        let (handle, _requests) = Handle::pair();
        let mut events = handle.subscribe();
        let progress = Progress::start(&handle, Id::delivery(1), "e", "a.csv", Some(10));
        let mut told = |class| {
            let failure = Failure::new(class, "uploading", "a.csv");
            progress.pause(&failure, 3, Duration::from_secs(30), 4);
            match events.try_recv() {
                Ok(Event::Transfer(transfer)) => transfer,
                other => panic!("{other:?}"),
            }
        };
        let network = told(FailureClass::Network);
        assert_eq!((network.step.as_str(), network.bytes), ("reconnecting 3/4", 4));
        assert_eq!(network.throttled_until, None);
        assert_eq!(told(FailureClass::Full).step, "retrying 3/4");
        let throttled = told(FailureClass::Throttled);
        assert_eq!(throttled.step, "throttled");
        assert!(throttled.throttled_until.is_some_and(|until| until > crate::ledger::now()));
        progress.step("uploading", 0, None);
        let Ok(Event::Transfer(after)) = events.try_recv() else { panic!("no event") };
        assert_eq!((after.step.as_str(), after.throttled_until), ("uploading", None));
    }
}
