//! The books of one endpoint, kept as the register's words say.

use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use transship::model::{Failure, FailureClass, Known, KnownFolder, Page, RemoteFile, Walked};
use transship::sources::autodesk::AutodeskSource;
use transship::sources::{RegisterSink, RegisterSource};

#[derive(Debug, Default)]
pub struct Books {
    pub known: Known,
    pub files: BTreeMap<String, RemoteFile>,
    /// Folders below which nothing may be seen any more.
    pub lost: HashSet<String>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    pages: Vec<Page>,
    fails: bool,
}

/// What one walk has shown: what is there, and what the service says is gone.
#[derive(Debug, Default)]
struct Walk {
    folders: HashSet<String>,
    files: HashSet<String>,
    gone: HashSet<String>,
}

#[async_trait]
impl RegisterSink for Books {
    async fn page(&self, page: Page) -> Result<(), Failure> {
        let mut seen = self.seen.lock().unwrap();
        if seen.fails {
            return Err(Failure::new(FailureClass::Full, "writing", "the ledger"));
        }
        seen.pages.push(page);
        Ok(())
    }
}

impl Books {
    /// Books that cannot be written.
    pub fn failing() -> Self {
        let books = Self::default();
        books.seen.lock().unwrap().fails = true;
        books
    }

    /// One walk, booked.
    pub async fn walk(&mut self, source: &AutodeskSource) -> Result<Walked, Failure> {
        self.walk_as(source, false).await
    }

    pub async fn walk_as(
        &mut self,
        source: &AutodeskSource,
        full: bool,
    ) -> Result<Walked, Failure> {
        let walked = source.walk(&self.known, full, self, &CancellationToken::new()).await;
        let pages = std::mem::take(&mut self.seen.lock().unwrap().pages);
        let mut walk = Walk::default();
        for page in pages {
            self.book(page, &mut walk);
        }
        if let Ok(walked) = &walked {
            self.end(walked, &walk);
        }
        walked
    }

    fn book(&mut self, page: Page, walk: &mut Walk) {
        let Walk { folders, files, gone } = walk;
        for folder in page.folders {
            // Folders come no later than what is in them.
            let there = |parent: &String| self.known.folders.contains_key(parent);
            assert!(folder.parent.as_ref().is_none_or(there), "{folder:?} before its parent");
            folders.insert(folder.id.clone());
            gone.remove(&folder.id);
            let stamp = self.known.folders.get(&folder.id).and_then(|f| f.stamp.clone());
            let known = KnownFolder { parent: folder.parent, name: folder.name, stamp };
            self.known.folders.insert(folder.id.clone(), known);
            assert!(self.depth(&folder.id) < 1000, "a circle in the books");
        }
        for file in page.files {
            assert!(self.known.folders.contains_key(&file.folder), "{file:?} before its folder");
            files.insert(file.id.clone());
            gone.remove(&file.id);
            self.files.insert(file.id.clone(), file);
        }
        gone.extend(page.removed);
    }

    fn end(&mut self, walked: &Walked, walk: &Walk) {
        let Walk { folders, files, gone } = walk;
        self.lost.retain(|id| self.known.folders.contains_key(id) && !folders.contains(id));
        self.lost.extend(walked.lost.iter().map(|(id, _)| id.clone()));
        if walked.absence_counts && walked.failures.is_empty() {
            let kept: HashSet<String> = walked
                .untouched
                .iter()
                .chain(walked.lost.iter().map(|(id, _)| id))
                .cloned()
                .collect();
            let stays: HashSet<String> =
                self.known.folders.keys().filter(|id| self.is_within(id, &kept)).cloned().collect();
            self.files.retain(|id, file| files.contains(id) || stays.contains(&file.folder));
            self.known.folders.retain(|id, _| folders.contains(id) || stays.contains(id));
        }
        if walked.failures.is_empty() {
            // What lies in a folder that is gone may have moved to where nobody looked:
            // only a complete walk takes the word for it.
            let below: HashSet<String> =
                self.known.folders.keys().filter(|id| self.is_within(id, gone)).cloned().collect();
            self.files.retain(|id, file| !gone.contains(id) && !below.contains(&file.folder));
            self.known.folders.retain(|id, _| !below.contains(id));
        }
        for (id, stamp) in &walked.stamps {
            if let Some(folder) = self.known.folders.get_mut(id) {
                folder.stamp = Some(stamp.clone());
            }
        }
        self.known.memory = walked.memory.clone();
    }

    fn is_within(&self, id: &str, any: &HashSet<String>) -> bool {
        let mut at = Some(id.to_owned());
        while let Some(id) = at {
            if any.contains(&id) {
                return true;
            }
            at = self.known.folders.get(&id).and_then(|folder| folder.parent.clone());
        }
        false
    }

    fn depth(&self, id: &str) -> usize {
        let (mut at, mut depth) = (id.to_owned(), 0);
        while let Some(parent) = self.known.folders.get(&at).and_then(|f| f.parent.clone()) {
            at = parent;
            depth += 1;
            if depth > 1000 {
                break;
            }
        }
        depth
    }

    /// Folder, name and version of each file.
    pub fn truth(&self) -> BTreeMap<String, (String, String, String)> {
        let row = |file: &RemoteFile| {
            (file.id.clone(), (file.folder.clone(), file.name.clone(), file.version.clone()))
        };
        self.files.values().map(row).collect()
    }
}
