//! A file that grows: written, hashed and synced on the threads that may block, while the
//! next bytes come in.

use std::fs::File;
use std::io::{Error, ErrorKind, Read as _, Result, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::archive::hash_of;
use crate::model::Sha256;
use crate::platform;

/// Bytes that may wait while others are written: whoever brings more waits.
const WAITING: usize = 2 << 20;

/// Writes one file, in order.
pub(super) struct Pen {
    file: Arc<File>,
    /// Bytes that are in the file, of those that it was given.
    in_file: Arc<AtomicU64>,
    /// A sync failed: the kernel says so once, and nothing that is synced later makes it good.
    unsynced: Arc<AtomicBool>,
    /// The hash of what is in the file; none while somebody writes, or once that failed.
    hash: Option<Sha256>,
    at_work: Option<JoinHandle<Result<Sha256>>>,
    waiting: Vec<Bytes>,
    waiting_bytes: usize,
}

impl Pen {
    /// Opens `path`, which is private and is made if it is not there, behind its first
    /// `offset` bytes; these are hashed, and what follows them goes.
    pub(super) async fn open(path: &Path, offset: u64) -> Result<Self> {
        let path = path.to_owned();
        let (file, hash) = blocking(move || {
            let mut options = platform::private_file();
            options.read(true).write(true).create(true).truncate(offset == 0);
            let mut file = options.open(path)?;
            let (here, hash) = hash_of((&file).take(offset))?;
            if here < offset {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            file.set_len(offset)?;
            file.seek(SeekFrom::Start(offset))?;
            Ok((file, hash))
        })
        .await?;
        Ok(Self {
            file: Arc::new(file),
            in_file: Arc::new(AtomicU64::new(offset)),
            unsynced: Arc::default(),
            hash: Some(hash),
            at_work: None,
            waiting: Vec::new(),
            waiting_bytes: 0,
        })
    }

    /// Whether a write or a sync failed: nothing more of it can be relied upon.
    pub(super) fn has_failed(&self) -> bool {
        let unwritten = self.hash.is_none() && self.at_work.is_none();
        unwritten || self.unsynced.load(Ordering::Acquire)
    }

    /// Takes the next bytes. They are in the file some time later; that an earlier write
    /// failed is told here, or by [`Pen::settle`].
    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.waiting_bytes += bytes.len();
        self.waiting.push(bytes);
        let free = self.at_work.as_ref().is_none_or(JoinHandle::is_finished);
        if free || self.waiting_bytes >= WAITING {
            self.rest().await?;
            self.begin()?;
        }
        Ok(())
    }

    /// Waits until all that was given is in the file.
    pub(super) async fn settle(&mut self) -> Result<()> {
        self.rest().await?;
        if !self.waiting.is_empty() {
            self.begin()?;
            self.rest().await?;
        }
        Ok(())
    }

    /// Syncs what is in the file when this is called, and tells how much that is. It goes
    /// on while more is written, and whether or not it is waited for.
    pub(super) fn sync(&self) -> impl Future<Output = Result<u64>> + Send + 'static {
        let (file, in_file) = (Arc::clone(&self.file), self.in_file.load(Ordering::Acquire));
        let unsynced = Arc::clone(&self.unsynced);
        let synced = blocking(move || {
            file.sync_data().inspect_err(|_| unsynced.store(true, Ordering::Release))
        });
        async move { synced.await.map(|()| in_file) }
    }

    /// The hash of the whole, made durable if `sync`.
    pub(super) async fn finish(mut self, sync: bool) -> Result<String> {
        self.settle().await?;
        if self.has_failed() {
            return Err(failed_before());
        }
        let file = Arc::clone(&self.file);
        if sync {
            blocking(move || file.sync_all()).await?;
        }
        self.hash.map(Sha256::hex).ok_or_else(failed_before)
    }

    /// Has what waits written.
    fn begin(&mut self) -> Result<()> {
        let mut hash = self.hash.take().ok_or_else(failed_before)?;
        let waiting = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        let (file, in_file) = (Arc::clone(&self.file), Arc::clone(&self.in_file));
        self.at_work = Some(tokio::task::spawn_blocking(move || {
            for bytes in waiting {
                (&*file).write_all(&bytes)?;
                in_file.fetch_add(bytes.len() as u64, Ordering::Release);
                hash.update(&bytes);
            }
            Ok(hash)
        }));
        Ok(())
    }

    /// Waits until nobody writes.
    async fn rest(&mut self) -> Result<()> {
        let Some(at_work) = &mut self.at_work else { return Ok(()) };
        let outcome = at_work.await;
        self.at_work = None;
        self.hash = Some(outcome.map_err(Error::other)??);
        Ok(())
    }
}

fn failed_before() -> Error {
    Error::other("an earlier write or sync failed")
}

/// Runs `work` where it may block, from now on.
fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> impl Future<Output = Result<T>> + Send + 'static {
    let work = tokio::task::spawn_blocking(work);
    async move { work.await.map_err(Error::other)? }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_given_in_pieces_is_in_the_file_in_order_and_in_the_hash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.part");
        let content: Vec<u8> = (0..9_000_000u32).map(|n| (n ^ (n >> 9)) as u8).collect();
        for (kept, piece) in [(0, 1 << 20), (0, 65_537), (4_000_001, 333_333), (9_000_000, 1)] {
            std::fs::write(&path, [&content[..kept], b"what is not synced"].concat()).unwrap();
            let mut pen = Pen::open(&path, kept as u64).await.unwrap();
            for bytes in content[kept..].chunks(piece) {
                pen.write(Bytes::copy_from_slice(bytes)).await.unwrap();
            }
            assert!(!pen.has_failed());
            let synced = pen.sync().await.unwrap();
            assert!(synced >= kept as u64 && synced <= content.len() as u64);
            pen.settle().await.unwrap();
            assert_eq!(pen.sync().await.unwrap(), content.len() as u64);
            assert_eq!(pen.finish(true).await.unwrap(), Sha256::of(&content));
            assert!(std::fs::read(&path).unwrap() == content, "{kept} {piece}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_write_that_failed_is_told_and_nothing_is_finished_after_it() {
        if !Path::new("/dev/full").exists() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.part");
        let mut pen = Pen::open(&path, 0).await.unwrap();
        pen.file = Arc::new(File::options().write(true).open("/dev/full").unwrap());
        let told = match pen.write(Bytes::from_static(b"no room")).await {
            Ok(()) => pen.settle().await,
            told => told,
        };
        assert_eq!(told.unwrap_err().kind(), ErrorKind::StorageFull);
        assert!(pen.has_failed());
        assert!(pen.write(Bytes::from_static(b"again")).await.is_err());
        assert!(pen.finish(true).await.is_err());
    }

    /// A sync that failed is never made good by one that does not.
    #[cfg(unix)]
    #[tokio::test]
    async fn nothing_is_finished_after_a_sync_that_failed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.part");
        let mut pen = Pen::open(&path, 0).await.unwrap();
        pen.write(Bytes::from_static(b"bytes")).await.unwrap();
        pen.settle().await.unwrap();
        // A pipe cannot be synced.
        let (_reader, writer) = std::io::pipe().unwrap();
        let pipe = File::from(std::os::fd::OwnedFd::from(writer));
        let good = std::mem::replace(&mut pen.file, Arc::new(pipe));
        assert!(pen.sync().await.is_err());
        pen.file = good;
        assert!(pen.sync().await.is_ok());
        assert!(pen.has_failed());
        assert!(pen.finish(true).await.is_err());
    }

    #[tokio::test]
    async fn a_file_shorter_than_what_is_gone_on_with_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.part");
        std::fs::write(&path, b"short").unwrap();
        assert!(Pen::open(&path, 6).await.is_err());
    }
}
