//! An SFTP server that answers whatever a test says.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use russh::server::{Auth, ChannelOpenHandle, Handler, Msg, Session};
use russh::{Channel, ChannelId, MethodKind};
use transship::model::SshServer;
use transship::transport::sftp::wire::{
    Attrs, NameEntry, Reply, Request, Status, StatusCode, take_packet,
};

use crate::support::ssh_stand::serve;

/// A folder's entries, as the server lists and describes them.
pub type Tree = HashMap<String, Vec<NameEntry>>;

/// What the server is asked besides its tree: none for the usual answer.
pub type Special = dyn Fn(&Request) -> Option<Act> + Send + Sync;

/// An unusual answer.
pub enum Act {
    Reply(Reply),
    Close,
}

pub fn status(code: StatusCode) -> Act {
    Act::Reply(Reply::Status(Status::new(code)))
}

pub fn entry(name: impl Into<Vec<u8>>, attrs: Attrs) -> NameEntry {
    NameEntry { name: Bytes::from(name.into()), long_name: Bytes::new(), attrs }
}

pub fn file(size: u64) -> Attrs {
    Attrs {
        size: Some(size),
        permissions: Some(0o100_644),
        times: Some((1_000_000, 1_000_000)),
        ..Attrs::default()
    }
}

pub fn folder() -> Attrs {
    Attrs { permissions: Some(0o040_755), ..Attrs::default() }
}

/// Serves `tree`, except where `special` says otherwise. Counts what it is asked.
pub async fn stand(
    tree: Tree,
    special: impl Fn(&Request) -> Option<Act> + Send + Sync + 'static,
) -> (SshServer, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let stand = Stand {
        tree: Arc::new(tree),
        special: Arc::new(special),
        asked: asked.clone(),
        open: Arc::default(),
        handles: Arc::default(),
        stream: BytesMut::new(),
    };
    (serve(stand, &[MethodKind::Password]).await, asked)
}

#[derive(Clone)]
struct Stand {
    tree: Arc<Tree>,
    special: Arc<Special>,
    asked: Arc<Mutex<Vec<String>>>,
    /// Folders that are being listed, and whether their entries were given.
    open: Arc<Mutex<HashMap<Bytes, (String, bool)>>>,
    handles: Arc<AtomicU32>,
    stream: BytesMut,
}

impl Stand {
    fn answer(&self, request: &Request) -> Act {
        self.asked.lock().unwrap().push(format!("{request:?}"));
        if let Some(act) = (self.special)(request) {
            return act;
        }
        let text = |path: &Bytes| String::from_utf8_lossy(path).into_owned();
        let missing = || status(StatusCode::NO_SUCH_FILE);
        match request {
            Request::Init { .. } => Act::Reply(Reply::Version { version: 3, extensions: vec![] }),
            Request::Realpath { .. } => {
                Act::Reply(Reply::Name(vec![entry("/home", Attrs::default())]))
            }
            Request::Opendir { path } if self.tree.contains_key(&text(path)) => {
                let number = self.handles.fetch_add(1, Ordering::Relaxed);
                let handle = Bytes::from(number.to_string());
                self.open.lock().unwrap().insert(handle.clone(), (text(path), false));
                Act::Reply(Reply::Handle(handle))
            }
            Request::Readdir { handle } => {
                let mut open = self.open.lock().unwrap();
                let (path, given) = open.get_mut(handle).unwrap();
                match std::mem::replace(given, true) {
                    false => Act::Reply(Reply::Name(self.tree[path].clone())),
                    true => status(StatusCode::EOF),
                }
            }
            Request::Stat { path } | Request::Lstat { path } => {
                match self.tree.contains_key(&text(path)) {
                    true => Act::Reply(Reply::Attrs(folder())),
                    false => missing(),
                }
            }
            Request::Close { .. } => status(StatusCode::OK),
            _ => missing(),
        }
    }
}

impl Handler for Stand {
    type Error = russh::Error;

    async fn auth_password(&mut self, _: &str, _: &str) -> Result<Auth, Self::Error> {
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.stream.extend_from_slice(data);
        let mut out = BytesMut::new();
        while let Some(packet) = take_packet(&mut self.stream).unwrap() {
            let (id, request) = Request::decode(packet).unwrap();
            match self.answer(&request) {
                Act::Reply(reply) => reply.encode(id, &mut out),
                Act::Close => session.close(channel)?,
            }
        }
        if !out.is_empty() {
            session.data(channel, out.freeze())?;
        }
        Ok(())
    }
}
