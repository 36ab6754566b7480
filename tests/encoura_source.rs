//! The Encoura source against a scripted server: every reply that the service,
//! a proxy or the network may give.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "encoura_source/stub.rs"]
mod stub;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use stub::*;
use tokio_util::sync::CancellationToken;
use transship::model::{EncouraAccount, Failure, FailureClass as C, Retry};
use transship::sources::encoura::Encoura;
use transship::sources::{ExportSource, ListFailure, ListKind};

async fn list(source: &Encoura, kind: ListKind) -> Result<Vec<u8>, ListFailure> {
    let (_folder, path) = new_file();
    source.list(kind, None, &path).await.map(|()| std::fs::read(&path).unwrap())
}

async fn fetch(source: &Encoura, sink: &mut Memory) -> Result<(), Failure> {
    source.fetch("a", sink, &CancellationToken::new()).await
}

/// An answer that changes with the number of times it was given.
fn counted(
    which: impl Fn(&Request) -> bool + Send + Sync + 'static,
    answer: impl Fn(&Request, usize) -> Option<Answer> + Send + Sync + 'static,
) -> impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static {
    let given = AtomicUsize::new(0);
    move |request| match which(request) {
        true => answer(request, given.fetch_add(1, Ordering::SeqCst)),
        false => None,
    }
}

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
    drop(stub);
    tokio::task::yield_now().await;
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
async fn names_and_tls_are_told_apart() {
    let stub = Stub::service(|_| None).await;
    for (base, words) in [
        ("https://nowhere.invalid/v1".to_owned(), "cannot be resolved"),
        // A server that does not speak TLS.
        (stub.base.replace("http:", "https:"), ""),
    ] {
        let source = source(EncouraAccount { base_url: base.clone(), ..stub.account() });
        let failed = list(&source, ListKind::NotDelivered).await.unwrap_err();
        assert!(!failed.sent && failed.failure.class == C::Network, "{base}: {}", failed.failure);
        assert!(failed.failure.to_string().contains(words), "{base}: {}", failed.failure);
    }
    assert!(stub.seen().is_empty(), "no password leaves without TLS");
    let plain = EncouraAccount { base_url: "http://api.example.org/v1".into(), ..stub.account() };
    assert_eq!(Encoura::new(plain).unwrap_err().class, C::Misconfigured);
}

/// A server with a certificate that nobody vouches for; answers whether a
/// client went on with it.
async fn untrusted() -> (String, tokio::task::JoinHandle<bool>) {
    use tokio_rustls::rustls::{self, pki_types};
    let certificate =
        pki_types::CertificateDer::from_slice(include_bytes!("encoura_source/untrusted.der"));
    let key = include_bytes!("encoura_source/untrusted.key.der").as_slice();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], pki_types::PrivatePkcs8KeyDer::from(key).into())
        .unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}/v1", listener.local_addr().unwrap());
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        acceptor.accept(stream).await.is_ok()
    });
    (base, server)
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_ends_it_before_anything_is_said() {
    let (base_url, server) = untrusted().await;
    let stub = Stub::service(|_| None).await;
    let source = source(EncouraAccount { base_url, ..stub.account() });
    let failed = list(&source, ListKind::NotDelivered).await.unwrap_err();
    assert!(!failed.sent);
    assert_eq!((failed.failure.class, failed.failure.retry), (C::HostKey, Retry::Never));
    assert!(failed.failure.to_string().contains("not trusted"), "{}", failed.failure);
    assert!(!server.await.unwrap(), "the handshake was not completed");

    // The same for a store, which answers with nothing but its certificate.
    let (store, server) = untrusted().await;
    let url = format!("{store}/a.csv?X-Amz-Signature={SIGNATURE}");
    let stub = Stub::service(move |r| {
        r.is_ask().then(|| reply(200, format!(r#"{{"downloadUrl":"{url}"}}"#)))
    })
    .await;
    let failure = fetch(&stub.source(), &mut Memory::default()).await.unwrap_err();
    assert_eq!(failure.class, C::HostKey, "{failure}");
    assert!(!server.await.unwrap());
}

#[tokio::test]
async fn logins_in_all_their_shapes() {
    let two = r#"{"sessionToken":"t","user":{"organizations":[{"uid":"o1","name":"North"},{"uid":"o2"}]}}"#;
    for (status, body, configured, expected) in [
        (
            200,
            r#"{"sessionToken":"t","user":{"organizations":[{"uid":"o1"}]}}"#,
            None,
            Ok(("t", "o1")),
        ),
        (
            200,
            r#"{"sessionToken":"\"t\"","user":{"organizations":[{"uid":"o1"}]}}"#,
            None,
            Ok(("t", "o1")),
        ),
        (
            200,
            r#"{"sessionToken":" \"t\"\n","user":{"organizations":[{"uid":7}]}}"#,
            None,
            Ok(("t", "7")),
        ),
        (
            201,
            r#"{"sessionToken":"t","user":{"organizations":[{"uid":"o1"},{"uid":"o1"}]}}"#,
            None,
            Ok(("t", "o1")),
        ),
        (200, r#"{"sessionToken":"t"}"#, Some("o9"), Ok(("t", "o9"))),
        (200, two, Some("o2"), Ok(("t", "o2"))),
        (200, two, None, Err((C::Misconfigured, "o1 (North), o2"))),
        (200, two, Some(""), Err((C::Misconfigured, "clients.encoura.organization_uid"))),
        (
            200,
            r#"{"sessionToken":"t","user":{"organizations":[]}}"#,
            None,
            Err((C::Misconfigured, "names none")),
        ),
        (
            200,
            r#"{"sessionToken":"t","user":{"organizations":[{"uid":""}]}}"#,
            None,
            Err((C::Misconfigured, "names none")),
        ),
        (
            200,
            r#"{"message":"terms not accepted"}"#,
            Some("o1"),
            Err((C::SignIn, "terms not accepted")),
        ),
        (
            200,
            r#"{"sessionToken":"\"\""}"#,
            Some("o1"),
            Err((C::SignIn, "without a session token")),
        ),
        (200, r#"{"sessionToken":null}"#, Some("o1"), Err((C::SignIn, "without a session token"))),
        (
            200,
            "{\"sessionToken\":\"a\\r\\nb\"}",
            Some("o1"),
            Err((C::SignIn, "without a session token")),
        ),
        (200, "<html>portal</html>", Some("o1"), Err((C::Protocol, "proxy or login page"))),
        (200, "", Some("o1"), Err((C::Protocol, "not the JSON expected"))),
        (204, "", Some("o1"), Err((C::Protocol, "not the JSON expected"))),
        (401, r#"{"message":"bad password"}"#, None, Err((C::SignIn, "bad password"))),
        (403, r#"{"message":"Forbidden"}"#, None, Err((C::SignIn, "Forbidden"))),
        (400, "", None, Err((C::SignIn, "clients.encoura"))),
        (404, "", None, Err((C::NotFound, "404"))),
        (301, "", None, Err((C::Protocol, "base URL"))),
    ] {
        let stub = Stub::service(move |r| r.is_login().then(|| reply(status, body))).await;
        let organization_uid = configured.map(ToOwned::to_owned);
        let source = source(EncouraAccount { organization_uid, ..stub.account() });
        match (list(&source, ListKind::Delivered).await, expected) {
            (Ok(_), Ok((token, organization))) => {
                let seen = stub.seen();
                let list = seen.iter().find(|r| r.is_list()).unwrap();
                assert_eq!(list.header("authorization"), Some(format!("JWT {token}").as_str()));
                assert_eq!(list.header("organization"), Some(organization), "{body}");
            }
            (Err(failed), Err((class, words))) => {
                assert_eq!(failed.failure.class, class, "{body}: {}", failed.failure);
                assert!(failed.failure.to_string().contains(words), "{body}: {}", failed.failure);
                assert_eq!(stub.count(Request::is_login), 1, "{body}");
            }
            (result, _) => panic!("{status} {body}: {result:?}"),
        }
    }
}

#[tokio::test]
async fn a_login_is_tried_again_while_the_service_is_unwell() {
    for answer in
        [reply(503, ""), Answer::Raw(vec![]), reply_with(429, &[("Retry-After", "0")], "")]
    {
        let stub =
            Stub::service(counted(Request::is_login, move |_, n| (n < 2).then(|| answer.clone())))
                .await;
        let who = stub.source().sign_in().await.unwrap();
        assert_eq!(who.identity.as_str(), "organisation org-1, as ops@school.example");
        assert_eq!(stub.count(Request::is_login), 3);
    }
    let stub =
        Stub::service(|r| r.is_login().then(|| reply_with(429, &[("Retry-After", "3600")], "")))
            .await;
    let failure = stub.source().sign_in().await.unwrap_err();
    assert_eq!(failure.retry, Retry::After(std::time::Duration::from_secs(3600)));
    assert_eq!(stub.count(Request::is_login), 1, "an hour is not waited here");
}

#[tokio::test]
async fn the_scheme_that_works_is_found_and_remembered() {
    for (configured, accepted) in [("JWT", "Bearer"), ("Bearer", "JWT"), ("JWT", "JWT")] {
        for status in [401, 403] {
            let stub = Stub::service(move |r| {
                let scheme = r.header("authorization").unwrap_or(accepted);
                (!scheme.starts_with(accepted))
                    .then(|| reply(status, r#"{"message":"Unauthorized"}"#))
            })
            .await;
            let source =
                source(EncouraAccount { auth_scheme: configured.into(), ..stub.account() });
            for _ in 0..3 {
                list(&source, ListKind::NotDelivered).await.unwrap();
            }
            let refused = usize::from(configured != accepted);
            assert_eq!(stub.count(Request::is_list), 3 + refused, "{configured} {accepted}");
            assert_eq!(stub.count(Request::is_login), 1);
        }
    }
}

#[tokio::test]
async fn refused_under_both_schemes_is_a_failure_after_two_requests() {
    for (status, class) in [(401, C::SignIn), (403, C::Refused)] {
        let stub = Stub::service(move |r| r.is_list().then(|| reply(status, ""))).await;
        let source = stub.source();
        let failed = list(&source, ListKind::NotDelivered).await.unwrap_err();
        assert_eq!((failed.failure.class, failed.sent), (class, true));
        assert_eq!(stub.count(Request::is_list), 2);
        // The next attempt starts from the beginning.
        list(&source, ListKind::NotDelivered).await.unwrap_err();
        assert_eq!((stub.count(Request::is_list), stub.count(Request::is_login)), (4, 2));
    }
}

/// A service whose tokens carry the number of the login, and that refuses
/// those before `valid` once it has been told to.
async fn expiring(valid: Arc<AtomicUsize>, status: u16) -> Stub {
    let logins = AtomicUsize::new(0);
    Stub::service(move |r| {
        if r.is_login() {
            let n = logins.fetch_add(1, Ordering::SeqCst);
            return Some(reply(200, login_reply().replace(TOKEN, &n.to_string())));
        }
        let token = r.header("authorization")?.split(' ').nth(1)?.parse::<usize>().unwrap();
        (token < valid.load(Ordering::SeqCst)).then(|| reply(status, ""))
    })
    .await
}

#[tokio::test]
async fn a_session_that_expires_in_mid_run_is_renewed_once_for_all() {
    for status in [401, 403] {
        let valid = Arc::new(AtomicUsize::new(0));
        let stub = expiring(Arc::clone(&valid), status).await;
        let source = stub.source();
        list(&source, ListKind::NotDelivered).await.unwrap();
        valid.store(1, Ordering::SeqCst);
        let fetches = (0..8).map(|_| async {
            let mut sink = Memory::default();
            fetch(&source, &mut sink).await.map(|()| sink.bytes)
        });
        for bytes in futures::future::join_all(fetches).await {
            assert_eq!(bytes.unwrap(), CONTENT);
        }
        assert_eq!(stub.count(Request::is_login), 2, "one at the start, one for all eight");

        // The destructive list is repeated for this reason, and only once.
        valid.store(2, Ordering::SeqCst);
        list(&source, ListKind::NotDelivered).await.unwrap();
        assert_eq!((stub.count(Request::is_list), stub.count(Request::is_login)), (3, 3));
        valid.store(99, Ordering::SeqCst);
        let failed = list(&source, ListKind::NotDelivered).await.unwrap_err();
        assert!(failed.sent);
        assert_eq!((stub.count(Request::is_list), stub.count(Request::is_login)), (5, 4));
    }
}

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

/// Replies that repeat every secret they know, in the forms that services do.
fn chatty() -> String {
    format!(
        "key {API_KEY} of {PASSWORD} with JWT {TOKEN}; see \
         https://files.example/a.csv?X-Amz-Signature={SIGNATURE}&x=1"
    )
}

#[tokio::test]
async fn no_failure_tells_a_secret() {
    let json = serde_json::json!({ "message": chatty() }).to_string();
    let xml = format!("<Error><Code>Odd</Code><Message>{}</Message></Error>", chatty());
    let html = format!("<html>{}</html>", chatty());
    let evil = format!(r#"{{"downloadUrl":"http://files.example/a?X-Amz-Signature={SIGNATURE}"}}"#);
    let mut answers = vec![Answer::Raw(vec![]), Answer::Raw(chatty().into_bytes()), Answer::Hang];
    for body in [json, xml, html, chatty(), evil] {
        for status in [200, 400, 401, 403, 404, 416, 429, 500] {
            answers.push(reply(status, &body));
        }
        answers.push(reply_with(
            302,
            &[("Location", &format!("http://x.example/?{SIGNATURE}"))],
            &body,
        ));
    }
    let mut paths = Vec::new();
    for answer in answers {
        let places: [fn(&Request) -> bool; 4] =
            [Request::is_login, Request::is_list, Request::is_ask, Request::is_store];
        paths.extend(places.map(|place| failures_of(answer.clone(), place)));
    }
    let failures = futures::future::join_all(paths).await.concat();
    assert!(failures.len() > 300, "the paths were walked: {}", failures.len());
    for failure in failures {
        let told = format!("{failure} {failure:?} {}", serde_json::to_string(&failure).unwrap());
        assert!(!told.contains("canary"), "{told}");
    }
}

/// Every failure that a source has to tell when one place answers like this.
async fn failures_of(answer: Answer, place: fn(&Request) -> bool) -> Vec<Failure> {
    let stub = Stub::service(move |r| place(r).then(|| answer.clone())).await;
    let source = stub.hasty(500);
    let mut failures = Vec::new();
    for kind in [ListKind::NotDelivered, ListKind::Delivered] {
        match list(&source, kind).await {
            Ok(body) => failures.extend(source.parse(&body).err()),
            Err(failed) => failures.push(failed.failure),
        }
    }
    failures.extend(fetch(&source, &mut Memory::default()).await.err());
    assert!(!format!("{source:?}").contains("canary"));
    failures
}
