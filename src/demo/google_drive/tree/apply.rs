//! How operations change the drives, and in which logs that is booked.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

use super::item::{Home, Kind, Place};
use super::kinds::{guessed, native_mime};
use super::log::Subject;
use super::operation::{Given, NewFile, NewFolder, Operation};
use super::{LogName, Tree};
use crate::demo::google_drive::{OWNER, SERVICE_ACCOUNT, forest};

/// Largest file that an operation makes up. Bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

impl Tree {
    /// Does it, and returns the id of the item that it was done to; or says why it
    /// cannot be done, and then nothing was.
    pub(in crate::demo) fn apply(&mut self, operation: Operation) -> Result<String, String> {
        match operation {
            Operation::AddUser { email } => {
                let root = self.add_user(&email);
                Ok(self.item(root).id.clone())
            }
            Operation::AddDrive { name, id, members } => self.add_drive(&name, id, members),
            Operation::AddFolder(NewFolder { parent, name, id, owner }) => {
                self.add(parent, owner, &name, id, Kind::Folder, None)
            }
            Operation::AddFile(file) => self.add_file(file),
            Operation::AddDocument { parent, name, kind, text, export_size, id } => {
                let mime =
                    native_mime(&kind).ok_or_else(|| format!("no documents of kind {kind}"))?;
                let kind = Kind::Native { mime, text: text.into(), export_size };
                self.add(parent, None, &name, id, kind, None)
            }
            Operation::AddShortcut { parent, name, target, id } => {
                let target_mime = match self.place(&target) {
                    Some(place) => self.item(place).mime().to_owned(),
                    None => "application/octet-stream".to_owned(),
                };
                let kind = Kind::Shortcut { target, target_mime };
                self.add(parent, None, &name, id, kind, None)
            }
            Operation::SetContent { id, content, content_base64, size } => {
                let bytes = self.given(Given::of(content, content_base64, size)?)?;
                self.set_content(&id, bytes)
            }
            Operation::Rename { id, name } => self.rename(&id, name),
            Operation::Move { id, parent } => self.move_to(&id, parent.as_deref()),
            Operation::Trash { id } => self.touch(&id, |tree, place| {
                let now = tree.clock.now();
                tree.items[place].trashed.get_or_insert(now);
                Ok(())
            }),
            Operation::Untrash { id } => self.touch(&id, |tree, place| {
                tree.items[place].trashed = None;
                Ok(())
            }),
            Operation::Delete { id } => self.delete(&id),
            Operation::Share { id, with } => self.share(&id, with, true),
            Operation::Unshare { id, with } => self.share(&id, with, false),
            Operation::View { id, by } => self.touch(&id, |tree, place| {
                let now = tree.clock.now();
                tree.items[place].viewed.insert(by.unwrap_or_else(account), now);
                Ok(())
            }),
            Operation::Restrict { id, can_download } => self.touch(&id, |tree, place| {
                tree.items[place].can_download = can_download;
                Ok(())
            }),
            Operation::Grow { parent, seed, folders, files } => {
                let place = self.find(&parent)?;
                forest::grow(self, &self.item(place).id.clone(), seed, folders, files)?;
                Ok(parent)
            }
        }
    }

    /// Replaces a file's bytes by others of another size, as an editor's save would.
    pub(in crate::demo) fn edit(&mut self, place: Place) -> Result<(), String> {
        let Kind::File { content, .. } = &self.item(place).kind else { return Ok(()) };
        let mut bytes: Vec<u8> = content.bytes.iter().rev().map(|byte| byte ^ 0x15).collect();
        bytes.extend_from_slice(b" edited\r\n");
        let id = self.item(place).id.clone();
        self.set_content(&id, bytes.into()).map(|_| ())
    }

    fn find(&self, id: &str) -> Result<Place, String> {
        let place = match id {
            "root" => self.root_of(SERVICE_ACCOUNT),
            id => self.place(id).filter(|place| !self.item(*place).gone),
        };
        place.ok_or_else(|| format!("there is no item {id}"))
    }

    fn folder(&self, id: &str) -> Result<Place, String> {
        let place = self.find(id)?;
        self.item(place).is_folder().then_some(place).ok_or_else(|| format!("{id} is no folder"))
    }

    fn given(&mut self, given: Given) -> Result<Bytes, String> {
        match given {
            Given::These(bytes) => Ok(bytes),
            Given::Random(size) if size <= LARGEST => Ok(self.ids.noise(size as usize).into()),
            Given::Random(_) => Err(format!("a file may have {LARGEST} bytes here")),
        }
    }

    fn new_id(&mut self, id: Option<String>) -> Result<String, String> {
        let Some(id) = id else { return Ok(self.ids.file()) };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if id.is_empty() || id == "root" || !id.chars().all(plain) {
            return Err(format!("{id:?} can be no id"));
        }
        if self.place(&id).is_some() {
            return Err(format!("the id {id} is taken"));
        }
        Ok(id)
    }

    fn add_drive(
        &mut self,
        name: &str,
        id: Option<String>,
        members: Option<Vec<String>>,
    ) -> Result<String, String> {
        let id = if id.is_some() { self.new_id(id)? } else { self.ids.drive() };
        // The top belongs to the drive that it is the top of.
        let place = self.items.len();
        self.push(id.clone(), name, None, Home::Shared(place), Kind::Folder, None);
        self.items[place].root = true;
        self.drives.push(place);
        self.logs.insert(LogName::Drive(id.clone()), super::Log::default());
        for member in members.unwrap_or_else(|| vec![account()]) {
            self.share(&id, Some(member), true)?;
        }
        Ok(id)
    }

    fn add(
        &mut self,
        parent: Option<String>,
        owner: Option<String>,
        name: &str,
        id: Option<String>,
        kind: Kind,
        created: Option<Timestamp>,
    ) -> Result<String, String> {
        let parent = parent.as_deref().map(|id| self.folder(id)).transpose()?;
        let id = self.new_id(id)?;
        let home = match parent {
            Some(parent) => self.item(parent).home.clone(),
            None => {
                let owner = owner.unwrap_or_else(|| OWNER.to_owned());
                self.add_user(&owner);
                Home::My(owner)
            }
        };
        let place = self.push(id.clone(), name, parent, home, kind, created);
        let watchers = self.watchers(place);
        self.book(place, &watchers, &BTreeMap::new(), None);
        Ok(id)
    }

    fn add_file(&mut self, file: NewFile) -> Result<String, String> {
        let NewFile { parent, name, content, content_base64, size, mime_type, .. } = file;
        let bytes = self.given(Given::of(content, content_base64, size)?)?;
        let content = self.content(bytes);
        let mime = mime_type.unwrap_or_else(|| guessed(&name).to_owned());
        let kind = Kind::File { mime, content };
        let id = self.add(parent, file.owner, &name, file.id, kind, file.created)?;
        if let Some(modified) = file.modified {
            let place = self.find(&id)?;
            self.items[place].modified = modified;
        }
        Ok(id)
    }

    fn set_content(&mut self, id: &str, bytes: Bytes) -> Result<String, String> {
        self.touch(id, |tree, place| {
            let new = tree.content(bytes);
            let now = tree.clock.now();
            let item = &mut tree.items[place];
            match &mut item.kind {
                Kind::File { content, .. } => *content = new,
                Kind::Native { text, .. } => *text = new.bytes,
                Kind::Folder | Kind::Shortcut { .. } => {
                    return Err(format!("{} has no content", item.id));
                }
            }
            item.modified = now;
            Ok(())
        })
    }

    fn rename(&mut self, id: &str, name: String) -> Result<String, String> {
        let place = self.find(id)?;
        if self.item(place).root {
            return self.touch_drive(place, |top| top.name = name);
        }
        self.touch(id, |tree, place| {
            let now = tree.clock.now();
            let item = &mut tree.items[place];
            item.name = name;
            item.modified = now;
            Ok(())
        })
    }

    fn move_to(&mut self, id: &str, parent: Option<&str>) -> Result<String, String> {
        let parent = parent.map(|id| self.folder(id)).transpose()?;
        self.touch(id, |tree, place| {
            let inside = |start: Place| {
                let mut above = Some(start);
                while let Some(here) = above {
                    if here == place {
                        return true;
                    }
                    above = tree.items[here].parent;
                }
                false
            };
            if parent.is_some_and(inside) {
                return Err(format!("{id} cannot be moved into itself"));
            }
            tree.detach(place);
            tree.items[place].parent = parent;
            if let Some(parent) = parent {
                tree.items[parent].children.push(place);
                let home = tree.items[parent].home.clone();
                for below in tree.below(place) {
                    tree.items[below].home = home.clone();
                }
            }
            Ok(())
        })
    }

    fn delete(&mut self, id: &str) -> Result<String, String> {
        let place = self.find(id)?;
        if self.item(place).root {
            self.touch_drive(place, |_| {})?;
            self.bury(place);
            return Ok(id.to_owned());
        }
        self.touch(id, |tree, place| {
            tree.detach(place);
            tree.bury(place);
            Ok(())
        })
    }

    /// Nothing of it, or below it, is there any more; its bytes are let go.
    fn bury(&mut self, place: Place) {
        for below in self.below(place) {
            let item = &mut self.items[below];
            item.gone = true;
            item.kind = Kind::Folder;
        }
    }

    fn share(&mut self, id: &str, with: Option<String>, on: bool) -> Result<String, String> {
        let with = with.unwrap_or_else(account);
        self.add_user(&with);
        let now = self.clock.now();
        let place = self.find(id)?;
        let change = |shared: &mut BTreeMap<String, Timestamp>| {
            if on {
                shared.entry(with.clone()).or_insert(now);
            } else {
                shared.remove(&with);
            }
        };
        if self.item(place).root {
            let before = self.members(place);
            change(&mut self.items[place].shared_with);
            let mut told = self.members(place);
            told.extend(before);
            return self.book_drive(place, told);
        }
        self.touch(id, |tree, place| {
            change(&mut tree.items[place].shared_with);
            Ok(())
        })
    }

    /// The item and everything below it.
    fn below(&self, place: Place) -> Vec<Place> {
        let mut all = vec![place];
        let mut at = 0;
        while let Some(place) = all.get(at).copied() {
            all.extend_from_slice(&self.items[place].children);
            at += 1;
        }
        all
    }

    fn detach(&mut self, place: Place) {
        if let Some(parent) = self.items[place].parent {
            self.items[parent].children.retain(|child| *child != place);
        }
    }

    /// Changes one item and books it in every log that shows it before or after.
    /// Of what lies below it nothing is booked.
    fn touch(
        &mut self,
        id: &str,
        change: impl FnOnce(&mut Self, Place) -> Result<(), String>,
    ) -> Result<String, String> {
        let place = self.find(id)?;
        if self.item(place).root {
            return Err(format!("{id} is the top of a drive"));
        }
        let before = self.watchers(place);
        let home = self.item(place).home.clone();
        change(self, place)?;
        self.items[place].version += 1;
        let after = self.watchers(place);
        self.book(place, &after, &before, Some(&home));
        Ok(self.item(place).id.clone())
    }

    fn book(
        &mut self,
        place: Place,
        after: &BTreeMap<String, bool>,
        before: &BTreeMap<String, bool>,
        home_before: Option<&Home>,
    ) {
        let sees = |(user, sees): (&String, &bool)| sees.then(|| LogName::User(user.clone()));
        let users = after.iter().chain(before).filter_map(sees);
        let homes = [Some(&self.items[place].home), home_before];
        let drives = homes.into_iter().flatten().filter_map(|home| match home {
            Home::Shared(top) => Some(LogName::Drive(self.items[*top].id.clone())),
            Home::My(_) => None,
        });
        let mut names: Vec<LogName> = users.chain(drives).collect();
        names.sort();
        names.dedup();
        self.enter(&names, Subject::Item(place));
    }

    fn touch_drive(
        &mut self,
        place: Place,
        change: impl FnOnce(&mut super::Item),
    ) -> Result<String, String> {
        if matches!(self.item(place).home, Home::My(_)) {
            return Err("the top of My Drive stays as it is".to_owned());
        }
        let members = self.members(place);
        change(&mut self.items[place]);
        self.items[place].version += 1;
        self.book_drive(place, members)
    }

    fn members(&self, drive: Place) -> Vec<String> {
        self.item(drive).shared_with.keys().cloned().collect()
    }

    fn book_drive(&mut self, drive: Place, members: Vec<String>) -> Result<String, String> {
        let id = self.item(drive).id.clone();
        let mut names: Vec<LogName> = members.into_iter().map(LogName::User).collect();
        names.push(LogName::Drive(id.clone()));
        names.sort();
        names.dedup();
        self.enter(&names, Subject::Drive(drive));
        Ok(id)
    }

    fn enter(&mut self, names: &[LogName], subject: Subject) {
        self.tick += 1;
        let at = self.clock.now();
        for name in names {
            if let Some(log) = self.logs.get_mut(name) {
                log.book(self.tick, subject, at);
            }
        }
    }
}

fn account() -> String {
    SERVICE_ACCOUNT.to_owned()
}
