//! `GET authorize`: the browser, and the person in it who consents at once.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use url::Url;

use super::client::App;
use super::tokens::{Code, Grant};
use super::{Form, INTERNAL, Refusal, bad_request, scopes};
use crate::demo::autodesk::{Api, USER};
use crate::demo::fault::Fault;

/// A PKCE challenge: base64url of a SHA-256.
const CHALLENGE_LENGTH: usize = 43;

pub(super) async fn authorize(State(api): State<Arc<Api>>, uri: Uri) -> Response {
    match consent(&api, uri.query().unwrap_or_default()) {
        Ok(target) => (StatusCode::FOUND, [(header::LOCATION, target)]).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// Where the browser goes next; an error that may not even be shown there is a page.
fn consent(api: &Api, query: &str) -> Result<String, Refusal> {
    let form = Form::of(query.as_bytes())?;
    let client_id = form.required("client_id")?;
    let unknown = bad_request("invalid_client", "The client_id is unknown");
    let app = api.app(client_id).ok_or(unknown)?;
    let redirect_uri = form.required("redirect_uri")?;
    if redirect_uri != api.access.callback_url {
        let says = "The redirect_uri does not match a callback URL registered for this client";
        return Err(bad_request("invalid_request", says));
    }
    let state = form.get("state");
    if !state.unwrap_or_default().chars().all(of_a_state) {
        return Err(bad_request("invalid_request", "The state holds characters that it may not"));
    }
    let mut target = Url::parse(redirect_uri).map_err(|_| INTERNAL)?;
    let answer = match code(api, app, client_id, redirect_uri, &form) {
        Ok(code) => ("code", code),
        Err(refusal) => ("error", refusal.error.to_owned()),
    };
    target.query_pairs_mut().append_pair(answer.0, &answer.1);
    if api.strikes(Fault::ApsWrongState) {
        target.query_pairs_mut().append_pair("state", "somebody-elses");
    } else if let Some(state) = state {
        target.query_pairs_mut().append_pair("state", state);
    }
    Ok(target.into())
}

/// A code for what was asked; an error is told to the application.
fn code(
    api: &Api,
    app: App,
    client_id: &str,
    redirect_uri: &str,
    form: &Form,
) -> Result<String, Refusal> {
    if form.get("response_type") != Some("code") {
        return Err(bad_request("unsupported_response_type", "response_type must be code"));
    }
    let scopes = scopes::read(form.get("scope"))?;
    let challenge = form.get("code_challenge").map(str::to_owned);
    if let Some(challenge) = &challenge {
        let method = form.get("code_challenge_method");
        let url_safe = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let fits = challenge.len() == CHALLENGE_LENGTH && challenge.chars().all(url_safe);
        if method != Some("S256") || !fits {
            return Err(bad_request("invalid_request", "code_challenge must be an S256 one"));
        }
    } else if app == App::Public {
        return Err(bad_request("invalid_request", "This client must send a code_challenge"));
    }
    if api.strikes(Fault::ApsConsentRefused) {
        return Err(bad_request("access_denied", "The person said no"));
    }
    let grant = Grant { client_id: client_id.to_owned(), user_id: Some(USER.to_owned()), scopes };
    let expires_at = Timestamp::now().checked_add(api.options.code_life);
    Ok(api.tokens.hand_out_code(Code {
        grant,
        redirect_uri: redirect_uri.to_owned(),
        challenge,
        expires_at: expires_at.map_err(|_| INTERNAL)?,
        used: false,
    }))
}

fn of_a_state(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, ',' | '.' | '_' | '-')
}
