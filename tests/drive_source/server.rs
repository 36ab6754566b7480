//! An HTTP server over loopback that answers as it is told, and may break off.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::Request as HttpRequest;
use axum::response::Response;
use futures::{Stream, StreamExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub url_length: usize,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    pub fn is_token(&self) -> bool {
        self.path == "/token"
    }

    pub fn is_api(&self) -> bool {
        self.path.starts_with("/drive/v3/")
    }

    pub fn is_list(&self) -> bool {
        self.path == "/drive/v3/files"
    }

    pub fn is_changes(&self) -> bool {
        self.path == "/drive/v3/changes"
    }

    pub fn is_start(&self) -> bool {
        self.path == "/drive/v3/changes/startPageToken"
    }

    pub fn is_media(&self) -> bool {
        self.param("alt") == Some("media")
    }

    pub fn is_export(&self) -> bool {
        self.path.ends_with("/export")
    }

    pub fn is_get(&self) -> bool {
        self.path.starts_with("/drive/v3/files/") && !self.is_media() && !self.is_export()
    }

    /// The folders whose children a list asks for.
    pub fn parents(&self) -> Vec<String> {
        let q = self.param("q").unwrap_or_default();
        let parts: Vec<&str> = q.split('\'').collect();
        let followed = |n: &usize| parts[n + 1].starts_with(" in parents");
        (1..parts.len()).step_by(2).filter(followed).map(|n| parts[n].to_owned()).collect()
    }
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Answer {
    Reply(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Announces so many bytes, sends fewer and breaks the connection.
    Cut(u16, Vec<(&'static str, String)>, usize, Vec<u8>),
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

/// An error in the vendor's form.
pub fn error(status: u16, reason: &str, message: &str) -> Answer {
    let errors = serde_json::json!([{"domain": "global", "reason": reason, "message": message}]);
    let body = serde_json::json!({"error": {"code": status, "message": message, "errors": errors}});
    reply(status, body.to_string())
}

type Handler = dyn Fn(&Request) -> Answer + Send + Sync;

struct Shared {
    handler: Box<Handler>,
    latency: Duration,
    seen: Mutex<Vec<Request>>,
}

pub struct Server {
    pub origin: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Server {
    pub async fn start(
        latency: Duration,
        handler: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let shared =
            Arc::new(Shared { handler: Box::new(handler), latency, seen: Mutex::default() });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move {
            axum::serve(listener, app).await.unwrap();
        });
        Self { origin, shared, serving }
    }

    pub fn seen(&self) -> Vec<Request> {
        self.shared.seen.lock().unwrap().clone()
    }

    pub fn count(&self, which: impl Fn(&Request) -> bool) -> usize {
        self.shared.seen.lock().unwrap().iter().filter(|r| which(r)).count()
    }

    pub fn forget(&self) {
        self.shared.seen.lock().unwrap().clear();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: HttpRequest<Body>) -> Response {
    let request = read(request).await;
    shared.seen.lock().unwrap().push(request.clone());
    tokio::time::sleep(shared.latency).await;
    match (shared.handler)(&request) {
        Answer::Reply(status, headers, body) => response(status, headers, Body::from(body)),
        Answer::Cut(status, mut headers, announced, body) => {
            headers.push(("content-length", announced.to_string()));
            response(status, headers, Body::from_stream(broken(body)))
        }
        Answer::Hang => std::future::pending().await,
    }
}

/// A body that breaks off once it is on its way.
fn broken(body: Vec<u8>) -> impl Stream<Item = io::Result<Bytes>> {
    let reset = async {
        // What is written so far is flushed while nothing more is ready.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        Err(io::ErrorKind::ConnectionReset.into())
    };
    let begun = (!body.is_empty()).then(|| Ok(Bytes::from(body)));
    futures::stream::iter(begun).chain(futures::stream::once(reset))
}

async fn read(request: HttpRequest<Body>) -> Request {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let query = head.uri.query().unwrap_or_default();
    let header = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    Request {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        url_length: head.uri.to_string().len(),
        headers: head.headers.iter().map(header).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

fn response(status: u16, headers: Vec<(&'static str, String)>, body: Body) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(body).unwrap()
}
