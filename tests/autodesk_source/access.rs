//! Access that is lost is told apart from deletion.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use transship::model::{AutodeskScope, FailureClass as C};
use transship::sources::RegisterSource;
use transship::sources::autodesk::AutodeskSource;

use super::books::Books;
use super::service::*;
use super::walk::sample;

/// Registered once, then changed.
async fn registered(world: World) -> (Service, Books) {
    let service = Service::new(world).await;
    let mut books = Books::default();
    books.walk(&service.source()).await.unwrap();
    (service, books)
}

#[tokio::test]
async fn a_folder_out_of_sight_keeps_what_was_known() {
    let (service, mut books) = registered(sample()).await;
    let before = books.truth();
    {
        let mut world = service.world();
        world.dir("a").out_of_sight = true;
        world.delete_doc("f7");
    }
    let walked = books.walk(&service.source()).await.unwrap();
    assert_eq!(walked.failures, []);
    assert_eq!(walked.lost.len(), 1);
    let (id, failure) = &walked.lost[0];
    assert_eq!((id, failure.class), (&dir("a"), C::Refused));
    // Only what is really gone is gone.
    let gone: Vec<_> = before.keys().filter(|id| !books.files.contains_key(*id)).collect();
    assert_eq!(gone, [&doc("f7")]);
}

#[tokio::test]
async fn a_folder_that_may_not_be_opened_keeps_what_was_known() {
    let (service, mut books) = registered(sample()).await;
    {
        let mut world = service.world();
        world.dir("a").closed = true;
        world.change("f3");
    }
    let before = books.truth();
    let walked = books.walk(&service.source()).await.unwrap();
    assert_eq!(walked.lost[0].0, dir("a"));
    assert_eq!(books.truth(), before);
}

#[tokio::test]
async fn access_that_comes_back_is_noticed_and_what_changed_meanwhile() {
    let (service, mut books) = registered(sample()).await;
    let source = service.source();
    service.world().dir("a").closed = true;
    service.world().change("f4");
    books.walk(&source).await.unwrap();
    let calls = service.calls();
    for _ in 0..3 {
        // Two calls: the top folders, and a try.
        let walked = books.walk(&source).await.unwrap();
        assert_eq!(walked.lost[0].0, dir("a"), "it is still lost");
    }
    assert_eq!(service.calls(), calls + 6);
    service.world().dir("a").closed = false;
    let walked = books.walk(&source).await.unwrap();
    assert_eq!(walked.lost, []);
    assert_eq!(books.truth(), service.world().truth(ROOT));
    let calls = service.calls();
    books.walk(&source).await.unwrap();
    assert_eq!(service.calls(), calls + 1);
}

#[tokio::test]
async fn a_lost_folder_that_is_deleted_after_all() {
    let (service, mut books) = registered(sample()).await;
    let source = service.source();
    service.world().dir("a").out_of_sight = true;
    service.world().touch(&dir("files"));
    books.walk(&source).await.unwrap();
    assert!(books.files.contains_key(&doc("f4")));
    // Without a trace in its parent.
    service.world().dirs.remove(&dir("a"));
    let walked = books.walk(&source).await.unwrap();
    assert_eq!(walked.lost, []);
    assert!(!books.files.contains_key(&doc("f4")));
    assert!(books.files.contains_key(&doc("f7")));
}

#[tokio::test]
async fn many_lost_folders_are_tried_in_turn() {
    let mut world = World::new();
    for n in 0..4 {
        world.put_dir(&format!("d{n}"), "files", "Folder");
        world.put_doc(&format!("f{n}"), &format!("d{n}"), "file.pdf");
    }
    let (service, mut books) = registered(world).await;
    let source = service.source();
    for n in 0..4 {
        service.world().dir(&format!("d{n}")).closed = true;
        service.world().change(&format!("f{n}"));
    }
    assert_eq!(books.walk(&source).await.unwrap().lost.len(), 4);
    let tried = service.server.count(Request::is_contents);
    for _ in 0..4 {
        assert_eq!(books.walk(&source).await.unwrap().lost.len(), 4);
    }
    let seen = service.server.seen();
    let tries: std::collections::BTreeSet<_> =
        seen.iter().filter(|r| r.is_contents()).skip(tried).map(|r| r.path.clone()).collect();
    assert_eq!(tries.len(), 4, "each of them once");
}

#[tokio::test]
async fn a_full_walk_tries_every_lost_folder() {
    let mut world = World::new();
    world.put_dir("above", "files", "Above");
    for n in 0..4 {
        world.put_dir(&format!("d{n}"), "above", "Folder");
        world.put_doc(&format!("f{n}"), &format!("d{n}"), "file.pdf");
    }
    let (service, mut books) = registered(world).await;
    let source = service.source();
    for n in 0..4 {
        service.world().dir(&format!("d{n}")).closed = true;
        service.world().change(&format!("f{n}"));
    }
    assert_eq!(books.walk(&source).await.unwrap().lost.len(), 4);
    service.world().dir("above").closed = true;
    service.world().touch(&dir("above"));
    assert_eq!(books.walk(&source).await.unwrap().lost.len(), 5);
    // What is above them still leads nowhere.
    for n in 0..4 {
        service.world().dir(&format!("d{n}")).closed = false;
    }
    let lost = books.walk_as(&source, true).await.unwrap().lost;
    assert_eq!(lost.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>(), [dir("above")]);
}

#[tokio::test]
async fn without_any_top_folder_everything_is_frozen() {
    let no: [fn() -> Answer; 2] = [|| reply(200, r#"{"data":[]}"#), forbidden];
    for no in no {
        let closed = Arc::new(AtomicBool::new(false));
        let its = Arc::clone(&closed);
        let service =
            Service::with(sample(), move |r| (r.is_tops() && its.load(Ordering::SeqCst)).then(no))
                .await;
        let source = service.source();
        let mut books = Books::default();
        books.walk(&source).await.unwrap();
        let before = books.truth();
        closed.store(true, Ordering::SeqCst);
        for full in [false, true] {
            let walked = books.walk_as(&source, full).await.unwrap();
            assert!(!walked.absence_counts);
            assert_eq!(walked.lost[0].0, dir("files"));
            assert_eq!(walked.failures[0].class, C::Refused);
            assert_eq!(books.truth(), before);
        }
        // With nothing known it is no register of nothing, but a failure.
        let failure = Books::default().walk(&source).await.unwrap_err();
        assert_eq!(failure.class, C::Refused);
        // Back again, everything is looked at anew.
        service.world().stamps_move = false;
        service.world().delete_doc("f5");
        closed.store(false, Ordering::SeqCst);
        let walked = books.walk(&source).await.unwrap();
        assert_eq!(walked.lost, []);
        assert_eq!(books.truth(), service.world().truth(ROOT));
    }
}

#[tokio::test]
async fn one_top_folder_less_is_asked_for() {
    let mut world = sample();
    world.put_dir("plans", ROOT, "Plans");
    world.put_doc("p1", "plans", "p1.pdf");
    for lost in [true, false] {
        let (service, mut books) = registered(world.clone()).await;
        match lost {
            true => service.world().dir("plans").out_of_sight = true,
            false => service.world().dir("plans").hidden = true,
        }
        for _ in 0..2 {
            let walked = books.walk(&service.source()).await.unwrap();
            assert_eq!(walked.lost.len(), usize::from(lost));
            assert_eq!(books.files.contains_key(&doc("p1")), lost);
            assert_eq!(books.files.len(), 7 + usize::from(lost));
        }
    }
}

#[tokio::test]
async fn the_endpoint_s_own_folder() {
    let scope = AutodeskScope { folder_id: Some(dir("a")), ..scope() };
    let service = Service::new(sample()).await;
    let source = AutodeskSource::new(service.account(), scope.clone());
    let mut books = Books::default();
    books.walk(&source).await.unwrap();
    let before = books.truth();
    service.world().dir("a").out_of_sight = true;
    let walked = books.walk(&source).await.unwrap();
    assert_eq!((walked.lost[0].0.clone(), walked.failures.len()), (dir("a"), 1));
    assert_eq!(books.truth(), before);
    service.world().dir("a").out_of_sight = false;
    books.walk(&source).await.unwrap();
    assert_eq!(books.truth(), before);
    // Deleted: so is what was in it.
    service.world().delete_dir("a");
    let walked = books.walk(&source).await.unwrap();
    assert!(walked.absence_counts);
    assert_eq!(books.files.len(), 0);
    // One that was never there is a mistake.
    let wrong = AutodeskScope { folder_id: Some(dir("typo")), ..scope };
    let source = AutodeskSource::new(service.account(), wrong);
    let failure = books.walk(&source).await.unwrap_err();
    assert_eq!(failure.class, C::NotFound);
    assert!(failure.to_string().contains("folder_id"), "{failure}");
}

#[tokio::test]
async fn a_gateway_that_knows_nothing_empties_no_register() {
    let gone = Arc::new(AtomicBool::new(false));
    let its = Arc::clone(&gone);
    let service = Service::with(sample(), move |r| {
        (r.is_call() && its.load(Ordering::SeqCst)).then(|| reply(404, "no such service"))
    })
    .await;
    let own = AutodeskScope { folder_id: Some(dir("a")), ..scope() };
    for scope in [scope(), own] {
        gone.store(false, Ordering::SeqCst);
        let source = AutodeskSource::new(service.account(), scope);
        let mut books = Books::default();
        books.walk(&source).await.unwrap();
        let before = books.truth();
        gone.store(true, Ordering::SeqCst);
        for full in [false, true] {
            let failure = books.walk_as(&source, full).await.unwrap_err();
            assert_eq!(failure.class, C::NotFound);
            assert_eq!(books.truth(), before);
        }
    }
    // The folder is gone for good, and everything else is there.
    gone.store(false, Ordering::SeqCst);
    let source = AutodeskSource::new(
        service.account(),
        AutodeskScope { folder_id: Some(dir("a")), ..scope() },
    );
    let mut books = Books::default();
    books.walk(&source).await.unwrap();
    service.world().dirs.remove(&dir("a"));
    assert!(books.walk(&source).await.unwrap().absence_counts);
    assert_eq!(books.files.len(), 0);
}

#[tokio::test]
async fn an_application_that_nobody_let_in() {
    let nothing = serde_json::json!({
        "jsonapi": {"version": "1.0"}, "data": [],
        "meta": {"warnings": [denied("US"), denied("EMEA")]},
    })
    .to_string();
    let service = Service::with(sample(), move |r| r.is_hubs().then(|| reply(200, &nothing))).await;
    let source = service.source();
    let failures = [
        source.peek(3).await.unwrap_err(),
        source.projects().await.unwrap_err(),
        Books::default().walk(&source).await.unwrap_err(),
    ];
    for failure in failures {
        assert_eq!(failure.class, C::Refused);
        assert!(failure.needs_operator());
        let words = failure.to_string();
        for part in ["Custom Integration", "BIM360DM_ERROR", "account admin", CLIENT_ID] {
            assert!(words.contains(part), "{part}: {words}");
        }
    }
    // With a hub beside them the same warnings mean nothing: `hubs()` has them always.
    Books::default().walk(&Service::new(sample()).await.source()).await.unwrap();
}

#[tokio::test]
async fn a_project_that_no_hub_shows() {
    let service = Service::new(sample()).await;
    let scope = AutodeskScope { project_id: "b.another".into(), ..scope() };
    let source = AutodeskSource::new(service.account(), scope);
    let failure = Books::default().walk(&source).await.unwrap_err();
    assert_eq!(failure.class, C::NotFound);
    assert!(failure.to_string().contains("--list-projects"), "{failure}");
}

#[tokio::test]
async fn a_hub_that_is_configured_is_not_looked_for() {
    let service = Service::new(sample()).await;
    let scope = AutodeskScope { hub_id: Some(HUB.into()), ..scope() };
    let mut books = Books::default();
    books.walk(&AutodeskSource::new(service.account(), scope)).await.unwrap();
    assert_eq!(service.server.count(Request::is_hubs), 0);
    assert_eq!(books.truth(), service.world().truth(ROOT));
}

#[tokio::test]
async fn a_project_that_moved_to_another_hub_is_found_again() {
    let service = Service::new(sample()).await;
    let mut books = Books::default();
    books.walk(&service.source()).await.unwrap();
    books.known.memory["home"]["hub"] = "b.of-yore".into();
    books.walk(&service.source()).await.unwrap();
    assert_eq!(books.known.memory["home"]["hub"], HUB);
}
