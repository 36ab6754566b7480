//! What everything that speaks SQL to `silver.db` shares: names, connections, failures.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::schema;
use crate::model::{Column, ColumnKind, Failure, FailureClass};
use crate::platform;

/// How long a statement waits for a lock that another process holds.
const BUSY: Duration = Duration::from_secs(10);

/// What the writer keeps of the file in memory, in kibibytes. Loads that come in order
/// need little of it; it bounds what an index in no order costs.
const WRITER_CACHE: i64 = 32 << 10;

/// The same while an index is made of all rows. It is also what is sorted in memory at a
/// time, beside it; more of either is not faster.
const INDEXING_CACHE: i64 = 8 << 10;

/// The same of one reading connection, of which there are several.
const READER_CACHE: i64 = 4 << 10;

/// Pages that the log holds before it is copied into the file: 32 MB.
const CHECKPOINT: i64 = 2_048;

/// Bytes of a page: fewer and larger ones cost less to fill in order.
const PAGE: i64 = 16 << 10;

/// Bytes of the log that are left on the disk after a large file went in.
const LOG_KEPT: i64 = 64 << 20;

/// A name as SQL takes it, whatever is in it.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What a rollup's group holds in place of no value, since its columns are its key.
/// As SQL.
///
/// `''` for a text (an empty cell is no value, so nothing else is written so), `-1` for
/// the number of a dictionary's word and for a boolean, else the least number there is.
pub(crate) fn no_value(column: &Column) -> &'static str {
    match (&column.dictionary, &column.kind) {
        (Some(_), _) | (None, ColumnKind::Boolean { .. }) => "-1",
        (None, ColumnKind::Integer { .. } | ColumnKind::Decimal { .. }) => {
            "(-9223372036854775807 - 1)"
        }
        (None, ColumnKind::Real { .. }) => "-1.7976931348623157e308",
        (
            None,
            ColumnKind::Text { .. } | ColumnKind::Date { .. } | ColumnKind::Timestamp { .. },
        ) => "''",
    }
}

/// The type that a column's values are stored with.
pub(crate) fn stored_type(column: &Column) -> &'static str {
    match (&column.dictionary, &column.kind) {
        (Some(_), _)
        | (
            None,
            ColumnKind::Integer { .. } | ColumnKind::Decimal { .. } | ColumnKind::Boolean { .. },
        ) => "INTEGER",
        (None, ColumnKind::Real { .. }) => "REAL",
        (
            None,
            ColumnKind::Text { .. } | ColumnKind::Date { .. } | ColumnKind::Timestamp { .. },
        ) => "TEXT",
    }
}

/// Opens the file for the one that writes, making it if there is none; only its owner
/// can read it.
pub(super) fn open_for_writing(path: &Path) -> Result<Connection, Failure> {
    let (doing, shown) = ("opening the datasets", path.to_string_lossy());
    if let Some(folder) = path.parent() {
        crate::ledger::create_private_folder(folder)?;
    }
    let mut options = platform::private_file();
    // SQLite gives its log the permissions of the database.
    options.create(true).append(true);
    options.open(path).map_err(|e| Failure::io(doing, &shown, &e))?;
    let open = || {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY)?;
        // Of a file that has no tables yet; others keep what they have.
        connection.pragma_update(None, "page_size", PAGE)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "cache_size", -WRITER_CACHE)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)?;
        connection.pragma_update(None, "journal_size_limit", LOG_KEPT)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(connection)
    };
    open().map_err(|e| failure(doing, &e).about(&shown))
}

/// Makes indexes of all rows of a table, by their SQL, in bounded memory.
pub(super) fn make_indexes(connection: &Connection, indexes: &[String]) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -INDEXING_CACHE)?;
    let made = indexes.iter().try_for_each(|sql| connection.execute_batch(sql));
    connection.pragma_update(None, "cache_size", -WRITER_CACHE)?;
    made
}

/// Opens the file for reading. It must be there, with the tables of this version: looking
/// makes nothing.
pub(crate) fn open_read_only(path: &Path) -> Result<Connection, Failure> {
    let (doing, shown) = ("reading the datasets", path.to_string_lossy());
    if !path.exists() {
        return Err(Failure::new(FailureClass::NotFound, doing, &shown)
            .said("there is no such file yet")
            .advice("the first `transship ingest` makes it"));
    }
    let open = || {
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "cache_size", -READER_CACHE)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(connection)
    };
    let connection = open().map_err(|e| failure(doing, &e).about(&shown))?;
    match schema::version(&connection).map_err(|e| failure(doing, &e).about(&shown))? {
        Some(schema::VERSION) => Ok(connection),
        other => Err(schema::other_version(other.unwrap_or(0), &shown)),
    }
}

/// Reads all of the file at `path`; fails where it is damaged.
pub(crate) fn examine(path: &Path) -> Result<(), Failure> {
    let (doing, shown) = ("checking the datasets", path.to_string_lossy());
    let found: String = open_read_only(path)?
        .pragma_query_value(None, "quick_check", |row| row.get(0))
        .map_err(|e| failure(doing, &e).about(&shown))?;
    match found.as_str() {
        "ok" => Ok(()),
        said => Err(Failure::new(FailureClass::Damaged, doing, &shown).said(said).advice(
            "move this file away: every file of it is still in bronze, and `transship ingest` \
             takes them in again",
        )),
    }
}

/// What the operator reads when SQLite refuses.
pub(crate) fn failure(doing: &str, error: &rusqlite::Error) -> Failure {
    use rusqlite::ErrorCode as C;
    let (class, advice) = match error.sqlite_error_code() {
        Some(C::DiskFull) => (
            FailureClass::Full,
            "free some space on the datasets' disk; nothing is lost, it goes on by itself",
        ),
        Some(C::SystemIoFailure | C::CannotOpen | C::ReadOnly | C::PermissionDenied) => {
            (FailureClass::Local, "check the datasets' folder: disk, permissions, mount")
        }
        Some(C::DatabaseCorrupt | C::NotADatabase) => (
            FailureClass::Local,
            "move this file away: every file of it is still in bronze, and `transship ingest` \
             takes them in again",
        ),
        Some(C::DatabaseBusy | C::DatabaseLocked) => {
            (FailureClass::Local, "close the other program that holds the datasets open")
        }
        Some(C::OperationInterrupted) => return Failure::cancelled(doing, ""),
        _ => return Failure::new(FailureClass::Bug, doing, "").said(error),
    };
    Failure::new(class, doing, "").said(error).advice(advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_that_is_stopped_is_cancelled_and_no_defect() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.progress_handler(1, Some(|| true)).unwrap();
        let stopped = connection.execute_batch("CREATE TABLE t (a)").unwrap_err();
        assert_eq!(failure("taking in", &stopped).class, FailureClass::Cancelled);
    }
}
