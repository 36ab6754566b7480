//! The panes, and where the operator is in their lists.

use std::collections::BTreeSet;

use crate::console::fields::Field;
use crate::model::Id;

/// The panes: the first four are always on the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::console) enum Pane {
    #[default]
    Endpoints,
    Pending,
    Transfers,
    Log,
    /// What partners' folders brought. This one and those after it take the middle of
    /// the screen while they have the focus.
    Feeds,
    /// The tables that partners' files are taken into.
    Datasets,
    /// Runs that ended, newest first.
    Runs,
    /// When each endpoint runs.
    Schedules,
    /// What waits for a person, at the top of the screen while there is anything.
    Needs,
}

impl Pane {
    pub(in crate::console) const ALL: [Self; 9] = [
        Self::Endpoints,
        Self::Pending,
        Self::Transfers,
        Self::Log,
        Self::Feeds,
        Self::Datasets,
        Self::Runs,
        Self::Schedules,
        Self::Needs,
    ];

    /// Its title, numbered by the key that goes there.
    pub(in crate::console) fn title(self) -> &'static str {
        match self {
            Self::Endpoints => "1 endpoints",
            Self::Pending => "2 pending exports",
            Self::Transfers => "3 transfers",
            Self::Log => "4 log",
            Self::Feeds => "5 landed files",
            Self::Datasets => "6 datasets",
            Self::Runs => "7 runs",
            Self::Schedules => "8 schedules",
            Self::Needs => "! needs you",
        }
    }

    /// Whether it takes the middle of the screen while it has the focus.
    pub(in crate::console) fn takes_the_middle(self) -> bool {
        matches!(self, Self::Feeds | Self::Datasets | Self::Runs | Self::Schedules)
    }
}

/// What a row is about; it survives reloads and reordering.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::console) enum RowKey {
    Endpoint(String),
    Id(Id),
    /// A landed file, by its number.
    Landed(i64),
    /// A dataset, by its name.
    Dataset(String),
    /// Where operators are told, by the channel's name.
    Channel(String),
}

/// Where the operator is in one pane's list.
#[derive(Clone, Debug, Default)]
pub(in crate::console) struct ListState {
    /// The selected row; none before there was one.
    pub selected: Option<RowKey>,
    /// Where it stood, for when it goes away.
    pub index: usize,
    /// Whether the operator went there; else the top row is selected, whichever it is.
    pub moved: bool,
    /// Rows marked for an action on several.
    pub marked: BTreeSet<Id>,
    /// The row from which a range is marked, while it is.
    pub range: Option<usize>,
    /// Only rows that pass this; empty for all. In the log: the search, in lower case.
    pub filter: String,
    /// The field that it is sorted by, and whether the largest come first.
    pub sort: Option<(Field, bool)>,
}

impl ListState {
    /// Nothing is marked any more.
    pub(in crate::console) fn unmark(&mut self) {
        self.marked.clear();
        self.range = None;
    }
}
