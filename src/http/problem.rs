//! What went wrong with a request, as `application/problem+json` (RFC 9457).

use std::borrow::Cow;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::answer;

/// An answer that is none. `error` is a fixed phrase for programs, the detail is for
/// people; neither ever quotes what was sent to us.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    error: &'static str,
    detail: Cow<'static, str>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Problem {
    fn new(status: StatusCode, error: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, error, detail: detail.into(), header: None }
    }

    /// 400.
    pub(super) fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Bad request", detail)
    }

    /// 401, with the question for a password.
    pub(super) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "Unauthorized access",
            "the user name and password of the configuration (http) are required",
        )
        .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Login Required\""))
    }

    /// 404.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found", "there is nothing here; /help lists what is")
    }

    /// 404 for a data route.
    pub(super) fn no_dataset() -> Self {
        let words =
            "no such dataset is configured, or it has no such sums; /datasets lists what is";
        Self::new(StatusCode::NOT_FOUND, "Not found", words)
    }

    /// 405.
    pub(super) fn not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Method not allowed",
            "everything here is only read: GET",
        )
        .with(header::ALLOW, HeaderValue::from_static("GET,HEAD"))
    }

    /// 413.
    pub(super) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "Payload too large", "nothing here takes a body")
    }

    /// 421.
    pub(super) fn misdirected() -> Self {
        Self::new(
            StatusCode::MISDIRECTED_REQUEST,
            "Misdirected request",
            "on this machine's own addresses only localhost, 127.0.0.1 and [::1] are answered to",
        )
    }

    /// 429, for so many seconds.
    pub(super) fn too_many(detail: &'static str, seconds: u64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded", detail)
            .with(header::RETRY_AFTER, seconds.into())
    }

    /// 503.
    pub(super) fn unavailable(detail: &'static str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable", detail)
    }

    /// 503, for a moment.
    pub(super) fn busy(detail: &'static str) -> Self {
        Self::unavailable(detail).with(header::RETRY_AFTER, 5.into())
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some((name, value));
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "error": self.error,
        });
        let mut response = answer::json_as(self.status, "application/problem+json", &body);
        response.headers_mut().extend(self.header);
        response
    }
}
