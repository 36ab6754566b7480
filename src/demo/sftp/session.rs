//! One client's session: what happens to a packet, and what ought to go wrong with it.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::House;
use super::booking::Booked;
use super::handles::Handles;
use super::login::Login;
use super::rename::is_rename;
use crate::demo::consumer::{self, Consumer};
use crate::demo::fault::Fault;
use crate::demo::world::is_temporary;
use crate::transport::sftp::wire::{Reply, Request, Status, StatusCode, WireError};

/// How late a late request is executed, unless it was armed with another number.
const LATE_MS: u64 = 200;

/// What the connection does after a batch of packets.
pub(super) enum Next {
    /// Goes on.
    Read,
    /// Breaks.
    Cut,
    /// Breaks, and the request is executed so much later.
    Late(Booked, Duration),
    /// Stays open and says nothing more.
    Silence,
}

/// What happens to one request.
enum Fortune {
    Answer,
    CutBefore,
    CutAfter,
    Late(Duration),
    Silence,
}

/// A session's state.
pub(super) struct Session {
    pub(super) house: Arc<House>,
    pub(super) login: Login,
    pub(super) handles: Handles,
    greeted: bool,
}

impl Session {
    pub(super) fn new(house: Arc<House>, login: Login) -> Self {
        Self { house, login, handles: Handles::default(), greeted: false }
    }

    /// Executes packets in order, until something goes wrong. Blocks on the disk.
    pub(super) fn handle(mut self, packets: Vec<Bytes>) -> (Self, BytesMut, Next) {
        let mut replies = BytesMut::new();
        for packet in packets {
            let next = self.handle_one(packet, &mut replies);
            if !matches!(next, Next::Read) {
                return (self, replies, next);
            }
        }
        (self, replies, Next::Read)
    }

    fn handle_one(&mut self, packet: Bytes, replies: &mut BytesMut) -> Next {
        let (id, request) = match Request::decode(packet.clone()) {
            Ok(decoded) => decoded,
            Err(error) => return refuse(&packet, &error, replies),
        };
        let booked = Booked::new(&self.house.world, self.login.service(), request);
        match self.fortune(&booked.request) {
            Fortune::Answer => {}
            Fortune::CutBefore => return Next::Cut,
            Fortune::CutAfter => {
                booked.execute(self);
                return Next::Cut;
            }
            Fortune::Late(delay) => return Next::Late(booked, delay),
            Fortune::Silence => return Next::Silence,
        }
        // OpenSSH's server hangs up on a client that does not introduce itself.
        let introduction = matches!(booked.request, Request::Init { .. });
        if introduction == self.greeted {
            return Next::Cut;
        }
        self.greeted = true;
        booked.execute(self).encode(id, replies);
        Next::Read
    }

    fn fortune(&self, request: &Request) -> Fortune {
        let strike = |fault| self.house.world.strike(fault);
        let late = |value: Option<u64>| Duration::from_millis(value.unwrap_or(LATE_MS));
        if strike(Fault::PacketCutBefore).is_some() {
            return Fortune::CutBefore;
        }
        if strike(Fault::PacketCutAfter).is_some() {
            return Fortune::CutAfter;
        }
        if let Some(strike) = strike(Fault::PacketLate) {
            return Fortune::Late(late(strike.value));
        }
        if strike(Fault::Silent).is_some() {
            return Fortune::Silence;
        }
        if is_rename(request) {
            if strike(Fault::RenameCutBefore).is_some() {
                return Fortune::CutBefore;
            }
            if strike(Fault::RenameCutAfter).is_some() {
                return Fortune::CutAfter;
            }
            if let Some(strike) = strike(Fault::RenameLate) {
                return Fortune::Late(late(strike.value));
            }
        }
        Fortune::Answer
    }

    /// The client is gone: its files are closed, finished or not.
    pub(super) fn end(mut self) {
        let exposed = self.handles.close_all();
        if exposed {
            self.expose();
        }
    }

    /// A file that the consumer may take has appeared: an eager one does so now.
    pub(super) fn expose(&self) {
        let House { world, consumer, pickup, .. } = &*self.house;
        if *consumer == Consumer::Eager || world.strike(Fault::Vanish).is_some() {
            consumer::sweep(world, *pickup);
        }
    }

    /// Whether the consumer would take a file at this place.
    pub(super) fn is_exposed(&self, path: &std::path::Path) -> bool {
        path.parent() == Some(&self.house.world.grounds().uploads)
            && path.file_name().is_some_and(|name| !is_temporary(&name.to_string_lossy()))
    }
}

/// Answers what is not a request, as far as its id can be read.
fn refuse(packet: &Bytes, error: &WireError, replies: &mut BytesMut) -> Next {
    let Some(id) = packet.get(1..).and_then(|rest| rest.first_chunk::<4>()) else {
        return Next::Cut;
    };
    let code = match error {
        WireError::Type(_) => StatusCode::OP_UNSUPPORTED,
        _ => StatusCode::BAD_MESSAGE,
    };
    Reply::Status(Status::new(code)).encode(u32::from_be_bytes(*id), replies);
    Next::Read
}
