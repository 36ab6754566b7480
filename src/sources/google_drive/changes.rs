//! From the entries of the log to what the books must learn.

use std::collections::{BTreeMap, HashMap};

use super::beyond::is_shared;
use super::feed::Entry;
use super::item::Item;
use super::query::is_id;
use super::root::Root;
use super::row::row;
use super::tree::Tree;
use super::walk::{Stop, Walk};
use crate::model::{DriveScope, RemoteFile, RemoteFolder};

/// What follows from entries of the log.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// Folders that are new in the scope, or named or placed anew; parents first.
    pub(super) folders: Vec<RemoteFolder>,
    /// Files as they are now.
    pub(super) files: Vec<RemoteFile>,
    /// What is not (or no longer) in the scope.
    pub(super) removed: Vec<String>,
    /// Folders that left the scope.
    pub(super) left: Vec<String>,
    /// The root's name.
    pub(super) root_name: Option<String>,
}

/// Applies `entries` to the tree. None if the root itself is gone or in the trash:
/// then everything must be looked at.
pub(super) fn plan(
    tree: &mut Tree,
    entries: &BTreeMap<String, Entry>,
    root: &Root,
    scope: &DriveScope,
) -> Option<Plan> {
    let mut plan = Plan::default();
    let mut moved: HashMap<String, Vec<String>> = HashMap::new();
    let live = |item: &Item| scope.include_trashed || !item.is_trashed();
    for (id, entry) in entries {
        match entry {
            Entry::Is(item) if *id == root.id => {
                if !item.is_folder() || !live(item) {
                    return None;
                }
                plan.root_name = Some(item.name.clone());
            }
            _ if *id == root.id => return None,
            Entry::Is(item) if item.is_folder() && live(item) && is_id(id) => {
                if scope.include_subfolders {
                    let home = vec![root.id.clone()];
                    let parents =
                        if adopts(root, scope, item) { home } else { item.parents.clone() };
                    moved.insert(id.clone(), parents);
                }
            }
            Entry::Is(item) if !item.is_folder() && live(item) => {}
            Entry::Gone | Entry::Is(_) => {
                tree.cut(id);
                plan.removed.push(id.clone());
                plan.left.push(id.clone());
            }
        }
    }
    let before: Vec<String> = if moved.is_empty() && plan.left.is_empty() {
        Vec::new()
    } else {
        tree.ids().cloned().collect()
    };
    let order = tree.rehang(&moved, root.is_whole_drive());
    for id in order {
        let Some(Entry::Is(item)) = entries.get(&id) else { continue };
        plan.folders.push(RemoteFolder {
            parent: tree.parent(&id).map(ToOwned::to_owned),
            name: item.name.clone(),
            id,
        });
    }
    // Whatever is gone with a folder above it: the books take it out with that one.
    plan.left.extend(before.into_iter().filter(|id| !tree.contains(id)));
    plan.removed.extend(moved.into_keys().filter(|id| !tree.contains(id)));
    for (id, entry) in entries {
        let Entry::Is(item) = entry else { continue };
        if item.is_folder() || !live(item) {
            continue;
        }
        let adopted = root.is_whole_drive() || adopts(root, scope, item);
        let folder = tree.home(&item.parents).or(adopted.then_some(root.id.as_str()));
        match folder.and_then(|folder| row(item, folder, scope)) {
            Some(file) => plan.files.push(file),
            // Moved out, or not wanted as it is now. It may never have been wanted:
            // the books know.
            None => plan.removed.push(id.clone()),
        }
    }
    plan.removed.sort_unstable();
    plan.left.sort_unstable();
    Some(plan)
}

/// Whether an item counts as lying in the root because others have shared it.
fn adopts(root: &Root, scope: &DriveScope, item: &Item) -> bool {
    root.own && scope.include_shared && is_shared(item)
}

impl Walk<'_> {
    /// Books what the entries tell, and looks into folders whose children the books
    /// do not have: new ones, restored ones, and those of a walk that broke off.
    /// False if the log cannot tell.
    pub(super) async fn replay(&mut self, entries: &BTreeMap<String, Entry>) -> Result<bool, Stop> {
        let Some(plan) = plan(&mut self.tree, entries, &self.root, self.scope) else {
            return Ok(false);
        };
        if let Some(name) = &plan.root_name {
            self.book_root(name).await?;
        }
        self.left(plan.left);
        // In this order: what moves out of a folder that is removed has moved before
        // the folder goes; what is found below a folder is found after all that.
        self.book_all(plan.folders, plan.files, plan.removed).await?;
        let mut unlisted = self.tree.unlisted();
        unlisted.retain(|folder| !self.is_lost(folder));
        let drive = self.root.drive.clone();
        self.folders(unlisted, drive.as_deref()).await?;
        Ok(true)
    }
}

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;
