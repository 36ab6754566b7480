//! What changed in registers, the newest of it.
//!
//! Beside the events, which are kept for good: a register of a million files may
//! change a thousand times a day.

use rusqlite::{Connection, Row, named_params, params};

use super::walk::OpenWalk;
use crate::ledger::rows::EventRow;
use crate::ledger::{clock, sql_failure};
use crate::model::{Failure, Id};

/// Changes that are kept.
const KEPT: i64 = 100_000;

/// Changes that are shown of one run.
const SHOWN: i64 = 1_000;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Changed,
    Renamed,
    Moved,
    Removed,
    Returned,
    AccessLost,
    AccessBack,
}

impl Change {
    fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Renamed => "renamed",
            Self::Moved => "moved",
            Self::Removed => "removed",
            Self::Returned => "returned",
            Self::AccessLost => "access_lost",
            Self::AccessBack => "access_back",
        }
    }
}

/// What it happened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    File(i64),
    Folder(i64),
}

/// Writes one change.
pub(super) fn write(
    connection: &Connection,
    walk: &OpenWalk,
    of: Of,
    change: Change,
    before: Option<&str>,
    after: Option<&str>,
) -> Result<(), Failure> {
    let (file, folder) = match of {
        Of::File(row) => (Some(row), None),
        Of::Folder(row) => (None, Some(row)),
    };
    connection
        .prepare_cached(
            "INSERT INTO file_changes (endpoint_id, run_id, at, file_id, folder_id, change, before,
                 after)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                walk.endpoint,
                walk.run.map(|run| run.number),
                clock::text(clock::now()),
                file,
                folder,
                change.as_str(),
                before,
                after,
            ])
        })
        .map(drop)
        .map_err(|e| sql_failure("writing a change", &e))
}

/// Forgets the oldest changes.
pub(super) fn prune(connection: &Connection) -> Result<(), Failure> {
    connection
        .execute(
            "DELETE FROM file_changes WHERE id <= (SELECT max(id) FROM file_changes) - ?",
            [KEPT],
        )
        .map(drop)
        .map_err(|e| sql_failure("forgetting old changes", &e))
}

const COLUMNS: &str = "SELECT c.*, d.folder_path FROM file_changes c
     LEFT JOIN folders d ON d.id = c.folder_id";

/// What happened to the file with this number, oldest first.
pub(in crate::ledger) fn about(
    connection: &Connection,
    file: i64,
) -> rusqlite::Result<Vec<EventRow>> {
    connection
        .prepare_cached(&format!("{COLUMNS} WHERE c.file_id = ? ORDER BY c.id"))?
        .query_map([file], row)?
        .collect()
}

/// What happened in the run with this number, oldest first; the newest thousand.
pub(in crate::ledger) fn in_run(
    connection: &Connection,
    run: i64,
) -> rusqlite::Result<Vec<EventRow>> {
    let mut changes: Vec<EventRow> = connection
        .prepare_cached(&format!(
            "{COLUMNS} WHERE c.run_id = :run ORDER BY c.id DESC LIMIT :shown"
        ))?
        .query_map(named_params! {":run": run, ":shown": SHOWN}, row)?
        .collect::<rusqlite::Result<_>>()?;
    changes.reverse();
    Ok(changes)
}

fn row(row: &Row<'_>) -> rusqlite::Result<EventRow> {
    let run = row.get::<_, Option<i64>>("run_id")?.map(Id::run);
    let file = row.get::<_, Option<i64>>("file_id")?.map(Id::file);
    let (before, after): (Option<String>, Option<String>) = (row.get("before")?, row.get("after")?);
    let folder: Option<String> = row.get("folder_path")?;
    let words = match (before, after) {
        (Some(before), Some(after)) => Some(format!("{before} → {after}")),
        (one, other) => one.or(other),
    };
    // A folder has no id of its own: its run's story tells of it.
    let detail = match (file, folder) {
        (None, Some(path)) => Some(format!("folder {}", words.unwrap_or(path))),
        _ => words,
    };
    Ok(EventRow {
        number: row.get("id")?,
        at: clock::get(row, "at")?,
        subject: file.or(run).unwrap_or(Id::file(0)),
        run,
        kind: row.get("change")?,
        from_state: None,
        to_state: None,
        attempt: 0,
        detail,
    })
}
