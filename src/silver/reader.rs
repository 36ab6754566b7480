//! The read side: connections that only read, and never wait for the writer (WAL).

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::hmac;
use rusqlite::{Connection, OpenFlags};

use super::{schema, sql};
use crate::model::{Failure, FailureClass};

/// Connections kept for the next read; more than that are opened and closed.
const KEPT: usize = 16;

/// How long a read waits where SQLite lets nobody in: while the file is recovered.
const BUSY: Duration = Duration::from_secs(5);

/// Steps of SQLite's machine between two looks at whether to go on: a few milliseconds.
const LOOK: i32 = 100_000;

/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 128;

/// The tables of silver, open for reading only: beside their writer, without one, and
/// also before there is any file at all.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    idle: Mutex<Vec<Session>>,
}

impl Reader {
    /// Reads the file at `path`. Where there is none yet, everything is empty until
    /// there is one; a file that is there and is none of ours is an error.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let idle = Session::open(path)?.into_iter().collect();
        Ok(Self { path: path.into(), idle: Mutex::new(idle) })
    }

    /// The same, opened by whoever reads first: what is wrong with it is said then, and
    /// is over when it is mended.
    pub fn at(path: &Path) -> Self {
        Self { path: path.into(), idle: Mutex::default() }
    }

    /// Reads nothing, ever.
    pub fn nothing() -> Self {
        Self::at(Path::new(""))
    }

    /// Everything that `work` reads, it reads at one moment: commits meanwhile are not
    /// seen. It ends with an error when `goes_on` says no. None: nothing was ever taken in.
    pub fn read<T>(
        &self,
        doing: &str,
        goes_on: impl FnMut() -> bool + Send + 'static,
        work: impl FnOnce(&Session) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Failure> {
        let kept = self.idle().pop();
        let mut session = match kept {
            Some(session) => session,
            None => match Session::open(&self.path)? {
                Some(session) => session,
                None => return Ok(None),
            },
        };
        // After an error the connection is dropped, and its transaction with it.
        let read =
            session.snapshot(goes_on, work).map_err(|error| failure(doing, &self.path, &error))?;
        let mut idle = self.idle();
        if idle.len() < KEPT {
            idle.push(session);
        }
        Ok(Some(read))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection, and the key that the cursors of its file are signed with.
#[derive(Debug)]
pub struct Session {
    connection: Connection,
    key: hmac::Key,
}

impl Session {
    /// None: there is no file yet, or nothing in it.
    fn open(path: &Path) -> Result<Option<Self>, Failure> {
        if !path.exists() {
            return Ok(None);
        }
        let doing = "reading the datasets";
        let session = Self::try_open(path).map_err(|error| failure(doing, path, &error))?;
        match session {
            Some((_, version)) if version != schema::VERSION => {
                Err(schema::other_version(version, &path.to_string_lossy()))
            }
            other => Ok(other.map(|(session, _)| session)),
        }
    }

    fn try_open(path: &Path) -> rusqlite::Result<Option<(Self, i64)>> {
        // Without SQLITE_OPEN_CREATE: looking must not make an empty file.
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // Its tables come all at once, with the key.
        let Some(version) = schema::version(&connection)? else { return Ok(None) };
        let sql = "SELECT value FROM meta WHERE key = 'cursor_key'";
        let key: Vec<u8> = connection.query_row(sql, [], |row| row.get(0))?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        Ok(Some((Self { connection, key }, version)))
    }

    /// The connection, in its transaction.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// What the cursors of this file are signed with.
    pub(super) fn key(&self) -> &hmac::Key {
        &self.key
    }

    /// Whether there is a table of this name.
    pub fn has_table(&self, name: &str) -> rusqlite::Result<bool> {
        is_there(&self.connection, name)
    }

    fn snapshot<T>(
        &mut self,
        mut goes_on: impl FnMut() -> bool + Send + 'static,
        work: impl FnOnce(&Self) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.connection.progress_handler(LOOK, Some(move || !goes_on()))?;
        self.connection.prepare_cached("BEGIN")?.execute([])?;
        let read = work(self)?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        self.connection.progress_handler(0, None::<fn() -> bool>)?;
        Ok(read)
    }
}

fn is_there(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1")?
        .exists([table])
}

/// What the operator reads when SQLite refuses to read.
fn failure(doing: &str, path: &Path, error: &rusqlite::Error) -> Failure {
    let shown = path.to_string_lossy();
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::OperationInterrupted) => {
            Failure::new(FailureClass::Cancelled, doing, shown)
                .said("it took too long, or nobody waits for it any more")
        }
        _ => sql::failure(doing, error).about(shown),
    }
}
