//! Direct mode: the file is written under its final name, for servers that
//! refuse renames. At least once, not exactly once.

use super::paths::RemotePath;
use super::stage::{Sending, create, fill, not_created};
use crate::destinations::PublishFailure;
use crate::transport::sftp::{SftpError, SftpSession};

/// Creates `target` and writes the upload into it.
pub(super) async fn write(
    session: &SftpSession,
    sending: &Sending<'_>,
    target: &RemotePath,
) -> Result<(), PublishFailure> {
    let file = match create(session, target).await {
        Ok(file) => file,
        Err(error) => {
            // An answer says that it was not created; a lost one leaves it open.
            let in_doubt = matches!(error, SftpError::Lost(_));
            let failure = not_created(session, sending.paths, error, target).await;
            return Err(PublishFailure { failure, in_doubt });
        }
    };
    match fill(session, sending, file, target).await {
        Ok(_) => Ok(()),
        Err(failure) => Err(PublishFailure { failure, in_doubt: true }),
    }
}
