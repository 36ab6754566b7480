//! Which application is calling: by `Authorization: Basic` or by the body, never
//! by both (the vendor's reference of `POST token`).

use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Form, Refusal, bad_request};
use crate::demo::autodesk::Api;
use crate::demo::encoura::text;

/// A registered application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum App {
    /// With a secret.
    Confidential,
    /// Without one: PKCE.
    Public,
}

const UNKNOWN: Refusal = Refusal {
    status: StatusCode::UNAUTHORIZED,
    error: "invalid_client",
    description: "Client authentication failed: unknown client, or wrong secret",
};

impl Api {
    /// The application with this id.
    pub(super) fn app(&self, client_id: &str) -> Option<App> {
        if client_id == self.access.client_id {
            Some(App::Confidential)
        } else if client_id == self.access.public_client_id {
            Some(App::Public)
        } else {
            None
        }
    }

    /// The application that proved to be itself, with its id.
    pub(super) fn authenticate(
        &self,
        headers: &HeaderMap,
        form: &Form,
    ) -> Result<(App, String), Refusal> {
        let (id, secret) = match text(headers, header::AUTHORIZATION.as_str()) {
            Some(_) if form.get("client_secret").or(form.get("client_id")).is_some() => {
                return Err(bad_request(
                    "invalid_request",
                    "Client credentials must not be in both the header and the body",
                ));
            }
            Some(value) => {
                let (id, secret) = basic(value).ok_or(UNKNOWN)?;
                (id, Some(secret))
            }
            None => {
                let id = form.required("client_id")?.to_owned();
                (id, form.get("client_secret").map(str::to_owned))
            }
        };
        match (self.app(&id), secret) {
            (Some(App::Confidential), Some(secret))
                if secret == self.access.client_secret.expose() =>
            {
                Ok((App::Confidential, id))
            }
            (Some(App::Public), None) => Ok((App::Public, id)),
            _ => Err(UNKNOWN),
        }
    }
}

fn basic(value: &str) -> Option<(String, String)> {
    let decoded = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let (id, secret) = str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
