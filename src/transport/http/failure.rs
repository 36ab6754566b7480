//! What went wrong with a request or its reply, in the operator's words.

use std::error::Error;
use std::io;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use url::Url;

use super::resolver::NotAdmitted;
use super::{Secrets, body};
use crate::model::{Failure, FailureClass as C, Retry, Shown};

/// How much of an error body is read, in bytes, and shown, in characters.
const ERROR_BODY: usize = 8 * 1024;
const EXCERPT: usize = 200;

/// A service that asks for a longer pause than this is not believed.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

const LOGIN_PAGE: &str = "a proxy or login page answered instead of the service: \
                          check the base URL and this machine's proxy settings";

/// What a URL may be called in messages: host and path, never the query.
pub(crate) fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}{}", url.path()),
        None => format!("{host}{}", url.path()),
    }
}

/// The failure of a request without a reply, or of a reply that broke off.
pub(super) fn of_error(doing: &str, place: &str, error: &reqwest::Error) -> Failure {
    let network = |said: &str| Failure::new(C::Network, doing, place).said(said);
    if has::<NotAdmitted>(error) {
        return Failure::new(C::Refused, doing, place).said(NotAdmitted);
    }
    if error.is_dns() {
        return network("the host's name cannot be resolved")
            .advice("check the name and this machine's DNS and network");
    }
    let said = innermost(error);
    if is_certificate(&said) {
        return Failure::new(C::HostKey, doing, place).said(said).advice(
            "the server's certificate is not trusted: check the host name, this machine's clock \
             and certificates, and whether a proxy opens TLS connections",
        );
    }
    match (error.is_connect(), error.is_timeout()) {
        (true, true) => network("no connection in time").advice("check host, port and firewall"),
        (true, false) if io_kind(error) == Some(io::ErrorKind::ConnectionRefused) => {
            network("connection refused").advice("check host and port")
        }
        (false, true) => network("no answer in time"),
        _ => network(&said),
    }
}

/// The failure that a reply's status and body tell. Reads a little of the body;
/// `secrets` are cut out of what is shown.
pub(crate) async fn refusal(doing: &str, reply: Response, secrets: &Secrets) -> Failure {
    refusal_and_body(doing, reply, secrets).await.0
}

/// Like [`refusal`], with the beginning of the body as it came, for whoever has to
/// tell one refusal from another. It is not to be shown.
pub(crate) async fn refusal_and_body(
    doing: &str,
    reply: Response,
    secrets: &Secrets,
) -> (Failure, Vec<u8>) {
    let place = place(reply.url());
    let (status, headers) = (reply.status(), reply.headers().clone());
    let body = body::excerpt(reply, ERROR_BODY).await;
    let failure = of_status(doing, &place, status, &headers, &words(&body, secrets));
    (failure, body)
}

/// A reply that does not follow the contract; HTML gets an advice of its own.
pub(crate) fn unexpected(
    doing: &str,
    place: &str,
    what: &str,
    body: &[u8],
    secrets: &Secrets,
) -> Failure {
    if is_html(body) {
        return html_page(doing, place);
    }
    let failure = Failure::new(C::Protocol, doing, place);
    let words = words(body, secrets);
    if words.is_empty() { failure.said(what) } else { failure.said(format!("{what}: {words}")) }
}

/// A web page where something else was asked for.
pub(crate) fn html_page(doing: &str, place: &str) -> Failure {
    Failure::new(C::Protocol, doing, place).said("an HTML page").advice(LOGIN_PAGE)
}

/// Class, words and retry of a status that is not a success.
fn of_status(
    doing: &str,
    place: &str,
    status: StatusCode,
    headers: &HeaderMap,
    words: &str,
) -> Failure {
    let class = match status.as_u16() {
        401 => C::SignIn,
        403 => C::Refused,
        404 | 410 => C::NotFound,
        408 | 500..=599 => C::Unavailable,
        429 => C::Throttled,
        _ => C::Protocol,
    };
    let said = if words.is_empty() { status.to_string() } else { format!("{status}: {words}") };
    let failure = Failure::new(class, doing, place).said(said);
    let failure = match retry_after(headers, Timestamp::now()) {
        Some(pause) if matches!(class, C::Throttled | C::Unavailable) => {
            failure.retry(Retry::After(pause))
        }
        _ => failure,
    };
    let html = headers
        .get(CONTENT_TYPE)
        .is_some_and(|t| t.as_bytes().to_ascii_lowercase().starts_with(b"text/html"));
    match status.as_u16() {
        300..=399 => failure.advice("the service has moved: set its new base URL"),
        _ if html => failure.advice(LOGIN_PAGE),
        _ => failure,
    }
}

/// `Retry-After`: seconds or an HTTP date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
            // A date that has passed means now.
            Duration::try_from(date.duration_since(now)).unwrap_or_default()
        }
    };
    Some(pause.min(MAX_RETRY_AFTER))
}

/// What a body says: the message of a JSON or XML error, or its beginning.
fn words(body: &[u8], secrets: &Secrets) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if is_html(body) {
        return "an HTML page".into();
    }
    let message = json_message(text)
        .or_else(|| nested_message(text))
        .or_else(|| xml_message(text))
        .unwrap_or_else(|| text.into());
    Shown::limited(secrets.redact(&message), EXCERPT).to_string()
}

/// The names under which services put what they have to say.
const MESSAGES: &[&str] = &[
    "message",
    "Message",
    "errorMessage",
    "error_description",
    "developerMessage",
    "error",
    "detail",
    "reason",
];

/// `{"message": …}` of API gateways and its relatives.
fn json_message(text: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let plain = MESSAGES.iter().find_map(|key| value.get(key)?.as_str()).map(ToOwned::to_owned);
    plain.or_else(|| json_api_error(&value))
}

/// Code and words of the first of a document's errors (<https://jsonapi.org/format/#errors>).
fn json_api_error(document: &serde_json::Value) -> Option<String> {
    let error = document.pointer("/errors/0")?;
    let text = |key| error.get(key).and_then(serde_json::Value::as_str);
    let words = text("detail").or_else(|| text("title"));
    match (text("code"), words) {
        (Some(code), Some(words)) => Some(format!("{code}: {words}")),
        (code, words) => words.or(code).map(ToOwned::to_owned),
    }
}

/// `{"error": {"message": …}}` of Google's services.
fn nested_message(text: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    value.pointer("/error/message").and_then(serde_json::Value::as_str).map(ToOwned::to_owned)
}

/// Code and message of an object store's XML.
fn xml_message(text: &str) -> Option<String> {
    let code = xml_element(text, "Code")?;
    Some(match xml_element(text, "Message") {
        Some(message) => format!("{code}: {message}"),
        None => code.to_owned(),
    })
}

/// The text of the first element of this name, without its own markup read.
fn xml_element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = text.split_once(&format!("<{name}>"))?;
    Some(after.split_once(&format!("</{name}>"))?.0.trim())
}

fn is_html(body: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&body[..body.len().min(512)]).to_ascii_lowercase();
    let start = start.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |&e| e.source())
}

fn has<T: Error + 'static>(error: &reqwest::Error) -> bool {
    causes(error).any(|e| e.is::<T>())
}

fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    causes(error).find_map(|e| e.downcast_ref::<io::Error>()).map(io::Error::kind)
}

/// The words of the last cause: the outer ones repeat the URL or say "error
/// sending request".
fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(|| "the request could not be sent".into(), |e| e.to_string())
}

/// rustls says "invalid peer certificate: …"; its types are not ours to name.
fn is_certificate(words: &str) -> bool {
    words.to_ascii_lowercase().contains("certificate")
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn statuses_have_classes() {
        for (status, class) in [
            (302, C::Protocol),
            (400, C::Protocol),
            (401, C::SignIn),
            (403, C::Refused),
            (404, C::NotFound),
            (408, C::Unavailable),
            (410, C::NotFound),
            (429, C::Throttled),
            (500, C::Unavailable),
            (502, C::Unavailable),
            (504, C::Unavailable),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let failure = of_status("listing", "host/path", status, &HeaderMap::new(), "words");
            assert_eq!(failure.class, class, "{status}");
            assert!(failure.to_string().contains("words"), "{failure}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-05-01T12:00:00Z".parse().unwrap();
        for (text, seconds) in [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("Fri, 01 May 2026 12:01:00 GMT", Some(60)),
            ("Fri, 01 May 2026 11:00:00 GMT", Some(0)),
            ("99999999999", Some(24 * 60 * 60)),
            ("-5", None),
            ("soon", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);
            assert_eq!(retry_after(&headers, now), seconds.map(Duration::from_secs), "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn bodies_speak() {
        let secrets = Secrets::default();
        secrets.learn(&crate::model::Secret::new("canary-key"));
        for (body, said) in [
            (r#"{"message":"Forbidden"}"#, "Forbidden"),
            (r#"{"message":null,"error":"no such export"}"#, "no such export"),
            (r#"{"developerMessage":"Quota limit exceeded."}"#, "Quota limit exceeded."),
            (r#"{"errors":[{"status":"403","code":"C","detail":"No."}]}"#, "C: No."),
            (r#"{"errors":[{"title":"No."}]}"#, "No."),
            (r#"{"errors":[]}"#, r#"{"errors":[]}"#),
            (
                "<?xml?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
                "AccessDenied: Request has expired",
            ),
            ("<!DOCTYPE html><title>Sign in</title>", "an HTML page"),
            ("\u{feff}\n <HTML>", "an HTML page"),
            (r#"{"error":{"code":404,"message":"File not found: x."}}"#, "File not found: x."),
            ("plain words", "plain words"),
            ("", ""),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            (r#"{"message":"key canary-key is wrong"}"#, "key [redacted] is wrong"),
        ] {
            assert_eq!(words(body.as_bytes(), &secrets), said);
        }
        assert_eq!(words("x".repeat(5000).as_bytes(), &secrets).chars().count(), EXCERPT + 1);
    }
}
