//! The rename that publishes, and the fence that finds out whether it happened.

use std::time::Duration;

use super::paths::{Paths, RemotePath};
use crate::destinations::{Fence, PublishFailure};
use crate::model::{Failure, FailureClass};
use crate::transport::sftp::wire::StatusCode;
use crate::transport::sftp::{SftpError, SftpSession};

/// Gives `from` the name `to`.
pub(super) async fn publish(
    session: &SftpSession,
    from: &RemotePath,
    to: &RemotePath,
) -> Result<(), PublishFailure> {
    rename(session, from, to).await.map_err(|error| {
        let code = error.code();
        // An atomic rename that was answered with an error did not happen and
        // never will. Link and unlink can fail half-way.
        let in_doubt = code.is_none() || !session.capabilities().posix_rename;
        let failure = error.into_failure("publishing as", to.shown());
        let failure = match code {
            Some(StatusCode::OP_UNSUPPORTED | StatusCode::PERMISSION_DENIED) => {
                failure.advice("if this server refuses renames, set `publish: direct` for it")
            }
            _ => failure,
        };
        PublishFailure { failure, in_doubt }
    })
}

/// Atomically where the server can.
async fn rename(
    session: &SftpSession,
    from: &RemotePath,
    to: &RemotePath,
) -> Result<(), SftpError> {
    if session.capabilities().posix_rename {
        session.posix_rename(from.bytes(), to.bytes()).await
    } else {
        session.rename(from.bytes(), to.bytes()).await
    }
}

/// Moves `from` aside to `to`, and reads from the answer what became of a
/// rename of `from` whose reply was lost.
pub(super) async fn fence(
    session: &SftpSession,
    paths: &Paths,
    from: &RemotePath,
    to: &RemotePath,
    settle: Duration,
) -> Result<Fence, Failure> {
    const DOING: &str = "settling what became of";
    if !session.capabilities().posix_rename {
        // Link and unlink: between the two the file has both names, and the
        // fence would win although the file is published. Let it be over first.
        tokio::time::sleep(settle).await;
    }
    match rename(session, from, to).await {
        Ok(()) => return Ok(Fence::Moved),
        Err(error) if error.is_missing() => {}
        Err(error) => return Err(error.into_failure(DOING, from.shown())),
    }
    match session.lstat(to.bytes()).await {
        Ok(attrs) => return Ok(Fence::MovedBefore(attrs.size)),
        Err(error) if error.is_missing() => {}
        Err(error) => return Err(error.into_failure(DOING, to.shown())),
    }
    // A folder that went away, or is hidden, makes every file look gone.
    match session.stat(paths.folder().as_bytes()).await {
        Ok(attrs) if attrs.permissions.is_some() && !attrs.is_directory() => {
            Err(Failure::new(FailureClass::Refused, DOING, from.shown())
                .said(format!("{} is not a folder", paths.folder())))
        }
        Ok(_) => Ok(Fence::Gone),
        Err(error) => Err(paths.folder_missing(error, DOING)),
    }
}
