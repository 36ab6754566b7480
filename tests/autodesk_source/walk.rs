//! What one walk sees.

use transship::model::{AutodeskScope, Content, FailureClass as C, Pick};
use transship::sources::RegisterSource;
use transship::sources::autodesk::AutodeskSource;

use super::books::Books;
use super::service::*;

/// Two branches, three levels, seven files.
pub fn sample() -> World {
    let mut world = World::new();
    world.put_dir("a", "files", "Plans");
    world.put_dir("b", "files", "Photos");
    world.put_dir("a1", "a", "Level 1");
    for (id, folder) in [
        ("f1", "files"),
        ("f2", "files"),
        ("f3", "a"),
        ("f4", "a1"),
        ("f5", "a1"),
        ("f6", "a1"),
        ("f7", "b"),
    ] {
        world.put_doc(id, folder, &format!("{id}.pdf"));
    }
    world
}

#[tokio::test]
async fn everything_is_registered_whatever_the_pages_look_like() {
    for (page, empty_pages) in [(200, false), (1, false), (2, true), (1, true)] {
        let mut world = sample();
        (world.page, world.empty_pages) = (page, empty_pages);
        let service = Service::new(world).await;
        let mut books = Books::default();
        let walked = books.walk(&service.source()).await.unwrap();
        assert!(walked.absence_counts && walked.failures.is_empty(), "{walked:?}");
        assert_eq!(books.truth(), service.world().truth(ROOT), "{page} {empty_pages}");
        assert_eq!(books.known.folders.len(), 4);
        assert!(books.known.folders.values().all(|folder| folder.stamp.is_some()));
    }
}

#[tokio::test]
async fn an_idle_project_costs_one_call() {
    let service = Service::new(sample()).await;
    let source = service.source();
    let mut books = Books::default();
    books.walk(&source).await.unwrap();
    // Hubs, the project, the top folders twice, four folders.
    assert_eq!(service.calls(), 8);
    assert_eq!(source.api_calls(), 8);
    for n in 1..4 {
        let walked = books.walk(&source).await.unwrap();
        assert_eq!(walked.untouched, [dir("files")]);
        assert!(walked.absence_counts);
        assert_eq!(service.calls(), 8 + n);
        assert_eq!(books.truth(), service.world().truth(ROOT));
    }
    // Another process, which has only the books.
    books.walk(&service.source()).await.unwrap();
    assert_eq!(service.calls(), 12);
    // Unless everything is asked for.
    books.walk_as(&source, true).await.unwrap();
    assert_eq!(service.calls(), 12 + 6);
}

#[tokio::test]
async fn a_change_costs_its_branch() {
    let service = Service::new(sample()).await;
    let source = service.source();
    let mut books = Books::default();
    books.walk(&source).await.unwrap();
    let before = service.server.count(Request::is_contents);
    service.world().change("f7");
    let walked = books.walk(&source).await.unwrap();
    assert_eq!(walked.untouched, [dir("a")]);
    assert_eq!(service.server.count(Request::is_contents), before + 2, "the root and b");
    assert_eq!(books.truth(), service.world().truth(ROOT));
}

#[tokio::test]
async fn one_folder_of_a_project() {
    let service = Service::new(sample()).await;
    let scope = AutodeskScope { folder_id: Some(dir("a")), ..scope() };
    let source = AutodeskSource::new(service.account(), scope);
    let mut books = Books::default();
    books.walk(&source).await.unwrap();
    assert_eq!(books.truth(), service.world().truth(&dir("a")));
    // Neither hubs nor top folders: the folder, its two lists, the folder again.
    assert_eq!(service.calls(), 4);
    let walked = books.walk(&source).await.unwrap();
    assert_eq!((service.calls(), walked.untouched), (5, vec![dir("a")]));
}

#[tokio::test]
async fn without_subfolders_only_what_lies_in_the_folder() {
    let service = Service::new(sample()).await;
    let mut books = Books::default();
    let shallow = |folder: Option<&str>| {
        let folder_id = folder.map(dir);
        let scope = AutodeskScope { folder_id, include_subfolders: false, ..scope() };
        AutodeskSource::new(service.account(), scope)
    };
    books.walk(&shallow(None)).await.unwrap();
    assert_eq!(books.files.keys().cloned().collect::<Vec<_>>(), [doc("f1"), doc("f2")]);
    // Then with them, and without again: the same books.
    books.walk(&service.source()).await.unwrap();
    assert_eq!(books.truth(), service.world().truth(ROOT));
    books.walk(&shallow(None)).await.unwrap();
    assert_eq!(books.files.len(), 2);
    let mut books = Books::default();
    books.walk(&shallow(Some("a1"))).await.unwrap();
    assert_eq!(books.files.len(), 3);
}

#[tokio::test]
async fn other_types_are_found_in_folders_without_changes() {
    let service = Service::new(sample()).await;
    service.world().put_doc("f8", "a1", "model.rvt");
    let picking = |types: &[&str]| {
        let pick =
            Pick { file_types: types.iter().map(ToString::to_string).collect(), ..Pick::default() };
        AutodeskSource::new(service.account(), AutodeskScope { pick, ..scope() })
    };
    let mut books = Books::default();
    // The service calls everything "pdf": the type comes before the name.
    books.walk(&picking(&["dwg"])).await.unwrap();
    assert_eq!(books.files.len(), 0);
    books.walk(&picking(&["pdf"])).await.unwrap();
    assert_eq!(books.files.len(), 8);
    books.walk(&picking(&["dwg"])).await.unwrap();
    assert_eq!(books.files.len(), 0);
}

#[tokio::test]
async fn versions_that_are_missing_are_asked_for() {
    let mut world = sample();
    world.without_versions = true;
    let service = Service::new(world).await;
    let mut books = Books::default();
    books.walk(&service.source()).await.unwrap();
    assert_eq!(books.truth(), service.world().truth(ROOT));
    assert_eq!(service.server.count(Request::is_item), 7);
}

#[tokio::test]
async fn a_version_without_storage_is_metadata_only() {
    let service = Service::new(sample()).await;
    service.world().doc("f1").storage = false;
    let mut books = Books::default();
    books.walk(&service.source()).await.unwrap();
    assert!(matches!(books.files[&doc("f1")].content, Content::MetadataOnly(_)));
    assert!(matches!(books.files[&doc("f2")].content, Content::Fetchable(_)));
    assert_eq!(books.truth(), service.world().truth(ROOT));
}

#[tokio::test]
async fn names_are_kept_as_they_are() {
    let names = [
        "../../etc/passwd",
        "a/b.pdf",
        "CON",
        "",
        "\u{202e}fdp.exe",
        "\u{0}\u{1b}[2J",
        "ä\u{308}.pdf",
        "a.pdf",
        "a.pdf",
    ];
    let mut world = World::new();
    for (n, name) in names.iter().enumerate() {
        world.put_doc(&format!("f{n}"), "files", name);
        world.put_dir(&format!("d{n}"), "files", name);
    }
    // An id with everything in it that a path could stumble over.
    world.put_dir("x/../?#%2e[y] z", "files", "odd");
    world.put_doc("f9", "x/../?#%2e[y] z", "inside.pdf");
    world.put_doc("o/?#%", "files", "odd.pdf");
    let service = Service::new(world).await;
    let mut books = Books::default();
    let walked = books.walk(&service.source()).await.unwrap();
    assert_eq!(walked.failures, []);
    let mut expected = service.world().truth(ROOT);
    // A version without a name shows the other one.
    expected.get_mut(&doc("f3")).unwrap().1 = "shown otherwise".into();
    assert_eq!(books.truth(), expected);
}

#[tokio::test]
async fn folders_that_contain_themselves_end() {
    // Whatever is asked for: the folder itself, its parent, and one that is new.
    let endless = |request: &Request| {
        request.is_contents().then(|| {
            let here = request.segments()[5].clone();
            let world = World::new();
            let mut folders = vec![world.folder_json(&dir("files"), &world.dirs[&dir("files")])];
            if here.len() < dir("files").len() + 30 {
                for id in [here.clone(), format!("{here}.n")] {
                    folders.push(world.folder_json(&id, &world.dirs[&dir("files")]));
                }
            }
            reply(200, serde_json::json!({"data": folders}).to_string())
        })
    };
    let service = Service::with(World::new(), endless).await;
    let mut books = Books::default();
    books.walk(&service.source()).await.unwrap();
    assert_eq!(books.known.folders.len(), 16);
}

#[tokio::test]
async fn nested_top_folders_are_walked_once() {
    let world = sample();
    let tops: Vec<_> =
        ["a1", "files", "a"].map(|id| world.folder_json(&dir(id), &world.dirs[&dir(id)])).into();
    let tops = serde_json::json!({ "data": tops }).to_string();
    let service = Service::with(world, move |r| r.is_tops().then(|| reply(200, &tops))).await;
    let mut books = Books::default();
    books.walk(&service.source()).await.unwrap();
    assert_eq!(books.truth(), service.world().truth(ROOT));
    assert_eq!(service.server.count(Request::is_contents), 4);
    let roots: Vec<_> = books.known.folders.iter().filter(|(_, f)| f.parent.is_none()).collect();
    assert_eq!(roots.len(), 1);
}

#[tokio::test]
async fn a_top_folder_below_another_that_cannot_be_reached_is_a_root() {
    // Between it and the other one is a folder out of sight.
    let mut world = sample();
    world.dir("a").out_of_sight = true;
    world.change("f4");
    let mut nested = world.folder_json(&dir("a1"), &world.dirs[&dir("a1")]);
    nested["attributes"]["extension"]["data"]["folderParents"] =
        serde_json::json!([{"urn": dir("a")}, {"urn": dir("files")}]);
    let top = world.folder_json(&dir("files"), &world.dirs[&dir("files")]);
    let tops = serde_json::json!({ "data": [nested, top] }).to_string();
    let service = Service::with(world, move |r| r.is_tops().then(|| reply(200, &tops))).await;
    let mut books = Books::default();
    for _ in 0..2 {
        books.walk(&service.source()).await.unwrap();
        for id in ["f1", "f4", "f7"] {
            assert!(books.files.contains_key(&doc(id)), "{id}");
        }
        assert_eq!(books.known.folders[&dir("a1")].parent, None);
    }
    // The same where all of it was known before the one in between went out of sight.
    let before = Service::new(sample()).await;
    let mut books = Books::default();
    books.walk(&before.source()).await.unwrap();
    books.walk(&service.source()).await.unwrap();
    assert_eq!(books.files[&doc("f4")].version, service.world().truth_of("f4"));
    assert!(books.files.contains_key(&doc("f3")), "known, and out of sight");
}

#[tokio::test]
async fn the_token_goes_nowhere_else() {
    let evil = Server::start(|_| reply(200, r#"{"data":[]}"#)).await;
    let origin = evil.origin.clone();
    for link in ["/steal?page%5Bnumber%5D=1", "/data/v1/x?a=b", "?a=b", "//[?a=b"] {
        let next = format!("{origin}{link}");
        let page = serde_json::json!({"data": [], "links": {"next": {"href": next}}}).to_string();
        let service =
            Service::with(sample(), move |r| r.is_contents_of("a").then(|| reply(200, &page)))
                .await;
        let walked = Books::default().walk(&service.source()).await.unwrap();
        assert_eq!(walked.failures[0].class, C::Protocol, "{link}");
        assert!(!walked.absence_counts);
    }
    // The same list at another place: its next page is asked for where the first one was.
    let its = origin.clone();
    let service = Service::with(sample(), move |r| {
        let first = r.is_contents_of("a") && r.query.contains("%5D=0&");
        first.then(|| {
            let next = format!("{its}{}?page%5Bnumber%5D=1&page%5Blimit%5D=200", r.path);
            let page = serde_json::json!({"data": [], "links": {"next": {"href": next}}});
            reply(200, page.to_string())
        })
    })
    .await;
    Books::default().walk(&service.source()).await.unwrap();
    assert_eq!(service.server.count(|r| r.is_contents_of("a")), 2);
    // A redirect leads nowhere either.
    let service = Service::with(sample(), move |r| {
        r.is_tops().then(|| reply_with(302, &[("Location", &format!("{origin}/a"))], ""))
    })
    .await;
    let failure = Books::default().walk(&service.source()).await.unwrap_err();
    assert_eq!(failure.class, C::Protocol, "{failure}");
    assert_eq!(evil.count(|_| true), 0);
}

#[tokio::test]
async fn a_look_around_and_the_projects() {
    let service = Service::new(sample()).await;
    let source = service.source();
    assert_eq!(source.peek(3).await.unwrap(), ["f1.pdf", "f2.pdf", "f3.pdf"]);
    assert_eq!(source.peek(1).await.unwrap(), ["f1.pdf"]);
    assert_eq!(source.peek(100).await.unwrap().len(), 7);
    let projects = source.projects().await.unwrap();
    assert_eq!(projects.len(), 1);
    assert_eq!((projects[0].id.as_str(), projects[0].name.as_str()), (PROJECT, "A building"));
    assert_eq!(projects[0].belongs_to.as_deref(), Some("A school (US)"));
    let line = source.sign_in().await.unwrap().identity.to_string();
    for part in [USER, CLIENT_ID, "data:read"] {
        assert!(line.contains(part), "{line}");
    }
}
