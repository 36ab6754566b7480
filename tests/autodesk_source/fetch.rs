//! The bytes of a version.

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use transship::model::{Failure, FailureClass as C, Retry};
use transship::sources::RegisterSource;

use super::counted;
use super::service::*;

/// SHA-1 of [`CONTENT`].
const SHA1: &str = "7c8e1dc5a4fd22f1311a7a1f3e3401215c0ccab3";

async fn fetch(service: &Service, sink: &mut Memory) -> Result<(), Failure> {
    let content = json!({"bucket": "wip.dm.prod", "key": "a b/ü?.pdf", "size": 20, "version": "v"});
    service.source().fetch(&content, sink, &CancellationToken::new()).await
}

/// The reply to a question for the address of the content.
fn asked(r: &Request, change: impl FnOnce(&mut Value)) -> Option<Answer> {
    r.is_ask().then(|| {
        let url = store_url(r, "/store/x");
        let mut json = json!({"status": "complete", "url": url, "size": 20, "params": {}});
        change(&mut json);
        reply(200, json.to_string())
    })
}

#[tokio::test]
async fn content_arrives_without_the_token_going_along() {
    let service = Service::new(World::new()).await;
    let mut sink = Memory::default();
    fetch(&service, &mut sink).await.unwrap();
    assert_eq!(sink.bytes, CONTENT);
    let head = &sink.heads[0];
    assert_eq!((head.total, head.etag.as_deref()), (Some(20), Some("\"v1\"")));
    let seen = service.server.seen();
    let ask = seen.iter().find(|r| r.is_ask()).unwrap();
    assert!(ask.path.contains("/a%20b%2F%C3%BC%3F.pdf/"), "{}", ask.path);
    let store = seen.iter().find(|r| r.is_store()).unwrap();
    assert_eq!(store.header("authorization"), None);
}

#[tokio::test]
async fn what_is_here_is_continued() {
    let service = Service::new(World::new()).await;
    let mut sink = Memory::holding(&CONTENT[..7], "\"v1\"");
    fetch(&service, &mut sink).await.unwrap();
    assert_eq!(sink.bytes, CONTENT);
    assert_eq!(sink.heads[0].offset, 7);
    // Of another version: anew.
    let mut sink = Memory::holding(&CONTENT[..7], "\"v0\"");
    fetch(&service, &mut sink).await.unwrap();
    assert_eq!((sink.bytes.as_slice(), sink.heads[0].offset), (CONTENT, 0));
}

#[tokio::test]
async fn content_that_breaks_off_goes_on() {
    let service = Service::with(
        World::new(),
        counted(Request::is_store, |_, n| (n == 0).then(|| cut(20, "\"v1\"", &CONTENT[..9]))),
    )
    .await;
    let mut sink = Memory::default();
    fetch(&service, &mut sink).await.unwrap();
    assert_eq!(sink.bytes, CONTENT);
    assert_eq!(sink.heads.iter().map(|h| h.offset).collect::<Vec<_>>(), [0, 9]);
}

#[tokio::test]
async fn an_address_that_has_expired_is_asked_for_again() {
    let service = Service::with(
        World::new(),
        counted(Request::is_store, |_, n| {
            (n == 0).then(|| reply(403, "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"))
        }),
    )
    .await;
    let mut sink = Memory::default();
    fetch(&service, &mut sink).await.unwrap();
    assert_eq!((sink.bytes.as_slice(), service.server.count(Request::is_ask)), (CONTENT, 2));
    // Not for ever.
    let service = Service::with(World::new(), |r| r.is_store().then(|| reply(403, ""))).await;
    let failure = fetch(&service, &mut Memory::default()).await.unwrap_err();
    assert_eq!(failure.class, C::Refused);
    assert_eq!(service.server.count(Request::is_store), 2);
}

#[tokio::test]
async fn an_object_in_pieces_is_put_together() {
    let in_pieces = |r: &Request| {
        asked(r, |json| {
            json["status"] = "chunked".into();
            json["urls"] = json!({
                "12-19": store_url(r, "/store/12-20"), "0-4": store_url(r, "/store/0-5"),
                "5-11": store_url(r, "/store/5-12"),
            });
        })
    };
    let piece = |r: &Request, broken: bool| {
        let name = r.path.strip_prefix("/store/")?;
        let (start, end) = name.split_once('-')?;
        let (start, end): (usize, usize) = (start.parse().unwrap(), end.parse().unwrap());
        let piece = &CONTENT[start..end];
        let etag = format!("\"{start}\"");
        let from = r.header("range").map(|range| {
            range.trim_start_matches("bytes=").trim_end_matches('-').parse::<usize>().unwrap()
        });
        Some(match from {
            Some(from) => {
                assert_eq!(r.header("if-range"), Some(etag.as_str()));
                let range = format!("bytes {from}-{}/{}", piece.len() - 1, piece.len());
                reply_with(206, &[("ETag", &etag), ("Content-Range", &range)], &piece[from..])
            }
            None if broken && start == 5 => cut(piece.len(), &etag, &piece[..3]),
            None => reply_with(200, &[("ETag", &etag)], piece),
        })
    };
    for broken in [false, true] {
        let service =
            Service::with(World::new(), move |r| in_pieces(r).or_else(|| piece(r, broken))).await;
        let mut sink = Memory::default();
        fetch(&service, &mut sink).await.unwrap();
        assert_eq!(sink.bytes, CONTENT);
        assert!(sink.heads.iter().all(|head| head.total == Some(20) && head.etag.is_none()));
        assert_eq!(sink.heads.len(), if broken { 2 } else { 1 });
        // A part of the whole, by its validator, is no beginning of pieces.
        let mut sink = Memory::holding(&CONTENT[..7], "\"v1\"");
        fetch(&service, &mut sink).await.unwrap();
        assert_eq!((sink.bytes.as_slice(), sink.heads[0].offset), (CONTENT, 0));
    }
}

#[tokio::test]
async fn an_empty_object_needs_no_address() {
    let empty = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    for (sha1, fine) in [(empty, true), (SHA1, false)] {
        let service = Service::with(World::new(), move |r| {
            asked(r, |json| {
                *json = json!({"status": "chunked", "urls": {}, "size": 0, "sha1": sha1});
            })
        })
        .await;
        let mut sink = Memory::holding(&CONTENT[..7], "\"v1\"");
        assert_eq!(fetch(&service, &mut sink).await.is_ok(), fine);
        assert_eq!((sink.bytes.len(), sink.heads[0].total), (0, Some(0)));
        assert_eq!(service.server.count(Request::is_store), 0);
    }
}

#[tokio::test]
async fn the_checksum_is_checked() {
    for (sha1, fine) in
        [(SHA1.to_owned(), true), (SHA1.to_uppercase(), true), ("0".repeat(40), false)]
    {
        let service = Service::with(World::new(), move |r| {
            asked(r, |json| json["sha1"] = sha1.clone().into())
        })
        .await;
        for mut sink in [
            Memory::default(),
            Memory { replays: true, ..Memory::holding(&CONTENT[..7], "\"v1\"") },
        ] {
            let result = fetch(&service, &mut sink).await;
            assert_eq!(result.is_ok(), fine, "{result:?}");
            if let Err(failure) = result {
                assert_eq!(failure.class, C::Damaged);
            }
        }
        // What an earlier attempt left and cannot be read again is not covered.
        fetch(&service, &mut Memory::holding(&CONTENT[..7], "\"v1\"")).await.unwrap();
    }
    // Bytes that were here and are not what was fetched are found out.
    let service =
        Service::with(World::new(), |r| asked(r, |json| json["sha1"] = SHA1.into())).await;
    let mut sink = Memory { replays: true, ..Memory::holding(b"XXXXXXX", "\"v1\"") };
    assert_eq!(fetch(&service, &mut sink).await.unwrap_err().class, C::Damaged);
}

#[tokio::test]
async fn another_size_than_was_said_is_damage() {
    for (size, said) in [(19, "19"), (21, "21")] {
        let service =
            Service::with(World::new(), move |r| asked(r, |json| json["size"] = size.into())).await;
        let failure = fetch(&service, &mut Memory::default()).await.unwrap_err();
        assert_eq!(failure.class, C::Damaged);
        assert!(failure.to_string().contains(said), "{failure}");
    }
}

#[tokio::test]
async fn somebody_who_may_only_look_gets_metadata_only() {
    let service = Service::with(World::new(), |r| r.is_ask().then(forbidden)).await;
    let failure = fetch(&service, &mut Memory::default()).await.unwrap_err();
    assert_eq!((failure.class, failure.retry), (C::Refused, Retry::Never));
    assert!(failure.to_string().contains("metadata only"), "{failure}");
}

#[tokio::test]
async fn addresses_that_lead_elsewhere_are_not_asked() {
    for url in [
        "http://10.0.0.1/x",
        "http://169.254.169.254/latest",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "https://user:word@store.example/x",
        "not an address",
        "",
    ] {
        let service =
            Service::with(World::new(), move |r| asked(r, |json| json["url"] = url.into())).await;
        let failure = fetch(&service, &mut Memory::default()).await.unwrap_err();
        let expected = if url.is_empty() { C::Protocol } else { C::Refused };
        assert_eq!(failure.class, expected, "{url}");
    }
}

#[tokio::test]
async fn an_object_that_is_gone() {
    let service = Service::with(World::new(), |r| r.is_ask().then(not_found)).await;
    let failure = fetch(&service, &mut Memory::default()).await.unwrap_err();
    assert_eq!(failure.class, C::NotFound);
}
