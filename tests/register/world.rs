//! What a service holds: the truth that registers are compared with.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::{Index, select};

pub const ROOT: &str = "root";

/// Names as services have them, and as nobody should.
const NAMES: &[&str] = &[
    "a.pdf",
    "a.pdf",
    "plan.dwg",
    "",
    "..",
    "x/y",
    "nul\0byte",
    "\u{202e}gpj.exe",
    "\u{1b}[2J",
    "naïve 文件.rvt",
    "'; DROP TABLE files; --",
];

#[derive(Clone, Debug)]
pub struct Folder {
    pub parent: Option<String>,
    pub name: String,
    /// When anything below it last changed.
    pub stamp: u64,
}

#[derive(Clone, Debug)]
pub struct File {
    pub folder: String,
    pub name: String,
    pub version: u64,
    /// None: it can only be registered.
    pub bytes: Option<Vec<u8>>,
}

#[derive(Clone, Debug)]
pub struct World {
    pub folders: BTreeMap<String, Folder>,
    pub files: BTreeMap<String, File>,
    /// Folders that we may not look into.
    pub lost: BTreeSet<String>,
    /// Ids of everything that changed, in order.
    pub feed: Vec<String>,
    clock: u64,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Op {
    AddFile(Index, &'static str),
    AddFolder(Index, &'static str),
    ChangeFile(Index),
    RenameFile(Index, &'static str),
    MoveFile(Index, Index),
    DeleteFile(Index),
    RenameFolder(Index, &'static str),
    MoveFolder(Index, Index),
    DeleteFolder(Index),
    LoseAccess(Index),
    RegainAccess,
}

pub fn op() -> impl Strategy<Value = Op> {
    let (i, name) = (any::<Index>, || select(NAMES));
    prop_oneof![
        4 => (i(), name()).prop_map(|(f, n)| Op::AddFile(f, n)),
        2 => (i(), name()).prop_map(|(f, n)| Op::AddFolder(f, n)),
        2 => i().prop_map(Op::ChangeFile),
        1 => (i(), name()).prop_map(|(f, n)| Op::RenameFile(f, n)),
        2 => (i(), i()).prop_map(|(f, to)| Op::MoveFile(f, to)),
        2 => i().prop_map(Op::DeleteFile),
        1 => (i(), name()).prop_map(|(f, n)| Op::RenameFolder(f, n)),
        2 => (i(), i()).prop_map(|(f, to)| Op::MoveFolder(f, to)),
        1 => i().prop_map(Op::DeleteFolder),
    ]
}

/// The same, with access that comes and goes.
pub fn op_or_access() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => op(),
        1 => any::<Index>().prop_map(Op::LoseAccess),
        1 => Just(Op::RegainAccess),
    ]
}

impl World {
    /// A root and nothing in it.
    pub fn new() -> Self {
        let root = Folder { parent: None, name: "Project Files".into(), stamp: 0 };
        Self {
            folders: BTreeMap::from([(ROOT.to_owned(), root)]),
            files: BTreeMap::new(),
            lost: BTreeSet::new(),
            feed: Vec::new(),
            clock: 0,
        }
    }

    /// Some folders with some files in them.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let mut world = Self::new();
        for (id, folder) in files {
            if !world.folders.contains_key(*folder) {
                world.add_folder(folder, ROOT, folder);
            }
            world.add_file(id, folder, &format!("{id}.pdf"));
        }
        world
    }

    pub fn add_folder(&mut self, id: &str, parent: &str, name: &str) {
        let folder = Folder { parent: Some(parent.into()), name: name.into(), stamp: 0 };
        self.folders.insert(id.into(), folder);
        self.changed(id, &[id, parent]);
    }

    pub fn add_file(&mut self, id: &str, folder: &str, name: &str) {
        let bytes = Some(format!("{id} 1").into_bytes());
        let file = File { folder: folder.into(), name: name.into(), version: 1, bytes };
        self.files.insert(id.into(), file);
        self.changed(id, &[folder]);
    }

    pub fn change_file(&mut self, id: &str) {
        let file = self.files.get_mut(id).unwrap();
        file.version += 1;
        file.bytes = Some(format!("{id} {}", file.version).into_bytes());
        let folder = file.folder.clone();
        self.changed(id, &[&folder]);
    }

    pub fn rename_file(&mut self, id: &str, name: &str) {
        let file = self.files.get_mut(id).unwrap();
        file.name = name.into();
        let folder = file.folder.clone();
        self.changed(id, &[&folder]);
    }

    pub fn move_file(&mut self, id: &str, to: &str) {
        let file = self.files.get_mut(id).unwrap();
        let from = std::mem::replace(&mut file.folder, to.into());
        self.changed(id, &[&from, to]);
    }

    pub fn delete_file(&mut self, id: &str) {
        let file = self.files.remove(id).unwrap();
        self.changed(id, &[&file.folder]);
    }

    pub fn rename_folder(&mut self, id: &str, name: &str) {
        self.folders.get_mut(id).unwrap().name = name.into();
        self.changed(id, &[id]);
    }

    /// Unless that would make a loop.
    pub fn move_folder(&mut self, id: &str, to: &str) {
        if id == ROOT || self.chain(to).iter().any(|above| above == id) {
            return;
        }
        let from = self.folders.get_mut(id).unwrap().parent.replace(to.into()).unwrap();
        self.changed(id, &[&from, to]);
    }

    /// With all that is in it. Feeds tell of the folder alone.
    pub fn delete_folder(&mut self, id: &str) {
        if id == ROOT {
            return;
        }
        let parent = self.folders[id].parent.clone().unwrap();
        let below = |folder: &str| self.chain(folder).iter().any(|above| above == id);
        let files: Vec<_> =
            self.files.iter().filter(|(_, f)| below(&f.folder)).map(|(id, _)| id.clone()).collect();
        let folders: Vec<_> = self.folders.keys().filter(|id| below(id)).cloned().collect();
        files.iter().for_each(|id| drop(self.files.remove(id)));
        folders.iter().for_each(|id| drop(self.folders.remove(id)));
        self.lost.retain(|id| !folders.contains(id));
        self.changed(id, &[&parent]);
    }

    pub fn happen(&mut self, op: &Op) {
        self.clock += 1;
        let id = format!("i{}", self.clock);
        let file = |index: &Index| {
            let ids: Vec<_> = self.files.keys().cloned().collect();
            (!ids.is_empty()).then(|| index.get(&ids).clone())
        };
        let folder = |index: &Index| {
            let ids: Vec<_> = self.folders.keys().cloned().collect();
            index.get(&ids).clone()
        };
        match op {
            Op::AddFile(at, name) => self.add_file(&id, &folder(at), name),
            Op::AddFolder(at, name) => self.add_folder(&id, &folder(at), name),
            Op::RenameFolder(at, name) => self.rename_folder(&folder(at), name),
            Op::MoveFolder(at, to) => self.move_folder(&folder(at), &folder(to)),
            Op::DeleteFolder(at) => self.delete_folder(&folder(at)),
            Op::LoseAccess(at) => drop(self.lost.insert(folder(at))),
            Op::RegainAccess => self.lost.clear(),
            Op::ChangeFile(at) => file(at).into_iter().for_each(|id| self.change_file(&id)),
            Op::DeleteFile(at) => file(at).into_iter().for_each(|id| self.delete_file(&id)),
            Op::RenameFile(at, name) => {
                file(at).into_iter().for_each(|id| self.rename_file(&id, name));
            }
            Op::MoveFile(at, to) => {
                let to = folder(to);
                file(at).into_iter().for_each(|id| self.move_file(&id, &to));
            }
        }
    }

    /// `id` changed, and with it what is below `folders`.
    fn changed(&mut self, id: &str, folders: &[&str]) {
        self.clock += 1;
        for folder in folders {
            for above in self.chain(folder) {
                self.folders.get_mut(&above).unwrap().stamp = self.clock;
            }
        }
        self.feed.push(id.to_owned());
    }

    /// `folder` and those above it.
    pub fn chain(&self, folder: &str) -> Vec<String> {
        let mut chain = Vec::new();
        let mut next = Some(folder.to_owned());
        while let Some(id) = next {
            next = self.folders.get(&id).and_then(|f| f.parent.clone());
            if self.folders.contains_key(&id) {
                chain.push(id);
            }
        }
        chain
    }

    /// Whether we may see what is in `folder`.
    pub fn is_visible(&self, folder: &str) -> bool {
        self.chain(folder).iter().all(|id| !self.lost.contains(id))
    }

    pub fn path(&self, folder: &str, name: &str) -> String {
        let above = self.chain(folder);
        let names = above.iter().rev().map(|id| self.folders[id].name.as_str());
        names.chain([name]).flat_map(|name| ["/", name]).collect()
    }
}
