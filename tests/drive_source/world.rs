//! A small, honest Drive: items, the trash, and the log of changes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

pub const FOLDER: &str = "application/vnd.google-apps.folder";
pub const SHORTCUT: &str = "application/vnd.google-apps.shortcut";
pub const DOC: &str = "application/vnd.google-apps.document";
pub const PDF: &str = "application/pdf";

#[derive(Clone, Debug, Default)]
pub struct Item {
    pub name: String,
    pub mime_type: String,
    pub parents: Vec<String>,
    /// It was put into the trash itself; what lies below it is there as well.
    pub trashed: bool,
    pub content: Vec<u8>,
    /// Hours since the first day when it was made.
    pub made: i64,
    /// Counts edits of the content.
    pub edition: u64,
    pub version: u64,
    pub drive: Option<String>,
    pub target: Option<String>,
    pub view_only: bool,
    pub shared_with_me: bool,
}

impl Item {
    pub fn is_folder(&self) -> bool {
        self.mime_type == FOLDER
    }

    pub fn made_at(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_second(1_700_000_000 + self.made * 3600).unwrap()
    }

    fn is_native(&self) -> bool {
        self.mime_type.starts_with("application/vnd.google-apps.")
    }
}

#[derive(Default)]
pub struct World {
    pub items: BTreeMap<String, Item>,
    log: Vec<(Option<String>, String)>,
    next: usize,
    /// What lies in which folder, as of a length of the log.
    inside: (usize, BTreeMap<String, BTreeSet<String>>),
}

impl World {
    /// With the own drive of the account, `own`, which goes by `root` as well.
    pub fn new() -> Self {
        let mut world = Self::default();
        world.put("own", Item { name: "My Drive".into(), ..folder(&[]) });
        world
    }

    pub fn put(&mut self, id: &str, item: Item) {
        let drive = item.parents.first().and_then(|p| self.items.get(p)?.drive.clone());
        self.items.insert(id.to_owned(), Item { drive: item.drive.clone().or(drive), ..item });
        self.touch(id);
    }

    pub fn folder(&mut self, id: &str, parent: &str) {
        self.put(id, Item { name: format!("folder {id}"), ..folder(&[parent]) });
    }

    pub fn file(&mut self, id: &str, parent: &str) {
        let content = format!("content of {id}").into_bytes();
        self.put(id, Item { name: format!("{id}.pdf"), content, ..file(&[parent]) });
    }

    pub fn shortcut(&mut self, id: &str, parent: &str, target: &str) {
        let item = Item {
            name: format!("to {target}"),
            mime_type: SHORTCUT.into(),
            parents: vec![parent.into()],
            target: Some(target.into()),
            ..Item::default()
        };
        self.put(id, item);
    }

    /// A shared drive.
    pub fn drive(&mut self, id: &str) {
        let drive = Some(id.to_owned());
        self.put(id, Item { name: "Drive".into(), drive, ..folder(&[]) });
    }

    pub fn new_id(&mut self) -> String {
        self.next += 1;
        format!("id-{}", self.next)
    }

    /// Changes an item; one entry in the log, whatever hangs below it.
    pub fn change(&mut self, id: &str, change: impl FnOnce(&mut Item)) {
        change(self.items.get_mut(id).unwrap());
        self.touch(id);
    }

    /// An entry in the log without any change that matters.
    pub fn touch(&mut self, id: &str) {
        let item = self.items.get_mut(id).unwrap();
        item.version += 1;
        self.log.push((item.drive.clone(), id.to_owned()));
    }

    /// Removes an item and what lies below it; only the item itself is in the log.
    pub fn delete(&mut self, id: &str) {
        let drive = self.items[id].drive.clone();
        let below = self.below(id);
        self.items.retain(|id, _| !below.contains(id));
        self.log.push((drive, id.to_owned()));
    }

    /// `id` and everything below it.
    pub fn below(&self, id: &str) -> BTreeSet<String> {
        let mut below = BTreeSet::from([id.to_owned()]);
        loop {
            let inside = |item: &Item| item.parents.iter().any(|p| below.contains(p));
            let found: Vec<String> = self
                .items
                .iter()
                .filter(|(id, item)| !below.contains(*id) && inside(item))
                .map(|(id, _)| id.clone())
                .collect();
            if found.is_empty() {
                return below;
            }
            below.extend(found);
        }
    }

    /// What lies in any of these folders.
    pub fn children(&mut self, parents: &[String]) -> BTreeSet<String> {
        if self.inside.0 != self.log.len() {
            let mut inside: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for (id, item) in &self.items {
                for parent in &item.parents {
                    inside.entry(parent.clone()).or_default().insert(id.clone());
                }
            }
            self.inside = (self.log.len(), inside);
        }
        parents.iter().filter_map(|parent| self.inside.1.get(parent)).flatten().cloned().collect()
    }

    pub fn is_trashed(&self, id: &str) -> bool {
        let mut ahead = vec![id];
        let mut seen = BTreeSet::new();
        while let Some(id) = ahead.pop() {
            let Some(item) = self.items.get(id).filter(|_| seen.insert(id)) else { continue };
            if item.trashed {
                return true;
            }
            ahead.extend(item.parents.iter().map(String::as_str));
        }
        false
    }

    /// The ids that an alias stands for.
    pub fn id<'i>(&self, id: &'i str) -> &'i str {
        if id == "root" { "own" } else { id }
    }

    /// An item as the API shows it.
    pub fn shown(&self, id: &str) -> Value {
        let item = &self.items[id];
        let mut shown = json!({
            "id": id,
            "name": item.name,
            "mimeType": item.mime_type,
            "version": item.version.to_string(),
            "trashed": self.is_trashed(id),
            "createdTime": item.made_at().to_string(),
            "modifiedTime": moment(item.edition),
            "webViewLink": format!("https://drive.google.com/{id}"),
            "capabilities": {"canDownload": !item.view_only, "canEdit": false},
        });
        let seen: Vec<&String> =
            item.parents.iter().filter(|parent| self.items.contains_key(*parent)).collect();
        if !seen.is_empty() {
            shown["parents"] = json!(seen);
        }
        if let Some(drive) = &item.drive {
            shown["driveId"] = json!(drive);
        }
        if item.shared_with_me {
            shown["sharedWithMeTime"] = json!("2026-01-01T00:00:00.000Z");
        }
        if let Some(target) = &item.target {
            let mime_type = self.items.get(target).map_or(FOLDER, |t| t.mime_type.as_str());
            shown["shortcutDetails"] = json!({"targetId": target, "targetMimeType": mime_type});
        }
        if !item.is_native() {
            let extension = item.name.rsplit_once('.').map_or("", |(_, e)| e);
            shown["fileExtension"] = json!(extension);
            shown["md5Checksum"] = json!(format!("{:x}", md5::compute(&item.content)));
            shown["headRevisionId"] = json!(format!("{id}-{}", item.edition));
        }
        if !item.is_native() || item.mime_type == DOC {
            shown["size"] = json!(item.content.len().to_string());
        }
        shown
    }

    /// Entries of the log from `from` on, `size` at the most, each file where it
    /// changed last; and where the page ends.
    pub fn changes(&self, drive: Option<&str>, from: usize, size: usize) -> (Vec<Value>, usize) {
        let (mut entries, mut at) = (Vec::new(), from);
        while at < self.log.len() && entries.len() < size {
            let (of, id) = &self.log[at];
            at += 1;
            let again = self.log[at..].iter().any(|(_, later)| later == id);
            if again || drive.is_some() && of.as_deref() != drive {
                continue;
            }
            let mut entry = json!({"changeType": "file", "fileId": id, "removed": true});
            if self.items.contains_key(id) {
                entry["removed"] = json!(false);
                entry["file"] = self.shown(id);
            }
            entries.push(entry);
        }
        (entries, at)
    }

    pub fn log_end(&self) -> usize {
        self.log.len()
    }
}

fn moment(edition: u64) -> String {
    let at = jiff::Timestamp::from_second(1_770_000_000 + edition as i64).unwrap();
    format!("{at}")
}

pub fn folder(parents: &[&str]) -> Item {
    let parents = parents.iter().map(|p| (*p).to_owned()).collect();
    Item { mime_type: FOLDER.into(), parents, ..Item::default() }
}

pub fn file(parents: &[&str]) -> Item {
    Item { mime_type: PDF.into(), ..folder(parents) }
}
