//! What the engine tells whoever listens: the console, headless lines, the log.

use jiff::Timestamp;

use crate::model::{DeliveryState, EndpointResult, ExportState, Failure, Id, RunReport, Shown};
use crate::silver::Ingested;

/// Something happened. Events are hints for people; the ledger is the truth.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A run began.
    RunStarted {
        /// The run.
        run: Id,
        /// The endpoints in it.
        endpoints: Vec<String>,
    },
    /// A run ended.
    RunEnded(RunReport),
    /// An endpoint's part of a run moved on to another phase.
    Endpoint {
        /// The endpoint's name.
        endpoint: String,
        /// What it does now.
        phase: Phase,
    },
    /// An endpoint's part of a run ended.
    EndpointEnded(EndpointResult),
    /// An export has a new state.
    Export {
        /// The export.
        id: Id,
        /// Its endpoint.
        endpoint: String,
        /// Its name.
        name: Shown,
        /// Its state now.
        state: ExportState,
        /// Why, if something went wrong.
        failure: Option<Failure>,
    },
    /// A delivery has a new state.
    Delivery {
        /// The delivery.
        id: Id,
        /// Its export.
        export: Id,
        /// Its endpoint.
        endpoint: String,
        /// Its name at the destination.
        name: Shown,
        /// Its state now.
        state: DeliveryState,
        /// The attempt.
        attempt: u32,
        /// Why, if something went wrong.
        failure: Option<Failure>,
    },
    /// Bytes moved. Sent a few times a second and transfer at the most.
    Transfer(Transfer),
    /// A transfer is over, well or not; its bar goes away.
    TransferEnded {
        /// Whose bytes: an export (fetching) or a delivery (uploading).
        id: Id,
    },
    /// How far a walk through a register is. Sent a few times a second at the most,
    /// and once at its end.
    Walk(Walk),
    /// A landed file was taken in, or why it was not. It is durable.
    Ingested(Ingested),
    /// When an endpoint runs next by itself.
    Scheduled {
        /// The endpoint's name.
        endpoint: String,
        /// When; none for never.
        at: Option<Timestamp>,
    },
    /// A sign-in waits for a person and a browser, or does so no longer.
    SignIn {
        /// The endpoint's name.
        endpoint: String,
        /// The address to open; none when the wait is over.
        url: Option<String>,
    },
    /// Anything else the operator should read.
    Notice {
        /// How much it matters.
        level: Level,
        /// The words.
        text: String,
    },
}

/// What an endpoint's sync is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Waits for another run or for its turn.
    Queued,
    /// Signs in.
    SigningIn,
    /// First run: books what was delivered before as handled.
    Baseline,
    /// Settles a list whose reply was lost.
    Reconciling,
    /// Asks for the list.
    Listing,
    /// Fetches and delivers files.
    Transferring,
    /// Takes landed files into their tables.
    Ingesting,
    /// Looks whether the receiver took what was published.
    Confirming,
    /// Does not list, and why.
    Braked(String),
    /// The register is kept, but no contents are fetched for it, and why.
    ContentsWait(String),
    /// Nothing runs.
    Idle,
}

impl Phase {
    /// In the operator's words.
    pub fn words(&self) -> String {
        match self {
            Self::Queued => "queued".into(),
            Self::SigningIn => "signing in".into(),
            Self::Baseline => "taking the baseline".into(),
            Self::Reconciling => "reconciling".into(),
            Self::Listing => "listing".into(),
            Self::Transferring => "transferring".into(),
            Self::Ingesting => "taking in".into(),
            Self::Confirming => "confirming".into(),
            Self::Braked(why) => format!("not listing: {why}"),
            Self::ContentsWait(why) => format!("contents wait: {why}"),
            Self::Idle => "idle".into(),
        }
    }
}

/// Progress of one file in one direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Transfer {
    /// An export (fetching) or a delivery (uploading).
    pub id: Id,
    /// Its endpoint.
    pub endpoint: String,
    /// The file's name.
    pub name: Shown,
    /// The step, in words: `downloading`, `uploading`, `verifying`, `publishing`,
    /// `reconnecting 3/4`, `retrying 3/4`, `throttled`.
    pub step: String,
    /// Bytes acknowledged by the side that receives them.
    pub bytes: u64,
    /// Bytes in all, once known.
    pub total: Option<u64>,
    /// Until when it waits, if the other side has asked for that.
    pub throttled_until: Option<Timestamp>,
}

/// How far a walk through an endpoint's register is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// The endpoint's name.
    pub endpoint: String,
    /// Files seen so far.
    pub found: u64,
    /// Of them, those not seen before.
    pub new: u64,
    /// Files known before that changed, were moved or renamed, or came back.
    pub updated: u64,
    /// Files that are gone; known only at the end of a walk.
    pub removed: u64,
    /// Calls made to the service by this walk.
    pub calls: u64,
    /// Units of the service's quota used by this walk.
    pub quota: u64,
    /// Until when the service has asked us to wait, if it has.
    pub throttled_until: Option<Timestamp>,
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Good to know.
    Info,
    /// Worth a look.
    Warning,
    /// Something is wrong.
    Error,
}
