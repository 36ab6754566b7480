//! An item and its tip version, as a file of the register.

use jiff::Timestamp;
use serde_json::json;

use super::document::Resource;
use crate::model::{Content, Pick, RemoteFile};

/// What a storage's URN begins with; then follow the bucket, a slash and the key.
const OBJECT: &str = "urn:adsk.objects:os.object:";

/// A tip version of this type stands for a deletion.
const DELETED: &str = "versions:autodesk.core:Deleted";

/// Longer links are not kept.
const MAX_LINK: usize = 8 * 1024;

/// The id of an item's tip version.
pub(super) fn tip(item: &Resource) -> Option<&str> {
    item.text("/relationships/tip/data/id")
}

/// Whether people do not see it any more: deleting hides.
pub(super) fn is_hidden(resource: &Resource) -> bool {
    resource.is("/attributes/hidden")
}

/// The file that `item` of `folder` is, if it is one that is picked.
pub(super) fn remote_file(
    folder: &str,
    item: &Resource,
    version: &Resource,
    pick: &Pick,
) -> Option<RemoteFile> {
    if version.text("/attributes/extension/type") == Some(DELETED) {
        return None;
    }
    let either = |pointer| version.text(pointer).or_else(|| item.text(pointer));
    let name = version.text("/attributes/name").or_else(|| either("/attributes/displayName"));
    let name = name.unwrap_or_default();
    let file_type = version.text("/attributes/fileType").or_else(|| extension(name));
    let file_type = file_type.map(|t| t.trim_start_matches('.').to_lowercase());
    if !pick.takes(name, file_type.as_deref()) {
        return None;
    }
    let storage = version
        .text("/relationships/storage/data/id")
        .or_else(|| version.text("/attributes/extension/data/storageUrn"));
    let number = version.number("/attributes/versionNumber");
    let size = version.number("/attributes/storageSize");
    let number_text = number.map(|n| n.to_string()).unwrap_or_default();
    Some(RemoteFile {
        id: item.id.clone(),
        folder: folder.to_owned(),
        name: name.to_owned(),
        link: either("/links/webView/href").filter(|link| is_link(link)).map(ToOwned::to_owned),
        size,
        file_type,
        version: format!("{} {number_text} {}", version.id, storage.unwrap_or_default()),
        created_at: item
            .text("/attributes/createTime")
            .or_else(|| version.text("/attributes/createTime"))
            .and_then(time),
        updated_at: either("/attributes/lastModifiedTime").and_then(time),
        content: content(version, storage, size),
    })
}

/// How the bytes of a version can be had.
fn content(version: &Resource, storage: Option<&str>, size: Option<u64>) -> Content {
    let only = |why: &str| Content::MetadataOnly(why.to_owned());
    let Some(storage) = storage else {
        return only("the service names no storage for it");
    };
    let object = storage.strip_prefix(OBJECT).and_then(|object| object.split_once('/'));
    let Some((bucket, key)) = object.filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
    else {
        return only("its storage is not one that can be read");
    };
    Content::Fetchable(json!({"bucket": bucket, "key": key, "size": size, "version": version.id}))
}

/// Times come with seven fractional digits: `2024-11-14T11:26:11.0000000Z`.
fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// What follows the last dot of a name that has more before it, if it can be a type:
/// in `../plans` it is a path.
fn extension(name: &str) -> Option<&str> {
    let (stem, extension) = name.rsplit_once('.')?;
    let plain = extension.chars().all(char::is_alphanumeric);
    (!stem.is_empty() && !extension.is_empty() && plain).then_some(extension)
}

/// Whether a person may be sent there.
fn is_link(text: &str) -> bool {
    text.len() <= MAX_LINK && (text.starts_with("https://") || text.starts_with("http://"))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::document::Document;
    use super::*;
    use crate::transport::http::Secrets;

    fn resource(json: &Value) -> Resource {
        let body = json!({"data": json}).to_string();
        let document = Document::read("", "", body.as_bytes(), &Secrets::default()).unwrap();
        document.only("", "").unwrap()
    }

    fn item() -> Resource {
        resource(&json!({
            "type": "items", "id": "urn:adsk.wipprod:dm.lineage:g2vEflLTS86eDc1Jx2GJJg",
            "attributes": {
                "displayName": "Plan.pdf", "createTime": "2024-11-02T13:59:09.0000000Z",
                "lastModifiedTime": "2024-11-02T13:59:09.0000000Z", "hidden": false,
            },
            "relationships": {"tip": {"data": {"type": "versions", "id": "urn:v?version=3"}}},
        }))
    }

    fn version(change: impl FnOnce(&mut Value)) -> Resource {
        let mut json = json!({
            "type": "versions", "id": "urn:v?version=3",
            "attributes": {
                "name": "Plan A.PDF", "displayName": "Shown.pdf", "versionNumber": 3,
                "storageSize": 1_048_577, "fileType": "PDF",
                "createTime": "2024-11-14T11:24:38.0000000Z",
                "lastModifiedTime": "2024-11-14T11:26:11.1234567Z",
                "extension": {"type": "versions:autodesk.bim360:File", "data": {}},
            },
            "links": {"webView": {"href": "https://acc.autodesk.com/docs/files/x?a=b"}},
            "relationships": {"storage": {"data": {
                "type": "objects", "id": "urn:adsk.objects:os.object:wip.dm.prod/3c8f-b1 cb.pdf",
            }}},
        });
        change(&mut json);
        resource(&json)
    }

    #[test]
    fn a_real_looking_version() {
        let file = remote_file("folder", &item(), &version(|_| {}), &Pick::default()).unwrap();
        let expected = RemoteFile {
            id: "urn:adsk.wipprod:dm.lineage:g2vEflLTS86eDc1Jx2GJJg".into(),
            folder: "folder".into(),
            name: "Plan A.PDF".into(),
            link: Some("https://acc.autodesk.com/docs/files/x?a=b".into()),
            size: Some(1_048_577),
            file_type: Some("pdf".into()),
            version: "urn:v?version=3 3 urn:adsk.objects:os.object:wip.dm.prod/3c8f-b1 cb.pdf"
                .into(),
            created_at: Some("2024-11-02T13:59:09Z".parse().unwrap()),
            updated_at: Some("2024-11-14T11:26:11.1234567Z".parse().unwrap()),
            content: Content::Fetchable(json!({
                "bucket": "wip.dm.prod", "key": "3c8f-b1 cb.pdf", "size": 1_048_577,
                "version": "urn:v?version=3",
            })),
        };
        assert_eq!(file, expected);
    }

    #[test]
    fn what_may_be_missing_or_odd() {
        type Change = fn(&mut Value);
        let cases: [(&str, Change, Option<&str>, bool); 8] = [
            ("no type", |v| v["attributes"]["fileType"] = Value::Null, Some("pdf"), true),
            ("a dotted type", |v| v["attributes"]["fileType"] = ".Rvt".into(), Some("rvt"), true),
            ("no name", |v| v["attributes"]["name"] = Value::Null, Some("pdf"), true),
            ("no storage", |v| v["relationships"] = json!({}), Some("pdf"), false),
            (
                "the extension's storage",
                |v| {
                    v["relationships"] = json!({});
                    v["attributes"]["extension"]["data"]["storageUrn"] =
                        "urn:adsk.objects:os.object:b/k/l".into();
                },
                Some("pdf"),
                true,
            ),
            (
                "a strange storage",
                |v| v["relationships"]["storage"]["data"]["id"] = "urn:other:b/k".into(),
                Some("pdf"),
                false,
            ),
            ("no size", |v| v["attributes"]["storageSize"] = (-1).into(), Some("pdf"), true),
            (
                "a link to nowhere",
                |v| v["links"]["webView"]["href"] = "javascript:x".into(),
                Some("pdf"),
                true,
            ),
        ];
        for (what, change, file_type, fetchable) in cases {
            let file = remote_file("f", &item(), &version(change), &Pick::default()).unwrap();
            assert_eq!(file.file_type.as_deref(), file_type, "{what}");
            assert_eq!(matches!(file.content, Content::Fetchable(_)), fetchable, "{what}");
            assert_eq!(file.link.is_some(), what != "a link to nowhere", "{what}");
            assert_eq!(file.name, if what == "no name" { "Shown.pdf" } else { "Plan A.PDF" });
        }
    }

    #[test]
    fn changed_is_what_changes_the_version() {
        let plain = |change: fn(&mut Value)| {
            remote_file("f", &item(), &version(change), &Pick::default()).unwrap().version
        };
        let same = plain(|_| {});
        // A time alone, a name alone: not another content.
        assert_eq!(
            plain(|v| v["attributes"]["lastModifiedTime"] = "2030-01-01T00:00:00Z".into()),
            same
        );
        assert_eq!(plain(|v| v["attributes"]["name"] = "other".into()), same);
        for change in [
            (|v| v["id"] = "urn:v?version=4".into()) as fn(&mut Value),
            |v| v["attributes"]["versionNumber"] = 4.into(),
            |v| {
                v["relationships"]["storage"]["data"]["id"] =
                    "urn:adsk.objects:os.object:b/k".into()
            },
        ] {
            assert_ne!(plain(change), same);
        }
    }

    #[test]
    fn what_is_not_picked_or_deleted_is_no_file() {
        let deleted = version(|v| v["attributes"]["extension"]["type"] = DELETED.into());
        assert_eq!(remote_file("f", &item(), &deleted, &Pick::default()), None);
        let dwg = Pick { file_types: vec!["dwg".into()], ..Pick::default() };
        assert_eq!(remote_file("f", &item(), &version(|_| {}), &dwg), None);
    }

    #[test]
    fn types_by_name() {
        for (name, found) in [
            ("a.pdf", Some("pdf")),
            ("a.b.RVT", Some("RVT")),
            (".profile", None),
            ("../../etc/passwd", None),
            ("v1.2 final", None),
            ("план.чертеж", Some("чертеж")),
            ("a.", None),
            ("a", None),
            ("", None),
        ] {
            assert_eq!(extension(name), found, "{name}");
        }
    }
}
