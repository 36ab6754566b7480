//! Folders, and which of their files are found.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use transship::model::{AfterFetch, FailureClass, FeedScope, HostKeyPolicy, Pick};
use transship::sources::RegisterSource;

use crate::support::sshd::Sshd;
use crate::world::{Books, World, age, shown, source};

#[tokio::test(flavor = "multi_thread")]
async fn files_are_found_with_what_is_known_of_them() {
    let world = World::new();
    let path = world.put("a.csv", "four");
    age(&path, Duration::from_secs(3_600));
    let source = world.source(world.scope());
    let books = Books::default();
    assert_eq!(books.names(&source).await, ["a.csv"]);
    let file = books.file("a.csv");
    let server = world.sshd.server();
    let prefix = format!("sftp://{}@127.0.0.1:{}", server.username, server.port);
    assert_eq!(file.id, format!("{prefix}{}", shown(&path)));
    assert_eq!(file.folder, format!("{prefix}{}", shown(&world.outgoing())));
    assert_eq!((file.size, file.file_type.as_deref()), (Some(4), Some("csv")));
    let changed = fs::metadata(&path).unwrap().modified().unwrap();
    let changed = changed.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(file.updated_at.unwrap().as_second(), changed as i64);
    assert_eq!(file.version, format!("4-{changed}"));
    let folder = books.folders.lock().unwrap().values().next().unwrap().clone();
    assert_eq!((folder.parent, format!("/{}", folder.name)), (None, shown(&world.outgoing())));
    assert!(source.api_calls() > 0);
    let identity = source.sign_in().await.unwrap().identity;
    assert_eq!(identity.as_str(), format!("{}@127.0.0.1:{}", server.username, server.port));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_rules_take_is_found() {
    let world = World::new();
    let put = |name: &str, size: usize, hours: u64| {
        age(&world.put(name, vec![b'x'; size]), Duration::from_secs(hours * 3_600));
    };
    put("sales_1.csv", 10, 2);
    put("SALES_2.CSV", 10, 2);
    put("info.json", 10, 2);
    put("tiny.csv", 9, 2);
    put("young.csv", 10, 0);
    put("old.csv", 10, 50);
    put("note.txt", 10, 2);
    put("secret_1.csv", 10, 2);
    put(".hidden.csv", 10, 2);
    put("sales_3.csv.part", 10, 2);
    put("sales_4.csv~", 10, 2);
    let pick = Pick { exclude_patterns: vec!["secret*".into()], ..Pick::default() };
    let scope = FeedScope {
        patterns: vec!["*.{csv,json}".into()],
        min_bytes: 10,
        min_age: Duration::from_secs(3_600),
        max_age: Some(Duration::from_secs(48 * 3_600)),
        pick,
        ..world.scope()
    };
    let (books, source) = (Books::default(), world.source(scope));
    let mut names = books.names(&source).await;
    names.sort();
    assert_eq!(names, ["SALES_2.CSV", "info.json", "sales_1.csv"]);

    // Taken once, it stays, however old it gets.
    age(&world.path("info.json"), Duration::from_secs(47 * 3_600));
    books.names(&source).await;
    let later = FeedScope { max_age: Some(Duration::from_secs(3_600)), ..world.scope() };
    let names = books.names(&world.source(later)).await;
    assert!(names.contains(&"info.json".to_owned()), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn subfolders_are_entered_if_that_is_wanted() {
    let world = World::new();
    for n in 0..30 {
        world.put(&format!("d{n}/e/a.csv"), "x");
        world.put(&format!("d{n}/a.csv"), "x");
    }
    world.put("top.csv", "x");
    world.put(".snapshot/a.csv", "x");
    assert_eq!(Books::default().names(&world.source(world.scope())).await, ["top.csv"]);

    let books = Books::default();
    let source = world.source(FeedScope { include_subfolders: true, ..world.scope() });
    assert_eq!(books.names(&source).await.len(), 61);
    assert_eq!(books.folders.lock().unwrap().len(), 61);
    // The same a second time, and what is gone is gone.
    fs::remove_dir_all(world.path("d7")).unwrap();
    assert_eq!(books.names(&source).await.len(), 59);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_lead_to_files_and_not_into_folders() {
    let world = World::new();
    let target = world.sshd.root().join("elsewhere.csv");
    fs::write(&target, "linked").unwrap();
    symlink(&target, world.path("link.csv")).unwrap();
    symlink(world.outgoing(), world.path("loop")).unwrap();
    symlink("nowhere", world.path("dangling.csv")).unwrap();
    symlink("self.csv", world.path("self.csv")).unwrap();
    world.put("sub/a.csv", "x");
    let _socket = UnixListener::bind(world.path("socket.csv")).unwrap();
    let books = Books::default();
    let source = world.source(FeedScope { include_subfolders: true, ..world.scope() });
    let walked = books.walk(&source).await.unwrap();
    assert_eq!(walked.failures, []);
    assert_eq!(walked.notices, ["1 links to folders are not entered"]);
    assert_eq!(books.file("link.csv").size, Some(6));
    assert_eq!(books.files.lock().unwrap().len(), 2, "the link, and what lies in the folder");
    // It is said once.
    assert_eq!(books.walk(&source).await.unwrap().notices, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_may_be_named_from_where_the_login_ends_up() {
    let world = World::with(Sshd::options());
    world.put("a.csv", "x");
    // internal-sftp begins in the user's home.
    let home = std::env::home_dir().unwrap();
    let up = home.components().skip(1).map(|_| "../").collect::<String>();
    let directory = format!("{up}{}", &shown(&world.outgoing())[1..]);
    let books = Books::default();
    let source = world.source(FeedScope { directory, ..world.scope() });
    assert_eq!(books.names(&source).await, ["a.csv"]);
    assert!(books.file("a.csv").id.ends_with(&shown(&world.path("a.csv"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_there_is_never_an_empty_one() {
    let world = World::new();
    world.put("a.csv", "x");
    let books = Books::default();
    books.names(&world.source(world.scope())).await;
    for (directory, class) in [
        (format!("{}x", world.scope().directory), FailureClass::NotFound),
        (shown(&world.path("a.csv")), FailureClass::Misconfigured),
    ] {
        let source = world.source(FeedScope { directory, ..world.scope() });
        let failure = books.walk(&source).await.unwrap_err();
        assert_eq!(failure.class, class, "{failure}");
        assert!(failure.to_string().contains("correct `directory`"), "{failure}");
        assert_eq!(source.peek(3).await.unwrap_err().class, class);
    }
    assert_eq!(books.files.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_that_is_refused_is_a_failure() {
    let world = World::with(Sshd::options().deny("opendir"));
    world.put("a.csv", "x");
    let failure = Books::default().walk(&world.source(world.scope())).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Refused, "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_moved_away_is_not_found_again() {
    let world = World::new();
    world.put("a.csv", "x");
    world.put("done/b.csv", "x");
    world.put("eu/done/c.csv", "x");
    let after_fetch = AfterFetch::Move("done".into());
    let scope = FeedScope { include_subfolders: true, after_fetch, ..world.scope() };
    let names = Books::default().names(&world.source(scope)).await;
    assert_eq!(names, ["a.csv", "c.csv"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_host_key_ends_it_before_anything() {
    let world = World::new();
    let mut server = world.sshd.server();
    server.host_key = HostKeyPolicy::Pinned(vec![format!("SHA256:{}", "A".repeat(43))]);
    let source = source(server, world.scope());
    for failure in
        [source.sign_in().await.unwrap_err(), Books::default().walk(&source).await.unwrap_err()]
    {
        assert_eq!(failure.class, FailureClass::HostKey, "{failure}");
    }
    assert_eq!(source.api_calls(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_names_are_had_without_waiting() {
    let world = World::new();
    for name in ["a.csv", "sub/b.csv", "sub/.c.csv", "d.txt"] {
        world.put(name, "x");
    }
    let scope = FeedScope {
        patterns: vec!["*.csv".into()],
        include_subfolders: true,
        settle: Duration::from_secs(600),
        ..world.scope()
    };
    let source = world.source(scope);
    assert_eq!(source.peek(10).await.unwrap(), ["a.csv", "sub/b.csv"]);
    assert_eq!(source.peek(1).await.unwrap(), ["a.csv"]);
    assert_eq!(source.projects().await.unwrap(), []);
}
