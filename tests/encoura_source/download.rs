//! One export's content.

use super::*;

#[tokio::test]
async fn a_file_arrives_untouched_and_the_store_sees_none_of_our_headers() {
    // A store that refuses two authorisations, as the real ones do.
    let stub = Stub::service(|r| {
        let ours = ["authorization", "x-api-key", "organization", "cookie"];
        (r.is_store() && ours.iter().any(|h| r.header(h).is_some())).then(|| reply(400, ""))
    })
    .await;
    let source = stub.source();
    let mut sink = Memory::default();
    source.fetch("a/../b ?#%", &mut sink, &CancellationToken::new()).await.unwrap();
    assert_eq!(sink.bytes, CONTENT);
    let head = &sink.heads[0];
    assert_eq!(head.name.as_deref(), Some("My file-é.csv"));
    assert_eq!((head.total, head.etag.as_deref(), head.offset), (Some(20), Some("\"v1\""), 0));

    let seen = stub.seen();
    let ask = seen.iter().find(|r| r.is_ask()).unwrap();
    assert_eq!(ask.path, "/v1/datacenter/exports/a%2F..%2Fb%20%3F%23%25/download");
    let get = seen.iter().find(|r| r.is_store()).unwrap();
    assert_eq!(get.method, "GET");
    assert_eq!(get.header("accept-encoding"), Some("identity"));
    assert_eq!(get.header("range"), None);
    assert!(seen.iter().all(|r| r.method != "HEAD"));
    assert_eq!(source.api_calls(), 2, "the store is not the API");
}

#[tokio::test]
async fn replies_to_asking_for_the_download() {
    for (answer, class, asked) in [
        (reply(200, r#"{"url":"x"}"#), C::Protocol, 1),
        (reply(200, r#"{"downloadUrl":null}"#), C::Protocol, 1),
        (reply(200, r#"{"message":"not ready"}"#), C::Protocol, 1),
        (reply(200, "<html>"), C::Protocol, 1),
        (reply(204, ""), C::Protocol, 1),
        (reply(404, ""), C::NotFound, 1),
        (reply(410, ""), C::NotFound, 1),
        (reply(500, ""), C::Unavailable, 3),
        (Answer::Raw(vec![]), C::Network, 3),
        (
            reply(200, r#"{"downloadUrl":"http://169.254.169.254/latest/meta-data/"}"#),
            C::Refused,
            1,
        ),
        (reply(200, r#"{"downloadUrl":"http://files.example.org/a.csv"}"#), C::Refused, 1),
        (reply(200, r#"{"downloadUrl":"https://me:word@files.example.org/a"}"#), C::Refused, 1),
        (reply(200, r#"{"downloadUrl":"file:///etc/passwd"}"#), C::Refused, 1),
        (reply(200, r#"{"downloadUrl":"../x"}"#), C::Refused, 1),
    ] {
        let given = answer.clone();
        let stub = Stub::service(move |r| r.is_ask().then(|| given.clone())).await;
        let mut sink = Memory::default();
        let failure = fetch(&stub.source(), &mut sink).await.unwrap_err();
        assert_eq!(failure.class, class, "{answer:?}: {failure}");
        assert_eq!(stub.count(Request::is_ask), asked, "{answer:?}");
        assert!(sink.heads.is_empty() && stub.count(Request::is_store) == 0, "{answer:?}");
    }
}

const EXPIRED: &str = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";

#[tokio::test]
async fn an_expired_url_is_asked_for_anew_once() {
    for (status, body) in [
        (403, EXPIRED),
        (400, "<Error><Code>ExpiredToken</Code></Error>"),
        (403, "<Error><Code>RequestTimeTooSkewed</Code></Error>"),
    ] {
        for times in [1, 9] {
            let stub = Stub::service(counted(Request::is_store, move |_, n| {
                (n < times).then(|| reply(status, body))
            }))
            .await;
            let mut sink = Memory::default();
            let result = fetch(&stub.source(), &mut sink).await;
            assert_eq!(result.is_ok(), times == 1, "{status} {body}");
            assert_eq!((stub.count(Request::is_ask), stub.count(Request::is_store)), (2, 2));
        }
    }
    let stub = Stub::service(|r| {
        r.is_store().then(|| reply(400, "<Error><Code>InvalidArgument</Code></Error>"))
    })
    .await;
    fetch(&stub.source(), &mut Memory::default()).await.unwrap_err();
    assert_eq!(stub.count(Request::is_store), 1, "not every 400 is an expired URL");
}

/// A store that honours ranges for the version `etag`.
fn ranged(request: &Request, etag: &str) -> Answer {
    let from = request.header("range").map(|range| {
        let from = range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap();
        from.parse::<usize>().unwrap()
    });
    match from {
        Some(from) if request.header("if-range") == Some(etag) => {
            if from >= CONTENT.len() {
                return reply(416, "");
            }
            let range = format!("bytes {from}-{}/{}", CONTENT.len() - 1, CONTENT.len());
            reply_with(206, &[("ETag", etag), ("Content-Range", &range)], &CONTENT[from..])
        }
        _ => reply_with(200, &[("ETag", etag)], CONTENT),
    }
}

#[tokio::test]
async fn what_an_earlier_attempt_left_is_continued_only_if_it_is_the_same() {
    for (here, etag, offsets) in [
        (&CONTENT[..7], "\"v1\"", vec![7]),
        // Another version: what is here is thrown away.
        (b"another", "\"v0\"", vec![0]),
        // All of it, or more: nothing is left to ask for.
        (CONTENT, "\"v1\"", vec![0]),
        (b"", "\"v1\"", vec![0]),
        // Not a validator that can be sent.
        (&CONTENT[..7], "\"v\n1\"", vec![0]),
    ] {
        let stub = Stub::service(|r| r.is_store().then(|| ranged(r, "\"v1\""))).await;
        let mut sink = Memory::holding(here, etag);
        fetch(&stub.source(), &mut sink).await.unwrap();
        assert_eq!(sink.bytes, CONTENT, "{etag}");
        let begun: Vec<u64> = sink.heads.iter().map(|head| head.offset).collect();
        assert_eq!(begun, offsets, "{etag}");
        assert!(sink.heads.iter().all(|head| head.total == Some(20)));
    }
}

#[tokio::test]
async fn a_range_that_does_not_fit_is_not_taken() {
    for wrong in ["bytes 8-19/20", "bytes 0-19/20", "bytes 7-19/5", "nonsense"] {
        let stub = Stub::service(counted(Request::is_store, move |_, n| {
            let headers = [("Content-Range", wrong), ("ETag", "\"v1\"")];
            (n == 0).then(|| reply_with(206, &headers, &CONTENT[7..]))
        }))
        .await;
        let mut sink = Memory::holding(&CONTENT[..7], "\"v1\"");
        fetch(&stub.source(), &mut sink).await.unwrap();
        assert_eq!(sink.bytes, CONTENT, "{wrong}");
    }
    // More bytes than the range announced.
    let stub = Stub::service(|r| {
        let headers = [("Content-Range", "bytes 7-9/20"), ("ETag", "\"v1\"")];
        r.is_store().then(|| reply_with(206, &headers, &CONTENT[7..]))
    })
    .await;
    let mut sink = Memory::holding(&CONTENT[..7], "\"v1\"");
    assert_eq!(fetch(&stub.source(), &mut sink).await.unwrap_err().class, C::Damaged);
    // A range that was never asked for.
    let stub = Stub::service(|r| r.is_store().then(|| reply(206, CONTENT))).await;
    let failure = fetch(&stub.source(), &mut Memory::default()).await.unwrap_err();
    assert_eq!(failure.class, C::Protocol);
}

#[tokio::test]
async fn content_that_breaks_off_goes_on_where_it_stopped() {
    let stub = Stub::service(counted(Request::is_store, |r, n| match n {
        0 => Some(cut(20, "\"v1\"", &CONTENT[..5])),
        // Nothing at all, then an unwell store, then a silent one.
        1 => Some(Answer::Raw(vec![])),
        2 => Some(reply(503, "<Error><Code>SlowDown</Code></Error>")),
        3 => Some(Answer::Hang),
        _ => Some(ranged(r, "\"v1\"")),
    }))
    .await;
    let mut sink = Memory::default();
    fetch(&stub.hasty(3000), &mut sink).await.unwrap();
    assert_eq!(sink.bytes, CONTENT);
    let begun: Vec<u64> = sink.heads.iter().map(|head| head.offset).collect();
    assert_eq!(begun, [0, 5]);
    assert_eq!(stub.count(Request::is_ask), 5, "a URL of its own for every GET");
}

#[tokio::test]
async fn content_that_is_always_short_is_a_failure_in_the_end() {
    for (etag, gets) in [("\"v1\"", 5), ("W/\"v1\"", 1)] {
        let stub = Stub::service(move |r| r.is_store().then(|| cut(20, etag, &CONTENT[..5]))).await;
        let mut sink = Memory::default();
        let failure = fetch(&stub.source(), &mut sink).await.unwrap_err();
        assert_eq!((failure.class, failure.retry), (C::Network, Retry::Backoff), "{failure}");
        assert!(failure.to_string().contains("5 of 20 bytes arrived"), "{failure}");
        assert_eq!(stub.count(Request::is_store), gets, "{etag}");
        assert_eq!(sink.heads[0].etag.is_some(), etag.starts_with('"'));
    }
}

#[tokio::test]
async fn what_is_not_a_file_is_not_taken_for_one() {
    for answer in [
        reply_with(200, &[("Content-Type", "text/html")], "<html>portal</html>"),
        reply_with(200, &[("Content-Encoding", "gzip")], [0x1f, 0x8b]),
        reply(204, ""),
        reply(404, "<Error><Code>NoSuchKey</Code></Error>"),
    ] {
        let given = answer.clone();
        let stub = Stub::service(move |r| r.is_store().then(|| given.clone())).await;
        let mut sink = Memory::default();
        fetch(&stub.source(), &mut sink).await.expect_err(&format!("{answer:?}"));
        assert!(sink.heads.is_empty(), "{answer:?}");
    }
}

#[tokio::test]
async fn redirects_are_followed_with_care() {
    // To another origin: what signs us in stays behind.
    let other = Stub::start(|_| reply(200, "[]")).await;
    let target = format!("{}/elsewhere", other.origin);
    let stub =
        Stub::service(move |r| r.is_list().then(|| reply_with(307, &[("Location", &target)], "")))
            .await;
    list(&stub.source(), ListKind::Delivered).await.unwrap();
    let seen = other.seen();
    assert_eq!(seen[0].path, "/elsewhere");
    for name in ["authorization", "x-api-key", "organization"] {
        assert_eq!(seen[0].header(name), None, "{name}");
        let list = stub.seen().into_iter().find(Request::is_list).unwrap();
        assert!(list.header(name).is_some(), "{name} goes to the service itself");
    }

    // Within the origin they go along.
    let stub = Stub::service(|r| {
        (r.path == "/v1/datacenter/exports")
            .then(|| reply_with(302, &[("Location", "/v2/exports")], ""))
    })
    .await;
    list(&stub.source(), ListKind::Delivered).await.unwrap();
    let moved = stub.seen().into_iter().find(|r| r.path == "/v2/exports").unwrap();
    assert!(moved.header("authorization").is_some());

    // A store may redirect too, but not into our network and not for ever.
    for (target, class) in [
        ("http://169.254.169.254/", C::Refused),
        ("http://files.example.org/plain", C::Refused),
        ("/store/again", C::Protocol),
        ("http://[", C::Protocol),
    ] {
        let stub = Stub::service(move |r| {
            r.is_store().then(|| reply_with(302, &[("Location", target)], ""))
        })
        .await;
        let failure = fetch(&stub.source(), &mut Memory::default()).await.unwrap_err();
        assert_eq!(failure.class, class, "{target}: {failure}");
        assert!(stub.count(Request::is_store) <= 6, "{target}");
    }
    let stub = Stub::service(|r| {
        (r.path == "/store/bucket/My%20file-%C3%A9.csv")
            .then(|| reply_with(302, &[("Location", "/store/other")], ""))
    })
    .await;
    let mut sink = Memory::default();
    fetch(&stub.source(), &mut sink).await.unwrap();
    assert_eq!(sink.heads[0].name.as_deref(), Some("My file-é.csv"), "the name asked for");
}

#[tokio::test]
async fn stop_is_heard_wherever_the_source_waits() {
    for waiting in [Request::is_login as fn(&Request) -> bool, Request::is_ask, Request::is_store] {
        let cancel = CancellationToken::new();
        let stop = cancel.clone();
        let stub = Stub::service(move |r| {
            waiting(r).then(|| {
                stop.cancel();
                Answer::Hang
            })
        })
        .await;
        let failure = stub.source().fetch("a", &mut Memory::default(), &cancel).await.unwrap_err();
        assert_eq!(failure.class, C::Cancelled);
    }
}
