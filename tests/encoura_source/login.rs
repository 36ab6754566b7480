//! Signing in, and TLS.

use super::*;

#[tokio::test]
async fn names_and_tls_are_told_apart() {
    let stub = Stub::service(|_| None).await;
    for (base, expected) in [
        // Without a name server that answers, this is a time-out.
        ("https://nowhere.invalid/v1".to_owned(), ["cannot be resolved", "no connection in time"]),
        // A server that does not speak TLS.
        (stub.base.replace("http:", "https:"), ["handshake", "corrupt message"]),
    ] {
        let source = source(EncouraAccount { base_url: base.clone(), ..stub.account() });
        let failed = list(&source, ListKind::NotDelivered).await.unwrap_err();
        let words = failed.failure.to_string();
        assert!(!failed.sent && failed.failure.class == C::Network, "{base}: {words}");
        assert!(expected.iter().any(|e| words.contains(e)), "{base}: {words}");
    }
    assert!(stub.seen().is_empty(), "no password leaves without TLS");
    let plain = EncouraAccount { base_url: "http://api.example.org/v1".into(), ..stub.account() };
    assert_eq!(Encoura::new(plain).unwrap_err().class, C::Misconfigured);
}

/// A server with a certificate that nobody vouches for; answers whether a
/// client went on with it.
async fn untrusted() -> (String, tokio::task::JoinHandle<bool>) {
    use tokio_rustls::rustls::{self, pki_types};
    let certificate = pki_types::CertificateDer::from_slice(include_bytes!("untrusted.der"));
    let key = include_bytes!("untrusted.key.der").as_slice();
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
