//! Signing in with a browser: three-legged OAuth (RFC 6749, 4.1), with PKCE (RFC 7636)
//! where the application has no secret.
//!
//! ```no_run
//! # use transship::sources::autodesk::{Account, sign_in};
//! # async fn f(account: &std::sync::Arc<Account>) -> Result<(), transship::model::Failure> {
//! let pending = sign_in::begin(account)?;
//! println!("open {}", pending.url());
//! let cancel = tokio_util::sync::CancellationToken::new();
//! let signed_in = pending.wait(&cancel).await?;
//! # Ok(()) }
//! ```

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::utf8_percent_encode;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::account::{Account, ENCODED};
use super::callback::{Answer, Callback, Listener};
use crate::model::{AutodeskGrant, Failure, FailureClass, Retry, Secret};
use crate::sources::{BrowserSignIn, SignedIn};
use crate::transport::http::or_cancelled;

const SIGNING_IN: &str = "signing in to Autodesk as";

/// How long a person may take: a password, a second factor, a look for the phone.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// A sign-in that waits for its callback. The port is taken for as long as this lives.
pub struct Pending {
    account: Arc<Account>,
    url: Url,
    state: Secret,
    verifier: Option<Secret>,
    listener: Listener,
    patience: Duration,
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("account", &self.account).finish_non_exhaustive()
    }
}

/// Begins a sign-in: takes the callback's port and makes the address to open.
///
/// Must be called within a tokio runtime.
///
/// # Errors
/// `Misconfigured` when the account signs in without a person or its callback is not
/// on this machine, `Local` when the callback's port is taken.
pub fn begin(account: &Arc<Account>) -> Result<Pending, Failure> {
    begin_within(account, PATIENCE)
}

/// Like [`begin`], for a person who may take `patience`.
///
/// # Errors
/// As [`begin`].
pub fn begin_within(account: &Arc<Account>, patience: Duration) -> Result<Pending, Failure> {
    let settings = account.settings();
    if *account.grant() != AutodeskGrant::ThreeLegged {
        return Err(misconfigured(account, "grant", "it signs in by itself, without a browser"));
    }
    let callback = Url::parse(&settings.callback_url)
        .map_err(|e| misconfigured(account, "callback_url", &e.to_string()))?;
    let listener = Listener::bind(&format!("clients.{}.callback_url", settings.name), &callback)?;
    let state = random()?;
    let verifier = match &settings.client_secret {
        Some(_) => None,
        None => Some(random()?),
    };
    let url = authorize_url(account, &state, verifier.as_ref());
    for secret in [Some(&state), verifier.as_ref()].into_iter().flatten() {
        account.secrets().learn(secret);
    }
    let account = Arc::clone(account);
    Ok(Pending { account, url, state, verifier, listener, patience })
}

impl Pending {
    /// What the person opens in a browser. It holds no secret that would help others:
    /// its `state` is good for this sign-in alone.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Waits for the browser to come back, asks for the tokens and writes their file.
    ///
    /// # Errors
    /// `SignIn` when the person or the service refused, the callback was not this
    /// sign-in's, or nobody came in time; `Cancelled`.
    pub async fn wait(self, cancel: &CancellationToken) -> Result<SignedIn, Failure> {
        let Self { account, url: _, state, verifier, listener, patience } = self;
        let object = format!("clients.{}", account.name());
        let waiting = async {
            let late = refused(&account, "nobody came back from the browser in time");
            tokio::time::timeout(patience, listener.callback()).await.unwrap_or(Err(late))
        };
        // The port is free again as soon as the callback is here: it is good once.
        let (callback, answer) = or_cancelled(cancel, SIGNING_IN, &object, waiting).await?;
        // Not raced against the token: a pair that was asked for must reach its file.
        let result = finish(&account, &state, verifier, callback).await;
        answer.send(&result).await;
        result
    }
}

#[async_trait]
impl BrowserSignIn for Pending {
    fn url(&self) -> &str {
        self.url.as_str()
    }

    async fn wait(self: Box<Self>, cancel: &CancellationToken) -> Result<SignedIn, Failure> {
        (*self).wait(cancel).await
    }
}

async fn finish(
    account: &Arc<Account>,
    state: &Secret,
    verifier: Option<Secret>,
    callback: Callback,
) -> Result<SignedIn, Failure> {
    let came = callback.state.as_deref().unwrap_or_default();
    if verify_slices_are_equal(came.as_bytes(), state.expose().as_bytes()).is_err() {
        return Err(refused(account, "a callback came that does not belong to this sign-in"));
    }
    if let Some(error) = callback.error {
        return Err(refused(account, &account.secrets().redact(&error)));
    }
    let Some(code) = callback.code else {
        return Err(refused(account, "the callback brought no code"));
    };
    account.secrets().learn(&code);
    let account = Arc::clone(account);
    let task = tokio::spawn(async move {
        account.begin_session(&code, verifier.as_ref()).await?;
        account.signed_in().await
    });
    task.await.unwrap_or_else(|e| Err(Failure::new(FailureClass::Bug, SIGNING_IN, "").said(e)))
}

/// The address of the vendor's sign-in page for this sign-in.
fn authorize_url(account: &Account, state: &Secret, verifier: Option<&Secret>) -> Url {
    let settings = account.settings();
    let scopes = settings.scopes.join(" ");
    let challenge = verifier.map(challenge);
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", &settings.client_id),
        ("redirect_uri", &settings.callback_url),
        ("scope", &scopes),
        ("state", state.expose()),
    ];
    if let Some(challenge) = &challenge {
        pairs.extend([("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")]);
    }
    let query: Vec<String> = pairs
        .into_iter()
        .map(|(key, value)| format!("{key}={}", utf8_percent_encode(value, ENCODED)))
        .collect();
    let mut url = account.url(&["authentication", "v2", "authorize"]);
    url.set_query(Some(&query.join("&")));
    url
}

/// What a verifier is proved by (RFC 7636, 4.2).
fn challenge(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.expose().as_bytes()))
}

/// 256 bits as 43 characters of those that the vendor takes in `state`.
fn random() -> Result<Secret, Failure> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| {
        Failure::new(FailureClass::Local, "asking the system for", "random numbers")
    })?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
}

/// A sign-in that came to nothing.
fn refused(account: &Account, why: &str) -> Failure {
    Failure::new(FailureClass::SignIn, SIGNING_IN, format!("clients.{}", account.name()))
        .said(why)
        .advice(account.sign_in_advice())
        .retry(Retry::Never)
}

fn misconfigured(account: &Account, key: &str, why: &str) -> Failure {
    let key = format!("clients.{}.{key}", account.name());
    Failure::new(FailureClass::Misconfigured, "reading", key).said(why)
}

// `Answer` is told what to say, never what came: the page repeats nothing.
impl Answer {
    async fn send(self, result: &Result<SignedIn, Failure>) {
        match result {
            Ok(_) => self.say(200, "Signed in. You can close this page.").await,
            Err(_) => {
                self.say(400, "This did not work: transship says why. You can close this page.")
                    .await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_the_standard_s() {
        // RFC 7636, appendix B.
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn states_are_long_new_and_of_the_allowed_letters() {
        let (a, b) = (random().unwrap(), random().unwrap());
        assert_ne!(a, b);
        assert_eq!(a.expose().len(), 43);
        let allowed = |c: char| c.is_ascii_alphanumeric() || ",._-".contains(c);
        assert!(a.expose().chars().all(allowed));
    }
}
