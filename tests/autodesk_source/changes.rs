//! The books against the truth, over changes and faults.

use std::sync::Mutex;

use proptest::prelude::*;
use transship::model::FailureClass as C;

use super::books::Books;
use super::counted;
use super::service::*;
use super::walk::sample;

/// What people do to a project.
#[derive(Clone, Debug)]
enum Change {
    Add(u8),
    Folder(u8),
    Edit(u8),
    Rename(u8),
    Move(u8, u8),
    MoveFolder(u8, u8),
    Delete(u8),
    DeleteFolder(u8),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        any::<u8>().prop_map(Change::Add),
        any::<u8>().prop_map(Change::Folder),
        any::<u8>().prop_map(Change::Edit),
        any::<u8>().prop_map(Change::Rename),
        any::<(u8, u8)>().prop_map(|(a, b)| Change::Move(a, b)),
        any::<(u8, u8)>().prop_map(|(a, b)| Change::MoveFolder(a, b)),
        any::<u8>().prop_map(Change::Delete),
        any::<u8>().prop_map(Change::DeleteFolder),
    ]
}

/// A test's name for a URN.
fn short(urn: &str) -> String {
    urn.rsplit([':', '.']).next().unwrap().to_owned()
}

/// Does it, where there is something to do it to.
fn apply(world: &mut World, change: &Change, n: usize) {
    let dirs: Vec<String> =
        world.dirs.keys().filter(|id| world.is_visible(id)).map(|id| short(id)).collect();
    let docs: Vec<String> = world
        .docs
        .iter()
        .filter(|(_, file)| !file.hidden && world.is_visible(&file.folder))
        .map(|(id, _)| short(id))
        .collect();
    let folder = |k: &u8| dirs[usize::from(*k) % dirs.len()].clone();
    let file = |k: &u8| (!docs.is_empty()).then(|| docs[usize::from(*k) % docs.len()].clone());
    match change {
        Change::Add(k) => world.put_doc(&format!("n{n}"), &folder(k), &format!("new {n}.pdf")),
        Change::Folder(k) => world.put_dir(&format!("d{n}"), &folder(k), &format!("Folder {n}")),
        Change::Edit(k) => file(k).into_iter().for_each(|id| world.change(&id)),
        Change::Rename(k) => {
            file(k).into_iter().for_each(|id| world.rename(&id, &format!("renamed {n}.pdf")));
        }
        Change::Move(k, to) => {
            let to = folder(to);
            file(k).into_iter().for_each(|id| world.move_doc(&id, &to));
        }
        Change::MoveFolder(k, to) => {
            let (id, to) = (folder(k), folder(to));
            // Not the top folder, and not into itself.
            let mut at = dir(&to);
            while at != ROOT && at != dir(&id) {
                at = world.dirs[&at].parent.clone();
            }
            if at == ROOT && id != "files" {
                world.move_dir(&id, &to);
            }
        }
        Change::Delete(k) => file(k).into_iter().for_each(|id| world.delete_doc(&id)),
        Change::DeleteFolder(k) => {
            let id = folder(k);
            if id != "files" {
                world.delete_dir(&id);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_books_equal_the_truth(
        steps in proptest::collection::vec(proptest::collection::vec(change(), 0..5), 1..6),
        page in 1usize..4,
        faults in proptest::collection::vec(proptest::option::weighted(0.3, 0usize..12), 6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            // The call that fails this time, for good; counted down.
            let fault = std::sync::Arc::new(Mutex::new(None::<usize>));
            let its = std::sync::Arc::clone(&fault);
            let mut world = sample();
            world.page = page;
            let service = Service::with(world, move |request| {
                let mut fault = its.lock().unwrap();
                if !request.is_contents() {
                    return None;
                }
                match fault.as_mut() {
                    Some(0) => Some(reply(400, "no")),
                    Some(n) => { *n -= 1; None }
                    None => None,
                }
            }).await;
            let source = service.source();
            let mut books = Books::default();
            for (n, changes) in steps.iter().enumerate() {
                for (m, change) in changes.iter().enumerate() {
                    apply(&mut service.world(), change, n * 100 + m);
                }
                *fault.lock().unwrap() = faults[n % faults.len()];
                let before = books.files.keys().cloned().collect::<Vec<_>>();
                match books.walk(&source).await {
                    // After a partial walk nothing is missing that was there.
                    Ok(walked) if !walked.absence_counts => {
                        assert!(before.iter().all(|id| {
                            let gone = !service.world().truth(ROOT).contains_key(id);
                            books.files.contains_key(id) || gone
                        }));
                    }
                    Ok(_) => assert_eq!(books.truth(), service.world().truth(ROOT)),
                    Err(failure) => assert_eq!(failure.class, C::Protocol),
                }
                *fault.lock().unwrap() = None;
                // The next one makes up for it.
                books.walk(&source).await.unwrap();
                assert_eq!(books.truth(), service.world().truth(ROOT));
            }
            // And then there is nothing to do.
            let calls = service.calls();
            books.walk(&source).await.unwrap();
            assert_eq!(service.calls(), calls + 1);
        });
    }
}

#[tokio::test]
async fn a_folder_that_moves_without_a_trace_is_found() {
    // Moved into a branch whose change detector stands still, which is not looked into.
    let mut world = sample();
    world.put_dir("deep", "a1", "Deep");
    let service = Service::new(world).await;
    let source = service.source();
    let mut books = Books::default();
    books.walk(&source).await.unwrap();
    {
        let mut world = service.world();
        world.stamps_move = false;
        world.move_dir("b", "deep");
        // Something else has the old place looked at.
        world.change("f1");
    }
    let walked = books.walk(&source).await.unwrap();
    assert!(walked.untouched.contains(&dir("a")), "{walked:?}");
    assert_eq!(books.truth(), service.world().truth(ROOT));
    assert_eq!(books.known.folders[&dir("b")].parent, Some(dir("deep")));
}

#[tokio::test]
async fn a_folder_that_moves_below_a_new_one_is_found() {
    let service = Service::new(sample()).await;
    let source = service.source();
    let mut books = Books::default();
    books.walk(&source).await.unwrap();
    {
        let mut world = service.world();
        world.stamps_move = false;
        // Nobody has seen "new" yet: its branch is not looked into.
        let stamp = world.dir("a").stamp;
        world.put_dir("new", "a1", "New");
        world.move_dir("b", "new");
        for id in ["a", "a1"] {
            world.dir(id).stamp = stamp;
        }
        world.change("f1");
    }
    let known = books.known.folders[&dir("a1")].stamp.clone();
    let same = service.world().dir("a").stamp;
    assert!(known.is_some() && same > 0);
    books.walk(&source).await.unwrap();
    assert_eq!(books.truth(), service.world().truth(ROOT));
}

#[tokio::test]
async fn a_folder_that_moves_out_of_the_scope_is_gone() {
    let service = Service::new(sample()).await;
    let scope = transship::model::AutodeskScope { folder_id: Some(dir("a")), ..scope() };
    let source = transship::sources::autodesk::AutodeskSource::new(service.account(), scope);
    let mut books = Books::default();
    books.walk(&source).await.unwrap();
    service.world().move_dir("a1", "b");
    let walked = books.walk(&source).await.unwrap();
    assert_eq!(walked.lost, []);
    assert_eq!(books.truth(), service.world().truth(&dir("a")));
}

#[tokio::test]
async fn what_leaves_no_trace_is_found_by_a_full_walk() {
    let service = Service::new(sample()).await;
    let source = service.source();
    let mut books = Books::default();
    books.walk(&source).await.unwrap();
    {
        let mut world = service.world();
        world.stamps_move = false;
        world.delete_doc("f4");
        world.rename("f5", "otherwise.pdf");
        world.move_doc("f7", "a");
    }
    let before = books.truth();
    books.walk(&source).await.unwrap();
    // Negative control: the detectors do not tell.
    assert_eq!(books.truth(), before);
    books.walk_as(&source, true).await.unwrap();
    assert_eq!(books.truth(), service.world().truth(ROOT));
}

#[tokio::test]
async fn a_file_that_moves_during_the_walk_is_not_lost() {
    // When "b" is listed, f4 moves from "a1", which is listed later, into "b".
    let world = std::sync::Arc::new(Mutex::new(None::<std::sync::Weak<Service>>));
    let its = std::sync::Arc::clone(&world);
    let service = Service::with(sample(), move |request| {
        if request.is_contents_of("a1") {
            let service = its.lock().unwrap().take().and_then(|service| service.upgrade());
            if let Some(service) = service {
                service.world().move_doc("f4", "b");
            }
        }
        None
    })
    .await;
    let service = std::sync::Arc::new(service);
    let source = service.source();
    let mut books = Books::default();
    books.walk(&source).await.unwrap();
    // Armed for a full walk: everything is looked at once.
    *world.lock().unwrap() = Some(std::sync::Arc::downgrade(&service));
    let walked = books.walk_as(&source, true).await.unwrap();
    assert!(walked.absence_counts);
    assert_eq!(service.world().doc("f4").folder, dir("b"));
    assert_eq!(books.truth(), service.world().truth(ROOT));
    // What was looked at twice is looked at once more, then there is nothing to do.
    books.walk(&source).await.unwrap();
    let calls = service.calls();
    books.walk(&source).await.unwrap();
    assert_eq!(service.calls(), calls + 1);
}

#[tokio::test]
async fn a_file_deleted_between_two_looks_is_gone_after_the_next_walk() {
    // Listed in the first round; deleted before the second, which lists its folder again.
    let armed = std::sync::Arc::new(Mutex::new(None::<std::sync::Weak<Service>>));
    let its = std::sync::Arc::clone(&armed);
    let service = Service::with(
        sample(),
        counted(Request::is_tops, move |_, n| {
            if n == 1 {
                let service = its.lock().unwrap().take().and_then(|service| service.upgrade());
                service.unwrap().world().delete_doc("f7");
            }
            None
        }),
    )
    .await;
    let service = std::sync::Arc::new(service);
    *armed.lock().unwrap() = Some(std::sync::Arc::downgrade(&service));
    let source = service.source();
    let mut books = Books::default();
    books.walk(&source).await.unwrap();
    books.walk(&source).await.unwrap();
    assert_eq!(books.truth(), service.world().truth(ROOT));
    assert!(!books.files.contains_key(&doc("f7")));
}

#[tokio::test]
async fn a_folder_deleted_in_the_middle_of_the_walk() {
    let service = Service::with(sample(), |r| r.is_contents_of("a1").then(not_found)).await;
    let source = service.source();
    let mut books = Books::default();
    books.walk(&source).await.unwrap();
    // Its list says that it is not there, the service that it is: not a deletion.
    assert!(!books.files.contains_key(&doc("f4")));
    service.world().delete_dir("a1");
    let walked = books.walk(&source).await.unwrap();
    assert_eq!((walked.failures, walked.lost), (vec![], vec![]));
    assert_eq!(books.truth(), service.world().truth(ROOT));
}

#[tokio::test]
async fn a_service_that_forgets_everything_in_the_middle_deletes_nothing() {
    // From the first list on, or the third: only who is asked about projects knows any.
    for first in [0, 2] {
        let broken = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let its = std::sync::Arc::clone(&broken);
        let count = std::sync::atomic::AtomicUsize::new(0);
        let service = Service::with(sample(), move |r| {
            use std::sync::atomic::Ordering::SeqCst;
            let data = r.path.starts_with("/data/") && its.load(SeqCst);
            (data && count.fetch_add(1, SeqCst) >= first).then(not_found)
        })
        .await;
        let source = service.source();
        let mut books = Books::default();
        books.walk(&source).await.unwrap();
        let before = books.truth();
        broken.store(true, std::sync::atomic::Ordering::SeqCst);
        match books.walk_as(&source, true).await {
            Ok(walked) => assert!(!walked.absence_counts && !walked.failures.is_empty()),
            Err(failure) => assert_eq!(failure.class, C::NotFound),
        }
        assert_eq!(books.truth(), before);
        broken.store(false, std::sync::atomic::Ordering::SeqCst);
        books.walk_as(&source, true).await.unwrap();
        assert_eq!(books.truth(), service.world().truth(ROOT));
    }
}

#[tokio::test]
async fn a_folder_that_is_gone_for_good_in_the_middle() {
    // Its parent names it; then neither its list nor itself is there.
    let service = Service::with(sample(), |r| {
        let about = r.path.contains("co.a1") && r.path.starts_with("/data/");
        about.then(not_found)
    })
    .await;
    let mut books = Books::default();
    let walked = books.walk(&service.source()).await.unwrap();
    assert!(walked.absence_counts, "{walked:?}");
    assert!(!books.files.contains_key(&doc("f4")) && books.files.contains_key(&doc("f3")));
}

#[tokio::test]
async fn one_404_is_not_believed() {
    let service = Service::with(sample(), |r| r.is_contents_of("a1").then(not_found)).await;
    let walked = Books::default().walk(&service.source()).await.unwrap();
    assert_eq!(walked.failures[0].class, C::NotFound);
    assert!(!walked.absence_counts);
}

#[tokio::test]
async fn a_part_that_fails_deletes_nothing_and_is_made_up_for() {
    let broken = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let its = std::sync::Arc::clone(&broken);
    let service = Service::with(sample(), move |r| {
        (r.is_contents_of("a") && its.load(std::sync::atomic::Ordering::SeqCst))
            .then(|| reply(500, "internal"))
    })
    .await;
    let source = service.source();
    let mut books = Books::default();
    books.walk(&source).await.unwrap();
    {
        let mut world = service.world();
        world.delete_doc("f3");
        world.delete_doc("f7");
        world.put_dir("new", "b", "New");
    }
    broken.store(true, std::sync::atomic::Ordering::SeqCst);
    let walked = books.walk(&source).await.unwrap();
    assert_eq!(walked.failures[0].class, C::Unavailable);
    assert!(books.files.contains_key(&doc("f3")) && books.files.contains_key(&doc("f7")));
    broken.store(false, std::sync::atomic::Ordering::SeqCst);
    books.walk(&source).await.unwrap();
    assert_eq!(books.truth(), service.world().truth(ROOT));
}

#[tokio::test]
async fn entries_that_cannot_be_read_make_a_walk_partial() {
    let page = r#"{"data":[{"type":"items"},{"type":"folders","id":""},7]}"#;
    let service =
        Service::with(sample(), move |r| r.is_contents_of("a").then(|| reply(200, page))).await;
    let walked = Books::default().walk(&service.source()).await.unwrap();
    assert!(walked.failures[0].to_string().contains("3 entries"), "{walked:?}");
    assert!(!walked.absence_counts && !walked.stamps.contains_key(&dir("files")));
}
