//! The part file: where an export's bytes arrive, with its books.

use std::io::SeekFrom;
use std::path::PathBuf;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use super::progress::Progress;
use crate::crash::{self, Point};
use crate::ledger::{Export, Ledger};
use crate::model::{Failure, FailureClass, Sha256};
use crate::platform;
use crate::sources::{ContentHead, ContentSink, Resume};
use crate::transport::pace::Pace;
use crate::wrong::{self, Guard};

/// Bytes between two syncs of the part file. What is not synced is not resumed:
/// after a power failure a file may have its length and not its bytes.
const CHECKPOINT: u64 = 8 << 20;

/// An export's bytes on their way into a file.
pub(super) struct Part<'a> {
    ledger: &'a Ledger,
    progress: &'a Progress,
    path: PathBuf,
    /// The export as the books have it now.
    export: Export,
    open: Option<Open>,
}

struct Open {
    file: File,
    hash: Sha256,
    written: u64,
    synced: u64,
}

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
        Self { ledger, progress, path, export, open: None }
    }

    /// The export as the books have it now.
    pub(super) fn into_export(self) -> Export {
        self.export
    }

    /// Keeps what has arrived for a later resume, where that is possible.
    pub(super) async fn keep(&mut self) -> Result<(), Failure> {
        if self.export.etag.is_some() { self.checkpoint().await } else { Ok(()) }
    }

    /// Checks the size and makes every byte durable under the part's name.
    pub(super) async fn finish(&mut self) -> Result<Content, Failure> {
        let mut open = self.open.take().ok_or_else(|| {
            Failure::new(FailureClass::Bug, "finishing", self.path.to_string_lossy())
                .said("nothing was begun")
        })?;
        if let Some(expected) = self.export.expected_size
            && expected != open.written
        {
            // Wrong as a whole: nothing of it is worth resuming.
            self.export.etag = None;
            return Err(Failure::new(FailureClass::Damaged, "downloading", self.export.name())
                .said(format!("{} bytes arrived of {expected}", open.written)));
        }
        let synced = async {
            open.file.flush().await?;
            if wrong::without(Guard::Sync) { Ok(()) } else { open.file.sync_all().await }
        };
        crash::at(Point::PartWhole)?;
        synced.await.map_err(|e| io("syncing", &self.path, &e))?;
        crash::at(Point::PartSynced)?;
        Ok(Content { size: open.written, sha256: open.hash.hex() })
    }

    async fn checkpoint(&mut self) -> Result<(), Failure> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let synced = async {
            open.file.flush().await?;
            open.file.sync_data().await
        };
        synced.await.map_err(|e| io("syncing", &self.path, &e))?;
        open.synced = open.written;
        self.export.durable = Some(open.written);
        self.ledger.checkpoint_part(&self.export, open.written).await
    }

    /// Opens the file for the bytes from `offset` on, having hashed those before.
    async fn open_at(&self, offset: u64) -> std::io::Result<Open> {
        let mut options = tokio::fs::OpenOptions::from(platform::private_file());
        options.read(true).write(true).create(true).truncate(offset == 0);
        let mut file = options.open(&self.path).await?;
        let mut hash = Sha256::new();
        let mut left = offset;
        let mut buffer = vec![0; 256 << 10];
        while left > 0 {
            let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let read = file.read(&mut buffer[..wanted]).await?;
            if read == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            hash.update(&buffer[..read]);
            left -= read as u64;
        }
        file.set_len(offset).await?;
        file.seek(SeekFrom::Start(offset)).await?;
        Ok(Open { file, hash, written: offset, synced: offset })
    }
}

#[async_trait]
impl ContentSink for Part<'_> {
    fn resume(&self) -> Option<Resume> {
        let etag = self.export.etag.clone()?;
        // In the middle of this attempt the file holds what was written; from an
        // earlier one only what is known to be synced counts.
        let offset = match &self.open {
            Some(open) => open.written,
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
        if let Some(open) = &mut self.open {
            // Or the file is shorter than what was counted as written.
            open.file.flush().await.map_err(|e| io("writing", &self.path, &e))?;
        }
        let before = self.export.clone();
        self.export.name = head.name.or(self.export.name.take());
        // A part of the same object that does not repeat the whole's size.
        let known = before.expected_size.filter(|_| head.offset > 0 && head.etag == before.etag);
        self.export.expected_size = head.total.or(known);
        self.export.etag = head.etag;
        self.export.durable = Some(head.offset);
        if self.export != before {
            self.ledger.move_export(&before, &self.export, None).await?;
        }
        let open = self.open_at(head.offset).await.map_err(|e| io("opening", &self.path, &e))?;
        self.open = Some(open);
        crash::at(Point::PartOpened)?;
        self.progress.step("downloading", head.offset, head.total);
        Ok(())
    }

    async fn write(&mut self, chunk: Bytes) -> Result<(), Failure> {
        let Some(open) = &mut self.open else {
            return Err(Failure::new(FailureClass::Bug, "writing", self.path.to_string_lossy())
                .said("nothing was begun"));
        };
        open.file.write_all(&chunk).await.map_err(|e| io("writing", &self.path, &e))?;
        open.hash.update(&chunk);
        open.written += chunk.len() as u64;
        crash::at(Point::PartWritten)?;
        self.progress.bytes(open.written);
        if self.export.etag.is_some() && open.written - open.synced >= CHECKPOINT {
            self.checkpoint().await?;
        }
        Ok(())
    }
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
        for (bytes, whole) in [(9, false), (10, true), (11, false)] {
            let path = folder.path().join("a.part");
            let mut part = Part::new(&ledger, &progress, export(), path);
            let etag = Some("e".into());
            part.begin(ContentHead { name: None, total: Some(10), etag, offset: 0 }).await.unwrap();
            part.write(vec![b'x'; bytes].into()).await.unwrap();
            match part.finish().await {
                Ok(content) => assert!(whole && content.size == 10, "{bytes}"),
                Err(failure) => {
                    assert!(!whole && failure.class == FailureClass::Damaged, "{failure}");
                    assert!(part.resume().is_none(), "nothing of it is worth resuming");
                }
            }
        }
    }
}
