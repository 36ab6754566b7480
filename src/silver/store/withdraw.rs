//! Taking a file's rows out again.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};

use super::quarantine::Quarantine;
use super::rollups::Rollups;
use super::trouble::Trouble;
use crate::model::Dataset;
use crate::silver::schema;
use crate::silver::sql::quote;

/// Takes the rows of a file out of its table and the rollups. Gives how many there were.
pub(super) fn rows(connection: &Connection, dataset: &Dataset, file: i64) -> Result<u64, Trouble> {
    let table = quote(&dataset.name);
    let (of_file, from, to) = match dataset.key.is_empty() {
        true => {
            let first = file.saturating_mul(schema::LINES);
            let id = quote(&dataset.row_id());
            (format!("{id} BETWEEN ? AND ?"), first, first.saturating_add(schema::LINES - 1))
        }
        false => ("file BETWEEN ? AND ?".to_owned(), file, file),
    };
    let mut rollups = Rollups::of(connection, dataset)?;
    let needs = rollups.needs();
    if !needs.is_empty() {
        let columns: Vec<String> =
            needs.iter().map(|at| quote(&dataset.columns[*at].stored_as())).collect();
        let sql = format!("SELECT {} FROM {table} WHERE {of_file}", columns.join(", "));
        let mut select = connection.prepare(&sql)?;
        let mut found = select.query((from, to))?;
        while let Some(row) = found.next()? {
            let mut values = vec![ValueRef::Null; dataset.columns.len()];
            for (at, column) in needs.iter().enumerate() {
                values[*column] = row.get_ref(at)?;
            }
            rollups.add(-1, |at| values[at])?;
        }
        rollups.flush()?;
    }
    let gone = connection.execute(&format!("DELETE FROM {table} WHERE {of_file}"), (from, to))?;
    connection
        .prepare_cached("UPDATE datasets SET row_count = row_count - ?2 WHERE name = ?1")?
        .execute(params![dataset.name, gone as i64])?;
    Ok(gone as u64)
}

/// A file that gives way: its rows and what was set aside of it go.
///
/// What had given way to it waits again: the same bytes under other names, and, with a
/// key, lower files, whose rows its own may have hidden. Gives those files.
pub(super) fn file(
    connection: &Connection,
    dataset: &Dataset,
    file: i64,
    is_in: bool,
) -> Result<Vec<i64>, Trouble> {
    let gone = if is_in { rows(connection, dataset, file)? } else { 0 };
    Quarantine::clear(connection, file)?;
    connection
        .prepare_cached(
            "UPDATE landed SET definition = NULL, rows_bad = 0, unresolved = 0 WHERE id = ?",
        )?
        .execute([file])?;
    if !is_in {
        return Ok(Vec::new());
    }
    let mut again = wait_again(
        connection,
        "sha256 = (SELECT sha256 FROM landed WHERE id = ?1) AND dataset = ?2 AND id <> ?1
         AND state = 'repeated'",
        params![file, dataset.name],
    )?;
    if !dataset.key.is_empty() && gone > 0 {
        again.extend(wait_again(
            connection,
            "dataset = ?2 AND state = 'ingested'
             AND rank < (SELECT rank FROM landed WHERE id = ?1)",
            params![file, dataset.name],
        )?);
    }
    Ok(again)
}

/// Older versions of a file that is refused, though it was in before, wait again.
pub(super) fn older_versions(connection: &Connection, file: i64) -> rusqlite::Result<Vec<i64>> {
    wait_again(
        connection,
        "state = 'superseded' AND (endpoint, path) = (SELECT endpoint, path FROM landed
         WHERE id = ?1) AND rank < (SELECT rank FROM landed WHERE id = ?1)",
        [file],
    )
}

/// Makes the files that fit `which` wait. Gives them.
pub(super) fn wait_again(
    connection: &Connection,
    which: &str,
    params: impl rusqlite::Params,
) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare_cached(&format!("UPDATE landed SET state = 'landed' WHERE {which} RETURNING id"))?
        .query_map(params, |row| row.get(0))?
        .collect()
}
