//! Google Drive: folders, shared drives and own drives as registers.
//!
//! | file | what it is for |
//! |---|---|
//! | `account`, `key`, `token` | one service account: its key, its token, shared by all endpoints of a client |
//! | `pace` | its quota, and the pauses that the service asks for |
//! | `api`, `refusal` | one call: paced, signed, judged, tried again; what refusals mean |
//! | `item`, `kind`, `row` | what the API shows of a file, and what the books keep of it |
//! | `query`, `pages`, `looks`, `slices` | what is asked of `files.list`: page by page, in groups, in slices |
//! | `run`, `walk` | the course of a walk, and what it carries along |
//! | `root`, `folders`, `flat`, `beyond` | where it begins; by folders; a whole drive; shortcuts and what is shared |
//! | `feed`, `changes`, `tree`, `memory` | the log of changes, and what follows from it |
//! | `fetch`, `export`, `as_it_is` | contents |
//! | `browse` | a first look for people |
//!
//! What the service does: <https://developers.google.com/workspace/drive/api> and its
//! discovery document, revision 20261106. That grouped queries may miss the children
//! of some of their folders is users' experience.
//!
//! Replies are not asked for compressed: the client decodes nothing, so that a content
//! arrives as it is.

mod account;
mod api;
mod as_it_is;
mod beyond;
mod browse;
mod changes;
mod export;
mod feed;
mod fetch;
mod flat;
mod folders;
mod item;
mod key;
mod kind;
mod looks;
mod memory;
mod pace;
mod pages;
mod query;
mod refusal;
mod root;
mod row;
mod run;
mod slices;
#[cfg(test)]
mod testing;
mod token;
mod tree;
mod walk;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

pub use self::account::{Account, Patience};
use self::api::Api;
use self::token::Reach;
use super::{ContentSink, RegisterSink, RegisterSource, SignedIn};
use crate::model::{DriveScope, Failure, Known, Project, Shown, Walked};

/// One endpoint's folder or drive.
pub struct DriveSource {
    api: Api,
    scope: DriveScope,
}

impl DriveSource {
    /// A source for `scope`, by `account`, which its other endpoints share. With
    /// `contents` its token reaches contents as well, else metadata only. Sends
    /// nothing yet.
    pub fn new(account: Arc<Account>, scope: DriveScope, contents: bool) -> Self {
        if contents {
            account.reach_contents();
        }
        Self { api: Api::new(account), scope }
    }
}

#[async_trait]
impl RegisterSource for DriveSource {
    fn api_calls(&self) -> u64 {
        self.api.calls()
    }

    fn quota_used(&self) -> u64 {
        self.api.units()
    }

    fn throttled_until(&self) -> Option<Timestamp> {
        self.api.account().throttled_until()
    }

    async fn sign_in(&self) -> Result<SignedIn, Failure> {
        self.api.account().token(Reach::Metadata).await?;
        let identity = self.api.account().identity().await?;
        Ok(SignedIn { identity: Shown::new(identity.shown()) })
    }

    async fn walk(
        &self,
        known: &Known,
        full: bool,
        sink: &dyn RegisterSink,
        cancel: &CancellationToken,
    ) -> Result<Walked, Failure> {
        run::run(&self.api, &self.scope, known, full, sink, cancel).await
    }

    async fn fetch(
        &self,
        content: &serde_json::Value,
        sink: &mut dyn ContentSink,
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        fetch::fetch(&self.api, content, sink, cancel).await
    }

    async fn peek(&self, limit: usize) -> Result<Vec<String>, Failure> {
        browse::peek(&self.api, &self.scope, limit).await
    }

    async fn projects(&self) -> Result<Vec<Project>, Failure> {
        browse::projects(&self.api).await
    }
}
