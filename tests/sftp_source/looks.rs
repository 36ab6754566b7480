//! Two equal looks before a file counts as complete.

use std::fs;
use std::io::Write as _;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use transship::model::{FailureClass, FeedScope};
use transship::sources::RegisterSource;

use crate::world::{Beside, Books, World, age};

fn settling(world: &World, settle: Duration) -> FeedScope {
    FeedScope { settle, ..world.scope() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_grows_is_left_to_a_later_pass() {
    let world = World::new();
    world.put("whole.csv", "x");
    let mut growing = fs::File::create(world.path("growing.csv")).unwrap();
    let writer = Beside::doing(move || growing.write_all(b"more\n").unwrap());
    let source = world.source(settling(&world, Duration::from_millis(400)));
    let books = Books::default();
    let walked = books.walk(&source).await.unwrap();
    assert_eq!(walked.failures, []);
    assert_eq!(walked.notices, ["1 still under way, left to the next pass: growing.csv"]);
    assert!(walked.kept.iter().all(|id| id.ends_with("/growing.csv")), "{:?}", walked.kept);
    assert_eq!(books.files.lock().unwrap().len(), 1);

    drop(writer);
    let names = books.names(&source).await;
    assert_eq!(names, ["growing.csv", "whole.csv"]);
    let size = fs::metadata(world.path("growing.csv")).unwrap().len();
    assert_eq!(books.file("growing.csv").size, Some(size));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_file_that_grows_again_stays_as_it_was() {
    let world = World::new();
    let path = world.put("a.csv", "x");
    age(&path, Duration::from_secs(100));
    let source = world.source(settling(&world, Duration::from_millis(400)));
    let books = Books::default();
    books.names(&source).await;
    let before = books.file("a.csv");
    let mut growing = fs::File::options().append(true).open(&path).unwrap();
    let writer = Beside::doing(move || growing.write_all(b"more\n").unwrap());
    let walked = books.walk(&source).await.unwrap();
    assert_eq!(walked.kept, std::slice::from_ref(&before.id));
    assert_eq!(books.file("a.csv"), before, "neither gone nor half of it");

    drop(writer);
    books.names(&source).await;
    let after = books.file("a.csv");
    assert_eq!(after.id, before.id);
    assert_ne!(after.version, before.version);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_young_waits_and_is_not_gone() {
    let world = World::new();
    let path = world.put("a.csv", "x");
    let hour = Duration::from_secs(3_600);
    age(&path, 2 * hour);
    let source = world.source(FeedScope { min_age: hour, ..world.scope() });
    let books = Books::default();
    assert_eq!(books.names(&source).await, ["a.csv"]);
    let before = books.file("a.csv");
    fs::write(&path, "newer").unwrap();
    let walked = books.walk(&source).await.unwrap();
    assert_eq!(walked.kept, std::slice::from_ref(&before.id));
    assert_eq!(books.file("a.csv"), before);
    age(&path, hour + Duration::from_secs(10));
    books.names(&source).await;
    assert_eq!(books.file("a.csv").size, Some(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_new_files_are_waited_for_and_only_once() {
    let world = World::new();
    for n in 0..50 {
        world.put(&format!("d{}/{n}.csv", n % 7), "x");
    }
    let settle = Duration::from_millis(900);
    let scope = FeedScope { include_subfolders: true, ..settling(&world, settle) };
    let source = world.source(scope);
    let books = Books::default();
    let began = Instant::now();
    assert_eq!(books.names(&source).await.len(), 50);
    assert!(began.elapsed() >= settle && began.elapsed() < 3 * settle, "{:?}", began.elapsed());

    // Seen in this pass long enough ago, none of them is waited for in the next one.
    books.later();
    let began = Instant::now();
    assert_eq!(books.names(&source).await.len(), 50);
    assert!(began.elapsed() < settle, "{:?}", began.elapsed());

    // One that is new costs one wait, and another version is a new file.
    books.later();
    world.put("new.csv", "x");
    world.put("d1/1.csv", "longer");
    let began = Instant::now();
    assert_eq!(books.names(&source).await.len(), 51);
    assert!(began.elapsed() >= settle, "{:?}", began.elapsed());
    assert_eq!(books.file("1.csv").size, Some(6));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_ends_when_everything_stops() {
    let world = World::new();
    world.put("a.csv", "x");
    let source = world.source(settling(&world, Duration::from_secs(600)));
    let (books, cancel) = (Books::default(), CancellationToken::new());
    let known = books.known();
    let walk = source.walk(&known, false, &books, &cancel);
    let stop = async {
        // Once the folder is booked, all there is to do is to wait.
        while books.folders.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    };
    let (walked, ()) = tokio::join!(walk, stop);
    assert_eq!(walked.unwrap_err().class, FailureClass::Cancelled);
}
