//! The lists as they are shown: filtered, sorted, selected.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use crate::console::fields::{self, Fields};
use crate::console::filter::{self, Filter};
use crate::console::needs::{self, Need};
use crate::ledger::{EndpointRow, ExportRow, TransferRow};
use crate::model::{EndpointType, Id, RunReport};
use crate::silver::lists::{LandedRow, Stand};

use super::{Pane, RowKey, State};

impl State {
    /// The filter of `pane`, understood.
    pub(in crate::console) fn filter(&self, pane: Pane) -> Filter {
        Filter::parse(&self.list(pane).filter, pane)
    }

    /// What the filter that is being typed may go on to.
    pub(in crate::console) fn completions(&self) -> Vec<String> {
        let pane = self.focus;
        let endpoints = self.books.endpoints.iter().map(|e| ("endpoint", e.name.clone()));
        let states: BTreeSet<&str> = match pane {
            Pane::Pending => self.books.pending.states().iter().map(String::as_str).collect(),
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
    pub(super) fn passing<'a, T: Fields + 'a>(
        &'a self,
        pane: Pane,
        rows: impl Iterator<Item = &'a T>,
    ) -> impl Iterator<Item = &'a T> {
        let filter = self.filter(pane);
        rows.filter(move |row| filter.passes(*row, self.now))
    }

    /// The endpoints that pass the filter.
    pub(in crate::console) fn endpoints(&self) -> impl Iterator<Item = &EndpointRow> {
        self.passing(Pane::Endpoints, self.books.endpoints.iter())
    }

    /// The endpoints that pass the filter of their schedules.
    pub(in crate::console) fn schedules(&self) -> impl Iterator<Item = &EndpointRow> {
        self.passing(Pane::Schedules, self.books.endpoints.iter())
    }

    /// Row `n` of the pending exports that pass the filter.
    pub(in crate::console) fn pending_at(&self, n: usize) -> Option<&ExportRow> {
        self.books.pending.get(*self.derived.pending.get(n)?)
    }

    /// The pending export of this id, or of the delivery of this id.
    pub(in crate::console) fn pending_export(&self, id: Id) -> Option<&ExportRow> {
        self.books.pending.get(self.books.pending.place(id)?)
    }

    /// The transfers under way that pass the filter.
    pub(in crate::console) fn live(&self) -> impl Iterator<Item = &crate::console::live::Live> {
        self.passing(Pane::Transfers, self.transfers.iter())
    }

    /// The recent deliveries that pass the filter and are not under way.
    pub(in crate::console) fn recent(&self) -> impl Iterator<Item = &TransferRow> {
        let still = self.books.recent.iter().filter(|d| self.transfers.get(d.id).is_none());
        self.passing(Pane::Transfers, still)
    }

    /// The landed files that pass the filter.
    pub(in crate::console) fn landed(&self) -> impl Iterator<Item = &LandedRow> {
        self.passing(Pane::Feeds, self.books.landed.iter())
    }

    /// The datasets that pass the filter.
    pub(in crate::console) fn datasets(&self) -> impl Iterator<Item = &Stand> {
        self.passing(Pane::Datasets, self.books.datasets.iter())
    }

    /// The runs that pass the filter.
    pub(in crate::console) fn history(&self) -> impl Iterator<Item = &RunReport> {
        self.passing(Pane::Runs, self.history.iter())
    }

    /// What waits for a person or went wrong, and passes the filter.
    pub(in crate::console) fn needs(&self) -> Arc<[Need]> {
        self.derived.needs.clone()
    }

    /// Puts the rows of `pane` into the order that was asked for.
    pub(in crate::console) fn sort(&mut self, pane: Pane) {
        let by = self.list(pane).sort;
        if pane == Pane::Pending && self.books.pending.sort(by) {
            self.rows_version += 1;
        }
        let Some((field, descending)) = by else { return };
        match pane {
            Pane::Endpoints | Pane::Schedules => {
                fields::sort(&mut self.books.endpoints, field, descending);
            }
            Pane::Transfers => fields::sort(&mut self.books.recent, field, descending),
            Pane::Feeds => fields::sort(&mut self.books.landed, field, descending),
            Pane::Datasets => fields::sort(&mut self.books.datasets, field, descending),
            Pane::Runs => fields::sort(&mut self.history, field, descending),
            // Sorted above, or in the order of what matters most, and of time.
            Pane::Pending | Pane::Needs | Pane::Log => {}
        }
    }

    /// The panes that tab goes round, in the order of the screen.
    pub(in crate::console) fn round(&self) -> Vec<Pane> {
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
    pub(in crate::console) fn has_needs(&self) -> bool {
        self.derived.has_needs
    }

    /// Whether there are partners' folders at all.
    pub(in crate::console) fn has_feeds(&self) -> bool {
        let sftp = |e: &EndpointRow| e.endpoint_type == EndpointType::Sftp;
        !self.books.landed.is_empty() || self.books.endpoints.iter().any(sftp)
    }

    /// What the rows of `pane` are about, from top to bottom.
    pub(in crate::console) fn rows(&self, pane: Pane) -> Vec<RowKey> {
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
    pub(in crate::console) fn count(&self, pane: Pane) -> usize {
        match pane {
            Pane::Pending => self.derived.pending.len(),
            Pane::Needs => self.derived.needs.len(),
            _ => self.rows(pane).len(),
        }
    }

    /// What row `n` of `pane` is about.
    pub(super) fn row(&self, pane: Pane, n: usize) -> Option<RowKey> {
        match pane {
            Pane::Pending => self.pending_at(n).map(|x| RowKey::Id(x.id)),
            Pane::Needs => self.derived.needs.get(n).map(|need| need.key.clone()),
            _ => self.rows(pane).into_iter().nth(n),
        }
    }

    /// Where in `pane` the row about this is.
    pub(super) fn position(&self, pane: Pane, row: &RowKey) -> Option<usize> {
        match (pane, row) {
            (Pane::Pending, RowKey::Id(id)) => {
                let place = self.books.pending.place(*id)?;
                self.derived.pending.binary_search(&place).ok()
            }
            (Pane::Needs, row) => self.derived.needs.iter().position(|need| need.key == *row),
            _ => self.rows(pane).iter().position(|one| one == row),
        }
    }

    /// Brings up to date what is derived from the books and the filters.
    pub(super) fn derive(&mut self) {
        self.derive_pending();
        let of = (self.version, self.filter(Pane::Needs));
        if self.derived.needs_of.as_ref() != Some(&of) {
            let mut needs = needs::needs(self);
            self.derived.has_needs = !needs.is_empty();
            needs.retain(|need| of.1.passes(need, self.now));
            self.derived.needs = needs.into();
            self.derived.needs_of = Some(of);
        }
    }

    fn derive_pending(&mut self) {
        let of = (self.rows_version, self.filter(Pane::Pending));
        let before = self.derived.pending_of.take();
        if before.as_ref() != Some(&of) {
            let (filter, now) = (&of.1, self.now);
            let rows = &self.books.pending;
            let passes = |n| rows.searched(n).is_some_and(|row| filter.passes(&row, now));
            match before {
                // Who types one letter more looks only through the few that he saw before.
                Some((version, before))
                    if version == of.0
                        && self.derived.pending.len() < rows.len() / 2
                        && filter.narrows(&before) =>
                {
                    self.derived.pending.retain(|n| passes(*n));
                }
                _ => self.derived.pending = places(rows.len(), passes),
            }
        }
        self.derived.pending_of = Some(of);
    }

    /// The books, or the phases of endpoints, are other ones.
    pub(in crate::console) fn changed(&mut self) {
        self.version += 1;
        self.settle();
    }

    /// Selects row `index` of `pane`, or the last one.
    pub(in crate::console) fn select(&mut self, pane: Pane, index: usize) {
        let index = index.min(self.count(pane).saturating_sub(1));
        let selected = self.row(pane, index);
        let list = self.list_mut(pane);
        (list.index, list.selected) = (index, selected);
    }

    /// Keeps every selection on its row, or where that row was, after rows changed.
    pub(in crate::console) fn settle(&mut self) {
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
}

/// Rows that one processor looks through within a part of a frame.
const SHARE: usize = 16_384;

/// Which of `rows` rows pass. Many are shared out among the processors: whoever types into
/// a long list's filter waits for the last of them.
fn places(rows: usize, passes: impl Fn(usize) -> bool + Sync) -> Vec<usize> {
    let of = |share: Range<usize>| -> Vec<usize> { share.filter(|n| passes(*n)).collect() };
    if rows <= SHARE {
        return of(0..rows);
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let share = rows.div_ceil(processors).max(SHARE);
    let shares = || (0..rows).step_by(share).map(|first| first..rows.min(first + share));
    let parts: Vec<Vec<usize>> = std::thread::scope(|scope| {
        let others: Vec<_> = shares().skip(1).map(|part| scope.spawn(|| of(part))).collect();
        let mut parts: Vec<_> = shares().take(1).map(&of).collect();
        // One that could not come to its end is looked through again here, and tells why.
        let done = others.into_iter().zip(shares().skip(1));
        parts.extend(done.map(|(other, part)| other.join().unwrap_or_else(|_| of(part))));
        parts
    });
    parts.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_out_or_not_the_same_rows_pass() {
        for rows in [0, 1, SHARE, SHARE + 1, 100_003] {
            let expected: Vec<usize> = (0..rows).filter(|n| n % 7 == 3).collect();
            assert_eq!(places(rows, |n| n % 7 == 3), expected, "{rows}");
        }
    }
}
