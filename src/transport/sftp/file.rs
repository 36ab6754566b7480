//! An open file or folder on the server.

use bytes::Bytes;

use super::link::PendingReply;
use super::wire::{Attrs, NameEntry, OpenFlags, Reply, Request, StatusCode, extension};
use super::{SessionUser, SftpError, SftpSession};

/// An open file or folder. Dropped without [`RemoteFile::close`], it is closed
/// without waiting for the answer.
pub struct RemoteFile {
    session: SftpSession,
    handle: Bytes,
    open: bool,
    /// Its place among the session's users, where it has one of its own.
    _user: Option<SessionUser>,
}

impl RemoteFile {
    /// Opens `path`.
    pub async fn open(
        session: &SftpSession,
        path: Bytes,
        flags: OpenFlags,
        attrs: Attrs,
    ) -> Result<Self, SftpError> {
        Self::from_request(session, &Request::Open { path, flags, attrs }).await
    }

    /// Opens `path` over a session of the pool, and is one of that session's users.
    pub async fn open_over(
        user: SessionUser,
        path: Bytes,
        flags: OpenFlags,
    ) -> Result<Self, SftpError> {
        let mut file = Self::open(&user, path, flags, Attrs::default()).await?;
        file._user = Some(user);
        Ok(file)
    }

    /// Opens the folder `path` for [`RemoteFile::read_names`].
    pub async fn open_folder(session: &SftpSession, path: Bytes) -> Result<Self, SftpError> {
        Self::from_request(session, &Request::Opendir { path }).await
    }

    async fn from_request(session: &SftpSession, request: &Request) -> Result<Self, SftpError> {
        match session.send(request).await?.await? {
            Reply::Handle(handle) => {
                Ok(Self { session: session.clone(), handle, open: true, _user: None })
            }
            _ => Err(session.contract_broken("a handle")),
        }
    }

    pub(super) fn session(&self) -> &SftpSession {
        &self.session
    }

    pub(super) fn handle(&self) -> &Bytes {
        &self.handle
    }

    /// Up to `length` bytes from `offset`; none at the end of the file. Fewer
    /// do not mean that the end is near.
    pub async fn read(&self, offset: u64, length: u32) -> Result<Bytes, SftpError> {
        let handle = self.handle.clone();
        let request = Request::Read { handle, offset, length };
        self.read_reply(self.session.send(&request).await?.await)
    }

    pub(super) fn read_reply(&self, reply: Result<Reply, SftpError>) -> Result<Bytes, SftpError> {
        match reply {
            Ok(Reply::Data(data)) => Ok(data),
            Err(error) if error.code() == Some(StatusCode::EOF) => Ok(Bytes::new()),
            Err(error) => Err(error),
            Ok(_) => Err(self.session.contract_broken("data")),
        }
    }

    /// Writes `data` at `offset`.
    pub async fn write(&self, offset: u64, data: Bytes) -> Result<(), SftpError> {
        let request = Request::Write { handle: self.handle.clone(), offset, data };
        self.session.status(&request).await
    }

    /// The file's attributes now.
    pub async fn stat(&self) -> Result<Attrs, SftpError> {
        self.session.attrs_of(self.send_stat().await?.await?)
    }

    pub(super) async fn send_stat(&self) -> Result<PendingReply, SftpError> {
        self.session.send(&Request::Fstat { handle: self.handle.clone() }).await
    }

    /// Has the server sync it to its disk, where it can; whether it did.
    pub async fn sync(&self) -> Result<bool, SftpError> {
        match self.send_sync().await? {
            Some(reply) => self.synced(reply.await),
            None => Ok(false),
        }
    }

    pub(super) async fn send_sync(&self) -> Result<Option<PendingReply>, SftpError> {
        if !self.session.capabilities().fsync {
            return Ok(None);
        }
        let data = extension::one_string(&self.handle);
        let request = Request::Extended { name: extension::FSYNC.into(), data };
        self.session.send(&request).await.map(Some)
    }

    pub(super) fn synced(&self, reply: Result<Reply, SftpError>) -> Result<bool, SftpError> {
        match reply {
            // Some file systems cannot: the size check remains.
            Err(SftpError::Status { code: StatusCode::OP_UNSUPPORTED, .. }) => Ok(false),
            reply => self.session.done(reply?).map(|()| true),
        }
    }

    /// The next names of a folder; `None` after the last.
    pub async fn read_names(&self) -> Result<Option<Vec<NameEntry>>, SftpError> {
        let request = Request::Readdir { handle: self.handle.clone() };
        match self.session.send(&request).await?.await {
            Ok(Reply::Name(names)) => Ok(Some(names)),
            Err(error) if error.code() == Some(StatusCode::EOF) => Ok(None),
            Err(error) => Err(error),
            Ok(_) => Err(self.session.contract_broken("names")),
        }
    }

    /// Closes it; some servers find out only now that there was no room.
    pub async fn close(mut self) -> Result<(), SftpError> {
        let reply = self.send_close().await?;
        self.session.done(reply.await?)
    }

    /// Sends the close, and never a second one: the server may have given the handle to
    /// another file by then.
    pub(super) async fn send_close(&mut self) -> Result<PendingReply, SftpError> {
        self.open = false;
        self.session.send(&Request::Close { handle: self.handle.clone() }).await
    }
}

impl Drop for RemoteFile {
    fn drop(&mut self) {
        if self.open {
            self.session.send_and_forget(&Request::Close { handle: self.handle.clone() });
        }
    }
}
