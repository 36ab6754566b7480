//! What can be asked about tokens, keys and people, and how tokens are ended.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::jwt::signing_key;
use super::{Form, INTERNAL, Refusal, bad_request, covers};
use crate::demo::autodesk::{Api, gate};

/// `POST revoke`. A token that is unknown counts as ended (RFC 7009, section 2.2).
pub(super) async fn revoke(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let revoked = || -> Result<(), Refusal> {
        let form = Form::read(&headers, &body)?;
        let (_, client_id) = api.authenticate(&headers, &form)?;
        let token = form.required("token")?;
        if !matches!(form.required("token_type_hint")?, "access_token" | "refresh_token") {
            return Err(bad_request("unsupported_token_type", "Unsupported token_type_hint"));
        }
        api.tokens.revoke(token, &client_id);
        Ok(())
    };
    match revoked() {
        // "No response body", says the contract's text; its schema wants an object.
        Ok(()) => Json(json!({})).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// `POST introspect`.
pub(super) async fn introspect(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let introspected = || -> Result<Response, Refusal> {
        let form = Form::read(&headers, &body)?;
        let (_, client_id) = api.authenticate(&headers, &form)?;
        let good = api.tokens.good(form.required("token")?);
        Ok(match good.filter(|(grant, _)| grant.client_id == client_id) {
            Some((grant, exp)) => {
                let mut reply = json!({
                    "active": true,
                    "scope": grant.scopes.join(" "),
                    "client_id": grant.client_id,
                    "exp": exp,
                });
                if let Some(user_id) = grant.user_id {
                    reply["userid"] = user_id.into();
                }
                Json(reply).into_response()
            }
            None => Json(json!({ "active": false })).into_response(),
        })
    };
    introspected().unwrap_or_else(IntoResponse::into_response)
}

/// `GET keys`.
pub(super) async fn keys() -> Response {
    match signing_key() {
        Ok(key) => Json(json!({ "keys": [key.jwk()] })).into_response(),
        Err(_) => INTERNAL.into_response(),
    }
}

/// `GET userinfo`; at the vendor's it is on a host of its own.
pub(super) async fn userinfo(State(api): State<Arc<Api>>, headers: HeaderMap) -> Response {
    let caller = match gate::bearer(&api, &headers) {
        Ok(caller) => caller,
        Err(halt) => return halt.into_response(),
    };
    match caller.grant.user_id {
        Some(user) if covers(&caller.grant.scopes, "user-profile:read") => Json(json!({
            "sub": user,
            "name": "Testina O'Specimen",
            "given_name": "Testina",
            "family_name": "O'Specimen",
            "preferred_username": "testina.specimen",
            "email": "testina@construction.example",
            "email_verified": true,
            "locale": "en-US",
            "is_2fa_enabled": true,
            "country_code": "US",
        }))
        .into_response(),
        _ => gate::NOT_COVERED.into_response(),
    }
}

/// `GET logout`.
pub(super) async fn logout(State(api): State<Arc<Api>>, uri: Uri) -> Response {
    let form = match Form::of(uri.query().unwrap_or_default().as_bytes()) {
        Ok(form) => form,
        Err(refusal) => return refusal.into_response(),
    };
    match form.get("post_logout_redirect_uri") {
        Some(target) if target != api.access.callback_url => {
            bad_request("invalid_request", "The redirect is not registered").into_response()
        }
        target => {
            let sign_in = format!("{}/authentication/v2/authorize", api.access.base_url);
            let target = target.map_or(sign_in, str::to_owned);
            (StatusCode::FOUND, [(header::LOCATION, target)]).into_response()
        }
    }
}

/// `GET /.well-known/openid-configuration`.
pub(super) async fn openid(State(api): State<Arc<Api>>) -> Response {
    let base = &api.access.base_url;
    let endpoint = |name: &str| format!("{base}/authentication/v2/{name}");
    Json(json!({
        "issuer": "https://developer.api.autodesk.com",
        "authorization_endpoint": endpoint("authorize"),
        "token_endpoint": endpoint("token"),
        "userinfo_endpoint": format!("{base}/userinfo"),
        "jwks_uri": endpoint("keys"),
        "revoke_endpoint": endpoint("revoke"),
        "introspection_endpoint": endpoint("introspect"),
        "scopes_supported": ["data:read", "data:search", "user-profile:read", "openid"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }))
    .into_response()
}
