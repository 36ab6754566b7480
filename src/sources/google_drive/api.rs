//! One call of the API: paced, signed, judged, and tried again where that helps.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::Response;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde::de::DeserializeOwned;
use tracing::{debug, info};
use url::Url;

use super::account::{Account, Token};
use super::pace::Cost;
use super::refusal::{Refusal, Verdict};
use super::token::Reach;
use crate::model::{Failure, Retry};
use crate::transport::http::{bytes, place, unexpected};

/// How often a call is sent at the most: while the service asks for slower ones,
/// and while it or the network is unwell. With doubling pauses two minutes and
/// half a minute.
const TRIES_SLOWED: u32 = 8;
const TRIES: u32 = 5;

/// The longest of the doubling pauses, in first pauses.
const LONGEST: u32 = 64;

/// The most that a page may have, in bytes: a thousand files have about one million.
const MAX_PAGE: usize = 32 * 1024 * 1024;

/// The API as one endpoint uses it.
pub(super) struct Api {
    account: Arc<Account>,
    calls: AtomicU64,
    units: AtomicU64,
}

/// What is asked for.
pub(super) struct Ask<'a> {
    /// A participle phrase, for messages.
    pub(super) doing: &'a str,
    pub(super) url: Url,
    pub(super) cost: Cost,
    /// What the token must allow at least.
    pub(super) reach: Reach,
    /// Beside those of every call.
    pub(super) headers: HeaderMap,
    /// The token goes along.
    pub(super) signed: bool,
}

impl<'a> Ask<'a> {
    /// A call for metadata.
    pub(super) fn new(doing: &'a str, url: Url, cost: Cost) -> Self {
        Self { doing, url, cost, reach: Reach::Metadata, headers: HeaderMap::new(), signed: true }
    }
}

impl Api {
    pub(super) fn new(account: Arc<Account>) -> Self {
        Self { account, calls: AtomicU64::new(0), units: AtomicU64::new(0) }
    }

    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    /// Calls sent so far.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Units of the quota that they cost.
    pub(super) fn units(&self) -> u64 {
        self.units.load(Ordering::Relaxed)
    }

    /// A reply's JSON, read whole.
    pub(super) async fn json<T: DeserializeOwned>(&self, ask: &Ask<'_>) -> Result<T, Refusal> {
        let doing = ask.doing;
        self.call(ask, |reply| async move {
            let place = place(reply.url());
            let body = bytes(doing, reply, MAX_PAGE).await?;
            serde_json::from_slice(&body).map_err(|error| {
                let (line, column) = (error.line(), error.column());
                debug!(line, column, "a reply that is not understood");
                let what = "the reply is not the JSON expected";
                unexpected(doing, &place, what, &body, self.account.secrets())
            })
        })
        .await
    }

    /// A reply whose body is not read yet.
    pub(super) async fn open(&self, ask: &Ask<'_>) -> Result<Response, Refusal> {
        self.call(ask, |reply| async move { Ok(reply) }).await
    }

    async fn call<T, F>(
        &self,
        ask: &Ask<'_>,
        read: impl Fn(Response) -> F + Send + Sync,
    ) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, Failure>> + Send,
    {
        let (mut tries, mut renewed) = (0, false);
        loop {
            let token = self.account.token(ask.reach).await.map_err(Refusal::without_reply)?;
            let permit = self.account.pace().admit(ask.cost).await;
            let permit = permit.map_err(Refusal::without_reply)?;
            if !token.is_good() {
                // The wait was longer than its life.
                continue;
            }
            let refusal = match self.send(ask, &token).await {
                Ok(reply) => match read(reply).await {
                    Ok(value) => {
                        permit.succeeded();
                        return Ok(value);
                    }
                    Err(failure) => Refusal::without_reply(failure),
                },
                Err(refusal) => refusal,
            };
            drop(permit);
            tries += 1;
            match refusal.verdict {
                Verdict::NewToken if !renewed => {
                    debug!("the token is refused, renewing it");
                    renewed = true;
                    self.account.reject(&token).await;
                }
                Verdict::SlowDown => {
                    let pause = asked(&refusal.failure).unwrap_or_else(|| self.backoff(tries));
                    info!(seconds = pause.as_secs_f64(), "Google Drive asks to go slower");
                    self.account.pace().pause(pause);
                    if tries >= TRIES_SLOWED {
                        return Err(refusal);
                    }
                }
                Verdict::Again if tries < TRIES => {
                    debug!(failure = %refusal.failure, tries, "trying again");
                    match asked(&refusal.failure) {
                        // Who names a time means everybody.
                        Some(pause) => self.account.pace().pause(pause),
                        None => tokio::time::sleep(self.backoff(tries)).await,
                    }
                }
                _ => return Err(refusal),
            }
        }
    }

    /// Sends it once.
    async fn send(&self, ask: &Ask<'_>, token: &Token) -> Result<Response, Refusal> {
        let mut headers = self.account.headers();
        headers.extend(ask.headers.clone());
        if ask.signed {
            headers.insert(AUTHORIZATION, token.authorization.clone());
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.units.fetch_add(u64::from(ask.cost.units()), Ordering::Relaxed);
        let reply = self.account.client().get(ask.doing, &ask.url, headers).await;
        let reply = reply.map_err(|failed| Refusal::without_reply(failed.failure))?;
        if reply.status().is_success() {
            return Ok(reply);
        }
        Err(Refusal::read(ask.doing, reply, self.account.secrets()).await)
    }

    /// The vendor's exponential backoff: `min(2^n + up to 1, 64)` seconds.
    fn backoff(&self, tries: u32) -> Duration {
        let doubled = f64::from(1_u32 << (tries - 1).min(16)) + rand::random::<f64>();
        self.account.patience().first_pause.mul_f64(doubled.min(f64::from(LONGEST)))
    }
}

/// The pause that the service itself asks for.
fn asked(failure: &Failure) -> Option<Duration> {
    match failure.retry {
        Retry::After(pause) => Some(pause),
        Retry::Never | Retry::Backoff => None,
    }
}
