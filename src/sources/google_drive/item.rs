//! Files and folders as the API shows them
//! (<https://developers.google.com/workspace/drive/api/reference/rest/v3/files>).

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

/// The fields of [`Item`] that are asked for. What is not named here is not sent.
pub(super) const FIELDS: &str = "id,name,mimeType,parents,size,md5Checksum,sha256Checksum,\
     headRevisionId,version,createdTime,modifiedTime,trashed,webViewLink,fileExtension,driveId,\
     sharedWithMeTime,shortcutDetails(targetId,targetMimeType),capabilities/canDownload";

pub(super) const FOLDER: &str = "application/vnd.google-apps.folder";
pub(super) const SHORTCUT: &str = "application/vnd.google-apps.shortcut";

/// A longer name is cut, in bytes. The vendor allows 32,767.
const MAX_NAME: usize = 32 * 1024;

/// A file, folder or shortcut.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Item {
    pub(super) id: String,
    #[serde(deserialize_with = "name")]
    pub(super) name: String,
    #[serde(deserialize_with = "text")]
    pub(super) mime_type: String,
    /// None where we may not see it; several only for what is older than 2020.
    #[serde(deserialize_with = "texts")]
    pub(super) parents: Vec<String>,
    #[serde(deserialize_with = "number")]
    pub(super) size: Option<u64>,
    pub(super) md5_checksum: Option<String>,
    pub(super) sha256_checksum: Option<String>,
    pub(super) head_revision_id: Option<String>,
    #[serde(deserialize_with = "number")]
    pub(super) version: Option<u64>,
    pub(super) created_time: Option<String>,
    pub(super) modified_time: Option<String>,
    pub(super) trashed: Option<bool>,
    pub(super) web_view_link: Option<String>,
    pub(super) file_extension: Option<String>,
    pub(super) drive_id: Option<String>,
    pub(super) shared_with_me_time: Option<String>,
    pub(super) shortcut_details: Option<Shortcut>,
    pub(super) capabilities: Option<Capabilities>,
    /// Asked for only where they are needed: they are long.
    pub(super) export_links: Option<std::collections::BTreeMap<String, String>>,
}

/// Where a shortcut leads.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Shortcut {
    pub(super) target_id: Option<String>,
    pub(super) target_mime_type: Option<String>,
}

/// What we may do with it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Capabilities {
    pub(super) can_download: Option<bool>,
}

impl Item {
    pub(super) fn is_folder(&self) -> bool {
        self.mime_type == FOLDER
    }

    pub(super) fn is_shortcut(&self) -> bool {
        self.mime_type == SHORTCUT
    }

    pub(super) fn is_trashed(&self) -> bool {
        self.trashed == Some(true)
    }

    /// The folder that a shortcut leads to.
    pub(super) fn target_folder(&self) -> Option<&str> {
        let details = self.shortcut_details.as_ref().filter(|_| self.is_shortcut())?;
        let folder = details.target_mime_type.as_deref() == Some(FOLDER);
        details.target_id.as_deref().filter(|_| folder)
    }
}

/// One page of `files.list`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct FileList {
    #[serde(deserialize_with = "list")]
    pub(super) files: Vec<Item>,
    pub(super) next_page_token: Option<String>,
    pub(super) incomplete_search: Option<bool>,
}

/// One page of `changes.list`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ChangeList {
    #[serde(deserialize_with = "list")]
    pub(super) changes: Vec<Change>,
    pub(super) next_page_token: Option<String>,
    pub(super) new_start_page_token: Option<String>,
}

/// One entry of the log of changes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Change {
    /// `file` or `drive`; none in old replies, which knew files only.
    pub(super) change_type: Option<String>,
    pub(super) removed: Option<bool>,
    pub(super) file_id: Option<String>,
    pub(super) drive_id: Option<String>,
    pub(super) file: Option<Item>,
}

/// `changes.getStartPageToken`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StartPageToken {
    pub(super) start_page_token: String,
}

/// One page of `drives.list`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DriveList {
    #[serde(deserialize_with = "list")]
    pub(super) drives: Vec<Drive>,
    pub(super) next_page_token: Option<String>,
}

/// A shared drive.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Drive {
    pub(super) id: String,
    #[serde(deserialize_with = "text")]
    pub(super) name: String,
}

/// `int64` is a text in this API; a number is understood as well.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Text(String),
        Number(u64),
    }
    match Option::<Number>::deserialize(from)? {
        None => Ok(None),
        Some(Number::Number(number)) => Ok(Some(number)),
        Some(Number::Text(text)) => text.parse().map(Some).map_err(D::Error::custom),
    }
}

fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    list(from)
}

fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

fn name<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let mut name = text(from)?;
    if name.len() > MAX_NAME {
        let end = (0..=MAX_NAME).rev().find(|at| name.is_char_boundary(*at));
        name.truncate(end.unwrap_or_default());
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_shows_is_read() {
        let item: Item = serde_json::from_str(
            r#"{"id":"a","name":"x/../y.pdf","mimeType":"application/pdf","parents":["p"],
                "size":"12","version":"7","unknown":{"deep":[1]},"trashed":false,
                "capabilities":{"canDownload":false}}"#,
        )
        .unwrap();
        assert_eq!((item.id.as_str(), item.name.as_str()), ("a", "x/../y.pdf"));
        assert_eq!((item.size, item.version), (Some(12), Some(7)));
        assert_eq!(item.capabilities.unwrap().can_download, Some(false));
        let bare: Item = serde_json::from_str(
            r#"{"id":"a","name":null,"parents":null,"size":null,"mimeType":null}"#,
        )
        .unwrap();
        assert_eq!(bare, Item { id: "a".into(), ..Item::default() });
        for wrong in [r#"{"id":7}"#, r#"{"size":"many"}"#, r#"{"parents":"p"}"#, "7"] {
            assert!(serde_json::from_str::<Item>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_shortcuts_to_folders_lead_into_folders() {
        for (mime, target_mime, leads) in [
            (SHORTCUT, FOLDER, true),
            (SHORTCUT, "application/pdf", false),
            ("application/pdf", FOLDER, false),
        ] {
            let item = Item {
                mime_type: mime.into(),
                shortcut_details: Some(Shortcut {
                    target_id: Some("t".into()),
                    target_mime_type: Some(target_mime.into()),
                }),
                ..Item::default()
            };
            assert_eq!(item.target_folder().is_some(), leads, "{mime} {target_mime}");
        }
    }

    #[test]
    fn a_name_without_end_is_cut() {
        let long = format!(r#"{{"id":"a","name":"{}"}}"#, "é".repeat(40_000));
        let item: Item = serde_json::from_str(&long).unwrap();
        assert!(item.name.len() <= MAX_NAME && item.name.ends_with('é'));
    }

    #[test]
    fn no_list_breaks_its_reader() {
        crate::fuzz::fuzz("drive_list", |body| {
            let lists: Result<FileList, _> = serde_json::from_slice(body);
            let changes: Result<ChangeList, _> = serde_json::from_slice(body);
            let changed = changes.into_iter().flat_map(|list| list.changes);
            let items = lists.into_iter().flat_map(|list| list.files);
            for item in items.chain(changed.filter_map(|change| change.file)) {
                assert!(item.name.len() <= body.len() * 3);
                let _ = (item.is_folder(), item.is_shortcut(), item.target_folder());
            }
        });
    }
}
