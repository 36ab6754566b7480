//! A large file over several sessions at once, into one temporary file.
//!
//! The sessions write chunks wherever they stand in the file, so
//! that it has its full length while there are still holes in it. No hole is ever taken
//! for bytes: each write was acknowledged, each session has synced what it wrote, and a
//! *witness*, the file opened once more, finds bytes of every chunk that a hole would not
//! have. A server at which it does not is given its files over one session from then on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use tokio::sync::OnceCell;

use super::paths::RemotePath;
use crate::model::{Failure, FailureClass};
use crate::transport::sftp::wire::{Attrs, OpenFlags};
use crate::transport::sftp::{Pool, RemoteFile, Sample, SftpSession, SpreadFrom, Upload};

/// Finds the sessions for a file, and checks what they have written.
pub(super) struct Spread {
    pool: Arc<Pool>,
    from: SpreadFrom,
    /// What was written over several sessions was not all there.
    failed: AtomicBool,
}

impl Spread {
    pub(super) fn new(pool: Arc<Pool>, from: SpreadFrom) -> Self {
        Self { pool, from, failed: AtomicBool::new(false) }
    }

    /// Whether this upload goes over other sessions beside `session`.
    pub(super) fn pays(&self, session: &SftpSession, upload: &Upload<'_>) -> bool {
        !self.failed.load(Ordering::Relaxed) && self.from.pays(session, upload.size, upload.pace)
    }

    /// The file `path`, which `session` has just made, open over the other sessions, as
    /// each is ready. `witness` is set before the first.
    pub(super) fn others<'a>(
        &self,
        session: &'a SftpSession,
        path: &'a RemotePath,
        witness: &'a OnceCell<RemoteFile>,
    ) -> impl Stream<Item = RemoteFile> + use<'a> {
        let sessions = self.pool.others(session);
        let name = Bytes::copy_from_slice(path.bytes());
        let ready = async move {
            let file = look(session, name.clone()).await?;
            witness.set(file).ok()?;
            Some(sessions.map(move |user| {
                let name = name.clone();
                // Where one cannot, the others can.
                async { RemoteFile::open_over(user, name, OpenFlags::WRITE).await.ok() }
            }))
        };
        let opening = stream::once(ready).filter_map(std::future::ready).flatten();
        opening.buffer_unordered(AT_ONCE).filter_map(std::future::ready)
    }

    /// Fails unless the witness finds all of `samples`, which there are only where several
    /// sessions wrote.
    pub(super) async fn check(
        &self,
        samples: &[Sample],
        witness: Option<&RemoteFile>,
        path: &RemotePath,
    ) -> Result<(), Failure> {
        const DOING: &str = "verifying";
        let Some(witness) = witness else { return Ok(()) };
        let said = match witness.missing(samples).await {
            Ok(None) => return Ok(()),
            Ok(Some(offset)) => format!("what was written at byte {offset} is not there"),
            Err(error) => {
                let failure = error.into_failure(DOING, path.shown());
                if failure.class == FailureClass::Network {
                    return Err(failure);
                }
                failure.to_string()
            }
        };
        self.failed.store(true, Ordering::Relaxed);
        Err(Failure::new(FailureClass::Damaged, DOING, path.shown()).said(said).advice(
            "this server does not bring together what several sessions write: the file is sent \
             again over one, as all are from now on",
        ))
    }
}

/// Files that are opened at once.
const AT_ONCE: usize = 64;

/// Opens what was just made for reading, if the account may do that.
async fn look(session: &SftpSession, path: Bytes) -> Option<RemoteFile> {
    let file = RemoteFile::open(session, path, OpenFlags::READ, Attrs::default()).await.ok()?;
    file.read(0, 1).await.ok()?;
    Some(file)
}
