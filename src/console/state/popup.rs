//! What stands in front of the panes.

use jiff::Timestamp;

use crate::console::effect::Effect;
use crate::engine::{Command, Level};
use crate::ledger::Timeline;
use crate::model::{Id, RunReport, Shown};
use crate::silver::lists::QuarantineRow;

/// Something in front of the panes.
#[derive(Clone, Debug)]
pub(in crate::console) enum Popup {
    Help { scroll: usize },
    Details(Details),
    Confirm(Confirm),
    Palette { input: String, index: usize },
    SignIn(SignIn),
}

/// A sign-in that waits for the operator and a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::console) struct SignIn {
    pub endpoint: String,
    /// The address to open there.
    pub url: String,
}

/// One thing with all that happened to it.
#[derive(Clone, Debug)]
pub(in crate::console) struct Details {
    pub title: Shown,
    /// None for what the books keep no timeline of.
    pub id: Option<Id>,
    pub facts: Vec<(String, String)>,
    /// None until it was read.
    pub timeline: Option<Timeline>,
    /// Earlier events that are not shown: there are too many.
    pub left_out: usize,
    /// If it is a landed file: what was set aside of it.
    pub landed: Option<SetAside>,
    /// If it is an endpoint: its last runs.
    pub runs: Option<LastRuns>,
    pub scroll: usize,
}

impl Details {
    /// What is known at once.
    pub(in crate::console) fn of(title: Shown, facts: Vec<(String, String)>) -> Self {
        let (timeline, landed, runs) = (None, None, None);
        Self { title, id: None, facts, timeline, left_out: 0, landed, runs, scroll: 0 }
    }

    /// Where the thing lies: an address, a path over there, or one here.
    pub(in crate::console) fn path(&self) -> Option<String> {
        let facts = || self.facts.iter().chain(self.timeline.iter().flat_map(|t| &t.facts));
        let fact = |wanted: &&str| facts().find(|(label, _)| label == wanted);
        let labels = ["link", "remote name", "path", "kept as", "raw reply"];
        labels.iter().find_map(fact).map(|(_, value)| value.clone())
    }

    /// What has to be read for it at first.
    pub(in crate::console) fn first(&self) -> Option<Effect> {
        let runs = self.runs.as_ref().map(|runs| Effect::Runs(Some(runs.of.clone())));
        self.refresh().or(runs)
    }

    /// What has to be read for it whenever something happened.
    pub(in crate::console) fn refresh(&self) -> Option<Effect> {
        let landed = self.landed.as_ref().map(|landed| Effect::SetAside(landed.file));
        self.id.map(Effect::Show).or(landed)
    }
}

/// The last runs of an endpoint.
#[derive(Clone, Debug)]
pub(in crate::console) struct LastRuns {
    /// The endpoint's name.
    pub of: String,
    /// The newest first; none until they were read.
    pub rows: Option<Vec<RunReport>>,
}

/// The rows of a landed file that are set aside.
#[derive(Clone, Debug)]
pub(in crate::console) struct SetAside {
    /// The file's number.
    pub file: i64,
    /// The first of them; none until they were read.
    pub rows: Option<Vec<QuarantineRow>>,
}

/// A question before something that cannot be taken back.
#[derive(Clone, Debug)]
pub(in crate::console) struct Confirm {
    pub title: String,
    /// What is acted on, then what will happen.
    pub lines: Vec<String>,
    /// The words on the dangerous button.
    pub yes: String,
    /// What is done then; none for leaving the console.
    pub command: Option<Command>,
    /// Whether the dangerous button is the focused one.
    pub on_yes: bool,
}

/// A line that goes away by itself.
#[derive(Clone, Debug)]
pub(in crate::console) struct Toast {
    pub level: Level,
    pub text: String,
    pub until: Timestamp,
}
