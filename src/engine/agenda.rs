//! What the scheduler, runs and commands share of each endpoint's timing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};

use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;

use super::clock::Clock;
use super::lane::Lane;

/// The timing of every endpoint.
pub(super) struct Agenda {
    pub(super) clock: Arc<dyn Clock>,
    entries: HashMap<i64, Entry>,
    /// Those whose tasks ended although nobody told them to.
    stopped: SyncMutex<Vec<String>>,
}

/// The timing of one endpoint.
#[derive(Default)]
pub(super) struct Entry {
    /// Held by the one run of this endpoint, from before it takes one of the places
    /// for syncs: those who wait for it take none from others.
    pub(super) run: Mutex<()>,
    /// Its plan in the books was changed.
    pub(super) replanned: Notify,
}

impl Agenda {
    /// An agenda for these endpoints.
    pub(super) fn new(clock: Arc<dyn Clock>, lanes: &[Arc<Lane>]) -> Self {
        let entries = lanes.iter().map(|lane| (lane.number, Entry::default())).collect();
        Self { clock, entries, stopped: SyncMutex::default() }
    }

    /// The entry of the endpoint with this number; each lane has one.
    pub(super) fn of(&self, number: i64) -> Option<&Entry> {
        self.entries.get(&number)
    }

    /// The endpoints for which nothing happens by itself any more, by a defect.
    pub(super) fn stopped(&self) -> Vec<String> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Held by a task that must not end before `stop` says so.
    pub(super) fn watched<'a>(&'a self, name: &'a str, stop: &'a CancellationToken) -> Watched<'a> {
        Watched { agenda: self, name, stop }
    }
}

/// Notes that a task ended, however it did.
pub(super) struct Watched<'a> {
    agenda: &'a Agenda,
    name: &'a str,
    stop: &'a CancellationToken,
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if !self.stop.is_cancelled() {
            tracing::error!("{}: nothing happens by itself any more", self.name);
            let mut stopped = self.agenda.stopped.lock().unwrap_or_else(PoisonError::into_inner);
            stopped.push(self.name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SystemClock;

    #[tokio::test]
    async fn a_task_that_ends_before_it_is_told_to_is_noticed_however_it_ends() {
        let agenda = Arc::new(Agenda::new(Arc::new(SystemClock), &[]));
        let stop = CancellationToken::new();
        let (watching, token) = (agenda.clone(), stop.clone());
        let defect = tokio::spawn(async move {
            let _watched = watching.watched("a", &token);
            panic!("on purpose");
        });
        assert!(defect.await.is_err());
        assert_eq!(agenda.stopped(), ["a"]);
        drop(agenda.watched("b", &stop));
        assert_eq!(agenda.stopped(), ["a", "b"]);
        stop.cancel();
        drop(agenda.watched("c", &stop));
        assert_eq!(agenda.stopped(), ["a", "b"], "it was told to");
    }
}
