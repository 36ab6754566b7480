//! What transfers up and down have in common.

use std::collections::VecDeque;

use tokio_util::sync::CancellationToken;

use super::SftpError;
use super::link::PendingReply;
use super::wire::Reply;
use crate::model::Failure;

/// Why a transfer stopped.
#[derive(Clone, Debug, PartialEq)]
pub enum TransferError {
    /// The server refused, or is gone.
    Sftp(SftpError),
    /// This machine's file failed us, or is not as long as it should be.
    Local(Failure),
    /// The caller did not want it any more.
    Cancelled,
}

impl From<SftpError> for TransferError {
    fn from(error: SftpError) -> Self {
        Self::Sftp(error)
    }
}

impl TransferError {
    /// What the operator reads about it, while `doing` something to `object`.
    pub fn into_failure(self, doing: &str, object: &str) -> Failure {
        match self {
            Self::Sftp(error) => error.into_failure(doing, object),
            Self::Local(failure) => failure,
            Self::Cancelled => Failure::cancelled(doing, object),
        }
    }
}

/// The outcome of `work`, unless the caller gives up first.
pub(super) async fn unless<T>(
    cancel: &CancellationToken,
    work: impl Future<Output = T>,
) -> Result<T, TransferError> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(TransferError::Cancelled),
        outcome = work => Ok(outcome),
    }
}

/// The oldest answer; taken off the queue once it is there.
pub(super) async fn next<T>(
    in_flight: &mut VecDeque<(T, PendingReply)>,
) -> (T, Result<Reply, SftpError>)
where
    T: Copy,
{
    let Some((tag, reply)) = in_flight.front_mut() else { return std::future::pending().await };
    let (tag, reply) = (*tag, reply.await);
    in_flight.pop_front();
    (tag, reply)
}
