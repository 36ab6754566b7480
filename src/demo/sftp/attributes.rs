//! What this disk knows of a file → what the protocol tells.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use crate::transport::sftp::wire::{Attrs, NameEntry, StatusCode};

/// The attributes of `data`.
pub(super) fn attributes(data: &Metadata) -> Attrs {
    let seconds = |time: io::Result<SystemTime>| {
        let since = time.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        since.map_or(0, |since| u32::try_from(since.as_secs()).unwrap_or(u32::MAX))
    };
    Attrs {
        size: Some(data.len()),
        owner: Some((1000, 1000)),
        permissions: Some(mode(data)),
        times: Some((seconds(data.accessed()), seconds(data.modified()))),
    }
}

/// Type and permissions as POSIX has them, on every system.
fn mode(data: &Metadata) -> u32 {
    match (data.is_dir(), data.is_symlink()) {
        (true, _) => 0o040_755,
        (_, true) => 0o120_777,
        _ if data.permissions().readonly() => 0o100_444,
        _ => 0o100_644,
    }
}

/// The entries of a folder, `.` and `..` first, as OpenSSH lists them.
pub(super) fn entries(folder: &Path) -> io::Result<Vec<NameEntry>> {
    let here = fs::metadata(folder)?;
    let mut entries = vec![entry(".", &here), entry("..", &here)];
    for found in fs::read_dir(folder)? {
        let found = found?;
        match found.metadata() {
            Ok(data) => entries.push(entry(&found.file_name().to_string_lossy(), &data)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(entries)
}

fn entry(name: &str, data: &Metadata) -> NameEntry {
    let kind = if data.is_dir() { "drwxr-xr-x" } else { "-rw-r--r--" };
    let long_name = format!("{kind}    1 demo     demo     {:>12} Jan  1 00:00 {name}", data.len());
    NameEntry {
        name: Bytes::copy_from_slice(name.as_bytes()),
        long_name: Bytes::from(long_name),
        attrs: attributes(data),
    }
}

/// The status that OpenSSH's server sends for an error of the disk.
pub(super) fn status(error: &io::Error) -> StatusCode {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => StatusCode::NO_SUCH_FILE,
        io::ErrorKind::PermissionDenied => StatusCode::PERMISSION_DENIED,
        _ => StatusCode::FAILURE,
    }
}
