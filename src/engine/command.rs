//! What can be asked of the engine, and what it answers.

use std::path::PathBuf;

pub use crate::model::ReconcileMode;
use crate::model::{EndpointResult, Failure, Id, Project, RunReport, Shown, Trigger};
use crate::silver::IngestTotals;

/// One request to the engine. Keys, the palette, the command line and the
/// schedule all end in one of these.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// One pass over endpoints; answered with [`Reply::Run`].
    Sync {
        /// The endpoints' names; empty for all active ones.
        endpoints: Vec<String>,
        /// Who asked.
        trigger: Trigger,
        /// A full walk, whatever the change detectors say.
        full: bool,
    },
    /// Delivered list minus the ledger; answered with [`Reply::Reconciled`].
    Reconcile {
        /// The endpoints' names; empty for all active ones.
        endpoints: Vec<String>,
        /// What to do with what is found.
        mode: ReconcileMode,
    },
    /// Work on what the books have open, listing nothing; answered, once each item
    /// has come as far as it gets, with [`Reply::CarriedOn`].
    CarryOn {
        /// The endpoints' names; empty for all.
        endpoints: Vec<String>,
    },
    /// Try again now what waits, was held in doubt, or failed; [`Reply::Acted`].
    Retry(Vec<Id>),
    /// Do not go on with these before somebody says so; [`Reply::Acted`].
    Hold(Vec<Id>),
    /// Go on with what is held; [`Reply::Acted`].
    Release(Vec<Id>),
    /// Deliver once more under a new generation: the receiver gets it twice; [`Reply::Acted`].
    SendAgain(Vec<Id>),
    /// Fetch the bytes (again) from the source; [`Reply::Acted`].
    Fetch(Vec<Id>),
    /// Stop the transfer, or give it up where it waits; [`Reply::Acted`].
    Cancel(Vec<Id>),
    /// Sign in for an endpoint whose account needs a person: [`Event::SignIn`] tells
    /// the address; answered, when the browser came back, with [`Reply::SignedIn`].
    ///
    /// [`Event::SignIn`]: super::Event::SignIn
    SignIn {
        /// The endpoint's name.
        endpoint: String,
    },
    /// Wait for that browser no longer; [`Reply::Done`].
    CancelSignIn {
        /// The endpoint's name.
        endpoint: String,
    },
    /// Let schedules rest, also over restarts; [`Reply::Rescheduled`]. A run that is
    /// under way goes on.
    Pause {
        /// The endpoints' names; empty for all active ones.
        endpoints: Vec<String>,
    },
    /// Let schedules go on; [`Reply::Rescheduled`].
    Resume {
        /// The endpoints' names; empty for all active ones.
        endpoints: Vec<String>,
    },
    /// Stop everything under way at a safe point, and let nothing happen by itself:
    /// schedules are paused, also over restarts; what waits for its next try waits until
    /// somebody syncs, resumes or acts on it, or the program starts anew. Nothing is given
    /// up. Answered, when all of it has come to rest, with [`Reply::Stopped`].
    StopAll,
    /// Take landed files in again from bronze, without the partner; answered with
    /// [`Reply::TakenIn`].
    TakeInAgain(Again),
    /// Say whether the engine itself is well; [`Reply::Vitals`].
    Vitals,
}

/// Which landed files are taken in again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// All of these endpoints; of all, if none is named.
    Endpoints(Vec<String>),
    /// One file.
    File {
        /// Its number in silver.
        id: i64,
        /// It goes in however many of its rows are bad.
        accept: bool,
        /// A corrected copy of it, which takes its place.
        replace: Option<PathBuf>,
    },
}

impl Command {
    /// One pass over all active endpoints, asked for by a person.
    pub fn sync_all() -> Self {
        Self::Sync { endpoints: Vec::new(), trigger: Trigger::Manual, full: false }
    }
}

/// What an operator's action did to one id.
#[derive(Clone, Debug, PartialEq)]
pub struct Acted {
    /// What was asked for.
    pub id: Id,
    /// What happened, in words, or why it could not be done.
    pub result: Result<String, Failure>,
}

/// One endpoint's answer to [`look`](super::look) or [`dry_run`](super::dry_run).
#[derive(Clone, Debug, PartialEq)]
pub struct Tested {
    /// The endpoint's name.
    pub endpoint: String,
    /// What was looked at, and what was found, e.g. `("sign in", Ok("organisation 1234"))`.
    pub checks: Vec<(String, Result<Shown, Failure>)>,
    /// The projects or drives that its account may see, where they were asked for.
    pub projects: Vec<Project>,
}

impl Tested {
    /// What went wrong.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.checks.iter().filter_map(|(_, result)| result.as_ref().err())
    }
}

/// One endpoint's answer to [`Command::Reconcile`].
#[derive(Clone, Debug, PartialEq)]
pub struct Reconciled {
    /// The endpoint's name.
    pub endpoint: String,
    /// How many exports the source calls delivered and the ledger did not know.
    pub found: u64,
    /// What was done with them, or why it could not be found out.
    pub result: Result<ReconcileMode, Failure>,
}

/// One endpoint's answer to [`Command::Pause`] and [`Command::Resume`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rescheduled {
    /// The endpoint's name.
    pub endpoint: String,
    /// Whether its schedule rests now.
    pub paused: bool,
    /// Whether that is news.
    pub changed: bool,
}

impl Rescheduled {
    /// In the operator's words.
    pub fn words(&self) -> String {
        let words = match (self.paused, self.changed) {
            (true, true) => "paused; it runs only when somebody asks, until `resume`",
            (true, false) => "is paused already",
            (false, true) => "resumed; it runs by its schedule again",
            (false, false) => "was not paused",
        };
        format!("{}: {words}", self.endpoint)
    }
}

/// The engine's answer to [`Command::StopAll`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stopped {
    /// Runs and passes that were under way.
    pub works: usize,
    /// Schedules that rest now and did not before.
    pub paused: usize,
}

/// The engine's answer to [`Command::TakeInAgain`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenIn {
    /// Files that were made to wait again.
    pub set_back: u64,
    /// What was taken in then; also what waited before.
    pub totals: IngestTotals,
}

/// The engine's answer to [`Command::Vitals`]. That there is one says that it takes
/// commands.
#[derive(Clone, Debug, PartialEq)]
pub struct Vitals {
    /// Whether the ledger can be written.
    pub ledger: Result<(), Failure>,
    /// Endpoints for which nothing happens by itself any more, by a defect.
    pub stopped: Vec<String>,
}

/// The engine's answer to a [`Command`].
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// What a sync did.
    Run(RunReport),
    /// What carrying on did, endpoint by endpoint.
    CarriedOn(Vec<EndpointResult>),
    /// What an action did, id by id.
    Acted(Vec<Acted>),
    /// What a reconcile found.
    Reconciled(Vec<Reconciled>),
    /// A person has signed in.
    SignedIn {
        /// The endpoint's name.
        endpoint: String,
        /// As whom.
        identity: Shown,
    },
    /// It was done; there is nothing to say about it.
    Done,
    /// What a pause or resume did, endpoint by endpoint.
    Rescheduled(Vec<Rescheduled>),
    /// What stopping everything did.
    Stopped(Stopped),
    /// What taking in again did.
    TakenIn(TakenIn),
    /// How the engine is.
    Vitals(Vitals),
    /// The command itself could not be carried out.
    Failed(Failure),
}
