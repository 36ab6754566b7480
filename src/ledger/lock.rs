//! One writer: a lock beside the ledger that the system releases when its
//! holder dies, however it dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::clock;
use crate::model::{Failure, FailureClass, Shown};
use crate::platform;

/// A holder that is just ending is waited for this long: a service that is
/// restarted must not refuse itself. (A child process that is being started also
/// has the lock's file open for a moment.)
const ENDING: Duration = Duration::from_secs(1);
const GLANCE: Duration = Duration::from_millis(20);

/// Holds the ledger for this process until it is dropped or the process ends.
#[derive(Debug)]
pub(super) struct Lock {
    // The lock lives as long as the open file does.
    _file: File,
    holder: PathBuf,
}

/// Who holds a ledger, for the one that is refused.
#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    command: String,
    since: jiff::Timestamp,
}

impl Lock {
    /// Takes the lock of the ledger at `database` or says who has it.
    ///
    /// The holder's name is in a file of its own: a locked file cannot be read
    /// everywhere, and a stale name beside a free lock does no harm.
    pub(super) fn take(database: &Path, command: &str) -> Result<Self, Failure> {
        let path = beside(database, "lock");
        let holder = beside(database, "holder");
        let doing = "taking the ledger's lock";
        let io = |e: &std::io::Error| Failure::io(doing, path.to_string_lossy(), e);
        let file = private().truncate(false).open(&path).map_err(|e| io(&e))?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if begun.elapsed() < ENDING => {
                    std::thread::sleep(GLANCE);
                }
                Err(TryLockError::WouldBlock) => return Err(held(database, &holder)),
                Err(TryLockError::Error(e)) => return Err(io(&e)),
            }
        }
        let me = Holder { pid: std::process::id(), command: command.into(), since: clock::now() };
        let named = serde_json::to_vec(&me)
            .map_err(std::io::Error::other)
            .and_then(|json| private().truncate(true).open(&holder)?.write_all(&json));
        named.map_err(|e| Failure::io(doing, holder.to_string_lossy(), &e))?;
        Ok(Self { _file: file, holder })
    }
}

/// For a file of the owner's alone: whoever may open the lock's may also hold it.
fn private() -> OpenOptions {
    let mut options = platform::private_file();
    options.create(true).write(true);
    options
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Only a courtesy: the lock itself goes with the open file.
        let _ = std::fs::remove_file(&self.holder);
    }
}

/// Whether `failure` says that another instance holds the ledger.
pub(crate) fn is_held(failure: &Failure) -> bool {
    failure.doing == HELD
}

const HELD: &str = "opening the ledger, which another instance holds:";

fn held(database: &Path, holder: &Path) -> Failure {
    let failure = Failure::new(FailureClass::Refused, HELD, database.to_string_lossy())
        .retry(crate::model::Retry::Backoff)
        .advice("use that one, or stop it first; lists can be read meanwhile");
    let known = std::fs::read(holder).ok().and_then(|j| serde_json::from_slice::<Holder>(&j).ok());
    match known {
        Some(h) => failure.said(format!(
            "{}, process {}, since {}",
            Shown::new(&h.command),
            h.pid,
            h.since
        )),
        None => failure.said("a process that did not leave its name"),
    }
}

/// Who holds the ledger at `database`, in words; none if nobody does.
pub fn holder(database: &Path) -> Option<String> {
    let file = File::open(beside(database, "lock")).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            let failure = held(database, &beside(database, "holder"));
            failure.said.map(|said| said.to_string())
        }
        _ => None,
    }
}

/// `connector.db` → `connector.db.{suffix}`.
fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_refused_and_told_who_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        let first = Lock::take(&database, "transship sync").unwrap();
        let refusal = Lock::take(&database, "transship").unwrap_err();
        assert!(is_held(&refusal));
        let words = refusal.to_string();
        assert!(words.contains("transship sync"), "{words}");
        assert!(words.contains(&std::process::id().to_string()), "{words}");
        assert!(!is_held(&Failure::new(FailureClass::Refused, "opening", "the ledger")));
        drop(first);
        assert!(!beside(&database, "holder").exists(), "its name goes with it");
        Lock::take(&database, "transship").unwrap();
    }

    #[test]
    fn a_holder_that_is_just_ending_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        let first = Lock::take(&database, "transship").unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        let second = std::thread::spawn(move || {
            let taken = Lock::take(&database, "transship sync");
            tell.send(()).unwrap();
            taken
        });
        let answered = told.recv_timeout(ENDING / 5).is_ok();
        assert!(!answered, "refused at once");
        drop(first);
        second.join().unwrap().unwrap();
    }

    #[test]
    fn a_name_left_by_a_killed_holder_does_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        std::fs::write(beside(&database, "lock"), "").unwrap();
        std::fs::write(beside(&database, "holder"), "{\"pid\":1").unwrap();
        Lock::take(&database, "transship").unwrap();
    }
}
