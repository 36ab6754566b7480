//! A delivery without a file: every step that one takes, with temporary files of ours.

use bytes::Bytes;

use super::paths::{Paths, RemotePath};
use super::stage;
use crate::destinations::{Rehearsal, Step};
use crate::model::{Failure, FailureClass, temporary_name};
use crate::transport::sftp::{SftpError, SftpSession};

const CONTENT: &[u8] = b"transship doctor: this file is removed at once\n";

/// Writes, syncs, reads back, renames, renames onto what is there, removes. Steps that a
/// failed one leaves nothing for are left out; what was made is removed in any case.
pub(super) async fn rehearse(
    session: &SftpSession,
    paths: &Paths,
    token: &str,
) -> Result<Rehearsal, Failure> {
    let name = |attempt| paths.temporary(&temporary_name(token, attempt));
    let (first, second) = (name(1)?, name(2)?);
    let mut steps = Vec::new();
    let renamed = match write(session, paths, &first).await {
        Err(failure) => {
            steps.push(Step::new("write", Err(failure)));
            false
        }
        Ok(synced) => {
            let synced = if synced { "written and synced" } else { "written; it cannot sync" };
            steps.push(Step::new("write", Ok(format!("{} bytes {synced}", CONTENT.len()))));
            steps.push(Step::new("size", size(session, &first).await));
            let renamed = rename(session, &first, &second).await;
            let moved = renamed.is_ok();
            steps.push(Step::rename("rename", renamed));
            moved
        }
    };
    if renamed {
        steps.push(Step::rename("rename onto it", onto(session, paths, &first, &second).await));
    }
    for (path, expected) in [(&first, false), (&second, renamed)] {
        match session.remove(path.bytes()).await {
            Ok(()) if !expected => {}
            Ok(()) => steps.push(Step::new("remove", Ok("removed".into()))),
            Err(error) if error.is_missing() && !expected => {}
            Err(error) => {
                steps.push(Step::new("remove", Err(error.into_failure("removing", path.shown()))));
            }
        }
    }
    Ok(steps)
}

/// Whether the server synced it.
async fn write(session: &SftpSession, paths: &Paths, path: &RemotePath) -> Result<bool, Failure> {
    let file = match stage::create(session, path).await {
        Ok(file) => file,
        Err(error) => return Err(stage::not_created(session, paths, error, path).await),
    };
    let fail = |error: SftpError| error.into_failure("writing", path.shown());
    file.write(0, Bytes::from_static(CONTENT)).await.map_err(fail)?;
    let synced = file.sync().await.map_err(fail)?;
    file.close().await.map_err(fail)?;
    Ok(synced)
}

async fn size(session: &SftpSession, path: &RemotePath) -> Result<String, Failure> {
    const DOING: &str = "reading the size of";
    let attrs =
        session.lstat(path.bytes()).await.map_err(|e| e.into_failure(DOING, path.shown()))?;
    match attrs.size {
        Some(size) if size == CONTENT.len() as u64 => Ok(format!("{size} bytes, as written")),
        size => Err(Failure::new(FailureClass::Damaged, DOING, path.shown())
            .said(format!("{size:?} of {} bytes", CONTENT.len()))
            .advice(
                "files are compared by size before they are published: this server cannot be used",
            )),
    }
}

async fn rename(
    session: &SftpSession,
    from: &RemotePath,
    to: &RemotePath,
) -> Result<String, Failure> {
    super::publish::publish(session, from, to).await.map_err(|publish| publish.failure)?;
    Ok(match session.capabilities().posix_rename {
        true => "atomic (posix-rename@openssh.com)".into(),
        false => "not atomic: a lost reply may deliver twice".into(),
    })
}

/// What a rename does to a file that is there: it replaces it, or is refused. Both are
/// fine, as free names are chosen; the operator may want to know.
async fn onto(
    session: &SftpSession,
    paths: &Paths,
    from: &RemotePath,
    onto: &RemotePath,
) -> Result<String, Failure> {
    write(session, paths, from).await?;
    match super::publish::publish(session, from, onto).await {
        Ok(_) => Ok("replaces what is there; only free names are ever used".into()),
        Err(publish) if publish.failure.class == FailureClass::Network => Err(publish.failure),
        Err(_) => Ok("is refused; only free names are ever used".into()),
    }
}
