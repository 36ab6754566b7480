//! The resources `File` and `Drive`, as one caller sees them.

use serde_json::{Map, Value, json};

use super::mask::Mask;
use crate::demo::google_drive::SERVICE_ACCOUNT;
use crate::demo::google_drive::tree::{
    Content, Home, Item, Kind, Place, Tree, exports, extension, moment,
};

/// Looks at the drives for one caller.
pub(super) struct View<'a> {
    pub(super) tree: &'a Tree,
    pub(super) user: &'a str,
    /// `http://127.0.0.1:port`, for links that a client follows.
    pub(super) origin: &'a str,
    /// Whether nothing may be downloaded, whatever its owner says.
    pub(super) locked: bool,
}

/// A resource that grows field by field: only what the mask wants is made at all.
struct Growing<'m> {
    mask: &'m Mask,
    fields: Map<String, Value>,
}

impl Growing<'_> {
    fn put<T: Into<Value>>(&mut self, name: &str, value: impl FnOnce() -> T) {
        if let Some(inner) = self.mask.of_field(name) {
            let mut value = value().into();
            inner.apply(&mut value);
            self.fields.insert(name.to_owned(), value);
        }
    }

    fn put_if<T: Into<Value>>(&mut self, name: &str, value: Option<T>) {
        if let Some(value) = value {
            self.put(name, || value);
        }
    }
}

impl View<'_> {
    /// The resource `File` of an item.
    pub(super) fn file(&self, place: Place, mask: &Mask) -> Value {
        let item = self.tree.item(place);
        let mut file = Growing { mask, fields: Map::new() };
        file.put("kind", || "drive#file");
        file.put("id", || &*item.id);
        file.put("name", || self.name(item));
        file.put("mimeType", || item.mime());
        file.put_if("parents", self.tree.seen_parent(self.user, place).map(|p| vec![&*p.id]));
        file.put("trashed", || self.tree.is_trashed(place));
        file.put("explicitlyTrashed", || item.trashed.is_some());
        file.put("starred", || false);
        file.put("createdTime", || moment(item.created));
        file.put("modifiedTime", || moment(item.modified));
        file.put("version", || item.version.to_string());
        file.put_if("size", item.size().map(|size| size.to_string()));
        file.put("quotaBytesUsed", || item.size().unwrap_or(0).to_string());
        file.put("spaces", || vec!["drive"]);
        file.put("webViewLink", || item.link());
        file.put("isAppAuthorized", || false);
        file.put("hasThumbnail", || false);
        file.put("thumbnailVersion", || "0");
        file.put("modifiedByMe", || false);
        let viewed = item.viewed.get(self.user);
        file.put("viewedByMe", || viewed.is_some());
        file.put_if("viewedByMeTime", viewed.map(|at| moment(*at)));
        file.put("copyRequiresWriterPermission", || !item.can_download);
        file.put("viewersCanCopyContent", || item.can_download);
        file.put("capabilities", || self.capabilities(item));
        self.whose(item, place, &mut file);
        match &item.kind {
            Kind::File { content, .. } => binary(item, content, &mut file),
            Kind::Native { mime, .. } => file.put("exportLinks", || self.export_links(item, mime)),
            Kind::Shortcut { target, target_mime } => file.put(
                "shortcutDetails",
                || json!({ "targetId": target, "targetMimeType": target_mime }),
            ),
            Kind::Folder => {}
        }
        file.fields.into()
    }

    /// The resource `Drive` of a shared drive.
    pub(super) fn drive(&self, drive: Place, mask: &Mask) -> Value {
        let top = self.tree.item(drive);
        let mut shown = Growing { mask, fields: Map::new() };
        shown.put("kind", || "drive#drive");
        shown.put("id", || &*top.id);
        shown.put("name", || &*top.name);
        shown.put("createdTime", || moment(top.created));
        shown.put("hidden", || false);
        shown.put("colorRgb", || "#0f9d58");
        shown.put("capabilities", || {
            json!({
                "canListChildren": true, "canDownload": !self.locked, "canReadRevisions": true,
                "canAddChildren": false, "canEdit": false, "canRename": false,
                "canDeleteDrive": false, "canManageMembers": false,
            })
        });
        shown.put("restrictions", || {
            json!({
                "adminManagedRestrictions": false, "copyRequiresWriterPermission": false,
                "domainUsersOnly": false, "driveMembersOnly": false,
            })
        });
        shown.fields.into()
    }

    /// The resource `User`.
    pub(super) fn person(&self, email: &str) -> Value {
        let name = email.split('@').next().unwrap_or(email);
        json!({
            "kind": "drive#user",
            "displayName": name,
            "me": email == self.user,
            "permissionId": permission_id(email),
            "emailAddress": email,
        })
    }

    /// The tops of drives have names that nobody can change ("the name is constant").
    /// The true name of a shared drive is in the resource `Drive` alone.
    fn name<'i>(&self, item: &'i Item) -> &'i str {
        match item.home {
            Home::Shared(_) if item.root => "Drive",
            _ => &item.name,
        }
    }

    fn whose(&self, item: &Item, place: Place, file: &mut Growing<'_>) {
        match &item.home {
            Home::My(owner) => {
                file.put("owners", || vec![self.person(owner)]);
                file.put("ownedByMe", || owner == self.user);
                file.put("lastModifyingUser", || self.person(owner));
                file.put("shared", || {
                    self.tree.upwards(place).any(|above| !above.shared_with.is_empty())
                });
                file.put("writersCanShare", || true);
                let since = self.tree.shared_since(self.user, place);
                file.put_if("sharedWithMeTime", since.map(moment));
                file.put_if("sharingUser", since.map(|_| self.person(owner)));
            }
            Home::Shared(drive) => {
                let drive = &*self.tree.item(*drive).id;
                file.put("driveId", || drive);
                file.put("teamDriveId", || drive);
                file.put("hasAugmentedPermissions", || false);
                file.put_if("trashedTime", item.trashed.map(moment));
            }
        }
        let people = item.shared_with.keys().map(|email| permission_id(email));
        file.put("permissionIds", || people.collect::<Vec<_>>());
    }

    fn capabilities(&self, item: &Item) -> Value {
        let folder = item.is_folder();
        let owned = matches!(&item.home, Home::My(owner) if owner == self.user);
        let may = owned || (item.can_download && !self.locked);
        json!({
            "canDownload": may && !folder && !matches!(item.kind, Kind::Shortcut { .. }),
            "canCopy": may && !folder,
            "canListChildren": folder,
            "canAddChildren": folder && owned,
            "canRemoveChildren": folder && owned,
            "canEdit": owned,
            "canComment": owned,
            "canRename": owned,
            "canShare": owned,
            "canTrash": owned,
            "canUntrash": owned,
            "canDelete": owned,
            "canModifyContent": owned,
            "canReadRevisions": !folder,
            "canReadLabels": true,
        })
    }

    fn export_links(&self, item: &Item, mime: &str) -> Value {
        let link = |form: &str| {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("id", &item.id)
                .append_pair("exportFormat", form)
                .finish();
            format!("{}{}?{query}", self.origin, super::EXPORT_LINK)
        };
        exports(mime).iter().map(|form| ((*form).to_owned(), link(form))).collect()
    }
}

/// What only files with bytes of their own have.
fn binary(item: &Item, content: &Content, file: &mut Growing<'_>) {
    file.put("md5Checksum", || &*content.md5);
    file.put("sha1Checksum", || &*content.sha1);
    file.put("sha256Checksum", || &*content.sha256);
    file.put("headRevisionId", || &*content.revision);
    file.put("originalFilename", || &*item.name);
    file.put("fileExtension", || extension(&item.name).unwrap_or_default());
    file.put("fullFileExtension", || full_extension(&item.name));
    file.put("webContentLink", || {
        format!("https://drive.google.com/uc?id={}&export=download", item.id)
    });
}

/// `tar.gz` of `archive.tar.gz`.
fn full_extension(name: &str) -> String {
    let Some(last) = extension(name) else { return String::new() };
    let stem = &name[..name.len() - last.len() - 1];
    match extension(stem) {
        Some(before) if before.eq_ignore_ascii_case("tar") => format!("{before}.{last}"),
        _ => last,
    }
}

/// An account's number.
fn permission_id(email: &str) -> String {
    let sum = email.bytes().fold(14_u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(byte)) % 100_000_000_000_000_000
    });
    let kind = if email == SERVICE_ACCOUNT { 1 } else { 0 };
    format!("{kind}{sum:019}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_what_stands_behind_the_last_dot() {
        for (name, last, full) in [
            ("a.csv", "csv", "csv"),
            ("A.CSV", "CSV", "CSV"),
            ("archive.tar.gz", "gz", "tar.gz"),
            ("v1.2.pdf", "pdf", "pdf"),
            ("none", "", ""),
            (".hidden", "", ""),
            ("Dr. Who", "", ""),
            ("..", "", ""),
            ("a/b.csv", "csv", "csv"),
        ] {
            assert_eq!(extension(name).unwrap_or_default(), last, "{name}");
            assert_eq!(full_extension(name), full, "{name}");
        }
    }
}
