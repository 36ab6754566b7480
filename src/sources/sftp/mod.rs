//! A partner's SFTP server: a folder that files are put into for us.
//!
//! | file | what it is for |
//! |---|---|
//! | `account` | the login, shared by the endpoints of a client |
//! | `place` | paths, as bytes |
//! | `rules`, `looks` | which files are looked at, and when one counts as complete |
//! | `walk`, `listing`, `entry`, `found` | the folders, one by one |
//! | `row` | files and folders as the register knows them |
//! | `fetch`, `after` | a file's bytes, and what becomes of it afterwards |
//! | `peek` | a few names, for `test` |

mod account;
mod after;
mod entry;
mod fetch;
mod found;
mod listing;
mod looks;
mod peek;
mod place;
mod row;
mod rules;
mod walk;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

pub use account::Account;

use super::{ContentSink, Parted, RegisterSink, RegisterSource, SignedIn};
use crate::model::{AfterFetch, Failure, FailureClass, FeedScope, Known, Project, Shown, Walked};
use crate::transport::sftp::{SftpError, SftpSession, SpreadFrom};
use place::Place;
use walk::Walk;

/// When the file that `content` describes was changed at the partner; none if it does
/// not describe one.
pub fn changed_at(content: &serde_json::Value) -> Option<Timestamp> {
    let (wanted, _) = row::Fetchable::read(content).ok()?;
    Timestamp::from_second(i64::from(wanted.changed)).ok()
}

/// A folder on a partner's SFTP server.
pub struct SftpSource {
    account: Arc<Account>,
    scope: FeedScope,
    spread: SpreadFrom,
    calls: AtomicU64,
}

impl SftpSource {
    /// Nothing is connected before it is needed.
    pub fn new(account: Arc<Account>, scope: FeedScope) -> Self {
        Self { account, scope, spread: SpreadFrom::default(), calls: AtomicU64::new(0) }
    }

    /// Fetches a file over several sessions from there on.
    #[must_use]
    pub fn with_spread(mut self, from: SpreadFrom) -> Self {
        self.spread = from;
        self
    }

    fn called(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// The endpoint's folder, which is there: a missing one is never an empty one.
    async fn root(&self, session: &SftpSession) -> Result<Place, Failure> {
        const DOING: &str = "looking into";
        let directory = self.scope.directory.as_bytes();
        let root = match directory.starts_with(b"/") {
            true => Place::new(b"", directory),
            false => {
                self.called();
                let home = session.realpath(b".").await;
                let home =
                    home.map_err(|e| e.into_failure("asking where we are on", self.shown()))?;
                Place::new(&home, directory)
            }
        };
        self.called();
        match session.stat(root.bytes()).await {
            Ok(attrs) if attrs.permissions.is_some() && !attrs.is_directory() => {
                Err(Failure::new(FailureClass::Misconfigured, DOING, root.shown())
                    .said("it is a file, not a folder")
                    .advice("correct `directory`"))
            }
            Ok(_) => Ok(root),
            Err(error @ SftpError::Lost(_)) => Err(error.into_failure(DOING, root.shown())),
            Err(error) => Err(error.into_failure(DOING, root.shown()).advice(
                "the folder is not there, or this account may not see it: correct `directory`, \
                 or ask those who run the server",
            )),
        }
    }

    fn shown(&self) -> String {
        self.account.shown()
    }
}

#[async_trait]
impl RegisterSource for SftpSource {
    fn api_calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    fn throttled_until(&self) -> Option<Timestamp> {
        None
    }

    async fn sign_in(&self) -> Result<SignedIn, Failure> {
        self.account.session().await?;
        Ok(SignedIn { identity: Shown::new(self.shown()) })
    }

    /// Always looks everywhere: the protocol has no change detector.
    async fn walk(
        &self,
        known: &Known,
        _full: bool,
        sink: &dyn RegisterSink,
        cancel: &CancellationToken,
    ) -> Result<Walked, Failure> {
        // Given back before folders are listed, each over the session with the fewest users.
        let look = async || self.root(&*self.account.session().await?).await;
        let root = match look().await {
            // Kept since the last pass, it may have broken off: once more over another one.
            Err(failure) if failure.class == FailureClass::Network => look().await?,
            root => root?,
        };
        Walk::new(self, &known.memory, sink, cancel, &root).run(root.clone()).await
    }

    async fn fetch(
        &self,
        content: &serde_json::Value,
        sink: &mut dyn ContentSink,
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        fetch::fetch(self, content, sink, cancel).await
    }

    fn parts(&self) -> bool {
        self.scope.after_fetch != AfterFetch::Leave
    }

    async fn after_fetch(&self, content: &serde_json::Value) -> Result<Parted, Failure> {
        after::part(self, content).await
    }

    async fn peek(&self, limit: usize) -> Result<Vec<String>, Failure> {
        peek::peek(self, limit).await
    }

    async fn projects(&self) -> Result<Vec<Project>, Failure> {
        Ok(Vec::new())
    }
}
