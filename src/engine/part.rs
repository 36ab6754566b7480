//! The part file: where an export's bytes arrive, with its books.

use std::io::Write as _;
use std::path::PathBuf;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;

use super::archive;
use super::pen::Pen;
use super::progress::Progress;
use crate::crash::{self, Point};
use crate::ledger::{Export, Ledger};
use crate::model::{Failure, FailureClass, Sha256};
use crate::platform;
use crate::sources::{ContentHead, ContentSink, Resume};
use crate::transport::pace::Pace;
use crate::transport::sftp::SMALL;
use crate::wrong::{self, Guard};

/// Bytes between two syncs of the part file. What is not synced is not resumed:
/// after a power failure a file may have its length and not its bytes.
const CHECKPOINT: u64 = 8 << 20;

/// An export's bytes on their way into a file.
pub(super) struct Part<'a> {
    ledger: &'a Ledger,
    progress: &'a Progress,
    path: PathBuf,
    /// The export as the books have it now, but for the details of what is in memory.
    export: Export,
    arriving: Option<Arriving<'a>>,
}

enum Arriving<'a> {
    /// A small file, which is written when it is whole: what broke off is not worth going
    /// on with after this attempt.
    InMemory(Vec<u8>),
    InFile(InFile<'a>),
}

struct InFile<'a> {
    pen: Pen,
    /// Bytes that arrived.
    written: u64,
    /// Bytes that had arrived when the latest checkpoint began.
    checkpoint_at: u64,
    checkpoint: Option<Checkpoint<'a>>,
}

/// A sync under way and its booking; gives how much is synced.
type Checkpoint<'a> = BoxFuture<'a, Result<u64, Failure>>;

/// What a complete part file holds.
pub(super) struct Content {
    pub(super) size: u64,
    pub(super) sha256: String,
}

impl<'a> Part<'a> {
    /// The part file of `export`, which is in state `downloading`, at `path`.
    pub(super) fn new(
        ledger: &'a Ledger,
        progress: &'a Progress,
        export: Export,
        path: PathBuf,
    ) -> Self {
        Self { ledger, progress, path, export, arriving: None }
    }

    /// The export as the books have it now.
    pub(super) fn into_export(self) -> Export {
        self.export
    }

    /// Keeps what has arrived for a later resume, where that is possible.
    pub(super) async fn keep(&mut self) -> Result<(), Failure> {
        let Some(Arriving::InFile(file)) = &mut self.arriving else { return Ok(()) };
        if file.pen.has_failed() {
            // That was told already, and what is in the books stays true.
            return Ok(());
        }
        if self.export.etag.is_some() { self.synced().await } else { self.settled().await }
    }

    /// Checks the size and makes every byte durable under the part's name.
    pub(super) async fn finish(&mut self) -> Result<Content, Failure> {
        // It may be the one that is told that bytes could not be kept.
        self.checkpointed().await?;
        let arriving = self.arriving.take().ok_or_else(|| {
            Failure::new(FailureClass::Bug, "finishing", self.path.to_string_lossy())
                .said("nothing was begun")
        })?;
        let size = arriving.size();
        if let Some(expected) = self.export.expected_size
            && expected != size
        {
            // Wrong as a whole: nothing of it is worth resuming.
            self.export.etag = None;
            return Err(Failure::new(FailureClass::Damaged, "downloading", self.export.name())
                .said(format!("{size} bytes arrived of {expected}")));
        }
        crash::at(Point::PartWhole)?;
        let sync = !wrong::without(Guard::Sync);
        let sha256 = match arriving {
            Arriving::InMemory(bytes) => write_small(self.path.clone(), bytes, sync).await?,
            Arriving::InFile(InFile { mut pen, .. }) => {
                pen.settle().await.map_err(|e| io("writing", &self.path, &e))?;
                pen.finish(sync).await.map_err(|e| io("syncing", &self.path, &e))?
            }
        };
        crash::at(Point::PartSynced)?;
        Ok(Content { size, sha256 })
    }

    /// Waits until all that arrived is in the file, and nobody is at work on it.
    async fn settled(&mut self) -> Result<(), Failure> {
        if let Some(Arriving::InFile(file)) = &mut self.arriving {
            file.pen.settle().await.map_err(|e| io("writing", &self.path, &e))?;
        }
        self.checkpointed().await
    }

    /// The same, and that it is synced and booked as here.
    async fn synced(&mut self) -> Result<(), Failure> {
        self.settled().await?;
        self.begin_checkpoint();
        self.checkpointed().await
    }

    /// Begins to sync what is in the file by now, and to book that. It goes on while more
    /// arrives.
    fn begin_checkpoint(&mut self) {
        let Some(Arriving::InFile(file)) = &mut self.arriving else { return };
        file.checkpoint_at = file.written;
        let synced = file.pen.sync();
        let (ledger, path) = (self.ledger, self.path.clone());
        let (id, attempt) = (self.export.id, self.export.attempt);
        file.checkpoint = Some(Box::pin(async move {
            let synced = synced.await.map_err(|e| io("syncing", &path, &e))?;
            ledger.checkpoint_part(id, attempt, synced).await?;
            Ok(synced)
        }));
    }

    /// Waits until no checkpoint is under way.
    async fn checkpointed(&mut self) -> Result<(), Failure> {
        let Some(Arriving::InFile(file)) = &mut self.arriving else { return Ok(()) };
        if let Some(checkpoint) = file.checkpoint.take() {
            self.export.durable = Some(checkpoint.await?);
        }
        Ok(())
    }

    /// Carries the checkpoint on, if there is one, without waiting for it; whether there is
    /// none any more.
    async fn look_after_checkpoint(&mut self) -> Result<bool, Failure> {
        let Some(Arriving::InFile(file)) = &mut self.arriving else { return Ok(true) };
        let Some(checkpoint) = &mut file.checkpoint else { return Ok(true) };
        let std::task::Poll::Ready(durable) = futures::poll!(checkpoint) else { return Ok(false) };
        file.checkpoint = None;
        self.export.durable = Some(durable?);
        Ok(true)
    }

    /// Goes on in the file, behind its first `offset` bytes.
    async fn open_at(&mut self, offset: u64) -> Result<(), Failure> {
        let pen = Pen::open(&self.path, offset).await;
        let pen = pen.map_err(|e| io("opening", &self.path, &e))?;
        let file = InFile { pen, written: offset, checkpoint_at: offset, checkpoint: None };
        self.arriving = Some(Arriving::InFile(file));
        Ok(())
    }

    fn begin_in_memory(&mut self, offset: u64) {
        let mut bytes = match self.arriving.take() {
            Some(Arriving::InMemory(bytes)) => bytes,
            _ => Vec::new(),
        };
        bytes.truncate(offset as usize);
        self.arriving = Some(Arriving::InMemory(bytes));
        // Nothing of it is on the disk.
        self.export.durable = None;
    }

    /// Whether what `head` announces fits in memory, with what is there of it.
    fn fits_in_memory(&self, head: &ContentHead) -> bool {
        let here = match &self.arriving {
            // What an earlier attempt has left is in the books.
            None if self.export.durable.is_some_and(|durable| durable > 0) => return false,
            None => 0,
            Some(Arriving::InMemory(bytes)) => bytes.len() as u64,
            Some(Arriving::InFile(_)) => return false,
        };
        head.offset <= here && head.total.is_some_and(|total| total <= SMALL)
    }

    async fn begin_in_file(&mut self, head: ContentHead) -> Result<(), Failure> {
        match &mut self.arriving {
            None => {}
            Some(Arriving::InFile(_)) if head.offset == 0 => self.settled().await?,
            // What is booked as here is synced.
            Some(Arriving::InFile(_)) => self.synced().await?,
            Some(Arriving::InMemory(bytes)) => {
                // It was to be small, and is not any more.
                let bytes = std::mem::take(bytes);
                write_small(self.path.clone(), bytes, true).await?;
            }
        }
        let before = self.export.clone();
        self.note(&head);
        self.export.durable = Some(head.offset);
        if self.export != before {
            self.ledger.move_export(&before, &self.export, None).await?;
        }
        self.open_at(head.offset).await.map(drop)
    }

    /// What the source tells of the file.
    fn note(&mut self, head: &ContentHead) {
        let before = &self.export;
        // A part of the same object that does not repeat the whole's size.
        let known = before.expected_size.filter(|_| head.offset > 0 && head.etag == before.etag);
        self.export.expected_size = head.total.or(known);
        self.export.name = head.name.clone().or(self.export.name.take());
        self.export.etag = head.etag.clone();
    }
}

impl Arriving<'_> {
    /// Bytes that arrived.
    fn size(&self) -> u64 {
        match self {
            Self::InMemory(bytes) => bytes.len() as u64,
            Self::InFile(file) => file.written,
        }
    }
}

#[async_trait]
impl ContentSink for Part<'_> {
    fn resume(&self) -> Option<Resume> {
        let etag = self.export.etag.clone()?;
        // In the middle of this attempt all that arrived is here; of an
        // earlier one only what is known to be synced counts.
        let offset = match &self.arriving {
            Some(arriving) => arriving.size(),
            None => {
                let on_disk = std::fs::metadata(&self.path).ok()?.len();
                self.export.durable?.min(on_disk)
            }
        };
        (offset > 0).then_some(Resume { offset, etag })
    }

    fn pace(&self) -> Pace {
        self.progress.pace()
    }

    async fn begin(&mut self, head: ContentHead) -> Result<(), Failure> {
        let (offset, total) = (head.offset, head.total);
        if self.fits_in_memory(&head) {
            self.note(&head);
            self.begin_in_memory(offset);
        } else {
            self.begin_in_file(head).await?;
        }
        crash::at(Point::PartOpened)?;
        self.progress.step("downloading", offset, total);
        Ok(())
    }

    async fn write(&mut self, chunk: Bytes) -> Result<(), Failure> {
        if let Some(Arriving::InMemory(bytes)) = &mut self.arriving {
            if (bytes.len() + chunk.len()) as u64 <= SMALL {
                bytes.extend_from_slice(&chunk);
                let arrived = bytes.len() as u64;
                crash::at(Point::PartWritten)?;
                self.progress.bytes(arrived);
                return Ok(());
            }
            // More than was announced: whoever counts will say so.
            let bytes = std::mem::take(bytes);
            let arrived = bytes.len() as u64;
            write_small(self.path.clone(), bytes, true).await?;
            self.open_at(arrived).await?;
        }
        let Some(Arriving::InFile(file)) = &mut self.arriving else {
            return Err(Failure::new(FailureClass::Bug, "writing", self.path.to_string_lossy())
                .said("nothing was begun"));
        };
        let length = chunk.len() as u64;
        file.pen.write(chunk).await.map_err(|e| io("writing", &self.path, &e))?;
        file.written += length;
        let (written, since) = (file.written, file.written - file.checkpoint_at);
        crash::at(Point::PartWritten)?;
        self.progress.bytes(written);
        if self.look_after_checkpoint().await? && self.export.etag.is_some() && since >= CHECKPOINT
        {
            self.begin_checkpoint();
        }
        Ok(())
    }
}

/// Writes all of a small file in one go; gives its hash. On return it is durable if `sync`.
async fn write_small(path: PathBuf, bytes: Vec<u8>, sync: bool) -> Result<String, Failure> {
    archive::blocking(move || {
        let mut options = platform::private_file();
        options.write(true).create(true).truncate(true);
        let mut file = options.open(&path).map_err(|e| io("opening", &path, &e))?;
        file.write_all(&bytes).map_err(|e| io("writing", &path, &e))?;
        if sync {
            file.sync_all().map_err(|e| io("syncing", &path, &e))?;
        }
        Ok(Sha256::of(&bytes))
    })
    .await
}

fn io(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::io(doing, path.to_string_lossy(), error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Handle;
    use crate::model::{ExportState, Id};

    /// An export in the middle of its fetch: the file has `on_disk` bytes, of which
    /// `durable` are known to be synced.
    async fn resumed(etag: Option<&str>, durable: Option<u64>, on_disk: usize) -> Option<Resume> {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("a.db"), "test").unwrap();
        let path = folder.path().join("a.part");
        std::fs::write(&path, vec![b'x'; on_disk]).unwrap();
        let progress = Progress::start(&Handle::pair().0, Id::export(1), "e", "a.csv", None);
        let export = Export { etag: etag.map(str::to_owned), durable, ..export() };
        Part::new(&ledger, &progress, export, path).resume()
    }

    fn export() -> Export {
        Export {
            id: Id::export(1),
            endpoint: 1,
            account: "a".into(),
            uid: "u".into(),
            version: String::new(),
            raw: "{}".into(),
            digest: "d".into(),
            name: Some("a.csv".into()),
            state: ExportState::Downloading,
            attempt: 1,
            tries: 0,
            part: Some("a.part".into()),
            etag: Some("e".into()),
            expected_size: Some(10),
            durable: Some(0),
            archived: None,
            size: None,
            sha256: None,
            failure: None,
            next_attempt_at: None,
        }
    }

    /// After a power failure a file may have its length and not its bytes.
    #[tokio::test]
    async fn only_what_is_known_to_be_synced_is_resumed() {
        for (etag, durable, on_disk, offset) in [
            (Some("e"), Some(4), 9, Some(4)),
            (Some("e"), Some(9), 4, Some(4)),
            (Some("e"), Some(0), 9, None),
            (Some("e"), None, 9, None),
            (None, Some(4), 9, None),
        ] {
            let resume = resumed(etag, durable, on_disk).await;
            let found = resume.map(|resume| resume.offset);
            assert_eq!(found, offset, "{etag:?} {durable:?} {on_disk}");
        }
    }

    #[tokio::test]
    async fn a_file_of_another_size_than_announced_is_damaged_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("a.db"), "test").unwrap();
        let progress = Progress::start(&Handle::pair().0, Id::export(1), "e", "a.csv", None);
        let small = [(10, 9), (10, 10), (10, 11), (10, SMALL + 1), (SMALL, SMALL), (SMALL, 1)];
        let large = [(SMALL + 1, SMALL + 1), (SMALL + 1, SMALL), (SMALL + 1, SMALL + 2)];
        for (announced, bytes) in small.into_iter().chain(large) {
            let whole = announced == bytes;
            let path = folder.path().join("a.part");
            // The source tells nothing that would have to be booked.
            let export = Export { expected_size: Some(announced), ..export() };
            let mut part = Part::new(&ledger, &progress, export, path.clone());
            let (etag, total) = (Some("e".into()), Some(announced));
            part.begin(ContentHead { name: None, total, etag, offset: 0 }).await.unwrap();
            let content: Vec<u8> = (0..bytes).map(|n| (n ^ (n >> 8)) as u8).collect();
            for piece in content.chunks(60_000) {
                part.write(Bytes::copy_from_slice(piece)).await.unwrap();
            }
            match part.finish().await {
                Ok(found) => {
                    assert!(whole && found.size == bytes, "{bytes}");
                    assert_eq!(found.sha256, Sha256::of(&content));
                    assert!(std::fs::read(&path).unwrap() == content);
                }
                Err(failure) => {
                    assert!(!whole && failure.class == FailureClass::Damaged, "{failure}");
                    assert!(part.resume().is_none(), "nothing of it is worth resuming");
                }
            }
        }
    }
}
