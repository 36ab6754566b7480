//! The drives as they truly are: items, users, shared drives, logs of changes.
//! Only [`Operation`]s change them.

mod apply;
mod ids;
mod item;
mod kinds;
mod log;
mod operation;
mod sight;
mod truth;

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

use ids::{Clock, Ids};
pub(in crate::demo) use item::{Content, Home, Item, Kind, Place};
pub(in crate::demo) use kinds::{export_formats, exports, extension};
pub(in crate::demo) use log::{Entry, Log, Subject};
pub use operation::{NewFile, NewFolder, Operation};
pub(in crate::demo) use truth::moment;
pub use truth::{Row, Truth};

/// Which log of changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::demo) enum LogName {
    /// A user's.
    User(String),
    /// A shared drive's, by its id.
    Drive(String),
}

/// The drives of everybody.
#[derive(Debug)]
pub(in crate::demo) struct Tree {
    items: Vec<Item>,
    by_id: BTreeMap<String, Place>,
    /// The top of each user's My Drive.
    roots: BTreeMap<String, Place>,
    /// The tops of the shared drives.
    drives: Vec<Place>,
    logs: BTreeMap<LogName, Log>,
    /// Counts the entries of all logs.
    tick: u64,
    clock: Clock,
    ids: Ids,
}

impl Tree {
    /// No items, and these users.
    pub(super) fn new(users: &[&str]) -> Self {
        let mut tree = Self {
            items: Vec::new(),
            by_id: BTreeMap::new(),
            roots: BTreeMap::new(),
            drives: Vec::new(),
            logs: BTreeMap::new(),
            tick: 0,
            clock: Clock::default(),
            ids: Ids::new(2026),
        };
        for user in users {
            tree.add_user(user);
        }
        tree
    }

    /// The item at a place.
    pub(in crate::demo) fn item(&self, place: Place) -> &Item {
        // Places are handed out by this tree alone and never taken back.
        &self.items[place]
    }

    /// Where the item with this id is, gone or not.
    pub(in crate::demo) fn place(&self, id: &str) -> Option<Place> {
        self.by_id.get(id).copied()
    }

    /// The item with this id as `user` may name it: `root` is the top of their own
    /// drive. None if they may not see it.
    pub(in crate::demo) fn seen(&self, user: &str, id: &str) -> Option<Place> {
        let place = match id {
            "root" => *self.roots.get(user)?,
            id => self.place(id)?,
        };
        self.sees(user, place).then_some(place)
    }

    /// Every item that is there, by id.
    pub(in crate::demo) fn places(&self) -> impl Iterator<Item = Place> {
        self.by_id.values().copied().filter(|place| !self.items[*place].gone)
    }

    /// The top of a user's My Drive.
    pub(in crate::demo) fn root_of(&self, user: &str) -> Option<Place> {
        self.roots.get(user).copied()
    }

    /// Whether there is such a user.
    pub(in crate::demo) fn knows(&self, user: &str) -> bool {
        self.roots.contains_key(user)
    }

    /// A log, and the number that its next entry will have at the least.
    pub(in crate::demo) fn log(&self, name: &LogName) -> Option<(&Log, u64)> {
        Some((self.logs.get(name)?, self.tick + 1))
    }

    fn add_user(&mut self, email: &str) -> Place {
        if let Some(root) = self.roots.get(email) {
            return *root;
        }
        let id = self.ids.drive();
        let home = Home::My(email.to_owned());
        let root = self.push(id, "My Drive", None, home, Kind::Folder, None);
        self.items[root].root = true;
        self.roots.insert(email.to_owned(), root);
        self.logs.insert(LogName::User(email.to_owned()), Log::default());
        root
    }

    fn push(
        &mut self,
        id: String,
        name: &str,
        parent: Option<Place>,
        home: Home,
        kind: Kind,
        created: Option<Timestamp>,
    ) -> Place {
        let now = created.unwrap_or_else(|| self.clock.now());
        let place = self.items.len();
        self.by_id.insert(id.clone(), place);
        self.items.push(Item {
            id,
            name: name.to_owned(),
            parent,
            children: Vec::new(),
            home,
            kind,
            root: false,
            created: now,
            modified: now,
            trashed: None,
            version: 1,
            shared_with: BTreeMap::new(),
            viewed: BTreeMap::new(),
            can_download: true,
            gone: false,
        });
        if let Some(parent) = parent {
            self.items[parent].children.push(place);
        }
        place
    }

    fn content(&mut self, bytes: Bytes) -> Content {
        Content::new(bytes, self.ids.revision())
    }
}
