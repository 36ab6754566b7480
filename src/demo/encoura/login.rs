//! `POST /v1/login`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::{Api, Refusal, UNAUTHORIZED, text};
use crate::demo::fault::Fault;

/// Exactly what the vendor's sample sends.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Credentials {
    user_name: String,
    password: String,
    accepted_terms: bool,
}

pub(super) async fn login(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if text(&headers, "x-api-key") != Some(api.account.api_key.expose()) {
        return Refusal(StatusCode::FORBIDDEN, "Forbidden").into_response();
    }
    let json = text(&headers, header::CONTENT_TYPE.as_str())
        .is_some_and(|kind| kind.split(';').next() == Some("application/json"));
    if !json {
        return Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type")
            .into_response();
    }
    let Ok(credentials) = serde_json::from_slice::<Credentials>(&body) else {
        return Refusal(StatusCode::BAD_REQUEST, "Invalid request body").into_response();
    };
    if !credentials.accepted_terms {
        return Refusal(StatusCode::BAD_REQUEST, "Terms must be accepted").into_response();
    }
    let right = credentials.user_name == api.account.username
        && credentials.password == api.account.password.expose();
    if !right || api.strikes(Fault::LoginRefused) {
        return UNAUTHORIZED.into_response();
    }

    let mut organizations = vec![json!({
        "uid": api.account.organization_uid, "name": "Demo College"
    })];
    if api.strikes(Fault::LoginTwoOrganisations) {
        organizations.push(
            json!({ "uid": "00000000-0000-4000-8000-000000000002", "name": "Demo Institute" }),
        );
    }
    let mut reply = json!({ "user": { "organizations": organizations } });
    if !api.strikes(Fault::LoginNoToken) {
        let token = api.sessions.open();
        let plain = api.strikes(Fault::LoginPlainToken);
        // The quirk: a JSON string within a JSON string.
        reply["sessionToken"] = if plain { token.into() } else { format!("\"{token}\"").into() };
    }
    Json(reply).into_response()
}
