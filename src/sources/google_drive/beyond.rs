//! What an endpoint holds although it does not lie below its root: what others
//! have shared with the account, and what shortcuts lead to.

use std::collections::{BTreeMap, HashSet};

use futures::StreamExt as _;
use tracing::info;

use super::item::Item;
use super::pages::Pages;
use super::query::{Query, is_id};
use super::root;
use super::tree::Added;
use super::walk::{Stop, ToFolder, Walk};
use crate::model::{Page, RemoteFolder, Shown};

/// Targets that are asked for at the same time.
const AT_ONCE: usize = 16;

const FOLLOWING: &str = "following a shortcut to";

/// What must be known of a shortcut's target.
const TARGET: &str = "id,name,mimeType,trashed,driveId";

/// Whether an item counts as one that others have shared: we see none of its
/// parents. One whose parent we see is found there.
pub(super) fn is_shared(item: &Item) -> bool {
    item.parents.is_empty() && item.shared_with_me_time.is_some()
}

impl Walk<'_> {
    /// Lists what others have shared with the account, as if it lay in the root.
    pub(super) async fn shared_with_me(&mut self) -> Result<(), Stop> {
        let root = self.root.id.clone();
        let mut pages =
            Pages::new(self.api, Query::shared_with_me(self.scope.include_trashed), None);
        loop {
            let list = match pages.next().await {
                Ok(Some(list)) => list,
                Ok(None) => return Ok(()),
                Err(refusal) => return self.given_up(refusal, "what others have shared"),
            };
            self.succeeded();
            self.check_complete(&list, || "what others have shared".to_owned());
            let (mut page, mut found) = (Page::default(), Vec::new());
            for item in list.files.iter().filter(|item| item.parents.is_empty()) {
                found.extend(self.sort(item, &root, &mut page));
            }
            self.book(page).await?;
            self.folders(found, None).await?;
        }
    }

    /// Enters the folders that shortcuts lead to, and those that are found there,
    /// each as if it lay where the first shortcut to it does. What was entered
    /// before is not entered again: that ends every loop. False if some of them lie
    /// where the root's log of changes does not reach.
    pub(super) async fn follow(&mut self) -> Result<bool, Stop> {
        let mut within = true;
        let mut tried = HashSet::new();
        loop {
            // Whole rounds in a fixed order: the same tree whatever arrives first.
            let mut round = std::mem::take(&mut self.shortcuts);
            round.sort();
            round.retain(|to| {
                is_id(&to.target)
                    && !self.tree.contains(&to.target)
                    && tried.insert(to.target.clone())
            });
            if round.is_empty() {
                return Ok(within);
            }
            let mut by_drive: BTreeMap<Option<String>, Vec<String>> = BTreeMap::new();
            let mut page = Page::default();
            for (to, target) in self.targets(round).await? {
                if self.tree.add(&target.id, &to.folder) != Added::New {
                    continue;
                }
                within &= target.drive_id == self.root.drive;
                page.folders.push(RemoteFolder {
                    id: target.id.clone(),
                    parent: Some(to.folder),
                    name: to.name,
                });
                by_drive.entry(target.drive_id).or_default().push(target.id);
            }
            self.book(page).await?;
            for (drive, folders) in by_drive {
                self.folders(folders, drive.as_deref()).await?;
            }
        }
    }

    /// The targets that can be entered.
    async fn targets(&mut self, round: Vec<ToFolder>) -> Result<Vec<(ToFolder, Item)>, Stop> {
        let api = self.api;
        let asked = round.into_iter().map(|to| async move {
            let answer = root::get(api, FOLLOWING, &to.target, TARGET).await;
            (to, answer)
        });
        let answers: Vec<_> = futures::stream::iter(asked).buffered(AT_ONCE).collect().await;
        let mut targets = Vec::new();
        for (to, answer) in answers {
            match answer {
                Ok(item) => {
                    let wanted = self.scope.include_trashed || !item.is_trashed();
                    if item.is_folder() && wanted && item.id == to.target {
                        targets.push((to, item));
                    }
                }
                // Shortcuts outlive their targets. The shortcut itself is in the books.
                Err(refusal) if refusal.is_about_object() => {
                    info!(shortcut = %Shown::new(&to.name), "leads to nothing that we may see");
                }
                Err(refusal) => self.given_up(refusal, &to.target)?,
            }
        }
        Ok(targets)
    }
}
