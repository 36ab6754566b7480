//! The journal: who asked what, and what the answer was.

use jiff::Timestamp;
use serde::Serialize;

use super::World;

/// The stand-in that was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// The Encoura API.
    Encoura,
    /// The object store behind it.
    Store,
    /// The SFTP server.
    Sftp,
    /// Google Drive and its token endpoint.
    GoogleDrive,
}

/// One call. Never a header, a body or a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    /// When it arrived.
    pub at: Timestamp,
    /// Who was called.
    pub service: Service,
    /// The HTTP method or the SFTP request.
    pub method: String,
    /// The path; of an Encoura or Drive call with its query, of a rename `from -> to`.
    pub path: String,
    /// HTTP status, none while or because no answer was sent; or SFTP status
    /// code, none while or because it was not executed (its reply may be lost).
    pub status: Option<u32>,
}

impl World {
    /// Books a call; the result is its place for [`World::answered`].
    pub(in crate::demo) fn called(&self, service: Service, method: &str, path: String) -> usize {
        let call =
            Call { at: Timestamp::now(), service, method: method.to_owned(), path, status: None };
        self.change(|state| {
            state.journal.push(call);
            state.journal.len() - 1
        })
    }

    /// Books the answer to a call.
    pub(in crate::demo) fn answered(&self, place: usize, status: u32) {
        self.change(|state| state.journal[place].status = Some(status));
    }
}
