//! A consistent copy of the ledger, taken while others write it, and proven to be one.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::examine::whole;
use super::mark::mark;
use super::{open_read_only, sql_failure, sync_folder};
use crate::model::{Failure, FailureClass};
use crate::platform;

const DOING: &str = "backing up the ledger to";

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Backup {
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// The number of the newest event in it; 0 if nothing ever happened.
    pub last_event: i64,
    /// When that was; none if nothing ever happened.
    pub last_event_at: Option<String>,
    /// Exports in it.
    pub exports: i64,
    /// Deliveries in it.
    pub deliveries: i64,
    /// Files of registers in it.
    pub files: i64,
}

/// Copies the ledger at `database` to the new file `target`: as it stands at one moment,
/// whoever writes it meanwhile. The copy is checked page by page and synced before it
/// gets its name, and it is private (0600).
///
/// Works on a ledger of any version, without its lock. Fails where `target` exists: nothing is overwritten.
pub fn back_up(database: &Path, target: &Path) -> Result<Backup, Failure> {
    if !database.exists() {
        return Err(about(FailureClass::NotFound, database)
            .said("there is no ledger yet")
            .advice("the first sync makes it"));
    }
    let exists = || {
        about(FailureClass::Refused, target)
            .said("there is such a file already")
            .advice("choose another name: a backup never overwrites anything")
    };
    if target.try_exists().map_err(|e| Failure::io(DOING, target.to_string_lossy(), &e))? {
        return Err(exists());
    }
    let partial = PartialFile::create(target)?;
    copy(database, &partial.0)?;
    let (last_event, last_event_at, [exports, deliveries, files]) = checked(&partial.0)?;
    let bytes = partial.named(target)?.ok_or_else(exists)?;
    let path = target.to_owned();
    Ok(Backup { path, bytes, last_event, last_event_at, exports, deliveries, files })
}

/// Copies the ledger at `database` before a program changes its tables: beside it, with
/// the `version` that its tables have and the time. One that was made already, by a start
/// that came no further, is enough: a service manager starts again and again.
pub(super) fn before_migration(database: &Path, version: usize) -> Result<(), Failure> {
    let standing = |path: &Path| mark(&open_read_only(path)?);
    let prefix = format!("{}.v{version}-", name_of(database));
    let now = standing(database)?;
    let folder = database.parent().unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder)
        .map_err(|e| Failure::io("looking for backups in", folder.to_string_lossy(), &e))?;
    let made = entries.flatten().map(|entry| entry.path()).filter(|path| {
        let name = name_of(path);
        name.starts_with(&prefix) && name.ends_with(".backup")
    });
    for path in made {
        if standing(&path).is_ok_and(|made| made == now) {
            return Ok(());
        }
    }
    let time = super::now().strftime("%Y%m%dT%H%M%S%.3fZ");
    back_up(database, &folder.join(format!("{prefix}{time}.backup"))).map(drop)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A copy under a name that nobody takes for a backup; removed unless it becomes one.
struct PartialFile(PathBuf);

impl PartialFile {
    /// An empty file beside `target`, that only its owner reads.
    fn create(target: &Path) -> Result<Self, Failure> {
        let mut name = target.as_os_str().to_owned();
        name.push(format!(".{:08x}.partial", rand::random::<u32>()));
        let path = PathBuf::from(name);
        platform::private_file()
            .create_new(true)
            .write(true)
            .open(&path)
            .map_err(|e| Failure::io(DOING, target.to_string_lossy(), &e))?;
        Ok(Self(path))
    }

    /// Syncs it and gives it its name; none where that was taken meanwhile. Its size.
    fn named(self, target: &Path) -> Result<Option<u64>, Failure> {
        let named = || {
            let file = std::fs::OpenOptions::new().write(true).open(&self.0)?;
            file.sync_all()?;
            let size = file.metadata()?.len();
            // A link does not overwrite, where a rename would. (The other name goes with us.)
            match std::fs::hard_link(&self.0, target) {
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => return Ok(None),
                // A file system that has no links.
                Err(_) => std::fs::rename(&self.0, target)?,
                Ok(()) => {}
            }
            Ok(Some(size))
        };
        let size = named()
            .map_err(|e: std::io::Error| Failure::io(DOING, target.to_string_lossy(), &e))?;
        sync_folder(match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        })?;
        Ok(size)
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// `VACUUM INTO`: one read transaction, which no writer waits for.
fn copy(database: &Path, partial: &Path) -> Result<(), Failure> {
    let into = partial.to_str().ok_or_else(|| {
        about(FailureClass::Misconfigured, partial)
            .said("SQLite writes to names in UTF-8 only")
            .advice("choose a name and a folder without such bytes")
    })?;
    open_read_only(database)?
        .execute("VACUUM INTO ?", [into])
        .map(drop)
        .map_err(|e| sql_failure(DOING, &e).about(partial.to_string_lossy()))
}

type Contents = (i64, Option<String>, [i64; 3]);

/// Reads all of the copy: every page, index, and reference.
fn checked(partial: &Path) -> Result<Contents, Failure> {
    let sql = |e: rusqlite::Error| {
        sql_failure("checking the backup", &e).about(partial.to_string_lossy())
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(partial, flags).map_err(sql)?;
    whole(&connection, partial)?;
    let mut counts = [0; 3];
    for (count, table) in counts.iter_mut().zip(["exports", "deliveries", "files"]) {
        // A ledger of an older version has not all of these tables.
        if connection.table_exists(None, table).map_err(sql)? {
            let select = format!("SELECT count(*) FROM {table}");
            *count = connection.query_row(&select, [], |row| row.get(0)).map_err(sql)?;
        }
    }
    let (last_event, last_event_at) = connection
        .query_row("SELECT coalesce(max(id), 0), max(at) FROM events", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .map_err(sql)?;
    Ok((last_event, last_event_at, counts))
}

fn about(class: FailureClass, path: &Path) -> Failure {
    Failure::new(class, DOING, path.to_string_lossy())
}
