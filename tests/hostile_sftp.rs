//! Servers that answer late, out of order, in small pieces, or with nonsense.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use support::sftp_stand::{Answers, serve_sftp};
use tokio_util::sync::CancellationToken;
use transship::model::FailureClass;
use transship::transport::pace::Pace;
use transship::transport::sftp::wire::{Attrs, OpenFlags, Reply, Request, Status, StatusCode};
use transship::transport::sftp::{RemoteFile, SftpError, SftpSession, TransferError, Upload};

/// What the server does about one request.
enum Act {
    Reply(Reply),
    Bytes(Vec<u8>),
    /// Answers only after the following requests, in reverse order, once there
    /// are this many.
    Gather(usize, Reply),
    Close,
}

/// What a test is about, and what the server does there.
type Case = (&'static str, fn(u32) -> Act);

type Behaviour = dyn Fn(u32, &Request) -> Act + Send + Sync;

#[derive(Clone)]
struct Server {
    behaviour: Arc<Behaviour>,
    gathered: Vec<(u32, Reply)>,
}

impl Answers for Server {
    fn answer(&mut self, id: u32, request: &Request, out: &mut BytesMut) -> bool {
        match (self.behaviour)(id, request) {
            Act::Reply(reply) => reply.encode(id, out),
            Act::Bytes(bytes) => out.extend_from_slice(&bytes),
            Act::Gather(count, reply) => {
                self.gathered.push((id, reply));
                if self.gathered.len() == count {
                    while let Some((id, reply)) = self.gathered.pop() {
                        reply.encode(id, out);
                    }
                }
            }
            Act::Close => return false,
        }
        true
    }
}

/// A session with a server that greets properly and then does as `behaviour` says.
async fn session(
    behaviour: impl Fn(u32, &Request) -> Act + Send + Sync + 'static,
) -> Result<SftpSession, transship::model::Failure> {
    let behaviour = move |id, request: &Request| match request {
        Request::Init { .. } => Act::Reply(Reply::Version { version: 3, extensions: vec![] }),
        request => behaviour(id, request),
    };
    connect(behaviour).await
}

async fn connect(
    behaviour: impl Fn(u32, &Request) -> Act + Send + Sync + 'static,
) -> Result<SftpSession, transship::model::Failure> {
    let behaviour = Arc::new(behaviour);
    let server = Server { behaviour, gathered: Vec::new() };
    SftpSession::connect(&serve_sftp(server).await).await
}

fn attrs(size: u64) -> Reply {
    Reply::Attrs(Attrs { size: Some(size), ..Attrs::default() })
}

fn packet(id: u32, reply: &Reply) -> Vec<u8> {
    let mut out = BytesMut::new();
    reply.encode(id, &mut out);
    out.to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_ends_the_session_with_a_protocol_failure() {
    let cases: [Case; 7] = [
        ("an answer to nothing", |id| Act::Bytes(packet(id + 1, &attrs(1)))),
        ("a handle for attributes", |_| Act::Reply(Reply::Handle(Bytes::new()))),
        ("an unknown packet type", |id| {
            let mut bytes = packet(id, &attrs(1));
            bytes[4] = 77;
            Act::Bytes(bytes)
        }),
        ("a packet cut short inside", |id| {
            let mut bytes = packet(id, &attrs(1));
            bytes[3] -= 1;
            Act::Bytes(bytes[..bytes.len() - 1].to_vec())
        }),
        ("4 GiB announced", |_| Act::Bytes(vec![0xff; 64])),
        ("an empty packet", |_| Act::Bytes(vec![0; 4])),
        ("a web page", |_| Act::Bytes(b"HTTP/1.1 502 Bad Gateway\r\n\r\n".to_vec())),
    ];
    for (what, act) in cases {
        let session = session(move |id, _| act(id)).await.unwrap();
        match session.stat(b"/").await {
            Err(SftpError::Lost(failure)) => {
                assert_eq!(failure.class, FailureClass::Protocol, "{what}: {failure}");
            }
            outcome => panic!("{what}: {outcome:?}"),
        }
        // Nothing that it says later is believed.
        assert!(matches!(session.stat(b"/").await, Err(SftpError::Lost(_))), "{what}");
        assert!(session.is_lost(), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_greeting_of_another_kind_is_refused() {
    let refused = Status { code: StatusCode::FAILURE, message: Bytes::from_static(b"not you") };
    let refused = Reply::Status(refused);
    let newer = Reply::Version { version: 6, extensions: vec![] };
    for (greeting, class) in [
        (packet(0, &newer), FailureClass::Protocol),
        (packet(0, &refused), FailureClass::Refused),
        (b"This account is not available.\n".to_vec(), FailureClass::Protocol),
    ] {
        let greet = move |_: u32, _: &Request| Act::Bytes(greeting.clone());
        let failure = connect(greet).await.err().expect("no session");
        assert_eq!(failure.class, class, "{failure}");
    }
    let failure = connect(|_, _| Act::Close).await.err().expect("no session");
    assert_eq!(failure.class, FailureClass::Network, "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_learns_that_the_channel_was_closed() {
    let session = session(|_, request| match request {
        Request::Stat { .. } => Act::Gather(100, attrs(1)),
        _ => Act::Close,
    });
    let session = session.await.unwrap();
    let (a, b, c) =
        tokio::join!(session.stat(b"/a"), session.stat(b"/b"), session.lstat(b"/close"));
    for outcome in [a, b, c] {
        let Err(SftpError::Lost(failure)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(failure.class, FailureClass::Network, "{failure}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_find_their_requests_in_any_order() {
    let session = session(|_, request| match request {
        Request::Stat { path } => Act::Gather(50, attrs(path.len() as u64)),
        _ => Act::Close,
    });
    let session = session.await.unwrap();
    let asked = (0..50).map(|length| {
        let session = &session;
        async move { session.stat(&vec![b'x'; length]).await.unwrap().size.unwrap() }
    });
    let sizes = futures::future::join_all(asked).await;
    assert_eq!(sizes, (0..50).collect::<Vec<u64>>());
}

/// Serves one file of `size` bytes, at most `piece` of them at a time.
fn file_server(size: usize, piece: usize) -> impl Fn(u32, &Request) -> Act + Send + Sync {
    let content: Vec<u8> = content(size);
    move |_, request| match request {
        Request::Open { .. } => Act::Reply(Reply::Handle(Bytes::from_static(b"h"))),
        Request::Read { offset, length, .. } => {
            let start = (*offset as usize).min(size);
            let end = (start + (*length as usize).min(piece)).min(size);
            Act::Reply(match &content[start..end] {
                [] => Reply::Status(Status::new(StatusCode::EOF)),
                data => Reply::Data(Bytes::copy_from_slice(data)),
            })
        }
        _ => Act::Reply(Reply::Status(Status::new(StatusCode::OK))),
    }
}

fn content(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i ^ (i >> 8)) as u8).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_in_small_pieces_is_whole() {
    for (size, piece) in [(0, 1), (1, 1), (40_000, 999), (32_768, 32_768), (100_000, 32_767)] {
        let session = session(file_server(size, piece)).await.unwrap();
        let flags = OpenFlags::READ;
        let file = RemoteFile::open(&session, "/f".into(), flags, Attrs::default()).await.unwrap();
        let (mut arrived, cancel) = (Vec::new(), CancellationToken::new());
        let count = file.download(0, &mut arrived, &cancel).await.unwrap();
        assert_eq!(count, size as u64);
        assert!(arrived == content(size), "{size} bytes in pieces of {piece}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_data_than_asked_for_is_refused() {
    let session = session(|_, request| match request {
        Request::Open { .. } => Act::Reply(Reply::Handle(Bytes::from_static(b"h"))),
        _ => Act::Reply(Reply::Data(Bytes::from(vec![0; 100_000]))),
    });
    let session = session.await.unwrap();
    let flags = OpenFlags::READ;
    let file = RemoteFile::open(&session, "/f".into(), flags, Attrs::default()).await.unwrap();
    let outcome = file.download(0, &mut tokio::io::sink(), &CancellationToken::new()).await;
    let Err(TransferError::Sftp(SftpError::Lost(failure))) = outcome else { panic!("{outcome:?}") };
    assert_eq!(failure.class, FailureClass::Protocol);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_write_stops_the_upload_with_the_servers_words() {
    let session = session(|_, request| match request {
        Request::Open { .. } => Act::Reply(Reply::Handle(Bytes::from_static(b"h"))),
        Request::Write { offset, .. } if *offset > 0 => Act::Reply(Reply::Status(Status {
            code: StatusCode::QUOTA_EXCEEDED,
            message: Bytes::from_static(b"\x1b[2Jno more for you"),
        })),
        _ => Act::Reply(Reply::Status(Status::new(StatusCode::OK))),
    });
    let session = session.await.unwrap();
    let flags = OpenFlags::CREATE_NEW;
    let file = RemoteFile::open(&session, "/f".into(), flags, Attrs::default()).await.unwrap();
    let local = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(local.path(), content(1_000_000)).unwrap();
    let cancel = CancellationToken::new();
    let pace = Pace::default();
    let (size, acknowledged) = (1_000_000, &|_| {});
    let upload = Upload {
        local: local.path(),
        size,
        sha256: None,
        pace: &pace,
        acknowledged,
        cancel: &cancel,
    };
    let outcome = file.upload(&upload).await;
    let failure = outcome.unwrap_err().into_failure("uploading", "/f");
    assert_eq!(failure.class, FailureClass::Full);
    assert!(failure.to_string().contains("\\u{1b}[2Jno more for you"), "{failure}");
}
