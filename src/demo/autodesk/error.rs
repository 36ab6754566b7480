//! Errors of Data Management, in the form of JSON:API.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::demo::world::random_uid;

/// An error of Data Management.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DataError {
    pub(super) status: StatusCode,
    code: &'static str,
    detail: String,
}

/// The request makes no sense.
pub(super) fn bad_input(detail: impl Into<String>) -> DataError {
    DataError { status: StatusCode::BAD_REQUEST, code: "BAD_INPUT", detail: detail.into() }
}

/// There is no such thing.
pub(super) fn not_found(what: &str) -> DataError {
    let detail = format!("The requested {what} does not exist.");
    DataError { status: StatusCode::NOT_FOUND, code: "NOT_FOUND", detail }
}

/// The person may not see it.
pub(super) fn no_permission() -> DataError {
    forbidden("You don't have permission to access this resource.")
}

/// The application is no Custom Integration of the account.
pub(super) fn not_provisioned() -> DataError {
    forbidden("You don't have permission to access this API")
}

/// The project is archived.
pub(super) fn not_active(project: &str) -> DataError {
    forbidden(format!("Project is not active: {project}"))
}

fn forbidden(detail: impl Into<String>) -> DataError {
    DataError { status: StatusCode::FORBIDDEN, code: "BIM360DM_ERROR", detail: detail.into() }
}

impl DataError {
    /// As plain text, which the vendor's front ends send at times.
    pub(super) fn plain(self) -> Response {
        (self.status, self.detail).into_response()
    }
}

impl IntoResponse for DataError {
    fn into_response(self) -> Response {
        let body = json!({
            "jsonapi": { "version": "1.0" },
            "errors": [{
                "id": random_uid(),
                "status": self.status.as_str(),
                "code": self.code,
                "title": self.status.canonical_reason(),
                "detail": self.detail,
            }],
        });
        (self.status, Json(body)).into_response()
    }
}
