//! Listing a whole shared drive: two flat lists, of its folders and of everything
//! else. Nothing is grouped, so nothing is lost in groups, and a page of a thousand
//! files costs no more than a folder would.

use std::collections::HashMap;

use tokio::sync::mpsc;
use tracing::warn;

use super::item::FileList;
use super::query::{Which, is_id};
use super::slices::{self, Answer};
use super::walk::{Stop, Walk};
use crate::model::{Page, RemoteFolder};

/// Pages that are asked for ahead: of files, while the folders are not complete yet.
const AHEAD: usize = 16;

impl Walk<'_> {
    /// Lists the shared drive that the root is.
    pub(super) async fn flat(&mut self) -> Result<(), Stop> {
        let (api, drive) = (self.api, self.root.id.clone());
        let trashed_too = self.scope.include_trashed;
        let (to_folders, folders) = mpsc::channel(AHEAD);
        let (to_files, files) = mpsc::channel(AHEAD);
        let ((), (), booked) = tokio::join!(
            slices::read(api, Which::Folders, &drive, trashed_too, to_folders),
            slices::read(api, Which::Files, &drive, trashed_too, to_files),
            self.book_flat(&drive, folders, files),
        );
        booked
    }

    async fn book_flat(
        &mut self,
        drive: &str,
        folders: mpsc::Receiver<Answer>,
        mut files: mpsc::Receiver<Answer>,
    ) -> Result<(), Stop> {
        // Without its folders nobody can say where a file lies.
        if !self.flat_folders(drive, folders).await? {
            return Ok(());
        }
        while let Some(answer) = files.recv().await {
            match answer {
                Ok(list) => self.flat_files(&list, drive).await?,
                Err(refusal) => return self.given_up(refusal, drive),
            }
        }
        let ids: Vec<String> = self.tree.ids().cloned().collect();
        ids.iter().for_each(|id| self.tree.set_listed(id));
        Ok(())
    }

    /// Books all folders, each after its parent. False if they are not complete.
    async fn flat_folders(
        &mut self,
        drive: &str,
        mut pages: mpsc::Receiver<Answer>,
    ) -> Result<bool, Stop> {
        let mut parents: HashMap<String, Vec<String>> = HashMap::new();
        let mut names: HashMap<String, String> = HashMap::new();
        while let Some(answer) = pages.recv().await {
            let list = match answer {
                Ok(list) => list,
                Err(refusal) => {
                    self.given_up(refusal, drive)?;
                    return Ok(false);
                }
            };
            self.succeeded();
            self.check_complete(&list, || drive.to_owned());
            let wanted = |trashed: bool| self.scope.include_trashed || !trashed;
            for item in list.files {
                if item.is_folder() && wanted(item.is_trashed()) && is_id(&item.id) {
                    names.insert(item.id.clone(), item.name);
                    parents.insert(item.id, item.parents);
                }
            }
        }
        let mut order = self.tree.rehang(&parents, true);
        // Folders that contain each other hang nowhere; they are not to be missed.
        let looped: HashMap<String, Vec<String>> = parents
            .into_keys()
            .filter(|id| !self.tree.contains(id))
            .map(|id| (id, vec![drive.to_owned()]))
            .collect();
        if !looped.is_empty() {
            warn!(folders = looped.len(), "folders that contain each other are put below the root");
            order.extend(self.tree.rehang(&looped, false));
        }
        let folder = |id: String| RemoteFolder {
            parent: self.tree.parent(&id).map(ToOwned::to_owned),
            name: names.remove(&id).unwrap_or_default(),
            id,
        };
        let folders: Vec<RemoteFolder> = order.into_iter().map(folder).collect();
        self.book_all(folders, vec![], vec![]).await?;
        Ok(true)
    }

    async fn flat_files(&mut self, list: &FileList, drive: &str) -> Result<(), Stop> {
        self.succeeded();
        self.check_complete(list, || drive.to_owned());
        let mut page = Page::default();
        for item in list.files.iter().filter(|item| !item.is_folder()) {
            // Where we may not see the folder, the file is in the drive all the same.
            let folder = self.tree.home(&item.parents).unwrap_or(drive).to_owned();
            self.sort(item, &folder, &mut page);
        }
        self.book(page).await
    }
}
