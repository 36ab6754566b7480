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
    /// The same server, as it shows itself to the partner's clients.
    Feed,
    /// Google Drive and its token endpoint.
    GoogleDrive,
    /// Autodesk Platform Services.
    Autodesk,
    /// The object store behind them, and strangers that links lead to.
    AutodeskStore,
}

/// What no client may do, whatever the answer was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Offence {
    /// It came although the service had asked to wait longer.
    InsideRetryAfter,
    /// It showed a refresh token that was used up.
    RefreshTokenReused,
    /// It showed an authorization code that was used up.
    CodeReused,
    /// It showed a token to a stranger.
    TokenSentElsewhere,
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
    /// The path; of a call of an API with its query, of a rename `from -> to`.
    pub path: String,
    /// HTTP status, none while or because no answer was sent; or SFTP status
    /// code, none while or because it was not executed (its reply may be lost).
    pub status: Option<u32>,
    /// What was wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offence: Option<Offence>,
}

impl World {
    /// Books a call; the result is its place for [`World::answered`].
    pub(in crate::demo) fn called(&self, service: Service, method: &str, path: String) -> usize {
        let call = Call {
            at: Timestamp::now(),
            service,
            method: method.to_owned(),
            path,
            status: None,
            offence: None,
        };
        self.change(|state| {
            state.journal.push(call);
            state.journal.len() - 1
        })
    }

    /// Books the answer to a call.
    pub(in crate::demo) fn answered(&self, place: usize, status: u32) {
        self.change(|state| state.journal[place].status = Some(status));
    }

    /// Books what was wrong with a call.
    pub(in crate::demo) fn offended(&self, place: usize, offence: Offence) {
        self.change(|state| state.journal[place].offence = Some(offence));
    }

    /// Every call so far that no client may make.
    pub fn offences(&self) -> Vec<Call> {
        let state = self.state();
        state.journal.iter().filter(|call| call.offence.is_some()).cloned().collect()
    }
}
