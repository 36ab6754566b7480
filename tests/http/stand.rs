//! A server in front of an engine at a desk, and how it is asked.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::broadcast::Receiver;
use transship::config::HttpSettings;
use transship::engine::{Engine, Event, Handle, Schedules};
use transship::http::Server;
use transship::ledger::{Ledger, Reader};
use transship::model::Secret;

use crate::support::desk::Desk;

/// The longest that anything waited for may take on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(60);

pub const PASSWORD: &str = "kanarienvogel-http";

/// Listens on these addresses, for everybody.
pub fn open(listen: &[&str]) -> HttpSettings {
    HttpSettings {
        listen: listen.iter().map(|address| (*address).to_owned()).collect(),
        username: None,
        password: None,
        rate_limit_per_minute: 1_000_000,
    }
}

/// Listens on loopback, for whoever signs in as admin.
pub fn locked() -> HttpSettings {
    HttpSettings {
        username: Some("admin".into()),
        password: Some(Secret::new(PASSWORD)),
        ..open(&["127.0.0.1:0"])
    }
}

/// An engine that stays, and its server.
pub struct Stand {
    pub engine: Engine,
    pub server: Server,
    pub events: Receiver<Event>,
    /// Where it listens, as far as it was waited for.
    pub addresses: Vec<SocketAddr>,
}

impl Stand {
    /// Waits for as many sockets as `settings` have addresses.
    pub async fn new(desk: &Desk, settings: &HttpSettings) -> Self {
        let ledger = Ledger::open(&desk.config.database, "test").unwrap();
        let engine = Engine::start(desk.config.clone(), ledger, Schedules::On).await.unwrap();
        let reader = engine.reader().unwrap();
        let (server, events, addresses) =
            serve(settings, engine.handle(), reader, settings.listen.len()).await;
        Self { engine, server, events, addresses }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addresses[0])
    }

    pub async fn get(&self, path: &str) -> Answer {
        get(&self.url(path), None).await
    }

    /// The same, as somebody.
    pub async fn get_as(&self, path: &str, name: &str, password: &str) -> Answer {
        get(&self.url(path), Some((name, password))).await
    }

    pub async fn end(self) {
        self.server.stop().await;
        self.engine.stop(Duration::from_secs(20)).await;
    }
}

/// A server in front of any engine; waits until it listens on so many sockets.
pub async fn serve(
    settings: &HttpSettings,
    handle: Handle,
    reader: Reader,
    sockets: usize,
) -> (Server, Receiver<Event>, Vec<SocketAddr>) {
    let mut events = handle.subscribe();
    let server = Server::start(settings, handle, Arc::new(reader), None);
    let mut addresses = Vec::new();
    while addresses.len() < sockets {
        addresses.push(listening(&mut events).await);
    }
    (server, events, addresses)
}

/// The next socket that is listened on.
pub async fn listening(events: &mut Receiver<Event>) -> SocketAddr {
    let text = notice(events, "listening on http://").await;
    text.rsplit("//").next().unwrap().parse().unwrap()
}

/// The next notice that holds `words`.
pub async fn notice(events: &mut Receiver<Event>, words: &str) -> String {
    let told = async {
        loop {
            match events.recv().await.unwrap() {
                Event::Notice { text, .. } if text.contains(words) => return text,
                _ => {}
            }
        }
    };
    tokio::time::timeout(DEADLINE, told).await.unwrap_or_else(|_| panic!("nothing says {words:?}"))
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:#?}"))
    }

    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}: {self:#?}")).to_str().unwrap()
    }

    /// It is a problem body of its own status.
    #[track_caller]
    pub fn problem(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], self.status, "{body:#}");
        for key in ["title", "detail", "error"] {
            assert!(body[key].as_str().is_some_and(|words| !words.is_empty()), "{key}: {body:#}");
        }
        body
    }
}

pub async fn get(url: &str, login: Option<(&str, &str)>) -> Answer {
    let client = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
    let mut request = client.get(url);
    if let Some((name, password)) = login {
        request = request.basic_auth(name, Some(password));
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: response.text().await.unwrap() }
}

/// Sends these very bytes, and reads until the other side closes. `{host}` stands for
/// the address.
pub async fn raw(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = request.replace("{host}", &address.to_string());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut answer)).await;
    // A connection that is reset after its answer has answered all the same.
    let _ = read.expect("it is closed in time");
    String::from_utf8(answer).unwrap()
}
