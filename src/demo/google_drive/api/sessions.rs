//! Access tokens: who has which, for what, for how long.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, header};

use super::refusal::Refusal;
use crate::demo::world::random_uid;

/// Scopes are told apart by what stands behind this.
const SCOPES: &str = "https://www.googleapis.com/auth/";

/// Every scope of the service (discovery document, `auth`).
const KNOWN: &[&str] = &[
    "drive",
    "drive.appdata",
    "drive.apps.readonly",
    "drive.file",
    "drive.meet.readonly",
    "drive.metadata",
    "drive.metadata.readonly",
    "drive.photos.readonly",
    "drive.readonly",
    "drive.scripts",
];

/// What a method needs. The scopes that only show an application's own files are
/// good for nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// To see what there is.
    Metadata,
    /// To read what is in it, or to see shared drives as such.
    Contents,
}

impl Needs {
    fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::Metadata => {
                &["drive", "drive.readonly", "drive.metadata", "drive.metadata.readonly"]
            }
            Self::Contents => &["drive", "drive.readonly"],
        }
    }
}

/// The access tokens that are good.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Session>>);

struct Session {
    user: String,
    scopes: Vec<String>,
    until: Instant,
}

impl Sessions {
    /// Whether each word of `scope` is a scope of the service, and there is one.
    pub(super) fn known(scope: &str) -> bool {
        let known =
            |scope: &str| scope.strip_prefix(SCOPES).is_some_and(|name| KNOWN.contains(&name));
        scope.split_whitespace().next().is_some() && scope.split_whitespace().all(known)
    }

    /// Makes a token for `user`.
    pub(super) fn open(&self, user: &str, scope: &str, life: Duration) -> String {
        let token = format!("ya29.c.{}{}", random_uid().replace('-', ""), random_uid());
        let scopes = scope.split_whitespace().filter_map(|scope| scope.strip_prefix(SCOPES));
        let session = Session {
            user: user.to_owned(),
            scopes: scopes.map(str::to_owned).collect(),
            until: Instant::now() + life,
        };
        self.open_ones().insert(token.clone(), session);
        token
    }

    /// Who calls, if they may.
    pub(super) fn authorise(&self, headers: &HeaderMap, needs: Needs) -> Result<String, Refusal> {
        let header = headers.get(header::AUTHORIZATION).ok_or_else(Refusal::unregistered)?;
        let token = header.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
        let sessions = self.open_ones();
        let session = token
            .and_then(|token| sessions.get(token))
            .filter(|session| Instant::now() < session.until)
            .ok_or_else(Refusal::unauthenticated)?;
        let good = |scope: &&str| session.scopes.iter().any(|own| own == scope);
        if !needs.scopes().iter().any(good) {
            return Err(Refusal::out_of_scope());
        }
        Ok(session.user.clone())
    }

    /// Ends every session.
    pub(super) fn end_all(&self) {
        self.open_ones().clear();
    }

    fn open_ones(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions(***)")
    }
}
