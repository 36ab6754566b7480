//! Contents of files.

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::sink::Memory;
use super::*;
use transship::sources::google_drive::DriveSource;

const CONTENT: &[u8] = b"0123456789abcdefghij";

fn one_file() -> World {
    let mut world = grove(0);
    world.put("f", Item { name: "f.bin".into(), content: CONTENT.to_vec(), ..file(&["r"]) });
    world
}

fn md5_of(bytes: &[u8]) -> String {
    format!("{:x}", md5::compute(bytes))
}

fn wanted() -> Value {
    json!({"id": "f", "md5": md5_of(CONTENT), "size": CONTENT.len()})
}

fn etag() -> String {
    format!("md5:{}", md5_of(CONTENT))
}

async fn fetch(source: &DriveSource, content: &Value, sink: &mut Memory) -> Result<(), Failure> {
    source.fetch(content, sink, &CancellationToken::new()).await
}

#[tokio::test]
async fn what_was_listed_is_what_arrives() {
    let stand = Stand::of(one_file()).await;
    let (register, source) = (Register::default(), stand.source(scope("r")));
    register.walk(&source, false).await.unwrap();
    let Content::Fetchable(content) = register.file("f").content else { panic!() };
    assert_eq!(content, wanted());
    let mut sink = Memory::default();
    let units = source.quota_used();
    fetch(&source, &content, &mut sink).await.unwrap();
    assert_eq!(source.quota_used() - units, 200);
    assert_eq!(sink.bytes, CONTENT);
    let head = &sink.heads[0];
    assert_eq!((head.total, head.etag.clone(), head.offset), (Some(20), Some(etag()), 0));
    let get = stand.server.seen().into_iter().find(Request::is_media).unwrap();
    assert_eq!(get.path, "/drive/v3/files/f");
    assert_eq!(get.param("supportsAllDrives"), Some("true"));
    assert_eq!((get.header("accept-encoding"), get.header("range")), (Some("identity"), None));
}

#[tokio::test]
async fn an_empty_file_is_a_file() {
    let mut world = grove(0);
    world.put("f", Item { name: "empty".into(), ..file(&["r"]) });
    let stand = Stand::of(world).await;
    let mut sink = Memory::default();
    let content = json!({"id": "f", "md5": md5_of(b""), "size": 0});
    fetch(&stand.source(scope("r")), &content, &mut sink).await.unwrap();
    assert_eq!((sink.bytes.len(), sink.offsets()), (0, vec![0]));
    assert_eq!(stand.server.count(|r| r.header("range").is_some()), 0);
}

#[tokio::test]
async fn content_that_breaks_off_goes_on_where_it_stopped() {
    let over = counted(Request::is_media, |r, n| match n {
        0 => Some(Answer::Cut(200, vec![], 20, CONTENT[..5].to_vec())),
        1 => Some(error(503, "backendError", "")),
        2 => {
            assert_eq!(r.header("range"), Some("bytes=5-"));
            let range = ("content-range", "bytes 5-19/20".to_owned());
            Some(Answer::Cut(206, vec![range], 15, CONTENT[5..12].to_vec()))
        }
        _ => None,
    });
    let stand = Stand::with(one_file(), Manners::default(), over).await;
    let mut sink = Memory::default();
    fetch(&stand.source(scope("r")), &wanted(), &mut sink).await.unwrap();
    assert_eq!(sink.bytes, CONTENT);
    assert_eq!(sink.offsets(), [0, 5, 12]);

    // Always: a failure in the end. Without a checksum nothing tells that the rest is
    // the same file's.
    for (content, offsets) in
        [(wanted(), vec![0, 5, 5, 5, 5]), (json!({"id": "f", "size": 20}), vec![0; 5])]
    {
        let over = counted(Request::is_media, |r, _| match r.header("range") {
            None => Some(Answer::Cut(200, vec![], 20, CONTENT[..5].to_vec())),
            Some(_) => {
                let range = ("content-range", "bytes 5-19/20".to_owned());
                Some(Answer::Cut(206, vec![range], 15, vec![]))
            }
        });
        let stand = Stand::with(one_file(), Manners::default(), over).await;
        let mut sink = Memory::default();
        let failure = fetch(&stand.source(scope("r")), &content, &mut sink).await.unwrap_err();
        assert_eq!(failure.class, C::Network, "{failure}");
        assert!(failure.to_string().contains("5 of 20 bytes arrived"), "{failure}");
        assert_eq!(sink.offsets(), offsets);
    }
}

#[tokio::test]
async fn what_an_earlier_attempt_left_is_continued_only_if_it_is_the_same() {
    for (here, its_etag, replays, offsets, gets) in [
        (&CONTENT[..7], etag(), true, vec![7], 1),
        // It cannot be read again: the service is asked whether the file still is the same.
        (&CONTENT[..7], etag(), false, vec![7], 1),
        // Of another version, or of no known one.
        (&b"another"[..], "md5:0".into(), true, vec![0], 1),
        // All of it is here: only checked.
        (CONTENT, etag(), true, vec![20], 0),
        // More than there is.
        (&[CONTENT, CONTENT].concat()[..], etag(), true, vec![0], 1),
    ] {
        let stand = Stand::of(one_file()).await;
        let mut sink = Memory { replays, ..Memory::holding(here, &its_etag) };
        fetch(&stand.source(scope("r")), &wanted(), &mut sink).await.unwrap();
        assert_eq!((&sink.bytes[..], sink.offsets()), (CONTENT, offsets));
        assert_eq!(stand.server.count(Request::is_media), gets);
        assert_eq!(stand.server.count(Request::is_get), usize::from(!replays));
    }
    // What is here is damaged: found out, and thrown away.
    let stand = Stand::of(one_file()).await;
    let mut sink = Memory { replays: true, ..Memory::holding(b"0123X56", &etag()) };
    let failure = fetch(&stand.source(scope("r")), &wanted(), &mut sink).await.unwrap_err();
    assert_eq!(failure.class, C::Damaged, "{failure}");
    assert_eq!((sink.bytes.len(), sink.etag.clone()), (0, None), "nothing of it is resumed");
}

#[tokio::test]
async fn a_range_that_does_not_fit_is_not_taken() {
    for wrong in ["bytes 8-19/20", "bytes 0-19/20", "bytes 7-18/20", "nonsense"] {
        let over = counted(Request::is_media, move |_, n| {
            let headers = [("content-range", wrong)];
            (n == 0).then(|| reply_with(206, &headers, &CONTENT[7..]))
        });
        let stand = Stand::with(one_file(), Manners::default(), over).await;
        let mut sink = Memory { replays: true, ..Memory::holding(&CONTENT[..7], &etag()) };
        fetch(&stand.source(scope("r")), &wanted(), &mut sink).await.unwrap();
        assert_eq!((&sink.bytes[..], sink.offsets()), (CONTENT, vec![0]), "{wrong}");
    }
    // A server that ignores ranges.
    let over = |r: &Request| r.is_media().then(|| reply(200, CONTENT));
    let stand = Stand::with(one_file(), Manners::default(), over).await;
    let mut sink = Memory::holding(&CONTENT[..7], &etag());
    fetch(&stand.source(scope("r")), &wanted(), &mut sink).await.unwrap();
    assert_eq!((&sink.bytes[..], sink.offsets()), (CONTENT, vec![0]));
}

#[tokio::test]
async fn what_is_not_what_was_listed_is_not_taken_for_it() {
    // Changed to another size, to other bytes of the same size, and damaged on the way.
    let other: &[u8] = b"9876543210jihgfedcba";
    for (now, sent, words, retried) in [
        (&b"short"[..], &b"short"[..], "it has 5 bytes, and not 20", false),
        (other, other, "its checksum is another one now", false),
        (CONTENT, other, "and not", true),
    ] {
        let mut world = one_file();
        world.change("f", |item| item.content = now.to_vec());
        let body = sent.to_vec();
        let stand =
            Stand::with(world, Manners::default(), move |r| r.is_media().then(|| media(r, &body)))
                .await;
        let mut sink = Memory::default();
        let failure = fetch(&stand.source(scope("r")), &wanted(), &mut sink).await.unwrap_err();
        assert_eq!(failure.class, C::Damaged, "{failure}");
        assert!(failure.to_string().contains(words), "{failure}");
        assert_eq!(failure.to_string().contains("changed since it was listed"), !retried);
        assert_eq!(failure.retry == Retry::Backoff, retried, "{failure}");
        assert!(sink.bytes.is_empty() && sink.etag.is_none());
    }
    // It changed between two attempts, and what is here cannot be read again.
    let mut world = one_file();
    world.change("f", |item| item.content = other.to_vec());
    let stand = Stand::of(world).await;
    let mut sink = Memory::holding(&CONTENT[..7], &etag());
    let failure = fetch(&stand.source(scope("r")), &wanted(), &mut sink).await.unwrap_err();
    assert!(failure.to_string().contains("changed since it was listed"), "{failure}");
}

#[tokio::test]
async fn refusals_of_contents() {
    for (answer, class, retry) in [
        (error(404, "notFound", "File not found: f."), C::NotFound, Some(Retry::Backoff)),
        (error(403, "downloadQuotaExceeded", "too often"), C::Full, None),
        (error(403, "dailyLimitExceeded", "enough"), C::Full, None),
        (error(403, "cannotDownloadAbusiveFile", "malware"), C::Refused, Some(Retry::Never)),
        (error(403, "cannotDownloadFile", "no"), C::Refused, Some(Retry::Backoff)),
        (reply(204, ""), C::Protocol, Some(Retry::Backoff)),
        (
            reply_with(200, &[("content-encoding", "gzip")], [0x1f, 0x8b]),
            C::Protocol,
            Some(Retry::Never),
        ),
    ] {
        let given = answer.clone();
        let stand = Stand::with(one_file(), Manners::default(), move |r| {
            r.is_media().then(|| given.clone())
        })
        .await;
        let mut sink = Memory::default();
        let failure = fetch(&stand.source(scope("r")), &wanted(), &mut sink).await.unwrap_err();
        assert_eq!(failure.class, class, "{answer:?}: {failure}");
        match retry {
            Some(retry) => assert_eq!(failure.retry, retry, "{failure}"),
            None => assert!(matches!(failure.retry, Retry::After(p) if p.as_secs() >= 3600)),
        }
        assert_eq!(stand.server.count(Request::is_media), 1);
        assert!(sink.heads.is_empty());
    }
    let stand = Stand::of(one_file()).await;
    let source = stand.source(scope("r"));
    let failure = fetch(&source, &json!({"x": 1}), &mut Memory::default()).await.unwrap_err();
    assert_eq!(failure.class, C::Bug);
}

#[tokio::test]
async fn a_token_for_metadata_is_widened_for_contents() {
    let stand = Stand::of(one_file()).await;
    let source = DriveSource::new(stand.account(), scope("r"), false);
    source.sign_in().await.unwrap();
    let mut sink = Memory::default();
    fetch(&source, &wanted(), &mut sink).await.unwrap();
    assert_eq!((&sink.bytes[..], stand.server.count(Request::is_token)), (CONTENT, 2));
}

#[tokio::test]
async fn stop_is_heard_wherever_a_fetch_waits() {
    for waiting in [Request::is_token as fn(&Request) -> bool, Request::is_media] {
        let cancel = CancellationToken::new();
        let stop = cancel.clone();
        let stand = Stand::with(one_file(), Manners::default(), move |r| {
            waiting(r).then(|| {
                stop.cancel();
                Answer::Hang
            })
        })
        .await;
        let source = stand.source(scope("r"));
        let failure = source.fetch(&wanted(), &mut Memory::default(), &cancel).await.unwrap_err();
        assert_eq!(failure.class, C::Cancelled);
    }
}
