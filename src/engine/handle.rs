//! How everybody else speaks with the engine.

use tokio::sync::{broadcast, mpsc, oneshot};

use super::{Command, Event, Reply};
use crate::model::{Failure, FailureClass};

/// Events kept for a listener that is slow; one that is slower learns how many
/// it missed and reads the ledger.
const EVENTS_KEPT: usize = 4096;

/// A command on its way to the engine, with the place for its answer.
pub type Request = (Command, oneshot::Sender<Reply>);

/// A way into the engine. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    commands: mpsc::UnboundedSender<Request>,
    events: broadcast::Sender<Event>,
}

impl Handle {
    /// A handle and the end at which its commands arrive: the engine's end, or a test's.
    pub fn pair() -> (Self, mpsc::UnboundedReceiver<Request>) {
        let (commands, requests) = mpsc::unbounded_channel();
        let (events, _) = broadcast::channel(EVENTS_KEPT);
        (Self { commands, events }, requests)
    }

    /// Asks for `command` and waits for the answer.
    pub async fn request(&self, command: Command) -> Reply {
        let (answer, answered) = oneshot::channel();
        // Either end gone means the same: the engine has stopped.
        if self.commands.send((command, answer)).is_ok()
            && let Ok(reply) = answered.await
        {
            return reply;
        }
        Reply::Failed(Failure::new(FailureClass::Cancelled, "asking the engine", "it has stopped"))
    }

    /// The events from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Tells everybody who listens. Nobody listening is fine.
    pub fn publish(&self, event: Event) {
        let _ = self.events.send(event);
    }
}
