//! A wire that can be cut: forwards to a server on this machine, chunk by chunk,
//! and once does something else with one of them.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The longest that a late chunk waits for the client to come back.
const PATIENCE: Duration = Duration::from_secs(10);

/// What happens to the chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It is on its way to the server, and both sides only see the end.
    NotDelivered,
    /// It is on its way to the client, and both sides only see the end.
    AnswerLost,
    /// The client sees the end; when it has come back, the server gets the chunk.
    Late,
}

/// The chunk, counted over all connections in its direction.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    pub at: u32,
    pub way: Way,
}

/// The wire; it is cut everywhere when this is dropped.
pub struct Proxy {
    port: u16,
    wire: Arc<Wire>,
    _stop: DropGuard,
}

struct Wire {
    cut: Cut,
    chunks: AtomicU32,
    struck: AtomicBool,
    /// Chunks that later connections have sent to the server.
    since: watch::Sender<u32>,
}

#[derive(Clone, Copy, PartialEq)]
enum To {
    Server,
    Client,
}

impl Proxy {
    /// A wire to `server`, a port of this machine.
    pub async fn start(server: u16, cut: Cut) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let wire = Arc::new(Wire {
            cut,
            chunks: AtomicU32::new(0),
            struck: AtomicBool::new(false),
            since: watch::Sender::new(0),
        });
        let stop = CancellationToken::new();
        let accept = accept(listener, server, wire.clone(), stop.clone());
        tokio::spawn(stop.clone().run_until_cancelled_owned(accept));
        Self { port, wire, _stop: stop.drop_guard() }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the chunk came.
    pub fn struck(&self) -> bool {
        self.wire.struck.load(Ordering::Acquire)
    }
}

async fn accept(listener: TcpListener, port: u16, wire: Arc<Wire>, stop: CancellationToken) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { continue };
        for tcp in [&client, &server] {
            tcp.set_nodelay(true).unwrap();
        }
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let end = stop.child_token();
        tokio::spawn(pump(from_client, to_server, To::Server, wire.clone(), end.clone()));
        tokio::spawn(pump(from_server, to_client, To::Client, wire.clone(), end));
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    direction: To,
    wire: Arc<Wire>,
    end: CancellationToken,
) {
    let _end = end.clone().drop_guard();
    let mut buffer = vec![0; 32 << 10];
    // Whether this connection was made after the cut.
    let after = wire.struck.load(Ordering::Acquire);
    while let Some(Ok(read @ 1..)) = end.run_until_cancelled(from.read(&mut buffer)).await {
        if wire.strikes(direction) {
            end.cancel();
            if wire.cut.way == Way::Late {
                drop(from);
                wire.client_is_back().await;
                // The server may have given up on it.
                let _ = to.write_all(&buffer[..read]).await;
            }
            return;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
        if after && direction == To::Server {
            wire.since.send_modify(|chunks| *chunks += 1);
        }
    }
}

impl Wire {
    /// Whether this chunk is the one.
    fn strikes(&self, direction: To) -> bool {
        let wanted = if self.cut.way == Way::AnswerLost { To::Client } else { To::Server };
        let struck =
            direction == wanted && self.chunks.fetch_add(1, Ordering::AcqRel) == self.cut.at;
        if struck {
            self.struck.store(true, Ordering::Release);
        }
        struck
    }

    /// Waits until the client has come back and sent some more: another number of
    /// chunks for each cut, so that what is late comes at all kinds of moments.
    async fn client_is_back(&self) {
        let mut since = self.since.subscribe();
        let back = since.wait_for(|chunks| *chunks > self.cut.at % 13);
        let _ = tokio::time::timeout(PATIENCE, back).await;
    }
}
