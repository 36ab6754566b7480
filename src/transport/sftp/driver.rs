//! The thread that owns one session: it alone touches the connection.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use ssh2::Session;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::Instant;

use super::SftpError;
use super::link::{Answer, Outgoing, Shared};
use super::stream::{PacketStream, StreamError, wants_to_write};
use super::wire::{Reply, Request, StatusCode};
use crate::model::{Failure, FailureClass};

/// Silence after which a cheap request shows the server, and whatever forgets
/// idle connections in between, that we are still here.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// How often the server's silence is measured while it owes an answer.
const TICK: Duration = Duration::from_millis(250);

pub(super) struct Driver {
    session: Session,
    socket: TcpStream,
    stream: PacketStream,
    requests: mpsc::UnboundedReceiver<Outgoing>,
    pending: HashMap<u32, (Answer, Option<OwnedSemaphorePermit>)>,
    shared: Arc<Shared>,
    /// When the server last gave a sign of life, or began to owe one.
    alive: Instant,
    request_timeout: Duration,
}

impl Driver {
    /// Must be called inside the runtime that will run it.
    pub(super) fn new(
        session: Session,
        socket: TcpStream,
        stream: PacketStream,
        requests: mpsc::UnboundedReceiver<Outgoing>,
        shared: Arc<Shared>,
        request_timeout: Duration,
    ) -> Self {
        Self {
            session,
            socket,
            stream,
            requests,
            pending: HashMap::new(),
            shared,
            alive: Instant::now(),
            request_timeout,
        }
    }

    /// Works until the last handle is gone or the connection is.
    pub(super) async fn run(mut self) {
        let end = self.work().await;
        let failure = match end {
            Ok(()) => {
                // Politely, where it costs nothing.
                if self.stream.is_flushed() {
                    let _ = self.session.disconnect(None, "done", None);
                }
                self.failure(FailureClass::Cancelled, "the session was closed")
            }
            Err(failure) => failure,
        };
        self.shared.set_lost(failure.clone());
        // First of all, so that freeing the session cannot wait for the server.
        self.shared.shut_down();
        self.requests.close();
        while let Ok(outgoing) = self.requests.try_recv() {
            let _ = outgoing.answer.send(Err(SftpError::Lost(failure.clone())));
        }
        for (_, (answer, _)) in self.pending.drain() {
            let _ = answer.send(Err(SftpError::Lost(failure.clone())));
        }
    }

    async fn work(&mut self) -> Result<(), Failure> {
        loop {
            self.pump()?;
            let interest = if wants_to_write(&self.session) {
                Interest::READABLE | Interest::WRITABLE
            } else {
                Interest::READABLE
            };
            let owed = !self.pending.is_empty();
            let wake = if owed { Instant::now() + TICK } else { self.alive + KEEP_ALIVE };
            tokio::select! {
                biased;
                ready = self.socket.ready(interest) => {
                    ready.map_err(|e| self.broken(&e))?;
                }
                request = self.requests.recv() => match request {
                    Some(request) => self.accept(request),
                    None => return Ok(()),
                },
                () = tokio::time::sleep_until(wake) => {}
            }
            while let Ok(request) = self.requests.try_recv() {
                self.accept(request);
            }
            self.mind_the_time(owed)?;
        }
    }

    fn accept(&mut self, request: Outgoing) {
        if self.pending.is_empty() {
            self.alive = Instant::now();
        }
        self.pending.insert(request.id, (request.answer, request.permit));
        self.stream.enqueue(request.packet);
    }

    /// Moves bytes both ways until neither way moves.
    fn pump(&mut self) -> Result<(), Failure> {
        loop {
            // Room in a connection that was full is a sign of life.
            let was_blocked = !self.stream.is_flushed() && wants_to_write(&self.session);
            let wrote = self.stream.write().map_err(|e| self.ended(&e))?;
            let mut packets = Vec::new();
            let read = self.stream.read(|packet| packets.push(packet));
            // What came before the end still counts.
            for packet in packets {
                self.dispatch(packet)?;
            }
            let read = read.map_err(|e| self.ended(&e))?;
            if read || (wrote && was_blocked) {
                self.alive = Instant::now();
            }
            // The driver of the socket is only asked while this thread waits, so
            // nothing can have become ready in between unnoticed.
            for interest in [Interest::READABLE, Interest::WRITABLE] {
                let _ =
                    self.socket.try_io(interest, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
            }
            if !wrote && !read {
                return Ok(());
            }
        }
    }

    fn dispatch(&mut self, packet: Bytes) -> Result<(), Failure> {
        let (id, reply) = Reply::decode(packet)
            .map_err(|e| self.failure(FailureClass::Protocol, &e.to_string()))?;
        let Some((answer, _permit)) = self.pending.remove(&id) else {
            return Err(self.failure(FailureClass::Protocol, "an answer to nothing that was asked"));
        };
        let reply = match reply {
            Reply::Status(status) if status.code != StatusCode::OK => {
                Err(SftpError::from_status(&status))
            }
            reply => Ok(reply),
        };
        if let Err(Ok(Reply::Handle(handle))) = answer.send(reply) {
            // Whoever opened it has gone: nobody else would close it.
            self.ask(&Request::Close { handle });
        }
        Ok(())
    }

    /// Sends a request whose answer matters to nobody.
    fn ask(&mut self, request: &Request) {
        let id = self.shared.next_id();
        let mut packet = BytesMut::new();
        request.encode(id, &mut packet);
        let (answer, _) = oneshot::channel();
        self.accept(Outgoing { id, packet: packet.freeze(), answer, permit: None });
    }

    /// Gives up on a server that owes an answer for too long; greets an idle one.
    fn mind_the_time(&mut self, owed: bool) -> Result<(), Failure> {
        let silence = self.alive.elapsed();
        if owed && !self.pending.is_empty() && silence >= self.request_timeout {
            let words = format!("no answer for {} s", self.request_timeout.as_secs_f32());
            return Err(self.failure(FailureClass::Network, &words));
        }
        if !owed && self.pending.is_empty() && silence >= KEEP_ALIVE {
            self.ask(&Request::Realpath { path: Bytes::from_static(b".") });
        }
        Ok(())
    }

    fn ended(&self, error: &StreamError) -> Failure {
        match error {
            StreamError::Io(e) => self.broken(e),
            StreamError::Wire(e) => self.failure(FailureClass::Protocol, &e.to_string()),
            StreamError::Ended => {
                self.failure(FailureClass::Network, "the server closed the connection")
            }
        }
    }

    fn broken(&self, error: &io::Error) -> Failure {
        self.failure(FailureClass::Network, &error.to_string())
    }

    fn failure(&self, class: FailureClass, words: &str) -> Failure {
        Failure::new(class, "talking to", self.shared.address()).said(words)
    }
}
