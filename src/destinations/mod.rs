//! Where files go.
//!
//! A destination offers the steps of `design/delivery.md` one by one; the engine
//! decides their order and books each one. None of them repeats itself: a lost
//! reply comes back as a failure, and the engine's fence settles what happened.

pub mod sftp;

use std::path::PathBuf;

use async_trait::async_trait;
use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::model::Failure;
use crate::transport::pace::Pace;

/// A file of this machine that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// Its hash in the books (SHA-256, hexadecimal), where it has yet to be compared with
    /// it: while it is sent.
    pub sha256: Option<String>,
    /// All of it, where it is small and was just compared with the books: these bytes are
    /// sent then, whatever has become of the file meanwhile.
    pub bytes: Option<Bytes>,
}

impl LocalFile {
    /// The file at `path`, of `size` bytes, which are read when they are sent.
    pub fn new(path: impl Into<PathBuf>, size: u64) -> Self {
        Self { path: path.into(), size, sha256: None, bytes: None }
    }
}

/// What the server at the destination can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// `posix-rename@openssh.com`: renames are atomic, the fence is exact.
    pub posix_rename: bool,
    /// `fsync@openssh.com`.
    pub fsync: bool,
    /// `statvfs@openssh.com`.
    pub statvfs: bool,
    /// `limits@openssh.com`.
    pub limits: bool,
    /// Free bytes in the folder, where the server tells.
    pub free_bytes: Option<u64>,
}

/// What a temporary file looked like once it was complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Staged {
    /// Its size as the server reports it, equal to the local one.
    pub size: u64,
    /// Whether something already has the final name: publishing would overwrite it.
    pub target_exists: bool,
    /// The size of a file of the final name in the receiver's `processed` folder,
    /// where there is one that can be seen.
    pub processed: Option<u64>,
}

/// What the fence found out about a rename whose reply was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fence {
    /// The temporary file was still there and has the next name now: the rename
    /// never happened and never can.
    Moved,
    /// An earlier fence of ours had already moved it; a file of this size has the
    /// next name.
    MovedBefore(Option<u64>),
    /// The temporary file is gone, the folder is there: the rename happened.
    Gone,
}

/// What can be seen of a published file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// Under its final name, with this size.
    InPlace(u64),
    /// In the receiver's `processed` folder, with this size.
    Processed(u64),
    /// Neither; `processed_visible` tells whether that folder could be read.
    Gone {
        /// Whether the `processed` folder is configured and could be looked at.
        processed_visible: bool,
    },
}

/// A step towards the final name that did not end well.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishFailure {
    /// What the operator reads.
    pub failure: Failure,
    /// Whether the file, or a part of it, may have its final name all the same, now
    /// or later. False only where the server's own answer rules that out.
    pub in_doubt: bool,
}

/// What each step of a delivery would meet.
pub type Rehearsal = Vec<Step>;

/// One step of a delivery that was tried out.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The step.
    pub what: &'static str,
    /// Whether it is one that only publishing by rename needs.
    pub is_rename: bool,
    /// What was found, in words.
    pub result: Result<String, Failure>,
}

impl Step {
    fn new(what: &'static str, result: Result<String, Failure>) -> Self {
        Self { what, is_rename: false, result }
    }

    fn rename(what: &'static str, result: Result<String, Failure>) -> Self {
        Self { is_rename: true, ..Self::new(what, result) }
    }
}

/// Called with the bytes of this file that the server has acknowledged so far.
pub type Acknowledged<'a> = &'a (dyn Fn(u64) + Send + Sync);

/// A folder on another machine that files are delivered into.
///
/// All names are plain file names inside the configured folder.
#[async_trait]
pub trait Destination: Send + Sync {
    /// Connects, signs in, and says what the server can do. Writes nothing.
    async fn probe(&self) -> Result<Capabilities, Failure>;

    /// How fast bytes may go there.
    fn pace(&self) -> Pace {
        Pace::default()
    }

    /// Writes `local` to the new file `temporary`, asks the
    /// server to sync it where it can, reads its size back and looks whether
    /// `final_name` is free, and whether the receiver has put away one like it.
    async fn stage(
        &self,
        local: &LocalFile,
        temporary: &str,
        final_name: &str,
        acknowledged: Acknowledged<'_>,
        cancel: &CancellationToken,
    ) -> Result<Staged, Failure>;

    /// Renames `temporary` to `final_name`, atomically where the server can. Gives what
    /// was seen of it right behind the rename, where looking costs no trip of its own.
    /// After an error in doubt it is unknown whether the rename happens: fence.
    async fn publish(
        &self,
        temporary: &str,
        final_name: &str,
    ) -> Result<Option<Sighting>, PublishFailure>;

    /// On a connection made after the lost one: renames `temporary` to `next`
    /// and reads from the answer what became of the rename to the final name.
    async fn fence(&self, temporary: &str, next: &str) -> Result<Fence, Failure>;

    /// Direct mode: creates `final_name` exclusively and writes `local` into it.
    async fn write_direct(
        &self,
        local: &LocalFile,
        final_name: &str,
        acknowledged: Acknowledged<'_>,
        cancel: &CancellationToken,
    ) -> Result<(), PublishFailure>;

    /// Where `final_name` is now.
    async fn sight(&self, final_name: &str) -> Result<Sighting, Failure>;

    /// Removes one of our own temporary files; that it is gone already is fine.
    async fn remove_temporary(&self, temporary: &str) -> Result<(), Failure>;

    /// The newest few names in the folder, for `test`; at most `limit`.
    async fn peek(&self, limit: usize) -> Result<Vec<String>, Failure>;

    /// Goes through a delivery's steps with temporary files of our own, named by `token`
    /// (eight hex digits), and removes them again.
    async fn rehearse(&self, token: &str) -> Result<Rehearsal, Failure>;

    /// Closes the sessions.
    async fn close(&self);
}
