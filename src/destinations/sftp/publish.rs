//! The rename that publishes, and the fence that finds out whether it happened.

use std::time::Duration;

use super::paths::{Paths, RemotePath};
use crate::destinations::{Fence, PublishFailure, Sighting};
use crate::model::{Failure, FailureClass};
use crate::transport::sftp::wire::StatusCode;
use crate::transport::sftp::{PendingReply, SftpError, SftpSession};

/// Gives `from` the name `to`. A server that works in order is asked for `to` in the same
/// trip, and what it shows in its place is given back.
pub(super) async fn publish(
    session: &SftpSession,
    from: &RemotePath,
    to: &RemotePath,
) -> Result<Option<Sighting>, PublishFailure> {
    let renamed = async {
        let rename = send_rename(session, from, to).await?;
        let look = match session.capabilities().in_order {
            true => session.send_lstat(to.bytes()).await.ok(),
            false => None,
        };
        // The last answer first: where it is here the other is too, and one wait does.
        // Whatever it says but attributes is left to a look of its own.
        let seen = match look {
            Some(look) => look.await.and_then(|reply| session.attrs_of(reply)).ok(),
            None => None,
        };
        session.done(rename.await?)?;
        Ok(seen.and_then(|attrs| attrs.size).map(Sighting::InPlace))
    };
    renamed.await.map_err(|error: SftpError| {
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
async fn send_rename(
    session: &SftpSession,
    from: &RemotePath,
    to: &RemotePath,
) -> Result<PendingReply, SftpError> {
    if session.capabilities().posix_rename {
        session.send_posix_rename(from.bytes(), to.bytes()).await
    } else {
        session.send_rename(from.bytes(), to.bytes()).await
    }
}

async fn rename(
    session: &SftpSession,
    from: &RemotePath,
    to: &RemotePath,
) -> Result<(), SftpError> {
    session.done(send_rename(session, from, to).await?.await?)
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
