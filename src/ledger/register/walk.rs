//! A walk that is going on: what it saw, and what it counted.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::contents::Contents;
use super::rows::Rows;
use crate::model::Id;

/// What a walk did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WalkCounts {
    /// Files seen, each once.
    pub found: u64,
    /// Of them, those that the books did not know.
    pub new: u64,
    /// Files known before that changed, were moved or renamed, or came back; also
    /// those whose path changed with a folder above them.
    pub updated: u64,
    /// Files that are gone; known only at the end.
    pub removed: u64,
    /// Files that we may not see any more since this walk.
    pub access_lost: u64,
    /// Folders that we may not look into any more since this walk, or never could.
    pub folders_lost: u64,
    /// Files that we may see again since this walk.
    pub access_back: u64,
    /// Exports made of them.
    pub queued: u64,
}

impl WalkCounts {
    /// Whether anything is different now.
    pub fn any_change(&self) -> bool {
        self.new + self.updated + self.removed + self.access_lost + self.access_back > 0
    }
}

/// A walk between [`Ledger::begin_walk`] and [`Ledger::finish_walk`].
///
/// [`Ledger::begin_walk`]: crate::ledger::Ledger::begin_walk
/// [`Ledger::finish_walk`]: crate::ledger::Ledger::finish_walk
#[derive(Debug)]
pub struct OpenWalk {
    pub(super) endpoint: i64,
    pub(super) run: Option<Id>,
    /// Whether it is to look everywhere.
    pub(super) full: bool,
    /// Larger files are not fetched. Bytes.
    pub(super) most_bytes: Option<u64>,
    /// What becomes of the files' bytes; none: nothing.
    pub(super) contents: Option<Contents>,
    /// Only the ledger's thread locks it, for as long as a page takes.
    pub(super) state: Mutex<State>,
    counts: Mutex<WalkCounts>,
}

/// What a walk saw.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Rows of `files` that were seen.
    pub(super) files: Rows,
    /// Of them, those that are counted as new or updated.
    pub(super) touched: Rows,
    /// Rows of `folders` that were seen.
    pub(super) folders: Rows,
    /// Of them, those that are new.
    pub(super) new_folders: Rows,
    /// What the service said is gone and did not show again afterwards.
    pub(super) gone: HashSet<String>,
    /// Rows that were removed and came back.
    pub(super) returned: u64,
    /// Exports that may still be made.
    pub(super) room: u64,
    pub(super) counts: WalkCounts,
}

impl State {
    /// Counts `row` as updated, unless this walk has counted it before.
    pub(super) fn updated(&mut self, row: i64) {
        if self.touched.insert(row) {
            self.counts.updated += 1;
        }
    }
}

impl OpenWalk {
    pub(super) fn new(
        endpoint: i64,
        run: Option<Id>,
        full: bool,
        most_bytes: Option<u64>,
        contents: Option<Contents>,
    ) -> Self {
        let room = contents.as_ref().map_or(0, |c| c.room);
        let state = Mutex::new(State { room, ..State::default() });
        Self { endpoint, run, full, most_bytes, contents, state, counts: Mutex::default() }
    }

    /// What it did so far. Never waits for the disk.
    pub fn counts(&self) -> WalkCounts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets everybody see the counts of `state`.
    pub(super) fn tell(&self, state: &State) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner) = state.counts;
    }
}
