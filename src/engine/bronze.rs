//! Bronze: a partner's files as they came, under the hash of their bytes, written once.

use std::path::{Path, PathBuf};

use super::archive::{blocking, hash_of, make_durable};
use crate::ledger::create_private_folder;
use crate::model::Failure;
use crate::platform;

/// Gives the synced file `part`, whose bytes have this hash, its place in bronze below
/// `data_dir`. Returns the place, relative to `data_dir`.
///
/// The same bytes are kept once: if they are there already, `part` is dropped. What lies
/// there and has become something else is replaced. On return the file survives a power
/// failure.
pub(super) async fn keep(data_dir: &Path, sha256: &str, part: PathBuf) -> Result<String, Failure> {
    // Our own digits, whatever a damaged ledger says.
    let digits: String = sha256.chars().filter(char::is_ascii_hexdigit).collect();
    let relative = format!("bronze/{}/{digits}", digits.get(..2).unwrap_or("00"));
    let target = data_dir.join(&relative);
    blocking(move || {
        let folder = target.parent().unwrap_or(&target).to_owned();
        create_private_folder(&folder)?;
        if is_there(&target, &digits)? {
            // Ours, and of no use any more. If it stays, it only takes up space.
            let _ = std::fs::remove_file(&part);
        } else {
            // Nobody writes into it again, by mistake.
            platform::write_protect(&part)
                .map_err(|e| Failure::io("protecting", part.to_string_lossy(), &e))?;
            std::fs::rename(&part, &target)
                .map_err(|e| Failure::io("keeping", target.to_string_lossy(), &e))?;
        }
        // Also where the file was there: whoever put it there may have been killed here.
        make_durable(&folder)
    })
    .await?;
    Ok(relative)
}

/// Whether the very bytes are there.
fn is_there(target: &Path, sha256: &str) -> Result<bool, Failure> {
    match std::fs::File::open(target) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(Failure::io("reading", target.to_string_lossy(), &e)),
        Ok(file) => {
            let (_, found) =
                hash_of(file).map_err(|e| Failure::io("reading", target.to_string_lossy(), &e))?;
            let intact = found.hex() == sha256;
            if !intact {
                tracing::warn!(path = %target.display(), "damaged in bronze, replaced");
            }
            Ok(intact)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Sha256;

    async fn kept(data_dir: &Path, bytes: &[u8]) -> PathBuf {
        let part = data_dir.join("a.part");
        std::fs::write(&part, bytes).unwrap();
        let relative = keep(data_dir, &Sha256::of(bytes), part.clone()).await.unwrap();
        assert!(!part.exists());
        let path = data_dir.join(&relative);
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        assert!(relative.starts_with(&format!("bronze/{}/", &Sha256::of(bytes)[..2])));
        path
    }

    #[tokio::test]
    async fn bytes_are_kept_once_and_mended_where_they_are_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let first = kept(folder.path(), b"some bytes").await;
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
            let before = std::fs::metadata(&first).unwrap();
            assert_eq!(before.permissions().mode() & 0o777, 0o400);
            assert_eq!(kept(folder.path(), b"some bytes").await, first);
            assert_eq!(std::fs::metadata(&first).unwrap().ino(), before.ino(), "written once");
        }
        assert_ne!(kept(folder.path(), b"other bytes").await, first);
        std::fs::remove_file(&first).unwrap();
        std::fs::write(&first, b"some byteZ").unwrap();
        assert_eq!(kept(folder.path(), b"some bytes").await, first);
    }
}
