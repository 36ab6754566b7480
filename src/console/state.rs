//! Everything the screen is drawn from.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use super::Options;
use super::effect::Effect;
use super::keymap::Keymap;
use super::live::Transfers;
use super::message::Snapshot;
use super::theme::Theme;
use crate::engine::{Command, Level, Phase, Walk};
use crate::ledger::{EndpointRow, ExportRow, Timeline, TransferRow};
use crate::model::{EndpointType, Failure, Id, Kind, Outcome, Shown};
use crate::silver::lists::{LandedRow, QuarantineRow};

/// The panes, from top to bottom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Pane {
    #[default]
    Endpoints,
    Pending,
    Transfers,
    Log,
    /// What partners' folders brought; takes the middle of the screen while it has the
    /// focus.
    Feeds,
}

impl Pane {
    pub(super) const ALL: [Self; 5] =
        [Self::Endpoints, Self::Pending, Self::Transfers, Self::Log, Self::Feeds];

    /// Its title, numbered by the key that goes there.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Endpoints => "1 endpoints",
            Self::Pending => "2 pending exports",
            Self::Transfers => "3 transfers",
            Self::Log => "4 log",
            Self::Feeds => "5 landed files",
        }
    }

    /// The next pane, or the one before, round and round; the last one only where there
    /// are feeds.
    pub(super) fn step(self, forward: bool, feeds: bool) -> Self {
        let count = Self::ALL.len() - usize::from(!feeds);
        let steps = if forward { 1 } else { count - 1 };
        Self::ALL[(self as usize).min(count - 1).wrapping_add(steps) % count]
    }
}

/// What a row is about; it survives reloads and reordering.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RowKey {
    Endpoint(String),
    Id(Id),
    /// A landed file, by its number.
    Landed(i64),
}

/// Where the operator is in one pane's list.
#[derive(Clone, Debug, Default)]
pub(super) struct ListState {
    /// The selected row; none before there was one.
    pub selected: Option<RowKey>,
    /// Where it stood, for when it goes away.
    pub index: usize,
    /// Whether the operator went there; else the top row is selected, whichever it is.
    pub moved: bool,
    /// Rows marked for an action on several.
    pub marked: BTreeSet<Id>,
    /// Only rows with this text, in lower case; empty for all. In the log: the search.
    pub filter: String,
}

/// What an action acts on: one export or its newest delivery.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    /// The delivery if there is one, else the export.
    pub id: Id,
    /// The export; unknown for a delivery that the books were not read for yet.
    pub export: Option<Id>,
    pub endpoint: String,
    pub name: Shown,
    pub state: String,
}

/// Something in front of the panes.
#[derive(Clone, Debug)]
pub(super) enum Popup {
    Help { scroll: usize },
    Details(Details),
    Confirm(Confirm),
    Palette { input: String, index: usize },
    SignIn(SignIn),
}

/// A sign-in that waits for the operator and a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SignIn {
    pub endpoint: String,
    /// The address to open there.
    pub url: String,
}

/// One thing with all that happened to it.
#[derive(Clone, Debug)]
pub(super) struct Details {
    pub title: Shown,
    /// None for what the books keep no timeline of.
    pub id: Option<Id>,
    pub facts: Vec<(String, String)>,
    /// None until it was read.
    pub timeline: Option<Timeline>,
    /// If it is a landed file: what was set aside of it.
    pub landed: Option<SetAside>,
    pub scroll: usize,
}

impl Details {
    /// What is known at once.
    pub(super) fn of(title: Shown, facts: Vec<(String, String)>) -> Self {
        Self { title, id: None, facts, timeline: None, landed: None, scroll: 0 }
    }

    /// What has to be read for it, at first and whenever something happened.
    pub(super) fn refresh(&self) -> Option<Effect> {
        let landed = self.landed.as_ref().map(|landed| Effect::SetAside(landed.file));
        self.id.map(Effect::Show).or(landed)
    }
}

/// The rows of a landed file that are set aside.
#[derive(Clone, Debug)]
pub(super) struct SetAside {
    /// The file's number.
    pub file: i64,
    /// The first of them; none until they were read.
    pub rows: Option<Vec<QuarantineRow>>,
}

/// A question before something that cannot be taken back.
#[derive(Clone, Debug)]
pub(super) struct Confirm {
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
pub(super) struct Toast {
    pub level: Level,
    pub text: String,
    pub until: Timestamp,
}

/// The state of the console.
pub(super) struct State {
    pub title: String,
    pub theme: Theme,
    pub read_only: bool,
    pub mouse: bool,
    /// Set by the loop before each message, so that `update` stays pure.
    pub now: Timestamp,
    pub zone: TimeZone,
    pub books: Snapshot,
    /// Why the books could not be read.
    pub books_failure: Option<Failure>,
    /// Whether they were read at all.
    pub loaded: bool,
    pub phases: BTreeMap<String, Phase>,
    /// How far the walks under way are, by endpoint.
    pub walks: BTreeMap<String, Walk>,
    pub runs: BTreeMap<Id, Timestamp>,
    pub transfers: Transfers,
    pub focus: Pane,
    pub full: bool,
    pub lists: [ListState; 5],
    /// Rows that went in and rows set aside, by endpoint, in the run under way or the last
    /// one that this console saw.
    pub taken_in: BTreeMap<String, (u64, u64)>,
    /// Whether keys go into the focused pane's filter.
    pub typing: bool,
    pub popup: Option<Popup>,
    pub toast: Option<Toast>,
    /// Until when a second ctrl-c leaves.
    pub interrupted: Option<Timestamp>,
    /// Which keys do what.
    pub keys: Keymap,
    /// Where the panes are, for the mouse; drawing sets it.
    pub middle: Rect,
    /// Rows of the focused list on the screen, for moving by pages; drawing sets it.
    pub page: usize,
}

impl State {
    pub(super) fn new(options: &Options, zone: TimeZone) -> Self {
        Self {
            title: options.title.clone(),
            theme: Theme::new(options.palette.without_colour(!options.color), options.ascii),
            read_only: options.read_only,
            mouse: options.mouse,
            now: Timestamp::now(),
            zone,
            books: Snapshot::default(),
            books_failure: None,
            loaded: false,
            phases: BTreeMap::new(),
            walks: BTreeMap::new(),
            runs: BTreeMap::new(),
            transfers: Transfers::default(),
            focus: Pane::Endpoints,
            full: false,
            lists: Default::default(),
            taken_in: BTreeMap::new(),
            typing: false,
            popup: None,
            toast: None,
            interrupted: None,
            keys: options.keys.clone(),
            middle: Rect::ZERO,
            page: 10,
        }
    }

    pub(super) fn list(&self, pane: Pane) -> &ListState {
        &self.lists[pane as usize]
    }

    pub(super) fn list_mut(&mut self, pane: Pane) -> &mut ListState {
        &mut self.lists[pane as usize]
    }

    /// Whether `fields` hold the pane's filter.
    fn shows(&self, pane: Pane, fields: &[&str]) -> bool {
        let filter = &self.list(pane).filter;
        filter.is_empty() || fields.iter().any(|f| f.to_lowercase().contains(filter.as_str()))
    }

    /// The endpoints that pass the filter.
    pub(super) fn endpoints(&self) -> impl Iterator<Item = &EndpointRow> {
        self.books.endpoints.iter().filter(|e| self.shows(Pane::Endpoints, &[&e.name]))
    }

    /// The pending exports that pass the filter.
    pub(super) fn pending(&self) -> impl Iterator<Item = &ExportRow> {
        self.books.pending.iter().filter(|x| {
            let error = x.error.as_deref().unwrap_or("");
            self.shows(Pane::Pending, &[&x.name, &x.endpoint, &x.state, error, &x.uid])
        })
    }

    /// The transfers under way that pass the filter.
    pub(super) fn live(&self) -> impl Iterator<Item = &super::live::Live> {
        self.transfers.iter().filter(|live| {
            let t = &live.transfer;
            self.shows(Pane::Transfers, &[t.name.as_str(), &t.endpoint, &t.step])
        })
    }

    /// The recent deliveries that pass the filter and are not under way.
    pub(super) fn recent(&self) -> impl Iterator<Item = &TransferRow> {
        self.books.recent.iter().filter(|d| {
            let remote = d.remote_name.as_deref().unwrap_or("");
            self.transfers.get(d.id).is_none()
                && self.shows(Pane::Transfers, &[&d.name, remote, &d.endpoint, &d.state])
        })
    }

    /// The landed files that pass the filter.
    pub(super) fn landed(&self) -> impl Iterator<Item = &LandedRow> {
        self.books.landed.iter().filter(|file| {
            let dataset = file.dataset.as_deref().unwrap_or("");
            let error = file.error.as_deref().unwrap_or("");
            let fields = [&*file.path, &file.endpoint, &file.state, dataset, error];
            self.shows(Pane::Feeds, &fields)
        })
    }

    /// Whether there are partners' folders at all.
    pub(super) fn has_feeds(&self) -> bool {
        let sftp = |e: &EndpointRow| e.endpoint_type == EndpointType::Sftp;
        !self.books.landed.is_empty() || self.books.endpoints.iter().any(sftp)
    }

    /// What the rows of `pane` are about, from top to bottom.
    pub(super) fn rows(&self, pane: Pane) -> Vec<RowKey> {
        match pane {
            Pane::Endpoints => self.endpoints().map(|e| RowKey::Endpoint(e.name.clone())).collect(),
            Pane::Pending => self.pending().map(|x| RowKey::Id(x.id)).collect(),
            Pane::Transfers => self
                .live()
                .map(|live| RowKey::Id(live.transfer.id))
                .chain(self.recent().map(|d| RowKey::Id(d.id)))
                .collect(),
            Pane::Feeds => self.landed().map(|file| RowKey::Landed(file.id)).collect(),
            Pane::Log => Vec::new(),
        }
    }

    /// Selects row `index` of `pane`, or the last one.
    pub(super) fn select(&mut self, pane: Pane, index: usize) {
        let rows = self.rows(pane);
        let index = index.min(rows.len().saturating_sub(1));
        let list = self.list_mut(pane);
        list.index = index;
        list.selected = rows.into_iter().nth(index);
    }

    /// Keeps every selection on its row, or where that row was, after rows changed.
    pub(super) fn settle(&mut self) {
        for pane in Pane::ALL {
            let list = self.list(pane);
            // In the pane that keys act on, the row under the cursor never changes.
            let index = if self.focus == pane || list.moved {
                let kept = |row: &RowKey| Some(row) == list.selected.as_ref();
                self.rows(pane).iter().position(kept).unwrap_or(list.index)
            } else {
                0
            };
            self.select(pane, index);
        }
    }

    /// What the export or delivery `id` is, as far as the screen knows.
    pub(super) fn target(&self, id: Id) -> Option<Target> {
        if let Some(x) = self.books.pending.iter().find(|x| x.id == id || x.delivery == Some(id)) {
            return Some(Target {
                id: x.delivery.unwrap_or(x.id),
                export: Some(x.id),
                endpoint: x.endpoint.clone(),
                name: Shown::new(&x.name),
                state: x.state.clone(),
            });
        }
        if let Some(d) = self.books.recent.iter().find(|d| d.id == id) {
            return Some(Target {
                id,
                export: Some(d.export),
                endpoint: d.endpoint.clone(),
                name: Shown::new(&d.name),
                state: d.state.clone(),
            });
        }
        let t = &self.transfers.get(id)?.transfer;
        let fetching = id.kind == Kind::Export;
        Some(Target {
            id,
            export: fetching.then_some(id),
            endpoint: t.endpoint.clone(),
            name: t.name.clone(),
            state: if fetching { "downloading" } else { "uploading" }.to_owned(),
        })
    }

    /// The marked rows of the focused pane, else the selected one.
    pub(super) fn targets(&self) -> Vec<Target> {
        let list = self.list(self.focus);
        if !list.marked.is_empty() {
            return list.marked.iter().filter_map(|id| self.target(*id)).collect();
        }
        match &list.selected {
            Some(RowKey::Id(id)) => self.target(*id).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// The endpoint of the selected row.
    pub(super) fn endpoint(&self) -> Option<String> {
        match self.list(self.focus).selected.as_ref()? {
            RowKey::Endpoint(name) => Some(name.clone()),
            RowKey::Id(id) => Some(self.target(*id)?.endpoint),
            RowKey::Landed(file) => Some(self.landed_file(*file)?.endpoint.clone()),
        }
    }

    /// The landed file of this number.
    pub(super) fn landed_file(&self, file: i64) -> Option<&LandedRow> {
        self.books.landed.iter().find(|row| row.id == file)
    }

    /// The selected landed file, in the pane of these.
    pub(super) fn selected_landed(&self) -> Option<&LandedRow> {
        match self.list(self.focus).selected {
            Some(RowKey::Landed(file)) => self.landed_file(file),
            _ => None,
        }
    }

    /// Whether a sync of `endpoint` is under way.
    pub(super) fn is_running(&self, endpoint: &str) -> bool {
        self.phases.get(endpoint).is_some_and(|p| !matches!(p, Phase::Idle | Phase::Braked(_)))
    }

    /// Whether leaving now would interrupt something.
    pub(super) fn is_busy(&self) -> bool {
        self.transfers.count() > 0 || !self.runs.is_empty()
    }

    /// How many exports and deliveries wait for a person, and endpoints that need one
    /// for themselves.
    pub(super) fn needs_operator(&self) -> u64 {
        self.books.endpoints.iter().map(needs_operator).sum()
    }

    pub(super) fn say(&mut self, level: Level, text: impl Into<String>) {
        let seconds = if level == Level::Error { 6 } else { 4 };
        let until = self.now.saturating_add(jiff::SignedDuration::from_secs(seconds));
        self.toast = until.ok().map(|until| Toast { level, text: text.into(), until });
    }

    /// When the screen changes by itself next; none when it never does. Rates
    /// move twice a second, ages once a minute, a toast goes away.
    pub(super) fn next_tick(&self) -> Option<std::time::Duration> {
        let moving = self.is_busy().then_some(500);
        let toast = self
            .toast
            .as_ref()
            .map(|toast| toast.until.duration_since(self.now).as_millis().clamp(1, 10_000) as u64);
        let has_ages = !self.books.endpoints.is_empty()
            || !self.books.recent.is_empty()
            || !self.books.landed.is_empty();
        let ages = has_ages.then_some(60_000);
        [moving, toast, ages].into_iter().flatten().min().map(std::time::Duration::from_millis)
    }
}

/// How much of an endpoint waits for a person: its files, or, if its last run says so,
/// the endpoint itself: to be signed in, or let in again.
pub(super) fn needs_operator(e: &EndpointRow) -> u64 {
    e.needs_operator.max(u64::from(e.last_outcome == Some(Outcome::NeedsOperator)))
}
