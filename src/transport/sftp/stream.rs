//! Bytes in and out of the SSH channel, by libssh2's rules for sessions that do
//! not block.
//!
//! - After "would block" a write must be repeated with the same bytes: they are
//!   already encrypted inside. Bytes are therefore taken off the queue for good
//!   once they are offered, and offered until they are gone.
//! - A write reads too (it looks for window adjustments), so that bytes may wait
//!   inside libssh2 with the socket empty: after writing, read again before
//!   waiting for the socket.
//! - It takes 32,700 bytes a call and makes one SSH packet of them: small
//!   packets are joined first.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use ssh2::{Channel, Session};

use super::wire::{self, WireError};

/// What libssh2 takes in one call.
const SSH_PACKET: usize = 32_700;

/// Bytes asked for in one read.
const READ_SIZE: usize = 128 * 1024;

/// Why the stream ended.
pub(super) enum StreamError {
    Io(io::Error),
    Wire(WireError),
    /// The server closed the channel.
    Ended,
}

pub(super) struct PacketStream {
    channel: Channel,
    /// Packets that were not offered to libssh2 yet.
    queue: VecDeque<Bytes>,
    /// What is being offered now.
    current: Bytes,
    arrived: BytesMut,
    scratch: Vec<u8>,
}

impl PacketStream {
    pub(super) fn new(channel: Channel) -> Self {
        Self {
            channel,
            queue: VecDeque::new(),
            current: Bytes::new(),
            arrived: BytesMut::new(),
            scratch: vec![0; READ_SIZE],
        }
    }

    pub(super) fn enqueue(&mut self, packet: Bytes) {
        self.queue.push_back(packet);
    }

    /// Whether everything was handed over.
    pub(super) fn is_flushed(&self) -> bool {
        self.current.is_empty() && self.queue.is_empty()
    }

    /// Writes until nothing is left or the other side takes no more. Tells
    /// whether anything moved.
    pub(super) fn write(&mut self) -> Result<bool, StreamError> {
        let mut moved = false;
        loop {
            if self.current.is_empty() && !self.next() {
                return Ok(moved);
            }
            match self.channel.write(&self.current) {
                // No room in the server's window, and nothing left to read.
                Ok(0) => return Ok(moved),
                Ok(written) => self.current.advance(written),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(moved),
                Err(e) => return Err(StreamError::Io(e)),
            }
            moved = true;
        }
    }

    /// Takes what is offered next; joins packets as long as they are small.
    fn next(&mut self) -> bool {
        let Some(first) = self.queue.pop_front() else { return false };
        self.current = first;
        let fits = |so_far: usize, next: Option<&Bytes>| {
            next.is_some_and(|next| so_far + next.len() <= SSH_PACKET)
        };
        if fits(self.current.len(), self.queue.front()) {
            let mut joined = BytesMut::with_capacity(SSH_PACKET);
            joined.put_slice(&self.current);
            while fits(joined.len(), self.queue.front()) {
                if let Some(next) = self.queue.pop_front() {
                    joined.put_slice(&next);
                }
            }
            self.current = joined.freeze();
        }
        true
    }

    /// Reads until nothing is there; gives each packet to `packet`. Tells
    /// whether anything came.
    pub(super) fn read(&mut self, mut packet: impl FnMut(Bytes)) -> Result<bool, StreamError> {
        let mut moved = false;
        loop {
            match self.channel.read(&mut self.scratch) {
                Ok(0) if self.channel.eof() => return Err(StreamError::Ended),
                Ok(0) => return Ok(moved),
                Ok(count) => self.arrived.put_slice(&self.scratch[..count]),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(moved),
                Err(e) => return Err(StreamError::Io(e)),
            }
            moved = true;
            while let Some(next) =
                wire::take_packet(&mut self.arrived).map_err(StreamError::Wire)?
            {
                packet(next);
            }
        }
    }
}

/// Whether libssh2 waits for room in the socket.
pub(super) fn wants_to_write(session: &Session) -> bool {
    use ssh2::BlockDirections as B;
    matches!(session.block_directions(), B::Outbound | B::Both)
}
