//! From what the API shows of a file to what the books keep of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::item::Item;
use super::kind::{self, Kind};
use crate::model::{Content, DriveScope, RemoteFile, name};

/// How a file's bytes are had; kept in the books as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) struct Fetchable {
    pub(super) id: String,
    /// The MD5 of the content, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) md5: Option<String>,
    /// The SHA-256 of the content, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
    /// Its size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<u64>,
    /// A native document, and how it is exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) export: Option<Export>,
}

/// The form that a native document is exported in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Export {
    /// The form, as its extension.
    pub(super) form: String,
    /// What the document is called, to which the extension is added.
    pub(super) name: String,
}

/// The row of a file that lies in `folder`; none if the endpoint does not want it.
pub(super) fn row(item: &Item, folder: &str, scope: &DriveScope) -> Option<RemoteFile> {
    if item.is_trashed() && !scope.include_trashed {
        return None;
    }
    let native = kind::native(&item.mime_type);
    let form = native.and_then(|kind| kind::form(kind, &scope.export_as));
    let file_type = file_type(item, native);
    let taken = |file_type: Option<&str>| scope.pick.takes(&item.name, file_type);
    // A native document answers to its own kind and to the form it is fetched in.
    if !(taken(file_type.as_deref()) || form.is_some() && taken(form)) {
        return None;
    }
    let updated_at = moment(item.modified_time.as_deref());
    let after = scope.modified_after.zip(updated_at).is_none_or(|(from, at)| at >= from);
    let before = scope.modified_before.zip(updated_at).is_none_or(|(to, at)| at < to);
    (after && before).then(|| RemoteFile {
        id: item.id.clone(),
        folder: folder.to_owned(),
        name: item.name.clone(),
        link: item.web_view_link.clone(),
        size: item.size,
        file_type,
        version: version(item),
        created_at: moment(item.created_time.as_deref()),
        updated_at,
        content: content(item, native, form, scope),
    })
}

/// Lower case, without the dot: the kind of a native document, else the extension.
fn file_type(item: &Item, native: Option<Kind<'_>>) -> Option<String> {
    let named = || Some(name::file_type(&item.name)).filter(|t| !t.is_empty());
    match native {
        // A shortcut is called after its target.
        Some(kind) if item.is_shortcut() => named().or_else(|| Some(kind.file_type.to_owned())),
        Some(kind) => Some(kind.file_type.to_owned()),
        None => {
            let given = item.file_extension.as_deref().map(str::to_lowercase);
            given.filter(|t| !t.is_empty()).or_else(named)
        }
    }
}

/// What differs exactly when the content does.
///
/// A checksum is just that: equal contents have equal ones, however often they are
/// uploaded. The head revision changes with every upload. Native documents have
/// neither; their `modifiedTime` is when somebody last edited them. Their `version`
/// will not do: it also counts renames, new permissions and views, and would deliver
/// the same document again and again; it serves only where there is nothing else.
fn version(item: &Item) -> String {
    let checksum = |name: &str, sum: &Option<String>| {
        sum.as_deref().filter(|s| !s.is_empty()).map(|s| format!("{name}:{}", s.to_lowercase()))
    };
    checksum("md5", &item.md5_checksum)
        .or_else(|| checksum("sha256", &item.sha256_checksum))
        .or_else(|| item.head_revision_id.as_ref().map(|id| format!("revision:{id}")))
        .or_else(|| match &item.shortcut_details {
            Some(details) if item.is_shortcut() => {
                Some(format!("target:{}", details.target_id.as_deref().unwrap_or_default()))
            }
            _ => None,
        })
        .or_else(|| moment(item.modified_time.as_deref()).map(|time| format!("modified:{time}")))
        .unwrap_or_else(|| format!("version:{}", item.version.unwrap_or_default()))
}

fn content(
    item: &Item,
    native: Option<Kind<'_>>,
    form: Option<&str>,
    scope: &DriveScope,
) -> Content {
    let only = |why: String| Content::MetadataOnly(why);
    if item.is_shortcut() {
        let details = item.shortcut_details.clone().unwrap_or_default();
        let target = details.target_id.unwrap_or_else(|| "nothing".to_owned());
        let kind = details.target_mime_type.map(|t| format!(" ({t})")).unwrap_or_default();
        return only(format!("a shortcut to {target}{kind}"));
    }
    let may = item.capabilities.as_ref().and_then(|c| c.can_download).unwrap_or(true);
    if !may {
        return only("view-only: its owner does not let it be downloaded".to_owned());
    }
    let export = match (native, form) {
        (Some(_), Some(form)) => Some(Export { form: form.to_owned(), name: item.name.clone() }),
        (Some(kind), None) => return only(format!("a {} cannot be exported", kind.file_type)),
        (None, _) => None,
    };
    // The size of a native document is not that of its export.
    let size = item.size.filter(|_| native.is_none());
    if let (Some(size), Some(most)) = (size, scope.pick.max_fetch_bytes)
        && size > most
    {
        return only(format!("larger than max_file_size_mb: {} MB", size.div_ceil(1 << 20)));
    }
    let fetchable = Fetchable {
        id: item.id.clone(),
        md5: item.md5_checksum.as_deref().map(str::to_lowercase),
        sha256: item.sha256_checksum.as_deref().map(str::to_lowercase),
        size,
        export,
    };
    match serde_json::to_value(fetchable) {
        Ok(value) => Content::Fetchable(value),
        // Plain texts and numbers always are JSON.
        Err(e) => only(e.to_string()),
    }
}

fn moment(text: Option<&str>) -> Option<Timestamp> {
    text?.trim().parse().ok()
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
