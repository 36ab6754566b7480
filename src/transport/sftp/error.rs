//! What can come back instead of an answer.

use super::wire::{Status, StatusCode};
use crate::model::{Failure, FailureClass, Shown};

/// Why a request has no result. The difference decides what may be concluded.
#[derive(Clone, Debug, PartialEq)]
pub enum SftpError {
    /// The server answered, and this is what it said.
    Status {
        /// Its verdict.
        code: StatusCode,
        /// Its words.
        message: Shown,
    },
    /// The connection is gone: whether the request was carried out is unknown.
    Lost(Failure),
}

impl SftpError {
    pub(super) fn from_status(status: &Status) -> Self {
        Self::Status { code: status.code, message: Shown::from_bytes(&status.message) }
    }

    /// The server's verdict, if there is one.
    pub fn code(&self) -> Option<StatusCode> {
        match self {
            Self::Status { code, .. } => Some(*code),
            Self::Lost(_) => None,
        }
    }

    /// Whether the server said that the file or its folder is not there.
    pub fn is_missing(&self) -> bool {
        self.code().is_some_and(StatusCode::is_missing)
    }

    /// What the operator reads about it, while `doing` something to `object`.
    pub fn into_failure(self, doing: &str, object: impl AsRef<str>) -> Failure {
        let (code, message) = match self {
            Self::Status { code, message } => (code, message),
            Self::Lost(failure) => return failure,
        };
        let class = match code {
            code if code.is_missing() => FailureClass::NotFound,
            StatusCode::NO_SPACE | StatusCode::QUOTA_EXCEEDED => FailureClass::Full,
            StatusCode::BAD_MESSAGE => FailureClass::Protocol,
            _ => FailureClass::Refused,
        };
        let words = code.to_string();
        // Servers mostly repeat the code's words: once is enough.
        let said = match message.as_str() {
            message if message.is_empty() || message.eq_ignore_ascii_case(&words) => words,
            message => format!("{words}: {message}"),
        };
        let failure = Failure::new(class, doing, object).said(said);
        match code {
            StatusCode::PERMISSION_DENIED | StatusCode::WRITE_PROTECT => {
                failure.advice("ask those who run the server to let this account do it")
            }
            StatusCode::NO_SPACE | StatusCode::QUOTA_EXCEEDED => {
                failure.advice("space has to be made on the server; it goes on by itself then")
            }
            _ => failure,
        }
    }
}
