//! Where files come from.
//!
//! A source speaks with its service and nothing else: it does not know the
//! ledger, decides nothing about retries of a whole step, and writes bytes only
//! into the sink that the engine hands it.

pub mod autodesk;
mod checked;
mod content;
mod download;
pub mod encoura;
pub mod google_drive;
mod pour;
pub mod sftp;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

pub use crate::model::Listed;
use crate::model::{Failure, FailureClass, Known, Page, Project, Shown, Walked};
use crate::transport::pace::Pace;

/// Which of the two lists is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// What was not delivered yet. **A destructive read**: being listed may take
    /// an export out of this list for ever.
    NotDelivered,
    /// What was delivered before. Safe to ask for at any time.
    Delivered,
}

impl ListKind {
    /// The value of the `status` parameter, also used in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotDelivered => "NotDelivered",
            Self::Delivered => "Delivered",
        }
    }
}

/// A list that did not come through.
#[derive(Clone, Debug, PartialEq)]
pub struct ListFailure {
    /// What the operator reads.
    pub failure: Failure,
    /// Whether the request may have reached the service. If it may, a
    /// destructive list may have been executed although nothing came back.
    pub sent: bool,
}

/// Whom the service took us for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// A line for the operator, e.g. `organisation 1234, as ops@school.example`.
    pub identity: Shown,
}

/// What the head of a reply says about the content that follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentHead {
    /// The file's name as the source has it, not sanitised.
    pub name: Option<String>,
    /// Size of the whole file in bytes, not of the rest.
    pub total: Option<u64>,
    /// A strong validator of exactly these bytes, for a later resume.
    pub etag: Option<String>,
    /// Where in the file the bytes that follow begin: 0, or what was resumed.
    pub offset: u64,
}

/// How far an earlier attempt came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resume {
    /// Bytes that are already here.
    pub offset: u64,
    /// The validator they came with.
    pub etag: String,
}

/// Where content goes: the engine's part file with its books.
#[async_trait]
pub trait ContentSink: Send {
    /// What an earlier attempt left, if it can be continued.
    fn resume(&self) -> Option<Resume>;

    /// Called before the bytes, and again when a transfer that broke off goes
    /// on: then `head.offset` is 0 or the number of bytes written so far. With
    /// 0 whatever was there before is thrown away.
    async fn begin(&mut self, head: ContentHead) -> Result<(), Failure>;

    /// The next bytes, in order.
    async fn write(&mut self, chunk: Bytes) -> Result<(), Failure>;

    /// How fast bytes may come. Those who ask for them keep to it.
    fn pace(&self) -> Pace {
        Pace::default()
    }

    /// Gives the bytes before `end`, which an earlier attempt left, to `take`, so
    /// that a checksum over the whole can cover them; `false` where they cannot be
    /// read again. Called after a `begin` with that offset.
    async fn replay(
        &mut self,
        end: u64,
        take: &mut (dyn for<'b> FnMut(&'b [u8]) + Send),
    ) -> Result<bool, Failure> {
        let _ = (end, take);
        Ok(false)
    }
}

/// A source of exports: items that are announced once and then fetched.
#[async_trait]
pub trait ExportSource: Send + Sync {
    /// What identifies the account in an export's key; known after signing in.
    fn account(&self) -> String;

    /// Calls made to the service's API so far.
    fn api_calls(&self) -> u64;

    /// By how much this machine's clock is ahead of the service's, as it said last;
    /// none where it does not say.
    fn clock_ahead(&self) -> Option<jiff::SignedDuration> {
        None
    }

    /// Signs in and says as whom. Changes nothing on the other side.
    async fn sign_in(&self) -> Result<SignedIn, Failure>;

    /// Asks for a list and writes the reply's body, byte for byte, to the new
    /// file `body` (0600). On `Ok` the file and its folder are synced.
    ///
    /// [`ListKind::NotDelivered`] is sent at most once more after a 401 or 403,
    /// and never repeated after anything else.
    async fn list(
        &self,
        kind: ListKind,
        product_key: Option<&str>,
        body: &Path,
    ) -> Result<(), ListFailure>;

    /// Reads a body that [`ExportSource::list`] has stored. No I/O.
    fn parse(&self, body: &[u8]) -> Result<Vec<Listed>, Failure>;

    /// Fetches the content of `uid` into `sink`, resuming where that is
    /// possible. `Ok` means that every announced byte was written.
    async fn fetch(
        &self,
        uid: &str,
        sink: &mut dyn ContentSink,
        cancel: &CancellationToken,
    ) -> Result<(), Failure>;
}

/// Takes what a walk sees, page by page. Pages may come from several tasks at once.
#[async_trait]
pub trait RegisterSink: Send + Sync {
    /// Books a page in one transaction; durable when this returns. A slow sink
    /// slows the walk down, so that memory stays bounded.
    async fn page(&self, page: Page) -> Result<(), Failure>;
}

/// What became of a fetched file at its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parted {
    /// Nothing: that is what is wanted.
    Left,
    /// It was deleted.
    Deleted,
    /// It was moved to this path.
    Moved(String),
    /// It was not there any more.
    Gone,
    /// It is another version by now, and was left alone.
    Changed,
}

/// A sign-in that waits for a person and a browser. Dropped, it is given up.
#[async_trait]
pub trait BrowserSignIn: Send {
    /// The address that the person opens.
    fn url(&self) -> &str;

    /// Waits for the browser to come back; then the account is signed in.
    async fn wait(self: Box<Self>, cancel: &CancellationToken) -> Result<SignedIn, Failure>;
}

/// A source whose files are registered: walked again and again, compared with
/// what is known, and fetched only where an endpoint delivers them.
///
/// One per endpoint; those of one client share its tokens and its limits.
#[async_trait]
pub trait RegisterSource: Send + Sync {
    /// Calls made to the service's API by this endpoint so far.
    fn api_calls(&self) -> u64;

    /// Units of the service's quota that this endpoint has used so far, where the
    /// service counts in units; else as many as calls.
    fn quota_used(&self) -> u64 {
        self.api_calls()
    }

    /// Until when the service has asked everybody with this account to wait.
    fn throttled_until(&self) -> Option<Timestamp>;

    /// Signs in and says as whom. Changes nothing on the other side.
    async fn sign_in(&self) -> Result<SignedIn, Failure>;

    /// Begins a sign-in by a person, where this account needs one; none where it
    /// signs in by itself.
    fn begin_sign_in(&self) -> Result<Option<Box<dyn BrowserSignIn>>, Failure> {
        Ok(None)
    }

    /// Looks at everything in the endpoint's scope, as far as `known` does not tell
    /// that nothing changed; `full` looks everywhere. Hands each page to `sink`.
    ///
    /// A part that cannot be looked at is in [`Walked::failures`]; `Err` if nothing
    /// could be looked at, if `sink` failed, or if it was cancelled.
    async fn walk(
        &self,
        known: &Known,
        full: bool,
        sink: &dyn RegisterSink,
        cancel: &CancellationToken,
    ) -> Result<Walked, Failure>;

    /// Fetches the bytes that `content` ([`Content::Fetchable`]) describes into
    /// `sink`, resuming where that is possible. `Ok` means that every announced byte
    /// was written and that they are the version that was listed, as far as the
    /// service's checksum tells.
    ///
    /// [`Content::Fetchable`]: crate::model::Content::Fetchable
    async fn fetch(
        &self,
        content: &serde_json::Value,
        sink: &mut dyn ContentSink,
        cancel: &CancellationToken,
    ) -> Result<(), Failure>;

    /// Whether fetched files do not stay as they are over there.
    fn parts(&self) -> bool {
        false
    }

    /// Does to the file that `content` describes what the endpoint wants done once it is
    /// safe here: nothing, unless [`RegisterSource::parts`] says so. Only to the very
    /// version that was fetched; one that is gone already is fine.
    async fn after_fetch(&self, content: &serde_json::Value) -> Result<Parted, Failure> {
        let _ = content;
        Ok(Parted::Left)
    }

    /// A few names in the endpoint's scope, for `test`; at most `limit`.
    async fn peek(&self, limit: usize) -> Result<Vec<String>, Failure>;

    /// The projects or drives that the account may see.
    async fn projects(&self) -> Result<Vec<Project>, Failure>;
}

/// A source, of one of the two kinds.
#[derive(Clone)]
pub enum Source {
    /// Announces exports.
    Exports(Arc<dyn ExportSource>),
    /// Has its files registered.
    Register(Arc<dyn RegisterSource>),
}

impl Source {
    /// Calls made to the service's API so far.
    pub fn api_calls(&self) -> u64 {
        match self {
            Self::Exports(source) => source.api_calls(),
            Self::Register(source) => source.api_calls(),
        }
    }

    /// By how much this machine's clock is ahead of the service's, as it said last;
    /// none where it does not say, or where nothing depends on it.
    pub fn clock_ahead(&self) -> Option<jiff::SignedDuration> {
        match self {
            Self::Exports(source) => source.clock_ahead(),
            Self::Register(_) => None,
        }
    }

    /// Units of the service's quota used so far.
    pub fn quota_used(&self) -> u64 {
        match self {
            Self::Exports(source) => source.api_calls(),
            Self::Register(source) => source.quota_used(),
        }
    }

    /// Signs in and says as whom. Changes nothing on the other side.
    pub async fn sign_in(&self) -> Result<SignedIn, Failure> {
        match self {
            Self::Exports(source) => source.sign_in().await,
            Self::Register(source) => source.sign_in().await,
        }
    }

    /// Fetches an export's content into `sink`: by its `uid`, or by what was kept as
    /// JSON in `raw` when it was registered.
    pub async fn fetch(
        &self,
        uid: &str,
        raw: &str,
        sink: &mut dyn ContentSink,
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        match self {
            Self::Exports(source) => source.fetch(uid, sink, cancel).await,
            Self::Register(source) => {
                let content = serde_json::from_str(raw).map_err(|e| {
                    Failure::new(FailureClass::Bug, "reading how to fetch", uid).said(e)
                })?;
                source.fetch(&content, sink, cancel).await
            }
        }
    }
}
