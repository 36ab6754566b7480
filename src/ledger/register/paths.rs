//! Where everything lies, once a walk has told all of it.

use rusqlite::{Connection, params};

use super::page::Booking;
use super::tree::{self, Tree};
use super::walk::State;
use crate::ledger::sql_failure;
use crate::model::Failure;

/// Gives every folder, and the files in it, the path that follows from the folders
/// above it: some were moved or renamed, some came later than what is in them.
pub(super) fn put_right(
    at: &Booking<'_>,
    state: &mut State,
    folders: &Tree,
) -> Result<(), Failure> {
    for (id, node) in folders.iter().filter(|(_, node)| !node.removed) {
        let path = folders.path(id);
        if path != node.path {
            move_folder(at, state, node.row, &path)
                .map_err(|e| sql_failure("booking where files lie in", &e).about(&path))?;
        }
    }
    Ok(())
}

fn move_folder(
    at: &Booking<'_>,
    state: &mut State,
    folder: i64,
    path: &str,
) -> rusqlite::Result<()> {
    at.connection
        .prepare_cached("UPDATE folders SET folder_path = ?, updated_at = ? WHERE id = ?")?
        .execute(params![path, at.now, folder])?;
    let mut update = at.connection.prepare_cached(
        "UPDATE files SET file_path = ?, updated_at = ?, last_synced_at = ? WHERE id = ?",
    )?;
    for (row, name) in names_in(at.connection, folder)? {
        update.execute(params![tree::join(path, &name), at.now, at.now, row])?;
        state.updated(row);
    }
    Ok(())
}

fn names_in(connection: &Connection, folder: i64) -> rusqlite::Result<Vec<(i64, String)>> {
    connection
        .prepare_cached(
            "SELECT id, file_name FROM files WHERE folder_id = ? AND removed_at IS NULL",
        )?
        .query_map([folder], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}
