//! What the vendor refuses, and how.

use reqwest::Method;
use transship::demo::DriveOperation as Op;

use super::{ALL_DRIVES, Caller, as_form, stage, text, with_samples};

#[test]
fn what_is_wrong_is_refused_with_the_vendors_reasons() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let root = caller.drive().root_folder_id();
    let known = format!("files/{root}");
    let secret = caller.drive().truth_for("bursar@school.example", "root", false);
    assert!(secret.unwrap().files.is_empty(), "it lies nowhere");
    for (path, query, expected) in [
        ("files", vec![("pageSize", "0")], (400, "invalidParameter", "pageSize")),
        ("files", vec![("pageSize", "1001")], (400, "invalidParameter", "pageSize")),
        ("files", vec![("pageSize", "many")], (400, "invalidParameter", "pageSize")),
        ("drives", vec![("pageSize", "101")], (400, "invalidParameter", "pageSize")),
        ("files", vec![("fields", "items")], (400, "invalidParameter", "fields")),
        ("files", vec![("fields", "files(id,title)")], (400, "invalidParameter", "fields")),
        ("files", vec![("fields", "files(id")], (400, "invalidParameter", "fields")),
        (&*known, vec![("fields", "files")], (400, "invalidParameter", "fields")),
        ("files", vec![("q", "title = 'x'")], (400, "invalid", "q")),
        ("files", vec![("q", "'x' in parent")], (400, "invalid", "q")),
        ("files", vec![("q", "'nothing' in parents")], (404, "notFound", "fileId")),
        ("files", vec![("orderBy", "size")], (400, "invalid", "orderBy")),
        ("files", vec![("orderBy", "name down")], (400, "invalid", "orderBy")),
        ("files", vec![("spaces", "photos")], (400, "invalid", "spaces")),
        (
            "files",
            vec![("supportsAllDrives", "yes")],
            (400, "invalidParameter", "supportsAllDrives"),
        ),
        ("files", vec![("alt", "proto")], (400, "invalid", "alt")),
        ("files", vec![("maxResults", "5")], (400, "badRequest", "")),
        ("files", vec![("pageSize", "5"), ("pageSize", "6")], (400, "badRequest", "")),
        (&*known, vec![("pageSize", "5")], (400, "badRequest", "")),
        ("files/nothing", vec![], (404, "notFound", "fileId")),
        ("drives/nothing", vec![], (404, "notFound", "driveId")),
        (
            "drives",
            vec![("useDomainAdminAccess", "true")],
            (403, "insufficientFilePermissions", ""),
        ),
        ("drives", vec![("q", "name contains 'a'")], (400, "invalid", "q")),
        ("about", vec![], (400, "required", "fields")),
        ("changes", vec![], (400, "required", "pageToken")),
        ("changes", vec![("pageToken", "1")], (400, "invalid", "pageToken")),
        ("changes/startPageToken", vec![("driveId", "0Anothing")], (404, "notFound", "driveId")),
    ] {
        let (status, reason, location) = caller.refused(path, &query);
        assert_eq!((status, &*reason, &*location), expected, "{path} {query:?}");
    }
    let (_, body) = caller.ask("files/nothing", &[]);
    assert_eq!(body["error"]["message"], "File not found: nothing.");
}

#[test]
fn what_is_not_there_or_changes_something_is_a_page_of_the_web_server() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let base = &stage.stand_ins.google_drive().base_url;
    let root = caller.drive().root_folder_id();
    for (method, path) in [
        (Method::GET, "/".to_owned()),
        (Method::GET, "/drive/v2/files".to_owned()),
        (Method::GET, "/drive/v3/teamdrives".to_owned()),
        (Method::GET, format!("/drive/v3/files/{root}/permissions")),
        (Method::POST, "/drive/v3/files".to_owned()),
        (Method::PATCH, format!("/drive/v3/files/{root}")),
        (Method::DELETE, format!("/drive/v3/files/{root}")),
    ] {
        let request = caller.http.request(method.clone(), format!("{base}{path}"));
        let (status, headers, _) = caller.fetch(request.bearer_auth(&caller.token));
        assert_eq!(
            (status, &headers["content-type"]),
            (404, &"text/html; charset=utf-8".parse().unwrap()),
            "{method} {path}"
        );
    }
    caller.get(&format!("files/{root}"), &[]);
}

#[test]
fn long_urls_are_refused_and_go_by_post() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let root = caller.drive().root_folder_id();
    let q = vec![format!("'{root}' in parents"); 150].join(" or ");
    let reply = caller.send(caller.request("files", &[("q", &q)]));
    assert_eq!(reply.status(), 413);
    let url = format!("{}/drive/v3/files", stage.stand_ins.google_drive().base_url);
    let post = || caller.http.post(&url).bearer_auth(&caller.token);
    let form = [("q", &*q), ("pageSize", "1000"), ("alt", "json")];
    let (status, _, body) =
        caller.fetch(as_form(post().header("x-http-method-override", "GET"), &form));
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(status, 200, "{body}");
    let plain =
        caller.get("files", &[("q", &format!("'{root}' in parents")), ("pageSize", "1000")]);
    assert_eq!(body, plain);
    assert_eq!(caller.fetch(as_form(post(), &form)).0, 404, "without the header it is a POST");

    let many = vec![format!("'{root}' in parents"); 201].join(" or ");
    let form = [("q", &*many)];
    let (status, _, body) =
        caller.fetch(as_form(post().header("x-http-method-override", "GET"), &form));
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(super::refusal(status, &body), (400, "invalid".into(), "q".into()));
    assert_eq!(body["error"]["message"], "The query is too complex.");
}

#[test]
fn both_limits_of_a_query_can_be_set() {
    let stage = stage(|options| {
        options.samples = true;
        options.query_terms = 3;
        options.url_limit = 300;
    });
    let caller = Caller::new(&stage);
    let of = |terms: usize| vec!["starred=true"; terms].join(" or ");
    caller.get("files", &[("q", &of(3))]);
    assert_eq!(caller.refused("files", &[("q", &of(4))]).2, "q");
    let reply = caller.send(caller.request("files", &[("q", &of(30))]));
    assert_eq!(reply.status(), 413);
}

#[test]
fn an_operation_that_cannot_be_done_changes_nothing() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    let root = caller.drive().root_folder_id();
    let before = caller.drive().truth(root).unwrap();
    let folder = &before.folders.iter().find(|row| row.path == "2026").unwrap().id;
    let inside = &before.folders.iter().find(|row| row.path == "2026/Spring").unwrap().id;
    let file = &before.files[0].id;
    let wrong = [
        Op::folder("nothing", "x"),
        Op::file(file, "a file in a file", ""),
        Op::document(root, "x", "movie", ""),
        Op::move_to(folder, inside),
        Op::move_to(folder, folder),
        Op::move_to(folder, file),
        Op::content(folder, "x"),
        Op::trash("nothing"),
        Op::delete("root"),
        Op::rename("root", "x"),
        Op::AddFile(transship::demo::NewDriveFile {
            parent: Some(root.into()),
            name: "x".into(),
            id: Some(root.into()),
            ..Default::default()
        }),
        Op::SetContent {
            id: file.clone(),
            content: Some("".into()),
            content_base64: None,
            size: Some(1),
        },
    ];
    for operation in wrong {
        let failure = caller.drive().apply(operation.clone());
        assert!(failure.is_err(), "{operation:?}");
    }
    assert_eq!(caller.drive().truth(root).unwrap(), before);
    let q = format!("'{folder}' in parents");
    let mut query = vec![("q", &*q)];
    query.extend(ALL_DRIVES);
    let names = caller.all(&query).0;
    assert_eq!(names.iter().map(|f| text(&f["name"])).collect::<Vec<_>>().len(), 2);
}
