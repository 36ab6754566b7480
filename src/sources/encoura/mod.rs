//! Encoura's Data Lab: exports listed by its API, fetched from its object store.
//!
//! | file | what |
//! |---|---|
//! | `login` | the session: token, organisation, authorisation scheme |
//! | `list` | the two lists, one of which is a destructive read |
//! | `shapes` | what a list's body may look like |
//! | `download` | where one export's content is |
//!
//! What the service does and how sure that is: the vendor's published sample
//! and public clients; where they leave a question open, either answer is safe.

mod download;
mod list;
mod login;
mod shapes;

use std::path::Path;
use std::sync::OnceLock;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use url::Url;

use self::login::Login;
use super::{ContentSink, ExportSource, ListFailure, ListKind, Listed, SignedIn};
use crate::model::{EncouraAccount, Failure};
use crate::transport::http::{Client, Guard, Secrets, Timeouts, checked_base};

/// One account of the Encoura API.
#[derive(Debug)]
pub struct Encoura {
    account: EncouraAccount,
    base: Url,
    /// For the API itself; its requests carry the account's secrets.
    api: Client,
    /// For pre-signed URLs: object stores refuse a second authorisation.
    store: Client,
    login: Login,
    /// The organisation that the last sign-in was for. Exports belong to it,
    /// whoever signs in: people and base URLs change.
    organization: OnceLock<String>,
    secrets: Secrets,
}

impl Encoura {
    /// A source for `account`. Sends nothing yet.
    ///
    /// Fails with [`Misconfigured`](crate::model::FailureClass::Misconfigured)
    /// when the base URL is not https (http is for stand-ins on this machine)
    /// or a setting cannot be sent as a header.
    pub fn new(account: EncouraAccount) -> Result<Self, Failure> {
        Self::with_timeouts(account, Timeouts::default())
    }

    /// Like [`Encoura::new`] with other limits of patience.
    pub fn with_timeouts(account: EncouraAccount, timeouts: Timeouts) -> Result<Self, Failure> {
        let base = checked_base(&format!("clients.{}.base_url", account.name), &account.base_url)?;
        let guard = Guard::of(&base);
        let secrets = Secrets::keeping([account.api_key.clone(), account.password.clone()]);
        Ok(Self {
            api: Client::new(guard.clone(), timeouts)?,
            store: Client::new(guard, timeouts)?,
            login: Login::new(&account)?,
            organization: OnceLock::new(),
            base,
            secrets,
            account,
        })
    }

    /// The base URL with these segments appended, each percent-encoded.
    fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        // Only URLs without a host have no path, and those are not accepted.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

#[async_trait]
impl ExportSource for Encoura {
    fn account(&self) -> String {
        self.organization.get().cloned().unwrap_or_else(|| self.account.key())
    }

    fn api_calls(&self) -> u64 {
        self.api.calls()
    }

    fn clock_ahead(&self) -> Option<jiff::SignedDuration> {
        self.api.clock_ahead()
    }

    async fn sign_in(&self) -> Result<SignedIn, Failure> {
        self.sign_in_anew().await
    }

    async fn list(
        &self,
        kind: ListKind,
        product_key: Option<&str>,
        body: &Path,
    ) -> Result<(), ListFailure> {
        self.stored_list(kind, product_key, body)
            .await
            .map_err(|failed| ListFailure { failure: failed.failure, sent: failed.sent })
    }

    fn parse(&self, body: &[u8]) -> Result<Vec<Listed>, Failure> {
        shapes::listed(body, &self.secrets)
    }

    async fn fetch(
        &self,
        uid: &str,
        sink: &mut dyn ContentSink,
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        self.download(uid, sink, cancel).await
    }
}
