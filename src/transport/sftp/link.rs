//! The way from the handles of a session to the thread that drives it.

use std::net::{Shutdown, TcpStream};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::SftpError;
use super::wire::{Reply, Request};
use crate::model::{Failure, FailureClass};

/// Bytes of requests and expected answers in flight at once, over all who share
/// the session: twice the window that servers usually grant.
const IN_FLIGHT: usize = 4 * 1024 * 1024;

/// What even the smallest request takes of it, so that the number of requests
/// in flight is bounded too.
const SMALLEST: usize = 4 * 1024;

/// Where the answer of one request goes.
pub(super) type Answer = oneshot::Sender<Result<Reply, SftpError>>;

/// One request on its way to the driver.
pub(super) struct Outgoing {
    pub(super) id: u32,
    pub(super) packet: Bytes,
    pub(super) answer: Answer,
    /// The part of the session's bytes in flight that it takes up until it is answered.
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

/// What handles and driver both know.
pub(super) struct Shared {
    address: String,
    /// What the server said that it is, before anything else.
    banner: Vec<u8>,
    ids: AtomicU32,
    lost: OnceLock<Failure>,
    tcp: TcpStream,
    /// Those who said that they use the session.
    pub(super) users: AtomicUsize,
}

impl Shared {
    pub(super) fn new(address: String, banner: Vec<u8>, tcp: TcpStream) -> Self {
        // 0 is the greeting's, which has no id of its own.
        let (ids, users) = (AtomicU32::new(1), AtomicUsize::new(0));
        Self { address, banner, ids, lost: OnceLock::new(), tcp, users }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn banner(&self) -> &[u8] {
        &self.banner
    }

    pub(super) fn next_id(&self) -> u32 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// Remembers why the session ended; the first reason stays.
    pub(super) fn set_lost(&self, failure: Failure) {
        let _ = self.lost.set(failure);
    }

    /// Why the session ended, if it did.
    pub(super) fn lost(&self) -> Option<&Failure> {
        self.lost.get()
    }

    /// Shuts the connection down; the driver finds out by itself.
    pub(super) fn shut_down(&self) {
        // It may be down already.
        let _ = self.tcp.shutdown(Shutdown::Both);
    }

    fn loss(&self) -> SftpError {
        SftpError::Lost(self.lost().cloned().unwrap_or_else(|| {
            Failure::new(FailureClass::Network, "talking to", &self.address)
                .said("the session has ended")
        }))
    }
}

/// The handles' end.
pub(super) struct Link {
    requests: mpsc::UnboundedSender<Outgoing>,
    pub(super) shared: Arc<Shared>,
    in_flight: Arc<Semaphore>,
}

impl Link {
    /// Whether nobody is there to carry out requests any more.
    pub(super) fn is_closed(&self) -> bool {
        self.requests.is_closed()
    }

    pub(super) fn new(requests: mpsc::UnboundedSender<Outgoing>, shared: Arc<Shared>) -> Self {
        Self { requests, shared, in_flight: Arc::new(Semaphore::new(IN_FLIGHT)) }
    }

    /// What is free of the bytes in flight.
    pub(super) fn room(&self) -> usize {
        self.in_flight.available_permits()
    }

    /// Sends a request as soon as there is room for it and its answer.
    pub(super) async fn send(&self, request: &Request) -> Result<PendingReply, SftpError> {
        let (id, packet) = self.encoded(request);
        let expected = match request {
            Request::Read { length, .. } => *length as usize,
            _ => 0,
        };
        let cost = packet.len() + expected;
        self.send_packet(id, packet, cost).await
    }

    /// Sends a packet that was encoded under `id`, as soon as there is room for
    /// `cost` bytes.
    pub(super) async fn send_packet(
        &self,
        id: u32,
        packet: Bytes,
        cost: usize,
    ) -> Result<PendingReply, SftpError> {
        let cost = cost.clamp(SMALLEST, IN_FLIGHT) as u32;
        // The semaphore is never closed.
        let permit = Arc::clone(&self.in_flight).acquire_many_owned(cost).await.ok();
        let (answer, reply) = oneshot::channel();
        let outgoing = Outgoing { id, packet, answer, permit };
        self.requests.send(outgoing).map_err(|_| self.shared.loss())?;
        Ok(PendingReply { reply, shared: Arc::clone(&self.shared) })
    }

    /// Sends without waiting, not even for room; the answer is dropped.
    pub(super) fn send_and_forget(&self, request: &Request) {
        let (id, packet) = self.encoded(request);
        let (answer, _) = oneshot::channel();
        // Where the session is gone there is nothing left to do.
        let _ = self.requests.send(Outgoing { id, packet, answer, permit: None });
    }

    /// Ends the session because of an answer that no server gives: what else it
    /// says cannot be trusted either.
    pub(super) fn contract_broken(&self, expected: &str) -> SftpError {
        let failure = Failure::new(FailureClass::Protocol, "talking to", self.shared.address())
            .said(format!("the server answered with something else than {expected}"));
        self.shared.set_lost(failure.clone());
        self.shared.shut_down();
        SftpError::Lost(failure)
    }

    fn encoded(&self, request: &Request) -> (u32, Bytes) {
        let id = self.shared.next_id();
        let mut packet = BytesMut::new();
        request.encode(id, &mut packet);
        (id, packet.freeze())
    }
}

/// The answer to a request that is on its way.
pub struct PendingReply {
    reply: oneshot::Receiver<Result<Reply, SftpError>>,
    shared: Arc<Shared>,
}

impl Future for PendingReply {
    type Output = Result<Reply, SftpError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.reply)
            .poll(context)
            .map(|reply| reply.unwrap_or_else(|_| Err(self.shared.loss())))
    }
}
