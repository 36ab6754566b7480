//! Bodies.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use crate::model::steerless;

/// `body` as JSON. Names from outside steer no terminal on which somebody reads it.
pub(super) fn json<T: Serialize>(status: StatusCode, body: &T) -> Response {
    json_as(status, "application/json", body)
}

/// The same, as another kind of JSON.
pub(super) fn json_as<T: Serialize>(status: StatusCode, kind: &'static str, body: &T) -> Response {
    match serde_json::to_string(body) {
        Ok(text) => {
            let text = steerless(&text) + "\n";
            (status, [(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(error) => {
            tracing::error!("http: an answer cannot be written as JSON: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Plain text of this kind.
pub(super) fn text(kind: &'static str, body: String) -> Response {
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}
