//! What the ledger's read side hands out: one plain struct per list.
//!
//! Names from outside are stored as they came; whoever shows them wraps them in
//! [`Shown`](crate::model::Shown).

use jiff::Timestamp;
use serde::Serialize;

use super::notifications::Undelivered;
use crate::model::{EndpointType, Failure, FailureClass, Id, Outcome, RunReport, Schedule};

/// One endpoint, with what an operator asks first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EndpointRow {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub endpoint_type: EndpointType,
    /// Whether syncs without a name include it.
    pub is_active: bool,
    /// The destination's name, if any.
    pub deliver_to: Option<String>,
    /// When its last run began.
    pub last_run: Option<Timestamp>,
    /// How its last run ended; none while the first one runs.
    pub last_outcome: Option<Outcome>,
    /// The last run's first failure in words.
    pub last_error: Option<String>,
    /// When it runs next by itself, as the scheduler has it, or had it when it ended;
    /// none for manual and paused ones.
    pub next_run: Option<Timestamp>,
    /// Exports listed so far, without the baseline.
    pub listed: u64,
    /// Files whose bytes were fetched, of all time.
    pub fetched: u64,
    /// Exports and deliveries that are on their way or wait for their turn.
    pub waiting: u64,
    /// Those of them that failed and are tried again by themselves.
    pub retrying: u64,
    /// Exports and deliveries that wait for the operator.
    pub needs_operator: u64,
    /// Deliveries published but not yet seen taken.
    pub unconfirmed: u64,
    /// Deliveries seen by, or gone to, the receiver.
    pub confirmed: u64,
    /// When the oldest unconfirmed delivery was published.
    pub oldest_unconfirmed_at: Option<Timestamp>,
    /// Its schedule; none if a newer program wrote one that this one does not know.
    pub schedule: Option<Schedule>,
    /// Whether its schedule rests; it can be synced by hand all the same.
    pub paused: bool,
    /// Scheduled runs that never took place, of all time.
    pub missed_runs: u64,
    /// The latest planned time of those.
    pub last_missed_at: Option<Timestamp>,
    /// Files in its register now, with those whose access is lost.
    pub files: u64,
    /// Of them, those that we may not see any more.
    pub access_lost: u64,
    /// Items not seen before, in its last run that ended.
    pub new: u64,
    /// Items that changed, in its last run that ended.
    pub updated: u64,
    /// Items gone at the source, in its last run that ended.
    pub removed: u64,
    /// Calls made to the source's API, in its last run that ended.
    pub api_calls: u64,
    /// Units of the source's quota used, in its last run that ended.
    pub quota_used: u64,
}

/// One export with its newest delivery. Field names are fixed by the surface.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExportRow {
    /// Its id.
    pub id: Id,
    /// The source's id.
    pub uid: String,
    /// The endpoint's name.
    pub endpoint: String,
    /// The file's name as the source has it; the uid until it is known.
    pub name: String,
    /// Of its newest delivery, else its own: a name of the design.
    pub state: String,
    /// Of its newest delivery, else of its fetch.
    pub attempt: u32,
    /// Size in bytes, once known.
    pub bytes: Option<u64>,
    /// Lower-case hex SHA-256, once fetched.
    pub sha256: Option<String>,
    /// The newest delivery, if there is one.
    pub delivery: Option<Id>,
    /// The newest delivery's generation.
    pub generation: Option<u32>,
    /// The final name over there, once decided.
    pub remote_name: Option<String>,
    /// How well it is proved that the receiver has it: E0 to E3.
    pub evidence: Option<String>,
    /// The last failure in words, or why it is held.
    pub error: Option<String>,
    /// What kind of trouble that is.
    pub failure_class: Option<FailureClass>,
    /// When it is tried again by itself.
    pub next_attempt_at: Option<Timestamp>,
    /// When it was first listed.
    pub discovered_at: Timestamp,
    /// When its state last changed.
    pub updated_at: Timestamp,
}

/// One delivery. Field names are fixed by the surface.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TransferRow {
    /// Its id.
    pub id: Id,
    /// Its export's id.
    pub export: Id,
    /// The source's id.
    pub uid: String,
    /// The endpoint's name.
    pub endpoint: String,
    /// The file's name as the source has it.
    pub name: String,
    /// A name of the design.
    pub state: String,
    /// Uploads begun.
    pub attempt: u32,
    /// Size in bytes.
    pub bytes: Option<u64>,
    /// The destination's name.
    pub destination: String,
    /// 1, and one more for each "send again".
    pub generation: u32,
    /// The final name over there.
    pub remote_name: Option<String>,
    /// E0 to E3.
    pub evidence: Option<String>,
    /// The last failure in words, or why it is held.
    pub error: Option<String>,
    /// When it is tried again by itself.
    pub next_attempt_at: Option<Timestamp>,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// When it was confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// When its state last changed.
    pub updated_at: Timestamp,
}

/// One file of a register. Field names are fixed by the surface.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileRow {
    /// Its id.
    pub id: Id,
    /// The endpoint's name.
    pub endpoint: String,
    /// The service's id, which stays over versions, moves and renames.
    pub external_file_id: String,
    /// Its name, as it was given.
    pub name: String,
    /// The names of the folders above it and its own, '/' before each.
    pub path: String,
    /// Where a person opens it.
    pub link: Option<String>,
    /// Its size in bytes, where the service tells.
    pub size: Option<u64>,
    /// Lower case, without the dot.
    pub file_type: Option<String>,
    /// `present`, `removed` or `access_lost`.
    pub state: String,
    /// Differs exactly when the content does.
    pub version: String,
    /// The service's id of its folder.
    pub external_folder_id: String,
    /// Of an endpoint that delivers: `queued` once its version is an export, `waiting`
    /// before.
    pub contents: Option<String>,
    /// Why its bytes are never fetched.
    pub left_out: Option<String>,
    /// When it was made at the service.
    pub external_created_at: Option<Timestamp>,
    /// When it was last changed at the service.
    pub external_updated_at: Option<Timestamp>,
    /// When it came into the register.
    pub created_at: Timestamp,
    /// When its row last changed.
    pub updated_at: Timestamp,
    /// When it was last compared with the service.
    pub last_synced_at: Timestamp,
    /// When it was found gone.
    pub removed_at: Option<Timestamp>,
    /// Since when we may not see it any more.
    pub access_lost_at: Option<Timestamp>,
}

/// One line of the append-only event table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EventRow {
    /// Its number; later events have larger ones.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// What it is about.
    pub subject: Id,
    /// The run it happened in, if any.
    pub run: Option<Id>,
    /// What happened: `state`, `attempt`, `evidence`, `failure`, `operator` …
    pub kind: String,
    /// The state before.
    pub from_state: Option<String>,
    /// The state after.
    pub to_state: Option<String>,
    /// The attempt it belongs to.
    pub attempt: u32,
    /// Anything else worth keeping, in words.
    pub detail: Option<String>,
}

/// How often runs of an endpoint ended in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeCount {
    /// The endpoint's name.
    pub endpoint: String,
    /// How they ended, or that they were missed.
    pub outcome: Outcome,
    /// How many; of missed ones, those that were planned.
    pub runs: u64,
}

/// One export, delivery, file or run with all that happened to it, for `show`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Timeline {
    /// What is shown.
    pub id: Id,
    /// Label and value of each fact, in the order to show them.
    pub facts: Vec<(String, String)>,
    /// Everything that happened, oldest first.
    pub events: Vec<EventRow>,
}

/// Which rows of a list are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this endpoint's.
    pub endpoint: Option<String>,
    /// Only those in this state.
    pub state: Option<String>,
    /// Only those that are not at their end.
    pub pending: bool,
    /// The newest so many; none for all.
    pub limit: Option<u32>,
}

/// The ledger's read side. Every call reads one consistent state; none of them
/// waits for a writer.
pub trait Books: Send + Sync {
    /// All endpoints, in the order of the configuration.
    fn endpoints(&self) -> Result<Vec<EndpointRow>, Failure>;
    /// Exports, newest first.
    fn exports(&self, filter: &Filter) -> Result<Vec<ExportRow>, Failure>;
    /// Deliveries, newest first.
    fn transfers(&self, filter: &Filter) -> Result<Vec<TransferRow>, Failure>;
    /// Files of registers, newest first; without an endpoint those of the configuration's.
    fn files(&self, filter: &Filter) -> Result<Vec<FileRow>, Failure>;
    /// Runs that ended, newest first.
    fn runs(&self, filter: &Filter) -> Result<Vec<RunReport>, Failure>;
    /// How the runs ended that came to their end since then, of each endpoint's newest
    /// thousand or so.
    fn outcomes(&self, since: Timestamp) -> Result<Vec<OutcomeCount>, Failure>;
    /// Notifications that were not taken, channel by channel.
    fn undelivered(&self) -> Result<Vec<Undelivered>, Failure>;
    /// Events, newest first.
    fn events(&self, filter: &Filter) -> Result<Vec<EventRow>, Failure>;
    /// Everything about one export, delivery, file or run; `None` if there is no such thing.
    fn show(&self, id: Id) -> Result<Option<Timeline>, Failure>;
}
