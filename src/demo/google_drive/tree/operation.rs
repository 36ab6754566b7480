//! What can happen to the drives, as JSON and in process.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that people do to their drives. As JSON the variant is the key `op`:
/// `{"op":"rename","id":"…","name":"…"}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    /// A user signs up. Results in the id of the top of their drive.
    AddUser {
        /// Their address.
        email: String,
    },
    /// A shared drive is set up.
    AddDrive {
        /// Its name.
        name: String,
        /// Its id; without it one is made up.
        id: Option<String>,
        /// Its members; without it the service account.
        members: Option<Vec<String>>,
    },
    /// A folder is made.
    AddFolder(NewFolder),
    /// A file is uploaded.
    AddFile(NewFile),
    /// A native document is made.
    AddDocument {
        /// The folder it lies in; without it, it lies nowhere.
        parent: Option<String>,
        /// Its name.
        name: String,
        /// `document`, `spreadsheet`, `presentation`, `drawing` or `form`.
        kind: String,
        /// What stands in it.
        #[serde(default)]
        text: String,
        /// How large each of its exports is; without it as the text makes it. Bytes.
        export_size: Option<u64>,
        /// Its id; without it one is made up.
        id: Option<String>,
    },
    /// A shortcut is made.
    AddShortcut {
        /// The folder it lies in; without it, it lies nowhere.
        parent: Option<String>,
        /// Its name.
        name: String,
        /// The id of what it points to.
        target: String,
        /// Its id; without it one is made up.
        id: Option<String>,
    },
    /// A file gets new content, or a native document new text.
    SetContent {
        /// Which.
        id: String,
        /// The content.
        content: Option<String>,
        /// The content, for bytes that are no text.
        content_base64: Option<String>,
        /// Or so many random bytes.
        size: Option<u64>,
    },
    /// An item, or a shared drive, gets another name.
    Rename {
        /// Which.
        id: String,
        /// The new name.
        name: String,
    },
    /// An item is moved, with everything in it.
    Move {
        /// Which.
        id: String,
        /// Where to; nowhere without it.
        parent: Option<String>,
    },
    /// An item is put into the trash, and with it everything in it.
    Trash {
        /// Which.
        id: String,
    },
    /// An item is taken out of the trash.
    Untrash {
        /// Which.
        id: String,
    },
    /// An item is deleted for good, with everything in it.
    Delete {
        /// Which.
        id: String,
    },
    /// An item is shared, or a user becomes a member of a shared drive.
    Share {
        /// Which.
        id: String,
        /// With whom; without it the service account.
        with: Option<String>,
    },
    /// An item is no longer shared, or a user no longer a member.
    Unshare {
        /// Which.
        id: String,
        /// With whom; without it the service account.
        with: Option<String>,
    },
    /// Somebody looks at an item: noise in the log of changes.
    View {
        /// Which.
        id: String,
        /// Who; without it the service account.
        by: Option<String>,
    },
    /// Its owner forbids, or allows again, that an item be downloaded.
    Restrict {
        /// Which.
        id: String,
        /// Whether it may be downloaded.
        can_download: bool,
    },
    /// A large tree grows, the same from the same seed.
    Grow {
        /// The folder it grows in.
        parent: String,
        /// What it looks like.
        #[serde(default)]
        seed: u64,
        /// So many folders.
        folders: u32,
        /// So many files, among them a few native documents and shortcuts.
        files: u32,
    },
}

/// A folder to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewFolder {
    /// The folder it lies in; without it, it lies nowhere.
    pub parent: Option<String>,
    /// Its name.
    pub name: String,
    /// Its id; without it one is made up.
    #[serde(default)]
    pub id: Option<String>,
    /// Whose it is, if it lies nowhere; without it the person who shares.
    #[serde(default)]
    pub owner: Option<String>,
}

/// A file to be uploaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewFile {
    /// The folder it lies in; without it, it lies nowhere.
    pub parent: Option<String>,
    /// Its name.
    pub name: String,
    /// Its content.
    #[serde(default)]
    pub content: Option<String>,
    /// Its content, for bytes that are no text.
    #[serde(default)]
    pub content_base64: Option<String>,
    /// Or so many random bytes.
    #[serde(default)]
    pub size: Option<u64>,
    /// Its MIME type; without it what the name suggests.
    #[serde(default)]
    pub mime_type: Option<String>,
    /// When it was made where it comes from.
    #[serde(default)]
    pub created: Option<Timestamp>,
    /// When it was last changed where it comes from: an upload keeps old times.
    #[serde(default)]
    pub modified: Option<Timestamp>,
    /// Its id; without it one is made up.
    #[serde(default)]
    pub id: Option<String>,
    /// Whose it is, if it lies nowhere; without it the person who shares.
    #[serde(default)]
    pub owner: Option<String>,
}

/// Bytes as an operation gives them.
pub(super) enum Given {
    /// These.
    These(Bytes),
    /// So many random ones.
    Random(u64),
}

impl Given {
    /// Reads the three ways of giving bytes, of which at most one may be used.
    pub(super) fn of(
        content: Option<String>,
        base64: Option<String>,
        size: Option<u64>,
    ) -> Result<Self, String> {
        use base64::Engine as _;
        match (content, base64, size) {
            (None, None, Some(size)) => Ok(Self::Random(size)),
            (content, None, None) => Ok(Self::These(content.unwrap_or_default().into())),
            (None, Some(encoded), None) => base64::engine::general_purpose::STANDARD
                .decode(encoded)
                .map(|bytes| Self::These(bytes.into()))
                .map_err(|error| format!("content_base64: {error}")),
            _ => Err("give one of content, content_base64 and size".to_owned()),
        }
    }
}

impl Operation {
    /// A folder is made.
    pub fn folder(parent: impl Into<String>, name: impl Into<String>) -> Self {
        Self::AddFolder(NewFolder {
            parent: Some(parent.into()),
            name: name.into(),
            ..NewFolder::default()
        })
    }

    /// A file is uploaded.
    pub fn file(
        parent: impl Into<String>,
        name: impl Into<String>,
        content: impl Into<String>,
    ) -> Self {
        Self::AddFile(NewFile {
            parent: Some(parent.into()),
            name: name.into(),
            content: Some(content.into()),
            ..NewFile::default()
        })
    }

    /// A native document is made.
    pub fn document(
        parent: impl Into<String>,
        name: impl Into<String>,
        kind: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self::AddDocument {
            parent: Some(parent.into()),
            name: name.into(),
            kind: kind.into(),
            text: text.into(),
            export_size: None,
            id: None,
        }
    }

    /// A shortcut is made.
    pub fn shortcut(
        parent: impl Into<String>,
        name: impl Into<String>,
        target: impl Into<String>,
    ) -> Self {
        Self::AddShortcut {
            parent: Some(parent.into()),
            name: name.into(),
            target: target.into(),
            id: None,
        }
    }

    /// A file gets new content.
    pub fn content(id: impl Into<String>, content: impl Into<String>) -> Self {
        let content = Some(content.into());
        Self::SetContent { id: id.into(), content, content_base64: None, size: None }
    }

    /// An item gets another name.
    pub fn rename(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self::Rename { id: id.into(), name: name.into() }
    }

    /// An item is moved.
    pub fn move_to(id: impl Into<String>, parent: impl Into<String>) -> Self {
        Self::Move { id: id.into(), parent: Some(parent.into()) }
    }

    /// An item is put into the trash.
    pub fn trash(id: impl Into<String>) -> Self {
        Self::Trash { id: id.into() }
    }

    /// An item is taken out of the trash.
    pub fn untrash(id: impl Into<String>) -> Self {
        Self::Untrash { id: id.into() }
    }

    /// An item is deleted for good.
    pub fn delete(id: impl Into<String>) -> Self {
        Self::Delete { id: id.into() }
    }

    /// An item is shared with the service account.
    pub fn share(id: impl Into<String>) -> Self {
        Self::Share { id: id.into(), with: None }
    }

    /// An item is no longer shared with the service account.
    pub fn unshare(id: impl Into<String>) -> Self {
        Self::Unshare { id: id.into(), with: None }
    }
}
