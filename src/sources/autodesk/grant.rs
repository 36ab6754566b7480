//! The token endpoint: what is asked of it, and what its answers mean.
//!
//! With a client secret the application is authenticated by `Authorization: Basic`,
//! without one by its id in the body and PKCE; with both, the vendor refuses.

use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::account::{Account, now};
use super::limiter::CallClass;
use super::token::{Token, seconds, sendable};
use crate::model::{Failure, FailureClass, Retry, Secret};
use crate::transport::http::{self, Secrets, place, refusal_and_body, unexpected};

/// What a token is asked for with.
pub(super) enum Grant<'a> {
    /// The code that the browser brought back; with the PKCE verifier, if there is no
    /// client secret.
    Code { code: &'a Secret, verifier: Option<&'a Secret> },
    /// A refresh token, which is used up by it.
    Refresh(&'a Secret),
    /// The application's own secret.
    Client,
    /// A service account's signed assertion.
    Assertion(&'a Secret),
}

/// A token that was not handed out.
#[derive(Debug)]
pub(super) struct Denied {
    pub(super) failure: Failure,
    pub(super) fate: Fate,
}

/// What became of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was never sent, or answered without being carried out.
    NotDone,
    /// What was given (code or refresh token) is not good any more.
    Void,
    /// It may have been carried out, and the reply is lost.
    Unknown,
}

impl Denied {
    fn new(failure: impl Into<Failure>, fate: Fate) -> Self {
        Self { failure: failure.into(), fate }
    }
}

impl Account {
    /// Asks for a token, once.
    pub(super) async fn ask(&self, doing: &str, grant: &Grant<'_>) -> Result<Token, Denied> {
        let url = self.url(&["authentication", "v2", "token"]);
        let (headers, body) = self.request(grant);
        let pass = self.limiter().admit(CallClass::Token, super::api::PATIENCE).await;
        let pass = pass.map_err(|left| {
            let failure = super::api::throttled(doing, &place(&url), left);
            Denied::new(failure, Fate::NotDone)
        })?;
        let sent = self.api().send(doing, Method::POST, &url, headers, Some(body)).await;
        drop(pass);
        let reply = sent.map_err(|failed| {
            let fate = if failed.sent { Fate::Unknown } else { Fate::NotDone };
            Denied::new(failed, fate)
        })?;
        let status = reply.status();
        if !status.is_success() {
            let (failure, body) = refusal_and_body(doing, reply, self.secrets()).await;
            return Err(self.denied(failure, status.as_u16(), &body, grant));
        }
        let json = http::json(doing, reply, self.secrets()).await;
        let json: Value = json.map_err(|failure| Denied::new(failure, Fate::Unknown))?;
        let token = token(&json).ok_or_else(|| {
            let what = "the reply holds no access token";
            let failure = unexpected(doing, &place(&url), what, b"", &Secrets::default());
            Denied::new(failure, Fate::Unknown)
        })?;
        self.secrets().learn(&token.access);
        if let Some(refresh) = &token.refresh {
            self.secrets().learn(refresh);
        }
        Ok(token)
    }

    fn request(&self, grant: &Grant<'_>) -> (HeaderMap, Vec<u8>) {
        let settings = self.settings();
        let mut headers = HeaderMap::from_iter([
            (ACCEPT, HeaderValue::from_static("application/json")),
            (CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")),
        ]);
        let mut form = Serializer::new(String::new());
        match grant {
            Grant::Code { code, verifier } => {
                form.append_pair("grant_type", "authorization_code");
                form.append_pair("code", code.expose());
                form.append_pair("redirect_uri", &settings.callback_url);
                if let Some(verifier) = verifier {
                    form.append_pair("code_verifier", verifier.expose());
                }
            }
            Grant::Refresh(token) => {
                form.append_pair("grant_type", "refresh_token");
                form.append_pair("refresh_token", token.expose());
            }
            Grant::Client => {
                form.append_pair("grant_type", "client_credentials");
                form.append_pair("scope", &settings.scopes.join(" "));
            }
            Grant::Assertion(assertion) => {
                form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
                form.append_pair("assertion", assertion.expose());
                form.append_pair("scope", &settings.scopes.join(" "));
            }
        }
        match self.basic() {
            Some(basic) => {
                headers.insert(AUTHORIZATION, basic);
            }
            None => {
                form.append_pair("client_id", &settings.client_id);
            }
        }
        (headers, form.finish().into_bytes())
    }

    /// What a refusal means for what was given.
    fn denied(&self, mut failure: Failure, status: u16, body: &[u8], grant: &Grant<'_>) -> Denied {
        if status == 429 {
            let pause = super::api::asked_pause(&failure, 0);
            self.limiter().close(CallClass::Token, pause);
            return Denied::new(failure, Fate::NotDone);
        }
        if !matches!(status, 400 | 401 | 403) {
            return Denied::new(failure, Fate::NotDone);
        }
        failure.class = FailureClass::SignIn;
        let failure = failure.retry(Retry::Never);
        match grant {
            Grant::Refresh(_) | Grant::Code { .. } if is_void(body) => {
                Denied::new(failure, Fate::Void)
            }
            _ => {
                let keys = match self.basic() {
                    Some(_) => "client_id and client_secret",
                    None => "client_id",
                };
                let name = &self.settings().name;
                let advice =
                    format!("check {keys} of clients.{name} and what the application may do");
                Denied::new(failure.advice(advice), Fate::NotDone)
            }
        }
    }
}

/// The token in a reply.
fn token(reply: &Value) -> Option<Token> {
    let secret = |key| reply.get(key).and_then(Value::as_str).and_then(sendable);
    let expires_in = seconds(reply.get("expires_in"));
    Some(Token::new(secret("access_token")?, secret("refresh_token"), expires_in, now()))
}

/// Whether a refusal says that the code or refresh token is not good (any more). The
/// vendor does not document the JSON of its errors, only these words.
fn is_void(body: &[u8]) -> bool {
    let body = String::from_utf8_lossy(body).to_lowercase();
    let about = |what: &str| body.contains(what);
    let bad = about("invalid") || about("expired") || about("revoked") || about("used");
    about("invalid_grant") || bad && (about("refresh token") || about("authorization code"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_that_end_a_session() {
        for (body, void) in [
            (r#"{"error":"invalid_grant"}"#, true),
            (r#"{"error":"invalid_grant","error_description":"x"}"#, true),
            (
                r#"{"developerMessage":"The refresh token is invalid or expired.","errorCode":"AUTH-004"}"#,
                true,
            ),
            ("The refresh token has already been used", true),
            (r#"{"error":"invalid_request","error_description":"scope is wrong"}"#, false),
            (r#"{"error":"invalid_client"}"#, false),
            (
                r#"{"developerMessage":"The required parameter(s) refresh_token not present in the request"}"#,
                false,
            ),
            ("", false),
        ] {
            assert_eq!(is_void(body.as_bytes()), void, "{body}");
        }
    }

    #[test]
    fn replies_are_read_leniently() {
        let read = |json: &str| token(&serde_json::from_str(json).unwrap());
        let full = read(
            r#"{"access_token":"a","token_type":"Bearer","expires_in":3599,"refresh_token":"r"}"#,
        );
        let full = full.unwrap();
        assert_eq!((full.expires_in, full.expires_at - full.obtained_at), (3599, 3599));
        assert_eq!(full.refresh.unwrap().expose(), "r");
        assert_eq!(read(r#"{"access_token":"a","expires_in":"60"}"#).unwrap().expires_in, 60);
        assert_eq!(read(r#"{"access_token":"a"}"#).unwrap().expires_in, 3599);
        for bad in ["{}", r#"{"access_token":null}"#, r#"{"access_token":"a b"}"#, "[]"] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }
}
