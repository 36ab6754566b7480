//! One call of the API: with a token, within the limits, again where that helps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, StatusCode};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use url::Url;

use super::account::{Account, sensitive, unsendable};
use super::limiter::CallClass;
use super::token::Token;
use crate::model::{AutodeskGrant, Failure, FailureClass, Retry};
use crate::transport::http::{SendFailure, bytes, place, refusal, retrying};

/// A pause that the vendor asks for is sat out within a call up to this long.
pub(super) const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// How often one call waits because of a 429.
const MAX_PAUSES: u32 = 5;

/// The shortest pause after a 429, for a `Retry-After: 0`.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// The pause after a 429 that names none, doubled each time: all of them together are
/// longer than the minute that the vendor counts by.
const UNNAMED_PAUSE: Duration = Duration::from_secs(5);

/// The most bytes that a page may have: 200 files with their versions take one to two
/// million.
const MAX_BODY: usize = 8 << 20;

const USER: HeaderName = HeaderName::from_static("x-user-id");

/// The API as one endpoint calls it.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) account: Arc<Account>,
    calls: AtomicU64,
}

impl Api {
    pub(super) fn new(account: Arc<Account>) -> Self {
        Self { account, calls: AtomicU64::new(0) }
    }

    /// Calls made so far.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// GETs `url` and reads its body.
    ///
    /// # Errors
    /// What the service said, or that it cannot be reached after a few tries;
    /// `Cancelled` once `cancel` says so, but not in the middle of a renewal.
    pub(super) async fn get(
        &self,
        class: CallClass,
        doing: &str,
        url: &Url,
        cancel: &CancellationToken,
    ) -> Result<Vec<u8>, Failure> {
        let call = retrying(|| async {
            let reply = self.call(class, doing, url).await?;
            Ok::<_, SendFailure>(bytes(doing, reply, MAX_BODY).await?)
        });
        tokio::select! {
            biased;
            () = cancel.cancelled() => {
                // What is under way uses up a refresh token: its answer must be kept.
                self.account.settled().await;
                Err(Failure::cancelled(doing, place(url)))
            }
            body = call => Ok(body?),
        }
    }

    /// One GET as whom we are signed in. A 401 renews the token, once; a 429 waits.
    async fn call(
        &self,
        class: CallClass,
        doing: &str,
        url: &Url,
    ) -> Result<Response, SendFailure> {
        let (mut refused, mut pauses) = (None, 0);
        loop {
            let token = self.account.token(refused.as_ref()).await?;
            let headers = self.headers(class, &token)?;
            let limiter = self.account.limiter();
            let pass = limiter.admit(class, PATIENCE).await;
            let pass = pass.map_err(|left| throttled(doing, &place(url), left))?;
            self.calls.fetch_add(1, Ordering::Relaxed);
            // No redirect is followed: the API has none, and the token goes nowhere else.
            let reply = self.account.api().send(doing, Method::GET, url, headers, None).await?;
            drop(pass);
            match reply.status() {
                status if status.is_success() => return Ok(reply),
                StatusCode::UNAUTHORIZED if refused.is_none() => {
                    debug!("the token is refused, renewing it");
                    refused = Some(token.access);
                }
                StatusCode::TOO_MANY_REQUESTS => {
                    let failure = refusal(doing, reply, self.account.secrets()).await;
                    let pause = asked_pause(&failure, pauses);
                    limiter.close(class, pause);
                    pauses += 1;
                    if pauses > MAX_PAUSES || pause > PATIENCE {
                        return Err(failure.retry(Retry::After(pause)).into());
                    }
                    warn!(seconds = pause.as_secs(), ?class, "the service asks to wait");
                }
                status => {
                    let failure = refusal(doing, reply, self.account.secrets()).await;
                    return Err(self.explained(failure, status).into());
                }
            }
        }
    }

    fn headers(&self, class: CallClass, token: &Token) -> Result<HeaderMap, Failure> {
        let settings = self.account.settings();
        let bearer = sensitive(&format!("Bearer {}", token.access.expose()))
            .ok_or_else(|| unsendable(&format!("clients.{}.token_path", settings.name)))?;
        let mut headers = HeaderMap::from_iter([
            (AUTHORIZATION, bearer),
            (ACCEPT, HeaderValue::from_static("application/vnd.api+json, application/json")),
        ]);
        if let AutodeskGrant::TwoLegged { user_id: Some(user) } = &settings.grant
            && class != CallClass::Oss
        {
            let key = format!("clients.{}.user_id", settings.name);
            headers.insert(USER, sensitive(user).ok_or_else(|| unsendable(&key))?);
        }
        Ok(headers)
    }

    /// Adds what to do about a status.
    fn explained(&self, failure: Failure, status: StatusCode) -> Failure {
        match status {
            StatusCode::UNAUTHORIZED => {
                failure.advice(self.account.sign_in_advice()).retry(Retry::Never)
            }
            // "Do not try again unless you resolve permissions first."
            StatusCode::FORBIDDEN => failure.retry(Retry::Never),
            _ => failure,
        }
    }
}

/// How long to wait after a 429, having waited `pauses` times already.
pub(super) fn asked_pause(failure: &Failure, pauses: u32) -> Duration {
    match failure.retry {
        Retry::After(pause) => pause.max(SHORTEST_PAUSE),
        _ => UNNAMED_PAUSE * (1 << pauses.min(MAX_PAUSES)),
    }
}

/// The vendor has asked for a pause that is too long to be sat out.
pub(super) fn throttled(doing: &str, place: &str, left: Duration) -> Failure {
    Failure::new(FailureClass::Throttled, doing, place)
        .said(format!("the service has asked to wait {} more seconds", left.as_secs()))
        .retry(Retry::After(left))
}
