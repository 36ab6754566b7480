//! Autodesk Construction Cloud over Autodesk Platform Services: files registered by
//! the Data Management API, fetched from its object store.
//!
//! | file | what |
//! |---|---|
//! | `account` | one application: what all its endpoints share |
//! | `sign_in`, `callback` | signing in with a browser |
//! | `session`, `grant`, `token`, `token_file` | the token in use, and its renewal |
//! | `limiter`, `gate` | how many calls a minute |
//! | `api`, `pages`, `document` | one call, lists in pages, the form of the replies |
//! | `hubs`, `folders`, `file` | what the replies say: hubs, projects, folders, files |
//! | `walk`, `roots` | one walk over an endpoint's folders |
//! | `fetch` | where a version's bytes are |
//!
//! What the service does and how sure that is: the vendor's OpenAPI and pages, and
//! captured replies; where they leave a question open, either answer is safe.

mod account;
mod api;
mod callback;
mod document;
mod fetch;
mod file;
mod folders;
mod gate;
mod grant;
mod hubs;
mod limiter;
mod pages;
mod roots;
mod session;
pub mod sign_in;
mod token;
mod token_file;
mod walk;

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

pub use self::account::Account;
pub use self::session::Session;

use self::api::Api;
use self::walk::Roots;
use super::{BrowserSignIn, ContentSink, RegisterSink, RegisterSource, SignedIn};
use crate::model::{AutodeskGrant, AutodeskScope, Failure, Known, Project, Walked};

/// Folders that a look around lists at the most.
const PEEKS: usize = 25;

/// One endpoint: a project, or a folder of it.
#[derive(Debug)]
pub struct AutodeskSource {
    api: Api,
    scope: AutodeskScope,
}

impl AutodeskSource {
    /// A source for what `scope` says, as the account's application. Sends nothing yet.
    pub fn new(account: Arc<Account>, scope: AutodeskScope) -> Self {
        Self { api: Api::new(account), scope }
    }
}

#[async_trait]
impl RegisterSource for AutodeskSource {
    fn api_calls(&self) -> u64 {
        self.api.calls()
    }

    fn throttled_until(&self) -> Option<Timestamp> {
        self.api.account.throttled_until()
    }

    async fn sign_in(&self) -> Result<SignedIn, Failure> {
        self.api.account.signed_in().await
    }

    fn begin_sign_in(&self) -> Result<Option<Box<dyn BrowserSignIn>>, Failure> {
        if *self.api.account.grant() != AutodeskGrant::ThreeLegged {
            return Ok(None);
        }
        Ok(Some(Box::new(sign_in::begin(&self.api.account)?)))
    }

    async fn walk(
        &self,
        known: &Known,
        full: bool,
        sink: &dyn RegisterSink,
        cancel: &CancellationToken,
    ) -> Result<Walked, Failure> {
        walk::walk(&self.api, &self.scope, known, full, sink, cancel).await
    }

    async fn fetch(
        &self,
        content: &Value,
        sink: &mut dyn ContentSink,
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        self.api.fetch(content, sink, cancel).await
    }

    async fn peek(&self, limit: usize) -> Result<Vec<String>, Failure> {
        let cancel = CancellationToken::new();
        let roots = match walk::roots(&self.api, &self.scope, &mut None, &cancel).await? {
            Roots::Folders { highest, .. } => highest,
            Roots::Deleted(failure) | Roots::Refused(failure) => return Err(failure),
        };
        let mut open: VecDeque<String> = roots.into_iter().map(|folder| folder.id).collect();
        let mut names = Vec::new();
        for _ in 0..PEEKS {
            let Some(folder) = open.pop_front().filter(|_| names.len() < limit) else { break };
            let page = self.api.first_page(&self.scope.project_id, &folder);
            let contents = self.api.contents(&self.scope, &folder, page, &cancel).await?;
            names.extend(contents.files.into_iter().map(|file| file.name));
            if self.scope.include_subfolders {
                open.extend(contents.folders.into_iter().filter(|f| !f.hidden).map(|f| f.id));
            }
        }
        names.truncate(limit);
        Ok(names)
    }

    async fn projects(&self) -> Result<Vec<Project>, Failure> {
        self.api.projects(&CancellationToken::new()).await
    }
}
