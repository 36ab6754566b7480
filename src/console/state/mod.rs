//! Everything the screen is drawn from.

mod lists;
mod pane;
mod popup;
mod targets;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use super::Options;
use super::filter::Filter;
use super::keymap::Keymap;
use super::live::Transfers;
use super::message::Snapshot;
use super::needs::Need;
use super::theme::Theme;
use crate::engine::{Level, Phase, Walk};
use crate::model::{Failure, Id, RunReport};

pub(super) use pane::{ListState, Pane, RowKey};
pub(super) use popup::{Confirm, Details, LastRuns, Popup, SetAside, SignIn, Toast};
pub(super) use targets::Target;

/// What is derived from the books and the filters, and kept until one of these changes:
/// with a hundred thousand exports, it is too much to do for each key.
#[derive(Default)]
struct Derived {
    /// Which rows and which filter of pending exports.
    pending_of: Option<(u64, Filter)>,
    /// Which version of the books and which filter of needs.
    needs_of: Option<(u64, Filter)>,
    /// Where the pending exports that pass the filter stand in the books.
    pending: Vec<usize>,
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
    /// Whether there is a configuration that can be read again.
    pub reloads: bool,
    /// Whether that is being done.
    pub rereading: bool,
    /// Set by the loop before each message, so that `update` stays pure.
    pub now: Timestamp,
    pub zone: TimeZone,
    pub books: Snapshot,
    /// Counts with every change of the books' rows and their order, and of what
    /// endpoints do.
    pub version: u64,
    /// Counts with every change of the pending exports or of their order.
    pub rows_version: u64,
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
            reloads: options.reload.is_some(),
            rereading: false,
            now: Timestamp::now(),
            zone,
            books: Snapshot::default(),
            version: 0,
            rows_version: 0,
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
