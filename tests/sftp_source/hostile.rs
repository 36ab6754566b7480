//! Servers that lie, refuse, or fall silent in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use transship::model::{AfterFetch, FailureClass, FeedScope, Pick};
use transship::transport::sftp::wire::{Attrs, Reply, Request, StatusCode};

use crate::stand::{Act, Tree, entry, file, folder, stand, status};
use crate::world::{Books, source};

fn scope() -> FeedScope {
    FeedScope {
        directory: "/out".into(),
        patterns: vec![],
        include_subfolders: true,
        min_bytes: 0,
        min_age: Duration::ZERO,
        max_age: None,
        settle: Duration::ZERO,
        after_fetch: AfterFetch::Leave,
        pick: Pick::default(),
    }
}

/// A folder with a file and two folders that hold a file each.
fn tree() -> Tree {
    Tree::from([
        (
            "/out".into(),
            vec![
                entry(".", folder()),
                entry("..", folder()),
                entry("a.csv", file(1)),
                entry("eu", folder()),
                entry("us", folder()),
            ],
        ),
        ("/out/eu".into(), vec![entry("b.csv", file(2))]),
        ("/out/us".into(), vec![entry("c.csv", file(3))]),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_lead_elsewhere_are_never_used() {
    let mut tree = tree();
    let names: [&[u8]; 6] =
        [b"../../etc/passwd", b"/etc/shadow", b"sub/../../x.csv", b"", b"nul\0.csv", b"eu/b.csv"];
    for name in names {
        tree.get_mut("/out").unwrap().push(entry(name, file(9)));
        tree.get_mut("/out").unwrap().push(entry(name, folder()));
    }
    let (server, asked) = stand(tree, |_| None).await;
    let books = Books::default();
    let walked = books.walk(&source(server, scope())).await.unwrap();
    let [failure] = &walked.failures[..] else { panic!("{:?}", walked.failures) };
    assert_eq!(failure.class, FailureClass::Protocol);
    assert!(failure.to_string().contains("etc/passwd"), "{failure}");
    assert!(failure.to_string().contains("and 11 more"), "{failure}");
    assert_eq!(books.files.lock().unwrap().len(), 3, "the others are found");
    for request in asked.lock().unwrap().iter() {
        for bad in ["etc", "..", "nul", "x.csv"] {
            assert!(!request.contains(bad), "{request}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_may_not_be_seen_keeps_what_is_known_of_it() {
    let allowed = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let told = allowed.clone();
    let (server, _) = stand(tree(), move |request| match request {
        Request::Opendir { path } if path == "/out/eu" && !told.load(Ordering::Relaxed) => {
            Some(status(StatusCode::PERMISSION_DENIED))
        }
        _ => None,
    })
    .await;
    let (books, source) = (Books::default(), source(server, scope()));
    assert_eq!(books.names(&source).await.len(), 3);
    allowed.store(false, Ordering::Relaxed);
    let walked = books.walk(&source).await.unwrap();
    let [(id, failure)] = &walked.lost[..] else { panic!("{:?}", walked.lost) };
    assert!(id.ends_with("/out/eu"), "{id}");
    assert_eq!(failure.class, FailureClass::Refused);
    assert_eq!((walked.failures.len(), books.files.lock().unwrap().len()), (0, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_that_is_cut_short_is_a_failure_and_removes_nothing() {
    for code in [StatusCode::FAILURE, StatusCode::NO_SUCH_FILE, StatusCode::BAD_MESSAGE] {
        let fails = Arc::new(AtomicU32::new(u32::MAX));
        let left = fails.clone();
        let (server, _) = stand(tree(), move |request| match request {
            // The listing begins, and its second answer is an error.
            Request::Readdir { .. } => {
                let left = left.fetch_sub(1, Ordering::Relaxed);
                (left == 0).then(|| status(code))
            }
            _ => None,
        })
        .await;
        let (books, source) = (Books::default(), source(server, scope()));
        assert_eq!(books.names(&source).await.len(), 3);
        // The root's listing is answered, its end is not.
        fails.store(1, Ordering::Relaxed);
        let failure = books.walk(&source).await.unwrap_err();
        assert!(failure.to_string().contains("/out"), "{failure}");
        // A folder's listing: the walk is partial.
        fails.store(3, Ordering::Relaxed);
        let walked = books.walk(&source).await.unwrap();
        assert_eq!(walked.failures.len(), 1, "{:?}", walked.failures);
        assert_eq!(books.files.lock().unwrap().len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_look_that_fails_books_nothing_of_the_folder() {
    let opened = AtomicU32::new(0);
    let (server, _) = stand(tree(), move |request| match request {
        Request::Opendir { path } if path == "/out/us" => {
            (opened.fetch_add(1, Ordering::Relaxed) == 1).then(|| status(StatusCode::FAILURE))
        }
        _ => None,
    })
    .await;
    let (books, source) = (Books::default(), source(server, scope()));
    let walked = books.walk(&source).await.unwrap();
    assert_eq!(walked.failures.len(), 1);
    assert_eq!(books.files.lock().unwrap().len(), 2);
    assert_eq!(books.names(&source).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_vanishes_between_two_looks_was_never_there() {
    let readings = AtomicU32::new(0);
    let tree =
        Tree::from([("/out".into(), vec![entry("a.csv", file(1)), entry("b.csv", file(1))])]);
    let (server, _) = stand(tree, move |request| match request {
        // The second listing, after the first and its end.
        Request::Readdir { .. } if readings.fetch_add(1, Ordering::Relaxed) == 2 => {
            Some(Act::Reply(Reply::Name(vec![entry("a.csv", file(1))])))
        }
        Request::Readdir { .. } if readings.load(Ordering::Relaxed) == 4 => {
            Some(status(StatusCode::EOF))
        }
        _ => None,
    })
    .await;
    assert_eq!(Books::default().names(&source(server, scope())).await, ["a.csv"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_session_may_break_off_and_two_may_not() {
    for (breaks, well) in [(1, true), (2, false)] {
        let left = AtomicU32::new(breaks);
        let (server, _) = stand(tree(), move |request| match request {
            Request::Opendir { path } if path == "/out/eu" => left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                .is_ok()
                .then_some(Act::Close),
            _ => None,
        })
        .await;
        let (books, source) = (Books::default(), source(server, scope()));
        match books.walk(&source).await {
            Ok(walked) => assert!(well && walked.failures.is_empty(), "{walked:?}"),
            Err(failure) => assert!(!well && failure.class == FailureClass::Network, "{failure}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_listing_does_not_tell_is_asked_for() {
    let silent = Tree::from([(
        "/out".into(),
        vec![entry("a.csv", Attrs::default()), entry("eu", Attrs::default())],
    )]);
    let mut silent = silent;
    silent.insert("/out/eu".into(), vec![entry("b.csv", Attrs { times: None, ..file(2) })]);
    let (server, _) = stand(silent.clone(), |request| match request {
        Request::Lstat { path } if path == "/out/a.csv" || path == "/out/eu/b.csv" => {
            Some(Act::Reply(Reply::Attrs(file(2))))
        }
        _ => None,
    })
    .await;
    assert_eq!(Books::default().names(&source(server, scope())).await.len(), 2);

    // Nor does it tell when it is asked: that is not "no file".
    let (server, _) = stand(silent, |request| match request {
        Request::Lstat { path } if path == "/out/a.csv" || path == "/out/eu/b.csv" => {
            Some(Act::Reply(Reply::Attrs(Attrs::default())))
        }
        _ => None,
    })
    .await;
    let walked = Books::default().walk(&source(server, scope())).await.unwrap();
    assert_eq!(walked.failures.len(), 2, "{:?}", walked.failures);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_without_end_has_one_here() {
    let (server, _) = stand(Tree::from([("/out".into(), vec![])]), |request| match request {
        Request::Opendir { .. } => Some(Act::Reply(Reply::Handle("h".into()))),
        Request::Readdir { .. } => {
            // Each answer is the first of its listing in turn with its end.
            static TURN: AtomicU32 = AtomicU32::new(0);
            Some(match TURN.fetch_add(1, Ordering::Relaxed) % 2 {
                0 => Act::Reply(Reply::Name(vec![entry("deeper", folder())])),
                _ => status(StatusCode::EOF),
            })
        }
        _ => None,
    })
    .await;
    let books = Books::default();
    let walked = books.walk(&source(server, scope())).await.unwrap();
    assert_eq!(walked.failures.len(), 1, "{:?}", walked.failures);
    assert!(books.folders.lock().unwrap().len() < 200);
}
