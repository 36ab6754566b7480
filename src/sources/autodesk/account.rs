//! One application: what all endpoints with its client id share.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::HeaderValue;
use tokio::sync::Mutex;
use url::Url;

use super::limiter::Limiter;
use super::session::State;
use super::token_file::TokenFile;
use crate::model::{AutodeskAccount, AutodeskGrant, Failure, FailureClass, Secret};
use crate::transport::http::{Client, Guard, Secrets, Timeouts, checked_base};
use crate::transport::jwt::SigningKey;

/// Everything but RFC 3986's unreserved characters: URNs are path segments here, and
/// the `?` of a version's URN and the brackets of `page[…]` must not be seen as such.
pub(super) const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One application at Autodesk Platform Services: its tokens and its limits.
///
/// One per client of the configuration and process, shared by its endpoints.
pub struct Account {
    settings: AutodeskAccount,
    base: Url,
    /// For the API; its requests carry the token.
    api: Client,
    /// For signed URLs: they must not be sent a token.
    store: Client,
    secrets: Secrets,
    limiter: Arc<Limiter>,
    basic: Option<HeaderValue>,
    /// The service account's key.
    key: Option<SigningKey>,
    pub(super) file: TokenFile,
    pub(super) state: Arc<Mutex<State>>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Account {
    /// The account that these settings describe. Sends nothing yet.
    ///
    /// # Errors
    /// [`Misconfigured`](FailureClass::Misconfigured) when the base URL is not https
    /// (http is for stand-ins on this machine), a setting cannot be sent as a header,
    /// or the grant lacks what it needs.
    pub fn new(settings: AutodeskAccount) -> Result<Arc<Self>, Failure> {
        Self::with_timeouts(settings, Timeouts::default())
    }

    /// Like [`Account::new`] with other limits of patience.
    ///
    /// # Errors
    /// As [`Account::new`].
    pub fn with_timeouts(
        settings: AutodeskAccount,
        timeouts: Timeouts,
    ) -> Result<Arc<Self>, Failure> {
        let key = |key: &str| format!("clients.{}.{key}", settings.name);
        let base = checked_base(&key("base_url"), &settings.base_url)?;
        let guard = Guard::of(&base);
        let mut secrets = Vec::new();
        let basic = match &settings.client_secret {
            None => None,
            Some(secret) => {
                let pair = format!("{}:{}", settings.client_id, secret.expose());
                let pair = Secret::new(STANDARD.encode(pair));
                let basic = sensitive(&format!("Basic {}", pair.expose()));
                secrets.extend([secret.clone(), pair]);
                Some(basic.ok_or_else(|| unsendable(&key("client_secret")))?)
            }
        };
        let signing = match &settings.grant {
            AutodeskGrant::ServiceAccount { private_key, .. } => {
                Some(SigningKey::from_pem(&key("private_key"), private_key)?)
            }
            AutodeskGrant::TwoLegged { .. } if basic.is_none() => {
                return Err(Failure::new(
                    FailureClass::Misconfigured,
                    "reading",
                    key("client_secret"),
                )
                .said("it is missing")
                .advice("two-legged sign-in needs the application's secret"));
            }
            _ => None,
        };
        Ok(Arc::new(Self {
            api: Client::new(guard.clone(), timeouts)?,
            store: Client::new(guard, timeouts)?,
            secrets: Secrets::keeping(secrets),
            limiter: Limiter::of(base.as_str(), &settings.client_id),
            basic,
            key: signing,
            file: TokenFile::new(&settings.token_path),
            state: Arc::default(),
            base,
            settings,
        }))
    }

    /// The name under `clients:`.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// How a token is come by.
    pub fn grant(&self) -> &AutodeskGrant {
        &self.settings.grant
    }

    /// Where its tokens are kept, if a person signs in.
    pub fn token_path(&self) -> &Path {
        &self.settings.token_path
    }

    /// Where the browser comes back to.
    pub fn callback_url(&self) -> &str {
        &self.settings.callback_url
    }

    /// Until when the service has asked everybody with this client id to wait.
    pub fn throttled_until(&self) -> Option<Timestamp> {
        self.limiter.closed_until()
    }

    pub(super) fn settings(&self) -> &AutodeskAccount {
        &self.settings
    }

    pub(super) fn api(&self) -> &Client {
        &self.api
    }

    pub(super) fn store(&self) -> &Client {
        &self.store
    }

    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    pub(super) fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// The header that authenticates an application with a secret.
    pub(super) fn basic(&self) -> Option<HeaderValue> {
        self.basic.clone()
    }

    pub(super) fn key(&self) -> Option<&SigningKey> {
        self.key.as_ref()
    }

    /// The base URL with these segments appended, each percent-encoded.
    pub(super) fn url(&self, segments: &[&str]) -> Url {
        let mut path = self.base.path().trim_end_matches('/').to_owned();
        for segment in segments {
            path.push('/');
            path.extend(utf8_percent_encode(segment, ENCODED));
        }
        let mut url = self.base.clone();
        // What is encoded already stays as it is.
        url.set_path(&path);
        url
    }

    /// What the operator does when a session is over.
    pub(super) fn sign_in_advice(&self) -> String {
        match self.settings.name.as_str() {
            "autodesk" => "sign in again: transship auth autodesk".to_owned(),
            name => format!("sign in again: transship auth autodesk --client {name}"),
        }
    }
}

/// Now, in epoch seconds by the wall clock.
pub(super) fn now() -> i64 {
    Timestamp::now().as_second()
}

/// A header value that is neither shown by `Debug` nor sent to another origin.
pub(super) fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A setting that cannot be a header.
pub(super) fn unsendable(key: &str) -> Failure {
    Failure::new(FailureClass::Misconfigured, "reading", key)
        .said("it holds characters that cannot be sent, such as a line break")
}
