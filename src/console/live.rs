//! Transfers under way: rate, time left, and a percentage that does not lie.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;

use crate::engine::Transfer;
use crate::model::Id;

/// Rates are measured over this time.
const WINDOW_SECONDS: f64 = 8.0;

/// One transfer under way.
#[derive(Clone, Debug)]
pub(super) struct Live {
    /// What the engine said last.
    pub transfer: Transfer,
    /// Whether the books have it: verified, or published.
    pub committed: bool,
    samples: VecDeque<(Timestamp, u64)>,
}

impl Live {
    /// Per cent done; none while the size is unknown, and at most 99 before the commit.
    pub(super) fn percent(&self) -> Option<u64> {
        let total = self.transfer.total?;
        if self.committed {
            return Some(100);
        }
        if total == 0 {
            return Some(99);
        }
        Some((u128::from(self.transfer.bytes) * 100 / u128::from(total)).min(99) as u64)
    }

    /// Bytes a second over the last seconds; none before there is anything to measure.
    pub(super) fn rate(&self, now: Timestamp) -> Option<f64> {
        let &(start, first) = self.samples.front()?;
        let seconds = now.duration_since(start).as_secs_f64();
        (seconds >= 0.5).then(|| self.transfer.bytes.saturating_sub(first) as f64 / seconds)
    }

    /// Seconds left; none while that cannot be told.
    pub(super) fn left(&self, now: Timestamp) -> Option<u64> {
        let rate = self.rate(now).filter(|rate| *rate >= 1.0)?;
        Some((self.transfer.total?.saturating_sub(self.transfer.bytes) as f64 / rate).ceil() as u64)
    }

    /// Forgets what is older than the window, so that a rate is of now.
    fn prune(&mut self, now: Timestamp) {
        let old = |at: Timestamp| now.duration_since(at).as_secs_f64() > WINDOW_SECONDS;
        while self.samples.len() > 1 && old(self.samples[0].0) {
            self.samples.pop_front();
        }
    }
}

/// All transfers under way, and how far the run is.
#[derive(Clone, Debug, Default)]
pub(super) struct Transfers {
    live: BTreeMap<Id, Live>,
    seen: BTreeSet<Id>,
    done: BTreeSet<Id>,
}

impl Transfers {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Live> {
        self.live.values()
    }

    pub(super) fn get(&self, id: Id) -> Option<&Live> {
        self.live.get(&id)
    }

    pub(super) fn count(&self) -> usize {
        self.live.len()
    }

    /// Takes in what the engine says about one transfer.
    pub(super) fn progress(&mut self, now: Timestamp, transfer: Transfer) {
        let bytes = transfer.bytes;
        let live = self.live.entry(transfer.id).or_insert_with(|| Live {
            transfer: transfer.clone(),
            committed: false,
            samples: VecDeque::new(),
        });
        // A transfer that began anew has no rate yet.
        if bytes < live.transfer.bytes {
            live.samples.clear();
        }
        live.transfer = transfer;
        live.samples.push_back((now, bytes));
        live.prune(now);
    }

    /// The books have it.
    pub(super) fn commit(&mut self, id: Id) {
        if let Some(live) = self.live.get_mut(&id) {
            live.committed = true;
        }
    }

    pub(super) fn ended(&mut self, id: Id) {
        self.live.remove(&id);
    }

    /// Forgets what is under way.
    pub(super) fn forget(&mut self) {
        self.live.clear();
    }

    /// Time went by.
    pub(super) fn tick(&mut self, now: Timestamp) {
        self.live.values_mut().for_each(|live| live.prune(now));
    }

    /// A run began: what it has to do is counted from here.
    pub(super) fn begin_batch(&mut self) {
        self.seen.clear();
        self.done.clear();
    }

    /// Counts an export of this run, and whether there is nothing left to do on it.
    pub(super) fn count_export(&mut self, export: Id, done: bool) {
        self.seen.insert(export);
        if done {
            self.done.insert(export);
        } else {
            self.done.remove(&export);
        }
    }

    /// Exports done and exports in all, of this run.
    pub(super) fn batch(&self) -> (usize, usize) {
        (self.done.len(), self.seen.len())
    }
}
