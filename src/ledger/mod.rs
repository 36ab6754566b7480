//! The books, in SQLite. All SQL of the program is in this folder, so that a
//! second engine for several machines can stand beside it.
//!
//! One [`Ledger`] per process may write: it holds the lock and the writing
//! thread. Any number of [`Reader`]s look on. A write is durable when its future
//! returns (WAL, `synchronous=FULL`). Every change of a state is a
//! compare-and-set on state and attempt, with a row in the append-only events.

mod backup;
mod clock;
mod deliveries;
mod endpoints;
mod events;
mod examine;
mod exports;
mod files;
mod found;
#[cfg(test)]
mod growth;
mod lock;
mod mark;
mod migrations;
mod notifications;
mod polls;
mod purge;
mod reader;
mod register;
mod restored;
pub mod rows;
mod runs;
mod schedules;
mod timeline;
mod totals;
mod writer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

pub use backup::{Backup, back_up};
pub(crate) use clock::now;
pub use deliveries::{Delivery, NewDelivery};
pub use endpoints::EndpointBooks;
pub use examine::{Examined, examine};
pub use exports::{Adopt, Arrival, Export};
pub use lock::holder;
pub(crate) use lock::is_held;
pub use mark::{Mark, Standing};
pub use notifications::{
    Alike, Found, Incident, Period, PeriodCount, Route, Telling, Trouble, Undelivered, Waiting,
};
pub use polls::{Poll, Recorded};
pub use purge::Outlived;
pub use reader::Reader;
pub(crate) use register::out_of_date;
pub use register::{
    Begun, Contents, DryWalk, OpenWalk, Queued, STATES as FILE_STATES, WalkCounts, WalkPlan,
};
pub use rows::{
    Books, EndpointRow, EventRow, ExportRow, FileRow, Filter, OutcomeCount, Timeline, TransferRow,
};
pub use schedules::{BeginSlot, Missed, Planned, SlotBegun};
pub use totals::{FileTotals, Totals};

use crate::model::{Failure, FailureClass, Id};
use crate::platform;

/// What the writer keeps of the file in memory, in kibibytes: the pages of an index that
/// are written in no order, as services' ids are, are then written once a transaction.
const CACHE: i64 = 32 << 10;

/// Pages of 4 kB that the log holds before it is copied into the file: the more, the
/// fewer pages are copied twice.
const CHECKPOINT: i64 = 8_192;

/// How long a statement waits for a lock that another process holds. Only
/// foreign tools can hold one: we have one writer.
const BUSY: Duration = Duration::from_secs(10);

/// Bytes that a disk must have free before a write that failed is believed to work again.
const ROOM: u64 = 1 << 20;

/// The version of SQLite that is built in.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// The ledger, open for writing. One per process, and one process at a time.
#[derive(Debug)]
pub struct Ledger {
    // Dropped in this order: the writer finishes before the lock is released.
    writer: writer::Writer,
    /// For single rows that somebody waits for: they need not wait for a commit.
    reads: Reader,
    path: PathBuf,
    _lock: lock::Lock,
}

impl Ledger {
    /// Opens the ledger at `path` for the program that calls itself `command`,
    /// creating or updating it as needed.
    ///
    /// Fails if another instance holds it, if it is damaged, or if
    /// a newer program wrote it.
    pub fn open(path: &Path, command: &str) -> Result<Self, Failure> {
        if let Some(folder) = path.parent() {
            create_private_folder(folder)?;
        }
        create_private_file(path)?;
        // One file has one lock, by whatever name or link it is opened.
        let path = &platform::real_path(path)
            .map_err(|e| Failure::io("opening the ledger", path.to_string_lossy(), &e))?;
        let lock = lock::Lock::take(path, command)?;
        let shown = path.to_string_lossy();
        let mut connection = Connection::open(path)
            .map_err(|e| sql_failure("opening the ledger", &e).about(&shown))?;
        prepare(&connection).map_err(|e| sql_failure("opening the ledger", &e).about(&shown))?;
        migrations::migrate(&mut connection, &shown, |version| {
            backup::before_migration(path, version)
        })?;
        let reads = Reader::open(path)?;
        let writer = writer::Writer::start(connection)?;
        Ok(Self { writer, reads, path: path.into(), _lock: lock })
    }

    /// A read side for others. Reads never wait for the writer.
    pub fn reader(&self) -> Result<Reader, Failure> {
        Reader::open(&self.path)
    }

    /// Whether it can be written now: goes the way of every write. It changes nothing, unless
    /// a write has failed before: then [`Ledger::prove`] shows whether it works again.
    pub async fn check(&self) -> Result<(), Failure> {
        if self.writer.is_in_doubt() {
            return self.prove().await;
        }
        let looking = |e: rusqlite::Error| sql_failure("looking at the ledger", &e);
        self.writer.write(move |c| c.query_row("SELECT 1", [], |_| Ok(())).map_err(looking)).await
    }

    /// Writes something that says nothing new.
    ///
    /// # Errors
    /// If that does not work, or if there is hardly any room: a small write may still find
    /// some where the next run's does not.
    pub async fn prove(&self) -> Result<(), Failure> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        if fs4::available_space(folder).is_ok_and(|free| free < ROOM) {
            self.writer.doubts();
            let shown = self.path.to_string_lossy();
            return Err(Failure::new(FailureClass::Full, "writing the ledger", shown)
                .said("its disk is full")
                .advice("free some space there; nothing is lost, it goes on by itself"));
        }
        let proving = |e: rusqlite::Error| sql_failure("writing the ledger", &e);
        self.writer
            .write(move |c| {
                let version: i64 = c
                    .pragma_query_value(None, "user_version", |row| row.get(0))
                    .map_err(proving)?;
                c.pragma_update(None, "user_version", version).map_err(proving)
            })
            .await?;
        self.writer.works();
        Ok(())
    }

    /// Writes a word about `subject` that changes no state.
    pub async fn note(
        &self,
        subject: Id,
        run: Option<Id>,
        kind: &'static str,
        detail: String,
    ) -> Result<(), Failure> {
        self.writer
            .write(move |c| {
                events::append(
                    c,
                    &events::New { run, kind, detail: Some(detail), ..events::New::of(subject) },
                )
            })
            .await
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -CACHE)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn open_read_only(path: &Path) -> Result<Connection, Failure> {
    let doing = "reading the ledger";
    let shown = path.to_string_lossy();
    // Without SQLITE_OPEN_CREATE: looking must not make an empty ledger.
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(|e| sql_failure(doing, &e).about(&shown))?;
    connection.busy_timeout(BUSY).map_err(|e| sql_failure(doing, &e).about(&shown))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Creates `folder` and what is missing above it; what is new is 0700.
pub(crate) fn create_private_folder(folder: &Path) -> Result<(), Failure> {
    platform::create_private_folder(folder)
        .map_err(|e| Failure::io("creating the folder", folder.to_string_lossy(), &e))
}

/// Makes the names in `folder` durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), Failure> {
    platform::sync_folder(folder)
        .map_err(|e| Failure::io("syncing the folder", folder.to_string_lossy(), &e))
}

/// SQLite gives its WAL the permissions of the database, so this one call
/// makes all three files private.
fn create_private_file(path: &Path) -> Result<(), Failure> {
    platform::private_file()
        .create(true)
        .append(true)
        .open(path)
        .map(drop)
        .map_err(|e| Failure::io("creating the ledger", path.to_string_lossy(), &e))
}

/// What the operator reads when SQLite refuses.
fn sql_failure(doing: &str, error: &rusqlite::Error) -> Failure {
    use rusqlite::ErrorCode as C;
    let (class, advice) = match error.sqlite_error_code() {
        Some(C::DiskFull) => (
            FailureClass::Full,
            Some("free some space on the ledger's disk; nothing is lost, it goes on by itself"),
        ),
        Some(C::SystemIoFailure | C::CannotOpen | C::ReadOnly | C::PermissionDenied) => {
            (FailureClass::Local, Some("check the ledger's folder: disk, permissions, mount"))
        }
        Some(C::DatabaseCorrupt | C::NotADatabase) => (
            FailureClass::Local,
            Some("keep a copy of this file as it is, then put the last backup in its place"),
        ),
        Some(C::DatabaseBusy | C::DatabaseLocked) => {
            (FailureClass::Local, Some("close the other program that holds the ledger open"))
        }
        _ => (FailureClass::Bug, None),
    };
    let failure = Failure::new(class, doing, "").said(error);
    match advice {
        Some(advice) => failure.advice(advice),
        None => failure,
    }
}

/// An arrow that the design does not have: a defect, and nothing is changed.
fn no_such_arrow(subject: Id, from: &str, to: &str) -> Failure {
    Failure::new(FailureClass::Bug, "booking", subject.to_string())
        .said(format!("there is no way from {from} to {to}"))
}

/// A compare-and-set that found another state than expected. Items are claimed
/// before they are worked on, so this is a defect, and stopping is the answer.
fn moved_meanwhile(subject: Id, from: &str, to: &str) -> Failure {
    Failure::new(FailureClass::Bug, "booking", subject.to_string())
        .said(format!("it is no longer {from}, so it did not become {to}"))
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<String, Failure> {
    serde_json::to_string(value)
        .map_err(|e| Failure::new(FailureClass::Bug, "writing JSON for", "the ledger").said(e))
}

/// The failure kept as JSON in a column. An unreadable one must not hide the row.
fn failure_from(json: Option<String>) -> Option<Failure> {
    json.map(|json| {
        serde_json::from_str(&json).unwrap_or_else(|_| {
            Failure::new(FailureClass::Bug, "reading a failure from", "the ledger").said(json)
        })
    })
}

/// The fixed name of a class of failures, as failures kept as JSON have it.
fn class_name(class: FailureClass) -> String {
    let name = serde_json::to_value(class).ok();
    name.as_ref().and_then(serde_json::Value::as_str).unwrap_or("bug").to_owned()
}

/// The class with this fixed name; one of a newer program's is none that this one knows.
fn class_from(name: &str) -> Option<FailureClass> {
    serde_json::from_value(name.into()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sqlite_refuses_is_told_apart_and_what_to_do_is_said() {
        use rusqlite::ffi;
        for (code, class, advice) in [
            (ffi::SQLITE_FULL, FailureClass::Full, "free some space"),
            (ffi::SQLITE_IOERR, FailureClass::Local, "check the ledger's folder"),
            (ffi::SQLITE_CANTOPEN, FailureClass::Local, "check the ledger's folder"),
            (ffi::SQLITE_READONLY, FailureClass::Local, "check the ledger's folder"),
            (ffi::SQLITE_CORRUPT, FailureClass::Local, "the last backup"),
            (ffi::SQLITE_NOTADB, FailureClass::Local, "the last backup"),
            (ffi::SQLITE_BUSY, FailureClass::Local, "close the other program"),
            (ffi::SQLITE_LOCKED, FailureClass::Local, "close the other program"),
            (ffi::SQLITE_CONSTRAINT, FailureClass::Bug, ""),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let failure = sql_failure("testing", &error);
            assert_eq!(failure.class, class, "{code}: {failure}");
            assert!(failure.advice.unwrap_or_default().contains(advice), "{code}");
        }
    }

    #[test]
    fn a_failure_that_cannot_be_read_hides_nothing() {
        let failure = Failure::new(FailureClass::Full, "testing", "a");
        let json = to_json(&failure).unwrap();
        assert_eq!(failure_from(Some(json)), Some(failure));
        assert_eq!(failure_from(None), None);
        let unreadable = failure_from(Some("{of another version".into())).unwrap();
        assert!(unreadable.to_string().contains("{of another version"), "{unreadable}");
    }
}
