//! Native documents: what their kinds are called, and the forms they are
//! exported in
//! (<https://developers.google.com/workspace/drive/api/guides/ref-export-formats>).

use std::collections::BTreeMap;

const NATIVE: &str = "application/vnd.google-apps.";

/// The mime type's last part, what such a file is called, and the name of its
/// kind in `export_as`, if it can be exported.
const KINDS: &[(&str, &str, Option<&str>)] = &[
    ("document", "gdoc", Some("document")),
    ("spreadsheet", "gsheet", Some("spreadsheet")),
    ("presentation", "gslides", Some("presentation")),
    ("drawing", "gdraw", Some("drawing")),
    ("form", "gform", None),
    ("script", "gscript", None),
    ("site", "gsite", None),
    ("map", "gmap", None),
    ("jam", "gjam", None),
    ("fusiontable", "gtable", None),
    ("vid", "gvid", None),
    ("shortcut", "shortcut", None),
];

/// The forms by their extension.
const FORMS: &[(&str, &str)] = &[
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("ods", "application/x-vnd.oasis.opendocument.spreadsheet"),
    ("odp", "application/vnd.oasis.opendocument.presentation"),
    ("pdf", "application/pdf"),
    ("rtf", "application/rtf"),
    ("txt", "text/plain"),
    ("html", "text/html"),
    ("epub", "application/epub+zip"),
    ("md", "text/markdown"),
    ("csv", "text/csv"),
    ("tsv", "text/tab-separated-values"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("svg", "image/svg+xml"),
];

/// A native document's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind<'a> {
    /// What such a file's type is: `gdoc`.
    pub(super) file_type: &'a str,
    /// Its name in `export_as`, if it can be exported.
    pub(super) exported: Option<&'a str>,
}

/// The kind of a native document; none if the mime type is another's.
pub(super) fn native(mime_type: &str) -> Option<Kind<'_>> {
    let name = mime_type.strip_prefix(NATIVE)?;
    let known = KINDS.iter().find(|(own, ..)| *own == name);
    Some(match known {
        Some((_, file_type, exported)) => Kind { file_type, exported: *exported },
        None => Kind { file_type: name, exported: None },
    })
}

/// The form, as its extension, that documents of this kind are fetched in.
pub(super) fn form<'f>(kind: Kind<'_>, export_as: &'f BTreeMap<String, String>) -> Option<&'f str> {
    export_as.get(kind.exported?).map(String::as_str)
}

/// The mime type of a form.
pub(super) fn mime_type(form: &str) -> Option<&'static str> {
    FORMS.iter().find(|(extension, _)| *extension == form).map(|(_, mime_type)| *mime_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn native_documents_have_kinds_and_forms() {
        let export_as = BTreeMap::from([("document".to_owned(), "pdf".to_owned())]);
        for (mime_type, file_type, form_of_it) in [
            ("application/vnd.google-apps.document", Some("gdoc"), Some("pdf")),
            ("application/vnd.google-apps.spreadsheet", Some("gsheet"), None),
            ("application/vnd.google-apps.form", Some("gform"), None),
            ("application/vnd.google-apps.new", Some("new"), None),
            ("application/pdf", None, None),
        ] {
            let kind = native(mime_type);
            assert_eq!(kind.map(|k| k.file_type), file_type, "{mime_type}");
            assert_eq!(kind.and_then(|k| form(k, &export_as)), form_of_it, "{mime_type}");
        }
    }
}
