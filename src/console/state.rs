//! Everything the screen is drawn from.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use super::Options;
use super::effect::Effect;
use super::fields::{self, Fields};
use super::filter::{self, Filter};
use super::keymap::Keymap;
use super::live::Transfers;
use super::message::Snapshot;
use super::needs::{self, Need};
use super::theme::Theme;
use crate::engine::{Command, Level, Phase, Walk};
use crate::ledger::{EndpointRow, ExportRow, Timeline, TransferRow};
use crate::model::{EndpointType, Failure, Id, Kind, Outcome, RunReport, Shown};
use crate::silver::lists::{LandedRow, QuarantineRow, Stand};

/// The panes: the first four are always on the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Pane {
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
    pub(super) const ALL: [Self; 9] = [
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
    pub(super) fn title(self) -> &'static str {
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
    pub(super) fn takes_the_middle(self) -> bool {
        matches!(self, Self::Feeds | Self::Datasets | Self::Runs | Self::Schedules)
    }
}

/// What a row is about; it survives reloads and reordering.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RowKey {
    Endpoint(String),
    Id(Id),
    /// A landed file, by its number.
    Landed(i64),
    /// A dataset, by its name.
    Dataset(String),
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
    /// The row from which a range is marked, while it is.
    pub range: Option<usize>,
    /// Only rows that pass this; empty for all. In the log: the search, in lower case.
    pub filter: String,
    /// The field that it is sorted by, and whether the largest come first.
    pub sort: Option<(&'static str, bool)>,
}

impl ListState {
    /// Nothing is marked any more.
    pub(super) fn unmark(&mut self) {
        self.marked.clear();
        self.range = None;
    }
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
    pub(super) fn of(title: Shown, facts: Vec<(String, String)>) -> Self {
        let (timeline, landed, runs) = (None, None, None);
        Self { title, id: None, facts, timeline, left_out: 0, landed, runs, scroll: 0 }
    }

    /// Where the thing lies: an address, a path over there, or one here.
    pub(super) fn path(&self) -> Option<String> {
        let facts = || self.facts.iter().chain(self.timeline.iter().flat_map(|t| &t.facts));
        let fact = |wanted: &&str| facts().find(|(label, _)| label == wanted);
        let labels = ["link", "remote name", "path", "kept as", "raw reply"];
        labels.iter().find_map(fact).map(|(_, value)| value.clone())
    }

    /// What has to be read for it at first.
    pub(super) fn first(&self) -> Option<Effect> {
        let runs = self.runs.as_ref().map(|runs| Effect::Runs(Some(runs.of.clone())));
        self.refresh().or(runs)
    }

    /// What has to be read for it whenever something happened.
    pub(super) fn refresh(&self) -> Option<Effect> {
        let landed = self.landed.as_ref().map(|landed| Effect::SetAside(landed.file));
        self.id.map(Effect::Show).or(landed)
    }
}

/// The last runs of an endpoint.
#[derive(Clone, Debug)]
pub(super) struct LastRuns {
    /// The endpoint's name.
    pub of: String,
    /// The newest first; none until they were read.
    pub rows: Option<Vec<RunReport>>,
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

/// What is derived from the books and the filters, and kept until one of these changes:
/// with a hundred thousand exports, it is too much to do for each key.
#[derive(Default)]
struct Derived {
    /// Which version of the books, and the filters of pending exports and of needs.
    of: Option<(u64, String, String)>,
    /// Where the pending exports that pass the filter stand in the books.
    pending: Vec<usize>,
    /// Where a pending export stands there, by its id and by that of its delivery.
    places: HashMap<Id, usize>,
    /// The states that pending exports are in.
    states: BTreeSet<String>,
    /// What needs a person or went wrong, and passes the filter.
    needs: Arc<[Need]>,
    /// Whether anything does, whatever the filter.
    has_needs: bool,
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
    /// Counts with every change of the books' rows and their order, and of what
    /// endpoints do.
    pub version: u64,
    derived: Derived,
    /// Why the books could not be read.
    pub books_failure: Option<Failure>,
    /// Whether they were read at all.
    pub loaded: bool,
    pub phases: BTreeMap<String, Phase>,
    /// How far the walks under way are, by endpoint.
    pub walks: BTreeMap<String, Walk>,
    pub runs: BTreeMap<Id, Timestamp>,
    /// Endpoints for which nothing is tried again by itself: everything was stopped, and
    /// nobody has asked for anything since.
    pub stopped: BTreeSet<String>,
    pub transfers: Transfers,
    pub focus: Pane,
    pub full: bool,
    pub lists: [ListState; 9],
    /// Runs that ended, newest first, as they were last asked for.
    pub history: Vec<RunReport>,
    /// The endpoint whose runs these are; none for all.
    pub history_of: Option<String>,
    /// The endpoint that an action was asked for by name, while it is being done.
    pub named: Option<String>,
    /// Whether the selected row's failure is shown in full, on several lines.
    pub wrap: bool,
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
            version: 0,
            derived: Derived::default(),
            books_failure: None,
            loaded: false,
            phases: BTreeMap::new(),
            walks: BTreeMap::new(),
            runs: BTreeMap::new(),
            stopped: BTreeSet::new(),
            transfers: Transfers::default(),
            focus: Pane::Endpoints,
            full: false,
            lists: Default::default(),
            history: Vec::new(),
            history_of: None,
            named: None,
            wrap: false,
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

    /// The filter of `pane`, understood.
    pub(super) fn filter(&self, pane: Pane) -> Filter {
        Filter::parse(&self.list(pane).filter, pane)
    }

    /// What the filter that is being typed may go on to.
    pub(super) fn completions(&self) -> Vec<String> {
        let pane = self.focus;
        let endpoints = self.books.endpoints.iter().map(|e| ("endpoint", e.name.clone()));
        let states: BTreeSet<&str> = match pane {
            Pane::Pending => self.derived.states.iter().map(String::as_str).collect(),
            Pane::Transfers => self.books.recent.iter().map(|d| d.state.as_str()).collect(),
            Pane::Feeds => self.books.landed.iter().map(|f| f.state.as_str()).collect(),
            Pane::Runs => self.history.iter().map(|r| r.outcome.as_str()).collect(),
            _ => BTreeSet::new(),
        };
        let states = states.into_iter().map(|state| ("state", state.to_owned()));
        let datasets = self.books.datasets.iter().map(|d| ("dataset", d.name.clone()));
        let known: Vec<(&str, String)> = endpoints.chain(states).chain(datasets).collect();
        filter::completions(&self.list(pane).filter, pane, &known)
    }

    /// Those of `rows` that pass the pane's filter.
    fn passing<'a, T: Fields + 'a>(
        &'a self,
        pane: Pane,
        rows: impl Iterator<Item = &'a T>,
    ) -> impl Iterator<Item = &'a T> {
        let filter = self.filter(pane);
        rows.filter(move |row| filter.passes(*row, pane, self.now))
    }

    /// The endpoints that pass the filter.
    pub(super) fn endpoints(&self) -> impl Iterator<Item = &EndpointRow> {
        self.passing(Pane::Endpoints, self.books.endpoints.iter())
    }

    /// The endpoints that pass the filter of their schedules.
    pub(super) fn schedules(&self) -> impl Iterator<Item = &EndpointRow> {
        self.passing(Pane::Schedules, self.books.endpoints.iter())
    }

    /// Row `n` of the pending exports that pass the filter.
    pub(super) fn pending_at(&self, n: usize) -> Option<&ExportRow> {
        self.books.pending.get(*self.derived.pending.get(n)?)
    }

    /// The pending export of this id, or of the delivery of this id.
    pub(super) fn pending_export(&self, id: Id) -> Option<&ExportRow> {
        self.books.pending.get(*self.derived.places.get(&id)?)
    }

    /// The transfers under way that pass the filter.
    pub(super) fn live(&self) -> impl Iterator<Item = &super::live::Live> {
        self.passing(Pane::Transfers, self.transfers.iter())
    }

    /// The recent deliveries that pass the filter and are not under way.
    pub(super) fn recent(&self) -> impl Iterator<Item = &TransferRow> {
        let still = self.books.recent.iter().filter(|d| self.transfers.get(d.id).is_none());
        self.passing(Pane::Transfers, still)
    }

    /// The landed files that pass the filter.
    pub(super) fn landed(&self) -> impl Iterator<Item = &LandedRow> {
        self.passing(Pane::Feeds, self.books.landed.iter())
    }

    /// The datasets that pass the filter.
    pub(super) fn datasets(&self) -> impl Iterator<Item = &Stand> {
        self.passing(Pane::Datasets, self.books.datasets.iter())
    }

    /// The runs that pass the filter.
    pub(super) fn history(&self) -> impl Iterator<Item = &RunReport> {
        self.passing(Pane::Runs, self.history.iter())
    }

    /// What waits for a person or went wrong, and passes the filter.
    pub(super) fn needs(&self) -> Arc<[Need]> {
        self.derived.needs.clone()
    }

    /// Puts the rows of `pane` into the order that was asked for.
    pub(super) fn sort(&mut self, pane: Pane) {
        let Some((field, descending)) = self.list(pane).sort else { return };
        match pane {
            Pane::Endpoints | Pane::Schedules => {
                fields::sort(&mut self.books.endpoints, field, descending);
            }
            Pane::Pending => {
                fields::sort(&mut self.books.pending, field, descending);
                self.version += 1;
            }
            Pane::Transfers => fields::sort(&mut self.books.recent, field, descending),
            Pane::Feeds => fields::sort(&mut self.books.landed, field, descending),
            Pane::Datasets => fields::sort(&mut self.books.datasets, field, descending),
            Pane::Runs => fields::sort(&mut self.history, field, descending),
            // In the order of what matters most, and of time.
            Pane::Needs | Pane::Log => {}
        }
    }

    /// The panes that tab goes round, in the order of the screen.
    pub(super) fn round(&self) -> Vec<Pane> {
        let mut round = vec![Pane::Endpoints];
        if self.has_needs() {
            round.insert(0, Pane::Needs);
        }
        round.extend([Pane::Pending, Pane::Transfers, Pane::Log]);
        if self.has_feeds() {
            round.push(Pane::Feeds);
        }
        // What was opened by its number stands in the round while one is there.
        if !round.contains(&self.focus) {
            round.insert(round.len() - 1, self.focus);
        }
        round
    }

    /// Whether anything waits for a person, or went wrong.
    pub(super) fn has_needs(&self) -> bool {
        self.derived.has_needs
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
            Pane::Pending => {
                let rows = (0..self.derived.pending.len()).filter_map(|n| self.pending_at(n));
                rows.map(|x| RowKey::Id(x.id)).collect()
            }
            Pane::Transfers => self
                .live()
                .map(|live| RowKey::Id(live.transfer.id))
                .chain(self.recent().map(|d| RowKey::Id(d.id)))
                .collect(),
            Pane::Feeds => self.landed().map(|file| RowKey::Landed(file.id)).collect(),
            Pane::Datasets => self.datasets().map(|d| RowKey::Dataset(d.name.clone())).collect(),
            Pane::Runs => self.history().map(|run| RowKey::Id(run.run_id)).collect(),
            Pane::Schedules => self.schedules().map(|e| RowKey::Endpoint(e.name.clone())).collect(),
            Pane::Needs => self.needs().iter().map(|need| need.key.clone()).collect(),
            Pane::Log => Vec::new(),
        }
    }

    /// How many rows `pane` has.
    pub(super) fn count(&self, pane: Pane) -> usize {
        match pane {
            Pane::Pending => self.derived.pending.len(),
            Pane::Needs => self.derived.needs.len(),
            _ => self.rows(pane).len(),
        }
    }

    /// What row `n` of `pane` is about.
    fn row(&self, pane: Pane, n: usize) -> Option<RowKey> {
        match pane {
            Pane::Pending => self.pending_at(n).map(|x| RowKey::Id(x.id)),
            Pane::Needs => self.derived.needs.get(n).map(|need| need.key.clone()),
            _ => self.rows(pane).into_iter().nth(n),
        }
    }

    /// Where in `pane` the row about this is.
    fn position(&self, pane: Pane, row: &RowKey) -> Option<usize> {
        match (pane, row) {
            (Pane::Pending, RowKey::Id(id)) => {
                let place = self.derived.places.get(id)?;
                self.derived.pending.binary_search(place).ok()
            }
            (Pane::Needs, row) => self.derived.needs.iter().position(|need| need.key == *row),
            _ => self.rows(pane).iter().position(|one| one == row),
        }
    }

    /// Brings up to date what is derived from the books and the filters.
    fn derive(&mut self) {
        let typed = |pane| self.list(pane).filter.clone();
        let of = (self.version, typed(Pane::Pending), typed(Pane::Needs));
        let before = self.derived.of.take();
        let new = before.as_ref().is_none_or(|before| before.0 != of.0);
        if new {
            let pending = self.books.pending.iter().enumerate();
            let ids = pending.flat_map(|(n, x)| [Some(x.id), x.delivery].map(|id| (id, n)));
            // In the usual order most stand next to one of the same state.
            let alike = self.books.pending.chunk_by(|one, next| one.state == next.state);
            self.derived.states = alike.map(|some| some[0].state.clone()).collect();
            self.derived.places = ids.filter_map(|(id, n)| Some((id?, n))).collect();
        }
        if new || before.as_ref().is_none_or(|before| before.1 != of.1) {
            let filter = self.filter(Pane::Pending);
            let passes = |x: &ExportRow| filter.passes(x, Pane::Pending, self.now);
            let rows = self.books.pending.iter().enumerate();
            self.derived.pending = rows.filter(|(_, x)| passes(x)).map(|(n, _)| n).collect();
        }
        if new || before.as_ref().is_none_or(|before| before.2 != of.2) {
            let filter = self.filter(Pane::Needs);
            let mut needs = needs::needs(self);
            self.derived.has_needs = !needs.is_empty();
            needs.retain(|need| filter.passes(need, Pane::Needs, self.now));
            self.derived.needs = needs.into();
        }
        self.derived.of = Some(of);
    }

    /// The books, or the phases of endpoints, are other ones.
    pub(super) fn changed(&mut self) {
        self.version += 1;
        self.settle();
    }

    /// Selects row `index` of `pane`, or the last one.
    pub(super) fn select(&mut self, pane: Pane, index: usize) {
        let index = index.min(self.count(pane).saturating_sub(1));
        let selected = self.row(pane, index);
        let list = self.list_mut(pane);
        (list.index, list.selected) = (index, selected);
    }

    /// Keeps every selection on its row, or where that row was, after rows changed.
    pub(super) fn settle(&mut self) {
        self.derive();
        for pane in Pane::ALL {
            let list = self.list(pane);
            // In the pane that keys act on, the row under the cursor never changes.
            let index = if self.focus == pane || list.moved {
                let kept = list.selected.as_ref().and_then(|row| self.position(pane, row));
                kept.unwrap_or(list.index)
            } else {
                0
            };
            self.select(pane, index);
        }
    }

    /// What the export or delivery `id` is, as far as the screen knows.
    pub(super) fn target(&self, id: Id) -> Option<Target> {
        if let Some(x) = self.pending_export(id) {
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

    /// One of the targets, if there are any, and whether one of them passes: looked for
    /// without making all of them, since a mark may stand on a hundred thousand rows.
    pub(super) fn any_target(&self, passes: impl Fn(&Target) -> bool) -> Option<(Target, bool)> {
        let list = self.list(self.focus);
        let selected = match list.selected {
            Some(RowKey::Id(id)) => Some(id),
            _ => None,
        };
        if list.marked.is_empty() {
            // A line for several stands for one state.
            let target = self.target(selected?)?;
            let passed = passes(&target);
            return Some((target, passed));
        }
        let mut targets = list.marked.iter().filter_map(|id| self.target(*id));
        let first = targets.next()?;
        let passed = passes(&first) || targets.any(|target| passes(&target));
        Some((first, passed))
    }

    /// The marked rows of the focused pane, else the selected one.
    pub(super) fn targets(&self) -> Vec<Target> {
        let list = self.list(self.focus);
        // A line may stand for several that failed alike.
        if self.focus == Pane::Needs {
            let chosen = |need: &Need| match &need.key {
                RowKey::Id(id) if !list.marked.is_empty() => list.marked.contains(id),
                key => Some(key) == list.selected.as_ref(),
            };
            let needs = self.needs();
            let ids = needs.iter().filter(|need| chosen(need)).flat_map(|need| &need.ids);
            return ids.filter_map(|id| self.target(*id)).collect();
        }
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
        if let Some(name) = &self.named {
            return Some(name.clone());
        }
        match self.list(self.focus).selected.as_ref()? {
            RowKey::Endpoint(name) => Some(name.clone()),
            RowKey::Dataset(_) => None,
            RowKey::Id(id) if id.kind == Kind::Run => {
                Some(self.run(*id)?.endpoints.first()?.name.clone())
            }
            RowKey::Id(id) => Some(self.target(*id)?.endpoint),
            RowKey::Landed(file) => Some(self.landed_file(*file)?.endpoint.clone()),
        }
    }

    /// The run of this id, among those that were asked for.
    pub(super) fn run(&self, id: Id) -> Option<&RunReport> {
        self.history.iter().find(|run| run.run_id == id)
    }

    /// The endpoint of this name.
    pub(super) fn endpoint_called(&self, name: &str) -> Option<&EndpointRow> {
        self.books.endpoints.iter().find(|e| e.name == name)
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

    /// When something of `endpoint` is tried again by itself, in words.
    pub(super) fn next_try(&self, endpoint: &str, at: Timestamp) -> String {
        match self.stopped.contains(endpoint) {
            true => "stopped".to_owned(),
            false => super::text::until(self.now, at),
        }
    }

    /// Whether leaving now would interrupt something.
    pub(super) fn is_busy(&self) -> bool {
        self.transfers.count() > 0 || !self.runs.is_empty()
    }

    /// How many exports and deliveries wait for a person, and endpoints that need one
    /// for themselves.
    pub(super) fn needs_operator(&self) -> u64 {
        self.books.endpoints.iter().map(|e| self.needed_by(e)).sum()
    }

    /// How much of an endpoint waits for a person: its files, or, if its last run says so,
    /// the endpoint itself: to be signed in, or let in again.
    pub(super) fn needed_by(&self, e: &EndpointRow) -> u64 {
        let itself = e.last_outcome == Some(Outcome::NeedsOperator);
        (e.needs_operator + self.refused_of(e)).max(u64::from(itself))
    }

    /// Whether files of `e` wait for a person, rather than the endpoint itself.
    pub(super) fn has_files_that_wait(&self, e: &EndpointRow) -> bool {
        e.needs_operator + self.refused_of(e) > 0
    }

    fn refused_of(&self, e: &EndpointRow) -> u64 {
        let refused = |row: &&LandedRow| row.state == "refused" && row.endpoint == e.name;
        self.books.landed.iter().filter(refused).count() as u64
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
