//! An SFTP server that answers whatever a test says.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use transship::model::SshServer;
use transship::transport::sftp::wire::{Attrs, NameEntry, Reply, Request, Status, StatusCode};

use crate::support::sftp_stand::{Answers, serve_sftp};

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
    };
    (serve_sftp(stand).await, asked)
}

#[derive(Clone)]
struct Stand {
    tree: Arc<Tree>,
    special: Arc<Special>,
    asked: Arc<Mutex<Vec<String>>>,
    /// Folders that are being listed, and whether their entries were given.
    open: Arc<Mutex<HashMap<Bytes, (String, bool)>>>,
    handles: Arc<AtomicU32>,
}

impl Stand {
    fn act(&self, request: &Request) -> Act {
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

impl Answers for Stand {
    fn answer(&mut self, id: u32, request: &Request, out: &mut BytesMut) -> bool {
        match self.act(request) {
            Act::Reply(reply) => reply.encode(id, out),
            Act::Close => return false,
        }
        true
    }
}
