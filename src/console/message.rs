//! Everything that can happen to the console.

use crossterm::event::Event as Input;

use super::pending::Pending;
use super::reread::Reread;
use crate::engine::{Command, Event, Reply};
use crate::ledger::{EndpointRow, OutcomeCount, Timeline, TransferRow, Undelivered};
use crate::model::{Failure, Id, RunReport};
use crate::silver::lists::{LandedRow, QuarantineRow, Stand};

/// One thing that happened; the only way anything reaches the state.
#[derive(Debug)]
pub(super) enum Message {
    /// The terminal: a key, the mouse, another size.
    Input(Input),
    /// The terminal cannot be read any more.
    InputFailed(String),
    /// The engine tells something.
    Engine(Box<Event>),
    /// So many events came too fast to be seen; the books know them.
    Missed(u64),
    /// The books were read.
    Books(Box<Result<Snapshot, Failure>>),
    /// One thing's timeline was read; how many of its earlier events were left out.
    Timeline(Id, Result<Option<(Timeline, usize)>, Failure>),
    /// The rows of a landed file that are set aside were read.
    SetAside(i64, Result<Vec<QuarantineRow>, Failure>),
    /// Runs were read: of this endpoint, or of all.
    Runs(Option<String>, Result<Vec<RunReport>, Failure>),
    /// The engine answered a command.
    Replied(Command, Reply),
    /// The configuration was read again; none: nobody does that any more.
    Reread(Option<Reread>),
    /// There are new lines in the log.
    Logged,
    /// Time went by, and something on the screen depends on it.
    Tick,
}

/// What the panes show of the books; bounded, however large the books are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Snapshot {
    /// All endpoints.
    pub endpoints: Vec<EndpointRow>,
    /// Exports that are not at their end, newest first.
    pub pending: Pending,
    /// Deliveries, newest first.
    pub recent: Vec<TransferRow>,
    /// How runs ended since yesterday evening.
    pub night: Vec<OutcomeCount>,
    /// Channels that did not take what they were to be told.
    pub undelivered: Vec<Undelivered>,
    /// The datasets, by name.
    pub datasets: Vec<Stand>,
    /// Landed files: what needs a person first, then the newest.
    pub landed: Vec<LandedRow>,
    /// Why these could not be read; the rest is right all the same.
    pub landed_failure: Option<Failure>,
}
