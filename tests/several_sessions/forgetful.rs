//! A server that acknowledges what every session writes, and may keep only what the first
//! one wrote: its files have their size, and holes.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use transship::model::SshServer;
use transship::transport::sftp::wire::{
    Attrs, OpenFlags, Reply, Request, Status, StatusCode, extension,
};

use crate::support::sftp_stand::{Answers, serve_sftp};

/// From here on the first session of the first file has to wait until another one has
/// written: it is never so quick that there is nothing left to do.
const WAITS_FROM: u64 = 8 << 20;
const PATIENCE: Duration = Duration::from_secs(15);

/// What it keeps.
#[derive(Default)]
pub struct Disk {
    files: Mutex<HashMap<Bytes, File>>,
    written: Condvar,
    connections: AtomicU32,
}

#[derive(Default)]
struct File {
    bytes: Vec<u8>,
    writers: BTreeSet<u32>,
}

impl Disk {
    pub fn file(&self, name: &str) -> Vec<u8> {
        self.files.lock().unwrap()[format!("/in/{name}").as_bytes()].bytes.clone()
    }

    /// How many sessions wrote to it.
    pub fn writers(&self, name: &str) -> usize {
        self.files.lock().unwrap()[format!("/in/{name}").as_bytes()].writers.len()
    }
}

pub async fn serve(forgets: bool) -> (SshServer, Arc<Disk>) {
    let disk = Arc::new(Disk::default());
    (serve_sftp(Server { disk: disk.clone(), forgets, connection: 0 }).await, disk)
}

#[derive(Clone)]
struct Server {
    disk: Arc<Disk>,
    forgets: bool,
    /// Its number, from its greeting on.
    connection: u32,
}

impl Server {
    fn reply(&mut self, request: &Request) -> Reply {
        let status = |code| Reply::Status(Status::new(code));
        let mut files = self.disk.files.lock().unwrap();
        match request {
            Request::Init { .. } => {
                self.connection = self.disk.connections.fetch_add(1, Ordering::Relaxed);
                let names = [extension::LIMITS, extension::POSIX_RENAME];
                let offers = names.map(|name| (name.into(), "1".into()));
                Reply::Version { version: 3, extensions: offers.to_vec() }
            }
            Request::Extended { name, .. } if name == extension::LIMITS => {
                let mut limits = BytesMut::new();
                for limit in [256 << 10, 255 << 10, 255 << 10, 100] {
                    limits.put_u64(limit);
                }
                Reply::Extended(limits.freeze())
            }
            Request::Open { path, flags, .. } => {
                if flags.contains(OpenFlags::CREATE) {
                    files.insert(path.clone(), File::default());
                }
                match files.contains_key(path) {
                    true => Reply::Handle(path.clone()),
                    false => status(StatusCode::NO_SUCH_FILE),
                }
            }
            Request::Write { handle, offset, data } => {
                let first = self.connection == 0 && files.len() == 1;
                while first && *offset >= WAITS_FROM && files[handle].writers.len() < 2 {
                    let waited = self.disk.written.wait_timeout(files, PATIENCE).unwrap();
                    assert!(!waited.1.timed_out(), "nobody else came");
                    files = waited.0;
                }
                let file = files.get_mut(handle).unwrap();
                let end = *offset as usize + data.len();
                file.bytes.resize(file.bytes.len().max(end), 0);
                file.writers.insert(self.connection);
                if self.connection == 0 || !self.forgets {
                    file.bytes[*offset as usize..end].copy_from_slice(data);
                }
                self.disk.written.notify_all();
                status(StatusCode::OK)
            }
            Request::Read { handle, offset, length } => {
                let bytes = &files[handle].bytes;
                let from = (*offset as usize).min(bytes.len());
                let to = (from + *length as usize).min(bytes.len());
                match from == to {
                    true => status(StatusCode::EOF),
                    false => Reply::Data(Bytes::copy_from_slice(&bytes[from..to])),
                }
            }
            Request::Fstat { handle } => {
                let size = Some(files[handle].bytes.len() as u64);
                Reply::Attrs(Attrs { size, ..Attrs::default() })
            }
            Request::Close { .. } => status(StatusCode::OK),
            _ => status(StatusCode::NO_SUCH_FILE),
        }
    }
}

impl Answers for Server {
    fn answer(&mut self, id: u32, request: &Request, out: &mut BytesMut) -> bool {
        // It may wait for others, whose work must not wait for this thread.
        tokio::task::block_in_place(|| self.reply(request)).encode(id, out);
        true
    }
}
