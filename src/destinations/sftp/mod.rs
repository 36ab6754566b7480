//! An SFTP folder.
//!
//! One file per step of `design/delivery.md`: `stage` (with `spread`, for large files),
//! `publish` (with the fence), `direct`, `look`. Nothing in here is ever removed from the server
//! but our own temporary files, and nothing is retried: a lost reply is the
//! engine's to settle.

mod direct;
mod look;
mod paths;
mod publish;
mod rehearse;
mod spread;
mod stage;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::{
    Acknowledged, Capabilities, Destination, Fence, LocalFile, PublishFailure, Rehearsal, Sighting,
    Staged,
};
use crate::model::{DestinationSettings, Failure};
use crate::transport::pace::Pace;
use crate::transport::sftp::{Pool, SessionUser, SpreadFrom, Upload};
use paths::{Paths, RemotePath};
use spread::Spread;
use stage::Sending;

/// Where renames are not atomic, a rename whose reply was lost may still be
/// carried out in two steps: the fence waits this long for it to be over.
const SETTLE: Duration = Duration::from_secs(5);

/// A folder on an SFTP server, with a few sessions kept open to it.
pub struct SftpDestination {
    pool: Arc<Pool>,
    paths: Paths,
    settle: Duration,
    spread: Spread,
    pace: Pace,
}

impl SftpDestination {
    /// Nothing is connected before it is needed.
    pub fn new(settings: DestinationSettings) -> Self {
        let paths = Paths::new(&settings);
        let pool = Arc::new(Pool::new(settings.server, settings.max_sessions));
        let spread = Spread::new(Arc::clone(&pool), SpreadFrom::default());
        let pace = Pace::new(settings.bandwidth);
        Self { pool, paths, settle: SETTLE, spread, pace }
    }

    /// Sends a file over several sessions from there on.
    #[must_use]
    pub fn with_spread(mut self, from: SpreadFrom) -> Self {
        self.spread = Spread::new(Arc::clone(&self.pool), from);
        self
    }

    /// Waits `settle` instead of five seconds before a fence that is not atomic.
    #[must_use]
    pub fn with_settle_time(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }

    fn sending<'a>(
        &'a self,
        local: &'a LocalFile,
        acknowledged: Acknowledged<'a>,
        cancel: &'a CancellationToken,
    ) -> Sending<'a> {
        let (size, sha256, pace) = (local.size, local.sha256.as_deref(), &self.pace);
        let upload = Upload { local: &local.path, size, sha256, pace, acknowledged, cancel };
        Sending { paths: &self.paths, upload, bytes: local.bytes.as_ref(), spread: &self.spread }
    }

    /// A session for uploading `file`, unless the caller gives up first.
    async fn session_unless(
        &self,
        cancel: &CancellationToken,
        file: &RemotePath,
    ) -> Result<SessionUser, Failure> {
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Failure::cancelled("uploading", file.shown())),
            session = self.pool.session() => session,
        }
    }
}

#[async_trait]
impl Destination for SftpDestination {
    async fn probe(&self) -> Result<Capabilities, Failure> {
        look::probe(&*self.pool.session().await?, &self.paths).await
    }

    fn pace(&self) -> Pace {
        self.pace.clone()
    }

    async fn stage(
        &self,
        local: &LocalFile,
        temporary: &str,
        final_name: &str,
        acknowledged: Acknowledged<'_>,
        cancel: &CancellationToken,
    ) -> Result<Staged, Failure> {
        let temporary = self.paths.inside(temporary)?;
        let final_name = self.paths.inside(final_name)?;
        let session = self.session_unless(cancel, &temporary).await?;
        let sending = self.sending(local, acknowledged, cancel);
        stage::stage(&session, &sending, &temporary, &final_name).await
    }

    async fn publish(
        &self,
        temporary: &str,
        final_name: &str,
    ) -> Result<Option<Sighting>, PublishFailure> {
        // Nothing is sent before there is a session; the fence finds that out too.
        let in_doubt = |failure| PublishFailure { failure, in_doubt: true };
        let from = self.paths.inside(temporary).map_err(in_doubt)?;
        let to = self.paths.inside(final_name).map_err(in_doubt)?;
        publish::publish(&*self.pool.session().await.map_err(in_doubt)?, &from, &to).await
    }

    async fn fence(&self, temporary: &str, next: &str) -> Result<Fence, Failure> {
        let (from, to) = (self.paths.temporary(temporary)?, self.paths.temporary(next)?);
        let session = self.pool.new_session().await?;
        publish::fence(&session, &self.paths, &from, &to, self.settle).await
    }

    async fn write_direct(
        &self,
        local: &LocalFile,
        final_name: &str,
        acknowledged: Acknowledged<'_>,
        cancel: &CancellationToken,
    ) -> Result<(), PublishFailure> {
        let nothing_sent = |failure| PublishFailure { failure, in_doubt: false };
        let target = self.paths.inside(final_name).map_err(nothing_sent)?;
        let session = self.session_unless(cancel, &target).await.map_err(nothing_sent)?;
        direct::write(&session, &self.sending(local, acknowledged, cancel), &target).await
    }

    async fn sight(&self, final_name: &str) -> Result<Sighting, Failure> {
        let name = self.paths.inside(final_name)?;
        look::sight(&*self.pool.session().await?, &self.paths, &name).await
    }

    async fn remove_temporary(&self, temporary: &str) -> Result<(), Failure> {
        let path = self.paths.temporary(temporary)?;
        match self.pool.session().await?.remove(path.bytes()).await {
            Err(error) if !error.is_missing() => Err(error.into_failure("removing", path.shown())),
            _ => Ok(()),
        }
    }

    async fn peek(&self, limit: usize) -> Result<Vec<String>, Failure> {
        look::peek(&*self.pool.session().await?, &self.paths, limit).await
    }

    async fn rehearse(&self, token: &str) -> Result<Rehearsal, Failure> {
        rehearse::rehearse(&*self.pool.session().await?, &self.paths, token).await
    }

    async fn close(&self) {
        self.pool.close();
    }
}
