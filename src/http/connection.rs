//! One connection: how long it may take for what.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::app::App;
use super::gate;

/// From the end of an answer, or the beginning, to the end of the next request's head.
const HEAD: Duration = Duration::from_secs(10);

/// The whole connection, however well it does: nobody holds a place for ever.
const LIFETIME: Duration = Duration::from_secs(300);

/// For the answer that is under way when it is over.
const GRACE: Duration = Duration::from_secs(1);

/// The longest request line and headers together, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    /// Where from.
    pub(super) address: IpAddr,
    /// Whether it came to an address that only this machine has.
    pub(super) on_loopback: bool,
}

impl Peer {
    /// The other side of a connection from `from` to our address `to`.
    pub(super) fn new(from: SocketAddr, to: SocketAddr) -> Self {
        Self {
            address: from.ip().to_canonical(),
            on_loopback: to.ip().to_canonical().is_loopback(),
        }
    }
}

/// Answers on one connection until either side has enough.
pub(super) async fn serve(stream: TcpStream, peer: Peer, app: Arc<App>, stop: CancellationToken) {
    // Small answers must not wait for the next one; a failure costs speed only.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        gate::answer(app.clone(), peer, request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // What the other side did wrong is its own affair.
        _ = connection.as_mut() => return,
        () = stop.cancelled() => {}
        () = tokio::time::sleep(LIFETIME) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(GRACE, connection).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_known_by_its_address_whatever_family_the_listener_has() {
        for (from, to, address, on_loopback) in [
            ("127.0.0.1:5", "127.0.0.1:80", "127.0.0.1", true),
            ("[::ffff:127.0.0.1]:5", "[::ffff:127.0.0.1]:80", "127.0.0.1", true),
            ("[::1]:5", "[::1]:80", "::1", true),
            ("10.0.0.7:5", "10.0.0.1:80", "10.0.0.7", false),
            ("[::ffff:10.0.0.7]:5", "[::ffff:10.0.0.1]:80", "10.0.0.7", false),
            ("[2001:db8::7]:5", "[2001:db8::1]:80", "2001:db8::7", false),
        ] {
            let peer = Peer::new(from.parse().unwrap(), to.parse().unwrap());
            assert_eq!((peer.address, peer.on_loopback), (address.parse().unwrap(), on_loopback));
        }
    }
}
