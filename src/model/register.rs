//! Registers: what is kept of a service's files and folders, without their bytes.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Failure;

/// One file, as its service shows it now.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteFile {
    /// The id that stays over versions, moves and renames: an Autodesk lineage URN,
    /// a Drive file id.
    pub id: String,
    /// The id of the folder it lies in.
    pub folder: String,
    /// Its name, as it was given. It may hold `/`, `..` and control characters, and
    /// several files of one folder may share one.
    pub name: String,
    /// Where a person opens it.
    pub link: Option<String>,
    /// Its size in bytes, where the service tells.
    pub size: Option<u64>,
    /// Lower case, without the dot.
    pub file_type: Option<String>,
    /// Differs exactly when the content does. Opaque.
    pub version: String,
    /// When it was made at the service.
    pub created_at: Option<Timestamp>,
    /// When it was last changed at the service.
    pub updated_at: Option<Timestamp>,
    /// How its bytes can be had.
    pub content: Content,
}

/// How a file's bytes can be had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// By these particulars, which only their source understands. Kept in the
    /// ledger as JSON: no secret, no signed URL.
    Fetchable(serde_json::Value),
    /// Not at all, and why: view-only, a shortcut, a form without an export.
    MetadataOnly(String),
}

/// One folder, as its service shows it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteFolder {
    /// The id that stays over moves and renames.
    pub id: String,
    /// The folder it lies in; none for a root of the endpoint.
    pub parent: Option<String>,
    /// Its name, as it was given.
    pub name: String,
}

/// What arrived together, and is booked in one transaction. Folders come no later
/// than the files in them, wherever the service allows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Folders seen.
    pub folders: Vec<RemoteFolder>,
    /// Files seen.
    pub files: Vec<RemoteFile>,
    /// Ids of files and folders that the service says are gone from the endpoint;
    /// what lies below a folder goes with it unless it is seen elsewhere.
    pub removed: Vec<String>,
}

/// What the ledger knows of an endpoint before a walk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// Its folders by id, without those that are removed.
    pub folders: HashMap<String, KnownFolder>,
    /// What the last complete walk left for the next ([`Walked::memory`]);
    /// `Null` before the first.
    pub memory: serde_json::Value,
}

/// One folder in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownFolder {
    /// The folder it lies in; none for a root.
    pub parent: Option<String>,
    /// Its name.
    pub name: String,
    /// The change detector that held when everything below it was last booked; none
    /// if that never was, or the service has none.
    pub stamp: Option<String>,
}

/// How a walk ended, and what follows from what it did not see.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Walked {
    /// Whether a file that was not seen is gone: true after a walk that looked
    /// everywhere but in `untouched` and `lost`; false after a reading of changes.
    /// Nothing is gone if there are `failures`.
    pub absence_counts: bool,
    /// Ids of files that are there and are not booked as they are now, since they are not
    /// complete: what is known of them stays, and they are not gone.
    pub kept: Vec<String>,
    /// What a person should know, though nothing is wrong.
    pub notices: Vec<String>,
    /// Folders that were not looked into because nothing changed below them.
    pub untouched: Vec<String>,
    /// Folders that we may not see any more, and what the service said: what is
    /// known below them stays as it was, shown as "access lost".
    pub lost: Vec<(String, Failure)>,
    /// What could not be looked at: the walk is partial.
    pub failures: Vec<Failure>,
    /// The change detector of each folder below which everything was seen.
    pub stamps: HashMap<String, String>,
    /// For the next walk; stored in the transaction that ends this one.
    pub memory: serde_json::Value,
}

/// One project, hub or drive that an account may see, for `test --list-projects`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// The id to write into the configuration.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it belongs: a hub, an account, a region.
    pub belongs_to: Option<String>,
}
