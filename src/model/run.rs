//! What a run did, as reported by `sync --json` and kept in the books.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::delivery::state_names;
use super::{EndpointType, Failure, Id};

state_names! {
    /// How a run, or one endpoint's part in it, ended.
    pub enum Outcome {
        /// Everything that there was to do was done.
        Done = "done",
        /// The source was asked and had nothing new.
        NothingNew = "nothing_new",
        /// Some worked, some did not and will be tried again.
        Partial = "partial",
        /// Nothing worked.
        Failed = "failed",
        /// Something waits for the operator: held, in doubt, sign in again.
        NeedsOperator = "needs_operator",
        /// It did not take place: the program did not run, or the machine slept. Only
        /// in the books; no sync is answered with it.
        Missed = "missed",
    }
}

state_names! {
    /// Who started a run.
    pub enum Trigger {
        /// A person: a key in the console or the command line.
        Manual = "manual",
        /// The schedule.
        Schedule = "schedule",
    }
}

/// One endpoint's part in a run. Field names are fixed by the surface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndpointResult {
    /// The endpoint's name.
    pub name: String,
    /// Its kind.
    pub endpoint_type: EndpointType,
    /// How it ended.
    pub outcome: Outcome,
    /// Items that the source listed.
    pub discovered: u64,
    /// Items not seen before.
    pub new: u64,
    /// Items known before that changed.
    pub updated: u64,
    /// Items that are gone at the source.
    pub removed: u64,
    /// Files whose bytes were fetched and verified.
    pub fetched: u64,
    /// Files published at the destination in this run.
    pub delivered: u64,
    /// Items that failed in this run.
    pub failed: u64,
    /// Bytes fetched.
    pub bytes: u64,
    /// Calls made to the source's API.
    pub api_calls: u64,
    /// Units of the source's quota used; as many as calls where it does not count in
    /// units. In the books, not in the report.
    #[serde(skip)]
    pub quota_used: u64,
    /// The first failure in words, if any.
    pub error: Option<String>,
    /// The first failure itself: its class decides the exit code.
    #[serde(skip)]
    pub failure: Option<Failure>,
}

impl EndpointResult {
    /// A result with nothing counted yet.
    pub fn new(name: impl Into<String>, endpoint_type: EndpointType) -> Self {
        Self {
            name: name.into(),
            endpoint_type,
            outcome: Outcome::NothingNew,
            discovered: 0,
            new: 0,
            updated: 0,
            removed: 0,
            fetched: 0,
            delivered: 0,
            failed: 0,
            bytes: 0,
            api_calls: 0,
            quota_used: 0,
            error: None,
            failure: None,
        }
    }
}

/// A whole run. Field names are fixed by the surface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// The run's id.
    pub run_id: Id,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How it ended, over all endpoints.
    pub outcome: Outcome,
    /// Each endpoint's part.
    pub endpoints: Vec<EndpointResult>,
}
