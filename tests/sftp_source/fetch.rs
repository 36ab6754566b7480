//! A file's bytes.

use std::fs;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use transship::model::{FailureClass, FeedScope, Retry, SshServer};
use transship::sources::RegisterSource;
use transship::transport::sftp::SpreadFrom;

use crate::far::Wire;
use crate::sink::Memory;
use crate::support::proxy::{Cut, Proxy, Way};
use crate::world::{Beside, Books, World, age, source};

fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i ^ (i >> 8) ^ (i >> 16)) as u8).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_every_size_arrive_side_by_side() {
    let world = World::new();
    let sizes = [0, 1, 32_767, 261_120, 261_121, 5 << 20];
    for size in sizes {
        world.put(&format!("{size}.bin"), bytes(size));
    }
    let (books, source) = (Books::default(), world.source(world.scope()));
    books.names(&source).await;
    let fetches = sizes.iter().cycle().take(30).map(|size| {
        let (books, source) = (&books, &source);
        async move {
            let mut sink = Memory::default();
            let content = books.content(&format!("{size}.bin"));
            source.fetch(&content, &mut sink, &CancellationToken::new()).await.unwrap();
            assert!(sink.bytes == bytes(*size), "{size}");
            let head = &sink.heads[0];
            assert_eq!((head.total, head.offset), (Some(*size as u64), 0));
            assert_eq!(head.etag, Some(books.file(&format!("{size}.bin")).version));
        }
    });
    futures::future::join_all(fetches).await;
    assert!(world.sshd.connection_count() <= 4, "{}", world.sshd.connection_count());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_here_of_the_same_version_is_continued() {
    let world = World::new();
    let size = 1_000_000;
    world.put("a.bin", bytes(size));
    let (books, source) = (Books::default(), world.source(world.scope()));
    books.names(&source).await;
    let (content, version) = (books.content("a.bin"), books.file("a.bin").version);
    for (here, etag, offset) in [
        (400_000, version.as_str(), 400_000),
        (size, &version, size),
        (400_000, "another", 0),
        (size + 1, &version, 0),
    ] {
        let mut sink = Memory::holding(&vec![b'?'; here], etag);
        if offset > 0 {
            sink.bytes = bytes(size)[..here].to_vec();
        }
        source.fetch(&content, &mut sink, &CancellationToken::new()).await.unwrap();
        assert!(sink.bytes == bytes(size), "{here} {etag}");
        assert_eq!(sink.offsets(), [offset as u64]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changed_since_it_was_listed_is_not_fetched() {
    let world = World::new();
    let path = world.put("a.bin", bytes(100_000));
    age(&path, Duration::from_secs(50));
    let (books, source) = (Books::default(), world.source(world.scope()));
    books.names(&source).await;
    let content = books.content("a.bin");
    type Change<'c> = &'c dyn Fn();
    let changes: [(&str, Change); 3] = [
        ("longer", &|| fs::write(&path, bytes(100_001)).unwrap()),
        ("shorter", &|| fs::write(&path, bytes(10)).unwrap()),
        ("touched", &|| {
            fs::write(&path, bytes(100_000)).unwrap();
        }),
    ];
    for (what, change) in changes {
        change();
        let mut sink = Memory::default();
        let outcome = source.fetch(&content, &mut sink, &CancellationToken::new()).await;
        let failure = outcome.unwrap_err();
        assert_eq!(failure.class, FailureClass::Damaged, "{what}: {failure}");
        assert!(matches!(failure.retry, Retry::After(_)), "{what}: {failure}");
        assert!(failure.to_string().contains("changed while it was fetched"), "{failure}");
    }
    fs::remove_file(&path).unwrap();
    let outcome = source.fetch(&content, &mut Memory::default(), &CancellationToken::new()).await;
    assert_eq!(outcome.unwrap_err().class, FailureClass::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_while_it_is_fetched_is_thrown_away() {
    let world = World::new();
    let size = 40 << 20;
    let path = world.put("a.bin", bytes(size));
    age(&path, Duration::from_secs(50));
    let (books, source) = (Books::default(), world.source(world.scope()));
    books.names(&source).await;
    // It is written to all the time, from the moment at which the first bytes are here.
    let (began, begun) = std::sync::mpsc::channel::<()>();
    let writer = Beside::doing(move || {
        if begun.recv_timeout(Duration::from_millis(1)).is_ok() {
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(std::time::SystemTime::now()).unwrap();
        }
    });
    let mut sink = Telling { memory: Memory::default(), began };
    let outcome = source.fetch(&books.content("a.bin"), &mut sink, &CancellationToken::new()).await;
    drop(writer);
    let failure = outcome.unwrap_err();
    assert_eq!(failure.class, FailureClass::Damaged, "{failure}");
    assert_eq!((sink.memory.bytes.len(), sink.memory.etag), (0, None), "nothing is continued");
}

/// Says when bytes come.
struct Telling {
    memory: Memory,
    began: std::sync::mpsc::Sender<()>,
}

#[async_trait::async_trait]
impl transship::sources::ContentSink for Telling {
    fn resume(&self) -> Option<transship::sources::Resume> {
        None
    }

    async fn begin(
        &mut self,
        head: transship::sources::ContentHead,
    ) -> Result<(), transship::model::Failure> {
        self.memory.begin(head).await
    }

    async fn write(&mut self, chunk: bytes::Bytes) -> Result<(), transship::model::Failure> {
        let _ = self.began.send(());
        self.memory.write(chunk).await
    }
}

/// Wherever the wire is cut, what arrived is worth continuing, and in the end it is whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_goes_on_where_it_was_cut() {
    let world = World::new();
    let size = 2 << 20;
    world.put("a.bin", bytes(size));
    let mut continued = 0;
    for at in (20..90).step_by(10) {
        let proxy = Proxy::start(world.sshd.port(), Cut { at, way: Way::AnswerLost }).await;
        let mut server = world.sshd.server();
        server.port = proxy.port();
        let source = source(server, world.scope());
        let books = Books::default();
        // The walk itself may be what is cut: it lists once more.
        books.names(&source).await;
        let content = books.content("a.bin");
        let mut sink = Memory::default();
        let mut tries = 0;
        while let Err(failure) = source.fetch(&content, &mut sink, &CancellationToken::new()).await
        {
            assert_eq!(failure.class, FailureClass::Network, "{failure}");
            tries += 1;
            assert!(tries < 3, "{failure}");
        }
        assert!(sink.bytes == bytes(size), "cut at {at}");
        continued += u32::from(sink.offsets().last().is_some_and(|offset| *offset > 0));
    }
    assert!(continued > 0, "no cut hit the content");
}

/// Over several sessions, too, only the beginning of the file is ever there, and a session
/// that is lost is done without.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_comes_over_several_sessions_wherever_they_are_cut() {
    let world = World::new();
    let size = (6 << 20) + 5;
    world.put("a.bin", bytes(size));
    let signed_in = || world.sshd.log().matches("Accepted publickey").count();
    let (mut continued, mut most) = (0, 0);
    for at in (20..320).step_by(20) {
        let before = signed_in();
        let wire = Wire::to(world.sshd.port(), Duration::from_millis(12)).await;
        let proxy = Proxy::start(wire.port(), Cut { at, way: Way::AnswerLost }).await;
        let server = SshServer { port: proxy.port(), ..world.sshd.server() };
        let near = u64::MAX;
        let from = SpreadFrom { size: 1 << 20, round_trip: Duration::from_millis(5), near };
        let source = source(server, world.scope()).with_spread(from);
        let books = Books::default();
        books.names(&source).await;
        let (content, mut sink) = (books.content("a.bin"), Memory::default());
        let mut tries = 0;
        while let Err(failure) = source.fetch(&content, &mut sink, &CancellationToken::new()).await
        {
            assert_eq!(failure.class, FailureClass::Network, "{failure}");
            // What is there is the beginning, without holes.
            assert!(bytes(size).starts_with(&sink.bytes), "cut at {at}");
            tries += 1;
            assert!(tries < 3, "{failure}");
        }
        assert!(sink.bytes == bytes(size), "cut at {at}");
        continued += u32::from(sink.offsets().last().is_some_and(|offset| *offset > 0));
        most = most.max(signed_in() - before);
    }
    assert!(continued > 0, "no cut hit the content of the first session");
    assert!(most > 2, "no more than {most} sessions");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_ends_when_everything_stops() {
    let world = World::new();
    world.put("a.bin", bytes(100_000));
    let (books, source) = (Books::default(), world.source(world.scope()));
    books.names(&source).await;
    world.sshd.freeze_connections();
    let cancel = CancellationToken::new();
    let (content, mut sink) = (books.content("a.bin"), Memory::default());
    let fetch = source.fetch(&content, &mut sink, &cancel);
    let stop = async {
        tokio::task::yield_now().await;
        cancel.cancel();
    };
    let (outcome, ()) = tokio::join!(fetch, stop);
    assert_eq!(outcome.unwrap_err().class, FailureClass::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_lost_in_the_middle_of_a_walk_is_a_failure() {
    let mut world = World::new();
    for n in 0..20 {
        world.put(&format!("d{n}/a.csv"), "x");
    }
    let scope = FeedScope { include_subfolders: true, ..world.scope() };
    // Cut: the walk goes on over another session, and sees everything.
    let source = world.source(scope.clone());
    let cut = {
        let once = std::sync::Once::new();
        let sshd = &world.sshd;
        let books = Books::default();
        assert_eq!(books.names(&source).await.len(), 20);
        once.call_once(|| sshd.cut_connections());
        books.names(&source).await.len()
    };
    assert_eq!(cut, 20);
    // Gone: what is in the books stays.
    let books = Books::default();
    books.names(&source).await;
    world.sshd.stop();
    let failure = books.walk(&source).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Network, "{failure}");
    assert_eq!(books.files.lock().unwrap().len(), 20);
}
