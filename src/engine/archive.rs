//! The archive: verified files, kept under names of our own.

use std::path::{Path, PathBuf};

use crate::crash::{self, Point};
use crate::destinations::LocalFile;
pub(super) use crate::ledger::sync_folder;
use crate::ledger::{Export, create_private_folder};
use crate::model::{Failure, FailureClass, Sha256};
use crate::transport::sftp::SMALL;

/// Gives the synced file `part` its place in the archive below `data_dir` and
/// syncs the folder. Returns the place, relative to `data_dir`.
///
/// On return the file survives a power failure; only then may the ledger say so.
pub(super) async fn keep(
    data_dir: &Path,
    export: &Export,
    part: PathBuf,
) -> Result<String, Failure> {
    // The random part keeps a ledger restored from a backup, which counts the
    // same numbers again, from ever overwriting a file.
    let relative =
        format!("archive/{}/{}-{:08x}", export.id.number / 1000, export.id, rand::random::<u32>());
    let target = data_dir.join(&relative);
    blocking(move || {
        let folder = target.parent().unwrap_or(&target).to_owned();
        create_private_folder(&folder)?;
        std::fs::rename(&part, &target)
            .map_err(|e| Failure::io("archiving", target.to_string_lossy(), &e))?;
        make_durable(&folder)
    })
    .await?;
    Ok(relative)
}

/// Makes the name that a file was just given in `folder` durable.
pub(super) fn make_durable(folder: &Path) -> Result<(), Failure> {
    crash::at(Point::Archived)?;
    sync_folder(folder)?;
    // A new folder's own entry must be durable as well.
    folder.parent().map_or(Ok(()), sync_folder)?;
    crash::at(Point::ArchiveSynced)
}

/// The archived file, if it is there and has the size and hash in the books; with its
/// bytes where it is small, so that what was compared is what is sent.
pub(super) async fn intact(data_dir: &Path, export: &Export) -> Result<Option<LocalFile>, Failure> {
    compared(data_dir, export, false).await
}

/// The same, but that the hash of a large file is left to whoever reads it to send it.
pub(super) async fn to_send(
    data_dir: &Path,
    export: &Export,
) -> Result<Option<LocalFile>, Failure> {
    compared(data_dir, export, true).await
}

async fn compared(
    data_dir: &Path,
    export: &Export,
    later: bool,
) -> Result<Option<LocalFile>, Failure> {
    let (Some(relative), Some(size), Some(sha256)) =
        (&export.archived, export.size, export.sha256.clone())
    else {
        return Ok(None);
    };
    let path = data_dir.join(relative);
    blocking(move || {
        let failed = |e: &std::io::Error| Failure::io("reading", path.to_string_lossy(), e);
        let file = match std::fs::File::open(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(failed(&e)),
            Ok(file) => file,
        };
        if size <= SMALL {
            let bytes = read_small(file, size).map_err(|e| failed(&e))?;
            let is_it = bytes.len() as u64 == size && Sha256::of(&bytes) == sha256;
            let bytes = Some(bytes.into());
            return Ok(is_it.then_some(LocalFile { path, size, sha256: None, bytes }));
        }
        let is_it = if later {
            file.metadata().map_err(|e| failed(&e))?.len() == size
        } else {
            let (found, hash) = hash_of(file).map_err(|e| failed(&e))?;
            found == size && hash.hex() == sha256
        };
        let sha256 = later.then_some(sha256);
        Ok(is_it.then_some(LocalFile { path, size, sha256, bytes: None }))
    })
    .await
}

/// Reads a file of `size` bytes, and one more if there is more than that.
fn read_small(file: std::fs::File, size: u64) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::with_capacity(size as usize + 1);
    file.take(size + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The number and the hash of all bytes of `file`.
pub(super) fn hash_of(mut file: impl std::io::Read) -> std::io::Result<(u64, Sha256)> {
    let (mut hash, mut size) = (Sha256::new(), 0);
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((size, hash)),
            read => {
                hash.update(&buffer[..read]);
                size += read as u64;
            }
        }
    }
}

/// Runs `work` where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Failure::new(FailureClass::Bug, "working on files", "").said(e))?
}
