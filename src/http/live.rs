//! What moves now, gathered from the engine's events.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::engine::{Event, Phase, Transfer, Walk};
use crate::model::Id;

/// A picture of now, redrawn with each event.
#[derive(Clone, Debug, Default)]
pub(super) struct Live(Arc<Mutex<Picture>>);

#[derive(Clone, Debug, Default)]
pub(super) struct Picture {
    /// The transfers on their way.
    pub(super) transfers: BTreeMap<Id, Transfer>,
    /// The last walk through each register, as far as it came.
    pub(super) walks: BTreeMap<String, Walk>,
    /// What endpoints do; those that do nothing are not in it.
    pub(super) phases: BTreeMap<String, Phase>,
}

impl Live {
    /// As it is now.
    pub(super) fn picture(&self) -> Picture {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Picture)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Redraws the picture until `stop`.
pub(super) async fn follow(live: Live, mut events: Receiver<Event>, stop: CancellationToken) {
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = events.recv() => event,
        };
        match event {
            Ok(event) => live.change(|picture| picture.apply(event)),
            // Ends were missed perhaps; what still moves shows itself soon.
            Err(RecvError::Lagged(_)) => live.change(|picture| picture.transfers.clear()),
            Err(RecvError::Closed) => return,
        }
    }
}

impl Picture {
    fn apply(&mut self, event: Event) {
        match event {
            Event::Transfer(transfer) => {
                self.transfers.insert(transfer.id, transfer);
            }
            Event::TransferEnded { id } => {
                self.transfers.remove(&id);
            }
            Event::Walk(walk) => {
                self.walks.insert(walk.endpoint.clone(), walk);
            }
            Event::Endpoint { endpoint, phase: Phase::Idle } => {
                self.phases.remove(&endpoint);
            }
            Event::Endpoint { endpoint, phase } => {
                self.phases.insert(endpoint, phase);
            }
            // Why nothing was listed stays, as on the screen.
            Event::EndpointEnded(result)
                if !matches!(
                    self.phases.get(&result.name),
                    Some(Phase::Braked(_) | Phase::ContentsWait(_))
                ) =>
            {
                self.phases.remove(&result.name);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EndpointResult, EndpointType, Shown};

    fn transfer(number: i64, bytes: u64) -> Event {
        Event::Transfer(Transfer {
            id: Id::delivery(number),
            endpoint: "a".into(),
            name: Shown::new("a.csv"),
            step: "uploading".into(),
            bytes,
            total: None,
            throttled_until: None,
        })
    }

    fn phase(phase: Phase) -> Event {
        Event::Endpoint { endpoint: "a".into(), phase }
    }

    #[test]
    fn what_is_over_is_not_shown() {
        let mut picture = Picture::default();
        for event in [transfer(1, 1), transfer(2, 1), transfer(1, 5), phase(Phase::Listing)] {
            picture.apply(event);
        }
        assert_eq!(picture.transfers[&Id::delivery(1)].bytes, 5);
        assert_eq!((picture.transfers.len(), picture.phases.len()), (2, 1));
        picture.apply(Event::TransferEnded { id: Id::delivery(1) });
        let ended = || Event::EndpointEnded(EndpointResult::new("a", EndpointType::Encoura));
        picture.apply(ended());
        assert_eq!((picture.transfers.len(), picture.phases.len()), (1, 0));
        // A brake is why nothing was listed: it stays until something else is said.
        picture.apply(phase(Phase::Braked("full".into())));
        picture.apply(ended());
        assert_eq!(picture.phases.len(), 1);
        picture.apply(phase(Phase::Idle));
        assert!(picture.phases.is_empty());
    }
}
