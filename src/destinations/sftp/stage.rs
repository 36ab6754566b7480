//! Writing a whole file under a name that nobody looks at yet.

use bytes::Bytes;
use futures::future::try_join_all;
use tokio::sync::OnceCell;

use super::paths::{Paths, RemotePath};
use super::spread::Spread;
use crate::destinations::Staged;
use crate::model::{Failure, FailureClass};
use crate::transport::sftp::wire::{Attrs, OpenFlags, StatusCode};
use crate::transport::sftp::{RemoteFile, SftpError, SftpSession, TransferError, Upload, Written};

const UPLOADING: &str = "uploading";

/// A file on its way, and what is needed on it.
pub(super) struct Sending<'a> {
    pub(super) paths: &'a Paths,
    pub(super) upload: Upload<'a>,
    /// All of it, where it is small.
    pub(super) bytes: Option<&'a Bytes>,
    pub(super) spread: &'a Spread,
}

/// Writes what is sent to the new file `temporary`, over several sessions where that pays,
/// and looks whether `target` is taken, or was taken already.
pub(super) async fn stage(
    session: &SftpSession,
    sending: &Sending<'_>,
    temporary: &RemotePath,
    target: &RemotePath,
) -> Result<Staged, Failure> {
    let paths = sending.paths;
    let write = async {
        match create(session, temporary).await {
            Ok(file) => fill_together(session, sending, file, temporary).await,
            Err(error) => Err(not_created(session, paths, error, temporary).await),
        }
    };
    let (size, target_exists, processed) =
        tokio::try_join!(write, exists(session, target), in_processed(session, paths, target))?;
    Ok(Staged { size, target_exists, processed })
}

async fn exists(session: &SftpSession, path: &RemotePath) -> Result<bool, Failure> {
    match session.lstat(path.bytes()).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_missing() => Ok(false),
        Err(error) => Err(error.into_failure("looking for", path.shown())),
    }
}

/// The size of what the receiver put away under this name. A folder that this
/// account may not look into proves nothing.
async fn in_processed(
    session: &SftpSession,
    paths: &Paths,
    target: &RemotePath,
) -> Result<Option<u64>, Failure> {
    let Some(path) = paths.in_processed(target) else { return Ok(None) };
    match session.lstat(path.as_bytes()).await {
        Ok(attrs) => Ok(attrs.size),
        Err(error @ SftpError::Lost(_)) => Err(error.into_failure("looking for", path)),
        Err(_) => Ok(None),
    }
}

/// Creates `path`, which must not exist.
pub(super) async fn create(
    session: &SftpSession,
    path: &RemotePath,
) -> Result<RemoteFile, SftpError> {
    let name = Bytes::copy_from_slice(path.bytes());
    RemoteFile::open(session, name, OpenFlags::CREATE_NEW, Attrs::default()).await
}

/// Why `path` could not be created, as well as it can be found out.
pub(super) async fn not_created(
    session: &SftpSession,
    paths: &Paths,
    error: SftpError,
    path: &RemotePath,
) -> Failure {
    const DOING: &str = "creating";
    if error.is_missing() {
        return paths.folder_missing(error, DOING);
    }
    // OpenSSH says no more than "failure" for a name that is taken.
    let may_be_taken =
        matches!(error.code(), Some(StatusCode::FAILURE | StatusCode::FILE_ALREADY_EXISTS));
    if may_be_taken && session.lstat(path.bytes()).await.is_ok() {
        return error
            .into_failure(DOING, path.shown())
            .advice("a file of this name is there already; it is left alone");
    }
    refused(session, paths, error, DOING, path, 1).await
}

/// Writes everything, has it synced, reads the size back and closes. Gives the
/// size as the server tells it, which is the upload's.
pub(super) async fn fill(
    session: &SftpSession,
    Sending { paths, upload, bytes, .. }: &Sending<'_>,
    file: RemoteFile,
    path: &RemotePath,
) -> Result<u64, Failure> {
    if let Some(bytes) = bytes {
        return match file.write_whole(bytes, upload).await {
            Ok(attrs) => whole(attrs, upload, path),
            Err(error) => Err(not_written(session, paths, error, upload, path).await),
        };
    }
    if let Err(error) = file.upload(upload).await {
        return Err(not_written(session, paths, error, upload, path).await);
    }
    let attrs = settle(&file, &[], path).await?;
    close(session, paths, vec![file], upload, path).await?;
    whole(attrs, upload, path)
}

/// The same over several sessions, if `spread` finds them.
async fn fill_together(
    session: &SftpSession,
    sending: &Sending<'_>,
    file: RemoteFile,
    path: &RemotePath,
) -> Result<u64, Failure> {
    let Sending { paths, upload, spread, .. } = sending;
    if !spread.pays(session, upload) {
        return fill(session, sending, file, path).await;
    }
    let witness = OnceCell::new();
    let others = spread.others(session, path, &witness);
    let Written { mut others, samples } = match file.upload_with(others, upload).await {
        Ok(written) => written,
        Err(error) => return Err(not_written(session, paths, error, upload, path).await),
    };
    let check = spread.check(&samples, witness.get(), path);
    let (attrs, ()) = tokio::try_join!(settle(&file, &others, path), check)?;
    others.push(file);
    close(session, paths, others, upload, path).await?;
    whole(attrs, upload, path)
}

/// Why not everything was written, as well as it can be found out.
async fn not_written(
    session: &SftpSession,
    paths: &Paths,
    error: TransferError,
    upload: &Upload<'_>,
    path: &RemotePath,
) -> Failure {
    match error {
        TransferError::Sftp(error) => {
            refused(session, paths, error, UPLOADING, path, upload.size).await
        }
        error => error.into_failure(UPLOADING, path.shown()),
    }
}

/// Has what was written synced, over each session that wrote, and asks what is there.
/// Neither changes what the other sees: one trip for all.
async fn settle(
    file: &RemoteFile,
    others: &[RemoteFile],
    path: &RemotePath,
) -> Result<Attrs, Failure> {
    let others = try_join_all(others.iter().map(RemoteFile::sync));
    let settled = async { tokio::try_join!(others, file.sync(), file.stat()) };
    let (_, _, attrs) = settled.await.map_err(|e| e.into_failure(UPLOADING, path.shown()))?;
    Ok(attrs)
}

/// Closes it everywhere; some servers find out only now that there was no room.
async fn close(
    session: &SftpSession,
    paths: &Paths,
    files: Vec<RemoteFile>,
    upload: &Upload<'_>,
    path: &RemotePath,
) -> Result<(), Failure> {
    match try_join_all(files.into_iter().map(RemoteFile::close)).await {
        Ok(_) => Ok(()),
        Err(error) => Err(refused(session, paths, error, UPLOADING, path, upload.size).await),
    }
}

/// The size, which is the upload's.
fn whole(attrs: Attrs, upload: &Upload<'_>, path: &RemotePath) -> Result<u64, Failure> {
    match attrs.size {
        Some(size) if size == upload.size => Ok(size),
        size => Err(Failure::new(FailureClass::Damaged, UPLOADING, path.shown())
            .said(match size {
                Some(size) => format!("{size} of {} bytes are there", upload.size),
                None => "the server does not tell the file's size".to_owned(),
            })
            .advice("it is not published; it is sent again under another temporary name")),
    }
}

/// OpenSSH says no more than "failure" for a full disk: ask how much is free.
async fn refused(
    session: &SftpSession,
    paths: &Paths,
    error: SftpError,
    doing: &str,
    path: &RemotePath,
    needed: u64,
) -> Failure {
    let vague = error.code() == Some(StatusCode::FAILURE);
    let failure = error.into_failure(doing, path.shown());
    if !vague {
        return failure;
    }
    let space = if session.capabilities().statvfs {
        session.statvfs(paths.folder().as_bytes()).await.ok()
    } else {
        None
    };
    match space {
        Some(space) if space.available_bytes() < needed => {
            let free = space.available_bytes();
            Failure::new(FailureClass::Full, doing, path.shown())
                .said(format!("{free} bytes are free over there"))
                .advice("space has to be made on the server; it goes on by itself then")
        }
        _ => failure.advice(
            "the server gives no reason; most often a quota is used up, or the account may not \
             write there",
        ),
    }
}
