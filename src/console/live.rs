//! Transfers under way: rate, time left, and a percentage that does not lie.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use crate::engine::Transfer;
use crate::model::Id;

/// Rates are measured over this time.
const WINDOW_SECONDS: f64 = 8.0;

/// The graph has one column for this time.
const COLUMN_SECONDS: i64 = 2;

/// Columns of the graph that are kept: the last five minutes.
const COLUMNS: usize = 150;

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

    /// Until when it waits because the other side asked for it, if it still does.
    pub(super) fn throttled_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.transfer.throttled_until.filter(|until| *until > now)
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
    /// What this run has to do, by export.
    batch: BTreeMap<Id, Item>,
    /// Whose delivery it is.
    export_of: BTreeMap<Id, Id>,
    /// Bytes that moved, in all transfers together, by column of the graph.
    moved: VecDeque<(i64, u64)>,
    /// Events of this run that came too fast to be seen.
    dropped: u64,
}

/// One export of the run.
#[derive(Clone, Copy, Debug, Default)]
struct Item {
    done: bool,
    /// How often its bytes have to move: from the source, and to the destination.
    ways: u64,
    size: Option<u64>,
    fetched: u64,
    delivered: u64,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Batch {
    /// Exports with nothing left to do.
    pub done: usize,
    /// Exports in all, so far.
    pub all: usize,
    /// Bytes that have yet to move; none while a size is unknown.
    pub bytes_left: Option<u64>,
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
        let export = self.export_of.get(&transfer.id).copied().unwrap_or(transfer.id);
        if let Some(item) = self.batch.get_mut(&export) {
            item.size = transfer.total.or(item.size);
            match transfer.id == export {
                true => item.fetched = bytes,
                false => item.delivered = bytes,
            }
        }
        let live = self.live.entry(transfer.id).or_insert_with(|| Live {
            transfer: transfer.clone(),
            committed: false,
            samples: VecDeque::new(),
        });
        // A transfer that began anew has no rate yet.
        if bytes < live.transfer.bytes {
            live.samples.clear();
        }
        let more = bytes.saturating_sub(live.transfer.bytes);
        live.transfer = transfer;
        live.samples.push_back((now, bytes));
        live.prune(now);
        self.count_moved(now, more);
    }

    fn count_moved(&mut self, now: Timestamp, bytes: u64) {
        let column = now.as_second().div_euclid(COLUMN_SECONDS);
        match self.moved.back_mut() {
            Some((last, sum)) if *last == column => *sum += bytes,
            _ => self.moved.push_back((column, bytes)),
        }
        while self.moved.len() > COLUMNS {
            self.moved.pop_front();
        }
    }

    /// Bytes a second in each of the last `columns` columns of the graph, up to now.
    pub(super) fn graph(&self, now: Timestamp, columns: usize) -> Vec<u64> {
        let last = now.as_second().div_euclid(COLUMN_SECONDS);
        let mut rates = vec![0; columns];
        for (column, bytes) in &self.moved {
            let back = usize::try_from(last - column).unwrap_or(usize::MAX);
            if let Some(at) = columns.checked_sub(back.saturating_add(1)) {
                rates[at] = bytes / COLUMN_SECONDS.unsigned_abs();
            }
        }
        rates
    }

    /// Bytes a second of all transfers together; none before there is anything to measure.
    pub(super) fn rate(&self, now: Timestamp) -> Option<f64> {
        self.live.values().filter_map(|live| live.rate(now)).reduce(|a, b| a + b)
    }

    /// Seconds until the run has moved all that it knows of; none while nobody can tell.
    pub(super) fn left(&self, now: Timestamp) -> Option<u64> {
        let rate = self.rate(now).filter(|rate| *rate >= 1.0)?;
        Some((self.batch().bytes_left? as f64 / rate).ceil() as u64)
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

    /// Forgets what is under way: so many events about it were dropped.
    pub(super) fn forget(&mut self, dropped: u64) {
        self.live.clear();
        self.dropped += dropped;
    }

    /// Events of this run that came too fast to be seen.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Time went by.
    pub(super) fn tick(&mut self, now: Timestamp) {
        self.live.values_mut().for_each(|live| live.prune(now));
    }

    /// A run began: what it has to do is counted from here.
    pub(super) fn begin_batch(&mut self) {
        self.batch.clear();
        self.export_of.clear();
        self.dropped = 0;
    }

    /// Counts an export of this run: whether there is nothing left to do on it, and how
    /// often its bytes have to move.
    pub(super) fn count_export(&mut self, export: Id, done: bool, ways: u64) {
        let item = self.batch.entry(export).or_default();
        (item.done, item.ways) = (done, ways);
    }

    /// Counts a delivery of this run.
    pub(super) fn count_delivery(&mut self, delivery: Id, export: Id, done: bool) {
        self.export_of.insert(delivery, export);
        self.count_export(export, done, 2);
    }

    /// How far the run is.
    pub(super) fn batch(&self) -> Batch {
        let left = |item: &Item| {
            let moved = item.fetched + item.delivered;
            // What is delivered from here on was fetched before, by whichever run.
            let ways = if item.ways == 2 && item.fetched == 0 && item.delivered > 0 {
                1
            } else {
                item.ways
            };
            Some((item.size? * ways).saturating_sub(moved))
        };
        let open = self.batch.values().filter(|item| !item.done);
        Batch {
            done: self.batch.values().filter(|item| item.done).count(),
            all: self.batch.len(),
            bytes_left: open.map(left).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Shown;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn transfer(id: Id, bytes: u64, total: Option<u64>) -> Transfer {
        Transfer {
            id,
            endpoint: "e".to_owned(),
            name: Shown::new("a.csv"),
            step: "uploading".to_owned(),
            bytes,
            total,
            throttled_until: None,
        }
    }

    #[test]
    fn a_run_is_left_so_long_as_its_bytes_take_both_ways() {
        let (export, delivery) = (Id::export(1), Id::delivery(1));
        let mut transfers = Transfers::default();
        transfers.begin_batch();
        transfers.count_export(export, false, 2);
        assert_eq!(transfers.batch().bytes_left, None, "its size is unknown");
        assert_eq!(transfers.left(at(0)), None);
        transfers.progress(at(0), transfer(export, 0, Some(1000)));
        transfers.progress(at(2), transfer(export, 400, None));
        assert_eq!(transfers.batch().bytes_left, Some(1600), "600 to fetch, 1000 to deliver");
        assert_eq!(transfers.left(at(2)), Some(8), "200 bytes a second");
        transfers.progress(at(3), transfer(export, 1000, None));
        transfers.ended(export);
        transfers.count_delivery(delivery, export, false);
        transfers.progress(at(3), transfer(delivery, 500, Some(1000)));
        assert_eq!(transfers.batch(), Batch { done: 0, all: 1, bytes_left: Some(500) });
        transfers.count_delivery(delivery, export, true);
        assert_eq!(transfers.batch(), Batch { done: 1, all: 1, bytes_left: Some(0) });
    }

    #[test]
    fn the_graph_is_of_the_last_minutes_and_bounded() {
        let mut transfers = Transfers::default();
        let id = Id::delivery(1);
        for second in 0..2_000_i64 {
            let bytes = second.unsigned_abs() * 10;
            transfers.progress(at(second), transfer(id, bytes, None));
        }
        assert_eq!(transfers.moved.len(), COLUMNS);
        assert_eq!(transfers.graph(at(2_000), 4), [10, 10, 10, 0], "and now nothing moves");
        assert_eq!(transfers.graph(at(9_000), 4), [0; 4]);
    }

    #[test]
    fn dropped_events_are_counted_until_the_next_run() {
        let mut transfers = Transfers::default();
        transfers.progress(at(0), transfer(Id::export(1), 5, None));
        transfers.forget(7);
        transfers.forget(5);
        assert_eq!((transfers.count(), transfers.dropped()), (0, 12));
        transfers.begin_batch();
        assert_eq!(transfers.dropped(), 0);
    }
}
