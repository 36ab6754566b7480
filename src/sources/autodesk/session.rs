//! The session: the token in use, and its renewal, one at a time.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::json;
use tokio::sync::OwnedMutexGuard;
use tracing::{info, warn};

use super::account::{Account, now};
use super::grant::{Denied, Fate, Grant};
use super::token::{Token, claims};
use super::token_file::Held;
use crate::model::{AutodeskGrant, Failure, FailureClass, Retry, Secret, Shown};
use crate::sources::SignedIn;
use crate::transport::http::{SendFailure, retrying};

const RENEWING: &str = "renewing the Autodesk session of";
const SIGNING_IN: &str = "signing in to Autodesk as";

/// How long an assertion is good for, in seconds; the vendor allows 300.
const ASSERTION: i64 = 240;

/// What all calls of an account share.
#[derive(Debug, Default)]
pub(super) struct State {
    token: Option<Token>,
    /// The token could not be written yet: until it is, nobody may use it.
    unsaved: bool,
    /// The last renewal that failed, for those who waited for it.
    failed: Option<(Instant, Failure)>,
}

impl State {
    /// The token, if it can be sent as it is.
    fn usable(&self, refused: Option<&Secret>) -> Option<Token> {
        let token = self.token.as_ref().filter(|_| !self.unsaved)?;
        is_good(token, refused).then(|| token.clone())
    }
}

/// Whether a token has time left and is not the one that was refused.
fn is_good(token: &Token, refused: Option<&Secret>) -> bool {
    token.is_fresh(now()) && refused != Some(&token.access)
}

/// As whom an account is signed in, as its token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The user's id at Autodesk; none for an application that acts for itself.
    pub user: Option<String>,
    /// What the token may do.
    pub scopes: Vec<String>,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// Whether it is renewed without anybody signing in again.
    pub renewable: bool,
}

impl Account {
    /// A token that can be used now; renewed if it is about to expire or if it is the
    /// one that was `refused`.
    ///
    /// The renewal goes on when this is dropped: a refresh token whose answer nobody
    /// waits for would be lost.
    pub(super) async fn token(
        self: &Arc<Self>,
        refused: Option<&Secret>,
    ) -> Result<Token, Failure> {
        let asked = Instant::now();
        let state = Arc::clone(&self.state).lock_owned().await;
        if let Some(token) = state.usable(refused) {
            return Ok(token);
        }
        match &state.failed {
            // It came to nothing while we waited for it.
            Some((at, failure)) if *at >= asked => return Err(failure.clone()),
            _ => {}
        }
        let (account, refused) = (Arc::clone(self), refused.cloned());
        let renewal = tokio::spawn(async move { account.renew(state, refused).await });
        renewal
            .await
            .unwrap_or_else(|e| Err(Failure::new(FailureClass::Bug, RENEWING, self.name()).said(e)))
    }

    /// Waits until no renewal is under way.
    pub(super) async fn settled(&self) {
        drop(self.state.lock().await);
    }

    /// As whom it is signed in; signs in or renews first where that needs nobody.
    ///
    /// # Errors
    /// As [`sign_in`](crate::sources::RegisterSource::sign_in).
    pub async fn session(self: &Arc<Self>) -> Result<Session, Failure> {
        let token = self.token(None).await?;
        let claims = claims(token.access.expose());
        let user = match self.grant() {
            AutodeskGrant::ThreeLegged => claims.user,
            AutodeskGrant::TwoLegged { user_id } => user_id.clone(),
            AutodeskGrant::ServiceAccount { account_id, .. } => Some(account_id.clone()),
        };
        let scopes = match claims.scopes.is_empty() {
            true => self.settings().scopes.clone(),
            false => claims.scopes,
        };
        Ok(Session {
            user,
            scopes,
            expires_at: Timestamp::from_second(token.expires_at).unwrap_or(Timestamp::MAX),
            renewable: token.refresh.is_some() || *self.grant() != AutodeskGrant::ThreeLegged,
        })
    }

    /// The same in one line.
    pub(super) async fn signed_in(self: &Arc<Self>) -> Result<SignedIn, Failure> {
        let session = self.session().await?;
        let who = match (&session.user, self.grant()) {
            (Some(user), AutodeskGrant::ServiceAccount { .. }) => format!("service account {user}"),
            (Some(user), _) => format!("user {user}"),
            (None, AutodeskGrant::ThreeLegged) => "a user".to_owned(),
            (None, _) => "the application itself".to_owned(),
        };
        let client_id = &self.settings().client_id;
        let scopes = session.scopes.join(" ");
        let until = session.expires_at;
        let renewed = if session.renewable { ", then renewed" } else { "" };
        let line =
            format!("{who}, through client id {client_id}, may {scopes}, until {until}{renewed}");
        Ok(SignedIn { identity: Shown::new(line) })
    }

    /// Begins a session with the code that a sign-in brought. Its pair is in the file
    /// before anybody uses it.
    pub(super) async fn begin_session(
        &self,
        code: &Secret,
        verifier: Option<&Secret>,
    ) -> Result<(), Failure> {
        let mut state = self.state.lock().await;
        let held = self.file.lock().await?;
        let draft = held.draft()?;
        let asked = self.ask(SIGNING_IN, &Grant::Code { code, verifier }).await;
        let token = asked.map_err(|denied| {
            let failure = denied.failure.about(format!("clients.{}", self.name()));
            match denied.fate {
                Fate::NotDone => failure,
                // A code is good once and for five minutes.
                Fate::Void | Fate::Unknown => failure.advice(self.sign_in_advice()),
            }
        })?;
        let saved = draft.keep(&token).await;
        *state = State { token: Some(token), unsaved: saved.is_err(), failed: None };
        saved
    }

    async fn renew(
        &self,
        mut state: OwnedMutexGuard<State>,
        refused: Option<Secret>,
    ) -> Result<Token, Failure> {
        let renewed = match self.grant() {
            AutodeskGrant::ThreeLegged => self.refresh(&mut state, refused.as_ref()).await,
            AutodeskGrant::TwoLegged { .. } => self.grant_anew(&Grant::Client).await,
            AutodeskGrant::ServiceAccount { account_id, key_id, .. } => {
                match self.assertion(account_id, key_id) {
                    Ok(assertion) => self.grant_anew(&Grant::Assertion(&assertion)).await,
                    Err(failure) => Err(failure),
                }
            }
        };
        match &renewed {
            Ok(token) => {
                state.token = Some(token.clone());
                state.failed = None;
            }
            Err(failure) => state.failed = Some((Instant::now(), failure.clone())),
        }
        renewed
    }

    /// The next pair, from whoever has it: this process, the file, the service.
    async fn refresh(&self, state: &mut State, refused: Option<&Secret>) -> Result<Token, Failure> {
        let held = self.file.lock().await?;
        if state.unsaved
            && let Some(token) = &state.token
        {
            held.draft()?.keep(token).await?;
            state.unsaved = false;
        }
        if let Some(token) = state.usable(refused) {
            return Ok(token);
        }
        let stored = held.read().map_err(|f| f.advice(self.sign_in_advice()))?;
        let Some(stored) = stored else {
            return Err(self.sign_in_again("nobody has signed in, or the session has ended"));
        };
        self.secrets().learn(&stored.access);
        if is_good(&stored, refused) {
            // Another process has renewed it, or this one has just started.
            return Ok(stored);
        }
        let Some(refresh) = stored.refresh.clone() else {
            return Err(self.sign_in_again("the token has expired and cannot be renewed"));
        };
        self.secrets().learn(&refresh);
        // Before anything is used up: if it cannot be written, it must not be asked for.
        let draft = held.draft()?;
        let token = match self.ask(RENEWING, &Grant::Refresh(&refresh)).await {
            Ok(token) => Token {
                refreshed_at: Some(token.obtained_at),
                obtained_at: stored.obtained_at,
                refresh: token.refresh.or(Some(refresh)),
                ..token
            },
            Err(denied) => return Err(self.not_renewed(state, &held, denied)),
        };
        let saved = draft.keep(&token).await;
        state.token = Some(token.clone());
        state.unsaved = saved.is_err();
        saved?;
        info!(client = %Shown::new(self.name()), "the session is renewed");
        Ok(token)
    }

    /// What a failed renewal leaves: everything as it was, or no session.
    fn not_renewed(&self, state: &mut State, held: &Held, denied: Denied) -> Failure {
        let why = match denied.fate {
            Fate::NotDone => return denied.failure,
            Fate::Void => "the refresh token is not good any more",
            Fate::Unknown => "the answer to the renewal is lost, and its refresh token used up",
        };
        // A token that may be the last one's predecessor is never used again.
        state.token = None;
        if let Err(failure) = held.set_aside() {
            warn!(%failure, "the token file cannot be put aside");
        }
        let said = denied.failure.said.map(|said| format!(": {said}")).unwrap_or_default();
        self.sign_in_again(&format!("{why}{said}"))
    }

    /// A token that can be asked for as often as one likes.
    async fn grant_anew(&self, grant: &Grant<'_>) -> Result<Token, Failure> {
        let ask = || async {
            let asked = self.ask(SIGNING_IN, grant).await;
            asked.map_err(|denied| SendFailure::from(denied.failure))
        };
        Ok(retrying(ask).await?)
    }

    /// What a service account signs to get a token: for this application, for a moment.
    fn assertion(&self, account_id: &str, key_id: &str) -> Result<Secret, Failure> {
        let Some(key) = self.key() else {
            return Err(Failure::new(FailureClass::Bug, SIGNING_IN, self.name()));
        };
        let claims = json!({
            "iss": self.settings().client_id,
            "sub": account_id,
            "aud": self.url(&["authentication", "v2", "token"]).as_str(),
            "exp": now() + ASSERTION,
            "scope": self.settings().scopes,
        });
        let assertion = key.sign(json!({"kid": key_id}), &claims)?;
        self.secrets().learn(&assertion);
        Ok(assertion)
    }

    fn sign_in_again(&self, why: &str) -> Failure {
        Failure::new(FailureClass::SignIn, RENEWING, format!("clients.{}", self.name()))
            .said(why)
            .advice(self.sign_in_advice())
            .retry(Retry::Never)
    }
}
