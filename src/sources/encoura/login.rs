//! The session: token, organisation, authorisation scheme.

use std::sync::Arc;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tracing::{debug, info};
use url::Url;

use super::{Encoura, SignedIn};
use crate::model::{EncouraAccount, Failure, FailureClass, Retry, Secret, Shown};
use crate::transport::http::{self, SendFailure, place, refusal, retrying, unexpected};

const SIGNING_IN: &str = "signing in to";
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const ORGANIZATION: HeaderName = HeaderName::from_static("organization");

/// What all calls share: the session and what was learnt about it.
#[derive(Debug)]
pub(super) struct Login {
    api_key: HeaderValue,
    /// Held while signing in, so that many calls that find the session expired
    /// sign in once between them.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    session: Option<Arc<Session>>,
    /// Counts changes of the session, so that a late refusal of an old one
    /// does not throw a new one away.
    generation: u64,
    /// The scheme in use is the one that was not configured.
    other_scheme: bool,
    /// The scheme in use has been accepted.
    proven: bool,
}

/// What one login brought.
#[derive(Debug)]
struct Session {
    token: Secret,
    organization: Organization,
    generation: u64,
    /// The headers of a call, secrets marked as sensitive.
    headers: HeaderMap,
}

#[derive(Clone, Debug, PartialEq)]
struct Organization {
    uid: String,
    name: Option<String>,
}

impl Login {
    pub(super) fn new(account: &EncouraAccount) -> Result<Self, Failure> {
        Ok(Self {
            api_key: sensitive(account.api_key.expose())
                .ok_or_else(|| unsendable(account, "api_key"))?,
            state: Mutex::default(),
        })
    }
}

impl Encoura {
    /// Signs in with a fresh login, whatever session there is.
    pub(super) async fn sign_in_anew(&self) -> Result<SignedIn, Failure> {
        let mut state = self.login.state.lock().await;
        let session = self.log_in(&mut state).await?;
        let Organization { uid, name } = &session.organization;
        self.organization.get_or_init(|| uid.clone());
        let name = name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        let who = format!("organisation {uid}{name}, as {}", self.account.username);
        Ok(SignedIn { identity: Shown::new(who) })
    }

    /// One GET as whom we are signed in. After a 401 or 403 it is sent once
    /// more: with the other authorisation scheme while none is proven, else
    /// with a new session. `redirects` says whether they are followed.
    pub(super) async fn call(
        &self,
        doing: &str,
        url: &Url,
        redirects: bool,
    ) -> Result<Response, SendFailure> {
        // A failed login means that the call itself was never sent.
        let session = self.session().await.map_err(|failed| failed.sent(false))?;
        let reply = self.call_as(&session, doing, url, redirects).await?;
        if !refuses_session(reply.status()) {
            return self.answered(&session, doing, reply).await;
        }
        debug!(status = %reply.status(), "the session is refused, renewing it");
        // From here on something was sent, whatever becomes of the rest.
        let session = self.renewed(&session).await.map_err(|failed| failed.sent(true))?;
        let again = self.call_as(&session, doing, url, redirects).await;
        let reply = again.map_err(|failed| failed.sent(true))?;
        self.answered(&session, doing, reply).await
    }

    async fn call_as(
        &self,
        session: &Session,
        doing: &str,
        url: &Url,
        redirects: bool,
    ) -> Result<Response, SendFailure> {
        let headers = session.headers.clone();
        if redirects {
            self.api.get(doing, url, headers).await
        } else {
            self.api.send(doing, Method::GET, url, headers, None).await
        }
    }

    /// A reply as it is if it is a success, else as a failure; learns from both
    /// about the session.
    async fn answered(
        &self,
        session: &Session,
        doing: &str,
        reply: Response,
    ) -> Result<Response, SendFailure> {
        let status = reply.status();
        let mut state = self.login.state.lock().await;
        let current = state.generation == session.generation;
        if status.is_success() {
            state.proven |= current;
            return Ok(reply);
        }
        // A new session that is refused as well, or a token refused under both
        // schemes: the next call starts from the beginning.
        if current
            && (status == StatusCode::UNAUTHORIZED || refuses_session(status) && !state.proven)
        {
            *state = State { generation: state.generation, ..State::default() };
        }
        drop(state);
        Err(refusal(doing, reply, &self.secrets).await.into())
    }

    /// The session, after a login if there is none.
    async fn session(&self) -> Result<Arc<Session>, SendFailure> {
        let mut state = self.login.state.lock().await;
        match &state.session {
            Some(session) => Ok(Arc::clone(session)),
            None => self.log_in(&mut state).await,
        }
    }

    /// Another session in place of `refused`, unless another call has already
    /// seen to that.
    async fn renewed(&self, refused: &Session) -> Result<Arc<Session>, SendFailure> {
        let mut state = self.login.state.lock().await;
        if let Some(session) = &state.session
            && session.generation != refused.generation
        {
            return Ok(Arc::clone(session));
        }
        if state.proven || state.other_scheme || state.session.is_none() {
            return self.log_in(&mut state).await;
        }
        state.other_scheme = true;
        info!(scheme = self.scheme(&state), "trying the other authorisation scheme");
        Ok(self.begin(&mut state, refused.token.clone(), refused.organization.clone())?)
    }

    /// Logs in; the caller holds the state, so nobody else does meanwhile.
    async fn log_in(&self, state: &mut State) -> Result<Arc<Session>, SendFailure> {
        let url = self.url(&["login"]);
        let reply: Value = retrying(|| self.post_login(&url)).await?;
        let token = token(&reply).ok_or_else(|| self.without_token(&url, &reply))?;
        self.secrets.learn(&token);
        let organization = self.organization(organizations(&reply))?;
        info!(organization = %Shown::new(&organization.uid), "signed in");
        Ok(self.begin(state, token, organization)?)
    }

    async fn post_login(&self, url: &Url) -> Result<Value, SendFailure> {
        let account = &self.account;
        let headers = HeaderMap::from_iter([
            (API_KEY, self.login.api_key.clone()),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (ACCEPT, HeaderValue::from_static("application/json")),
        ]);
        let body = json!({
            "userName": account.username,
            "password": account.password.expose(),
            "acceptedTerms": true,
        });
        let body = body.to_string().into_bytes();
        let reply = self.api.send(SIGNING_IN, Method::POST, url, headers, Some(body)).await?;
        let status = reply.status();
        if status.is_success() {
            return Ok(http::json(SIGNING_IN, reply, &self.secrets).await?);
        }
        let mut failure = refusal(SIGNING_IN, reply, &self.secrets).await;
        if matches!(status.as_u16(), 400 | 401 | 403) && failure.advice.is_none() {
            failure.class = FailureClass::SignIn;
            failure = failure.retry(Retry::Never).advice(format!(
                "check username, password and api_key of clients.{}",
                account.name
            ));
        }
        Err(failure.into())
    }

    fn without_token(&self, url: &Url, reply: &Value) -> Failure {
        let mut failure = unexpected(
            SIGNING_IN,
            &place(url),
            "the login was answered without a session token",
            reply.get("message").and_then(Value::as_str).unwrap_or_default().as_bytes(),
            &self.secrets,
        );
        failure.class = FailureClass::SignIn;
        failure.retry(Retry::Never).advice(
            "sign in to the service's web page with this account once: it may ask for \
             something, such as new terms",
        )
    }

    /// Which organisation the calls are for.
    fn organization(&self, named: Vec<Organization>) -> Result<Organization, Failure> {
        let key = format!("clients.{}.organization_uid", self.account.name);
        let misconfigured = |said: String| {
            Failure::new(
                FailureClass::Misconfigured,
                "choosing the organisation of",
                &self.account.name,
            )
            .said(said)
            .advice(format!("set {key}"))
        };
        if let Some(uid) = self.account.organization_uid.as_deref().filter(|uid| !uid.is_empty()) {
            let known = named.into_iter().find(|o| o.uid == uid);
            return Ok(known.unwrap_or(Organization { uid: uid.to_owned(), name: None }));
        }
        match <[Organization; 1]>::try_from(named) {
            Ok([only]) => Ok(only),
            Err(none) if none.is_empty() => {
                Err(misconfigured("none is set and the login names none".into()))
            }
            Err(several) => {
                let names: Vec<String> = several.iter().map(described).collect();
                Err(misconfigured(format!("the login names several: {}", names.join(", "))))
            }
        }
    }

    /// Makes a session of what a login brought.
    fn begin(
        &self,
        state: &mut State,
        token: Secret,
        organization: Organization,
    ) -> Result<Arc<Session>, Failure> {
        let uid = sensitive(&organization.uid)
            .ok_or_else(|| unsendable(&self.account, "organization_uid"))?;
        let authorization = sensitive(&format!("{} {}", self.scheme(state), token.expose()))
            .ok_or_else(|| unsendable(&self.account, "auth_scheme"))?;
        state.generation += 1;
        let session = Arc::new(Session {
            token,
            organization,
            generation: state.generation,
            headers: HeaderMap::from_iter([
                (API_KEY, self.login.api_key.clone()),
                (AUTHORIZATION, authorization),
                (ORGANIZATION, uid),
                (ACCEPT, HeaderValue::from_static("application/json")),
            ]),
        });
        state.session = Some(Arc::clone(&session));
        Ok(session)
    }

    /// The first word of the Authorization header. The vendor's sample changed
    /// from `JWT` to `Bearer` in 2025 and clients with either went on working.
    fn scheme(&self, state: &State) -> &str {
        let configured = self.account.auth_scheme.as_str();
        match state.other_scheme {
            false => configured,
            true if configured.eq_ignore_ascii_case("JWT") => "Bearer",
            true => "JWT",
        }
    }
}

/// Whether this status may mean that the session is not (or no longer) good.
fn refuses_session(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

/// The session token; it sometimes arrives wrapped in quotation marks.
fn token(reply: &Value) -> Option<Secret> {
    let token = reply.get("sessionToken")?.as_str()?;
    let bare = token.trim_matches(|c: char| c == '"' || c == '\\' || c.is_whitespace());
    // Anything else could not be sent in a header.
    let sendable = !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_graphic());
    sendable.then(|| Secret::new(bare))
}

/// The organisations that a login names under `user.organizations`.
fn organizations(reply: &Value) -> Vec<Organization> {
    let list = reply.pointer("/user/organizations").and_then(Value::as_array);
    let mut found: Vec<Organization> = Vec::new();
    for element in list.into_iter().flatten() {
        let uid = match element.get("uid") {
            Some(Value::String(uid)) if !uid.is_empty() => uid.clone(),
            Some(Value::Number(uid)) => uid.to_string(),
            _ => continue,
        };
        let name = element.get("name").and_then(Value::as_str).map(ToOwned::to_owned);
        if !found.iter().any(|o| o.uid == uid) {
            found.push(Organization { uid, name });
        }
    }
    found
}

fn described(organization: &Organization) -> String {
    match &organization.name {
        Some(name) => format!("{} ({name})", organization.uid),
        None => organization.uid.clone(),
    }
}

/// A header value that is neither shown by `Debug` nor sent to another origin.
fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn unsendable(account: &EncouraAccount, key: &str) -> Failure {
    Failure::new(FailureClass::Misconfigured, "reading", format!("clients.{}.{key}", account.name))
        .said("it holds characters that cannot be sent, such as a line break")
}
