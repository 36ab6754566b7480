//! A local file, read chunk by chunk straight into the packets that carry it, and hashed
//! on the way.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Bytes, BytesMut};
use tokio::sync::{Mutex, mpsc};

use super::wire::write_head;
use super::{RemoteFile, Sample};
use crate::model::{Failure, FailureClass, Sha256};

/// Chunks read ahead from the local disk.
const READ_AHEAD: usize = 8;

/// Bytes of a sample at the most.
const SAMPLE: usize = 8;

/// Kept free before a chunk's bytes, for the head of the packet that carries them: 25 bytes
/// and a handle of 256 at the most (draft-ietf-secsh-filexfer-02, section 3).
const HEADROOM: usize = 25 + 256;

/// A local file's chunks, each given out once, in order, to whoever comes first.
pub(super) struct Chunks {
    read: Mutex<mpsc::Receiver<Result<Chunk, Failure>>>,
    at_end: AtomicBool,
}

/// Some bytes of a file, with room for the head of their packet before them.
pub(super) struct Chunk {
    buffer: Vec<u8>,
    offset: u64,
}

/// What the local file has to be: of `size` bytes, and of this hash where it is given.
pub(super) struct Expected {
    pub(super) size: u64,
    pub(super) sha256: Option<String>,
}

impl Chunks {
    /// Reads `local` on a thread of its own, in chunks of `length` bytes.
    pub(super) fn read(local: &Path, expected: Expected, length: usize) -> Self {
        let (send, read) = mpsc::channel(READ_AHEAD);
        let local = local.to_owned();
        tokio::task::spawn_blocking(move || {
            let give = |chunk| send.blocking_send(Ok(chunk)).is_ok();
            if let Err(failure) = read_all(&local, &expected, length as u64, give) {
                let _ = send.blocking_send(Err(failure));
            }
        });
        Self { read: Mutex::new(read), at_end: AtomicBool::new(false) }
    }

    /// The next one; none once the file was read to its end and is what was expected.
    pub(super) async fn next(&self) -> Option<Result<Chunk, Failure>> {
        let next = self.read.lock().await.recv().await;
        if next.is_none() {
            self.at_end.store(true, Ordering::Relaxed);
        }
        next
    }

    /// Whether everything was given out.
    pub(super) fn is_at_end(&self) -> bool {
        self.at_end.load(Ordering::Relaxed)
    }
}

/// Gives all of `local` to `give`, as long as that wants more.
fn read_all(
    local: &Path,
    expected: &Expected,
    length: u64,
    mut give: impl FnMut(Chunk) -> bool,
) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::io("reading", local.display().to_string(), &e);
    let mut file = File::open(local).map_err(failed)?;
    let mut hash = expected.sha256.as_ref().map(|_| Sha256::new());
    let mut offset = 0;
    while offset < expected.size {
        let wanted = length.min(expected.size - offset);
        let mut buffer = Vec::with_capacity(HEADROOM + wanted as usize);
        buffer.resize(HEADROOM, 0);
        let read = file.by_ref().take(wanted).read_to_end(&mut buffer).map_err(failed)?;
        if (read as u64) < wanted {
            return Err(changed(local, "shorter than"));
        }
        if let Some(hash) = &mut hash {
            hash.update(&buffer[HEADROOM..]);
        }
        if !give(Chunk { buffer, offset }) {
            // Nobody wants the rest.
            return Ok(());
        }
        offset += wanted;
    }
    if file.read(&mut [0]).map_err(failed)? > 0 {
        return Err(changed(local, "longer than"));
    }
    if hash.map(Sha256::hex) != expected.sha256 {
        return Err(changed(local, "not"));
    }
    Ok(())
}

impl Chunk {
    fn bytes(&self) -> &[u8] {
        &self.buffer[HEADROOM..]
    }

    pub(super) fn length(&self) -> u64 {
        self.bytes().len() as u64
    }

    /// The packet that writes it to `file` under the request's `id`. Only its head is
    /// copied.
    pub(super) fn into_packet(mut self, id: u32, file: &RemoteFile) -> Bytes {
        let mut head = BytesMut::with_capacity(HEADROOM);
        write_head(&mut head, id, file.handle(), self.offset, self.length() as u32);
        let Some(begin) = HEADROOM.checked_sub(head.len()) else {
            // A longer handle than a server may give.
            head.extend_from_slice(self.bytes());
            return head.freeze();
        };
        self.buffer[begin..HEADROOM].copy_from_slice(&head);
        Bytes::from(self.buffer).slice(begin..)
    }

    /// A few bytes of it, from a place that nobody knows before, and not all zeros; none
    /// where it is nothing else.
    pub(super) fn sample(&self) -> Option<Sample> {
        sample(self.bytes(), self.offset)
    }
}

fn sample(chunk: &[u8], offset: u64) -> Option<Sample> {
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
        .said(format!("the file is {how} what it was when it was verified"))
        .advice("something else writes into the data folder; a damaged file is fetched again")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of a file of `content`, and how it ended.
    fn read(content: &[u8], expected: &Expected) -> (Vec<u8>, Result<(), Failure>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        let mut given = Vec::new();
        let outcome = read_all(file.path(), expected, 4, |chunk| {
            assert_eq!(chunk.offset, given.len() as u64);
            given.extend_from_slice(chunk.bytes());
            true
        });
        (given, outcome)
    }

    #[test]
    fn only_what_was_verified_is_read_to_its_end() {
        for content in [b"".as_slice(), b"abc", b"abcd", b"abcde", b"abcdefgh"] {
            let size = content.len() as u64;
            let is = |expected: Expected| read(content, &expected);
            for sha256 in [None, Some(Sha256::of(content))] {
                assert_eq!(is(Expected { size, sha256 }), (content.to_vec(), Ok(())));
            }
            let other = Some(Sha256::of(b"another"));
            for (wrong, sha256) in [(size, other.clone()), (size + 1, None), (size + 1, other)] {
                let (_, outcome) = is(Expected { size: wrong, sha256 });
                assert_eq!(outcome.unwrap_err().class, FailureClass::Damaged);
            }
            if let Some(shorter) = size.checked_sub(1) {
                let (_, outcome) = is(Expected { size: shorter, sha256: None });
                assert_eq!(outcome.unwrap_err().class, FailureClass::Damaged);
            }
        }
    }

    #[test]
    fn a_sample_is_never_what_a_hole_reads_as() {
        for length in [1, 3, 8, 100] {
            for at in 0..length {
                let mut chunk = vec![0; length];
                chunk[at] = 7;
                let sample = sample(&chunk, 1000).unwrap();
                let from = sample.offset as usize - 1000;
                assert_eq!(sample.bytes, &chunk[from..from + sample.bytes.len()]);
                assert!(sample.bytes.contains(&7));
            }
            assert_eq!(sample(&vec![0; length], 0), None, "a hole is as good");
        }
        assert_eq!(sample(&[], 0), None);
    }
}
