//! A service that works, except where the test says otherwise.

use std::path::PathBuf;
use std::time::Duration;

use transship::model::{EncouraAccount, Secret};
use transship::sources::encoura::Encoura;
use transship::transport::http::Timeouts;

pub use super::scripted::*;

pub const API_KEY: &str = "canary-api-key";
pub const PASSWORD: &str = "canary-password";
pub const TOKEN: &str = "canary-session-token";
pub const SIGNATURE: &str = "canary-signature";

impl Request {
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

pub struct Stub {
    pub base: String,
    pub origin: String,
    server: Server,
}

impl Stub {
    /// A server that answers as `handler` says.
    pub async fn start(handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let server = Server::start(handler).await;
        let origin = server.origin.clone();
        Self { base: format!("{origin}/v1"), origin, server }
    }

    /// A service that works, except where `over` answers instead.
    pub async fn service(
        over: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        Self::start(move |request| over(request).unwrap_or_else(|| working(request))).await
    }

    /// Stops listening; connections are refused from then on.
    pub async fn stop(self) {
        self.server.stop().await;
    }

    pub fn seen(&self) -> Vec<Request> {
        self.server.seen()
    }

    pub fn count(&self, which: impl Fn(&Request) -> bool) -> usize {
        self.server.count(which)
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

/// A folder of its own and a file in it that does not exist yet.
pub fn new_file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.json");
    (folder, path)
}
