//! Looking without touching.

use super::paths::{Paths, RemotePath};
use crate::destinations::{Capabilities, Sighting};
use crate::model::{Failure, FailureClass};
use crate::transport::sftp::wire::{Attrs, NameEntry};
use crate::transport::sftp::{SftpError, SftpSession};

/// Entries of the folder that are looked at for the newest few.
const ENTRIES_READ: usize = 10_000;

/// What the server can do, for a folder that is there.
pub(super) async fn probe(session: &SftpSession, paths: &Paths) -> Result<Capabilities, Failure> {
    folder(session, paths, "looking into").await?;
    let offers = session.capabilities();
    let space =
        if offers.statvfs { session.statvfs(paths.folder().as_bytes()).await.ok() } else { None };
    Ok(Capabilities {
        posix_rename: offers.posix_rename,
        fsync: offers.fsync,
        statvfs: offers.statvfs,
        limits: offers.limits,
        free_bytes: space.map(|space| space.available_bytes()),
    })
}

/// Fails unless the folder is there.
async fn folder(session: &SftpSession, paths: &Paths, doing: &str) -> Result<(), Failure> {
    match session.stat(paths.folder().as_bytes()).await {
        Ok(attrs) if attrs.permissions.is_some() && !attrs.is_directory() => {
            Err(Failure::new(FailureClass::Misconfigured, doing, paths.folder())
                .said("it is a file, not a folder")
                .advice("correct `directory`"))
        }
        Ok(_) => Ok(()),
        Err(error) if error.is_missing() => Err(paths.folder_missing(error, doing)),
        Err(error) => Err(error.into_failure(doing, paths.folder())),
    }
}

/// Where the published file is now.
pub(super) async fn sight(
    session: &SftpSession,
    paths: &Paths,
    file: &RemotePath,
) -> Result<Sighting, Failure> {
    const DOING: &str = "looking for";
    match session.lstat(file.bytes()).await {
        Ok(attrs) => return Ok(Sighting::InPlace(size(attrs, DOING, file.shown())?)),
        Err(error) if error.is_missing() => {}
        Err(error) => return Err(error.into_failure(DOING, file.shown())),
    }
    // "Gone" is evidence only while the folder itself can be seen.
    folder(session, paths, DOING).await?;
    let Some(path) = paths.in_processed(file) else {
        return Ok(Sighting::Gone { processed_visible: false });
    };
    match session.lstat(path.as_bytes()).await {
        Ok(attrs) => Ok(Sighting::Processed(size(attrs, DOING, &path)?)),
        Err(error @ SftpError::Lost(_)) => Err(error.into_failure(DOING, path)),
        Err(error) if error.is_missing() => {
            Ok(Sighting::Gone { processed_visible: processed_visible(session, paths).await? })
        }
        // A restricted account may not look there: that proves nothing.
        Err(_) => Ok(Sighting::Gone { processed_visible: false }),
    }
}

/// "No such file" is also said of a folder that is not there, or is hidden.
async fn processed_visible(session: &SftpSession, paths: &Paths) -> Result<bool, Failure> {
    let Some(folder) = paths.processed_folder() else { return Ok(false) };
    match session.stat(folder.as_bytes()).await {
        Ok(_) => Ok(true),
        Err(error @ SftpError::Lost(_)) => Err(error.into_failure("looking into", folder)),
        Err(_) => Ok(false),
    }
}

fn size(attrs: Attrs, doing: &str, path: &str) -> Result<u64, Failure> {
    attrs.size.ok_or_else(|| {
        Failure::new(FailureClass::Protocol, doing, path)
            .said("the server does not tell the file's size")
    })
}

/// The newest names in the folder, as they are: whoever shows them makes them safe.
pub(super) async fn peek(
    session: &SftpSession,
    paths: &Paths,
    limit: usize,
) -> Result<Vec<String>, Failure> {
    const DOING: &str = "listing";
    let mut entries =
        session.read_folder(paths.folder().as_bytes(), ENTRIES_READ).await.map_err(|error| {
            if error.is_missing() {
                paths.folder_missing(error, DOING)
            } else {
                error.into_failure(DOING, paths.folder())
            }
        })?;
    entries.retain(|entry| !matches!(&entry.name[..], b"." | b".."));
    let changed = |entry: &NameEntry| entry.attrs.times.map_or(0, |(_, changed)| changed);
    entries.sort_by_key(|entry| std::cmp::Reverse(changed(entry)));
    entries.truncate(limit);
    Ok(entries.iter().map(|e| String::from_utf8_lossy(&e.name).into_owned()).collect())
}
