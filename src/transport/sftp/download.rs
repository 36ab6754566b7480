//! A file down, many chunks in flight, over one session or several.
//!
//! However many sessions fetch, the bytes are handed on in order: what is on the disk is
//! always the beginning of the file, without holes, and can be gone on with.

use std::collections::VecDeque;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use super::link::PendingReply;
use super::transfer::{next, unless};
use super::wire::{Reply, Request};
use super::{RemoteFile, SftpError, TransferError};
use crate::model::Failure;
use crate::transport::pace::Pace;

/// Reads of one file in flight over one session, 4 MiB with OpenSSH's chunks. With
/// several sessions, so many for each are asked for, or wait for an earlier one.
const READS_IN_FLIGHT: usize = 16;

/// Takes a file's bytes.
#[async_trait]
pub trait Pour: Send {
    /// The next bytes, in order.
    async fn pour(&mut self, data: Bytes) -> Result<(), Failure>;
}

/// What is downloaded, at what pace, and who may stop it.
#[derive(Clone, Copy)]
pub struct Download<'a> {
    /// Where it begins.
    pub offset: u64,
    /// The size that the file is expected to have: of what is beyond little is asked for,
    /// which makes small files cheap, and given to the sink all the same.
    pub size: u64,
    /// How fast it may come.
    pub pace: &'a Pace,
    /// Cancelled when nobody wants it any more.
    pub cancel: &'a CancellationToken,
}

impl RemoteFile {
    /// Reads this file from `offset` to its end into `sink`, in order. Gives the
    /// number of bytes.
    pub async fn download(
        &self,
        offset: u64,
        sink: &mut (dyn AsyncWrite + Send + Unpin),
        cancel: &CancellationToken,
    ) -> Result<u64, TransferError> {
        let mut writer = Writer(sink);
        let download = Download { offset, size: u64::MAX, pace: &Pace::default(), cancel };
        let nobody = futures::stream::empty();
        let count = self.download_with(nobody, &download, &mut writer).await?.0;
        writer.0.flush().await.map_err(not_written)?;
        Ok(count)
    }

    /// The same, into something that has books of its own: no chunk is given to it by
    /// halves. `others` are the same file over there, open over other sessions: each joins
    /// when it comes, and is given back.
    pub async fn download_with(
        &self,
        others: impl Stream<Item = Self>,
        download: &Download<'_>,
        sink: &mut dyn Pour,
    ) -> Result<(u64, Vec<Self>), TransferError> {
        let Download { offset, size, cancel, .. } = *download;
        let mut others = std::pin::pin!(others.fuse());
        let mut hands = Hands { first: self, others: Vec::new(), download };
        let chunk = u64::from(hands.chunk());
        let (mut asked, mut taken) = (offset, offset);
        let mut in_flight: VecDeque<(At, PendingReply)> = VecDeque::new();
        let mut at_end = false;
        loop {
            while !at_end && asked <= size && hands.have_room(in_flight.len()) {
                let (by, reply) = unless(cancel, hands.ask(asked)).await??;
                in_flight.push_back((At { offset: asked, by }, reply));
                asked += chunk;
            }
            if in_flight.is_empty() {
                break;
            }
            let (at, reply) = tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(TransferError::Cancelled),
                answer = next(&mut in_flight) => answer,
                Some(other) = others.next(), if !at_end && asked <= size => {
                    hands.others.push(other);
                    continue;
                }
            };
            let mut data = unless(cancel, hands.data(at, reply)).await??;
            let end = at.offset + chunk;
            let mut position = at.offset;
            // A short answer is not the end of the file: ask for what is missing.
            while !data.is_empty() && !at_end {
                position += data.len() as u64;
                if position > end {
                    let words = "at most what was asked for";
                    return Err(self.session().contract_broken(words).into());
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
        Ok((taken - offset, hands.others))
    }
}

/// A chunk that was asked for, and over which session: 0 is the first.
#[derive(Clone, Copy)]
struct At {
    offset: u64,
    by: usize,
}

/// The file over all sessions that work on it.
struct Hands<'a> {
    first: &'a RemoteFile,
    others: Vec<RemoteFile>,
    download: &'a Download<'a>,
}

impl Hands<'_> {
    fn get(&self, by: usize) -> &RemoteFile {
        by.checked_sub(1).and_then(|other| self.others.get(other)).unwrap_or(self.first)
    }

    fn chunk(&self) -> u32 {
        self.first.session().read_chunk() as u32
    }

    /// Whether one more is asked for while `in_flight` are.
    fn have_room(&self, in_flight: usize) -> bool {
        in_flight < READS_IN_FLIGHT * (1 + self.others.len())
    }

    /// Asks for the chunk at `offset` over the session that has the most room.
    async fn ask(&self, offset: u64) -> Result<(usize, PendingReply), SftpError> {
        let alive = |by: &usize| *by == 0 || !self.get(*by).session().is_lost();
        let by = (0..=self.others.len()).filter(alive);
        let by = by.max_by_key(|by| self.get(*by).session().room()).unwrap_or(0);
        let length = self.chunk();
        let expected = u64::from(length).min(self.download.size.saturating_sub(offset));
        self.download.pace.take(expected).await;
        let handle = self.get(by).handle().clone();
        let sent = self.get(by).session().send(&Request::Read { handle, offset, length }).await;
        match sent {
            Err(SftpError::Lost(_)) if by > 0 => {
                let handle = self.first.handle().clone();
                let again = Request::Read { handle, offset, length };
                Ok((0, self.first.session().send(&again).await?))
            }
            sent => Ok((by, sent?)),
        }
    }

    /// What came. A session that was lost is done without.
    async fn data(&self, at: At, reply: Result<Reply, SftpError>) -> Result<Bytes, SftpError> {
        match self.get(at.by).read_reply(reply) {
            Err(SftpError::Lost(_)) if at.by > 0 => self.first.read(at.offset, self.chunk()).await,
            data => data,
        }
    }
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
