//! What was handed out: codes, access tokens, refresh tokens.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::jwt::signing_key;
use crate::model::Failure;

/// What a token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::demo::autodesk) struct Grant {
    pub(in crate::demo::autodesk) client_id: String,
    /// None for a two-legged one.
    pub(in crate::demo::autodesk) user_id: Option<String>,
    pub(in crate::demo::autodesk) scopes: Vec<String>,
}

/// An authorization code.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) grant: Grant,
    pub(super) redirect_uri: String,
    /// The PKCE challenge (S256), if there was one.
    pub(super) challenge: Option<String>,
    pub(super) expires_at: Timestamp,
    pub(super) used: bool,
}

#[derive(Clone, Debug)]
struct Access {
    grant: Grant,
    expires_at: Timestamp,
}

#[derive(Clone, Debug)]
struct Refresh {
    grant: Grant,
    expires_at: Timestamp,
    used: bool,
}

/// What became of a refresh token that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// It was good, and is no longer.
    Good(Grant),
    /// It had been used before.
    Reused,
    /// Unknown, expired, revoked, or another client's.
    Bad,
}

/// Everything that was handed out.
#[derive(Default)]
pub(in crate::demo::autodesk) struct Tokens(Mutex<State>);

#[derive(Default)]
struct State {
    codes: HashMap<String, Code>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(***)")
    }
}

impl Tokens {
    pub(super) fn hand_out_code(&self, code: Code) -> String {
        let text = random_text();
        self.state().codes.insert(text.clone(), code);
        text
    }

    /// The code as it was before this, if there is one: it is used up now.
    pub(super) fn use_code(&self, text: &str) -> Option<Code> {
        let mut state = self.state();
        let code = state.codes.get_mut(text)?;
        let before = code.clone();
        code.used = true;
        Some(before)
    }

    /// A new access token.
    pub(super) fn hand_out_access(&self, grant: &Grant, life: Duration) -> Result<String, Failure> {
        let expires_at = later(life);
        let mut claims = json!({
            "scope": grant.scopes,
            "client_id": grant.client_id,
            "iss": "https://developer.api.autodesk.com",
            "aud": "https://autodesk.com",
            "jti": random_text(),
            "exp": expires_at.as_second(),
        });
        if let Some(user) = &grant.user_id {
            claims["userid"] = Value::from(user.as_str());
        }
        let token = signing_key()?.sign(&claims)?;
        let access = Access { grant: grant.clone(), expires_at };
        self.state().access.insert(token.clone(), access);
        Ok(token)
    }

    pub(super) fn hand_out_refresh(&self, grant: Grant, life: Duration) -> String {
        let token = random_text();
        let refresh = Refresh { grant, expires_at: later(life), used: false };
        self.state().refresh.insert(token.clone(), refresh);
        token
    }

    /// Uses up a refresh token.
    pub(super) fn use_refresh(&self, token: &str, client_id: &str) -> Shown {
        let mut state = self.state();
        let Some(refresh) = state.refresh.get_mut(token) else { return Shown::Bad };
        if refresh.grant.client_id != client_id {
            return Shown::Bad;
        }
        if refresh.used {
            return Shown::Reused;
        }
        if refresh.expires_at <= Timestamp::now() {
            return Shown::Bad;
        }
        refresh.used = true;
        Shown::Good(refresh.grant.clone())
    }

    /// What an access token stands for, and until when (Unix seconds), if it is good.
    pub(in crate::demo::autodesk) fn good(&self, token: &str) -> Option<(Grant, i64)> {
        let state = self.state();
        let access = state.access.get(token)?;
        let good = access.expires_at > Timestamp::now();
        good.then(|| (access.grant.clone(), access.expires_at.as_second()))
    }

    /// Ends an access token before its time.
    pub(in crate::demo::autodesk) fn expire(&self, token: &str) {
        if let Some(access) = self.state().access.get_mut(token) {
            access.expires_at = Timestamp::UNIX_EPOCH;
        }
    }

    /// Ends a token of this client, whatever kind it is.
    pub(super) fn revoke(&self, token: &str, client_id: &str) {
        let mut state = self.state();
        if state.access.get(token).is_some_and(|access| access.grant.client_id == client_id) {
            state.access.remove(token);
        }
        if state.refresh.get(token).is_some_and(|refresh| refresh.grant.client_id == client_id) {
            state.refresh.remove(token);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn later(life: Duration) -> Timestamp {
    Timestamp::now().checked_add(life).unwrap_or(Timestamp::MAX)
}

/// 43 characters, as opaque as the service's.
fn random_text() -> String {
    use base64::Engine as _;
    let random: [u8; 32] = rand::random();
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random)
}
