//! What a complete walk did not see, and what it was told is gone.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::rows::Rows;
use super::tree::Tree;
use crate::model::Walked;

/// What is not there any more.
#[derive(Debug, Default)]
pub(super) struct Missing {
    /// Rows of `files` that are present in the books.
    pub(super) files: HashSet<i64>,
    /// Ids of folders that are present in the books.
    pub(super) folders: HashSet<String>,
}

/// What was not seen although it was looked for: a file is gone if the walk looked
/// into its folder and did not see the file anywhere.
pub(super) fn by_absence(
    connection: &Connection,
    tree: &Tree,
    walked: &Walked,
    seen_files: &Rows,
    seen_folders: &Rows,
) -> rusqlite::Result<Missing> {
    let lost = walked.lost.iter().map(|(id, _)| id.as_str());
    let covered = tree.below(walked.untouched.iter().map(String::as_str).chain(lost));
    let mut missing = Missing::default();
    let mut kept: HashSet<&str> = HashSet::new();
    for (id, node) in tree.iter() {
        let looked_into = !covered.contains(id);
        if looked_into {
            let here = files_in(connection, node.row)?;
            missing.files.extend(here.into_iter().filter(|row| !seen_files.contains(*row)));
        }
        if !looked_into || seen_folders.contains(node.row) {
            // What holds something is there as well.
            kept.extend(tree.upwards(id).map(|(id, _)| id));
        }
    }
    let gone = tree.iter().filter(|(id, node)| !node.removed && !kept.contains(id));
    missing.folders = gone.map(|(id, _)| id.to_owned()).collect();
    Ok(missing)
}

/// Files that are there, and of which the walk shows nothing new: they count as seen.
pub(super) fn keep(
    connection: &Connection,
    endpoint: i64,
    walked: &Walked,
    seen_files: &mut Rows,
) -> rusqlite::Result<()> {
    for id in &walked.kept {
        if let Some(row) = file_called(connection, endpoint, id)? {
            seen_files.insert(row);
        }
    }
    Ok(())
}

/// What the service said is gone, and what lies below it by now.
pub(super) fn by_word(
    connection: &Connection,
    endpoint: i64,
    tree: &Tree,
    gone: &HashSet<String>,
) -> rusqlite::Result<Missing> {
    let mut missing = Missing::default();
    for id in gone {
        missing.files.extend(file_called(connection, endpoint, id)?);
    }
    for id in tree.below(gone.iter().map(String::as_str)) {
        let Some(node) = tree.get(id) else { continue };
        missing.files.extend(files_in(connection, node.row)?);
        if !node.removed {
            missing.folders.insert(id.to_owned());
        }
    }
    Ok(missing)
}

/// The files in the books that lie in a folder, by its row. The index alone tells.
pub(super) fn files_in(connection: &Connection, folder: i64) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare_cached("SELECT id FROM files WHERE folder_id = ? AND removed_at IS NULL")?
        .query_map([folder], |row| row.get(0))?
        .collect()
}

fn file_called(connection: &Connection, endpoint: i64, id: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT id FROM files
             WHERE endpoint_id = ? AND external_file_id = ? AND removed_at IS NULL",
        )?
        .query_row(params![endpoint, id], |row| row.get(0))
        .optional()
}
