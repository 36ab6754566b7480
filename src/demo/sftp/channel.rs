//! The packets of one sftp channel: read, executed in order, answered.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use russh::Channel;
use russh::server::{Handle, Msg};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::House;
use super::login::Login;
use super::session::{Next, Session};
use crate::demo::fault::Fault;
use crate::demo::net::Scissors;
use crate::transport::sftp::wire::take_packet;

/// Bytes a second of a slow server, unless it was armed with another number.
const SLOW: u64 = 64 * 1024;

/// Serves SFTP until the client goes or the connection is cut.
pub(super) async fn serve(
    house: Arc<House>,
    login: Login,
    scissors: Scissors,
    channel: Channel<Msg>,
    handle: Handle,
) {
    let id = channel.id();
    let mut stream = channel.into_stream();
    let session = Session::new(Arc::clone(&house), login);
    if let Some(session) = converse(&house, &scissors, &mut stream, session).await {
        in_background(move || session.end()).await;
    }
    // Ignored: the client may have gone first.
    let _ = handle.exit_status_request(id, 0).await;
    let _ = stream.shutdown().await;
}

async fn converse(
    house: &House,
    scissors: &Scissors,
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    mut session: Session,
) -> Option<Session> {
    let mut received = BytesMut::with_capacity(512 * 1024);
    loop {
        tokio::select! {
            read = stream.read_buf(&mut received) => match read {
                Ok(0) | Err(_) => return Some(session),
                Ok(_) => {}
            },
            () = scissors.cut_by_anyone() => return Some(session),
        }
        let Ok(packets) = packets(&mut received) else {
            scissors.cut();
            return Some(session);
        };
        if packets.is_empty() {
            continue;
        }
        let came: usize = packets.iter().map(Bytes::len).sum();
        let (back, replies, next) = in_background(move || session.handle(packets)).await?;
        session = back;
        if let Some(strike) = house.world.strike(Fault::SftpSlow) {
            let bytes = (came + replies.len()) as f64;
            let rate = strike.value.unwrap_or(SLOW).max(1) as f64;
            tokio::time::sleep(Duration::from_secs_f64(bytes / rate)).await;
        }
        if stream.write_all(&replies).await.is_err() {
            return Some(session);
        }
        match next {
            Next::Read => {}
            Next::Cut => {
                scissors.cut();
                return Some(session);
            }
            Next::Late(booked, delay) => {
                scissors.cut();
                tokio::time::sleep(delay).await;
                return in_background(move || {
                    booked.execute(&mut session);
                    session
                })
                .await;
            }
            Next::Silence => {
                scissors.cut_by_anyone().await;
                return Some(session);
            }
        }
    }
}

/// All complete packets received so far.
fn packets(received: &mut BytesMut) -> Result<Vec<Bytes>, ()> {
    let mut packets = Vec::new();
    while let Some(packet) = take_packet(received).map_err(drop)? {
        packets.push(packet);
    }
    Ok(packets)
}

/// Runs `work`, which waits for the disk, where waiting harms nobody. `None`
/// only when the runtime is going down.
async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}
