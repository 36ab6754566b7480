use super::*;
use crate::model::Pick;
use crate::sources::google_drive::item::{Capabilities, SHORTCUT, Shortcut};
use crate::sources::google_drive::testing;

const DOC: &str = "application/vnd.google-apps.document";
const FORM: &str = "application/vnd.google-apps.form";

fn item(name: &str, mime_type: &str) -> Item {
    Item { id: "a".into(), name: name.into(), mime_type: mime_type.into(), ..Item::default() }
}

fn pdf() -> Item {
    Item {
        size: Some(3 << 20),
        md5_checksum: Some("ABC".into()),
        file_extension: Some("PDF".into()),
        created_time: Some("2026-01-01T00:00:00.123Z".into()),
        modified_time: Some("2026-02-01T01:00:00+01:00".into()),
        web_view_link: Some("https://drive.google.com/a".into()),
        ..item("x/../y.pdf", "application/pdf")
    }
}

#[test]
fn a_file_is_kept_as_it_is_shown() {
    let file = row(&pdf(), "f", &testing::scope(None)).unwrap();
    assert_eq!((file.id.as_str(), file.folder.as_str()), ("a", "f"));
    assert_eq!((file.name.as_str(), file.size), ("x/../y.pdf", Some(3 << 20)));
    assert_eq!((file.file_type.as_deref(), file.version.as_str()), (Some("pdf"), "md5:abc"));
    assert_eq!(file.updated_at, Some("2026-02-01T00:00:00Z".parse().unwrap()));
    let Content::Fetchable(json) = file.content else { panic!() };
    assert_eq!(json, serde_json::json!({"id": "a", "md5": "abc", "size": 3 << 20}));
}

#[test]
fn types_are_told_by_extension_and_native_ones_by_kind() {
    let scope = testing::scope(None);
    for (name, mime_type, extension, file_type) in [
        ("a.PDF", "application/pdf", None, Some("pdf")),
        ("a.pdf", "application/pdf", Some("PDF"), Some("pdf")),
        ("a", "application/pdf", Some(""), None),
        ("a.docx", DOC, None, Some("gdoc")),
        ("a", FORM, None, Some("gform")),
        ("a.pdf", SHORTCUT, None, Some("pdf")),
        ("a", SHORTCUT, None, Some("shortcut")),
    ] {
        let item =
            Item { file_extension: extension.map(ToOwned::to_owned), ..item(name, mime_type) };
        let file = row(&item, "f", &scope).unwrap();
        assert_eq!(file.file_type.as_deref(), file_type, "{name} {mime_type}");
    }
}

#[test]
fn the_endpoint_gets_what_it_wants() {
    let types = |types: &[&str]| DriveScope {
        pick: Pick {
            file_types: types.iter().map(ToString::to_string).collect(),
            ..Pick::default()
        },
        ..testing::scope(None)
    };
    let day = |text: &str| Some(text.parse().unwrap());
    let trashed = Item { trashed: Some(true), ..pdf() };
    for (item, scope, wanted) in [
        (pdf(), types(&["pdf"]), true),
        (pdf(), types(&["dwg"]), false),
        // A native document by its kind, and by what it is fetched as.
        (item("a", DOC), types(&["gdoc"]), true),
        (item("a", DOC), types(&["docx"]), true),
        (item("a", DOC), types(&["pdf"]), false),
        (item("a", FORM), types(&["docx"]), false),
        (trashed.clone(), testing::scope(None), false),
        (trashed, DriveScope { include_trashed: true, ..testing::scope(None) }, true),
        // From a moment on, and before one.
        (pdf(), DriveScope { modified_after: day("2026-02-01T00:00:00Z"), ..types(&[]) }, true),
        (pdf(), DriveScope { modified_after: day("2026-02-01T00:00:01Z"), ..types(&[]) }, false),
        (pdf(), DriveScope { modified_before: day("2026-02-01T00:00:01Z"), ..types(&[]) }, true),
        (pdf(), DriveScope { modified_before: day("2026-02-01T00:00:00Z"), ..types(&[]) }, false),
    ] {
        assert_eq!(row(&item, "f", &scope).is_some(), wanted, "{item:?} {scope:?}");
    }
    let pick = Pick { exclude_patterns: vec!["*y.pdf".into()], ..Pick::default() };
    assert!(row(&pdf(), "f", &DriveScope { pick, ..testing::scope(None) }).is_none());
}

#[test]
fn versions_differ_when_contents_do() {
    let native = Item {
        modified_time: Some("2026-01-01T00:00:00.000Z".into()),
        version: Some(7),
        ..item("a", DOC)
    };
    let touched = Item { version: Some(8), name: "renamed".into(), ..native.clone() };
    let edited = Item { modified_time: Some("2026-01-01T00:00:01Z".into()), ..touched.clone() };
    assert_eq!(version(&native), version(&touched), "a view or a rename is no new content");
    assert_ne!(version(&native), version(&edited));

    let uploaded = Item { head_revision_id: Some("r2".into()), ..pdf() };
    assert_eq!(version(&pdf()), version(&uploaded), "the same bytes once more");
    let without = |item: Item| Item { md5_checksum: None, ..item };
    assert_ne!(version(&without(pdf())), version(&without(uploaded)));
    let sha = Item { sha256_checksum: Some("F".into()), ..without(pdf()) };
    assert_eq!(version(&sha), "sha256:f");
    assert_eq!(version(&item("a", DOC)), "version:0");
}

#[test]
fn what_cannot_be_fetched_says_why() {
    let scope = DriveScope {
        pick: Pick { max_fetch_bytes: Some(2 << 20), ..Pick::default() },
        ..testing::scope(None)
    };
    let shortcut = Item {
        shortcut_details: Some(Shortcut {
            target_id: Some("target-1".into()),
            target_mime_type: Some("application/pdf".into()),
        }),
        ..item("a", SHORTCUT)
    };
    let view_only =
        Item { capabilities: Some(Capabilities { can_download: Some(false) }), ..pdf() };
    for (item, why) in [
        (shortcut, "a shortcut to target-1 (application/pdf)"),
        (view_only, "view-only"),
        (item("a", FORM), "a gform cannot be exported"),
        (pdf(), "larger than max_file_size_mb: 3 MB"),
    ] {
        let Content::MetadataOnly(said) = row(&item, "f", &scope).unwrap().content else {
            panic!("{item:?} is fetchable")
        };
        assert!(said.contains(why), "{said}");
    }
    // The size of a native document is not that of its export.
    let large = Item { size: Some(9 << 20), ..item("Plan", DOC) };
    let Content::Fetchable(json) = row(&large, "f", &scope).unwrap().content else { panic!() };
    assert_eq!(json, serde_json::json!({"id": "a", "export": {"form": "docx", "name": "Plan"}}));
}
