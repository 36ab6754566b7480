//! Errors in the vendor's form.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};

/// Where the access token is: the one place of a mistake that is no parameter.
const HEADER: &str = "Authorization";

/// An error of the API, as JSON says it, or one of the web server before it, as HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    reason: &'static str,
    message: String,
    /// The parameter, or header, that was wrong.
    location: Option<&'static str>,
    /// `WWW-Authenticate`.
    pub(super) challenge: Option<&'static str>,
    /// `Retry-After`.
    pub(super) retry_after: Option<Duration>,
    /// An HTML page instead of JSON.
    pub(super) page: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, reason: &'static str, says: impl Into<String>) -> Self {
        Self {
            status,
            reason,
            message: says.into(),
            location: None,
            challenge: None,
            retry_after: None,
            page: None,
        }
    }

    /// Names the parameter that is to blame.
    pub(super) fn at(self, name: &'static str) -> Self {
        Self { location: Some(name), ..self }
    }

    /// With a `Retry-After`.
    pub(super) fn after(self, pause: Duration) -> Self {
        Self { retry_after: Some(pause), ..self }
    }

    /// 400: a parameter has a value that it cannot have.
    pub(super) fn invalid(parameter: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", "Invalid Value").at(parameter)
    }

    /// 400: the same, in other words.
    pub(super) fn invalid_parameter(parameter: &'static str, says: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalidParameter", says).at(parameter)
    }

    /// 400: the query has too many terms.
    pub(super) fn too_complex() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", "The query is too complex.").at("q")
    }

    /// 400: a parameter is missing.
    pub(super) fn required(parameter: &'static str, says: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "required", says).at(parameter)
    }

    /// 400: there is no such parameter.
    pub(super) fn unknown(name: &str) -> Self {
        let says = format!(
            "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query parameter. \
             Field '{name}' could not be found in request message."
        );
        Self::new(StatusCode::BAD_REQUEST, "badRequest", says)
    }

    /// 404: no such file, or none that the caller may see. A list names none.
    pub(super) fn no_file(id: &str) -> Self {
        let says = format!("File not found: {id}.");
        Self::new(StatusCode::NOT_FOUND, "notFound", says).at("fileId")
    }

    /// 404: no such shared drive, or none of the caller's.
    pub(super) fn no_drive(id: &str) -> Self {
        let says = format!("Shared drive not found: {id}");
        Self::new(StatusCode::NOT_FOUND, "notFound", says).at("driveId")
    }

    /// 403.
    pub(super) fn forbidden(reason: &'static str, says: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, reason, says)
    }

    /// 401: the access token is none of ours, or too old.
    pub(super) fn unauthenticated() -> Self {
        let says = "Request had invalid authentication credentials. Expected OAuth 2 access token, \
                    login cookie or other valid authentication credential. See \
                    https://developers.google.com/identity/sign-in/web/devconsole-project.";
        let challenge = "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"";
        let refusal = Self::new(StatusCode::UNAUTHORIZED, "authError", says).at(HEADER);
        Self { challenge: Some(challenge), ..refusal }
    }

    /// 403: no access token at all.
    pub(super) fn unregistered() -> Self {
        let says = "Method doesn't allow unregistered callers (callers without established \
                    identity). Please use API Key or other form of API consumer identity to call \
                    this API.";
        Self::forbidden("forbidden", says)
    }

    /// 403: the access token is good, but not for this.
    pub(super) fn out_of_scope() -> Self {
        let challenge = "Bearer realm=\"https://accounts.google.com/\", \
                         error=\"insufficient_scope\", \
                         scope=\"https://www.googleapis.com/auth/drive \
                         https://www.googleapis.com/auth/drive.readonly\"";
        let says = "Request had insufficient authentication scopes.";
        let refusal = Self::forbidden("insufficientPermissions", says);
        Self { challenge: Some(challenge), ..refusal }
    }

    /// 403 or 429: too much, too fast.
    pub(super) fn too_fast(status: StatusCode, reason: &'static str) -> Self {
        let says = match reason {
            "userRateLimitExceeded" => "User Rate Limit Exceeded",
            _ => "Rate Limit Exceeded",
        };
        Self::new(status, reason, says)
    }

    /// 5xx.
    pub(super) fn unwell(status: StatusCode) -> Self {
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                Self::new(status, "backendError", "Service Unavailable")
            }
            _ => Self::new(status, "internalError", "Internal Error"),
        }
    }

    /// A page of the web server, which never asked the API.
    pub(super) fn html(status: StatusCode, page: &'static str) -> Self {
        Self { page: Some(page), ..Self::new(status, "", "") }
    }

    /// The body.
    pub(super) fn json(&self) -> Value {
        let Self { message, reason, .. } = self;
        let domain = if reason.ends_with("ateLimitExceeded") { "usageLimits" } else { "global" };
        let mut error = json!({ "message": message, "domain": domain, "reason": reason });
        if let Some(name) = self.location {
            error["location"] = name.into();
            error["locationType"] = if name == HEADER { "header" } else { "parameter" }.into();
        }
        let code = self.status.as_u16();
        let mut body = json!({ "code": code, "message": message, "errors": [error] });
        if let Some(canonical) = self.canonical() {
            body["status"] = canonical.into();
        }
        json!({ "error": body })
    }

    /// The canonical name of the error, which only some of them have.
    fn canonical(&self) -> Option<&'static str> {
        match self.reason {
            "authError" => Some("UNAUTHENTICATED"),
            "forbidden" | "insufficientPermissions" => Some("PERMISSION_DENIED"),
            "badRequest" => Some("INVALID_ARGUMENT"),
            _ => None,
        }
    }
}
