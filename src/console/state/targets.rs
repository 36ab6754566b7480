//! What actions act on, and what endpoints stand for.

use jiff::Timestamp;

use crate::console::needs::Need;
use crate::engine::Phase;
use crate::ledger::{EndpointRow, Undelivered};
use crate::model::{Id, Kind, Outcome, RunReport, Shown};
use crate::silver::lists::LandedRow;

use super::{Pane, RowKey, State};

/// What an action acts on: one export or its newest delivery.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::console) struct Target {
    /// The delivery if there is one, else the export.
    pub id: Id,
    /// The export; unknown for a delivery that the books were not read for yet.
    pub export: Option<Id>,
    pub endpoint: String,
    pub name: Shown,
    pub state: String,
}

impl State {
    /// What the export or delivery `id` is, as far as the screen knows.
    pub(in crate::console) fn target(&self, id: Id) -> Option<Target> {
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
    pub(in crate::console) fn any_target(
        &self,
        passes: impl Fn(&Target) -> bool,
    ) -> Option<(Target, bool)> {
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
    pub(in crate::console) fn targets(&self) -> Vec<Target> {
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
    pub(in crate::console) fn endpoint(&self) -> Option<String> {
        if let Some(name) = &self.named {
            return Some(name.clone());
        }
        match self.list(self.focus).selected.as_ref()? {
            RowKey::Endpoint(name) => Some(name.clone()),
            RowKey::Dataset(_) | RowKey::Channel(_) => None,
            RowKey::Id(id) if id.kind == Kind::Run => {
                Some(self.run(*id)?.endpoints.first()?.name.clone())
            }
            RowKey::Id(id) => Some(self.target(*id)?.endpoint),
            RowKey::Landed(file) => Some(self.landed_file(*file)?.endpoint.clone()),
        }
    }

    /// The run of this id, among those that were asked for.
    pub(in crate::console) fn run(&self, id: Id) -> Option<&RunReport> {
        self.history.iter().find(|run| run.run_id == id)
    }

    /// The endpoint of this name.
    pub(in crate::console) fn endpoint_called(&self, name: &str) -> Option<&EndpointRow> {
        self.books.endpoints.iter().find(|e| e.name == name)
    }

    /// What the channel of this name has not taken.
    pub(in crate::console) fn channel(&self, name: &str) -> Option<&Undelivered> {
        self.books.undelivered.iter().find(|late| late.channel == name)
    }

    /// The landed file of this number.
    pub(in crate::console) fn landed_file(&self, file: i64) -> Option<&LandedRow> {
        self.books.landed.iter().find(|row| row.id == file)
    }

    /// The selected landed file, in the pane of these.
    pub(in crate::console) fn selected_landed(&self) -> Option<&LandedRow> {
        match self.list(self.focus).selected {
            Some(RowKey::Landed(file)) => self.landed_file(file),
            _ => None,
        }
    }

    /// Whether a sync of `endpoint` is under way.
    pub(in crate::console) fn is_running(&self, endpoint: &str) -> bool {
        self.phases.get(endpoint).is_some_and(|p| !matches!(p, Phase::Idle | Phase::Braked(_)))
    }

    /// When something of `endpoint` is tried again by itself, in words.
    pub(in crate::console) fn next_try(&self, endpoint: &str, at: Timestamp) -> String {
        match self.stopped.contains(endpoint) {
            true => "stopped".to_owned(),
            false => crate::console::text::until(self.now, at),
        }
    }

    /// Whether leaving now would interrupt something.
    pub(in crate::console) fn is_busy(&self) -> bool {
        self.transfers.count() > 0 || !self.runs.is_empty()
    }

    /// How many exports and deliveries wait for a person, and endpoints that need one
    /// for themselves.
    pub(in crate::console) fn needs_operator(&self) -> u64 {
        let untold = self.books.undelivered.iter().filter(|late| late.given_up > 0);
        self.books.endpoints.iter().map(|e| self.needed_by(e)).sum::<u64>() + untold.count() as u64
    }

    /// How much of an endpoint waits for a person: its files, or, if its last run says so,
    /// the endpoint itself: to be signed in, or let in again.
    pub(in crate::console) fn needed_by(&self, e: &EndpointRow) -> u64 {
        let itself = e.last_outcome == Some(Outcome::NeedsOperator);
        (e.needs_operator + self.refused_of(e)).max(u64::from(itself))
    }

    /// Whether files of `e` wait for a person, rather than the endpoint itself.
    pub(in crate::console) fn has_files_that_wait(&self, e: &EndpointRow) -> bool {
        e.needs_operator + self.refused_of(e) > 0
    }

    fn refused_of(&self, e: &EndpointRow) -> u64 {
        let refused = |row: &&LandedRow| row.state == "refused" && row.endpoint == e.name;
        self.books.landed.iter().filter(refused).count() as u64
    }
}
