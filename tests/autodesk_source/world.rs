//! A project at the service: its folders, its files, and what is true of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

pub const PROJECT: &str = "b.6c2cffb0-e8c8-43d3-b415-e53f4377cedb";
pub const HUB: &str = "b.43939999-0bf2-490d-8e4a-c1cb1097125c";
pub const ROOT: &str = "urn:adsk.wipprod:fs.folder:co.root";

/// The URN of the folder that a test calls `name`.
pub fn dir(name: &str) -> String {
    format!("urn:adsk.wipprod:fs.folder:co.{name}")
}

/// The URN of the file that a test calls `name`.
pub fn doc(name: &str) -> String {
    format!("urn:adsk.wipprod:dm.lineage:{name}")
}

#[derive(Clone, Debug)]
pub struct Dir {
    pub parent: String,
    pub name: String,
    pub stamp: u64,
    pub hidden: bool,
    /// 403, and in no list.
    pub out_of_sight: bool,
    /// In its parent's list, but 403 on what is in it.
    pub closed: bool,
}

#[derive(Clone, Debug)]
pub struct Doc {
    pub folder: String,
    pub name: String,
    pub version: u32,
    pub hidden: bool,
    pub storage: bool,
}

/// The truth.
#[derive(Clone, Debug)]
pub struct World {
    pub dirs: BTreeMap<String, Dir>,
    pub docs: BTreeMap<String, Doc>,
    /// Entries on a page, whatever is asked for.
    pub page: usize,
    /// Every other page is empty.
    pub empty_pages: bool,
    /// The tip versions are missing from the pages.
    pub without_versions: bool,
    /// Whether deleting, moving and renaming move the change detectors.
    pub stamps_move: bool,
    clock: u64,
    /// The files of each folder.
    inside: BTreeMap<String, BTreeSet<String>>,
}

impl World {
    /// A project whose only top folder is `files`.
    pub fn new() -> Self {
        let mut world = Self {
            dirs: BTreeMap::new(),
            docs: BTreeMap::new(),
            page: 200,
            empty_pages: false,
            without_versions: false,
            stamps_move: true,
            clock: 0,
            inside: BTreeMap::new(),
        };
        world.put_dir("files", ROOT, "Project Files");
        world
    }

    /// Makes the folder `id` in `parent` (a test's name or [`ROOT`]).
    pub fn put_dir(&mut self, id: &str, parent: &str, name: &str) {
        let parent = if parent == ROOT { ROOT.to_owned() } else { dir(parent) };
        let made = Dir {
            parent: parent.clone(),
            name: name.to_owned(),
            stamp: 0,
            hidden: false,
            out_of_sight: false,
            closed: false,
        };
        self.dirs.insert(dir(id), made);
        self.touch(&dir(id));
    }

    /// Makes the file `id` in `folder`.
    pub fn put_doc(&mut self, id: &str, folder: &str, name: &str) {
        let made = Doc {
            folder: dir(folder),
            name: name.to_owned(),
            version: 1,
            hidden: false,
            storage: true,
        };
        self.docs.insert(doc(id), made);
        self.inside.entry(dir(folder)).or_default().insert(doc(id));
        self.touch(&dir(folder));
    }

    pub fn dir(&mut self, id: &str) -> &mut Dir {
        self.dirs.get_mut(&dir(id)).unwrap()
    }

    pub fn doc(&mut self, id: &str) -> &mut Doc {
        self.docs.get_mut(&doc(id)).unwrap()
    }

    /// Moves the change detectors of a folder and of all above it.
    pub fn touch(&mut self, id: &str) {
        self.clock += 1;
        let mut at = Some(id.to_owned());
        while let Some(id) = at {
            at = self.dirs.get_mut(&id).map(|folder| {
                folder.stamp = self.clock;
                folder.parent.clone()
            });
        }
    }

    /// After a deletion, move or rename in the folder `id`.
    pub fn touch_maybe(&mut self, id: &str) {
        if self.stamps_move {
            self.touch(id);
        }
    }

    pub fn change(&mut self, id: &str) {
        self.doc(id).version += 1;
        let folder = self.doc(id).folder.clone();
        self.touch(&folder);
    }

    pub fn rename(&mut self, id: &str, name: &str) {
        self.doc(id).name = name.to_owned();
        let folder = self.doc(id).folder.clone();
        self.touch_maybe(&folder);
    }

    pub fn move_doc(&mut self, id: &str, to: &str) {
        let from = std::mem::replace(&mut self.doc(id).folder, dir(to));
        self.inside.get_mut(&from).unwrap().remove(&doc(id));
        self.inside.entry(dir(to)).or_default().insert(doc(id));
        self.touch_maybe(&from);
        self.touch_maybe(&dir(to));
    }

    pub fn move_dir(&mut self, id: &str, to: &str) {
        let from = std::mem::replace(&mut self.dir(id).parent, dir(to));
        self.touch_maybe(&from);
        self.touch_maybe(&dir(to));
    }

    /// Deletes a file or folder as the service does: it hides it.
    pub fn delete_dir(&mut self, id: &str) {
        self.dir(id).hidden = true;
        let parent = self.dir(id).parent.clone();
        self.touch_maybe(&parent);
    }

    pub fn delete_doc(&mut self, id: &str) {
        self.doc(id).hidden = true;
        let folder = self.doc(id).folder.clone();
        self.touch_maybe(&folder);
    }

    /// Whether a folder and all above it are there to be seen.
    pub fn is_visible(&self, id: &str) -> bool {
        match self.dirs.get(id) {
            Some(folder) => {
                !folder.hidden && !folder.out_of_sight && self.is_visible(&folder.parent)
            }
            None => id == ROOT,
        }
    }

    fn is_below(&self, id: &str, ancestor: &str) -> bool {
        id == ancestor
            || self.dirs.get(id).is_some_and(|folder| self.is_below(&folder.parent, ancestor))
    }

    /// What the books should hold of what is below the folder `scope`: folder, name and
    /// version of each file.
    pub fn truth(&self, scope: &str) -> BTreeMap<String, (String, String, String)> {
        let seen = self.docs.iter().filter(|(_, file)| {
            !file.hidden && self.is_visible(&file.folder) && self.is_below(&file.folder, scope)
        });
        seen.map(|(id, file)| {
            let version = version_of(id, file);
            (id.clone(), (file.folder.clone(), file.name.clone(), version))
        })
        .collect()
    }

    /// The version of a file, as the register has it.
    pub fn truth_of(&self, id: &str) -> String {
        version_of(&doc(id), &self.docs[&doc(id)])
    }

    /// The folders that `topFolders` shows.
    pub fn tops(&self) -> Vec<Value> {
        let seen = self
            .dirs
            .iter()
            .filter(|(id, folder)| self.is_visible(id) && !self.dirs.contains_key(&folder.parent));
        seen.map(|(id, folder)| self.folder_json(id, folder)).collect()
    }

    pub fn folder_json(&self, id: &str, folder: &Dir) -> Value {
        json!({
            "type": "folders", "id": id,
            "attributes": {
                "name": folder.name, "displayName": folder.name,
                "createTime": "2023-12-20T09:05:26.0000000Z",
                "lastModifiedTime": "2024-11-14T11:24:38.0000000Z",
                "lastModifiedTimeRollup": format!("2024-11-14T11:26:11.{:07}Z", folder.stamp),
                "objectCount": 2, "hidden": folder.hidden,
                "extension": {
                    "type": "folders:autodesk.bim360:Folder", "version": "1.0",
                    "data": {"folderType": "normal"},
                },
            },
            "links": {"webView": {"href": format!("https://acc.example/docs?folderUrn={id}")}},
            "relationships": {"parent": {"data": {"type": "folders", "id": folder.parent}}},
        })
    }

    /// Everything in a folder, item and tip version.
    pub fn entries(&self, id: &str) -> Vec<(Value, Option<Value>)> {
        let folders = self
            .dirs
            .iter()
            .filter(|(_, folder)| folder.parent == id && !folder.hidden && !folder.out_of_sight);
        let files = self.inside.get(id).into_iter().flatten().map(|id| (id, &self.docs[id]));
        let files = files.filter(|(_, file)| !file.hidden);
        folders
            .map(|(id, folder)| (self.folder_json(id, folder), None))
            .chain(files.map(|(id, file)| (item_json(id, file), Some(version_json(id, file)))))
            .collect()
    }
}

fn version_id(id: &str, file: &Doc) -> String {
    let name = id.rsplit(':').next().unwrap();
    format!("urn:adsk.wipprod:fs.file:vf.{name}?version={}", file.version)
}

fn storage_id(id: &str, file: &Doc) -> String {
    let name = id.rsplit(':').next().unwrap();
    format!("urn:adsk.objects:os.object:wip.dm.prod/{name} {}.pdf", file.version)
}

/// As the register has it.
fn version_of(id: &str, file: &Doc) -> String {
    let storage = if file.storage { storage_id(id, file) } else { String::new() };
    format!("{} {} {storage}", version_id(id, file), file.version)
}

pub fn item_json(id: &str, file: &Doc) -> Value {
    json!({
        "type": "items", "id": id,
        "attributes": {
            "displayName": "shown otherwise", "createTime": "2024-11-02T13:59:09.0000000Z",
            "lastModifiedTime": "2024-11-02T13:59:09.0000000Z", "hidden": file.hidden,
        },
        "relationships": {
            "tip": {"data": {"type": "versions", "id": version_id(id, file)}},
            "parent": {"data": {"type": "folders", "id": file.folder}},
        },
    })
}

pub fn version_json(id: &str, file: &Doc) -> Value {
    let mut json = json!({
        "type": "versions", "id": version_id(id, file),
        "attributes": {
            "name": file.name, "displayName": "shown otherwise", "versionNumber": file.version,
            "storageSize": 20, "fileType": "pdf",
            "createTime": "2024-11-14T11:24:38.0000000Z",
            "lastModifiedTime": "2024-11-14T11:26:11.0000000Z",
        },
        "links": {"webView": {"href": format!("https://acc.example/docs?entityId={id}")}},
        "relationships": {},
    });
    if file.storage {
        json["relationships"]["storage"] =
            json!({"data": {"type": "objects", "id": storage_id(id, file)}});
    }
    json
}
