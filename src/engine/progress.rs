//! Progress of one transfer, told a few times a second.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::{Event, Handle, Transfer};
use crate::model::{Id, Shown};

const OFTEN: Duration = Duration::from_millis(100);

/// One transfer's bar. It is announced when made and taken away when dropped.
pub(super) struct Progress {
    handle: Handle,
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
        };
        let state = State { transfer, told: Instant::now() };
        Self { handle: handle.clone(), state: Mutex::new(state) }
    }

    /// The transfer is at another step, with this many of its bytes through.
    pub(super) fn step(&self, step: &str, bytes: u64, total: Option<u64>) {
        self.change(true, |t| {
            step.clone_into(&mut t.step);
            t.bytes = bytes;
            t.total = total.or(t.total);
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
            self.handle.publish(Event::Transfer(state.transfer.clone()));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let id =
            self.state.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner).transfer.id;
        self.handle.publish(Event::TransferEnded { id });
    }
}
