//! How things change: delete, restore, move, rename, and what that does to the
//! change detectors above.

use jiff::Timestamp;

use super::{Node, Seedling, Tree, Version};

impl Tree {
    /// Samples are complete: from now on things happen now.
    pub(in crate::demo) fn arrive(&mut self) {
        self.clock.arrive();
    }

    pub(super) fn set_structural_rollup(&mut self, value: bool) {
        self.structural_rollup = value;
    }

    /// Something changed in `folder`: its rollup and those above say so.
    pub(super) fn roll_up(&mut self, folder: usize, at: Timestamp) {
        let mut next = Some(folder);
        while let Some(folder) = next {
            self.folders[folder].rollup = at;
            next = self.folders[folder].parent;
        }
    }

    /// The same for changes of which it is not documented.
    fn perhaps_roll_up(&mut self, folder: usize, at: Timestamp) {
        if self.structural_rollup {
            self.roll_up(folder, at);
        }
    }

    pub(super) fn parent_of(&self, node: Node) -> Option<usize> {
        match node {
            Node::Folder(folder) => self.folders[folder].parent,
            Node::File(file) => Some(self.files[file].folder),
        }
    }

    /// Hides it. A file gets a version that says so, without an object, as the
    /// service does it.
    pub(super) fn delete(&mut self, node: Node) {
        let at = self.clock.tick();
        match node {
            Node::Folder(folder) => self.folders[folder].hidden = true,
            Node::File(file) => {
                self.files[file].hidden = true;
                self.push_copy(file, at, |version| {
                    version.deleted = true;
                    version.object = None;
                });
            }
        }
        if let Some(parent) = self.parent_of(node) {
            self.perhaps_roll_up(parent, at);
        }
    }

    /// Shows it again. A file gets a new version with the object of the one before
    /// the deletion.
    pub(super) fn restore(&mut self, node: Node) {
        let at = self.clock.tick();
        match node {
            Node::Folder(folder) => self.folders[folder].hidden = false,
            Node::File(file) => {
                self.files[file].hidden = false;
                let object = self.files[file]
                    .versions
                    .iter()
                    .rfind(|version| !version.deleted)
                    .and_then(|version| version.object.clone());
                self.push_copy(file, at, |version| {
                    version.deleted = false;
                    version.object = object;
                });
            }
        }
        if let Some(parent) = self.parent_of(node) {
            self.perhaps_roll_up(parent, at);
        }
    }

    /// A file gets a new version of another name (the service's documented way),
    /// or its tip is renamed `in_place`.
    pub(super) fn rename(&mut self, node: Node, name: &str, in_place: bool) {
        let at = self.clock.tick();
        match node {
            Node::Folder(folder) => {
                self.folders[folder].name = name.to_owned();
                self.folders[folder].modified = at;
            }
            Node::File(file) => {
                if !in_place {
                    self.push_copy(file, at, |_| {});
                }
                if let Some(tip) = self.files[file].versions.last_mut() {
                    tip.name = name.to_owned();
                }
            }
        }
        if let Some(parent) = self.parent_of(node) {
            self.perhaps_roll_up(parent, at);
        }
    }

    /// Takes it out of its folder and puts it into another one, with its id.
    pub(super) fn relocate(&mut self, node: Node, to: usize) {
        let at = self.clock.tick();
        let from = self.parent_of(node);
        if let Some(from) = from {
            self.folders[from].children.retain(|child| *child != node);
        }
        self.folders[to].children.push(node);
        match node {
            Node::Folder(folder) => self.folders[folder].parent = Some(to),
            Node::File(file) => self.files[file].folder = to,
        }
        for folder in from.into_iter().chain([to]) {
            self.perhaps_roll_up(folder, at);
        }
    }

    /// One more version like the tip, with a difference.
    fn push_copy(&mut self, file: usize, at: Timestamp, change: impl FnOnce(&mut Version)) {
        let tip = self.files[file].tip();
        let mut copy = Version {
            number: tip.number + 1,
            name: tip.name.clone(),
            created: at,
            deleted: tip.deleted,
            object: tip.object.clone(),
            content: tip.content.clone(),
            size_missing: tip.size_missing,
        };
        change(&mut copy);
        self.files[file].versions.push(copy);
    }

    /// Everything that makes names hard, as files of one folder.
    pub(in crate::demo::autodesk) fn plant_hostile_names(&mut self, folder: usize) {
        for name in super::HOSTILE_NAMES {
            self.add_file(folder, Seedling::named(*name));
        }
    }
}
