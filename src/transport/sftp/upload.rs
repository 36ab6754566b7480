//! A local file up, many chunks in flight, over one session or several.
//!
//! Each session takes the next chunk when it has room for it. A file written so has its
//! full length long before it is whole: what every session was told is counted, and
//! [`Sample`]s of it can be read back.

use std::collections::VecDeque;
use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures::stream::FuturesUnordered;
use futures::{Stream, StreamExt as _};
use tokio_util::sync::CancellationToken;

use super::chunks::{Chunks, Expected};
use super::link::PendingReply;
use super::transfer::next;
use super::{RemoteFile, SftpError, TransferError};
use crate::model::{Failure, FailureClass};
use crate::transport::pace::Pace;

/// Writes of one file in flight over one session; with large chunks the session's own
/// bound is reached first.
const WRITES_IN_FLIGHT: usize = 64;

/// Samples that are asked for at once.
const SAMPLES_IN_FLIGHT: usize = 512;

/// What is uploaded, at what pace, who watches, and who may stop it.
#[derive(Clone, Copy)]
pub struct Upload<'a> {
    /// The local file.
    pub local: &'a Path,
    /// Its size.
    pub size: u64,
    /// Its hash (SHA-256, hexadecimal), if it is compared while it is read: the upload of a
    /// file that is another one fails, maybe after its last byte.
    pub sha256: Option<&'a str>,
    /// How fast it may go.
    pub pace: &'a Pace,
    /// Called with the bytes that the server has confirmed.
    pub acknowledged: &'a (dyn Fn(u64) + Send + Sync),
    /// Cancelled when nobody wants it any more.
    pub cancel: &'a CancellationToken,
}

/// A few bytes that were written, none of them only zeros: a hole reads as something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Where they stand in the file.
    pub offset: u64,
    /// What was written there.
    pub bytes: Bytes,
}

/// What was written over several sessions.
#[derive(Default)]
pub struct Written {
    /// The file, as it is open over the other sessions that wrote to it.
    pub others: Vec<RemoteFile>,
    /// One of each chunk that is not all zeros; none where there were no others.
    pub samples: Vec<Sample>,
}

impl RemoteFile {
    /// Writes the local file of exactly `upload.size` bytes to this empty one.
    pub async fn upload(&self, upload: &Upload<'_>) -> Result<(), TransferError> {
        self.upload_with(futures::stream::empty(), upload).await.map(drop)
    }

    /// The same with the help of `others`: the same file over there, open for writing over
    /// other sessions, each joining when it comes.
    pub async fn upload_with(
        &self,
        others: impl Stream<Item = Self>,
        upload: &Upload<'_>,
    ) -> Result<Written, TransferError> {
        tokio::select! {
            biased;
            // Wherever it stops: what is in flight belongs to a file that is given up.
            () = upload.cancel.cancelled() => Err(TransferError::Cancelled),
            outcome = self.write_together(others, upload) => outcome,
        }
    }

    async fn write_together(
        &self,
        others: impl Stream<Item = Self>,
        upload: &Upload<'_>,
    ) -> Result<Written, TransferError> {
        let expected = Expected { size: upload.size, sha256: upload.sha256.map(str::to_owned) };
        let length = self.session().write_chunk();
        let job = Job {
            upload,
            chunks: Chunks::read(upload.local, expected, length),
            confirmed: AtomicU64::new(0),
            samples: Mutex::default(),
        };
        let mut others = std::pin::pin!(others.fuse());
        let mut at_work = FuturesUnordered::from_iter([job.work(Hand::First(self))]);
        let mut written = Written::default();
        loop {
            tokio::select! {
                biased;
                done = at_work.next() => match done.transpose()? {
                    Some(Hand::Other(file)) => written.others.push(file),
                    Some(Hand::First(_)) => {}
                    None => break,
                },
                Some(other) = others.next(), if !job.chunks.is_at_end() => {
                    // One that takes less at a time is no help.
                    if other.session().write_chunk() >= length {
                        at_work.push(job.work(Hand::Other(other)));
                    }
                }
            }
        }
        drop(at_work);
        let confirmed = job.confirmed.into_inner();
        if confirmed != upload.size {
            let local = upload.local.display().to_string();
            let words = format!("{confirmed} of {} bytes were sent", upload.size);
            let failure = Failure::new(FailureClass::Bug, "uploading", local).said(words);
            return Err(TransferError::Local(failure));
        }
        if !written.others.is_empty() {
            written.samples = job.samples.into_inner().unwrap_or_else(PoisonError::into_inner);
        }
        Ok(written)
    }

    /// Where the first of `samples` stands that is not in this file; none if all are. They
    /// are asked for without waiting for each other's answers.
    pub async fn missing(&self, samples: &[Sample]) -> Result<Option<u64>, SftpError> {
        let looks = (0..samples.len()).map(|n| async move {
            let sample = &samples[n];
            let found = self.read(sample.offset, sample.bytes.len() as u32).await?;
            Ok::<_, SftpError>((sample, found))
        });
        let mut looks = futures::stream::iter(looks).buffered(SAMPLES_IN_FLIGHT);
        while let Some(look) = looks.next().await {
            let (sample, found) = look?;
            if found != sample.bytes {
                return Ok(Some(sample.offset));
            }
        }
        Ok(None)
    }
}

/// The file over one session.
enum Hand<'a> {
    First(&'a RemoteFile),
    Other(RemoteFile),
}

impl Deref for Hand<'_> {
    type Target = RemoteFile;

    fn deref(&self) -> &RemoteFile {
        match self {
            Self::First(file) => file,
            Self::Other(file) => file,
        }
    }
}

/// One upload, shared by the sessions that work on it.
struct Job<'a> {
    upload: &'a Upload<'a>,
    chunks: Chunks,
    confirmed: AtomicU64,
    samples: Mutex<Vec<Sample>>,
}

impl Job<'_> {
    /// Sends chunks over one session until none is left, and all of its own are confirmed.
    async fn work<'f>(&self, file: Hand<'f>) -> Result<Hand<'f>, TransferError> {
        let session = file.session();
        let mut in_flight: VecDeque<(u64, PendingReply)> = VecDeque::new();
        let mut all_sent = false;
        while !all_sent || !in_flight.is_empty() {
            let room = !all_sent && in_flight.len() < WRITES_IN_FLIGHT;
            tokio::select! {
                biased;
                // Answers first: they tell of trouble before more is sent.
                (length, reply) = next(&mut in_flight) => {
                    session.done(reply?)?;
                    let before = self.confirmed.fetch_add(length, Ordering::Relaxed);
                    (self.upload.acknowledged)(before + length);
                }
                chunk = self.chunks.next(), if room => match chunk {
                    Some(chunk) => {
                        let chunk = chunk.map_err(TransferError::Local)?;
                        let length = chunk.length();
                        self.upload.pace.take(length).await;
                        self.keep(chunk.sample());
                        let id = session.next_id();
                        let packet = chunk.into_packet(id, &file);
                        in_flight.push_back((length, session.send_packet(id, packet).await?));
                    }
                    None => all_sent = true,
                },
            }
        }
        Ok(file)
    }

    fn keep(&self, sample: Option<Sample>) {
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        samples.extend(sample);
    }
}
