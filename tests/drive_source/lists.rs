//! Full walks.

use super::*;

#[tokio::test]
async fn a_folder_is_listed_in_groups_with_everything_below_it() {
    let mut world = grove(120);
    world.folder("empty", "r");
    world.folder("deep", "d7");
    world.file("at-the-bottom", "deep");
    world.file("elsewhere", "own");
    let stand = Stand::of(world).await;
    let (register, source) = (Register::default(), stand.source(scope("r")));
    let walked = register.walk(&source, false).await.unwrap();
    assert!(walked.absence_counts && walked.failures.is_empty() && walked.lost.is_empty());
    check(&register, &stand.world(), "r");

    let lists = stand.server.seen().into_iter().filter(Request::is_list);
    let sizes: Vec<usize> = lists.map(|request| request.parents().len()).collect();
    assert!(sizes.iter().all(|size| *size <= 50), "{sizes:?}");
    assert!(sizes.len() < 20, "{sizes:?}");
    assert_eq!(source.api_calls(), stand.server.count(Request::is_api) as u64);
    // One for the root, one for the log's end, at 5 units; lists and changes at 100.
    assert_eq!(source.quota_used(), 10 + 100 * (source.api_calls() - 2));
    // Empty is only what was alone.
    let alone =
        |id: &str| stand.server.count(|r| r.is_list() && r.parents() == [id.to_owned()]) > 0;
    assert!(alone("empty"));
}

#[tokio::test]
async fn a_list_is_asked_for_as_the_service_wants_it() {
    let stand = Stand::of(grove(1)).await;
    Register::default().walk(&stand.source(scope("r")), true).await.unwrap();
    let list = stand.server.seen().into_iter().find(Request::is_list).unwrap();
    assert_eq!(list.method, "GET");
    assert_eq!(list.param("q"), Some("'r' in parents and trashed = false"));
    assert_eq!(list.param("pageSize"), Some("1000"));
    assert_eq!(list.param("corpora"), None);
    for field in ["nextPageToken", "incompleteSearch", "md5Checksum", "capabilities/canDownload"] {
        assert!(list.param("fields").unwrap().contains(field), "{field}");
    }
    let agent = list.header("user-agent").unwrap();
    assert!(agent.starts_with("School transship/"), "{agent}");
    assert!(list.header("authorization").unwrap().starts_with("Bearer "));
    // The log's end is asked for before anything is listed.
    let seen = stand.server.seen();
    let at = |which: fn(&Request) -> bool| seen.iter().position(which).unwrap();
    assert!(at(Request::is_start) < at(Request::is_list));
}

#[tokio::test]
async fn what_groups_lose_is_found_alone() {
    for same_lost in [true, false] {
        for lost in [30, 100] {
            let manners = Manners { lost, same_lost, ..Manners::default() };
            let mut world = grove(150);
            for n in 0..20 {
                world.folder(&format!("e{n}"), "d3");
                world.file(&format!("e{n}-a"), &format!("e{n}"));
            }
            let stand = Stand::with(world, manners, |_| None).await;
            let register = Register::default();
            let walked = register.walk(&stand.source(scope("r")), false).await.unwrap();
            assert!(walked.absence_counts);
            check(&register, &stand.world(), "r");
        }
    }
}

/// The control to the test above: a source that takes "no hit" for "empty" would lose
/// files here.
#[tokio::test]
async fn the_service_of_these_tests_does_lose_files_in_groups() {
    let manners = Manners { lost: 30, same_lost: true, ..Manners::default() };
    let stand = Stand::with(grove(150), manners, |_| None).await;
    Register::default().walk(&stand.source(scope("r")), false).await.unwrap();
    let grouped = |r: &Request| r.is_list() && r.parents().len() > 1;
    let alone = |r: &Request| r.is_list() && r.parents().len() == 1;
    assert!(stand.server.count(grouped) > 2 && stand.server.count(alone) > 20);
}

#[tokio::test]
async fn short_and_empty_pages_are_no_end() {
    let manners = Manners { page: 3, empty_first: true, ..Manners::default() };
    let stand = Stand::with(grove(40), manners, |_| None).await;
    let register = Register::default();
    register.walk(&stand.source(scope("r")), false).await.unwrap();
    check(&register, &stand.world(), "r");
}

#[tokio::test]
async fn a_refused_page_token_begins_the_list_anew_once() {
    let manners = Manners { page: 10, ..Manners::default() };
    for (times, complete) in [(1, true), (2, false)] {
        let over = counted(
            |r: &Request| {
                r.is_list() && r.param("pageToken").is_some_and(|token| token.starts_with("20-"))
            },
            move |_, n| (n < times).then(|| error(400, "invalid", "Invalid Value")),
        );
        let stand = Stand::with(grove(30), manners, over).await;
        let register = Register::default();
        let walked = register.walk(&stand.source(scope("r")), false).await.unwrap();
        assert_eq!(walked.absence_counts, complete, "{:?}", walked.failures);
        if complete {
            check(&register, &stand.world(), "r");
        }
    }
}

#[tokio::test]
async fn a_query_that_is_too_complex_is_halved() {
    let manners = Manners { most_parents: 7, ..Manners::default() };
    let stand = Stand::with(grove(100), manners, |_| None).await;
    let register = Register::default();
    let walked = register.walk(&stand.source(scope("r")), false).await.unwrap();
    assert!(walked.absence_counts);
    check(&register, &stand.world(), "r");
}

#[tokio::test]
async fn an_incomplete_search_deletes_nothing() {
    let stand = Stand::with(grove(3), Manners::default(), |r| {
        let body = r#"{"files":[],"incompleteSearch":true}"#;
        (r.is_list() && r.parents().contains(&"d1".to_owned())).then(|| reply(200, body))
    })
    .await;
    let register = Register::default();
    let walked = register.walk(&stand.source(scope("r")), false).await.unwrap();
    assert!(!walked.absence_counts);
    assert!(walked.failures[0].to_string().contains("incomplete"), "{:?}", walked.failures);
    assert_eq!(walked.memory, serde_json::Value::Null, "the next walk looks everywhere again");
}

#[tokio::test]
async fn a_folder_that_vanishes_spoils_only_itself() {
    for (status, reason) in [(404, "notFound"), (403, "insufficientFilePermissions")] {
        let stand = Stand::with(grove(60), Manners::default(), move |r| {
            let spoilt = r.is_list() && r.parents().contains(&"d17".to_owned());
            spoilt.then(|| error(status, reason, "not for you"))
        })
        .await;
        let register = Register::default();
        let walked = register.walk(&stand.source(scope("r")), false).await.unwrap();
        assert!(walked.absence_counts && walked.failures.is_empty(), "{:?}", walked.failures);
        assert_eq!(walked.lost.len(), 1);
        assert_eq!(walked.lost[0].0, "d17");
        assert!(walked.lost[0].1.to_string().contains("not for you"));
        assert_eq!(register.ids().len(), 2 * 59);
        assert!(!walked.stamps.contains_key("d17"), "it is looked at again");
    }
}

#[tokio::test]
async fn one_folder_that_cannot_be_listed_makes_it_partial_and_many_end_it() {
    let stand = Stand::with(grove(1), Manners::default(), |r| {
        (r.is_list() && r.parents() == ["d0"]).then(|| error(500, "backendError", "unwell"))
    })
    .await;
    let register = Register::default();
    let walked = register.walk(&stand.source(scope("r")), false).await.unwrap();
    assert!(!walked.absence_counts);
    assert!(walked.failures[0].to_string().contains("unwell"), "{:?}", walked.failures);

    let manners = Manners { most_parents: 1, ..Manners::default() };
    let stand = Stand::with(grove(300), manners, |r| {
        (r.is_list() && r.parents() != ["r"]).then(|| error(500, "backendError", "unwell"))
    })
    .await;
    let walked = Register::default().walk(&stand.source(scope("r")), false).await.unwrap();
    assert!(!walked.absence_counts);
    let lists = stand.server.count(Request::is_list);
    assert!(lists < 300, "{lists} calls of a service that is down");
}

#[tokio::test]
async fn nothing_at_all_is_a_failure() {
    for (over, class) in [
        (error(404, "notFound", "File not found: r."), C::NotFound),
        (error(403, "insufficientFilePermissions", "no"), C::Refused),
        (error(403, "accessNotConfigured", "Drive API has not been used"), C::Misconfigured),
        (error(500, "backendError", "unwell"), C::Unavailable),
        (reply(200, "<html>sign in</html>"), C::Protocol),
        (reply(200, r#"{"id":"r","mimeType":"application/pdf"}"#), C::Misconfigured),
    ] {
        let given = over.clone();
        let stand =
            Stand::with(grove(1), Manners::default(), move |r| r.is_get().then(|| given.clone()))
                .await;
        let register = Register::default();
        let failure = register.walk(&stand.source(scope("r")), false).await.unwrap_err();
        assert_eq!(failure.class, class, "{over:?}: {failure}");
        assert!(register.pages.lock().unwrap().is_empty());
        if class == C::NotFound {
            let words = format!("share the folder with this address: {EMAIL}");
            assert!(failure.to_string().contains(&words), "{failure}");
        }
    }
}

/// A shared drive with folders in folders, a trashed one, and a file whose folder we
/// may not see.
fn shared_drive() -> World {
    let mut world = World::new();
    world.drive("0Drive");
    for n in 0..30 {
        let folder = format!("s{n}");
        let parent = if n < 5 { "0Drive".to_owned() } else { format!("s{}", n / 5 - 1) };
        world.folder(&folder, &parent);
        world.file(&format!("{folder}-a"), &folder);
    }
    world.file("mine", "own");
    world.folder("binned", "s2");
    world.file("in-the-bin", "binned");
    world.change("binned", |item| item.trashed = true);
    world.put("odd", Item { drive: Some("0Drive".into()), ..file(&["hidden"]) });
    world
}

#[tokio::test]
async fn a_whole_drive_is_listed_flat() {
    let by_drive = DriveScope { drive_id: Some("0Drive".into()), folder_id: None, ..scope("") };
    for scope in [by_drive, scope("0Drive")] {
        let manners = Manners { page: 7, empty_first: true, ..Manners::default() };
        let stand = Stand::with(shared_drive(), manners, |_| None).await;
        let register = Register::default();
        let walked = register.walk(&stand.source(scope), false).await.unwrap();
        assert!(walked.absence_counts);
        let mut world = stand.world();
        // The drive itself stands for the folder that is hidden.
        world.items.get_mut("odd").unwrap().parents = vec!["0Drive".into()];
        check(&register, &world, "0Drive");
        assert_eq!(stand.server.count(|r| r.is_list() && !r.parents().is_empty()), 0);
        let list = stand.server.seen().into_iter().find(Request::is_list).unwrap();
        assert_eq!((list.param("corpora"), list.param("driveId")), (Some("drive"), Some("0Drive")));
    }
}

#[tokio::test]
async fn a_long_list_is_read_in_slices_and_whole_where_they_do_not_do() {
    let long = || {
        let mut world = World::new();
        world.drive("0Drive");
        for n in 0..200 {
            let (folder, file) = (format!("s{n}"), format!("s{n}-a"));
            world.folder(&folder, "0Drive");
            world.file(&file, &folder);
            // Some at the same time, most of them apart.
            for id in [&folder, &file] {
                world.change(id, |item| item.made = (n * n) % 500);
            }
        }
        world
    };
    let sliced = |r: &Request| r.param("q").is_some_and(|q| q.contains("createdTime"));
    for (no_times, loses) in [(false, false), (true, false), (false, true)] {
        let manners = Manners { page: 20, no_times, ..Manners::default() };
        // One that does not find by time what it has.
        let over = move |r: &Request| {
            (loses && sliced(r) && r.param("q").unwrap().contains("createdTime >="))
                .then(|| reply(200, r#"{"files":[]}"#))
        };
        let stand = Stand::with(long(), manners, over).await;
        let register = Register::default();
        let walked = register.walk(&stand.source(scope("0Drive")), false).await.unwrap();
        assert!(walked.absence_counts);
        check(&register, &stand.world(), "0Drive");
        assert!(stand.server.count(sliced) > 0);
        let whole = stand.server.count(|r| r.is_list() && !sliced(r));
        assert_eq!(whole > 10, no_times || loses, "{whole} pages of whole lists");
    }
}

#[tokio::test]
async fn folders_that_contain_each_other_end() {
    let mut world = shared_drive();
    world.change("s0", |item| item.parents = vec!["s5".into()]);
    let stand = Stand::of(world).await;
    let register = Register::default();
    let walked = register.walk(&stand.source(scope("0Drive")), false).await.unwrap();
    assert!(walked.absence_counts);
    assert_eq!(register.ids().len(), 31);

    // By folders, through a folder that is its own grandchild.
    let mut world = grove(2);
    world.folder("inner", "d0");
    world.change("d0", |item| item.parents.push("inner".into()));
    let stand = Stand::of(world).await;
    let register = Register::default();
    register.walk(&stand.source(scope("r")), false).await.unwrap();
    assert_eq!(register.ids().len(), 4);
}

#[tokio::test]
async fn a_folder_of_a_shared_drive_is_listed_in_that_drive() {
    let stand = Stand::of(shared_drive()).await;
    let inside = DriveScope { drive_id: Some("0Drive".into()), ..scope("s1") };
    let register = Register::default();
    register.walk(&stand.source(inside), false).await.unwrap();
    check(&register, &stand.world(), "s1");
    let list = stand.server.seen().into_iter().find(Request::is_list).unwrap();
    assert_eq!((list.param("corpora"), list.param("driveId")), (Some("drive"), Some("0Drive")));
    assert!(stand.server.seen().iter().any(|r| r.is_start() && r.param("driveId").is_some()));

    let wrong = DriveScope { drive_id: Some("other".into()), ..scope("s1") };
    let failure = register.walk(&stand.source(wrong), false).await.unwrap_err();
    assert_eq!(failure.class, C::Misconfigured, "{failure}");
}

#[tokio::test]
async fn a_folder_of_a_drive_that_we_are_no_member_of_is_listed_all_the_same() {
    let stand = Stand::with(shared_drive(), Manners::default(), |r| {
        r.param("driveId")
            .map(|id| error(404, "notFound", &format!("Shared drive not found: {id}")))
    })
    .await;
    let (register, source) = (Register::default(), stand.source(scope("s1")));
    let walked = register.walk(&source, false).await.unwrap();
    assert!(walked.absence_counts && walked.lost.is_empty());
    check(&register, &stand.world(), "s1");
    stand.world().file("new", "s1");
    assert!(!register.walk(&source, false).await.unwrap().absence_counts);
    check(&register, &stand.world(), "s1");
}

#[tokio::test]
async fn without_a_folder_it_is_the_own_drive_and_what_is_shared_on_request() {
    let mut world = grove(2);
    world.put("given", Item { name: "given".into(), shared_with_me: true, ..file(&["hidden"]) });
    world.put("box", Item { name: "box".into(), shared_with_me: true, ..folder(&["hidden"]) });
    world.file("in-the-box", "box");
    let stand = Stand::of(world).await;
    let own = DriveScope { folder_id: None, ..scope("") };
    let register = Register::default();
    register.walk(&stand.source(own.clone()), false).await.unwrap();
    assert_eq!(register.ids(), ["d0-a", "d0-b", "d1-a", "d1-b"]);
    let wide = DriveScope { include_shared: true, ..own };
    let register = Register::default();
    register.walk(&stand.source(wide), false).await.unwrap();
    assert_eq!(register.ids(), ["d0-a", "d0-b", "d1-a", "d1-b", "given", "in-the-box"]);
    assert_eq!(register.folders()["box"].0, ["box", "own"]);
}

#[tokio::test]
async fn the_scope_decides_what_is_in_it() {
    let mut world = grove(2);
    world.file("top", "r");
    world.put("doc", Item { name: "Plan".into(), mime_type: DOC.into(), ..file(&["d0"]) });
    world.put("twin", Item { name: "d0-a.pdf".into(), ..file(&["d0"]) });
    world.file("binned", "d1");
    world.change("binned", |item| item.trashed = true);
    world.put("new", Item { name: "new.txt".into(), edition: 100, ..file(&["d1"]) });
    world.put("odd", Item { name: "a/../b\u{1b}[2J".into(), ..file(&["d1"]) });
    let stand = Stand::of(world).await;
    let types = |types: &[&str]| DriveScope {
        pick: Pick {
            file_types: types.iter().map(ToString::to_string).collect(),
            ..Pick::default()
        },
        ..scope("r")
    };
    let moment = |second: i64| Some(jiff::Timestamp::from_second(1_770_000_000 + second).unwrap());
    let all = ["d0-a", "d0-b", "d1-a", "d1-b", "doc", "new", "odd", "top", "twin"];
    for (scope, expected) in [
        (scope("r"), all.to_vec()),
        (DriveScope { include_subfolders: false, ..scope("r") }, vec!["top"]),
        (
            DriveScope { include_trashed: true, ..types(&["pdf"]) },
            vec!["binned", "d0-a", "d0-b", "d1-a", "d1-b", "top", "twin"],
        ),
        (types(&["gdoc", "txt"]), vec!["doc", "new"]),
        (types(&["docx"]), vec!["doc"]),
        (DriveScope { modified_after: moment(100), ..scope("r") }, vec!["new"]),
        (DriveScope { modified_before: moment(100), ..types(&["txt"]) }, vec![]),
    ] {
        let register = Register::default();
        register.walk(&stand.source(scope.clone()), false).await.unwrap();
        assert_eq!(register.ids(), expected, "{scope:?}");
    }
    let register = Register::default();
    register.walk(&stand.source(scope("r")), false).await.unwrap();
    assert_eq!(register.file("odd").name, "a/../b\u{1b}[2J", "names are kept as they are");
    assert_eq!(register.file("twin").name, register.file("d0-a").name);
    assert!(matches!(register.file("doc").content, Content::Fetchable(_)));
}

#[tokio::test]
async fn an_item_with_several_parents_lies_in_the_first_that_is_in_the_scope() {
    let mut world = grove(80);
    world.put("multi", Item { name: "m".into(), ..file(&["own", "d70", "d2"]) });
    let stand = Stand::of(world).await;
    let register = Register::default();
    register.walk(&stand.source(scope("r")), false).await.unwrap();
    assert_eq!(register.file("multi").folder, "d70");
}

#[tokio::test]
async fn a_list_that_does_not_end_is_given_up() {
    let stand = Stand::with(grove(2), Manners::default(), |r| {
        let body = r#"{"files":[],"nextPageToken":"again"}"#;
        (r.is_list() && r.parents().contains(&"d0".to_owned())).then(|| reply(200, body))
    })
    .await;
    let register = Register::default();
    let walked = register.walk(&stand.source(scope("r")), false).await.unwrap();
    assert!(!walked.absence_counts);
    assert!(walked.failures[0].to_string().contains("names itself"), "{:?}", walked.failures);
}

#[tokio::test]
async fn a_sink_that_fails_and_an_operator_end_a_walk() {
    let stand = Stand::of(grove(200)).await;
    let register = Register { pages_left: Some(AtomicUsize::new(2)), ..Register::default() };
    let failure = register.walk(&stand.source(scope("r")), false).await.unwrap_err();
    assert!(failure.to_string().contains("the end of the world"), "{failure}");

    let cancel = tokio_util::sync::CancellationToken::new();
    let stop = cancel.clone();
    let stand = Stand::with(grove(5), Manners::default(), move |r| {
        (r.is_list() && r.parents() != ["r"]).then(|| {
            stop.cancel();
            Answer::Hang
        })
    })
    .await;
    let (register, source) = (Register::default(), stand.source(scope("r")));
    let failure = source.walk(&register.known(), false, &register, &cancel).await.unwrap_err();
    assert_eq!(failure.class, C::Cancelled);
}
