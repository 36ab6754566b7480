//! What is true at Autodesk: hubs, projects, folders, files and their versions.
//! Nothing is ever removed, as there: what is deleted is hidden.

mod change;
mod clock;
mod content;
mod generate;
mod ids;
mod look;
mod operation;
mod place;
mod plant;
mod samples;
mod truth;

use std::collections::HashMap;

use jiff::Timestamp;

use clock::Clock;
pub(super) use clock::stamp;
pub use content::Content;
pub(super) use content::{mime_type, type_of};
use ids::Ids;
pub use operation::{Operation, Place};
pub(super) use plant::Seedling;
pub use samples::HOSTILE_NAMES;
pub use truth::{TrueFile, TrueProject, Truth};

/// Everything. Indices are into its own vectors and stay good for ever.
#[derive(Debug)]
pub(in crate::demo) struct Tree {
    pub(super) hubs: Vec<Hub>,
    pub(super) projects: Vec<Project>,
    pub(super) folders: Vec<Folder>,
    pub(super) files: Vec<File>,
    nodes: HashMap<String, Node>,
    objects: HashMap<String, (usize, usize)>,
    clock: Clock,
    ids: Ids,
    /// Whether an account admin has added the application as a Custom Integration.
    pub(super) provisioned: bool,
    /// Whether delete, restore, move and rename move the rollup: not documented.
    structural_rollup: bool,
}

/// A thing with a URN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Folder(usize),
    File(usize),
}

/// An account.
#[derive(Debug)]
pub(super) struct Hub {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) region: &'static str,
    /// Somebody's own hub, without construction projects.
    pub(super) personal: bool,
    /// `wipprod` or `wipemea`, as in its URNs.
    pub(super) realm: &'static str,
    /// Where its objects are.
    pub(super) bucket: &'static str,
}

/// A project.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) hub: usize,
    pub(super) root: usize,
    pub(super) active: bool,
}

/// A folder.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) id: String,
    pub(super) project: usize,
    pub(super) parent: Option<usize>,
    pub(super) name: String,
    /// Made by the service, for itself: its creator has no name.
    pub(super) system: bool,
    /// Deleted.
    pub(super) hidden: bool,
    /// What the caller may do here; none for what holds above.
    pub(super) access: Option<Access>,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    pub(super) rollup: Timestamp,
    /// In the order in which they are listed.
    pub(super) children: Vec<Node>,
}

/// What the caller may do with a folder and what lies below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Allowed,
    /// Its own address is a 403; `listed`: the folder above still names it.
    Forbidden {
        listed: bool,
    },
}

/// A file: a lineage of versions.
#[derive(Debug)]
pub(super) struct File {
    pub(super) id: String,
    /// The random part of its ids, which its versions share.
    pub(super) key: String,
    pub(super) folder: usize,
    pub(super) hidden: bool,
    /// Its name may be seen, its content not.
    pub(super) view_only: bool,
    /// Oldest first; the last is the tip. Never empty.
    pub(super) versions: Vec<Version>,
}

/// A version of a file.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) number: u32,
    pub(super) name: String,
    pub(super) created: Timestamp,
    /// The marker that a deletion leaves.
    pub(super) deleted: bool,
    /// The key of its object in the hub's bucket; several versions may share one.
    pub(super) object: Option<String>,
    pub(super) content: Content,
    /// The size is not told.
    pub(super) size_missing: bool,
}

impl Version {
    /// Its size, where the service tells.
    pub(super) fn size(&self) -> Option<u64> {
        (self.object.is_some() && !self.size_missing).then(|| self.content.size())
    }
}

impl File {
    /// The version that counts.
    pub(super) fn tip(&self) -> &Version {
        &self.versions[self.versions.len() - 1]
    }
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            hubs: Vec::new(),
            projects: Vec::new(),
            folders: Vec::new(),
            files: Vec::new(),
            nodes: HashMap::new(),
            objects: HashMap::new(),
            clock: Clock::default(),
            ids: Ids::default(),
            provisioned: true,
            structural_rollup: true,
        }
    }
}
