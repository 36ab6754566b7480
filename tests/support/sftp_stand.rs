//! An SFTP server that does about each request whatever a test says.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use bytes::BytesMut;
use russh::server::{Auth, ChannelOpenHandle, Handler, Msg, Session};
use russh::{Channel, ChannelId, MethodKind};
use transship::model::SshServer;
use transship::transport::sftp::wire::{Request, take_packet};

use super::ssh_stand::serve;

/// What the server does about requests.
pub trait Answers: Clone + Send + Sync + 'static {
    /// Writes what goes out now; `false` closes the channel.
    fn answer(&mut self, id: u32, request: &Request, out: &mut BytesMut) -> bool;
}

/// Serves until the test ends; every connection gets a clone of `answers`.
pub async fn serve_sftp(answers: impl Answers) -> SshServer {
    serve(Server { answers, stream: BytesMut::new() }, &[MethodKind::Password]).await
}

#[derive(Clone)]
struct Server<A> {
    answers: A,
    stream: BytesMut,
}

impl<A: Answers> Handler for Server<A> {
    type Error = russh::Error;

    async fn auth_password(&mut self, _: &str, _: &str) -> Result<Auth, Self::Error> {
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.stream.extend_from_slice(data);
        let mut out = BytesMut::new();
        while let Some(packet) = take_packet(&mut self.stream).unwrap() {
            let (id, request) = Request::decode(packet).unwrap();
            if !self.answers.answer(id, &request, &mut out) {
                session.close(channel)?;
            }
        }
        if !out.is_empty() {
            session.data(channel, out.freeze())?;
        }
        Ok(())
    }
}
