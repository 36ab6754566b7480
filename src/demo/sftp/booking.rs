//! The clients' requests in the journal: booked when they arrive, whatever
//! becomes of them, and once more with the status when they were executed.

use bytes::Bytes;

use super::session::Session;
use crate::demo::world::{Service, World};
use crate::transport::sftp::wire::extension::{POSIX_RENAME, read_two_paths};
use crate::transport::sftp::wire::{Reply, Request, Status, StatusCode};

/// A request with its place in the journal, if it has one.
pub(super) struct Booked {
    pub(super) request: Request,
    place: Option<usize>,
}

impl Booked {
    pub(super) fn new(world: &World, service: Service, request: Request) -> Self {
        let place =
            worth_booking(&request).map(|(method, path)| world.called(service, method, path));
        Self { request, place }
    }

    /// Executes it and books how that went.
    pub(super) fn execute(self, session: &mut Session) -> Reply {
        let Self { request, place } = self;
        let reply =
            session.execute(request).unwrap_or_else(|refused| Reply::Status(Status::new(refused)));
        if let Some(place) = place {
            let code = match &reply {
                Reply::Status(status) => status.code,
                _ => StatusCode::OK,
            };
            session.house.world.answered(place, code.0);
        }
        reply
    }
}

/// Method and path of a request that names a file or changes one.
fn worth_booking(request: &Request) -> Option<(&'static str, String)> {
    let text = |path: &Bytes| String::from_utf8_lossy(path).into_owned();
    let pair = |from: &Bytes, to: &Bytes| format!("{} -> {}", text(from), text(to));
    match request {
        Request::Open { path, .. } => Some(("open", text(path))),
        Request::Stat { path } => Some(("stat", text(path))),
        Request::Lstat { path } => Some(("lstat", text(path))),
        Request::Opendir { path } => Some(("opendir", text(path))),
        Request::Remove { path } => Some(("remove", text(path))),
        Request::Mkdir { path, .. } => Some(("mkdir", text(path))),
        Request::Rmdir { path } => Some(("rmdir", text(path))),
        Request::Rename { from, to } => Some(("rename", pair(from, to))),
        Request::Extended { name, data } if name == POSIX_RENAME => {
            let (from, to) = read_two_paths(data.clone()).ok()?;
            Some(("posix-rename", pair(&from, &to)))
        }
        _ => None,
    }
}
