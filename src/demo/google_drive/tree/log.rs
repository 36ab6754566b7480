//! The log of changes of one user or one shared drive.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::item::Place;

/// The log of changes of one user or one shared drive. It knows what was changed and
/// when, not how: a reader looks at the thing as it is then. A thing that changes
/// again moves to the end, so each is in it once.
#[derive(Debug, Default)]
pub(in crate::demo) struct Log {
    entries: BTreeMap<u64, Entry>,
    latest: HashMap<Subject, u64>,
}

/// What was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::demo) enum Subject {
    /// An item.
    Item(Place),
    /// A shared drive, by its top: its name, or who is a member.
    Drive(Place),
}

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::demo) struct Entry {
    /// What was changed.
    pub(in crate::demo) subject: Subject,
    /// When.
    pub(in crate::demo) at: Timestamp,
}

impl Log {
    pub(super) fn book(&mut self, tick: u64, subject: Subject, at: Timestamp) {
        if let Some(earlier) = self.latest.insert(subject, tick) {
            self.entries.remove(&earlier);
        }
        self.entries.insert(tick, Entry { subject, at });
    }

    /// The entries from `tick` on, oldest first.
    pub(in crate::demo) fn since(&self, tick: u64) -> impl Iterator<Item = (u64, Entry)> {
        self.entries.range(tick..).map(|(tick, entry)| (*tick, *entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_in_the_log_once_where_it_was_changed_last() {
        let mut log = Log::default();
        let at = Timestamp::UNIX_EPOCH;
        for (tick, place) in [(1, 7), (2, 8), (3, 7), (4, 9)] {
            log.book(tick, Subject::Item(place), at);
        }
        log.book(5, Subject::Drive(8), at);
        let order = |from| log.since(from).map(|(tick, e)| (tick, e.subject)).collect::<Vec<_>>();
        let (two, three, four) = (Subject::Item(8), Subject::Item(7), Subject::Item(9));
        let last = (5, Subject::Drive(8));
        assert_eq!(order(0), [(2, two), (3, three), (4, four), last]);
        assert_eq!(order(4), [(4, four), last]);
        assert!(order(6).is_empty());
    }
}
