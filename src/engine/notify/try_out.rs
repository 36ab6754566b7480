//! A test message to every channel, sent at once and booked nowhere.

use super::{channel, installation, words};
use crate::config::Config;
use crate::ledger;
use crate::model::{Failure, Shown};

/// What became of a test message.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// The channel: `smtp`, `webhook ops`.
    pub channel: String,
    /// What the other side answered, or why it was not reached.
    pub answer: Result<Shown, Failure>,
}

/// Sends a test message to every channel of `config`. Needs no ledger.
pub async fn test_notifications(config: &Config) -> Vec<Tried> {
    let (name, message) = (installation(&config.notifications), words::of_test(ledger::now()));
    let channels = channel::open(config);
    let tries = channels.iter().map(|channel| async {
        let answer = channel.send(&name, &message).await;
        Tried { channel: channel.name.clone(), answer }
    });
    futures::future::join_all(tries).await
}
