//! What can happen at Autodesk, as JSON for the control URL and in Rust.

use serde::{Deserialize, Serialize};

use super::place::wrong;
use super::plant::MAX_DEPTH;
use super::{Access, Content, Node, Seedling, Tree};
use crate::model::Failure;

/// A folder or file: its URN, or its path in the first project
/// (`Project Files/A/b.pdf`), or in another one (`b.…/Project Files`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Place(pub String);

impl<T: Into<String>> From<T> for Place {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

/// Something that happens at Autodesk. As JSON: `{"op": "rename", "what": …, "name": …}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    /// A project with its usual folders.
    AddProject {
        /// Its name.
        name: String,
        /// The hub's id; the first hub without.
        #[serde(default)]
        hub: Option<String>,
    },
    /// An empty folder.
    AddFolder {
        /// In which one.
        folder: Place,
        /// Its name.
        name: String,
    },
    /// A file with one version.
    AddFile {
        /// In which folder.
        folder: Place,
        /// Its name.
        name: String,
        /// Its bytes; without, a text that nothing else has.
        #[serde(default)]
        content: Option<Content>,
        /// The service does not tell its size.
        #[serde(default)]
        size_missing: bool,
    },
    /// The next version of a file.
    AddVersion {
        /// Which file.
        file: Place,
        /// Its bytes; without, a text that nothing else has.
        #[serde(default)]
        content: Option<Content>,
    },
    /// Another name.
    Rename {
        /// Which file or folder.
        what: Place,
        /// The new name.
        name: String,
        /// A file's present version is renamed; else a new version has the new name.
        #[serde(default)]
        in_place: bool,
    },
    /// Into another folder of the same project; the id stays.
    Move {
        /// Which file or folder.
        what: Place,
        /// Into which folder.
        to: Place,
    },
    /// Hides a file or folder, as the service deletes.
    Delete {
        /// Which one.
        what: Place,
    },
    /// Takes a deletion back.
    Restore {
        /// Which file or folder.
        what: Place,
    },
    /// The caller loses access to a folder and to what lies below.
    Forbid {
        /// Which folder.
        folder: Place,
        /// The folder above goes on naming it.
        #[serde(default)]
        listed: bool,
    },
    /// The caller has access to a folder, also below a forbidden one.
    Allow {
        /// Which folder.
        folder: Place,
    },
    /// The content of a file may not be had, or may again.
    ViewOnly {
        /// Which file.
        file: Place,
        /// Whether it may not.
        value: bool,
    },
    /// The application is a Custom Integration of the account, or is none.
    Provision {
        /// Whether it is.
        value: bool,
    },
    /// A project is active, or archived.
    Activate {
        /// The project's id.
        project: String,
        /// Whether it is active.
        value: bool,
    },
    /// Whether delete, restore, move and rename move the rollup.
    StructuralRollup {
        /// Whether they do.
        value: bool,
    },
    /// Files whose names make trouble.
    AddHostileNames {
        /// In which folder.
        folder: Place,
    },
    /// A project of many files, the same for the same numbers.
    Generate {
        /// Its name.
        name: String,
        /// How many folders.
        folders: usize,
        /// How many files in each.
        files: usize,
        /// Which one of all such projects.
        #[serde(default)]
        seed: u64,
    },
}

/// The largest content, in bytes: it is made in memory when it is asked for.
const MAX_CONTENT: u64 = 1 << 30;

/// Files of a generated project at the most.
const MAX_FILES: usize = 5_000_000;

fn check_size(place: &Place, content: Option<&Content>) -> Result<(), Failure> {
    match content {
        Some(content) if content.size() > MAX_CONTENT => {
            Err(wrong(place, "a file holds at most 1 GiB here"))
        }
        _ => Ok(()),
    }
}

impl Tree {
    /// Lets it happen. The result is the id of what is new, or of what it happened
    /// to; empty for a switch.
    pub(in crate::demo) fn apply(&mut self, operation: Operation) -> Result<String, Failure> {
        match operation {
            Operation::AddProject { name, hub } => {
                let hub = self.find_hub(hub)?;
                let project = self.add_project(hub, &name);
                Ok(self.projects[project].id.clone())
            }
            Operation::AddFolder { folder: place, name } => {
                let folder = self.find_folder(&place)?;
                if self.way_up(folder).count() > MAX_DEPTH {
                    return Err(wrong(&place, "folders are nested at most 25 deep"));
                }
                let folder = self.add_folder(folder, &name);
                Ok(self.folders[folder].id.clone())
            }
            Operation::AddFile { folder, name, content, size_missing } => {
                check_size(&folder, content.as_ref())?;
                let folder = self.find_folder(&folder)?;
                let file = self.add_file(folder, Seedling { name, content, size_missing });
                Ok(self.files[file].id.clone())
            }
            Operation::AddVersion { file, content } => {
                check_size(&file, content.as_ref())?;
                let file = self.find_file(&file)?;
                let name = self.files[file].tip().name.clone();
                self.add_version(file, Seedling { name, content, size_missing: false });
                Ok(self.files[file].id.clone())
            }
            Operation::Rename { what, name, in_place } => {
                let node = self.find(&what)?;
                self.rename(node, &name, in_place);
                Ok(self.id(node).to_owned())
            }
            Operation::Move { what, to } => {
                let (node, folder) = (self.find(&what)?, self.find_folder(&to)?);
                self.check_move(node, folder).map_err(|why| wrong(&what, why))?;
                self.relocate(node, folder);
                Ok(self.id(node).to_owned())
            }
            Operation::Delete { what } => self.hide(&what, true),
            Operation::Restore { what } => self.hide(&what, false),
            Operation::Forbid { folder, listed } => {
                self.set_access(&folder, Access::Forbidden { listed })
            }
            Operation::Allow { folder } => self.set_access(&folder, Access::Allowed),
            Operation::ViewOnly { file, value } => {
                let file = self.find_file(&file)?;
                self.files[file].view_only = value;
                Ok(self.files[file].id.clone())
            }
            Operation::Provision { value } => {
                self.provisioned = value;
                Ok(String::new())
            }
            Operation::Activate { project, value } => {
                let unknown = || wrong(&Place(project.clone()), "there is no project of this id");
                let at = self.project(&project).ok_or_else(unknown)?.0;
                self.projects[at].active = value;
                Ok(project)
            }
            Operation::StructuralRollup { value } => {
                self.set_structural_rollup(value);
                Ok(String::new())
            }
            Operation::AddHostileNames { folder } => {
                let folder = self.find_folder(&folder)?;
                self.plant_hostile_names(folder);
                Ok(self.folders[folder].id.clone())
            }
            Operation::Generate { name, folders, files, seed } => {
                if folders.saturating_mul(files) > MAX_FILES || folders > MAX_FILES {
                    return Err(wrong(&Place(name), "it would be too large"));
                }
                Ok(self.generate(&name, folders, files, seed))
            }
        }
    }

    fn find_hub(&self, id: Option<String>) -> Result<usize, Failure> {
        let Some(id) = id else { return Ok(0) };
        let found = self.hubs.iter().position(|hub| hub.id == id);
        found.ok_or_else(|| wrong(&Place(id), "there is no hub of this id"))
    }

    fn check_move(&self, node: Node, to: usize) -> Result<(), &'static str> {
        let Some(from) = self.parent_of(node) else { return Err("a project's root stays") };
        if self.folders[from].project != self.folders[to].project {
            return Err("nothing is moved from one project to another");
        }
        match node {
            Node::Folder(folder) if self.way_up(to).any(|above| above == folder) => {
                Err("a folder cannot lie in itself")
            }
            _ => Ok(()),
        }
    }

    fn hide(&mut self, what: &Place, delete: bool) -> Result<String, Failure> {
        let node = self.find(what)?;
        if self.parent_of(node).is_none() {
            return Err(wrong(what, "a project's root stays"));
        }
        if self.hidden(node) == delete {
            return Err(wrong(what, if delete { "it is deleted" } else { "it is not deleted" }));
        }
        if delete {
            self.delete(node);
        } else {
            self.restore(node);
        }
        Ok(self.id(node).to_owned())
    }

    fn set_access(&mut self, place: &Place, access: Access) -> Result<String, Failure> {
        let folder = self.find_folder(place)?;
        self.folders[folder].access = Some(access);
        Ok(self.folders[folder].id.clone())
    }
}
