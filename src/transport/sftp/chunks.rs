//! A local file, read chunk by chunk straight into the packets that carry it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::wire::write_head;
use super::{RemoteFile, Sample};
use crate::model::{Failure, FailureClass};

/// Chunks read ahead from the local disk.
const READ_AHEAD: usize = 4;

/// Bytes of a sample at the most.
const SAMPLE: usize = 8;

/// Hands out the bytes of a file, each once, in order.
pub(super) struct Cursor {
    size: u64,
    next: AtomicU64,
}

impl Cursor {
    pub(super) fn new(size: u64) -> Self {
        Self { size, next: AtomicU64::new(0) }
    }

    /// Where the next chunk of `length` bytes at the most begins, and its length.
    fn take(&self, length: u64) -> Option<(u64, u64)> {
        let offset = self.next.fetch_add(length, Ordering::Relaxed);
        (offset < self.size).then(|| (offset, length.min(self.size - offset)))
    }

    /// Whether everything was handed out.
    pub(super) fn is_at_end(&self) -> bool {
        self.next.load(Ordering::Relaxed) >= self.size
    }
}

/// A chunk, already inside the packet that carries it.
pub(super) struct Chunk {
    pub(super) id: u32,
    pub(super) packet: Bytes,
    pub(super) length: u64,
    pub(super) sample: Option<Sample>,
}

/// Reads what `cursor` hands out of `local` on a thread of its own, into packets for `file`.
pub(super) fn read(
    file: &RemoteFile,
    local: &Path,
    cursor: Arc<Cursor>,
) -> mpsc::Receiver<Result<Chunk, Failure>> {
    let (send, chunks) = mpsc::channel(READ_AHEAD);
    let session = file.session().clone();
    let handle = file.handle().clone();
    let local = local.to_owned();
    tokio::task::spawn_blocking(move || {
        let outcome = (|| {
            let failed =
                |e: std::io::Error| Failure::io("reading", local.display().to_string(), &e);
            let mut file = File::open(&local).map_err(failed)?;
            while let Some((offset, length)) = cursor.take(session.write_chunk() as u64) {
                let id = session.next_id();
                let mut packet = BytesMut::with_capacity(64 + handle.len() + length as usize);
                write_head(&mut packet, id, &handle, offset, length as u32);
                let head = packet.len();
                packet.resize(head + length as usize, 0);
                file.seek(SeekFrom::Start(offset)).map_err(failed)?;
                file.read_exact(&mut packet[head..]).map_err(|e| match e.kind() {
                    std::io::ErrorKind::UnexpectedEof => changed(&local, "shorter"),
                    _ => failed(e),
                })?;
                let packet = packet.freeze();
                let sample = sample(packet.slice(head..), offset);
                if send.blocking_send(Ok(Chunk { id, packet, length, sample })).is_err() {
                    // Nobody wants the rest.
                    return Ok(());
                }
            }
            file.seek(SeekFrom::Start(cursor.size)).map_err(failed)?;
            match file.read(&mut [0]).map_err(failed)? {
                0 => Ok(()),
                _ => Err(changed(&local, "longer")),
            }
        })();
        if let Err(failure) = outcome {
            let _ = send.blocking_send(Err(failure));
        }
    });
    chunks
}

/// A few bytes of a chunk that begins at `offset`, from a place that nobody knows before,
/// and not all zeros; none where the chunk is nothing else.
fn sample(chunk: Bytes, offset: u64) -> Option<Sample> {
    let from = rand::random_range(0..chunk.len().max(1));
    let (before, after) = chunk.split_at(from);
    let zero = |byte: &u8| *byte == 0;
    let at = after.iter().position(|b| !zero(b)).map(|at| from + at);
    let at = at.or_else(|| before.iter().position(|b| !zero(b)))?;
    // A copy: it outlives the chunk by far.
    let bytes = Bytes::copy_from_slice(&chunk[at..(at + SAMPLE).min(chunk.len())]);
    Some(Sample { offset: offset + at as u64, bytes })
}

fn changed(local: &Path, how: &str) -> Failure {
    Failure::new(FailureClass::Damaged, "reading", local.display().to_string())
        .said(format!("the file is {how} than it was when it was verified"))
        .advice("something else writes into the data folder; the file is fetched again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_handed_out_once() {
        let cursor = Cursor::new(10);
        let taken: Vec<_> = std::iter::from_fn(|| cursor.take(4)).collect();
        assert_eq!(taken, [(0, 4), (4, 4), (8, 2)]);
        assert!(cursor.is_at_end() && Cursor::new(0).is_at_end());
        assert_eq!(Cursor::new(0).take(4), None);
    }

    #[test]
    fn a_sample_is_never_what_a_hole_reads_as() {
        for length in [1, 3, 8, 100] {
            for at in 0..length {
                let mut chunk = vec![0; length];
                chunk[at] = 7;
                let sample = sample(chunk.clone().into(), 1000).unwrap();
                let from = sample.offset as usize - 1000;
                assert_eq!(sample.bytes, &chunk[from..from + sample.bytes.len()]);
                assert!(sample.bytes.contains(&7));
            }
            assert_eq!(sample(vec![0; length].into(), 0), None, "a hole is as good");
        }
        assert_eq!(sample(Bytes::new(), 0), None);
    }
}
