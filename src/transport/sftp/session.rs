//! A session as its users see it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::greeting::{Greeting, SessionCapabilities, greet};
use super::launch::launch;
use super::link::{Link, PendingReply};
use super::wire::extension::{self, StatVfs};
use super::wire::{Attrs, NameEntry, Reply, Request, Status, StatusCode};
use super::{RemoteFile, SftpError};
use crate::model::{Failure, SshServer};
use crate::transport::ssh;

/// A signed-in SFTP session. Clones share it; their requests overlap. It is
/// closed when the last one is dropped.
#[derive(Clone)]
pub struct SftpSession {
    inner: Arc<Inner>,
}

struct Inner {
    link: Link,
    greeting: Greeting,
    connected_at: Instant,
}

impl SftpSession {
    /// Connects, checks the host key, signs in and starts SFTP. The wait is
    /// bounded by the server's time-outs.
    pub async fn connect(server: &SshServer) -> Result<Self, Failure> {
        let link = launch(server).await?;
        let greeting = greet(&link)
            .await
            .map_err(|e| e.into_failure("starting SFTP on", ssh::address(server)))?;
        Ok(Self { inner: Arc::new(Inner { link, greeting, connected_at: Instant::now() }) })
    }

    /// What the server said that it can do.
    pub fn capabilities(&self) -> SessionCapabilities {
        self.inner.greeting.capabilities
    }

    /// When the connection stood.
    pub fn connected_at(&self) -> Instant {
        self.inner.connected_at
    }

    /// How long the server took to answer when it was greeted; not every one can be
    /// told.
    pub fn round_trip(&self) -> Option<Duration> {
        self.inner.greeting.round_trip
    }

    /// Whether both are handles of one session.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Whether it has ended, for whatever reason.
    pub fn is_lost(&self) -> bool {
        self.inner.link.shared.lost().is_some() || self.inner.link.is_closed()
    }

    /// Ends it at once, without a word to the server.
    pub fn kill(&self) {
        self.inner.link.shared.shut_down();
    }

    /// How many are using it; see [`SftpSession::join`].
    pub fn users(&self) -> usize {
        self.inner.link.shared.users.load(Ordering::Relaxed)
    }

    /// Counts the caller as one who uses it, until the result is dropped.
    pub fn join(&self) -> SessionUser {
        self.inner.link.shared.users.fetch_add(1, Ordering::Relaxed);
        SessionUser { session: self.clone() }
    }

    /// Bytes per write that the server takes.
    pub(super) fn write_chunk(&self) -> usize {
        self.inner.greeting.write_chunk
    }

    /// Bytes per read that the server gives.
    pub(super) fn read_chunk(&self) -> usize {
        self.inner.greeting.read_chunk
    }

    /// What is free of the bytes in flight.
    pub(super) fn room(&self) -> usize {
        self.inner.link.room()
    }

    /// Sends a request without waiting for its answer.
    pub(crate) async fn send(&self, request: &Request) -> Result<PendingReply, SftpError> {
        self.inner.link.send(request).await
    }

    /// Sends a packet that was encoded under an id of [`SftpSession::next_id`].
    pub(super) async fn send_packet(
        &self,
        id: u32,
        packet: Bytes,
    ) -> Result<PendingReply, SftpError> {
        let cost = packet.len();
        self.inner.link.send_packet(id, packet, cost).await
    }

    pub(super) fn next_id(&self) -> u32 {
        self.inner.link.shared.next_id()
    }

    pub(super) fn send_and_forget(&self, request: &Request) {
        self.inner.link.send_and_forget(request);
    }

    pub(super) fn contract_broken(&self, expected: &str) -> SftpError {
        self.inner.link.contract_broken(expected)
    }

    /// Makes sure that an answer says "done".
    pub(crate) fn done(&self, reply: Reply) -> Result<(), SftpError> {
        match reply {
            Reply::Status(Status { code: StatusCode::OK, .. }) => Ok(()),
            _ => Err(self.contract_broken("a status")),
        }
    }

    pub(super) async fn status(&self, request: &Request) -> Result<(), SftpError> {
        self.done(self.send(request).await?.await?)
    }

    pub(super) async fn attrs(&self, request: &Request) -> Result<Attrs, SftpError> {
        self.attrs_of(self.send(request).await?.await?)
    }

    /// Makes sure that an answer tells attributes.
    pub(crate) fn attrs_of(&self, reply: Reply) -> Result<Attrs, SftpError> {
        match reply {
            Reply::Attrs(attrs) => Ok(attrs),
            _ => Err(self.contract_broken("attributes")),
        }
    }

    /// Attributes of what `path` leads to.
    pub async fn stat(&self, path: &[u8]) -> Result<Attrs, SftpError> {
        self.attrs(&Request::Stat { path: Bytes::copy_from_slice(path) }).await
    }

    /// Attributes of `path` itself, a link not followed.
    pub async fn lstat(&self, path: &[u8]) -> Result<Attrs, SftpError> {
        self.attrs_of(self.send_lstat(path).await?.await?)
    }

    pub(crate) async fn send_lstat(&self, path: &[u8]) -> Result<PendingReply, SftpError> {
        self.send(&Request::Lstat { path: Bytes::copy_from_slice(path) }).await
    }

    /// SFTP's own rename: fails where `to` exists, and is not atomic on OpenSSH.
    pub async fn rename(&self, from: &[u8], to: &[u8]) -> Result<(), SftpError> {
        self.done(self.send_rename(from, to).await?.await?)
    }

    pub(crate) async fn send_rename(
        &self,
        from: &[u8],
        to: &[u8],
    ) -> Result<PendingReply, SftpError> {
        let (from, to) = (Bytes::copy_from_slice(from), Bytes::copy_from_slice(to));
        self.send(&Request::Rename { from, to }).await
    }

    /// The atomic rename; replaces what `to` names. Only where
    /// [`SessionCapabilities::posix_rename`] says so.
    pub(crate) async fn send_posix_rename(
        &self,
        from: &[u8],
        to: &[u8],
    ) -> Result<PendingReply, SftpError> {
        let data = extension::two_paths(from, to);
        self.send(&Request::Extended { name: extension::POSIX_RENAME.into(), data }).await
    }

    /// Space on the file system of `path`.
    pub async fn statvfs(&self, path: &[u8]) -> Result<StatVfs, SftpError> {
        let data = extension::one_string(path);
        let request = Request::Extended { name: extension::STATVFS.into(), data };
        match self.send(&request).await?.await? {
            Reply::Extended(data) => {
                StatVfs::decode(data).map_err(|_| self.contract_broken("file system figures"))
            }
            _ => Err(self.contract_broken("file system figures")),
        }
    }

    /// Removes a file.
    pub async fn remove(&self, path: &[u8]) -> Result<(), SftpError> {
        self.status(&Request::Remove { path: Bytes::copy_from_slice(path) }).await
    }

    /// Makes a folder.
    pub async fn mkdir(&self, path: &[u8]) -> Result<(), SftpError> {
        let (path, attrs) = (Bytes::copy_from_slice(path), Attrs::default());
        self.status(&Request::Mkdir { path, attrs }).await
    }

    /// The absolute form of `path`.
    pub async fn realpath(&self, path: &[u8]) -> Result<Bytes, SftpError> {
        let request = Request::Realpath { path: Bytes::copy_from_slice(path) };
        match self.send(&request).await?.await? {
            Reply::Name(mut names) if names.len() == 1 => Ok(names.remove(0).name),
            _ => Err(self.contract_broken("one name")),
        }
    }

    /// Entries of a folder in the server's order, `.` and `..` among them; stops
    /// once there are `limit`.
    pub async fn read_folder(
        &self,
        path: &[u8],
        limit: usize,
    ) -> Result<Vec<NameEntry>, SftpError> {
        let folder = RemoteFile::open_folder(self, Bytes::copy_from_slice(path)).await?;
        let mut entries = Vec::new();
        while entries.len() < limit {
            match folder.read_names().await? {
                Some(more) => entries.extend(more),
                None => break,
            }
        }
        entries.truncate(limit);
        folder.close().await?;
        Ok(entries)
    }
}

/// One who uses a session: the session, and a place in its count of users.
pub struct SessionUser {
    session: SftpSession,
}

impl std::ops::Deref for SessionUser {
    type Target = SftpSession;

    fn deref(&self) -> &SftpSession {
        &self.session
    }
}

impl Drop for SessionUser {
    fn drop(&mut self) {
        self.session.inner.link.shared.users.fetch_sub(1, Ordering::Relaxed);
    }
}
