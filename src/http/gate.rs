//! What every request passes before it is answered.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use axum::http::header::X_CONTENT_TYPE_OPTIONS;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};
use axum::response::{IntoResponse as _, Response};

use super::app::App;
use super::connection::Peer;
use super::host;
use super::limiter::Standing;
use super::login::Said;
use super::problem::Problem;
use super::routes;

/// As draft-ietf-httpapi-ratelimit-headers-03 names them.
const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Answers a request, or says what is wrong with it.
pub(super) async fn answer<B>(
    app: Arc<App>,
    peer: Peer,
    request: Request<B>,
) -> Result<Response, Infallible> {
    let (request, _) = request.into_parts();
    let route = routes::find(request.uri.path());
    let is_open = route.is_some_and(|route| route.open);
    let mut standing = None;
    let mut response = match admit(&app, peer, &request, is_open, &mut standing) {
        Ok(()) => routes::answer(app, route, request).await,
        Err(problem) => problem.into_response(),
    };
    let headers = response.headers_mut();
    // What bears a mark says itself how long it is good for.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(standing) = standing {
        headers.insert(LIMIT, standing.limit.into());
        headers.insert(REMAINING, standing.remaining.into());
        headers.insert(RESET, standing.reset_seconds.into());
    }
    Ok(response)
}

/// Whether the request is answered; `counted` is where its address stands after it.
fn admit(
    app: &App,
    peer: Peer,
    request: &Parts,
    is_open: bool,
    counted: &mut Option<Standing>,
) -> Result<(), Problem> {
    if peer.on_loopback {
        host::check(&request.uri, &request.headers)?;
    }
    if has_body(&request.headers) {
        return Err(Problem::too_large());
    }
    // Who watches over the program must always get through, and knows no password.
    if is_open {
        return Ok(());
    }
    let now = Instant::now();
    let standing = *counted.insert(app.requests.count(peer.address, now));
    if !standing.allowed {
        let words = "this address has asked too often in the last minute";
        return Err(Problem::too_many(words, standing.reset_seconds));
    }
    let Some(login) = &app.login else { return Ok(()) };
    // Nor is the right password looked at any more: guessing on must not pay.
    let failures = app.failures.look(peer.address, now);
    if !failures.allowed {
        let words = "too many wrong passwords from this address";
        return Err(Problem::too_many(words, failures.reset_seconds));
    }
    match login.check(&request.headers) {
        Said::Right => Ok(()),
        Said::Nothing => Err(Problem::unauthorized()),
        Said::Wrong => {
            app.failures.count(peer.address, now);
            tracing::warn!(address = %peer.address, "http: a wrong user name or password");
            Err(Problem::unauthorized())
        }
    }
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH).map(HeaderValue::as_bytes);
    headers.contains_key(TRANSFER_ENCODING) || length.is_some_and(|length| length != b"0")
}
