//! What becomes of a file over there once it is safe here.

use std::fs;
use std::path::Path;
use std::time::Duration;

use transship::model::{AfterFetch, FailureClass, FeedScope};
use transship::sources::{Parted, RegisterSource};

use crate::support::sshd::Sshd;
use crate::world::{Books, World, age, shown};

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_left_or_deleted() {
    let world = World::new();
    world.put("a.csv", "x");
    let (books, leaving) = (Books::default(), world.source(world.scope()));
    books.names(&leaving).await;
    let content = books.content("a.csv");
    assert!(!leaving.parts());
    assert_eq!(leaving.after_fetch(&content).await.unwrap(), Parted::Left);
    assert!(world.path("a.csv").exists());

    let deleting = world.source(FeedScope { after_fetch: AfterFetch::Delete, ..world.scope() });
    assert!(deleting.parts());
    assert_eq!(deleting.after_fetch(&content).await.unwrap(), Parted::Deleted);
    assert!(!world.path("a.csv").exists());
    // The reply may have been lost: once more does no harm.
    assert_eq!(deleting.after_fetch(&content).await.unwrap(), Parted::Gone);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_version_that_was_fetched_is_touched() {
    let world = World::new();
    let path = world.put("a.csv", "x");
    age(&path, Duration::from_secs(50));
    let source = world.source(FeedScope { after_fetch: AfterFetch::Delete, ..world.scope() });
    let books = Books::default();
    books.names(&source).await;
    let content = books.content("a.csv");
    for newer in ["y", "longer"] {
        fs::write(&path, newer).unwrap();
        assert_eq!(source.after_fetch(&content).await.unwrap(), Parted::Changed);
        assert_eq!(read(&path), newer);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_moved_and_overwrites_nothing() {
    let world = World::new();
    for name in ["a.csv", "eu/a.csv", "b.csv"] {
        world.put(name, name);
    }
    world.put("done/b.csv", "an older one");
    let after_fetch = AfterFetch::Move("done".into());
    let scope = FeedScope { include_subfolders: true, after_fetch, ..world.scope() };
    let (books, source) = (Books::default(), world.source(scope));
    books.names(&source).await;
    let files: Vec<_> = books.files.lock().unwrap().values().cloned().collect();
    assert_eq!(files.len(), 3);
    let all = files.iter().map(crate::world::content);
    let all: Vec<_> = all.collect();
    let moved = all.iter().map(|content| source.after_fetch(content));
    for parted in futures::future::join_all(moved).await {
        let Parted::Moved(to) = parted.unwrap() else { panic!("not moved") };
        assert!(to.starts_with(&shown(&world.path("done"))), "{to}");
    }
    assert_eq!(read(&world.path("done/a.csv")), "a.csv");
    assert_eq!(read(&world.path("done/eu/a.csv")), "eu/a.csv");
    assert_eq!(read(&world.path("done/b.csv")), "an older one");
    assert_eq!(read(&world.path("done/b_1.csv")), "b.csv");
    assert!(!world.path("a.csv").exists() && !world.path("eu/a.csv").exists());
    for content in &all {
        assert_eq!(source.after_fetch(content).await.unwrap(), Parted::Gone);
    }
    assert_eq!(books.names(&source).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_elsewhere_is_made_and_one_of_many_names_is_found() {
    let world = World::new();
    let elsewhere = world.sshd.root().join("archive/2026");
    let after_fetch = AfterFetch::Move(shown(&elsewhere));
    let source = world.source(FeedScope { after_fetch, ..world.scope() });
    fs::create_dir(world.sshd.root().join("archive")).unwrap();
    for n in 0..4 {
        world.put("a.csv", format!("{n}"));
        let books = Books::default();
        books.names(&source).await;
        let parted = source.after_fetch(&books.content("a.csv")).await.unwrap();
        let name = if n == 0 { "a.csv".to_owned() } else { format!("a_{n}.csv") };
        assert_eq!(parted, Parted::Moved(shown(&elsewhere.join(&name))));
        assert_eq!(read(&elsewhere.join(name)), format!("{n}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told() {
    let world = World::with(Sshd::options().deny("remove").deny("rename").deny("posix-rename"));
    let path = world.put("a.csv", "x");
    for after_fetch in [AfterFetch::Delete, AfterFetch::Move("done".into())] {
        let source = world.source(FeedScope { after_fetch, ..world.scope() });
        let books = Books::default();
        books.names(&source).await;
        let failure = source.after_fetch(&books.content("a.csv")).await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Refused, "{failure}");
        assert!(path.exists());
    }
}
