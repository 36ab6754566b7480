//! The two lists.

use super::*;

#[tokio::test]
async fn every_list_that_arrives_is_stored_as_it_came_and_read_for_what_it_is() {
    for (status, body, found) in [
        (200, r#"[{"uid":"a"}, {"uid":2},{"id":3}]"#, Some(3)),
        (200, r#" {"uid":"a"} "#, Some(1)),
        (200, "", Some(0)),
        (204, "", Some(0)),
        (200, "[]", Some(0)),
        (200, "null", Some(0)),
        (200, "{}", Some(0)),
        (200, "<!DOCTYPE html><html>Sign in</html>", None),
        (200, r#"{"message":"Endpoint request timed out"}"#, None),
        (200, r#"[{"uid":"a"}"#, None),
    ] {
        let stub = Stub::service(move |r| r.is_list().then(|| reply(status, body))).await;
        let source = stub.source();
        let stored = list(&source, ListKind::NotDelivered).await.unwrap();
        assert_eq!(stored, body.as_bytes(), "{status} {body}");
        assert_eq!(source.parse(&stored).ok().map(|items| items.len()), found, "{status} {body}");
    }
}

#[tokio::test]
async fn the_list_is_asked_for_as_the_service_wants_it() {
    let stub = Stub::service(|_| None).await;
    let source = stub.source();
    let (folder, path) = new_file();
    source.list(ListKind::NotDelivered, Some("score reporter&x"), &path).await.unwrap();

    let seen = stub.seen();
    assert_eq!(seen.len(), 2);
    let (login, list) = (&seen[0], &seen[1]);
    assert_eq!((login.method.as_str(), login.path.as_str()), ("POST", "/v1/login"));
    assert_eq!(login.header("x-api-key"), Some(API_KEY));
    let body: serde_json::Value = serde_json::from_str(&login.body).unwrap();
    let expected = serde_json::json!(
        {"userName": "ops@school.example", "password": PASSWORD, "acceptedTerms": true}
    );
    assert_eq!(body, expected);
    assert_eq!((list.method.as_str(), list.path.as_str()), ("GET", "/v1/datacenter/exports"));
    assert_eq!(list.query, "status=NotDelivered&productKey=score+reporter%26x");
    assert_eq!(list.header("authorization"), Some(format!("JWT {TOKEN}").as_str()));
    assert_eq!(list.header("organization"), Some("org-1"));
    assert_eq!(list.header("x-api-key"), Some(API_KEY));
    assert!(list.header("user-agent").unwrap().starts_with("transship/"));
    assert_eq!(source.api_calls(), 2);

    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing else is left in the folder");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

/// What a list may meet instead of a reply, and the class it is.
fn list_troubles() -> Vec<(Answer, C)> {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n[{\"uid\":\"a\"}".to_vec();
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n[{\"u".to_vec();
    vec![
        (reply(500, r#"{"message":"Internal server error"}"#), C::Unavailable),
        (
            reply_with(502, &[("Content-Type", "text/html")], "<html>bad gateway</html>"),
            C::Unavailable,
        ),
        (reply_with(503, &[("Retry-After", "0")], ""), C::Unavailable),
        (reply(504, r#"{"message":"Endpoint request timed out"}"#), C::Unavailable),
        (reply_with(429, &[("Retry-After", "0")], ""), C::Throttled),
        (reply(404, ""), C::NotFound),
        (reply(400, ""), C::Protocol),
        (reply(202, ""), C::Protocol),
        (reply(206, "[]"), C::Protocol),
        (reply_with(302, &[("Location", "/v1/datacenter/exports?again")], ""), C::Protocol),
        (reply_with(307, &[("Location", "/v1/datacenter/exports?again")], ""), C::Protocol),
        (Answer::Raw(vec![]), C::Network),
        (Answer::Raw(b"garbage\r\n\r\n".to_vec()), C::Network),
        (Answer::Raw(half), C::Network),
        (Answer::Raw(chunked), C::Network),
        (Answer::Hang, C::Network),
    ]
}

#[tokio::test]
async fn the_destructive_list_is_sent_once_whatever_happens() {
    for (answer, class) in list_troubles() {
        let given = answer.clone();
        let stub = Stub::service(move |r| r.is_list().then(|| given.clone())).await;
        let hangs = matches!(answer, Answer::Hang);
        let source = if hangs { stub.hasty(3000) } else { stub.source() };
        let failed = list(&source, ListKind::NotDelivered).await.unwrap_err();
        assert_eq!(stub.count(Request::is_list), 1, "{answer:?}");
        assert!(failed.sent, "{answer:?}");
        assert_eq!(failed.failure.class, class, "{answer:?}: {}", failed.failure);
    }
}

#[tokio::test]
async fn the_safe_list_is_repeated_where_that_can_help() {
    for (times, answer) in [(3, reply(500, "")), (3, cut(99, "\"x\"", b"[")), (1, reply(404, ""))] {
        let given = answer.clone();
        let stub = Stub::service(move |r| r.is_list().then(|| given.clone())).await;
        list(&stub.source(), ListKind::Delivered).await.unwrap_err();
        assert_eq!(stub.count(Request::is_list), times, "{answer:?}");
    }
    let stub = Stub::service(counted(Request::is_list, |_, n| {
        (n == 0).then(|| cut(99, "\"x\"", b"[broken"))
    }))
    .await;
    assert_eq!(list(&stub.source(), ListKind::Delivered).await.unwrap(), br#"[{"uid":"a"}]"#);
}

#[tokio::test]
async fn a_list_that_breaks_off_is_kept_beside_and_never_under_its_name() {
    let stub = Stub::service(|r| r.is_list().then(|| cut(99, "\"x\"", b"[{\"uid\":\"a\"}"))).await;
    let (folder, path) = new_file();
    stub.source().list(ListKind::NotDelivered, None, &path).await.unwrap_err();
    assert!(!path.exists());
    let partial = folder.path().join("list.json.partial");
    assert_eq!(std::fs::read(partial).unwrap(), b"[{\"uid\":\"a\"}");
}

#[tokio::test]
async fn what_never_left_this_machine_was_not_sent() {
    // Signed in, then nobody listens any more.
    let stub = Stub::service(|_| None).await;
    let source = stub.source();
    source.sign_in().await.unwrap();
    stub.stop().await;
    let failed = list(&source, ListKind::NotDelivered).await.unwrap_err();
    assert!(!failed.sent, "{}", failed.failure);
    assert!(failed.failure.to_string().contains("connection refused"), "{}", failed.failure);

    // The login failed, so the list was not asked for.
    let stub = Stub::service(|r| r.is_login().then(|| reply(403, ""))).await;
    let failed = list(&stub.source(), ListKind::NotDelivered).await.unwrap_err();
    assert!(!failed.sent && failed.failure.class == C::SignIn);

    assert_eq!(stub.count(Request::is_login), 1);

    // The same when the service is unwell; the retries of a login within the
    // retries of a list do not multiply.
    for kind in [ListKind::NotDelivered, ListKind::Delivered] {
        let stub = Stub::service(|r| r.is_login().then(|| reply(500, ""))).await;
        let failed = list(&stub.source(), kind).await.unwrap_err();
        assert!(!failed.sent && failed.failure.class == C::Unavailable);
        assert_eq!(stub.count(Request::is_login), 3);
    }

    // No place for the body: known before the request.
    let stub = Stub::service(|_| None).await;
    let (_folder, path) = new_file();
    std::fs::write(&path, "an earlier list").unwrap();
    for path in [path.as_path(), Path::new("/nonexistent/list.json")] {
        let failed = stub.source().list(ListKind::NotDelivered, None, path).await.unwrap_err();
        assert!(!failed.sent && failed.failure.class == C::Local, "{}", failed.failure);
    }
    assert_eq!(stub.count(Request::is_list), 0);
    assert_eq!(std::fs::read_to_string(path).unwrap(), "an earlier list");
}

#[tokio::test]
async fn a_list_without_end_is_cut_off() {
    let stub =
        Stub::service(|r| r.is_list().then(|| reply(200, vec![b' '; 64 * 1024 * 1024 + 1]))).await;
    let failed = list(&stub.source(), ListKind::NotDelivered).await.unwrap_err();
    assert_eq!((failed.failure.class, failed.sent), (C::Protocol, true), "{}", failed.failure);
}
