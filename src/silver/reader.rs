//! The read side: connections that only read, and never wait for the writer (WAL).

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::hmac;
use rusqlite::config::DbConfig;
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
        let session = match kept {
            Some(session) => session,
            None => match Session::open(&self.path)? {
                Some(session) => session,
                None => return Ok(None),
            },
        };
        let read = session.snapshot(goes_on, work);
        // After an error the connection is dropped, unless it was us who broke off.
        if read.as_ref().err().is_none_or(is_broken_off) {
            let mut idle = self.idle();
            if idle.len() < KEPT {
                idle.push(session);
            }
        }
        read.map(Some).map_err(|error| failure(doing, &self.path, &error))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection, and the key that the cursors of its file are signed with.
pub struct Session {
    connection: Connection,
    key: hmac::Key,
    /// The SQL of questions that were asked before, by their shape.
    sql: RefCell<HashMap<Vec<u8>, Arc<str>>>,
    /// Tells this file from any other.
    stamp: [u8; 16],
    goes_on: Arc<Mutex<GoesOn>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("connection", &self.connection).finish_non_exhaustive()
    }
}

/// Asked again and again during a read, whether it goes on.
type GoesOn = Box<dyn FnMut() -> bool + Send>;

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
        Self::new(connection, &key).map(|session| Some((session, version)))
    }

    fn new(mut connection: Connection, key: &[u8]) -> rusqlite::Result<Self> {
        // Else a statement is prepared anew each time it is told another LIMIT, which takes
        // longer than reading a page does.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        let mut stamp = [0; 16];
        stamp.copy_from_slice(&hmac::sign(&key, b"stamp").as_ref()[..16]);
        let goes_on: Arc<Mutex<GoesOn>> = Arc::new(Mutex::new(Box::new(|| true)));
        let asked = goes_on.clone();
        let is_over = move || !asked.lock().unwrap_or_else(PoisonError::into_inner)();
        connection.progress_handler(LOOK, Some(is_over))?;
        Ok(Self { connection, key, sql: RefCell::default(), stamp, goes_on })
    }

    /// Reads whatever there is.
    #[cfg(test)]
    pub(super) fn of(connection: Connection) -> Self {
        Self::new(connection, &[]).unwrap()
    }

    /// The connection: whatever it reads now is of one moment.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// What the cursors of this file are signed with.
    pub(super) fn key(&self) -> &hmac::Key {
        &self.key
    }

    /// Tells this file from any other, and says nothing of its key.
    pub(super) fn stamp(&self) -> &[u8; 16] {
        &self.stamp
    }

    /// The SQL of a question of this shape, made once.
    pub(super) fn sql(&self, shape: Vec<u8>, make: impl FnOnce() -> String) -> Arc<str> {
        let mut known = self.sql.borrow_mut();
        // Whoever asks in ever new ways must not fill the memory.
        if known.len() >= 2 * STATEMENTS {
            known.clear();
        }
        known.entry(shape).or_insert_with(|| make().into()).clone()
    }

    /// Whether there is a table of this name.
    pub fn has_table(&self, name: &str) -> rusqlite::Result<bool> {
        is_there(&self.connection, name)
    }

    fn snapshot<T>(
        &self,
        goes_on: impl FnMut() -> bool + Send + 'static,
        work: impl FnOnce(&Self) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.set_goes_on(Box::new(goes_on));
        let read = self.at_one_moment(work);
        // It may hold what somebody waits for the end of.
        self.set_goes_on(Box::new(|| true));
        read
    }

    /// Whatever is read while another statement is under way is read at its moment: that
    /// costs half of what BEGIN and COMMIT do.
    fn at_one_moment<T>(
        &self,
        work: impl FnOnce(&Self) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let mut moment = self.connection.prepare_cached("SELECT key FROM meta")?;
        let mut under_way = moment.query([])?;
        under_way.next()?;
        work(self)
    }

    fn set_goes_on(&self, goes_on: GoesOn) {
        *self.goes_on.lock().unwrap_or_else(PoisonError::into_inner) = goes_on;
    }
}

fn is_broken_off(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted)
}

fn is_there(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1")?
        .exists([table])
}

/// What the operator reads when SQLite refuses to read.
fn failure(doing: &str, path: &Path, error: &rusqlite::Error) -> Failure {
    let shown = path.to_string_lossy();
    if is_broken_off(error) {
        return Failure::new(FailureClass::Cancelled, doing, shown)
            .said("it took too long, or nobody waits for it any more");
    }
    sql::failure(doing, error).about(shown)
}
