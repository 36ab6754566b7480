//! A scripted HTTP server that may also break the protocol, and a sink.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use transship::model::{EncouraAccount, Failure, Secret};
use transship::sources::encoura::Encoura;
use transship::sources::{ContentHead, ContentSink, Resume};
use transship::transport::http::Timeouts;

pub const API_KEY: &str = "canary-api-key";
pub const PASSWORD: &str = "canary-password";
pub const TOKEN: &str = "canary-session-token";
pub const SIGNATURE: &str = "canary-signature";

/// One request as it came over the wire.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub fn is_list(&self) -> bool {
        self.path.ends_with("/exports")
    }

    pub fn is_login(&self) -> bool {
        self.path.ends_with("/login")
    }

    pub fn is_ask(&self) -> bool {
        self.path.ends_with("/download")
    }

    pub fn is_store(&self) -> bool {
        self.path.starts_with("/store/")
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

pub struct Stub {
    pub base: String,
    pub origin: String,
    seen: Arc<Mutex<Vec<Request>>>,
    accepting: JoinHandle<()>,
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Stub {
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
        Self { base: format!("{origin}/v1"), origin, seen, accepting }
    }

    /// A service that works, except where `over` answers instead.
    pub async fn service(
        over: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        Self::start(move |request| over(request).unwrap_or_else(|| working(request))).await
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

    pub fn account(&self) -> EncouraAccount {
        EncouraAccount {
            name: "encoura".into(),
            base_url: self.base.clone(),
            api_key: Secret::new(API_KEY),
            organization_uid: None,
            username: "ops@school.example".into(),
            password: Secret::new(PASSWORD),
            auth_scheme: "JWT".into(),
        }
    }

    pub fn source(&self) -> Encoura {
        source(self.account())
    }

    /// A source that soon notices a server that hangs.
    pub fn hasty(&self, idle_ms: u64) -> Encoura {
        with_idle(self.account(), Duration::from_millis(idle_ms))
    }
}

pub fn source(account: EncouraAccount) -> Encoura {
    with_idle(account, Duration::from_secs(60))
}

fn with_idle(account: EncouraAccount, idle: Duration) -> Encoura {
    let timeouts = Timeouts { connect: Duration::from_secs(30), idle };
    Encoura::with_timeouts(account, timeouts).unwrap()
}

pub fn login_reply() -> String {
    format!(r#"{{"sessionToken":"{TOKEN}","user":{{"organizations":[{{"uid":"org-1"}}]}}}}"#)
}

pub fn url_of(request: &Request, path: &str) -> String {
    let host = request.header("host").unwrap();
    format!("http://{host}{path}?X-Amz-Signature={SIGNATURE}")
}

/// A reply that names the URL of `path` on the same server.
pub fn download_url(request: &Request, path: &str) -> Answer {
    reply(200, format!(r#"{{"downloadUrl":"{}"}}"#, url_of(request, path)))
}

pub const CONTENT: &[u8] = b"0123456789abcdefghij";

fn working(request: &Request) -> Answer {
    if request.is_login() {
        return reply(200, login_reply());
    }
    if request.is_list() {
        return reply(200, r#"[{"uid":"a"}]"#);
    }
    if request.is_ask() {
        return download_url(request, "/store/bucket/My%20file-%C3%A9.csv");
    }
    reply_with(200, &[("ETag", "\"v1\"")], CONTENT)
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
    Some(Request { method, path, query, headers, body: String::from_utf8(body).unwrap() })
}

/// A sink in memory, which holds the contract of `begin` against the source.
#[derive(Debug, Default)]
pub struct Memory {
    pub bytes: Vec<u8>,
    pub heads: Vec<ContentHead>,
    pub etag: Option<String>,
}

impl Memory {
    pub fn holding(bytes: &[u8], etag: &str) -> Self {
        Self { bytes: bytes.to_vec(), heads: vec![], etag: Some(etag.into()) }
    }
}

#[async_trait]
impl ContentSink for Memory {
    fn resume(&self) -> Option<Resume> {
        Some(Resume { offset: self.bytes.len() as u64, etag: self.etag.clone()? })
    }

    async fn begin(&mut self, head: ContentHead) -> Result<(), Failure> {
        if head.offset == 0 {
            self.bytes.clear();
        }
        assert_eq!(head.offset, self.bytes.len() as u64, "a gap or an overlap");
        self.etag.clone_from(&head.etag);
        self.heads.push(head);
        Ok(())
    }

    async fn write(&mut self, chunk: Bytes) -> Result<(), Failure> {
        self.bytes.extend_from_slice(&chunk);
        Ok(())
    }
}

/// A folder of its own and a file in it that does not exist yet.
pub fn new_file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.json");
    (folder, path)
}
