//! MIME types of the vendor's own, and the forms that native documents export to.

/// A folder.
pub(in crate::demo) const FOLDER: &str = "application/vnd.google-apps.folder";

/// A shortcut.
pub(in crate::demo) const SHORTCUT: &str = "application/vnd.google-apps.shortcut";

/// Kinds of native documents: how each is called in a MIME type, where its editor
/// is, and the forms it exports to (guide "Export MIME types", and `about`).
const NATIVE: &[(&str, &str, &[&str])] = &[
    (
        "document",
        "document",
        &[
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.oasis.opendocument.text",
            "application/rtf",
            "application/pdf",
            "text/plain",
            "text/html",
            "application/zip",
            "application/epub+zip",
            "text/markdown",
            "text/x-markdown",
        ],
    ),
    (
        "spreadsheet",
        "spreadsheets",
        &[
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/x-vnd.oasis.opendocument.spreadsheet",
            "application/vnd.oasis.opendocument.spreadsheet",
            "application/pdf",
            "application/zip",
            "text/csv",
            "text/tab-separated-values",
        ],
    ),
    (
        "presentation",
        "presentation",
        &[
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            "application/vnd.oasis.opendocument.presentation",
            "application/pdf",
            "text/plain",
        ],
    ),
    ("drawing", "drawings", &["application/pdf", "image/jpeg", "image/png", "image/svg+xml"]),
    // Nothing to export: what a client must book as metadata only.
    ("form", "forms", &[]),
];

/// The MIME type of a native document of this kind, `document`.
pub(super) fn native_mime(kind: &str) -> Option<String> {
    NATIVE
        .iter()
        .any(|(name, ..)| *name == kind)
        .then(|| format!("application/vnd.google-apps.{kind}"))
}

/// Where the editor of a native MIME type is: the middle of its link.
pub(in crate::demo) fn editor(mime: &str) -> &'static str {
    native(mime).map_or("file", |(_, editor, _)| editor)
}

/// The forms that a MIME type exports to; none for what is no native document.
pub(in crate::demo) fn exports(mime: &str) -> &'static [&'static str] {
    native(mime).map_or(&[], |(.., forms)| forms)
}

/// Every native MIME type with its forms, as `about` tells them.
pub(in crate::demo) fn export_formats() -> impl Iterator<Item = (String, &'static [&'static str])> {
    NATIVE
        .iter()
        .filter(|(.., forms)| !forms.is_empty())
        .map(|(kind, _, forms)| (format!("application/vnd.google-apps.{kind}"), *forms))
}

fn native(mime: &str) -> Option<(&'static str, &'static str, &'static [&'static str])> {
    let kind = mime.strip_prefix("application/vnd.google-apps.")?;
    NATIVE.iter().copied().find(|(name, ..)| *name == kind)
}

/// The MIME type that Drive guesses from a name, where nobody says one.
pub(super) fn guessed(name: &str) -> &'static str {
    match extension(name).as_deref() {
        Some("csv") => "text/csv",
        Some("txt" | "log" | "md") => "text/plain",
        Some("pdf") => "application/pdf",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("zip") => "application/zip",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

/// What stands behind the last dot of a name, as it is written, if that can be an
/// extension.
pub(in crate::demo) fn extension(name: &str) -> Option<String> {
    let (stem, extension) = name.rsplit_once('.')?;
    let plain = !extension.is_empty() && extension.chars().all(|c| c.is_ascii_alphanumeric());
    (plain && !stem.is_empty()).then(|| extension.to_owned())
}
