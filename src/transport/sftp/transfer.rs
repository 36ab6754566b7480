//! Whole files up and down, many chunks in flight.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::link::PendingReply;
use super::wire::{Reply, Request, write_head};
use super::{RemoteFile, SftpError};
use crate::model::{Failure, FailureClass};

/// Writes of one file in flight; with large chunks the session's own bound is
/// reached first.
const WRITES_IN_FLIGHT: usize = 64;

/// Reads of one file in flight, 4 MiB with OpenSSH's chunks.
const READS_IN_FLIGHT: usize = 16;

/// Chunks read ahead from the local disk.
const READ_AHEAD: usize = 4;

/// Why a transfer stopped.
#[derive(Clone, Debug, PartialEq)]
pub enum TransferError {
    /// The server refused, or is gone.
    Sftp(SftpError),
    /// This machine's file failed us, or is not as long as it should be.
    Local(Failure),
    /// The caller did not want it any more.
    Cancelled,
}

impl From<SftpError> for TransferError {
    fn from(error: SftpError) -> Self {
        Self::Sftp(error)
    }
}

impl TransferError {
    /// What the operator reads about it, while `doing` something to `object`.
    pub fn into_failure(self, doing: &str, object: &str) -> Failure {
        match self {
            Self::Sftp(error) => error.into_failure(doing, object),
            Self::Local(failure) => failure,
            Self::Cancelled => Failure::cancelled(doing, object),
        }
    }
}

/// A chunk of a local file, already inside the packet that carries it.
struct Chunk {
    id: u32,
    packet: Bytes,
    length: u64,
}

impl RemoteFile {
    /// Writes the local file of exactly `size` bytes to this empty one.
    /// `acknowledged` is called with the bytes that the server has confirmed.
    pub async fn upload(
        &self,
        local: &Path,
        size: u64,
        acknowledged: &(dyn Fn(u64) + Send + Sync),
        cancel: &CancellationToken,
    ) -> Result<(), TransferError> {
        tokio::select! {
            biased;
            // Wherever it stops: what is in flight belongs to a file that is given up.
            () = cancel.cancelled() => Err(TransferError::Cancelled),
            outcome = self.write_chunks(local, size, acknowledged) => outcome,
        }
    }

    async fn write_chunks(
        &self,
        local: &Path,
        size: u64,
        acknowledged: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<(), TransferError> {
        let mut chunks = self.read_local(local, size);
        let mut in_flight: VecDeque<(u64, PendingReply)> = VecDeque::new();
        let (mut confirmed, mut all_sent) = (0, false);
        while !all_sent || !in_flight.is_empty() {
            let room = !all_sent && in_flight.len() < WRITES_IN_FLIGHT;
            tokio::select! {
                biased;
                // Answers first: they tell of trouble before more is sent.
                (length, reply) = next(&mut in_flight) => {
                    self.session().done(reply?)?;
                    confirmed += length;
                    acknowledged(confirmed);
                }
                chunk = chunks.recv(), if room => match chunk {
                    Some(chunk) => {
                        let Chunk { id, packet, length } = chunk.map_err(TransferError::Local)?;
                        in_flight.push_back((length, self.session().send_packet(id, packet).await?));
                    }
                    None => all_sent = true,
                },
            }
        }
        Ok(())
    }

    /// Reads `local` on a thread of its own, straight into packets.
    fn read_local(&self, local: &Path, size: u64) -> mpsc::Receiver<Result<Chunk, Failure>> {
        let (send, chunks) = mpsc::channel(READ_AHEAD);
        let session = self.session().clone();
        let handle = self.handle().clone();
        let local = local.to_owned();
        tokio::task::spawn_blocking(move || {
            let outcome = (|| {
                let failed =
                    |e: std::io::Error| Failure::io("reading", local.display().to_string(), &e);
                let mut file = File::open(&local).map_err(failed)?;
                let mut offset = 0;
                while offset < size {
                    let length = (size - offset).min(session.write_chunk() as u64);
                    let id = session.next_id();
                    let mut packet = BytesMut::with_capacity(64 + handle.len() + length as usize);
                    write_head(&mut packet, id, &handle, offset, length as u32);
                    let head = packet.len();
                    packet.resize(head + length as usize, 0);
                    file.read_exact(&mut packet[head..]).map_err(|e| match e.kind() {
                        std::io::ErrorKind::UnexpectedEof => changed(&local, "shorter"),
                        _ => failed(e),
                    })?;
                    let chunk = Chunk { id, packet: packet.freeze(), length };
                    if send.blocking_send(Ok(chunk)).is_err() {
                        // Nobody wants the rest.
                        return Ok(());
                    }
                    offset += length;
                }
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

    /// Reads this file from `offset` to its end into `sink`, in order. Gives the
    /// number of bytes.
    pub async fn download(
        &self,
        offset: u64,
        sink: &mut (dyn AsyncWrite + Send + Unpin),
        cancel: &CancellationToken,
    ) -> Result<u64, TransferError> {
        let mut writer = Writer(sink);
        let count = self.download_into(offset, u64::MAX, &mut writer, cancel).await?;
        writer.0.flush().await.map_err(not_written)?;
        Ok(count)
    }

    /// The same, into something that has books of its own: no chunk is given to it by
    /// halves. A file is expected to have `size` bytes: of what is beyond little is asked
    /// for, which makes small files cheap, and given to `sink` all the same.
    pub async fn download_into(
        &self,
        offset: u64,
        size: u64,
        sink: &mut dyn Pour,
        cancel: &CancellationToken,
    ) -> Result<u64, TransferError> {
        let chunk = self.session().read_chunk() as u32;
        let (mut asked, mut taken) = (offset, offset);
        let mut in_flight: VecDeque<(u64, PendingReply)> = VecDeque::new();
        let mut at_end = false;
        loop {
            while !at_end && asked <= size && in_flight.len() < READS_IN_FLIGHT {
                let handle = self.handle().clone();
                let request = Request::Read { handle, offset: asked, length: chunk };
                let sent = unless(cancel, self.session().send(&request)).await?;
                in_flight.push_back((asked, sent?));
                asked += u64::from(chunk);
            }
            if in_flight.is_empty() {
                break;
            }
            let (at, reply) = unless(cancel, next(&mut in_flight)).await?;
            let mut data = self.read_reply(reply)?;
            let end = at + u64::from(chunk);
            let mut position = at;
            // A short answer is not the end of the file: ask for what is missing.
            while !data.is_empty() && !at_end {
                position += data.len() as u64;
                if position > end {
                    return Err(self
                        .session()
                        .contract_broken("at most what was asked for")
                        .into());
                }
                taken = position;
                sink.pour(data).await.map_err(TransferError::Local)?;
                if position == end {
                    break;
                }
                let rest = self.read(position, (end - position) as u32);
                data = unless(cancel, rest).await??;
            }
            at_end |= position < end;
            if at_end {
                // What was asked for beyond the end is of no interest.
                in_flight.clear();
            }
        }
        Ok(taken - offset)
    }
}

/// The outcome of `work`, unless the caller gives up first.
async fn unless<T>(
    cancel: &CancellationToken,
    work: impl Future<Output = T>,
) -> Result<T, TransferError> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(TransferError::Cancelled),
        outcome = work => Ok(outcome),
    }
}

/// Takes a file's bytes.
#[async_trait]
pub trait Pour: Send {
    /// The next bytes, in order.
    async fn pour(&mut self, data: Bytes) -> Result<(), Failure>;
}

struct Writer<'a>(&'a mut (dyn AsyncWrite + Send + Unpin));

#[async_trait]
impl Pour for Writer<'_> {
    async fn pour(&mut self, data: Bytes) -> Result<(), Failure> {
        self.0.write_all(&data).await.map_err(|e| Failure::io("writing", "", &e))
    }
}

fn not_written(error: std::io::Error) -> TransferError {
    TransferError::Local(Failure::io("writing", "", &error))
}

/// The oldest answer; taken off the queue once it is there.
async fn next<T>(in_flight: &mut VecDeque<(T, PendingReply)>) -> (T, Result<Reply, SftpError>)
where
    T: Copy,
{
    let Some((tag, reply)) = in_flight.front_mut() else { return std::future::pending().await };
    let (tag, reply) = (*tag, reply.await);
    in_flight.pop_front();
    (tag, reply)
}

fn changed(local: &Path, how: &str) -> Failure {
    Failure::new(FailureClass::Damaged, "reading", local.display().to_string())
        .said(format!("the file is {how} than it was when it was verified"))
        .advice("something else writes into the data folder; the file is fetched again")
}
