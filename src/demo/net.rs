//! Loopback sockets that can be cut in the middle of anything.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::model::{Failure, FailureClass};

/// Cuts one connection: from then on neither side gets a byte through.
#[derive(Clone, Debug)]
pub(super) struct Scissors(CancellationToken);

impl Scissors {
    /// Cuts the connection. What was not sent yet is never sent.
    pub(super) fn cut(&self) {
        self.0.cancel();
    }

    /// Waits until the connection is cut.
    pub(super) async fn cut_by_anyone(&self) {
        self.0.cancelled().await;
    }
}

/// A TCP connection with [`Scissors`].
pub(super) struct Cuttable {
    stream: TcpStream,
    scissors: Scissors,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Cuttable {
    fn new(stream: TcpStream, token: CancellationToken) -> Self {
        let cut = Box::pin(token.clone().cancelled_owned());
        Self { stream, scissors: Scissors(token), cut }
    }

    /// What cuts this connection.
    pub(super) fn scissors(&self) -> Scissors {
        self.scissors.clone()
    }

    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.cut.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Cuttable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Cuttable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A listener on 127.0.0.1 whose connections can be cut, one by one or, when
/// `stop` is cancelled, all at once.
pub(super) struct Loopback {
    listener: TcpListener,
    address: SocketAddr,
    stop: CancellationToken,
}

impl Loopback {
    /// Listens on `port`, or on a free one for 0.
    pub(super) async fn bind(
        service: &str,
        port: u16,
        stop: CancellationToken,
    ) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            Failure::new(FailureClass::Misconfigured, "listening for", service)
                .said(error)
                .advice(format!("port {port} is taken or not allowed: name another, or 0 for any"))
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address, stop })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Listener for Loopback {
    type Io = Cuttable;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Cuttable, SocketAddr) {
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        // Small replies must not wait for the next one; a failure costs speed only.
        let _ = stream.set_nodelay(true);
        (Cuttable::new(stream, self.stop.child_token()), peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Connected<IncomingStream<'_, Loopback>> for Scissors {
    fn connect_info(stream: IncomingStream<'_, Loopback>) -> Self {
        stream.io().scissors()
    }
}
