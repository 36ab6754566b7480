//! One walk: what it knows, what it has found, and what follows from that.
//!
//! A walk is one task: pages go to the sink in the order in which they were made,
//! one after the other, while the next ones are being asked for.

use std::collections::HashMap;

use tokio::sync::mpsc;
use tracing::warn;

use super::account::Identity;
use super::api::Api;
use super::item::Item;
use super::query::is_id;
use super::refusal::Refusal;
use super::root::Root;
use super::row::row;
use super::tree::{Added, LEFT, LISTED, Tree};
use crate::model::{
    DriveScope, Failure, FailureClass, Known, Page, RemoteFile, RemoteFolder, Shown, Walked,
};

/// Failures that are told one by one; more are counted.
const MAX_FAILURES: usize = 50;

/// Calls in a row that may fail for good before the rest is left for another time.
const MAX_IN_A_ROW: u32 = 3;

/// Folders that a walk takes up: a loop that is not one by id must end, too.
const MAX_FOLDERS: usize = 5_000_000;

/// A page of books that is made here has so many rows.
const ROWS: usize = 1000;

/// Everything that a walk carries along.
pub(super) struct Walk<'a> {
    pub(super) api: &'a Api,
    pub(super) scope: &'a DriveScope,
    pub(super) root: Root,
    pub(super) tree: Tree,
    /// Shortcuts to folders that were seen, if they are followed.
    pub(super) shortcuts: Vec<ToFolder>,
    out: mpsc::Sender<Page>,
    failures: Vec<Failure>,
    more_failures: usize,
    in_a_row: u32,
    lost: Vec<(String, Failure)>,
    /// Something was listed.
    fruitful: bool,
    /// Files that were seen, wanted or not.
    seen: u64,
    /// Folders below which something is not as the books have it.
    left: Vec<String>,
}

/// A shortcut to a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ToFolder {
    pub(super) shortcut: String,
    pub(super) target: String,
    pub(super) folder: String,
    pub(super) name: String,
}

/// Why a walk cannot go on at all.
#[derive(Debug)]
pub(super) enum Stop {
    /// The sink is gone; it says itself why.
    Sink,
    /// This concerns everything that would follow.
    Failed(Failure),
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        api: &'a Api,
        scope: &'a DriveScope,
        root: Root,
        tree: Tree,
        out: mpsc::Sender<Page>,
    ) -> Self {
        Self {
            api,
            scope,
            root,
            tree,
            shortcuts: Vec::new(),
            out,
            failures: Vec::new(),
            more_failures: 0,
            in_a_row: 0,
            lost: Vec::new(),
            fruitful: false,
            seen: 0,
            left: Vec::new(),
        }
    }

    /// Hands a page to the sink, if there is anything on it.
    pub(super) async fn book(&self, page: Page) -> Result<(), Stop> {
        if page == Page::default() {
            return Ok(());
        }
        self.out.send(page).await.map_err(|_| Stop::Sink)
    }

    /// Hands rows to the sink, a thousand a page.
    pub(super) async fn book_all(
        &self,
        folders: Vec<RemoteFolder>,
        files: Vec<RemoteFile>,
        removed: Vec<String>,
    ) -> Result<(), Stop> {
        for folders in folders.chunks(ROWS) {
            self.book(Page { folders: folders.to_vec(), ..Page::default() }).await?;
        }
        for files in files.chunks(ROWS) {
            self.book(Page { files: files.to_vec(), ..Page::default() }).await?;
        }
        for removed in removed.chunks(ROWS) {
            self.book(Page { removed: removed.to_vec(), ..Page::default() }).await?;
        }
        Ok(())
    }

    /// Books the root itself, which has no parent.
    pub(super) async fn book_root(&self, name: &str) -> Result<(), Stop> {
        let folder = RemoteFolder { id: self.root.id.clone(), parent: None, name: name.to_owned() };
        self.book(Page { folders: vec![folder], ..Page::default() }).await
    }

    /// Puts an item that lies in `folder` on the page. Returns the id of a folder
    /// that is to be looked into.
    pub(super) fn sort(&mut self, item: &Item, folder: &str, page: &mut Page) -> Option<String> {
        if !is_id(&item.id) {
            self.failed(
                Failure::new(FailureClass::Protocol, "listing", &item.name)
                    .said("it has no usable id"),
            );
            return None;
        }
        if !item.is_folder() {
            self.seen += 1;
            if let Some(target) = item.target_folder().filter(|_| self.scope.follow_shortcuts) {
                self.shortcuts.push(ToFolder {
                    shortcut: item.id.clone(),
                    target: target.to_owned(),
                    folder: folder.to_owned(),
                    name: item.name.clone(),
                });
            }
            page.files.extend(row(item, folder, self.scope));
            return None;
        }
        let wanted = self.scope.include_subfolders
            && (self.scope.include_trashed || !item.is_trashed())
            && self.has_room();
        let added = if wanted { self.tree.add(&item.id, folder) } else { Added::Known };
        if added == Added::Known {
            return None;
        }
        page.folders.push(RemoteFolder {
            id: item.id.clone(),
            parent: Some(folder.to_owned()),
            name: item.name.clone(),
        });
        // One that hung below the root is looked into already.
        (added == Added::New).then(|| item.id.clone())
    }

    fn has_room(&mut self) -> bool {
        let room = self.tree.len() < MAX_FOLDERS;
        if !room && self.failures.len() < MAX_FAILURES {
            self.failed(
                Failure::new(FailureClass::Protocol, "listing", &self.root.name)
                    .said(format!("there are more than {MAX_FOLDERS} folders"))
                    .advice("give each part an endpoint of its own"),
            );
        }
        room
    }

    /// Something came.
    pub(super) fn succeeded(&mut self) {
        self.fruitful = true;
        self.in_a_row = 0;
    }

    /// Notes what could not be looked at.
    pub(super) fn failed(&mut self, failure: Failure) {
        warn!(%failure, "a part cannot be looked at");
        if self.failures.len() < MAX_FAILURES {
            self.failures.push(failure);
        } else {
            self.more_failures += 1;
        }
    }

    /// Notes that a call has failed for good. Where that concerns what would follow
    /// as well, the walk ends.
    pub(super) fn given_up(&mut self, refusal: Refusal, about: &str) -> Result<(), Stop> {
        use super::refusal::Verdict as V;
        if matches!(refusal.verdict, V::Setup | V::NewToken | V::NotNow) {
            return Err(Stop::Failed(refusal.failure));
        }
        if !refusal.is_about_object() {
            self.in_a_row += 1;
            if self.in_a_row >= MAX_IN_A_ROW {
                return Err(Stop::Failed(refusal.failure));
            }
        }
        self.failed(refusal.about(about));
        Ok(())
    }

    /// Notes a folder that we may not look into (any more).
    pub(super) fn lost(&mut self, folder: String, failure: Failure) {
        let failure = failure.about(&folder);
        warn!(%failure, "access to a folder is lost");
        self.lost.push((folder, failure));
    }

    /// Whether this walk was refused a look into `folder` already.
    pub(super) fn is_lost(&self, folder: &str) -> bool {
        self.lost.iter().any(|(lost, _)| lost == folder)
    }

    /// Notes folders that are in the scope no longer.
    pub(super) fn left(&mut self, folders: impl IntoIterator<Item = String>) {
        self.left.extend(folders);
    }

    /// Whether everything was looked at so far.
    pub(super) fn is_complete(&self) -> bool {
        self.failures.is_empty()
    }

    /// Whether neither a file nor a folder was seen.
    pub(super) fn is_empty(&self) -> bool {
        self.seen == 0 && self.tree.len() == 1
    }

    /// An account that sees nothing was often never given anything.
    pub(super) fn say_that_nothing_is_seen(&self, identity: &Identity) {
        warn!(
            folder = %Shown::new(&self.root.name),
            "there is nothing in it that {} may see: share the folder with this address",
            Shown::new(identity.address())
        );
    }

    /// The end of a walk of which everything was known or looked at.
    pub(super) fn end(self, known: &Known, stopped: Option<Stop>) -> Result<Walked, Failure> {
        let mut failures = self.failures;
        match stopped {
            Some(Stop::Sink) => {
                return Err(Failure::cancelled("walking", &self.root.name));
            }
            Some(Stop::Failed(failure)) if !self.fruitful => return Err(failure),
            Some(Stop::Failed(failure)) => {
                failures
                    .insert(0, failure.advice("what is left will be looked at by the next sync"));
            }
            None => {}
        }
        if self.more_failures > 0
            && let Some(last) = failures.last_mut()
        {
            let said = last.said.take().map(|said| said.to_string()).unwrap_or_default();
            *last = last.clone().said(format!("{said} (and {} more)", self.more_failures));
        }
        if !self.fruitful && !failures.is_empty() {
            return Err(failures.remove(0));
        }
        let unlisted = self.tree.unlisted();
        let mut stamps: HashMap<String, String> =
            self.left.into_iter().map(|id| (id, LEFT.to_owned())).collect();
        for id in known.folders.keys().filter(|id| !self.tree.contains(id)) {
            stamps.insert(id.clone(), LEFT.to_owned());
        }
        for id in self.tree.ids() {
            let before = known.folders.get(id).and_then(|folder| folder.stamp.as_deref());
            if before != Some(LISTED) {
                stamps.insert(id.clone(), LISTED.to_owned());
            }
        }
        for id in &unlisted {
            stamps.remove(id);
        }
        Ok(Walked { failures, lost: self.lost, stamps, ..Walked::default() })
    }
}
