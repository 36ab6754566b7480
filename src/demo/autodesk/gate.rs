//! What stands before every call of Data Management and OSS, in the vendor's
//! order: the token, the quota, then the service with its bad days.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;

use super::limits::{Class, Verdict};
use super::oauth::{Grant, covers};
use super::{Api, error};
use crate::demo::encoura::{cut_body, hang_up, text};
use crate::demo::fault::Fault;
use crate::demo::net::Scissors;
use crate::demo::world::Offence;

/// What a slow reply waits for, unless it was armed with another number.
const SLOW: u64 = 200;

const MORE: &str = "https://aps.autodesk.com/en/docs/oauth/v2/developers_guide/error_handling/";

/// Who is calling.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) grant: Grant,
    token: String,
}

/// Why a call goes no further.
#[derive(Clone, Copy, Debug)]
pub(super) enum Halt {
    /// The token, with the vendor's code and words.
    Token(StatusCode, &'static str, &'static str),
    /// The quota; `offence`: it had been said before.
    Quota { retry_after: Option<u64>, offence: bool },
    /// The person that a two-legged token acts for.
    Person,
}

const UNKNOWN: Halt = Halt::Token(
    StatusCode::UNAUTHORIZED,
    "AUTH-006",
    "The access token provided is invalid or has expired.",
);

/// The token is good, but not for this.
pub(super) const NOT_COVERED: Halt = Halt::Token(
    StatusCode::FORBIDDEN,
    "AUTH-010",
    "Token does not have the privilege for this request.",
);

impl IntoResponse for Halt {
    fn into_response(self) -> Response {
        match self {
            Self::Token(status, code, says) => {
                let body = json!({ "developerMessage": says, "moreInfo": MORE, "errorCode": code });
                (status, Json(body)).into_response()
            }
            Self::Quota { retry_after, offence } => {
                let body = Json(json!({ "developerMessage": "Quota limit exceeded." }));
                let mut response = (StatusCode::TOO_MANY_REQUESTS, body).into_response();
                if let Some(seconds) = retry_after {
                    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
                }
                if offence {
                    response.extensions_mut().insert(Offence::InsideRetryAfter);
                }
                response
            }
            Self::Person => error::no_permission().into_response(),
        }
    }
}

/// The caller behind a token that is good.
pub(super) fn bearer(api: &Api, headers: &HeaderMap) -> Result<Caller, Halt> {
    let says = "The Authorization header is missing.";
    let missing = Halt::Token(StatusCode::UNAUTHORIZED, "AUTH-012", says);
    let value = text(headers, header::AUTHORIZATION.as_str()).ok_or(missing)?;
    let token = value.strip_prefix("Bearer ").ok_or(UNKNOWN)?;
    let (grant, _) = api.tokens.good(token).ok_or(UNKNOWN)?;
    Ok(Caller { grant, token: token.to_owned() })
}

/// Counts a call; stops it if there were too many.
pub(super) fn limit(api: &Api, client_id: &str, class: Class) -> Result<(), Halt> {
    match api.limiter.ask(client_id, class, Instant::now()) {
        Verdict::Pass => Ok(()),
        Verdict::Refused { retry_after, offence } => {
            Err(Halt::Quota { retry_after: Some(retry_after), offence })
        }
    }
}

/// Lets a call through, or does with it what is armed.
pub(super) async fn gate(
    State(api): State<Arc<Api>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    route: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    let (class, scope) = needs(route.as_str());
    let caller = match entrance(&api, request.headers(), class, scope) {
        Ok(caller) => caller,
        Err(halt) => return halt.into_response(),
    };
    if request.uri().path().contains(':') {
        let says = "URNs in a path must be percent-encoded.";
        return error::bad_input(says).into_response();
    }
    if let Some(strike) = api.world.strike(Fault::ApsSlow) {
        tokio::time::sleep(Duration::from_millis(strike.value.unwrap_or(SLOW))).await;
    }
    if api.strikes(Fault::ApsHang) {
        return std::future::pending().await;
    }
    if api.strikes(Fault::ApsCutBefore) {
        return hang_up(&scissors).await;
    }
    if let Some(reply) = instead(&api, &caller.grant.client_id, class) {
        return reply;
    }
    request.extensions_mut().insert(caller);
    let response = next.run(request).await;
    match api.world.strike(Fault::ApsCutBody) {
        Some(strike) => {
            let (head, body) = response.into_parts();
            let Ok(body) = to_bytes(body, usize::MAX).await else {
                return hang_up(&scissors).await;
            };
            let mut cut = cut_body(body, strike);
            *cut.status_mut() = head.status;
            cut.headers_mut().extend(head.headers);
            cut
        }
        None => response,
    }
}

fn entrance(api: &Api, headers: &HeaderMap, class: Class, scope: &str) -> Result<Caller, Halt> {
    let caller = bearer(api, headers)?;
    if api.strikes(Fault::ApsTokenExpired) {
        api.tokens.expire(&caller.token);
        bearer(api, headers)?;
    }
    if !covers(&caller.grant.scopes, scope) {
        return Err(NOT_COVERED);
    }
    limit(api, &caller.grant.client_id, class)?;
    match text(headers, "x-user-id") {
        // A two-legged token may act for one of the account's people.
        Some(user) if caller.grant.user_id.is_none() && !super::oauth::is_user(user) => {
            Err(Halt::Person)
        }
        _ => Ok(caller),
    }
}

/// Replies of a service that has a bad day.
fn instead(api: &Api, client_id: &str, class: Class) -> Option<Response> {
    if let Some(strike) = api.world.strike(Fault::Aps429) {
        let seconds = strike.value.unwrap_or(1);
        api.limiter.close(client_id, class, seconds, Instant::now());
        let halt = Halt::Quota { retry_after: Some(seconds), offence: false };
        return Some(halt.into_response());
    }
    if api.strikes(Fault::Aps429Bare) {
        return Some(Halt::Quota { retry_after: None, offence: false }.into_response());
    }
    if api.strikes(Fault::Aps500) {
        let body = json!({ "developerMessage": "Generic internal server error." });
        return Some((StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response());
    }
    api.strikes(Fault::ApsHtml502).then(|| {
        let page = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";
        (StatusCode::BAD_GATEWAY, Html(page)).into_response()
    })
}

/// The class of a route, and the scope that it needs.
fn needs(route: &str) -> (Class, &'static str) {
    let class = match route.trim_start_matches("/project/v1").trim_start_matches("/data/v1") {
        "/hubs" | "/hubs/{hub}" => Class::Hubs,
        "/hubs/{hub}/projects" => Class::Projects,
        "/hubs/{hub}/projects/{project}" | "/hubs/{hub}/projects/{project}/hub" => Class::Project,
        "/hubs/{hub}/projects/{project}/topFolders" => Class::TopFolders,
        "/projects/{project}/folders/{folder}/contents" => Class::Contents,
        "/projects/{project}/folders/{folder}/search" => return (Class::Search, "data:search"),
        "/projects/{project}/items/{item}/versions" => Class::ItemVersions,
        "/projects/{project}/items/{item}/tip" => Class::Tip,
        rest if rest.starts_with("/projects/{project}/folders") => Class::Folder,
        rest if rest.starts_with("/projects/{project}/items") => Class::Item,
        rest if rest.starts_with("/projects/{project}/versions") => Class::Version,
        _ => Class::Oss,
    };
    (class, "data:read")
}
