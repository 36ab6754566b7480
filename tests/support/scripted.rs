//! A scripted HTTP server that may also break the protocol.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One request as it came over the wire.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    /// When it had come.
    pub at: std::time::Instant,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A well-formed reply.
    Reply(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// These bytes, then the end of the connection.
    Raw(Vec<u8>),
    /// Nothing, for as long as the client waits.
    Hang,
}

pub fn reply(status: u16, body: impl AsRef<[u8]>) -> Answer {
    Answer::Reply(status, vec![], body.as_ref().to_vec())
}

pub fn reply_with(status: u16, headers: &[(&'static str, &str)], body: impl AsRef<[u8]>) -> Answer {
    let headers = headers.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
    Answer::Reply(status, headers, body.as_ref().to_vec())
}

/// A 200 that announces more than it sends.
pub fn cut(announced: usize, etag: &str, body: &[u8]) -> Answer {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {announced}\r\nETag: {etag}\r\n\r\n");
    Answer::Raw([head.as_bytes(), body].concat())
}

pub struct Server {
    pub origin: String,
    seen: Arc<Mutex<Vec<Request>>>,
    accepting: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Server {
    /// A server that answers as `handler` says.
    pub async fn start(handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (handler, log) = (Arc::new(handler), Arc::clone(&seen));
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (handler, log) = (Arc::clone(&handler), Arc::clone(&log));
                tokio::spawn(async move { serve(stream, &*handler, &log).await });
            }
        });
        Self { origin, seen, accepting }
    }

    /// Stops listening; connections are refused from then on.
    pub async fn stop(mut self) {
        self.accepting.abort();
        let _ = (&mut self.accepting).await;
    }

    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    pub fn count(&self, which: impl Fn(&Request) -> bool) -> usize {
        self.seen.lock().unwrap().iter().filter(|r| which(r)).count()
    }
}

async fn serve(
    mut stream: TcpStream,
    handler: &(dyn Fn(&Request) -> Answer + Send + Sync),
    log: &Mutex<Vec<Request>>,
) {
    let Some(request) = read_request(&mut stream).await else { return };
    log.lock().unwrap().push(request.clone());
    let bytes = match handler(&request) {
        Answer::Raw(bytes) => bytes,
        Answer::Hang => {
            // Until the client gives up.
            let _ = stream.read(&mut [0]).await;
            return;
        }
        Answer::Reply(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} Status\r\nConnection: close\r\n");
            for (name, value) in headers {
                head += &format!("{name}: {value}\r\n");
            }
            if status != 204 {
                head += &format!("Content-Length: {}\r\n", body.len());
            }
            [head.as_bytes(), b"\r\n", &body].concat()
        }
    };
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
}

async fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).await.ok()?;
    let mut words = first.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await.ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    let (body, at) = (String::from_utf8(body).unwrap(), std::time::Instant::now());
    Some(Request { method, path, query, headers, body, at })
}
