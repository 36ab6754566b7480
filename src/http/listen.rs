//! The addresses that are listened on.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::app::App;
use super::connection::{self, Peer};
use crate::engine::{Event, Level};
use crate::model::Shown;

/// Connections of one address at the same time; more wait until one is over.
const CONNECTIONS: usize = 128;

/// The pause before a busy address is tried again: doubling, up to a minute.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// One configured address, as /status shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Place {
    /// As configured.
    pub(super) address: String,
    /// The sockets that it stands for; none while it cannot be had.
    pub(super) listening: Vec<SocketAddr>,
    /// Why it cannot be had.
    pub(super) error: Option<Shown>,
    /// Since when it is so.
    pub(super) since: Timestamp,
}

/// All of them, in the order of the configuration.
#[derive(Debug)]
pub(super) struct Places(Mutex<Vec<Place>>);

impl Places {
    /// None of them tried yet.
    pub(super) fn new(addresses: &[String]) -> Self {
        let place = |address: &String| Place {
            address: address.clone(),
            listening: Vec::new(),
            error: None,
            since: Timestamp::now(),
        };
        Self(Mutex::new(addresses.iter().map(place).collect()))
    }

    /// As they are now.
    pub(super) fn all(&self) -> Vec<Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, place: usize, listening: Vec<SocketAddr>, error: Option<Shown>) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.get_mut(place)
            && (&place.listening, &place.error) != (&listening, &error)
        {
            *place = Place { listening, error, since: Timestamp::now(), ..place.clone() };
        }
    }
}

/// Listens on one configured address until `stop`; one that is busy is said so once,
/// and tried again and again.
pub(super) async fn keep(app: Arc<App>, place: usize, stop: CancellationToken) {
    let Some(Place { address, .. }) = app.places.all().into_iter().nth(place) else { return };
    let (shown, mut pause) = (Shown::new(&address), SHORTEST);
    let sockets = loop {
        match bind(&address).await {
            Ok(sockets) => break sockets,
            Err(error) => {
                if pause == SHORTEST {
                    let words = format!(
                        "http: {shown} cannot be listened on: {error}; everything else goes on, \
                         and it is tried again"
                    );
                    notice(&app, Level::Warning, words);
                }
                app.places.set(place, Vec::new(), Some(Shown::new(error.to_string())));
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => pause = pause.saturating_mul(2).min(LONGEST),
        }
    };
    let addresses: Vec<SocketAddr> =
        sockets.iter().filter_map(|socket| socket.local_addr().ok()).collect();
    for address in &addresses {
        notice(&app, Level::Info, format!("http: listening on http://{address}"));
    }
    app.places.set(place, addresses, None);
    serve(&app, sockets, &stop).await;
}

fn notice(app: &App, level: Level, text: String) {
    match level {
        Level::Info => tracing::info!("{text}"),
        _ => tracing::warn!("{text}"),
    }
    app.handle.publish(Event::Notice { level, text });
}

/// Every socket that `host:port` stands for: a name may have addresses of both
/// families, of which this machine may lack one.
async fn bind(address: &str) -> io::Result<Vec<TcpListener>> {
    let unreadable = || io::Error::new(io::ErrorKind::InvalidInput, "expected host:port");
    let (host, port) = address.rsplit_once(':').ok_or_else(unreadable)?;
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    let port: u16 = port.parse().map_err(|_| unreadable())?;
    let mut sockets = Vec::new();
    let mut lacking = None;
    for address in tokio::net::lookup_host((host, port)).await? {
        match TcpListener::bind(address).await {
            Ok(socket) => sockets.push(socket),
            Err(error) if is_lacking(&error) => lacking = Some(error),
            Err(error) => return Err(error),
        }
    }
    match lacking {
        Some(error) if sockets.is_empty() => Err(error),
        _ if sockets.is_empty() => Err(io::Error::other("the name stands for no address")),
        _ => Ok(sockets),
    }
}

fn is_lacking(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
}

/// Answers on these sockets until `stop`, and then to the end of what is under way.
async fn serve(app: &Arc<App>, sockets: Vec<TcpListener>, stop: &CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await.ok()?;
            let (stream, peer) = accept(&sockets).await?;
            Some((place, stream, peer))
        };
        tokio::select! {
            () = stop.cancelled() => break,
            Some((place, stream, peer)) = next => {
                let (app, stop) = (app.clone(), stop.clone());
                connections.spawn(async move {
                    connection::serve(stream, peer, app, stop).await;
                    drop(place);
                });
            }
            // What is over is forgotten.
            Some(_) = connections.join_next() => {}
        }
    }
    drop(sockets);
    while connections.join_next().await.is_some() {}
}

/// The next connection on any of the sockets.
async fn accept(sockets: &[TcpListener]) -> Option<(TcpStream, Peer)> {
    loop {
        let mut waiting: FuturesUnordered<_> = sockets.iter().map(TcpListener::accept).collect();
        match waiting.next().await? {
            Ok((stream, from)) => {
                // One that is gone already has no addresses any more.
                if let Ok(to) = stream.local_addr() {
                    return Some((stream, Peer::new(from, to)));
                }
            }
            // Out of file descriptors, say: that passes, and must not spin.
            Err(error) => {
                tracing::warn!("http: a connection was not taken: {error}");
                tokio::time::sleep(SHORTEST).await;
            }
        }
    }
}
