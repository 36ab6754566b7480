//! What a register of a folder must hold, told by the tree itself.

use serde::Serialize;

use super::Tree;
use super::item::{Kind, Place};
use super::kinds::extension;

/// Everything below a folder, as a register of it must be. Shortcuts are files here
/// and not followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// The folder's id.
    pub root: String,
    /// The folders below it, each after the one it lies in.
    pub folders: Vec<Row>,
    /// The files below it.
    pub files: Vec<Row>,
}

/// One folder, file, native document or shortcut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The service's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The id of the folder it lies in.
    pub folder: String,
    /// The names of the folders from the root (without it) down, and its own, joined
    /// by `/`. Names may hold a `/` themselves.
    pub path: String,
    /// Its MIME type.
    pub mime_type: String,
    /// The extension of a file with bytes of its own, lower case.
    pub file_type: Option<String>,
    /// Lower-case hex, of a file with bytes of its own.
    pub md5: Option<String>,
    /// Lower-case hex, of a file with bytes of its own.
    pub sha256: Option<String>,
    /// Bytes; none for folders and shortcuts.
    pub size: Option<u64>,
    /// Where a person opens it.
    pub link: String,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub modified_at: String,
    /// The id of what a shortcut points to.
    pub target: Option<String>,
    /// Whether it may be downloaded.
    pub can_download: bool,
    /// Whether it is in the trash, itself or with a folder above it.
    pub trashed: bool,
}

impl Tree {
    /// Everything below `root` that `user` may see; what is in the trash only if
    /// `trashed`.
    pub(in crate::demo) fn truth(
        &self,
        user: &str,
        root: &str,
        trashed: bool,
    ) -> Result<Truth, String> {
        let top = self.seen(user, root).ok_or_else(|| format!("{user} sees no folder {root}"))?;
        if !self.item(top).is_folder() {
            return Err(format!("{root} is no folder"));
        }
        let mut truth =
            Truth { root: self.item(top).id.clone(), folders: Vec::new(), files: Vec::new() };
        let mut open = vec![(top, String::new(), self.is_trashed(top))];
        while let Some((folder, path, in_trash)) = open.pop() {
            for child in self.item(folder).children.iter().copied() {
                let item = self.item(child);
                let in_trash = in_trash || item.trashed.is_some();
                if in_trash && !trashed {
                    continue;
                }
                let row = self.row(child, &path, in_trash);
                if item.is_folder() {
                    open.push((child, format!("{}/", row.path), in_trash));
                    truth.folders.push(row);
                } else {
                    truth.files.push(row);
                }
            }
        }
        Ok(truth)
    }

    fn row(&self, place: Place, above: &str, trashed: bool) -> Row {
        let item = self.item(place);
        let content = match &item.kind {
            Kind::File { content, .. } => Some(content),
            _ => None,
        };
        let target = match &item.kind {
            Kind::Shortcut { target, .. } => Some(target.clone()),
            _ => None,
        };
        Row {
            id: item.id.clone(),
            name: item.name.clone(),
            folder: item.parent.map_or_else(String::new, |parent| self.item(parent).id.clone()),
            path: format!("{above}{}", item.name),
            mime_type: item.mime().to_owned(),
            file_type: content
                .and_then(|_| extension(&item.name))
                .map(|extension| extension.to_lowercase()),
            md5: content.map(|content| content.md5.clone()),
            sha256: content.map(|content| content.sha256.clone()),
            size: item.size(),
            link: item.link(),
            created_at: moment(item.created),
            modified_at: moment(item.modified),
            target,
            can_download: item.can_download,
            trashed,
        }
    }
}

/// A moment as the vendor writes it: milliseconds and `Z`.
pub(in crate::demo) fn moment(at: jiff::Timestamp) -> String {
    format!("{at:.3}")
}
