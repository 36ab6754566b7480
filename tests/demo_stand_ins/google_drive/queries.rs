//! What queries mean, asked over HTTP.

use transship::demo::{DriveOperation as Op, NewDriveFile};

use super::{Caller, with_samples};

#[test]
fn queries_find_what_they_mean() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let root = caller.drive().root_folder_id();
    let old = caller.apply(Op::AddFile(NewDriveFile {
        parent: Some(root.into()),
        name: "uploaded old.csv".into(),
        created: Some("2019-01-31T08:00:00Z".parse().unwrap()),
        modified: Some("2020-02-29T12:00:00.500Z".parse().unwrap()),
        ..NewDriveFile::default()
    }));
    caller.apply(Op::View { id: old, by: None });
    let in_root = format!("'{root}' in parents");
    let letters = ["Letters", "Letters", "Letters"];
    for (q, expected) in [
        ("name = 'Empty.csv'", &["Empty.csv"][..]),
        ("name = 'EMPTY.CSV'", &["Empty.csv"]),
        ("name contains 'enrollment'", &["Enrollment_20260501_001234_Fall Search.csv"; 2]),
        ("name contains '20260501'", &["Enrollment_20260501_001234_Fall Search.csv"; 2]),
        ("name contains 'nrollment'", &[]),
        (r#"name = 'it\'s \\ quoted".csv'"#, &["it's \\ quoted\".csv"]),
        ("name = 'two\nlines.csv'", &["two\nlines.csv"]),
        ("name = 'Letters'", &letters),
        ("name = 'Letters' and mimeType = 'application/vnd.google-apps.folder'", &letters[..2]),
        ("name = 'Letters' and mimeType != 'application/vnd.google-apps.folder'", &letters[..1]),
        (
            "mimeType contains 'application/vnd.google-apps.d'",
            &["Floor plan", "Handbook", "Minutes", "Yearbook"][..0],
        ),
        ("mimeType = 'application/vnd.google-apps.drawing'", &["Floor plan"]),
        ("mimeType contains 'image/'", &[]),
        ("modifiedTime < '2020-03-01'", &["uploaded old.csv"]),
        ("modifiedTime <= '2020-02-29T12:00:00.500'", &["uploaded old.csv"]),
        ("modifiedTime < '2020-02-29T12:00:00.500Z'", &[]),
        ("modifiedTime <= '2020-02-29T13:00:00.500+01:00'", &["uploaded old.csv"]),
        ("createdTime < '2019-02-01' and trashed = false", &["uploaded old.csv"]),
        ("viewedByMeTime > '2020-01-01'", &["uploaded old.csv"]),
        ("trashed = true", &["Thrown away", "thrown away.csv", "with the folder.csv"]),
        (
            "trashed = true and starred = false and not name contains 'with'",
            &["Thrown away", "thrown away.csv"],
        ),
        ("sharedWithMe", &["Admissions", "Shared alone.pdf"]),
        ("sharedWithMe = true and name != 'Admissions'", &["Shared alone.pdf"]),
        ("starred = true", &[]),
        ("'bursar@school.example' in owners", &[]),
        ("'me' in owners", &[]),
        ("(name = 'Empty.csv' or name = 'Budget') and trashed = false", &["Budget", "Empty.csv"]),
        // From left to right: the trash is meant for both.
        ("name = 'Empty.csv' or name = 'Budget' and trashed = true", &[]),
        ("'root' in parents", &[]),
    ] {
        if q.starts_with("mimeType contains 'application/vnd.google-apps.d'") {
            // Those of the shared drive are in no list without a folder.
            assert_eq!(caller.names(q), ["Floor plan", "Handbook", "Yearbook"], "{q}");
            continue;
        }
        assert_eq!(caller.names(q), expected, "{q}");
    }
    let direct = caller.names(&format!("{in_root} and trashed = false"));
    assert!(
        direct.contains(&"Read me first.txt".to_owned()) && !direct.contains(&"Empty.csv".into())
    );
    let everything = caller.names("");
    let inside = caller.names(&in_root);
    let outside = caller.names(&format!("not {in_root}"));
    assert_eq!(inside.len() + outside.len(), everything.len());
    let target = caller.names(&format!("shortcutDetails.targetId = '{root}'"));
    assert_eq!(target, ["Up to the top"]);
}

#[test]
fn lists_come_in_the_order_that_was_asked_for() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let q = format!("'{}' in parents and trashed = false", caller.drive().root_folder_id());
    let names = |order: &str| -> Vec<String> {
        let (files, _) = caller.all(&[("q", &q), ("orderBy", order), ("pageSize", "3")]);
        files.iter().map(|file| super::text(&file["name"])).collect()
    };
    let mut sorted = names("name");
    assert_eq!(sorted.first().map(String::as_str), Some("../Names"));
    sorted.reverse();
    let descending = names("name desc");
    assert_eq!(descending.first(), sorted.first());
    let folders_first = names("folder,name");
    assert_eq!(folders_first.last().map(String::as_str), Some("View only.pdf"));
    assert_eq!(folders_first[0], "../Names");
    for order in ["modifiedTime desc", "createdTime", "quotaBytesUsed", "recency,name_natural"] {
        assert_eq!(names(order).len(), sorted.len(), "{order}");
    }
}
