//! The token file: one pair, on disk before it is used, for one process at a time.
//!
//! Refresh tokens are good for one use. So whoever renews takes the lock beside the
//! file first and looks whether somebody else has just done it; and the new pair is
//! under the file's name, synced, before anybody sends it.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::token::Token;
use crate::model::{Failure, FailureClass, Retry};
use crate::platform;

/// A file with more bytes is none of ours.
const MAX_BYTES: u64 = 64 * 1024;

/// How long another process may hold the lock: longer than its request can take.
const PATIENCE: Duration = Duration::from_secs(120);
const GLANCE: Duration = Duration::from_millis(20);

const LOCKING: &str = "taking the lock of the token file";

/// Where the pair is kept.
#[derive(Clone, Debug)]
pub(super) struct TokenFile {
    path: PathBuf,
}

/// The file, held against other tasks and processes until this is dropped or the
/// process ends.
#[derive(Debug)]
pub(super) struct Held {
    path: PathBuf,
    // The lock lives as long as the open file does.
    _lock: File,
}

impl TokenFile {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The file's path, for messages.
    pub(super) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// Waits for the lock.
    pub(super) async fn lock(&self) -> Result<Held, Failure> {
        let lock = open_lock(&self.path).map_err(|e| Failure::io(LOCKING, self.shown(), &e))?;
        let begun = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(Held { path: self.path.clone(), _lock: lock }),
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                    tokio::time::sleep(GLANCE).await;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(Failure::new(FailureClass::Local, LOCKING, self.shown())
                        .said("another process holds it")
                        .advice("look for another transship that hangs"));
                }
                Err(TryLockError::Error(e)) => return Err(Failure::io(LOCKING, self.shown(), &e)),
            }
        }
    }
}

impl Held {
    /// What the file holds; `None` if there is none.
    pub(super) fn read(&self) -> Result<Option<Token>, Failure> {
        let shown = self.path.display().to_string();
        let mut bytes = Vec::new();
        let read = File::open(&self.path).and_then(|file| {
            keep_private(&file, &shown)?;
            file.take(MAX_BYTES).read_to_end(&mut bytes)
        });
        match read {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Failure::io("reading the token file", &shown, &e)),
            Ok(_) => {}
        }
        let token =
            serde_json::from_slice::<Value>(&bytes).ok().as_ref().and_then(Token::from_json);
        token.map(Some).ok_or_else(|| {
            // Not what it says: it is a secret, or a part of one.
            Failure::new(FailureClass::SignIn, "reading the token file", &shown)
                .said("it holds no token")
                .retry(Retry::Never)
        })
    }

    /// A new file beside the old one. Made before a token is asked for, so that a full
    /// disk or a wrong folder is known while nothing is used up yet.
    pub(super) fn draft(&self) -> Result<Draft, Failure> {
        let path = beside(&self.path, "new");
        let create = || {
            // What a process that was killed left: nobody else is writing.
            match std::fs::remove_file(&path) {
                Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
                _ => {}
            }
            platform::private_file().write(true).create_new(true).open(&path)
        };
        let file = create().map_err(|e| writing(&self.path, &e))?;
        Ok(Draft { file: Some(file), path, target: self.path.clone() })
    }

    /// Puts a file aside whose refresh token is used up.
    pub(super) fn set_aside(&self) -> Result<(), Failure> {
        match std::fs::rename(&self.path, beside(&self.path, "lost")) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(writing(&self.path, &e)),
            _ => sync_folder(&self.path).map_err(|e| writing(&self.path, &e)),
        }
    }
}

/// A token file in the making.
#[derive(Debug)]
pub(super) struct Draft {
    /// Open until it has its name.
    file: Option<File>,
    path: PathBuf,
    target: PathBuf,
}

impl Draft {
    /// Writes `token` and gives the file its name. Durable on `Ok`.
    pub(super) async fn keep(mut self, token: &Token) -> Result<(), Failure> {
        let json = zeroize::Zeroizing::new(token.to_json().to_string());
        let target = self.target.clone();
        let written = tokio::task::spawn_blocking(move || {
            if let Some(mut file) = self.file.take() {
                file.write_all(json.as_bytes())?;
                file.sync_all()?;
            }
            // Closed by now: an open file has its name for good on Windows.
            std::fs::rename(&self.path, &self.target)?;
            sync_folder(&self.target)
        });
        let written = written.await.unwrap_or_else(|e| Err(io::Error::other(e)));
        written.map_err(|e| writing(&target, &e))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // If it stays, the next one replaces it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        platform::create_private_folder(folder)?;
    }
    let mut options = platform::private_file();
    options.create(true).truncate(false).write(true);
    options.open(beside(path, "lock"))
}

/// Closes a file that others may read: it was written by another program.
fn keep_private(file: &File, shown: &str) -> io::Result<()> {
    if platform::mode(&file.metadata()?).is_some_and(|mode| mode & 0o077 != 0) {
        tracing::warn!(file = %crate::model::Shown::new(shown), "the token file could be read by others");
        platform::make_private(file)?;
    }
    Ok(())
}

/// A new name lasts only once its folder is synced.
fn sync_folder(path: &Path) -> io::Result<()> {
    platform::sync_folder(path.parent().unwrap_or(Path::new("")))
}

fn writing(path: &Path, error: &io::Error) -> Failure {
    Failure::io("writing the token file", path.display().to_string(), error)
}

/// `tokens.json` → `tokens.json.{suffix}`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Secret;

    fn token(access: &str) -> Token {
        Token::new(Secret::new(access), Some(Secret::new("r")), Some(3599), 1000)
    }

    #[tokio::test]
    async fn a_pair_is_whole_under_its_name_or_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens/a.json");
        let file = TokenFile::new(&path);
        let held = file.lock().await.unwrap();
        assert_eq!(held.read().unwrap(), None);
        held.draft().unwrap().keep(&token("first")).await.unwrap();
        assert_eq!(held.read().unwrap(), Some(token("first")));

        // What a process leaves that is killed while it writes.
        std::fs::write(beside(&path, "new"), "{\"access_token\":\"ha").unwrap();
        assert_eq!(held.read().unwrap(), Some(token("first")));
        held.draft().unwrap().keep(&token("second")).await.unwrap();
        assert_eq!(held.read().unwrap(), Some(token("second")));

        // A draft that came to nothing leaves nothing.
        drop(held.draft().unwrap());
        assert!(!beside(&path, "new").exists());
        assert_eq!(held.read().unwrap(), Some(token("second")));

        held.set_aside().unwrap();
        assert_eq!(held.read().unwrap(), None);
        assert!(beside(&path, "lost").exists());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens/a.json");
        let held = TokenFile::new(&path).lock().await.unwrap();
        held.draft().unwrap().keep(&token("a")).await.unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        // Another program's file.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        held.read().unwrap().unwrap();
        assert_eq!(mode(&path), 0o600);
    }

    #[tokio::test]
    async fn a_file_that_holds_no_token_is_not_taken_for_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        let held = TokenFile::new(&path).lock().await.unwrap();
        for text in ["", "{", "{}", "canary-token", "[\"canary-token\"]"] {
            std::fs::write(&path, text).unwrap();
            let failure = held.read().unwrap_err();
            assert_eq!(failure.class, FailureClass::SignIn);
            assert!(!failure.to_string().contains("canary"), "{failure}");
        }
    }
}
