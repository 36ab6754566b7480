//! Retention: kept files go when they are old enough and nothing needs them.
//!
//! A file goes before the books say so: after a crash in between the next purge finds it
//! gone, and books it. What has landed from partners (bronze) stays: its tables can be made
//! again from nothing else.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::archive::blocking;
use crate::config::Retention;
use crate::ledger::{Ledger, Outlived};
use crate::model::{Failure, Kind};

/// So many are booked in one transaction: what a crash leaves to be booked.
const TOGETHER: usize = 500;

/// What a purge removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Purged {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Removes from `data_dir` what has outlived the `retention` by `now`, or only counts it.
pub async fn purge(
    ledger: &Ledger,
    data_dir: &Path,
    retention: Retention,
    now: Timestamp,
    dry_run: bool,
) -> Result<Purged, Failure> {
    let before =
        |days: Option<u32>| days.map(|days| now - SignedDuration::from_hours(24 * i64::from(days)));
    let (files, lists) = (before(retention.files_days), before(retention.lists_days));
    let mut purged = Purged::default();
    for some in ledger.outlived(files, lists).await?.chunks(TOGETHER) {
        let (data_dir, paths) = (data_dir.to_owned(), some.to_vec());
        let bytes = blocking(move || {
            let mut bytes = 0;
            for outlived in &paths {
                bytes += remove(&data_dir, outlived, dry_run)?;
            }
            Ok(bytes)
        })
        .await?;
        purged.files += some.len() as u64;
        purged.bytes += bytes;
        if !dry_run {
            ledger.purged(some.to_vec()).await?;
        }
    }
    Ok(purged)
}

/// Removes a file; its size. With a reply to a list goes what came of it before it was cut.
fn remove(data_dir: &Path, outlived: &Outlived, dry_run: bool) -> Result<u64, Failure> {
    let path = data_dir.join(&outlived.path);
    let cut = match outlived.id.kind {
        Kind::Poll => remove_file(&path.with_extension("json.partial"), dry_run)?,
        _ => 0,
    };
    Ok(cut + remove_file(&path, dry_run)?)
}

/// One that is gone already is none.
fn remove_file(path: &Path, dry_run: bool) -> Result<u64, Failure> {
    let io = |e: &std::io::Error| Failure::io("purging", path.to_string_lossy(), e);
    let size = match std::fs::symlink_metadata(path) {
        Ok(found) => found.len(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(e) => return Err(io(&e)),
    };
    if !dry_run {
        std::fs::remove_file(path).map_err(|e| io(&e))?;
    }
    Ok(size)
}
