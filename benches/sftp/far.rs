//! A wire that makes a server far away: every byte arrives half a round trip later, and as
//! many bytes as anybody likes are on their way at once.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The wire; it is cut when this is dropped.
pub struct Wire {
    port: u16,
    _stop: Option<DropGuard>,
}

impl Wire {
    /// To a port of this machine. Without a distance it is that port itself.
    pub async fn to(server: u16, round_trip: Duration) -> Self {
        if round_trip.is_zero() {
            return Self { port: server, _stop: None };
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = CancellationToken::new();
        tokio::spawn(stop.clone().run_until_cancelled_owned(accept(
            listener,
            server,
            round_trip / 2,
        )));
        Self { port, _stop: Some(stop.drop_guard()) }
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

async fn accept(listener: TcpListener, port: u16, delay: Duration) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { continue };
        for tcp in [&client, &server] {
            tcp.set_nodelay(true).unwrap();
        }
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        carry(from_client, to_server, delay);
        carry(from_server, to_client, delay);
    }
}

/// Reads as fast as it can, and writes each piece when its time has come. What is on the
/// way is not bounded here: both ends have windows of their own.
fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) {
    let (sent, mut coming) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    tokio::spawn(async move {
        let mut buffer = vec![0; 256 << 10];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            if sent.send((Instant::now() + delay, buffer[..read].to_vec())).is_err() {
                return;
            }
        }
    });
    tokio::spawn(async move {
        while let Some((due, piece)) = coming.recv().await {
            tokio::time::sleep_until(due).await;
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
    });
}
