//! The receiver's folders on this disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::export::sha256;
use super::oracle::Sample;
use crate::demo::feed::OUTGOING;
use crate::model::Failure;

/// The upload folder, as an SFTP client sees it.
pub(in crate::demo) const UPLOADS: &str = "/incoming/Encoura API Uploads/";

/// Where the consumer puts what it took, as an SFTP client sees it.
pub(in crate::demo) const PROCESSED: &str = "/incoming/processed/";

/// Where on this disk the SFTP server's folders are.
#[derive(Debug)]
pub(in crate::demo) struct Grounds {
    /// What clients see as `/`.
    pub(in crate::demo) root: PathBuf,
    /// [`UPLOADS`].
    pub(in crate::demo) uploads: PathBuf,
    /// [`PROCESSED`].
    pub(in crate::demo) processed: PathBuf,
    /// The partner's folder.
    pub(in crate::demo) outgoing: PathBuf,
    /// Outside of what clients see; on the same disk, so that a rename takes a
    /// file away at once.
    pub(in crate::demo) spool: PathBuf,
}

impl Grounds {
    /// Creates the folders below `dir`; what is there already stays.
    pub(super) fn lay_out(dir: &Path) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            Failure::io("creating the receiver's folders in", dir.to_string_lossy(), &error)
        };
        fs::create_dir_all(dir).map_err(failed)?;
        let dir = dir.canonicalize().map_err(failed)?;
        let root = dir.join("sftp");
        let grounds = Self {
            uploads: root.join(UPLOADS.trim_matches('/')),
            processed: root.join(PROCESSED.trim_matches('/')),
            outgoing: root.join(OUTGOING.trim_matches('/')),
            spool: dir.join("taken"),
            root,
        };
        for folder in [
            &grounds.uploads,
            &grounds.processed,
            &grounds.outgoing,
            &grounds.root.join("test/incoming"),
            &grounds.spool,
        ] {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        Ok(grounds)
    }

    /// Every plain file in the upload folder.
    pub(super) fn uploads(&self) -> io::Result<Vec<Sample>> {
        let mut seen = Vec::new();
        for entry in fs::read_dir(&self.uploads)? {
            let entry = entry?;
            if !entry.file_type()?.is_file() {
                continue;
            }
            match Sample::of(&entry.path()) {
                Ok(sample) => seen.push(sample),
                // A client renamed or removed it since the folder was read.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(seen)
    }

    /// Bytes in all files below the root. What the partner has takes no space from the
    /// receiver.
    pub(in crate::demo) fn used(&self) -> u64 {
        fn below(folder: &Path, but: &Path) -> u64 {
            let Ok(entries) = fs::read_dir(folder) else { return 0 };
            entries
                .flatten()
                .filter(|entry| entry.path() != but)
                .map(|entry| match entry.metadata() {
                    Ok(data) if data.is_dir() => below(&entry.path(), but),
                    Ok(data) => data.len(),
                    Err(_) => 0,
                })
                .sum()
        }
        below(&self.root, &self.outgoing)
    }
}

impl Sample {
    /// Reads a file.
    pub(in crate::demo) fn of(path: &Path) -> io::Result<Self> {
        let bytes = fs::read(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, bytes: bytes.len() as u64, sha256: sha256(&bytes) })
    }
}

/// Whether a consumer's mask misses this name at either end.
pub(in crate::demo) fn is_temporary(name: &str) -> bool {
    name.starts_with(".tmp-") || name.ends_with(".part")
}
