//! One file, folder, native document or shortcut.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use bytes::Bytes;
use jiff::Timestamp;

use super::kinds::{FOLDER, SHORTCUT};

/// An item's place in the tree. It stays the item's own, even when the item is gone.
pub(in crate::demo) type Place = usize;

/// One file, folder, native document or shortcut.
#[derive(Clone, Debug)]
pub(in crate::demo) struct Item {
    /// The service's id.
    pub(in crate::demo) id: String,
    /// As hostile as it may be.
    pub(in crate::demo) name: String,
    /// The folder it lies in; none for roots and for what lies nowhere.
    pub(in crate::demo) parent: Option<Place>,
    /// What lies in it.
    pub(in crate::demo) children: Vec<Place>,
    /// Whose it is.
    pub(in crate::demo) home: Home,
    /// What it is.
    pub(in crate::demo) kind: Kind,
    /// Whether it is the top of a drive.
    pub(in crate::demo) root: bool,
    /// When it was made.
    pub(in crate::demo) created: Timestamp,
    /// When its name or content was last changed. A move leaves it alone.
    pub(in crate::demo) modified: Timestamp,
    /// When it was put into the trash itself; not when a folder above was.
    pub(in crate::demo) trashed: Option<Timestamp>,
    /// Counts everything that happens to it.
    pub(in crate::demo) version: u64,
    /// Who may see it and what is below, beside its owner, and since when; for the
    /// top of a shared drive its members.
    pub(in crate::demo) shared_with: BTreeMap<String, Timestamp>,
    /// Who looked at it last, and when.
    pub(in crate::demo) viewed: BTreeMap<String, Timestamp>,
    /// Whether those who may see it may also download it.
    pub(in crate::demo) can_download: bool,
    /// Whether it was deleted for good.
    pub(in crate::demo) gone: bool,
}

/// Whose an item is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::demo) enum Home {
    /// A user's, in their My Drive or nowhere.
    My(String),
    /// A shared drive's, by the place of its top.
    Shared(Place),
}

/// What an item is.
#[derive(Clone, Debug)]
pub(in crate::demo) enum Kind {
    /// A folder.
    Folder,
    /// A file with bytes of its own.
    File {
        /// Its MIME type.
        mime: String,
        /// Its bytes.
        content: Content,
    },
    /// A document of one of the vendor's editors.
    Native {
        /// Its MIME type.
        mime: String,
        /// What stands in it.
        text: Bytes,
        /// How large each of its exports is; without it as the text makes it.
        export_size: Option<u64>,
    },
    /// A pointer to another item.
    Shortcut {
        /// The id of what it points to, which may be gone.
        target: String,
        /// What that was when the shortcut was made.
        target_mime: String,
    },
}

/// The bytes of a file and their checksums.
#[derive(Clone, Debug)]
pub(in crate::demo) struct Content {
    pub(in crate::demo) bytes: Bytes,
    pub(in crate::demo) md5: String,
    pub(in crate::demo) sha1: String,
    pub(in crate::demo) sha256: String,
    /// The id of this revision of the file.
    pub(in crate::demo) revision: String,
}

impl Content {
    pub(super) fn new(bytes: Bytes, revision: String) -> Self {
        let hash = |algorithm: &'static Algorithm| hex(digest(algorithm, &bytes).as_ref());
        let (sha1, sha256) = (hash(&SHA1_FOR_LEGACY_USE_ONLY), hash(&SHA256));
        Self { md5: hex(&md5::compute(&bytes).0), sha1, sha256, bytes, revision }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Item {
    /// Its MIME type.
    pub(in crate::demo) fn mime(&self) -> &str {
        match &self.kind {
            Kind::Folder => FOLDER,
            Kind::File { mime, .. } | Kind::Native { mime, .. } => mime,
            Kind::Shortcut { .. } => SHORTCUT,
        }
    }

    /// Whether others can lie in it.
    pub(in crate::demo) fn is_folder(&self) -> bool {
        matches!(self.kind, Kind::Folder)
    }

    /// Its size as the service tells it: none for folders and shortcuts.
    pub(in crate::demo) fn size(&self) -> Option<u64> {
        match &self.kind {
            Kind::File { content, .. } => Some(content.bytes.len() as u64),
            Kind::Native { text, .. } => Some(text.len().max(1) as u64),
            Kind::Folder | Kind::Shortcut { .. } => None,
        }
    }

    /// Where a person opens it (`webViewLink`).
    pub(in crate::demo) fn link(&self) -> String {
        let id = &self.id;
        match &self.kind {
            Kind::Folder => format!("https://drive.google.com/drive/folders/{id}"),
            Kind::Native { mime, .. } => {
                let editor = super::kinds::editor(mime);
                format!("https://docs.google.com/{editor}/d/{id}/edit?usp=drivesdk")
            }
            Kind::File { .. } | Kind::Shortcut { .. } => {
                format!("https://drive.google.com/file/d/{id}/view?usp=drivesdk")
            }
        }
    }
}
