//! The client itself.

use std::error::Error as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, Request, Response, StatusCode, redirect, retry};
use url::Url;

use super::clock::Ahead;
use super::resolver::GuardedResolver;
use super::{Guard, Timeouts, failure, place};
use crate::model::{Failure, FailureClass};

/// Redirects followed for one request.
const MAX_REDIRECTS: usize = 5;

/// An unused connection is closed after this: services close theirs after a
/// minute or so, and a request written into a closing connection is in doubt.
const POOL_IDLE: Duration = Duration::from_secs(20);

/// An HTTP client that does exactly what it is told: it sends each request
/// once, follows no redirect by itself, decodes nothing and verifies TLS.
#[derive(Debug)]
pub(crate) struct Client {
    inner: reqwest::Client,
    guard: Guard,
    calls: AtomicU64,
    ahead: Ahead,
}

/// A request without a usable reply.
#[derive(Clone, Debug)]
pub(crate) struct SendFailure {
    /// What the operator reads.
    pub(crate) failure: Failure,
    /// Whether any of the request may have reached the other side.
    pub(crate) sent: bool,
    /// It was tried as often as is good: retries never multiply when one
    /// retried step is part of another.
    pub(super) exhausted: bool,
}

impl SendFailure {
    /// The same, knowing whether the request in question may have been sent.
    pub(crate) fn sent(self, sent: bool) -> Self {
        Self { sent, ..self }
    }
}

impl From<Failure> for SendFailure {
    /// Without further knowledge the request may have arrived.
    fn from(failure: Failure) -> Self {
        Self { failure, sent: true, exhausted: false }
    }
}

impl From<SendFailure> for Failure {
    fn from(failed: SendFailure) -> Self {
        failed.failure
    }
}

impl Client {
    /// A client for the places that `guard` admits.
    pub(crate) fn new(guard: Guard, timeouts: Timeouts) -> Result<Self, Failure> {
        let inner = reqwest::Client::builder()
            .user_agent(concat!("transship/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(timeouts.connect)
            .read_timeout(timeouts.idle)
            .pool_idle_timeout(POOL_IDLE)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .dns_resolver(GuardedResolver::new(guard.clone()))
            .build()
            .map_err(|e| {
                let why = e.source().map_or_else(|| e.to_string(), ToString::to_string);
                Failure::new(FailureClass::Local, "setting up", "the HTTP client")
                    .said(why)
                    .advice("look at this machine's certificates and proxy variables")
            })?;
        Ok(Self { inner, guard, calls: AtomicU64::new(0), ahead: Ahead::default() })
    }

    /// Requests sent so far.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// By how much this machine's clock is ahead of the other side's; none before
    /// a reply said what time it is there, or after the clock here was set.
    pub(crate) fn clock_ahead(&self) -> Option<jiff::SignedDuration> {
        self.ahead.get(jiff::Timestamp::now())
    }

    /// Which URLs this client may be asked for.
    pub(crate) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Sends one request, once. Any status, redirects included, is a reply.
    pub(crate) async fn send(
        &self,
        doing: &str,
        method: Method,
        url: &Url,
        mut headers: HeaderMap,
        body: Option<Vec<u8>>,
    ) -> Result<Response, SendFailure> {
        headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
        let mut request = Request::new(method, url.clone());
        *request.headers_mut() = headers;
        *request.body_mut() = body.map(Into::into);
        self.calls.fetch_add(1, Ordering::Relaxed);
        let reply = self.inner.execute(request).await.map_err(|error| SendFailure {
            // Without a connection nothing was sent; after that nobody knows.
            sent: !(error.is_connect() || error.is_builder()),
            failure: failure::of_error(doing, &place(url), &error),
            exhausted: false,
        })?;
        self.ahead.note(reply.headers(), jiff::Timestamp::now());
        Ok(reply)
    }

    /// A GET that follows redirects: each target is checked, and headers marked
    /// as sensitive stay behind when it is another origin.
    pub(crate) async fn get(
        &self,
        doing: &str,
        url: &Url,
        mut headers: HeaderMap,
    ) -> Result<Response, SendFailure> {
        let mut url = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let reply = self.send(doing, Method::GET, &url, headers.clone(), None).await?;
            let Some(next) = self.redirected(doing, &url, &reply)? else { return Ok(reply) };
            if next.origin() != url.origin() {
                headers = headers
                    .into_iter()
                    .filter_map(|(name, value)| Some((name?, value)))
                    .filter(|(_, value)| !value.is_sensitive())
                    .collect();
            }
            url = next;
        }
        let failure = Failure::new(FailureClass::Protocol, doing, place(&url))
            .said(format!("more than {MAX_REDIRECTS} redirects"));
        Err(failure.into())
    }

    /// Where a reply sends us, if it does.
    fn redirected(&self, doing: &str, url: &Url, reply: &Response) -> Result<Option<Url>, Failure> {
        use StatusCode as S;
        let status = reply.status();
        if ![
            S::MOVED_PERMANENTLY,
            S::FOUND,
            S::SEE_OTHER,
            S::TEMPORARY_REDIRECT,
            S::PERMANENT_REDIRECT,
        ]
        .contains(&status)
        {
            return Ok(None);
        }
        let next = reply
            .headers()
            .get(LOCATION)
            .and_then(|location| location.to_str().ok())
            .and_then(|location| url.join(location).ok())
            .ok_or_else(|| {
                Failure::new(FailureClass::Protocol, doing, place(url))
                    .said(format!("{status} without a usable Location"))
            })?;
        if next.origin() != url.origin() {
            self.guard.checked_url(doing, next.as_str())?;
        }
        if url.scheme() == "https" && next.scheme() != "https" {
            return Err(Failure::new(FailureClass::Refused, doing, place(&next))
                .said("a redirect from https to http is not followed"));
        }
        Ok(Some(next))
    }
}
