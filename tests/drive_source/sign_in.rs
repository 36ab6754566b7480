//! The key file, the token, and what goes wrong with them.

use super::*;
use transship::sources::google_drive::DriveSource;

#[tokio::test]
async fn it_says_as_whom_and_asks_for_no_more_than_it_needs() {
    for (contents, scope_asked) in [(false, METADATA), (true, READONLY)] {
        let stand = Stand::of(grove(1)).await;
        let account = stand.account();
        let source = DriveSource::new(account, scope("r"), contents);
        let identity = source.sign_in().await.unwrap().identity;
        assert_eq!(identity.as_str(), EMAIL);
        source.sign_in().await.unwrap();
        assert_eq!(stand.server.count(Request::is_token), 1, "one token does");
        let request = stand.server.seen().into_iter().find(Request::is_token).unwrap();
        let claims = claims(&request);
        assert_eq!(claims["scope"], scope_asked);
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
        assert!(claims.get("sub").is_none());
    }
}

/// What a token request claims. Its signature is checked by the service.
fn claims(request: &Request) -> serde_json::Value {
    use base64::Engine as _;
    let jwt = request.body.split("assertion=").nth(1).unwrap();
    let part = jwt.split('.').nth(1).unwrap();
    let part = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
    serde_json::from_slice(&part).unwrap()
}

#[tokio::test]
async fn it_may_act_for_a_user() {
    let stand = Stand::of(grove(1)).await;
    let mut settings = stand.settings();
    settings.subject = Some("head@school.example".into());
    let account = Account::with_patience(settings, patience()).unwrap();
    let source = DriveSource::new(account, scope("r"), false);
    let identity = source.sign_in().await.unwrap().identity;
    assert_eq!(identity.as_str(), format!("{EMAIL}, for head@school.example"));
    let request = stand.server.seen().into_iter().find(Request::is_token).unwrap();
    assert_eq!(claims(&request)["sub"], "head@school.example");
}

#[tokio::test]
async fn one_token_serves_all_endpoints_and_all_their_calls() {
    let stand = Stand::of(grove(200)).await;
    let account = stand.account();
    let sources: Vec<DriveSource> = ["r", "d1", "d2", "d3"]
        .iter()
        .map(|folder| DriveSource::new(account.clone(), scope(folder), *folder == "d3"))
        .collect();
    let registers: Vec<Register> = sources.iter().map(|_| Register::default()).collect();
    let walks = sources.iter().zip(&registers).map(|(source, to)| to.walk(source, false));
    for walked in futures::future::join_all(walks).await {
        walked.unwrap();
    }
    assert_eq!(stand.server.count(Request::is_token), 1);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends_and_when_it_is_refused() {
    // Of no life at all: before every call.
    let manners = Manners { token_life: 1, ..Manners::default() };
    let stand = Stand::with(grove(1), manners, |_| None).await;
    let source = stand.source(scope("r"));
    source.peek(1).await.unwrap();
    assert_eq!(stand.server.count(Request::is_token), 1);

    // Refused once: a new one; many calls that are refused together need only one.
    let stand = Stand::with(grove(300), Manners::default(), |r| {
        let old = r.header("authorization").is_some_and(|a| a.ends_with("-0"));
        (r.is_list() && r.parents() != ["r"] && old)
            .then(|| error(401, "authError", "Invalid Credentials"))
    })
    .await;
    let register = Register::default();
    register.walk(&stand.source(scope("r")), false).await.unwrap();
    check(&register, &stand.world(), "r");
    assert_eq!(stand.server.count(Request::is_token), 2);

    // Refused again: that is the end.
    let stand = Stand::with(grove(1), Manners::default(), |r| {
        r.is_api().then(|| error(401, "authError", "Invalid Credentials"))
    })
    .await;
    let failure = Register::default().walk(&stand.source(scope("r")), false).await.unwrap_err();
    assert_eq!(failure.class, C::SignIn, "{failure}");
    assert_eq!(
        (stand.server.count(Request::is_token), stand.server.count(Request::is_api)),
        (2, 2)
    );
}

#[tokio::test]
async fn what_the_token_endpoint_says_is_kept_and_advised_upon() {
    for (status, body, class, words, requests) in [
        (
            400,
            r#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#,
            C::SignIn,
            vec!["invalid_grant: Invalid JWT Signature.", "the key is not", EMAIL],
            1,
        ),
        (
            400,
            r#"{"error":"invalid_grant","error_description":"Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim."}"#,
            C::SignIn,
            vec!["Token must be a short-lived token", "clock is wrong"],
            1,
        ),
        (
            400,
            r#"{"error":"invalid_grant","error_description":"Invalid grant: account not found"}"#,
            C::SignIn,
            vec!["account not found", "was deleted"],
            1,
        ),
        (
            400,
            r#"{"error":"invalid_grant","error_description":"No key is associated with it."}"#,
            C::SignIn,
            vec!["associated", "the key is not"],
            1,
        ),
        (
            401,
            r#"{"error":"unauthorized_client","error_description":"Client is unauthorized"}"#,
            C::SignIn,
            vec!["unauthorized_client"],
            1,
        ),
        (401, r#"{"error":"disabled_client"}"#, C::SignIn, vec!["disabled_client", "enable it"], 1),
        (400, r#"{"error":"invalid_scope"}"#, C::SignIn, vec!["invalid_scope", METADATA], 1),
        (404, "nothing here", C::NotFound, vec!["404"], 1),
        (200, r#"{"token_type":"Bearer"}"#, C::Protocol, vec!["no access_token"], 1),
        (200, r#"{"access_token":"a b"}"#, C::Protocol, vec!["no access_token"], 1),
        (200, "<html>portal</html>", C::Protocol, vec!["HTML"], 1),
        (503, "{}", C::Unavailable, vec!["503"], 3),
    ] {
        let stand = Stand::with(grove(1), Manners::default(), move |r| {
            r.is_token().then(|| reply(status, body))
        })
        .await;
        let source = DriveSource::new(stand.account(), scope("r"), false);
        let failure = source.sign_in().await.unwrap_err();
        assert_eq!(failure.class, class, "{body}: {failure}");
        for word in words {
            assert!(failure.to_string().contains(word), "{word}: {failure}");
        }
        assert_eq!(stand.server.count(Request::is_token), requests, "{body}");
        assert_eq!(failure.retry == Retry::Never, status < 500 && status != 200, "{failure}");
    }
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_by_the_service_s_own() {
    let stand = Stand::with(grove(1), Manners::default(), |r| {
        let headers = [("date", "Fri, 01 May 2020 12:00:00 GMT")];
        r.is_token().then(|| reply_with(400, &headers, r#"{"error":"invalid_grant"}"#))
    })
    .await;
    let failure = stand.source(scope("r")).sign_in().await.unwrap_err();
    assert!(failure.to_string().contains("clock is wrong"), "{failure}");
    assert!(failure.to_string().contains("minutes ahead"), "{failure}");
}

#[tokio::test]
async fn who_waits_for_a_sign_in_that_fails_fails_with_it() {
    let stand = Stand::with(
        grove(1),
        Manners { latency: std::time::Duration::from_millis(50), ..Manners::default() },
        |r| r.is_token().then(|| reply(400, r#"{"error":"invalid_grant"}"#)),
    )
    .await;
    let source = stand.source(scope("r"));
    let many = futures::future::join_all((0..10).map(|_| source.sign_in())).await;
    assert!(many.iter().all(Result::is_err));
    assert_eq!(stand.server.count(Request::is_token), 1);
    // But the next one tries again: the operator may have mended it.
    source.sign_in().await.unwrap_err();
    assert_eq!(stand.server.count(Request::is_token), 2);
}

#[tokio::test]
async fn a_key_file_that_is_wrong_says_how() {
    let stand = Stand::of(grove(1)).await;
    let uri = format!("{}/token", stand.server.origin);
    let with = |name: &str, value: serde_json::Value| {
        let mut json = key::json(&uri);
        json[name] = value;
        json.to_string()
    };
    let without = |name: &str| {
        let mut json = key::json(&uri);
        json.as_object_mut().unwrap().remove(name);
        json.to_string()
    };
    for (text, words) in [
        (String::new(), "not the JSON of a key"),
        ("[1".into(), "not the JSON of a key"),
        (r#"{"installed":{"client_id":"x"}}"#.into(), "an OAuth client"),
        (r#"{"type":"authorized_user"}"#.into(), "a person's credentials"),
        (with("type", "external_account".into()), "not \"service_account\""),
        (without("client_email"), "\"client_email\" is missing"),
        (without("private_key"), "\"private_key\" is missing"),
        (with("private_key", "canary-key".into()), "not PEM"),
        (
            with(
                "private_key",
                "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----".into(),
            ),
            "not usable",
        ),
        (with("token_uri", "http://oauth2.example.org/token".into()), "token_uri is not usable"),
        (" ".repeat(100_000), "too long"),
    ] {
        stand.write_key(&text);
        let failure = stand.source(scope("r")).sign_in().await.unwrap_err();
        assert_eq!((failure.class, failure.retry), (C::Misconfigured, Retry::Never), "{failure}");
        assert!(failure.to_string().contains(words), "{words}: {failure}");
        assert!(failure.to_string().contains("key.json"), "{failure}");
        assert!(!failure.to_string().contains("canary"), "{failure}");
    }
    std::fs::remove_file(stand.key_path()).unwrap();
    let source = stand.source(scope("r"));
    let failure = source.sign_in().await.unwrap_err();
    assert!(failure.to_string().contains("set credentials_path"), "{failure}");
    assert_eq!(stand.server.seen().len(), 0);

    // Put right, it works without a restart.
    stand.write_key(&key::file(&uri));
    source.sign_in().await.unwrap();
    // As other tools write it.
    let escaped = key::pem().replace('\n', "\\n");
    stand.write_key(&with("private_key", escaped.into()));
    stand.source(scope("r")).sign_in().await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_that_others_may_read_earns_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let log = Log::default();
    let to_log = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_writer(move || to_log.clone()).with_ansi(false).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let stand = Stand::of(grove(1)).await;
    for (mode, warned) in [(0o600, false), (0o640, true)] {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(stand.key_path(), mode).unwrap();
        stand.source(scope("r")).sign_in().await.unwrap();
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.contains("others may read this key (mode 640)"), warned, "{text}");
        assert!(!text.contains(TOKEN));
    }
}

/// What is logged.
#[cfg(unix)]
#[derive(Clone, Default)]
struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

#[cfg(unix)]
impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_in_any_message() {
    for answer in [
        error(403, "forbidden", &format!("bad token {TOKEN}-0 here")),
        error(500, "backendError", &format!("Authorization: Bearer {TOKEN}-0")),
        reply(200, format!("{{\"access_token\":\"{TOKEN}-0\"")),
        reply(404, format!("{TOKEN}-0")),
    ] {
        let given = answer.clone();
        let stand =
            Stand::with(grove(1), Manners::default(), move |r| r.is_api().then(|| given.clone()))
                .await;
        let failure: Failure =
            Register::default().walk(&stand.source(scope("r")), false).await.unwrap_err();
        let text = format!("{failure} {failure:?}");
        assert!(!text.contains(TOKEN), "{text}");
    }
    // A token endpoint that repeats the claim.
    let stand = Stand::with(grove(1), Manners::default(), |r| {
        let jwt = r.body.split("assertion=").nth(1).unwrap_or_default().to_owned();
        let body =
            serde_json::json!({"error": "invalid_grant", "error_description": format!("no {jwt}")});
        r.is_token().then(|| reply(400, body.to_string()))
    })
    .await;
    let failure = stand.source(scope("r")).sign_in().await.unwrap_err();
    assert!(!format!("{failure:?}").contains("eyJ"), "{failure:?}");
}

use transship::sources::google_drive::Account;

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let stand = Stand::of(World::new()).await;
    for (base_url, name) in [
        ("http://www.googleapis.com", None),
        ("ftp://www.googleapis.com", None),
        ("https://me:word@www.googleapis.com", None),
        ("https://www.googleapis.com", Some("a\nb")),
    ] {
        let mut settings = stand.settings();
        settings.base_url = base_url.into();
        settings.application_name = name.map(ToOwned::to_owned);
        let failure = Account::new(settings).err().unwrap();
        assert_eq!(failure.class, C::Misconfigured, "{failure}");
    }
}
