//! What single walks do.

use jiff::SignedDuration;
use rusqlite::Connection;
use tokio_util::sync::CancellationToken;
use transship::ledger::{Books as _, Filter, WalkPlan};
use transship::model::{Failure, FailureClass, Id, Page, RemoteFile, RemoteFolder, Retry, Walked};

use transship::sources::RegisterSource as _;

use crate::desk::{Books, Ended, Sink};
use crate::source::{self, Service, TestSource};
use crate::world::{File, ROOT, World};

fn folder(id: &str, parent: Option<&str>) -> RemoteFolder {
    RemoteFolder { id: id.into(), parent: parent.map(Into::into), name: id.to_uppercase() }
}

fn file(id: &str, folder: &str) -> RemoteFile {
    let bytes = Some(b"x".to_vec());
    source::file(id, &File { folder: folder.into(), name: format!("{id}.pdf"), version: 1, bytes })
}

fn seen_all() -> Walked {
    Walked { absence_counts: true, ..Walked::default() }
}

/// Books `pages` one after the other, and the end of the walk.
async fn walk(books: &Books, pages: Vec<Page>, walked: Walked) -> transship::ledger::WalkCounts {
    let begun = books.ledger().begin_walk(books.plan()).await.unwrap();
    for page in pages {
        books.ledger().book_page(&begun.walk, page).await.unwrap();
    }
    books.ledger().finish_walk(&begun.walk, walked).await.unwrap()
}

#[tokio::test]
async fn folders_in_loops_end_in_paths() {
    let books = Books::new().await;
    let page = Page {
        folders: vec![
            folder("a", Some("b")),
            folder("b", Some("a")),
            folder("s", Some("s")),
            folder("n", Some("nowhere")),
        ],
        files: vec![file("1", "a"), file("2", "b"), file("3", "s"), file("4", "n")],
        removed: Vec::new(),
    };
    assert_eq!(walk(&books, vec![page.clone()], seen_all()).await.new, 4);
    let rows = books.rows();
    for (id, path) in
        [("1", "/B/A/1.pdf"), ("2", "/A/B/2.pdf"), ("3", "/S/3.pdf"), ("4", "/N/4.pdf")]
    {
        assert_eq!(rows[id].path, path);
    }
    // Removing one of a loop removes all of it, once.
    let told = Page { removed: vec!["a".into()], ..Page::default() };
    assert_eq!(walk(&books, vec![told], Walked::default()).await.removed, 2);
}

#[tokio::test]
async fn a_folder_may_come_later_than_its_files() {
    let books = Books::new().await;
    let files = Page { files: vec![file("1", "late")], ..Page::default() };
    let folders =
        Page { folders: vec![folder("late", Some(ROOT)), folder(ROOT, None)], ..Page::default() };
    let counts = walk(&books, vec![files, folders], seen_all()).await;
    // It came into the register; that its path was not known at once is no change of it.
    assert_eq!((counts.new, counts.updated), (1, 0));
    assert_eq!(books.rows()["1"].path, "/ROOT/LATE/1.pdf");
}

#[tokio::test]
async fn of_two_sights_in_a_page_the_later_one_counts() {
    let books = Books::new().await;
    let later = RemoteFile { version: "v2".into(), ..file("1", ROOT) };
    let page = Page {
        folders: vec![folder(ROOT, None)],
        files: vec![file("1", ROOT), later],
        removed: Vec::new(),
    };
    let counts = walk(&books, vec![page], seen_all()).await;
    assert_eq!((counts.found, counts.new, counts.updated), (1, 1, 0));
    assert_eq!(books.rows()["1"].version, "v2");
}

#[tokio::test]
async fn what_is_kept_is_neither_gone_nor_changed() {
    let books = Books::new().await;
    let folders = || vec![folder(ROOT, None)];
    let files = vec![file("1", ROOT), file("2", ROOT), file("3", ROOT)];
    let page = Page { folders: folders(), files, removed: Vec::new() };
    walk(&books, vec![page], seen_all()).await;
    let page = Page { folders: folders(), files: vec![file("1", ROOT)], ..Page::default() };
    let kept = vec!["2".into(), "never heard of".into()];
    let counts = walk(&books, vec![page], Walked { kept, ..seen_all() }).await;
    assert_eq!((counts.found, counts.removed), (1, 1));
    let rows = books.rows();
    assert_eq!(
        (rows["2"].version.as_str(), rows["2"].state.as_str()),
        (&*rows["1"].version, "present")
    );
    assert_eq!(rows["3"].state, "removed");
}

#[tokio::test]
async fn what_is_removed_and_shown_again_in_one_walk_is_there() {
    let books = Books::new().await;
    let shown = || Page {
        folders: vec![folder(ROOT, None), folder("a", Some(ROOT)), folder("b", Some(ROOT))],
        files: vec![file("1", "a"), file("2", "a"), file("3", "a")],
        removed: Vec::new(),
    };
    walk(&books, vec![shown()], seen_all()).await;
    let feed = vec![
        Page { removed: vec!["1".into(), "a".into(), "unknown".into()], ..Page::default() },
        // One comes back where it was said to be gone, one is seen elsewhere.
        Page { files: vec![file("2", "b")], ..Page::default() },
        Page { folders: vec![folder("a", Some(ROOT))], ..Page::default() },
        Page { removed: vec!["a".into()], ..Page::default() },
    ];
    let counts = walk(&books, feed, Walked::default()).await;
    assert_eq!((counts.removed, counts.updated), (2, 1));
    assert_eq!(books.in_state("present"), ["2"]);
    // And all of it comes back, in its old rows.
    let rows = books.rows();
    let counts = walk(&books, vec![shown()], seen_all()).await;
    assert_eq!((counts.new, counts.updated), (0, 3));
    assert_eq!(books.rows()["1"].row, rows["1"].row);
}

#[tokio::test]
async fn lost_access_is_shown_and_ends() {
    let books = Books::new().await;
    let source =
        TestSource::new(World::with(&[("1", "a"), ("2", "a"), ("3", "b")]), Service::Stamps);
    source.world().add_folder("deep", "a", "deep");
    source.world().add_file("4", "deep", "4.pdf");
    Books::finished(books.walk(&source, false, None).await);
    source.world().lost.insert("a".into());
    let counts = Books::finished(books.walk(&source, true, None).await);
    assert_eq!((counts.access_lost, counts.removed, counts.updated), (3, 0, 0));
    assert_eq!(books.in_state("access_lost"), ["1", "2", "4"]);
    // A second look changes nothing, and a file moved out of there is seen.
    let again = Books::finished(books.walk(&source, true, None).await);
    assert!(!again.any_change(), "{again:?}");
    source.world().move_file("2", "b");
    let counts = Books::finished(books.walk(&source, false, None).await);
    assert_eq!((counts.access_back, counts.updated), (1, 1));
    assert_eq!(books.in_state("access_lost"), ["1", "4"]);
    // Nothing above it told that nothing changed: it is looked at again and again.
    source.world().lost.clear();
    let counts = Books::finished(books.walk(&source, false, None).await);
    assert_eq!((counts.access_back, counts.updated, counts.removed), (2, 0, 0));
    assert_eq!(books.in_state("present").len(), 4);
    assert_eq!(books.number_of("SELECT count(*) FROM folders WHERE access_lost IS NOT NULL"), 0);
}

#[tokio::test]
async fn two_endpoints_on_one_project_never_meet() {
    let books = Books::new().await;
    let source = TestSource::new(World::with(&[("1", "a"), ("2", "b")]), Service::Stamps);
    Books::finished(books.walk(&source, false, None).await);
    let other = books.ledger().endpoint("other").await.unwrap().number;
    let plan = || WalkPlan { endpoint: other, ..books.plan() };
    Books::finished(books.walk_as(&source, plan(), None).await);
    source.world().delete_folder("a");
    Books::finished(books.walk_as(&source, plan(), None).await);
    assert_eq!(books.in_state("present"), ["1", "2"]);
    let removed = "SELECT endpoint_id FROM files WHERE removed_at IS NOT NULL";
    assert_eq!(books.number_of(removed), other);
}

#[tokio::test]
async fn another_scope_believes_nothing_that_an_earlier_one_left() {
    let books = Books::new().await;
    let source = TestSource::new(World::with(&[("1", "a")]), Service::Stamps);
    Books::finished(books.walk(&source, false, None).await);
    Books::finished(books.walk(&source, false, None).await);
    assert!(!source.was_full());
    let plan = WalkPlan { scope: "elsewhere".into(), ..books.plan() };
    // Even if its first walk does not come to its end.
    assert!(matches!(books.walk_as(&source, plan.clone(), Some(1)).await, Ended::Killed));
    Books::finished(books.walk_as(&source, plan, None).await);
    let (known, full) = source.told.lock().unwrap().clone().unwrap();
    assert!(full || known.folders.values().all(|f| f.stamp.is_none()));
    assert_eq!(known.memory, serde_json::Value::Null);
}

#[tokio::test]
async fn change_detectors_are_believed_for_a_day() {
    let books = Books::new().await;
    let source = TestSource::new(World::with(&[("1", "a")]), Service::Stamps);
    let ago = |column: &str, hours: i64| {
        let at = jiff::Timestamp::now() - SignedDuration::from_hours(hours);
        let sql = Connection::open(books.path()).unwrap();
        let set = format!("UPDATE registers SET {column} = '{at:.3}'");
        sql.execute(&set, []).unwrap();
    };
    for (story, full) in [("first", true), ("second", false)] {
        Books::finished(books.walk(&source, false, None).await);
        assert_eq!(source.was_full(), full, "{story}");
    }
    for (walked, tried, full) in [
        (25, 25, true),
        (23, 23, false),
        // One that was to look everywhere could not, a moment ago: not again at once.
        (25, 0, false),
        (25, 2, true),
        // A clock that went back.
        (-5, -5, true),
    ] {
        ago("full_walk_at", walked);
        ago("full_walk_tried_at", tried);
        Books::finished(books.walk(&source, false, None).await);
        assert_eq!(source.was_full(), full, "{walked} {tried}");
    }
}

#[tokio::test]
async fn a_walk_with_failures_hides_nothing_from_the_next() {
    let books = Books::new().await;
    let source =
        TestSource::new(World::with(&[("1", "a"), ("2", "b"), ("3", "c")]), Service::Stamps);
    Books::finished(books.walk(&source, false, None).await);
    source.world().delete_file("1");
    source.world().change_file("2");
    source.broken.lock().unwrap().insert("c".into());
    source.world().change_file("3");
    // It sees that 1 is missing, and may not say so.
    let counts = Books::finished(books.walk(&source, false, None).await);
    assert_eq!((counts.updated, counts.removed), (1, 0));
    source.broken.lock().unwrap().clear();
    let calls = source.calls.load(std::sync::atomic::Ordering::SeqCst);
    let counts = Books::finished(books.walk(&source, false, None).await);
    assert_eq!((counts.updated, counts.removed), (1, 1));
    // `b` was seen whole: it is passed by. The root, `a` and `c` are looked at.
    let known = source.told.lock().unwrap().clone().unwrap().0;
    assert!(known.folders["b"].stamp.is_some() && known.folders["a"].stamp.is_none());
    assert_eq!(source.calls.load(std::sync::atomic::Ordering::SeqCst) - calls, 4);
}

#[tokio::test]
async fn what_happened_to_a_file_is_told() {
    let books = Books::new().await;
    let source = TestSource::new(World::with(&[("1", "a"), ("2", "b")]), Service::Stamps);
    Books::finished(books.walk(&source, false, None).await);
    source.world().rename_file("1", "new\u{1b} name.pdf");
    source.world().move_file("1", "b");
    source.world().change_file("1");
    Books::finished(books.walk(&source, false, None).await);
    source.world().delete_file("1");
    Books::finished(books.walk(&source, false, None).await);
    let reader = books.ledger().reader().unwrap();
    let row = books.rows()["1"].row;
    let story = reader.show(Id::file(row)).unwrap().unwrap();
    let told: Vec<_> =
        story.events.iter().map(|e| (e.kind.as_str(), e.detail.as_deref().unwrap())).collect();
    assert_eq!(
        told,
        [
            ("renamed", "1.pdf → new\u{1b} name.pdf"),
            ("moved", "/Project Files/a/1.pdf → /Project Files/b/new\u{1b} name.pdf"),
            ("changed", "v1 → v2"),
            ("removed", "/Project Files/b/new\u{1b} name.pdf"),
        ]
    );
    let second = story.events[0].run.unwrap();
    let run = reader.show(second).unwrap().unwrap();
    let mut kinds: Vec<_> = run.events.iter().map(|e| e.kind.as_str()).collect();
    // They may be of one millisecond.
    kinds.sort_unstable();
    assert_eq!(kinds, ["changed", "moved", "register", "renamed", "started"]);
    let filter = |state: &str| Filter { state: Some(state.into()), ..Filter::default() };
    assert_eq!(reader.files(&filter("removed")).unwrap()[0].id, Id::file(row));
    assert_eq!(reader.files(&filter("present")).unwrap().len(), 1);
    let limited = Filter { limit: Some(1), ..Filter::default() };
    assert_eq!(reader.files(&limited).unwrap().len(), 1);
    let nobody = Filter { endpoint: Some("nobody".into()), ..Filter::default() };
    assert_eq!(reader.files(&nobody).unwrap().len(), 0);
}

#[tokio::test]
async fn sizes_and_names_of_any_kind_are_kept() {
    let books = Books::new().await;
    let long = "x".repeat(100_000);
    let page = Page {
        folders: vec![folder(ROOT, None)],
        files: vec![
            RemoteFile { size: Some(u64::MAX), ..file("1", ROOT) },
            RemoteFile { name: long.clone(), size: None, ..file("2", ROOT) },
            RemoteFile { name: String::new(), link: None, file_type: None, ..file("3", ROOT) },
        ],
        removed: Vec::new(),
    };
    walk(&books, vec![page.clone()], seen_all()).await;
    let again = walk(&books, vec![page], seen_all()).await;
    assert!(!again.any_change(), "{again:?}");
    assert_eq!(books.rows()["2"].name, long);
}

#[tokio::test]
async fn pages_may_come_from_several_tasks_at_once() {
    let books = Books::new().await;
    let begun = books.ledger().begin_walk(books.plan()).await.unwrap();
    let page = |n: usize| Page {
        folders: vec![folder(&format!("d{n}"), None)],
        files: (0..50).map(|f| file(&format!("{n}-{f}"), &format!("d{n}"))).collect(),
        removed: Vec::new(),
    };
    let booked = (0..40).map(|n| books.ledger().book_page(&begun.walk, page(n)));
    for result in futures::future::join_all(booked).await {
        result.unwrap();
    }
    let counts = books.ledger().finish_walk(&begun.walk, seen_all()).await.unwrap();
    assert_eq!((counts.found, counts.new), (2_000, 2_000));
    assert_eq!(books.number_of("SELECT files_present FROM registers"), 2_000);
}

#[tokio::test]
async fn the_trail_has_an_end() {
    let books = Books::new().await;
    let sql = Connection::open(books.path()).unwrap();
    sql.execute_batch(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100500)
         INSERT INTO file_changes (endpoint_id, at, change)
         SELECT 1, '2026-05-04T08:00:00.000Z', 'changed' FROM n",
    )
    .unwrap();
    walk(&books, Vec::new(), seen_all()).await;
    assert_eq!(books.number_of("SELECT count(*) FROM file_changes"), 100_000);
    assert_eq!(books.number_of("SELECT max(id) FROM file_changes"), 100_500);
}

#[tokio::test]
async fn a_lost_folder_that_nobody_knows_is_no_harm() {
    let books = Books::new().await;
    let why = Failure::new(FailureClass::Refused, "listing", "x").retry(Retry::Never);
    let walked = Walked { lost: vec![("unknown".into(), why)], ..seen_all() };
    let counts = walk(&books, vec![Page::default()], walked).await;
    assert!(!counts.any_change());
}

/// The negative control of all that is asserted about gaps: the same walks, with their
/// gaps kept back, remove files that are there.
#[tokio::test]
async fn walks_that_keep_their_gaps_back_remove_what_is_there() {
    type Hide = fn(&mut Walked);
    let hide: [(&str, Hide); 3] = [
        ("failures", |walked| walked.failures.clear()),
        ("lost", |walked| walked.lost.clear()),
        ("untouched", |walked| walked.untouched.clear()),
    ];
    for (gap, hide) in hide {
        for hidden in [false, true] {
            let books = Books::new().await;
            let source = TestSource::new(World::with(&[("1", "a"), ("2", "b")]), Service::Stamps);
            Books::finished(books.walk(&source, false, None).await);
            match gap {
                "failures" => source.broken.lock().unwrap().extend(["a".to_owned()]),
                "lost" => source.world().lost.extend(["a".to_owned()]),
                _ => {}
            }
            let full = gap != "untouched";
            let begun = books.ledger().begin_walk(WalkPlan { full, ..books.plan() }).await.unwrap();
            let sink = Sink { ledger: books.ledger(), walk: begun.walk.clone() };
            let cancel = CancellationToken::new();
            let mut walked = source.walk(&begun.known, begun.full, &sink, &cancel).await.unwrap();
            if hidden {
                hide(&mut walked);
            }
            let counts = books.ledger().finish_walk(&begun.walk, walked).await.unwrap();
            assert_eq!(counts.removed > 0, hidden, "{gap}");
        }
    }
}
