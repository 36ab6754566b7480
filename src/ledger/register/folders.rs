//! Folders: one row each.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::page::Booking;
use super::trail::{self, Change, Of};
use super::tree;
use super::walk::State;
use crate::ledger::sql_failure;
use crate::model::{Failure, RemoteFolder};

const DOING: &str = "booking a folder";

/// Where files lie: a row of `folders`, and its path as booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) row: i64,
    pub(super) path: String,
}

/// Books a folder as a page shows it. Paths of what was known before are put right
/// at the end of the walk, when it is known where everything lies.
pub(super) fn book(
    at: &Booking<'_>,
    state: &mut State,
    folder: &RemoteFolder,
) -> Result<(), Failure> {
    let sql = |e: rusqlite::Error| sql_failure(DOING, &e).about(&folder.name);
    let row = match find(at.connection, at.walk.endpoint, &folder.id).map_err(sql)? {
        None => insert(at, state, folder)?,
        Some(known) => {
            if known.differs(folder) {
                update(at, &known, folder)?;
            }
            known.row
        }
    };
    state.folders.insert(row);
    Ok(())
}

/// Where the files of the folder `id` lie. One that was not told yet gets a row
/// that waits for its name.
pub(super) fn of_files(at: &Booking<'_>, state: &mut State, id: &str) -> Result<Place, Failure> {
    let sql = |e: rusqlite::Error| sql_failure(DOING, &e).about(id);
    let place = match find(at.connection, at.walk.endpoint, id).map_err(sql)? {
        Some(known) => {
            if known.removed {
                at.connection
                    .prepare_cached(
                        "UPDATE folders SET removed_at = NULL, updated_at = ? WHERE id = ?",
                    )
                    .and_then(|mut update| update.execute(params![at.now, known.row]))
                    .map_err(sql)?;
            }
            Place { row: known.row, path: known.path }
        }
        None => {
            let row = add(at, state, id, None, None, "").map_err(sql)?;
            Place { row, path: String::new() }
        }
    };
    state.folders.insert(place.row);
    Ok(place)
}

/// A folder in the books.
pub(super) struct Known {
    pub(super) row: i64,
    parent: Option<String>,
    name: Option<String>,
    path: String,
    removed: bool,
}

impl Known {
    fn differs(&self, folder: &RemoteFolder) -> bool {
        self.removed
            || self.parent != folder.parent
            || self.name.as_deref() != Some(folder.name.as_str())
    }
}

pub(super) fn find(
    connection: &Connection,
    endpoint: i64,
    id: &str,
) -> rusqlite::Result<Option<Known>> {
    connection
        .prepare_cached(
            "SELECT id, external_parent_id, folder_name, folder_path,
                 removed_at IS NOT NULL AS removed
             FROM folders WHERE endpoint_id = ? AND external_folder_id = ?",
        )?
        .query_row(params![endpoint, id], |row| {
            Ok(Known {
                row: row.get("id")?,
                parent: row.get("external_parent_id")?,
                name: row.get("folder_name")?,
                path: row.get("folder_path")?,
                removed: row.get("removed")?,
            })
        })
        .optional()
}

fn insert(at: &Booking<'_>, state: &mut State, folder: &RemoteFolder) -> Result<i64, Failure> {
    let path = path_now(at, folder)?;
    add(at, state, &folder.id, folder.parent.as_deref(), Some(&folder.name), &path)
        .map_err(|e| sql_failure(DOING, &e).about(&folder.name))
}

fn add(
    at: &Booking<'_>,
    state: &mut State,
    id: &str,
    parent: Option<&str>,
    name: Option<&str>,
    path: &str,
) -> rusqlite::Result<i64> {
    at.connection
        .prepare_cached(
            "INSERT INTO folders (endpoint_id, external_folder_id, external_parent_id, folder_name,
                 folder_path, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        )?
        .execute(params![at.walk.endpoint, id, parent, name, path, at.now])?;
    let row = at.connection.last_insert_rowid();
    state.new_folders.insert(row);
    Ok(row)
}

fn update(at: &Booking<'_>, known: &Known, folder: &RemoteFolder) -> Result<(), Failure> {
    at.connection
        .prepare_cached(
            "UPDATE folders SET external_parent_id = ?, folder_name = ?, removed_at = NULL,
                 updated_at = ? WHERE id = ?",
        )
        .and_then(|mut update| {
            update.execute(params![folder.parent, folder.name, at.now, known.row])
        })
        .map_err(|e| sql_failure(DOING, &e).about(&folder.name))?;
    let of = Of::Folder(known.row);
    let Some(name) = &known.name else { return Ok(()) };
    if *name != folder.name {
        let (before, after) = (Some(name.as_str()), Some(folder.name.as_str()));
        trail::write(at.connection, at.walk, of, Change::Renamed, before, after)?;
    }
    if known.parent != folder.parent {
        let after = path_now(at, folder)?;
        let before = Some(known.path.as_str());
        trail::write(at.connection, at.walk, of, Change::Moved, before, Some(&after))?;
    }
    Ok(())
}

/// Its path as far as its parent's is known by now.
fn path_now(at: &Booking<'_>, folder: &RemoteFolder) -> Result<String, Failure> {
    let above = match &folder.parent {
        Some(parent) => find(at.connection, at.walk.endpoint, parent)
            .map_err(|e| sql_failure(DOING, &e).about(&folder.name))?
            .map(|known| known.path),
        None => None,
    };
    Ok(tree::join(&above.unwrap_or_default(), &folder.name))
}
