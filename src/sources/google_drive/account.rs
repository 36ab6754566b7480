//! One service account: its key, its token and its pace, shared by all endpoints
//! of a client.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderValue, USER_AGENT};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::info;
use url::Url;

use super::key::{self, Key};
use super::pace::Pace;
use super::token::{self, Reach};
use crate::model::{Failure, FailureClass, GoogleAccount, Retry, Secret, Shown};
use crate::transport::http::{Client, Guard, Secrets, Timeouts, checked_base};

/// A token is renewed this long before it ends, or after nine tenths of a short life.
const EARLY: Duration = Duration::from_secs(300);

/// How patient an account is: with the service, and with itself.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long the other side may take or be silent.
    pub timeouts: Timeouts,
    /// The first of the pauses that double, where the service names none.
    pub first_pause: Duration,
    /// The time in which `units_per_minute` may be spent.
    pub window: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            first_pause: Duration::from_secs(1),
            window: Duration::from_secs(60),
        }
    }
}

/// One service account of Google, and what its endpoints share.
pub struct Account {
    settings: GoogleAccount,
    base: Url,
    client: Client,
    user_agent: HeaderValue,
    /// Some endpoint fetches contents.
    contents: AtomicBool,
    signing: Mutex<Signing>,
    /// Counts the sign-ins that failed.
    failed: AtomicU64,
    pace: Pace,
    secrets: Secrets,
    patience: Patience,
}

/// Held while a token is asked for, so that many calls that need one ask once.
#[derive(Default)]
struct Signing {
    door: Option<Arc<Door>>,
    token: Option<Arc<Token>>,
    refused: Option<Failure>,
}

/// The key, and the client for where its tokens are had.
struct Door {
    key: Key,
    client: Client,
}

/// A token in use.
pub(super) struct Token {
    /// `Bearer …`, marked as sensitive.
    pub(super) authorization: HeaderValue,
    reach: Reach,
    until: Instant,
}

impl Token {
    /// Whether it is not about to end.
    pub(super) fn is_good(&self) -> bool {
        self.until > Instant::now()
    }
}

/// Whom the service takes us for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// The service account's address.
    pub(super) client_email: String,
    /// Whom it acts for.
    pub(super) subject: Option<String>,
}

impl Identity {
    /// For people.
    pub(super) fn shown(&self) -> String {
        match &self.subject {
            Some(subject) => format!("{}, for {subject}", self.client_email),
            None => self.client_email.clone(),
        }
    }

    /// Whose eyes it sees with.
    pub(super) fn address(&self) -> &str {
        self.subject.as_ref().unwrap_or(&self.client_email)
    }
}

impl Account {
    /// An account. Reads and sends nothing yet: the key file is read when it is
    /// first needed.
    ///
    /// Fails with [`FailureClass::Misconfigured`] when the base URL is not https
    /// (http is for stand-ins on this machine) or a setting cannot be sent.
    pub fn new(account: GoogleAccount) -> Result<Arc<Self>, Failure> {
        Self::with_patience(account, Patience::default())
    }

    /// Like [`Account::new`] with other limits of patience.
    pub fn with_patience(
        settings: GoogleAccount,
        patience: Patience,
    ) -> Result<Arc<Self>, Failure> {
        let key = format!("clients.{}.base_url", settings.name);
        let base = checked_base(&key, &settings.base_url)
            .map_err(|failure| failure.advice("give https://www.googleapis.com"))?;
        Ok(Arc::new(Self {
            client: Client::new(Guard::of(&base), patience.timeouts)?,
            base: drive_v3(base),
            user_agent: user_agent(&settings)?,
            contents: AtomicBool::new(false),
            signing: Mutex::default(),
            failed: AtomicU64::new(0),
            pace: Pace::new(settings.units_per_minute, patience.window),
            secrets: Secrets::default(),
            patience,
            settings,
        }))
    }

    /// From now on tokens also reach contents: one token serves all endpoints.
    pub(super) fn reach_contents(&self) {
        self.contents.store(true, Ordering::Relaxed);
    }

    /// The URL of `segments` below the API's base, with `parameters`; everything
    /// percent-encoded.
    pub(super) fn url<'p>(
        &self,
        segments: &[&str],
        parameters: impl IntoIterator<Item = (&'p str, &'p str)>,
    ) -> Url {
        let mut url = self.base.clone();
        // Only URLs without a host have no path, and those are not accepted.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url.query_pairs_mut().extend_pairs(parameters).append_pair("prettyPrint", "false");
        url
    }

    /// Whether `url` is the API's own origin.
    pub(super) fn is_home(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn pace(&self) -> &Pace {
        &self.pace
    }

    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    pub(super) fn patience(&self) -> Patience {
        self.patience
    }

    /// Until when the service has asked this account to wait.
    pub fn throttled_until(&self) -> Option<Timestamp> {
        self.pace.paused_until()
    }

    /// The headers of every call.
    pub(super) fn headers(&self) -> HeaderMap {
        HeaderMap::from_iter([(USER_AGENT, self.user_agent.clone())])
    }

    /// Who we are; sends nothing.
    pub(super) async fn identity(&self) -> Result<Identity, Failure> {
        let door = self.door(&mut *self.signing.lock().await).await?;
        let subject = self.settings.subject.clone();
        Ok(Identity { client_email: door.key.client_email.clone(), subject })
    }

    /// A token that reaches at least as far as `reach`.
    pub(super) async fn token(&self, reach: Reach) -> Result<Arc<Token>, Failure> {
        let all = if self.contents.load(Ordering::Relaxed) { Reach::Contents } else { reach };
        let reach = reach.max(all);
        let failed = self.failed.load(Ordering::Acquire);
        let mut signing = self.signing.lock().await;
        if let Some(token) = &signing.token
            && token.reach >= reach
            && token.is_good()
        {
            return Ok(Arc::clone(token));
        }
        // Whoever waited while somebody else was refused has been refused with them.
        if self.failed.load(Ordering::Acquire) != failed
            && let Some(refused) = &signing.refused
        {
            return Err(refused.clone());
        }
        let signed = self.sign_in(&mut signing, reach).await;
        if let Err(failure) = &signed {
            self.failed.fetch_add(1, Ordering::AcqRel);
            signing.refused = Some(failure.clone());
            // The key is read again next time: the operator may have put another one there.
            signing.door = None;
        }
        signed
    }

    /// The service does not take this token (any more).
    pub(super) async fn reject(&self, token: &Arc<Token>) {
        let mut signing = self.signing.lock().await;
        if signing.token.as_ref().is_some_and(|current| Arc::ptr_eq(current, token)) {
            signing.token = None;
        }
    }

    async fn sign_in(&self, signing: &mut Signing, reach: Reach) -> Result<Arc<Token>, Failure> {
        let door = self.door(signing).await?;
        let subject = self.settings.subject.as_deref();
        let asked = token::request(&door.client, &door.key, subject, reach, &self.secrets);
        let granted = asked.await?;
        self.secrets.learn(&granted.token);
        info!(account = %Shown::new(&door.key.client_email), "signed in to Google Drive");
        let token = Arc::new(Token {
            authorization: bearer(&granted.token)?,
            reach,
            until: Instant::now() + granted.life - (granted.life / 10).min(EARLY),
        });
        signing.token = Some(Arc::clone(&token));
        Ok(token)
    }

    async fn door(&self, signing: &mut Signing) -> Result<Arc<Door>, Failure> {
        if let Some(door) = &signing.door {
            return Ok(Arc::clone(door));
        }
        let key = key::read(&self.settings.credentials_path).await?;
        let client = Client::new(Guard::of(&key.token_uri), self.patience.timeouts)?;
        let door = Arc::new(Door { key, client });
        signing.door = Some(Arc::clone(&door));
        Ok(door)
    }
}

/// The API's base below the service's; a base URL may name it already.
fn drive_v3(mut base: Url) -> Url {
    let named = base.path().trim_end_matches('/').ends_with("/drive/v3");
    if let Ok(mut path) = base.path_segments_mut()
        && !named
    {
        path.pop_if_empty().extend(["drive", "v3"]);
    }
    base
}

fn user_agent(settings: &GoogleAccount) -> Result<HeaderValue, Failure> {
    let own = concat!("transship/", env!("CARGO_PKG_VERSION"));
    let text = match settings.application_name.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => format!("{name} {own}"),
        None => own.to_owned(),
    };
    HeaderValue::from_str(&text).map_err(|_| {
        let key = format!("clients.{}.application_name", settings.name);
        Failure::new(FailureClass::Misconfigured, "reading", key)
            .said("it holds characters that cannot be sent, such as a line break")
    })
}

fn bearer(token: &Secret) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| {
        Failure::new(FailureClass::Protocol, "signing in to", "Google Drive")
            .said("the token cannot be sent as a header")
            .retry(Retry::Backoff)
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_s_base_is_found_below_the_service_s() {
        for (base, api) in [
            ("https://www.googleapis.com", "https://www.googleapis.com/drive/v3"),
            ("https://www.googleapis.com/", "https://www.googleapis.com/drive/v3"),
            ("http://127.0.0.1:9/x/", "http://127.0.0.1:9/x/drive/v3"),
            ("http://127.0.0.1:9/drive/v3/", "http://127.0.0.1:9/drive/v3/"),
        ] {
            assert_eq!(drive_v3(Url::parse(base).unwrap()).as_str(), api, "{base}");
        }
    }
}
