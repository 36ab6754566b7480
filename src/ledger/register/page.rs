//! One page of a walk, in one transaction.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::folders::Place;
use super::walk::{OpenWalk, State};
use super::{files, folders};
use crate::ledger::{Ledger, clock, sql_failure};
use crate::model::{Failure, Page, RemoteFile};

/// Where a page is booked.
pub(super) struct Booking<'b> {
    pub(super) connection: &'b Connection,
    pub(super) walk: &'b OpenWalk,
    /// The time of the transaction, as the ledger writes it.
    pub(super) now: &'b str,
}

impl Ledger {
    /// Books a page; durable when this returns. What is in the books as it is shown
    /// costs no write.
    pub async fn book_page(&self, walk: &Arc<OpenWalk>, page: Page) -> Result<(), Failure> {
        let walk = walk.clone();
        self.writer
            .write(move |c| {
                let mut state = walk.state();
                book(c, &walk, &mut state, page)?;
                walk.tell(&state);
                Ok(())
            })
            .await
    }
}

fn book(
    connection: &Connection,
    walk: &OpenWalk,
    state: &mut State,
    mut page: Page,
) -> Result<(), Failure> {
    let now = clock::text(clock::now());
    let at = Booking { connection, walk, now: &now };
    let (before, returned) = (state.counts, state.returned);
    for folder in &page.folders {
        state.gone.remove(&folder.id);
        folders::book(&at, state, folder)?;
    }
    in_order(&mut page.files);
    let mut places: HashMap<&str, Place> = HashMap::new();
    for file in &page.files {
        if !state.gone.is_empty() {
            state.gone.remove(&file.id);
        }
        let place = match places.get(file.folder.as_str()) {
            Some(place) => place,
            None => {
                let place = folders::of_files(&at, state, &file.folder)?;
                places.entry(&file.folder).or_insert(place)
            }
        };
        files::book(&at, state, file, place)?;
    }
    state.gone.extend(page.removed);
    let present = state.counts.new - before.new + state.returned - returned;
    let access_back = state.counts.access_back - before.access_back;
    count(connection, walk.endpoint, present as i64, -(access_back as i64))
}

/// In the order of their index, which makes the disk's work a fraction of what it is
/// without; each file once, as it was shown last.
pub(super) fn in_order(files: &mut Vec<RemoteFile>) {
    files.sort_by(|a, b| a.id.cmp(&b.id));
    files.dedup_by(|later, first| {
        let same = later.id == first.id;
        if same {
            std::mem::swap(later, first);
        }
        same
    });
}

/// Keeps count of the rows of the register, so that nobody has to count them.
pub(super) fn count(
    connection: &Connection,
    endpoint: i64,
    present: i64,
    access_lost: i64,
) -> Result<(), Failure> {
    if (present, access_lost) == (0, 0) {
        return Ok(());
    }
    connection
        .prepare_cached(
            "UPDATE registers SET files_present = files_present + ?,
                 files_access_lost = files_access_lost + ? WHERE endpoint_id = ?",
        )
        .and_then(|mut update| update.execute(params![present, access_lost, endpoint]))
        .map(drop)
        .map_err(|e| sql_failure("counting files", &e))
}
