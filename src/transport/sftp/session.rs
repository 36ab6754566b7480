//! A session as its users see it.

use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use ssh2::{Channel, Session};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::Instant;

use super::driver::{self, Outgoing};
use super::wire::extension::{self, Limits, StatVfs};
use super::wire::{Attrs, NameEntry, Reply, Request, Status, StatusCode, VERSION};
use super::{RemoteFile, SftpError};
use crate::model::{Failure, FailureClass, SshServer};
use crate::transport::ssh;

/// What the server may send before we make room again; its own default of 2 MiB
/// limits what travels far.
const RECEIVE_WINDOW: u32 = 8 * 1024 * 1024;

/// The longest SSH packet we take, as OpenSSH's own client says it.
const SSH_PACKET: u32 = 32 * 1024;

/// Bytes of requests and expected answers in flight at once, over all who share
/// the session: twice the window that servers usually grant.
const IN_FLIGHT: usize = 4 * 1024 * 1024;

/// What even the smallest request takes of it, so that the number of requests
/// in flight is bounded too.
const SMALLEST: usize = 4 * 1024;

/// Bytes per read or write where the server does not tell: what every server takes.
const DEFAULT_CHUNK: usize = 32 * 1024;

/// The most that is used of what a server allows, which is OpenSSH's limit.
const LARGEST_CHUNK: usize = 255 * 1024;

/// What one server said that it can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionCapabilities {
    /// `posix-rename@openssh.com`.
    pub posix_rename: bool,
    /// `fsync@openssh.com`.
    pub fsync: bool,
    /// `statvfs@openssh.com`.
    pub statvfs: bool,
    /// `limits@openssh.com`.
    pub limits: bool,
}

/// A signed-in SFTP session. Clones share it; their requests overlap. It is
/// closed when the last one is dropped.
#[derive(Clone)]
pub struct SftpSession {
    inner: Arc<Inner>,
}

struct Inner {
    requests: mpsc::UnboundedSender<Outgoing>,
    shared: Arc<Shared>,
    in_flight: Arc<Semaphore>,
    capabilities: SessionCapabilities,
    read_chunk: usize,
    write_chunk: usize,
    connected_at: Instant,
}

/// What handles and driver both know.
pub(super) struct Shared {
    address: String,
    ids: AtomicU32,
    lost: OnceLock<Failure>,
    tcp: TcpStream,
    users: AtomicUsize,
}

impl Shared {
    pub(super) fn new(address: String, tcp: TcpStream) -> Self {
        let (ids, users) = (AtomicU32::new(1), AtomicUsize::new(0));
        Self { address, ids, lost: OnceLock::new(), tcp, users }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn next_id(&self) -> u32 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn set_lost(&self, failure: Failure) {
        let _ = self.lost.set(failure);
    }

    pub(super) fn shut_down(&self, how: Shutdown) {
        // It may be down already.
        let _ = self.tcp.shutdown(how);
    }

    fn lost(&self) -> Failure {
        self.lost.get().cloned().unwrap_or_else(|| {
            Failure::new(FailureClass::Network, "talking to", &self.address)
                .said("the session has ended")
        })
    }
}

/// Opens the channel of the SFTP subsystem.
pub(super) fn open_channel(session: &Session, server: &SshServer) -> Result<Channel, Failure> {
    let failed = |e: ssh2::Error| {
        ssh::lost(server, "starting SFTP on", &e).advice(
            "the sign-in worked, SFTP did not start: the account may not be allowed to use it, or \
             it is a restricted account whose folder is missing",
        )
    };
    let mut channel =
        session.channel_open("session", RECEIVE_WINDOW, SSH_PACKET, None).map_err(failed)?;
    channel.subsystem("sftp").map_err(failed)?;
    Ok(channel)
}

impl SftpSession {
    /// Connects, checks the host key, signs in and starts SFTP. The wait is
    /// bounded by the server's time-outs.
    pub async fn connect(server: &SshServer) -> Result<Self, Failure> {
        let (requests, incoming) = mpsc::unbounded_channel();
        let (ready, started) = oneshot::channel();
        let address = ssh::address(server);
        let thread_server = server.clone();
        std::thread::Builder::new()
            .name(format!("sftp {}", server.host))
            .spawn(move || driver::run(&thread_server, incoming, ready))
            .map_err(|e| Failure::io("starting a thread for", &address, &e))?;
        let shared = started.await.unwrap_or_else(|_| {
            Err(Failure::new(FailureClass::Bug, "connecting to", &address)
                .said("the session's thread ended without a word"))
        })?;
        let mut inner = Inner {
            requests,
            shared,
            in_flight: Arc::new(Semaphore::new(IN_FLIGHT)),
            capabilities: SessionCapabilities::default(),
            read_chunk: DEFAULT_CHUNK,
            write_chunk: DEFAULT_CHUNK,
            connected_at: Instant::now(),
        };
        inner.greet().await.map_err(|e| e.into_failure("starting SFTP on", &address))?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What the server said that it can do.
    pub fn capabilities(&self) -> SessionCapabilities {
        self.inner.capabilities
    }

    /// When the connection stood.
    pub fn connected_at(&self) -> Instant {
        self.inner.connected_at
    }

    /// Whether it has ended, for whatever reason.
    pub fn is_lost(&self) -> bool {
        self.inner.shared.lost.get().is_some()
    }

    /// Ends it at once, without a word to the server.
    pub fn kill(&self) {
        self.inner.shared.shut_down(Shutdown::Both);
    }

    /// How many are using it; see [`SftpSession::join`].
    pub fn users(&self) -> usize {
        self.inner.shared.users.load(Ordering::Relaxed)
    }

    /// Counts the caller as one who uses it, until the result is dropped.
    pub fn join(&self) -> SessionUser {
        self.inner.shared.users.fetch_add(1, Ordering::Relaxed);
        SessionUser { session: self.clone() }
    }

    /// Bytes per write that the server takes.
    pub(super) fn write_chunk(&self) -> usize {
        self.inner.write_chunk
    }

    /// Bytes per read that the server gives.
    pub(super) fn read_chunk(&self) -> usize {
        self.inner.read_chunk
    }

    pub(super) async fn send(&self, request: &Request) -> Result<PendingReply, SftpError> {
        self.inner.send(request).await
    }

    /// Sends a packet that was encoded under `id` already.
    pub(super) async fn send_packet(
        &self,
        id: u32,
        packet: Bytes,
    ) -> Result<PendingReply, SftpError> {
        let cost = packet.len();
        self.inner.send_packet(id, packet, cost).await
    }

    pub(super) fn next_id(&self) -> u32 {
        self.inner.shared.next_id()
    }

    /// Sends without waiting, not even for room, and leaves the answer to the driver.
    pub(super) fn send_and_forget(&self, request: &Request) {
        let id = self.next_id();
        let mut packet = BytesMut::new();
        request.encode(id, &mut packet);
        let (answer, _) = oneshot::channel();
        let _ = self.inner.requests.send(Outgoing {
            id,
            packet: packet.freeze(),
            answer,
            permit: None,
        });
    }

    /// Ends the session because of an answer that no server gives.
    pub(super) fn contract_broken(&self, reply: &str) -> SftpError {
        self.inner.contract_broken(reply)
    }

    async fn status(&self, request: &Request) -> Result<(), SftpError> {
        self.inner.done(self.send(request).await?.await?)
    }

    pub(super) async fn attrs(&self, request: &Request) -> Result<Attrs, SftpError> {
        match self.send(request).await?.await? {
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
        self.attrs(&Request::Lstat { path: Bytes::copy_from_slice(path) }).await
    }

    /// SFTP's own rename: fails where `to` exists, and is not atomic on OpenSSH.
    pub async fn rename(&self, from: &[u8], to: &[u8]) -> Result<(), SftpError> {
        let (from, to) = (Bytes::copy_from_slice(from), Bytes::copy_from_slice(to));
        self.status(&Request::Rename { from, to }).await
    }

    /// The atomic rename; replaces what `to` names. Only where
    /// [`SessionCapabilities::posix_rename`] says so.
    pub async fn posix_rename(&self, from: &[u8], to: &[u8]) -> Result<(), SftpError> {
        let data = extension::two_paths(from, to);
        self.status(&Request::Extended { name: extension::POSIX_RENAME.into(), data }).await
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

    pub(super) async fn fsync(&self, handle: &[u8]) -> Result<(), SftpError> {
        let data = extension::one_string(handle);
        self.status(&Request::Extended { name: extension::FSYNC.into(), data }).await
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

    pub(super) fn done(&self, reply: Reply) -> Result<(), SftpError> {
        self.inner.done(reply)
    }
}

impl Inner {
    /// Agrees on the version and asks for the limits.
    async fn greet(&mut self) -> Result<(), SftpError> {
        // The answer to the greeting carries no id and is filed under 0.
        let mut packet = BytesMut::new();
        Request::Init { version: VERSION }.encode(0, &mut packet);
        let answer = self.send_packet(0, packet.freeze(), SMALLEST).await?.await?;
        let Reply::Version { version: VERSION, extensions } = answer else {
            return Err(self.contract_broken("version 3"));
        };
        let offers = |name: &str| extensions.iter().any(|(offered, _)| offered == name.as_bytes());
        self.capabilities = SessionCapabilities {
            posix_rename: offers(extension::POSIX_RENAME),
            fsync: offers(extension::FSYNC),
            statvfs: offers(extension::STATVFS),
            limits: offers(extension::LIMITS),
        };
        if self.capabilities.limits {
            let name = Bytes::from(extension::LIMITS);
            let request = Request::Extended { name, data: Bytes::new() };
            match self.send(&request).await?.await {
                Ok(Reply::Extended(data)) => self.heed(Limits::decode(data).unwrap_or_default()),
                Ok(_) => return Err(self.contract_broken("limits")),
                Err(SftpError::Status { .. }) => self.capabilities.limits = false,
                Err(lost) => return Err(lost),
            }
        }
        Ok(())
    }

    fn heed(&mut self, limits: Limits) {
        let chunk = |limit: u64| match usize::try_from(limit) {
            Ok(0) => DEFAULT_CHUNK,
            Ok(limit) => limit.min(LARGEST_CHUNK),
            Err(_) => LARGEST_CHUNK,
        };
        self.read_chunk = chunk(limits.read);
        self.write_chunk = chunk(limits.write);
    }

    async fn send(&self, request: &Request) -> Result<PendingReply, SftpError> {
        let id = self.shared.next_id();
        let mut packet = BytesMut::new();
        request.encode(id, &mut packet);
        // What is asked for takes room on its way back.
        let expected =
            if let Request::Read { length, .. } = request { *length as usize } else { 0 };
        let cost = packet.len() + expected;
        self.send_packet(id, packet.freeze(), cost).await
    }

    async fn send_packet(
        &self,
        id: u32,
        packet: Bytes,
        cost: usize,
    ) -> Result<PendingReply, SftpError> {
        let cost = cost.clamp(SMALLEST, IN_FLIGHT) as u32;
        let permit = Arc::clone(&self.in_flight).acquire_many_owned(cost).await.ok();
        let (answer, reply) = oneshot::channel();
        self.requests
            .send(Outgoing { id, packet, answer, permit })
            .map_err(|_| SftpError::Lost(self.shared.lost()))?;
        Ok(PendingReply { reply, shared: Arc::clone(&self.shared) })
    }

    fn done(&self, reply: Reply) -> Result<(), SftpError> {
        match reply {
            Reply::Status(Status { code: StatusCode::OK, .. }) => Ok(()),
            _ => Err(self.contract_broken("a status")),
        }
    }

    fn contract_broken(&self, expected: &str) -> SftpError {
        // What else it says cannot be trusted either.
        self.shared.shut_down(Shutdown::Both);
        let failure = Failure::new(FailureClass::Protocol, "talking to", self.shared.address())
            .said(format!("the server answered with something else than {expected}"));
        self.shared.set_lost(failure.clone());
        SftpError::Lost(failure)
    }
}

/// The answer to a request that is on its way.
pub(super) struct PendingReply {
    reply: oneshot::Receiver<Result<Reply, SftpError>>,
    shared: Arc<Shared>,
}

impl Future for PendingReply {
    type Output = Result<Reply, SftpError>;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        std::pin::Pin::new(&mut self.reply)
            .poll(context)
            .map(|reply| reply.unwrap_or_else(|_| Err(SftpError::Lost(self.shared.lost()))))
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
        self.session.inner.shared.users.fetch_sub(1, Ordering::Relaxed);
    }
}
