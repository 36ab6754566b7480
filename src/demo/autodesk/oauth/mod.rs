//! OAuth v2 (the official OpenAPI, `authentication.yaml`): sign-in as strict as
//! the vendor's, with a browser that consents by itself.

mod authorize;
mod client;
mod grants;
mod info;
mod jwt;
mod scopes;
mod token;
mod tokens;

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use super::Api;
use crate::demo::encoura::text;
pub(super) use grants::is_user;
pub(super) use jwt::service_account_key;
pub(super) use scopes::covers;
pub(super) use tokens::{Grant, Tokens};

/// The routes below `/authentication/v2`, and what belongs to them. Whatever
/// else is below `/authentication` was shut off.
pub(super) fn router() -> Router<Arc<Api>> {
    Router::new()
        .route("/authentication/v2/authorize", get(authorize::authorize))
        .route("/authentication/v2/token", post(token::token))
        .route("/authentication/v2/revoke", post(info::revoke))
        .route("/authentication/v2/introspect", post(info::introspect))
        .route("/authentication/v2/keys", get(info::keys))
        .route("/authentication/v2/logout", get(info::logout))
        .route("/.well-known/openid-configuration", get(info::openid))
        .route("/userinfo", get(info::userinfo))
}

/// An error in the form of RFC 6749, section 5.2.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: &'static str,
    description: &'static str,
}

const fn bad_request(error: &'static str, description: &'static str) -> Refusal {
    Refusal { status: StatusCode::BAD_REQUEST, error, description }
}

const INTERNAL: Refusal = Refusal {
    status: StatusCode::INTERNAL_SERVER_ERROR,
    error: "server_error",
    description: "Generic internal server error.",
};

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { status, error, description } = self;
        let body = Json(json!({ "error": error, "error_description": description }));
        (status, [(header::CACHE_CONTROL, "no-store")], body).into_response()
    }
}

/// The fields of a form, each at most once.
struct Form(HashMap<String, String>);

impl Form {
    /// Reads the body of a request.
    fn read(headers: &HeaderMap, body: &Bytes) -> Result<Self, Refusal> {
        let kind = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
        if kind.split(';').next().map(str::trim) != Some("application/x-www-form-urlencoded") {
            return Err(Refusal {
                status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
                error: "invalid_request",
                description: "Content-Type must be application/x-www-form-urlencoded",
            });
        }
        Self::of(body)
    }

    /// Reads a query or a body.
    fn of(encoded: &[u8]) -> Result<Self, Refusal> {
        let mut fields = HashMap::new();
        for (name, value) in url::form_urlencoded::parse(encoded) {
            if fields.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(bad_request("invalid_request", "A parameter is given twice"));
            }
        }
        Ok(Self(fields))
    }

    /// A field that is there and not empty.
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name)
            .ok_or(bad_request("invalid_request", "The request is missing a required parameter"))
    }
}
