//! `POST /token`: an access token for a signed assertion (RFC 7523), as the vendor's
//! guide "Using OAuth 2.0 for server to server applications" describes it.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::json;

use super::params::Params;
use super::sessions::Sessions;
use super::{Api, Service};
use crate::demo::fault::Fault;
use crate::demo::google_drive::SERVICE_ACCOUNT;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The audience that the official Python client always names, whatever `token_uri` is.
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";

/// Longest life of an assertion, seconds.
const LONGEST: i64 = 3600;

/// How far the clocks of both sides may differ, seconds. Assumed.
const SKEW: i64 = 300;

const OUT_OF_TIME: &str = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a \
    reasonable timeframe. Check your iat and exp values in the JWT claim.";

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
    scope: Option<String>,
    sub: Option<String>,
}

/// Status, `error`, `error_description`.
type Refused = (StatusCode, &'static str, String);

fn invalid_grant(says: &str) -> Refused {
    (StatusCode::BAD_REQUEST, "invalid_grant", says.to_owned())
}

pub(super) async fn token(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let place = api.world.called(Service::GoogleDrive, "POST", "/token".to_owned());
    let response = match grant(&api, &headers, &body) {
        Ok(token) => Json(json!({
            "access_token": token,
            // One second is lost on the way, as at the vendor's.
            "expires_in": api.options.token_life.as_secs().saturating_sub(1),
            "token_type": "Bearer",
        }))
        .into_response(),
        Err((status, error, says)) => {
            (status, Json(json!({ "error": error, "error_description": says }))).into_response()
        }
    };
    api.world.answered(place, u32::from(response.status().as_u16()));
    response
}

fn grant(api: &Api, headers: &HeaderMap, body: &[u8]) -> Result<String, Refused> {
    if api.strikes(Fault::DriveSignIn503) {
        let says = "The service is currently unavailable.".to_owned();
        return Err((StatusCode::SERVICE_UNAVAILABLE, "internal_failure", says));
    }
    let invalid = |says: &str| (StatusCode::BAD_REQUEST, "invalid_request", says.to_owned());
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind.and_then(|kind| kind.split(';').next()) != Some("application/x-www-form-urlencoded") {
        return Err(invalid("Bad Request"));
    }
    let form = Params::parse(body);
    if form.get("grant_type") != Some(GRANT) {
        let says = format!("Invalid grant_type: {}", form.get("grant_type").unwrap_or(""));
        return Err((StatusCode::BAD_REQUEST, "unsupported_grant_type", says));
    }
    let assertion =
        form.get("assertion").ok_or_else(|| invalid("Missing required parameter: assertion"))?;
    let claims = verified(api, assertion)?;
    let now = jiff::Timestamp::now().as_second();
    if claims.aud != AUDIENCE && claims.aud != format!("{}/token", api.origin) {
        return Err(invalid_grant("Invalid JWT: Failed audience check."));
    }
    let in_time = claims.iat <= now + SKEW
        && claims.exp > now
        && claims.exp > claims.iat
        && claims.exp.saturating_sub(claims.iat) <= LONGEST;
    if !in_time {
        return Err(invalid_grant(OUT_OF_TIME));
    }
    let scope = claims.scope.as_deref().unwrap_or_default();
    if scope.trim().is_empty() {
        let says = "Empty or missing scope not allowed.".to_owned();
        return Err((StatusCode::BAD_REQUEST, "invalid_scope", says));
    }
    if !Sessions::known(scope) {
        let says = "Invalid OAuth scope or ID token audience provided.".to_owned();
        return Err((StatusCode::BAD_REQUEST, "invalid_scope", says));
    }
    if api.strikes(Fault::DriveSignInRefused) {
        return Err(invalid_grant("Invalid JWT Signature."));
    }
    let user = acts_for(api, claims.sub.as_deref())?;
    Ok(api.sessions.open(user, scope, api.options.token_life))
}

/// The claims of an assertion that the service account signed.
fn verified(api: &Api, assertion: &str) -> Result<Claims, Refused> {
    let malformed = || invalid_grant("Invalid JWT: Malformed token.");
    let part = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let (message, signature) = assertion.rsplit_once('.').ok_or_else(malformed)?;
    let (header, claims) = message.split_once('.').ok_or_else(malformed)?;
    let header: Header =
        part(header).and_then(|json| serde_json::from_slice(&json).ok()).ok_or_else(malformed)?;
    let claims: Claims =
        part(claims).and_then(|json| serde_json::from_slice(&json).ok()).ok_or_else(malformed)?;
    if header.alg != "RS256" {
        return Err(invalid_grant("Invalid JWT: Unsupported algorithm."));
    }
    if claims.iss != SERVICE_ACCOUNT {
        return Err(invalid_grant("Invalid grant: account not found"));
    }
    let ours = header.kid.is_none_or(|kid| kid == api.key.id());
    let signature = part(signature).ok_or_else(malformed)?;
    if !ours || !api.key.signed(message.as_bytes(), &signature) {
        return Err(invalid_grant("Invalid JWT Signature."));
    }
    Ok(claims)
}

/// Whom the account acts for: itself, or a user who was delegated to it.
fn acts_for<'a>(api: &Api, sub: Option<&'a str>) -> Result<&'a str, Refused> {
    match sub {
        None => Ok(SERVICE_ACCOUNT),
        Some(SERVICE_ACCOUNT) => Ok(SERVICE_ACCOUNT),
        Some(user) if !api.drive().tree().knows(user) => {
            Err(invalid_grant("Invalid email or User ID"))
        }
        Some(user) if api.options.delegates.iter().any(|delegate| delegate == user) => Ok(user),
        Some(_) => {
            let says = "Client is unauthorized to retrieve access tokens using this method, or \
                        client not authorized for any of the scopes requested.";
            Err((StatusCode::UNAUTHORIZED, "unauthorized_client", says.to_owned()))
        }
    }
}
