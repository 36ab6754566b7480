//! What operators are told while nobody looks at a screen.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Shown;
use super::delivery::state_names;

state_names! {
    /// What a message is about.
    pub enum NotificationEvent {
        /// Something does not work: once per incident.
        Failure = "failure",
        /// It still does not.
        Reminder = "reminder",
        /// It works again.
        Recovered = "recovered",
        /// What a day came to.
        Digest = "digest",
        /// Somebody tries out whether messages arrive.
        Test = "test",
    }
}

/// One message, before it has the form of a channel. All of its text is safe to show and
/// bounded; it holds no content and no secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// The same however often it is sent: whoever gets it twice can tell.
    pub id: String,
    /// What it is about.
    pub event: NotificationEvent,
    /// When it was written, which may be a while before it arrives.
    pub at: Timestamp,
    /// The endpoint; none where it is about the program itself.
    pub endpoint: Option<Shown>,
    /// The kind of trouble: `unreachable`, `sign_in`, `held` …
    pub cause: Option<String>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// How many files it concerns, where that is known.
    pub files: Option<u64>,
    /// How often each thing happened, in a digest.
    #[serde(default)]
    pub counts: BTreeMap<String, u64>,
    /// All of it in one line.
    pub title: Shown,
    /// The rest.
    pub lines: Vec<Shown>,
}
