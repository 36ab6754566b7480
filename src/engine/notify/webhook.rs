//! A message as JSON, posted to an address. `text` is what chat systems show (Slack, Teams,
//! Mattermost and their like); the rest is for programs.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::json;
use url::Url;

use super::channel;
use crate::model::{Failure, FailureClass, Notification, Secret, Shown};
use crate::transport::http::{self, Client, Guard, Secrets, Timeouts};

/// How long the other side may take.
const TIMEOUTS: Timeouts =
    Timeouts { connect: Duration::from_secs(5), idle: Duration::from_secs(8) };

/// How long all of it may take.
const WHOLE: Duration = Duration::from_secs(12);

/// Characters of `text` at the most: less than any of the chat systems takes.
const TEXT: usize = 3_500;

/// Bytes of an answer that are read.
const ANSWER: usize = 4 * 1024;

const DOING: &str = "sending a notification to";

/// An address that is asked with what it must not be shown with.
pub(super) struct Hook {
    url: Url,
    client: OnceLock<Result<Client, Failure>>,
    secrets: Secrets,
}

impl Hook {
    /// Of an address that the configuration has checked.
    pub(super) fn new(url: &Secret) -> Option<Self> {
        let secrets = Secrets::keeping(parts(url));
        Some(Self { url: Url::parse(url.expose()).ok()?, client: OnceLock::new(), secrets })
    }

    /// Posts the message once. Only a success is one: no redirect is followed, since the
    /// address itself is the secret.
    pub(super) async fn send(
        &self,
        installation: &str,
        message: &Notification,
    ) -> Result<Shown, Failure> {
        let body = serde_json::to_vec(&body(installation, message))
            .map_err(|e| Failure::new(FailureClass::Bug, DOING, "").said(e))?;
        let headers = HeaderMap::from_iter([(
            CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        )]);
        self.ask(Method::POST, &self.url, headers, Some(body)).await
    }

    /// Asks for `url`, which belongs to this address, and returns what is answered.
    pub(super) async fn ask(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Option<Vec<u8>>,
    ) -> Result<Shown, Failure> {
        let client = self.client.get_or_init(|| Client::new(Guard::of(&self.url), TIMEOUTS));
        let client = client.as_ref().map_err(Clone::clone)?;
        let asked = async {
            // The path is as secret as the rest: whoever calls says what it is called.
            let reply = client.send(DOING, method, url, headers, body).await?;
            let status = reply.status();
            if !status.is_success() {
                return Err(http::refusal(DOING, reply, &self.secrets).await);
            }
            let said = http::bytes(DOING, reply, ANSWER).await.unwrap_or_default();
            let said = self.secrets.redact(&String::from_utf8_lossy(&said));
            Ok(Shown::limited(format!("{status} {}", said.trim()).trim(), 200))
        };
        let asked = tokio::time::timeout(WHOLE, asked).await;
        asked.unwrap_or_else(|_| {
            Err(Failure::new(FailureClass::Network, DOING, "").said("no answer in time"))
        })
    }
}

/// The address and what of it may be repeated by the other side.
fn parts(url: &Secret) -> Vec<Secret> {
    let mut parts = vec![url.clone()];
    if let Ok(url) = Url::parse(url.expose()) {
        // Short segments are words such as `services`, and no secret.
        let segments = url.path_segments().into_iter().flatten().filter(|part| part.len() >= 8);
        parts.push(Secret::new(url.path()));
        parts.extend(segments.map(Secret::new));
        parts.extend(url.query().map(Secret::new));
        parts.extend(url.query_pairs().map(|(_, value)| Secret::new(value)));
    }
    // The root alone is no secret, and would be cut out of every path.
    parts.retain(|part| part.expose().len() > 3);
    parts
}

fn body(installation: &str, message: &Notification) -> serde_json::Value {
    let text: String = channel::text(installation, message).chars().take(TEXT).collect();
    json!({
        "text": for_chat(text.trim_end()),
        "source": "transship",
        "version": env!("CARGO_PKG_VERSION"),
        "installation": Shown::limited(installation, 80),
        "id": message.id,
        "event": message.event,
        "at": message.at,
        "endpoint": message.endpoint,
        "cause": message.cause,
        "since": message.since,
        "files": message.files,
        "counts": message.counts,
        "title": message.title,
        "details": message.lines,
    })
}

/// Text in which nothing is a link, a mention or a call of everybody: names from outside
/// stand in it.
fn for_chat(text: &str) -> String {
    let mut text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    for everybody in ["channel", "here", "all", "everyone"] {
        text = text.replace(&format!("@{everybody}"), &format!("@ {everybody}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_outside_call_nobody() {
        let text = for_chat("a <!channel> @here & <https://evil.example|click>.csv");
        assert_eq!(text, "a &lt;!channel&gt; @ here &amp; &lt;https://evil.example|click&gt;.csv");
    }

    #[test]
    fn of_an_address_everything_that_could_be_a_token_is_known() {
        let url = Secret::new("https://hooks.example/services/T0/B0/kanarienvogel?token=abcd");
        let secrets = Secrets::keeping(parts(&url));
        let said = "no_team for kanarienvogel, abcd, /services/T0/B0/kanarienvogel";
        let shown = secrets.without_known(said);
        assert!(!shown.contains("kanarienvogel") && !shown.contains("abcd"), "{shown}");
        let root = Secrets::keeping(parts(&Secret::new("https://hooks.example/")));
        assert_eq!(root.without_known("a/b"), "a/b");
    }
}
