//! The books as a model: what a ledger must make of pages and of a walk's end.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use transship::model::{
    Failure, FailureClass, Known, KnownFolder, Page, RemoteFile, RemoteFolder, Walked,
};
use transship::sources::google_drive::DriveSource;
use transship::sources::{RegisterSink, RegisterSource};

use super::world::World;

#[derive(Clone, Debug)]
struct Folder {
    parent: Option<String>,
    name: String,
    stamp: Option<String>,
}

#[derive(Default)]
pub struct Books {
    folders: HashMap<String, Folder>,
    files: HashMap<String, RemoteFile>,
    memory: serde_json::Value,
    seen: HashSet<String>,
    gone: HashSet<String>,
}

/// Books in memory. A page is durable when it is booked; the end is another matter.
#[derive(Default)]
pub struct Register {
    pub books: Mutex<Books>,
    /// Pages until the books fail, as if the program were killed.
    pub pages_left: Option<AtomicUsize>,
    /// Folders are taken out as soon as a page says so, and not at the end.
    pub at_once: bool,
    /// Each page, in order.
    pub pages: Mutex<Vec<Page>>,
}

impl Register {
    pub fn known(&self) -> Known {
        let books = self.books.lock().unwrap();
        let folder = |(id, folder): (&String, &Folder)| {
            let Folder { parent, name, stamp } = folder.clone();
            (id.clone(), KnownFolder { parent, name, stamp })
        };
        Known { folders: books.folders.iter().map(folder).collect(), memory: books.memory.clone() }
    }

    /// One walk, with its end booked.
    pub async fn walk(&self, source: &DriveSource, full: bool) -> Result<Walked, Failure> {
        self.begin();
        let walked = source.walk(&self.known(), full, self, &CancellationToken::new()).await?;
        self.finish(&walked);
        Ok(walked)
    }

    fn begin(&self) {
        let mut books = self.books.lock().unwrap();
        books.seen.clear();
        books.gone.clear();
        self.pages.lock().unwrap().clear();
    }

    fn finish(&self, walked: &Walked) {
        let mut books = self.books.lock().unwrap();
        if walked.failures.is_empty() {
            let gone = books.gone.clone();
            books.take_out(&gone);
            if walked.absence_counts {
                let lost: HashSet<String> = walked.lost.iter().map(|(id, _)| id.clone()).collect();
                let kept = books.below(&lost);
                let seen = books.seen.clone();
                let stays = |id: &str, folder: &str| {
                    seen.contains(id) || kept.contains(folder) || kept.contains(id)
                };
                books.files.retain(|id, file| stays(id, &file.folder));
                books.folders.retain(|id, _| stays(id, id));
            }
            books.memory = walked.memory.clone();
        }
        for (id, stamp) in &walked.stamps {
            if let Some(folder) = books.folders.get_mut(id) {
                folder.stamp = Some(stamp.clone());
            }
        }
    }

    /// Each file with the ids of its folders up to the root, its name and its version.
    pub fn files(&self) -> BTreeMap<String, (Vec<String>, String, String)> {
        let books = self.books.lock().unwrap();
        let row = |(id, file): (&String, &RemoteFile)| {
            let path = books.path(&file.folder);
            (id.clone(), (path, file.name.clone(), file.version.clone()))
        };
        books.files.iter().map(row).collect()
    }

    /// Each folder with those above it, and its name.
    pub fn folders(&self) -> Rows {
        let books = self.books.lock().unwrap();
        let row =
            |(id, folder): (&String, &Folder)| (id.clone(), (books.path(id), folder.name.clone()));
        books.folders.iter().map(row).collect()
    }

    pub fn file(&self, id: &str) -> RemoteFile {
        self.books.lock().unwrap().files[id].clone()
    }

    /// Ids of the files, sorted.
    pub fn ids(&self) -> Vec<String> {
        self.files().into_keys().collect()
    }
}

impl Books {
    fn path(&self, folder: &str) -> Vec<String> {
        let mut path = vec![folder.to_owned()];
        while let Some(parent) =
            self.folders.get(&path[path.len() - 1]).and_then(|f| f.parent.clone())
        {
            assert!(!path.contains(&parent), "a loop of folders: {path:?}");
            path.push(parent);
        }
        assert!(self.folders.contains_key(&path[path.len() - 1]), "hangs nowhere: {path:?}");
        path
    }

    fn below(&self, ids: &HashSet<String>) -> HashSet<String> {
        let mut below = ids.clone();
        loop {
            let inside =
                |folder: &Folder| folder.parent.as_ref().is_some_and(|p| below.contains(p));
            let found: Vec<String> = self
                .folders
                .iter()
                .filter(|(id, folder)| !below.contains(*id) && inside(folder))
                .map(|(id, _)| id.clone())
                .collect();
            if found.is_empty() {
                return below;
            }
            below.extend(found);
        }
    }

    fn take_out(&mut self, gone: &HashSet<String>) {
        let below = self.below(gone);
        self.folders.retain(|id, _| !below.contains(id));
        self.files.retain(|id, file| !gone.contains(id) && !below.contains(&file.folder));
    }

    fn book(&mut self, page: Page, at_once: bool) {
        for RemoteFolder { id, parent, name } in page.folders {
            self.gone.remove(&id);
            self.seen.insert(id.clone());
            let stamp = self.folders.get(&id).and_then(|folder| folder.stamp.clone());
            self.folders.insert(id, Folder { parent, name, stamp });
        }
        for file in page.files {
            assert!(self.folders.contains_key(&file.folder), "a file before its folder");
            self.gone.remove(&file.id);
            self.seen.insert(file.id.clone());
            self.files.insert(file.id.clone(), file);
        }
        let removed: HashSet<String> = page.removed.into_iter().collect();
        match at_once {
            true => self.take_out(&removed),
            false => self.gone.extend(removed),
        }
    }
}

#[async_trait]
impl RegisterSink for Register {
    async fn page(&self, page: Page) -> Result<(), Failure> {
        if let Some(left) = &self.pages_left
            && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_err()
        {
            return Err(Failure::new(FailureClass::Local, "booking", "the end of the world"));
        }
        self.pages.lock().unwrap().push(page.clone());
        self.books.lock().unwrap().book(page, self.at_once);
        Ok(())
    }
}

/// By id: the folders from where it lies up to the root, and its name.
pub type Rows = BTreeMap<String, (Vec<String>, String)>;

/// What the books must hold of everything below `root`: files and folders.
pub fn truth(world: &World, root: &str) -> (Rows, Rows) {
    let (mut files, mut folders) = (BTreeMap::new(), BTreeMap::new());
    for id in world.below(root) {
        let item = &world.items[&id];
        if id != root && world.is_trashed(&id) {
            continue;
        }
        let path_of = |from: &str| {
            let mut path = vec![from.to_owned()];
            while path[path.len() - 1] != root {
                path.push(world.items[&path[path.len() - 1]].parents[0].clone());
            }
            path
        };
        match item.is_folder() {
            true => {
                folders.insert(id.clone(), (path_of(&id), item.name.clone()));
            }
            false => {
                files.insert(id.clone(), (path_of(&item.parents[0]), item.name.clone()));
            }
        }
    }
    (files, folders)
}

/// Compares the books with the world.
pub fn check(register: &Register, world: &World, root: &str) {
    let (files, folders) = truth(world, root);
    let found = register.files().into_iter();
    let found: BTreeMap<_, _> = found.map(|(id, (path, name, _))| (id, (path, name))).collect();
    assert_eq!(found, files, "files");
    assert_eq!(register.folders(), folders, "folders");
    for id in files.keys() {
        let version = register.file(id).version;
        let md5 = format!("md5:{:x}", md5::compute(&world.items[id].content));
        let item = &world.items[id];
        if item.mime_type == super::world::PDF {
            assert_eq!(version, md5, "{id}");
        }
    }
}
