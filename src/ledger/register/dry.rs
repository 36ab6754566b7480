//! A walk that is compared with the books and changes nothing in them.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension as _};

use super::files::{self, Fresh, Verdict};
use super::missing;
use super::page::in_order;
use super::tree::Tree;
use super::walk::{State, WalkCounts};
use super::{begin, folders};
use crate::ledger::{Reader, endpoints, sql_failure};
use crate::model::{Failure, Known, Page, Walked};

const DOING: &str = "comparing with the ledger";

/// A walk of which only the counts are wanted.
#[derive(Debug)]
pub struct DryWalk {
    /// None: the books do not know the endpoint.
    endpoint: Option<i64>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    state: State,
    folders: Tree,
    /// Ids of files that the books do not know.
    new: HashSet<String>,
}

impl DryWalk {
    /// What it saw so far.
    pub fn counts(&self) -> WalkCounts {
        self.seen().state.counts
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a page of a walk of which there are no books.
    pub fn count(&self, page: Page) {
        let mut seen = self.seen();
        for file in page.files {
            if seen.new.insert(file.id) {
                seen.state.counts.new += 1;
                seen.state.counts.found += 1;
            }
        }
    }

    /// A walk of an endpoint of which there are no books yet.
    pub fn of_nothing() -> Self {
        Self { endpoint: None, seen: Mutex::default() }
    }
}

impl Reader {
    /// Begins a walk of the endpoint called `name` that is not booked, and says what
    /// its source is told.
    pub fn begin_dry_walk(&self, name: &str, scope: &str) -> Result<(DryWalk, Known), Failure> {
        self.read(DOING, |c| begin_dry(c, name, scope))
    }

    /// Compares a page with the books.
    pub fn weigh_page(&self, walk: &DryWalk, mut page: Page) -> Result<(), Failure> {
        in_order(&mut page.files);
        self.read_or_fail(|c| weigh(c, walk, &page))
    }

    /// What the walk would have done.
    pub fn finish_dry_walk(&self, walk: &DryWalk, walked: &Walked) -> Result<WalkCounts, Failure> {
        self.read(DOING, |c| finish(c, walk, walked))
    }
}

fn begin_dry(
    connection: &Connection,
    name: &str,
    scope: &str,
) -> rusqlite::Result<(DryWalk, Known)> {
    let Some(endpoint) = endpoints::number(connection, name)? else {
        return Ok((DryWalk::of_nothing(), Known::default()));
    };
    let memory: Option<(String, Option<String>)> = connection
        .query_row("SELECT scope, memory FROM registers WHERE endpoint_id = ?", [endpoint], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let folders = Tree::load(connection, endpoint)?;
    let known = match memory {
        Some((same, memory)) if same == scope => Known {
            folders: Tree::load(connection, endpoint)?.into_known(),
            memory: begin::remembered(memory),
        },
        _ => Known::default(),
    };
    let seen = Seen { folders, ..Seen::default() };
    Ok((DryWalk { endpoint: Some(endpoint), seen: Mutex::new(seen) }, known))
}

fn weigh(connection: &Connection, walk: &DryWalk, page: &Page) -> Result<(), Failure> {
    let sql = |e: rusqlite::Error| sql_failure(DOING, &e);
    let mut seen = walk.seen();
    let seen = &mut *seen;
    for folder in &page.folders {
        seen.state.gone.remove(&folder.id);
        let row = seen.folders.place(folder);
        seen.state.folders.insert(row);
    }
    for file in &page.files {
        seen.state.gone.remove(&file.id);
        let verdict = match walk.endpoint {
            None => Verdict::New,
            Some(endpoint) => {
                let folder = folders::find(connection, endpoint, &file.folder).map_err(sql)?;
                let folder = folder.map_or(0, |known| known.row);
                seen.state.folders.insert(folder);
                files::compare(connection, endpoint, &Fresh::new(file)?, folder).map_err(sql)?
            }
        };
        let first = match verdict {
            Verdict::New => {
                let first = seen.new.insert(file.id.clone());
                seen.state.counts.new += u64::from(first);
                first
            }
            Verdict::Same(row) => seen.state.files.insert(row),
            Verdict::Differs(known) => {
                if !known.only_access() {
                    seen.state.updated(known.row);
                }
                seen.state.files.insert(known.row)
            }
        };
        seen.state.counts.found += u64::from(first);
    }
    seen.state.gone.extend(page.removed.iter().cloned());
    Ok(())
}

fn finish(
    connection: &Connection,
    walk: &DryWalk,
    walked: &Walked,
) -> rusqlite::Result<WalkCounts> {
    let mut seen = walk.seen();
    let Seen { state, folders, .. } = &mut *seen;
    let Some(endpoint) = walk.endpoint.filter(|_| walked.failures.is_empty()) else {
        return Ok(state.counts);
    };
    missing::keep(connection, endpoint, walked, &mut state.files)?;
    let mut gone = missing::by_word(connection, endpoint, folders, &state.gone)?.files;
    if walked.absence_counts {
        let (files, seen) = (&state.files, &state.folders);
        gone.extend(missing::by_absence(connection, folders, walked, files, seen)?.files);
    }
    state.counts.removed = gone.len() as u64;
    Ok(state.counts)
}
