//! Replies as bytes: pretty or not, packed or not, whole or cut.

use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::gzip::gzip;
use super::refusal::Refusal;
use super::{Api, Call};
use crate::demo::encoura::cut_body;
use crate::demo::fault::Fault;

/// A reply in JSON; cut in the middle, when that is armed.
pub(super) fn json(api: &Api, call: &Call, value: &Value) -> Response {
    let pretty = call.params.get("prettyPrint") != Some("false");
    let (bytes, packed) = written(call, value, pretty);
    let mut response = match api.world.strike(Fault::DriveCutBody) {
        Some(strike) => cut_body(bytes, strike),
        None => bytes.into_response(),
    };
    describe(&mut response, packed);
    response
}

/// A refusal, as the API or the server before it words it.
pub(super) fn refused(call: &Call, refusal: &Refusal) -> Response {
    let mut response = match refusal.page {
        Some(page) => axum::response::Html(page).into_response(),
        None => {
            let (bytes, packed) = written(call, &refusal.json(), true);
            let mut response = bytes.into_response();
            describe(&mut response, packed);
            response
        }
    };
    *response.status_mut() = refusal.status;
    let headers = response.headers_mut();
    if let Some(challenge) = refusal.challenge {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if let Some(pause) = refusal.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(pause.as_secs()));
    }
    response
}

/// A page of a proxy in between.
pub(super) fn html(status: StatusCode) -> Response {
    let page = "<html><head><title>502 Bad Gateway</title></head><body>proxy</body></html>";
    (status, axum::response::Html(page)).into_response()
}

fn written(call: &Call, value: &Value, pretty: bool) -> (Bytes, bool) {
    let text = if pretty { format!("{value:#}\n") } else { value.to_string() };
    if call.takes_gzip() { (gzip(text.as_bytes()).into(), true) } else { (text.into(), false) }
}

fn describe(response: &mut Response, packed: bool) {
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/json; charset=UTF-8");
    headers.insert(header::CONTENT_TYPE, kind);
    if packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
}
