//! Files: one row each, compared with what a page shows, and written where it differs.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::contents::{self, Wanted};
use super::folders::Place;
use super::page::Booking;
use super::trail::{self, Change, Of};
use super::tree;
use super::walk::State;
use crate::ledger::{clock, sql_failure, to_json};
use crate::model::{Content, Failure, RemoteFile};

/// The names of a row's states in the view `file_states`.
pub const STATES: [&str; 3] = ["present", "removed", "access_lost"];

const DOING: &str = "booking a file";

/// A file as a page shows it, in the form of its row.
pub(super) struct Fresh<'f> {
    file: &'f RemoteFile,
    size: Option<i64>,
    content: String,
    created_at: Option<String>,
    updated_at: Option<String>,
}

/// How a file stands to the books.
pub(super) enum Verdict {
    /// They do not know it.
    New,
    /// They have it as it is.
    Same(i64),
    /// They have it otherwise.
    Differs(Box<Known>),
}

/// A row of `files` that differs from what a page shows.
pub(super) struct Known {
    pub(super) row: i64,
    name: String,
    path: String,
    folder: i64,
    version: String,
    contents: Option<String>,
    removed: bool,
    access_lost: bool,
    /// Whether the way to its bytes is the same.
    same_content: bool,
    /// Whether its row differs in anything but that we may not see it.
    same_file: bool,
}

impl Known {
    /// Whether it is only that we may see it again.
    pub(super) fn only_access(&self) -> bool {
        self.same_file && !self.removed
    }
}

impl<'f> Fresh<'f> {
    pub(super) fn new(file: &'f RemoteFile) -> Result<Self, Failure> {
        Ok(Self {
            file,
            size: file.size.map(|n| i64::try_from(n).unwrap_or(i64::MAX)),
            content: to_json(&file.content)?,
            created_at: file.created_at.map(clock::text),
            updated_at: file.updated_at.map(clock::text),
        })
    }
}

/// Compares a file, in the folder with row `folder`, with its row.
pub(super) fn compare(
    connection: &Connection,
    endpoint: i64,
    fresh: &Fresh<'_>,
    folder: i64,
) -> rusqlite::Result<Verdict> {
    let file = fresh.file;
    let verdict = connection
        .prepare_cached(
            "SELECT id, file_name, folder_id, file_link, file_size, file_type, version, content,
                 external_created_at, external_updated_at, removed_at IS NOT NULL,
                 access_lost_at IS NOT NULL, file_path, contents
             FROM files WHERE endpoint_id = ? AND external_file_id = ?",
        )?
        .query_row(params![endpoint, file.id], |row| {
            let text = |n| row.get_ref(n)?.as_str_or_null().map_err(rusqlite::Error::from);
            let same_content = text(7)? == Some(fresh.content.as_str());
            let same_file = text(1)? == Some(file.name.as_str())
                && row.get_ref(2)?.as_i64()? == folder
                && text(3)? == file.link.as_deref()
                && row.get_ref(4)?.as_i64_or_null()? == fresh.size
                && text(5)? == file.file_type.as_deref()
                && text(6)? == Some(file.version.as_str())
                && same_content
                && text(8)? == fresh.created_at.as_deref()
                && text(9)? == fresh.updated_at.as_deref();
            let (removed, access_lost): (bool, bool) = (row.get(10)?, row.get(11)?);
            if same_file && !removed && !access_lost {
                return Ok(Verdict::Same(row.get(0)?));
            }
            Ok(Verdict::Differs(Box::new(Known {
                row: row.get(0)?,
                name: row.get(1)?,
                folder: row.get(2)?,
                version: row.get(6)?,
                path: row.get(12)?,
                contents: row.get(13)?,
                removed,
                access_lost,
                same_content,
                same_file,
            })))
        })
        .optional()?;
    Ok(verdict.unwrap_or(Verdict::New))
}

/// Books a file as a page shows it.
pub(super) fn book(
    at: &Booking<'_>,
    state: &mut State,
    file: &RemoteFile,
    place: &Place,
) -> Result<(), Failure> {
    let fresh = Fresh::new(file)?;
    let verdict = compare(at.connection, at.walk.endpoint, &fresh, place.row)
        .map_err(|e| sql_failure(DOING, &e).about(&file.name))?;
    let row = match verdict {
        Verdict::Same(row) => row,
        Verdict::New => {
            let row = insert(at, state, &fresh, place)?;
            state.touched.insert(row);
            state.counts.new += 1;
            row
        }
        Verdict::Differs(known) => {
            update(at, state, &fresh, place, &known)?;
            known.row
        }
    };
    if state.files.insert(row) {
        state.counts.found += 1;
    }
    Ok(())
}

fn insert(
    at: &Booking<'_>,
    state: &mut State,
    fresh: &Fresh<'_>,
    place: &Place,
) -> Result<i64, Failure> {
    let file = fresh.file;
    let left_out = contents::left_out(file, at.walk.most_bytes);
    let contents = bytes(at, state, fresh, None, left_out.is_some())?;
    at.connection
        .prepare_cached(
            "INSERT INTO files (endpoint_id, external_file_id, file_name, file_path, file_link,
                 file_size, file_type, folder_id, version, content, contents, left_out,
                 external_created_at, external_updated_at, created_at, updated_at, last_synced_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?15, ?15)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                at.walk.endpoint,
                file.id,
                file.name,
                tree::join(&place.path, &file.name),
                file.link,
                fresh.size,
                file.file_type,
                place.row,
                file.version,
                fresh.content,
                contents,
                left_out,
                fresh.created_at,
                fresh.updated_at,
                at.now,
            ])
        })
        .map_err(|e| sql_failure(DOING, &e).about(&file.name))?;
    Ok(at.connection.last_insert_rowid())
}

fn update(
    at: &Booking<'_>,
    state: &mut State,
    fresh: &Fresh<'_>,
    place: &Place,
    known: &Known,
) -> Result<(), Failure> {
    let file = fresh.file;
    let path = tree::join(&place.path, &file.name);
    let left_out = contents::left_out(file, at.walk.most_bytes);
    let contents = bytes(at, state, fresh, Some(known), left_out.is_some())?;
    at.connection
        .prepare_cached(
            "UPDATE files SET file_name = ?, file_path = ?, file_link = ?, file_size = ?,
                 file_type = ?, folder_id = ?, version = ?, content = ?, contents = ?,
                 left_out = ?, external_created_at = ?, external_updated_at = ?, updated_at = ?,
                 last_synced_at = ?, removed_at = NULL, access_lost_at = NULL
             WHERE id = ?",
        )
        .and_then(|mut update| {
            update.execute(params![
                file.name,
                path,
                file.link,
                fresh.size,
                file.file_type,
                place.row,
                file.version,
                fresh.content,
                contents,
                left_out,
                fresh.created_at,
                fresh.updated_at,
                at.now,
                at.now,
                known.row,
            ])
        })
        .map_err(|e| sql_failure(DOING, &e).about(&file.name))?;
    if known.access_lost && !known.removed {
        state.counts.access_back += 1;
    }
    if !known.only_access() {
        state.updated(known.row);
    }
    if known.removed {
        state.returned += 1;
    }
    tell(at, file, &path, place, known)
}

/// What becomes of the file's bytes: for `contents` of its row.
fn bytes(
    at: &Booking<'_>,
    state: &mut State,
    fresh: &Fresh<'_>,
    known: Option<&Known>,
    left_out: bool,
) -> Result<Option<&'static str>, Failure> {
    let file = fresh.file;
    let (Some(contents), false, Content::Fetchable(particulars)) =
        (&at.walk.contents, left_out, &file.content)
    else {
        return Ok(None);
    };
    let wanted = Wanted {
        endpoint: at.walk.endpoint,
        run: at.walk.run,
        uid: &file.id,
        version: &file.version,
        name: &file.name,
        size: fresh.size,
        raw: &to_json(particulars)?,
    };
    let queued = known.is_some_and(|known| {
        !known.removed
            && known.version == file.version
            && known.contents.as_deref() == Some(contents::QUEUED)
    });
    if queued {
        if known.is_some_and(|known| !known.same_content) {
            contents::refresh(at.connection, contents, &wanted)?;
        }
        return Ok(Some(contents::QUEUED));
    }
    if state.room == 0 {
        return Ok(Some(contents::WAITING));
    }
    if contents::ensure(at.connection, contents, &wanted)? {
        state.room -= 1;
        state.counts.queued += 1;
    }
    Ok(Some(contents::QUEUED))
}

/// Leaves a trail of what is different now.
fn tell(
    at: &Booking<'_>,
    file: &RemoteFile,
    path: &str,
    place: &Place,
    known: &Known,
) -> Result<(), Failure> {
    let of = Of::File(known.row);
    let write = |change, before, after| {
        trail::write(at.connection, at.walk, of, change, Some(before), Some(after))
    };
    if known.removed {
        trail::write(at.connection, at.walk, of, Change::Returned, None, Some(path))?;
    }
    if known.access_lost && !known.removed {
        trail::write(at.connection, at.walk, of, Change::AccessBack, None, Some(path))?;
    }
    if known.name != file.name {
        write(Change::Renamed, &known.name, &file.name)?;
    }
    if known.folder != place.row {
        write(Change::Moved, &known.path, path)?;
    }
    if known.version != file.version {
        write(Change::Changed, &known.version, &file.version)?;
    }
    Ok(())
}
