//! The session: renewed in time, once, and never after it is lost.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use transship::model::{AutodeskGrant, Failure, FailureClass as C, Secret};
use transship::sources::autodesk::Account;

use super::books::Books;
use super::service::*;
use super::walk::sample;

/// Almost an hour ago: less than five minutes are left.
const OLD: i64 = 3599 - 299;

async fn use_it(account: &Arc<Account>) -> Result<(), Failure> {
    account.session().await.map(|_| ())
}

#[tokio::test]
async fn renewed_with_five_minutes_left_and_written_before_it_is_used() {
    // What the file held when the first call came.
    let held = Arc::new(std::sync::Mutex::new(None::<(std::path::PathBuf, Vec<Value>)>));
    let its = Arc::clone(&held);
    let service = Service::with(sample(), move |r| {
        if r.is_call()
            && let Some((path, seen)) = its.lock().unwrap().as_mut()
        {
            let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            let bearer = format!("Bearer {}", file["access_token"].as_str().unwrap());
            assert_eq!(r.header("authorization"), Some(bearer.as_str()));
            seen.push(file);
        }
        None
    })
    .await;
    *held.lock().unwrap() = Some((service.token_path(), vec![]));
    for (ago, refreshes) in [(0, 0), (3599 - 320, 0), (OLD, 1), (5000, 2)] {
        service.signed_in(ago);
        Books::default().walk(&service.source()).await.unwrap();
        assert_eq!(service.tokens().refreshed, refreshes, "{ago}");
    }
    let file = service.stored();
    assert_eq!(file["token_type"], "Bearer");
    assert_eq!(file["expires_in"], 3599);
    let time = |key: &str| file[key].as_i64().unwrap();
    assert_eq!(time("refreshed_at") + 3599, time("expires_at"));
    assert!((time("refreshed_at") - time("obtained_at") - 5000).abs() <= 5);
    assert!(!held.lock().unwrap().as_ref().unwrap().1.is_empty());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(service.token_path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let service = Service::new(sample()).await;
    let source = service.source();
    let mut books = Books::default();
    books.walk(&source).await.unwrap();
    service.tokens().refuse_all();
    let walked = books.walk_as(&source, true).await.unwrap();
    assert_eq!((walked.failures, service.tokens().refreshed), (vec![], 1));
    assert_eq!(books.truth(), service.world().truth(ROOT));
    // A service that refuses every token is asked for one more, not for many.
    let service = Service::with(sample(), |r| r.is_call().then(|| reply(401, ""))).await;
    let failure = Books::default().walk(&service.source()).await.unwrap_err();
    assert_eq!(failure.class, C::SignIn);
    assert!(failure.to_string().contains("transship auth autodesk"), "{failure}");
    assert_eq!(service.tokens().refreshed, 1);
}

#[tokio::test]
async fn many_at_once_renew_once() {
    let service = Service::new(sample()).await;
    service.signed_in(OLD);
    // Two accounts share the file as two processes would.
    let accounts = [service.account(), service.account()];
    let uses = (0..32).map(|n| use_it(&accounts[n % 2]));
    for result in futures::future::join_all(uses).await {
        result.unwrap();
    }
    assert_eq!(service.tokens().refreshed, 1);
    assert_eq!(service.server.count(Request::is_token), 1);
}

#[tokio::test]
async fn a_pair_that_another_process_wrote_is_taken() {
    let service = Service::new(sample()).await;
    let account = service.account();
    use_it(&account).await.unwrap();
    // It renews, or somebody signs in anew; ours is refused from then on.
    service.tokens().refuse_all();
    service.signed_in(0);
    let source = transship::sources::autodesk::AutodeskSource::new(account, scope());
    Books::default().walk(&source).await.unwrap();
    assert_eq!(service.tokens().refreshed, 0);
}

#[tokio::test]
async fn two_processes_at_once_renew_once() {
    let service = Service::new(sample()).await;
    service.signed_in(OLD);
    let child = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "session::one_of_several_processes", "--ignored", "--nocapture"])
            .env("T_BASE_URL", &service.server.origin)
            .env("T_TOKENS", service.token_path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let children: Vec<_> = (0..3).map(|_| child()).collect();
    for child in children {
        let ended = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
        let output = ended.await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    }
    assert_eq!(service.tokens().refreshed, 1);
    assert_eq!(service.server.count(Request::is_token), 1);
    assert_eq!(service.server.count(Request::is_hubs), 3, "negative control: all of them called");
}

/// The account that the test which started this process has.
pub fn settings_of_parent() -> Option<transship::model::AutodeskAccount> {
    let (base_url, tokens) = (std::env::var("T_BASE_URL").ok()?, std::env::var("T_TOKENS").ok()?);
    Some(transship::model::AutodeskAccount {
        name: "autodesk".into(),
        base_url,
        client_id: CLIENT_ID.into(),
        client_secret: Some(Secret::new(CLIENT_SECRET)),
        callback_url: "http://localhost:8081/oauth/callback".into(),
        token_path: tokens.into(),
        scopes: vec!["data:read".into()],
        grant: AutodeskGrant::ThreeLegged,
    })
}

/// Signs in and calls, in a process of its own.
#[tokio::test]
#[ignore = "a part of two_processes_at_once_renew_once"]
async fn one_of_several_processes() {
    let Some(settings) = settings_of_parent() else { return };
    let source =
        transship::sources::autodesk::AutodeskSource::new(Account::new(settings).unwrap(), scope());
    Books::default().walk(&source).await.unwrap();
}

/// Killed again and again while it renews and writes, a process leaves a whole pair.
#[cfg(unix)]
#[tokio::test]
async fn a_process_that_is_killed_leaves_a_whole_pair() {
    let service = Service::new(sample()).await;
    // Every use is a renewal.
    service.tokens().lifetime = 0;
    let mut left = std::collections::BTreeSet::new();
    for round in 0..12 {
        service.signed_in(0);
        let before = service.server.count(Request::is_token);
        let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "session::one_that_renews_for_ever", "--ignored"])
            .env("T_BASE_URL", &service.server.origin)
            .env("T_TOKENS", service.token_path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        while service.server.count(Request::is_token) < before + 3 + round {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        child.kill().await.unwrap();
        // The last pair, or the one before it, and nothing in between.
        let last = service.tokens().count();
        let file = service.stored();
        let token = file["refresh_token"].as_str().unwrap().to_owned();
        let number: u32 = token.rsplit('-').next().unwrap().parse().unwrap();
        assert!(number == last || number + 1 == last, "{number} {last}");
        assert!(file["access_token"].as_str().unwrap().ends_with(&format!("-{number}")));
        left.insert(token);
    }
    assert_eq!(left.len(), 12);
    // And a process that comes after it gets on with what is left, if anything is.
    service.signed_in(0);
    use_it(&service.account()).await.unwrap();
}

/// Renews until it is killed.
#[tokio::test]
#[ignore = "a part of a_process_that_is_killed_leaves_a_whole_pair"]
async fn one_that_renews_for_ever() {
    let Some(settings) = settings_of_parent() else { return };
    let account = Account::new(settings).unwrap();
    loop {
        use_it(&account).await.unwrap();
    }
}

#[tokio::test]
async fn a_lost_session_is_said_and_its_file_kept_aside() {
    type Replies = fn() -> Answer;
    let lost: [(&str, Replies); 6] = [
        ("no reply", || Answer::Raw(vec![])),
        ("a reply cut off", || cut(500, "\"x\"", br#"{"access_token":"canary-cut"#)),
        ("no answer in time", || Answer::Hang),
        ("a reply without a token", || reply(200, r#"{"expires_in":3599}"#)),
        ("no JSON", || reply(200, "<html>a login page</html>")),
        ("used up", || {
            reply(400, r#"{"developerMessage":"The refresh token is invalid or expired."}"#)
        }),
    ];
    for (what, answer) in lost {
        let service = Service::with(sample(), move |r| r.is_token().then(answer)).await;
        service.signed_in(OLD);
        let before = std::fs::read(service.token_path()).unwrap();
        let source = service.hasty(service.settings(), scope());
        for _ in 0..3 {
            // Not even the token that is good for some minutes: nobody knows what it is worth.
            let failure = Books::default().walk(&source).await.unwrap_err();
            assert_eq!(failure.class, C::SignIn, "{what}: {failure}");
            assert!(failure.needs_operator());
            assert!(failure.to_string().contains("transship auth autodesk"), "{what}: {failure}");
            assert!(!format!("{failure:?}").contains("canary"), "{what}: {failure}");
        }
        // The token that may be used up is sent once.
        assert_eq!(service.server.count(Request::is_token), 1, "{what}");
        assert_eq!(service.calls(), 0, "{what}");
        assert!(!service.token_path().exists());
        let aside = service.token_path().with_extension("json.lost");
        assert_eq!(std::fs::read(aside).unwrap(), before);
        // Somebody signs in, in another process.
        service.signed_in(0);
        Books::default().walk(&source).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_not_lost_is_kept() {
    type Replies = fn() -> Answer;
    let kept: [(&str, Replies, C); 5] = [
        ("busy", || reply(503, "busy"), C::Unavailable),
        ("too many", || reply_with(429, &[("Retry-After", "900")], ""), C::Throttled),
        ("another application", || reply(401, r#"{"error":"invalid_client"}"#), C::SignIn),
        ("a wrong scope", || reply(400, r#"{"error":"invalid_scope"}"#), C::SignIn),
        ("moved", || reply_with(302, &[("Location", "https://x.example/")], ""), C::Protocol),
    ];
    for (what, answer, class) in kept {
        let broken = Arc::new(std::sync::atomic::AtomicBool::new(true));
        let its = Arc::clone(&broken);
        let service = Service::with(sample(), move |r| {
            (r.is_token() && its.load(std::sync::atomic::Ordering::SeqCst)).then(answer)
        })
        .await;
        service.signed_in(OLD);
        let before = service.stored();
        let account = service.account();
        let failure = use_it(&account).await.unwrap_err();
        assert_eq!(failure.class, class, "{what}: {failure}");
        assert_eq!(service.stored(), before, "{what}");
        if class == C::Throttled {
            // Everybody waits.
            let again = use_it(&account).await.unwrap_err();
            assert_eq!(again.class, class);
            assert_eq!(service.server.count(Request::is_token), 1);
            continue;
        }
        broken.store(false, std::sync::atomic::Ordering::SeqCst);
        use_it(&account).await.unwrap();
        assert_eq!(service.tokens().refreshed, 1, "{what}");
    }
}

#[tokio::test]
async fn a_network_that_is_down_keeps_the_token() {
    let mut service = Service::new(sample()).await;
    service.signed_in(OLD);
    let before = service.stored();
    let account = service.account();
    let elsewhere = Server::start(|_| Answer::Hang).await;
    std::mem::replace(&mut service.server, elsewhere).stop().await;
    let failure = use_it(&account).await.unwrap_err();
    assert_eq!(failure.class, C::Network, "{failure}");
    assert_eq!(service.stored(), before);
}

#[tokio::test]
async fn nobody_has_signed_in() {
    let service = Service::new(sample()).await;
    std::fs::remove_file(service.token_path()).unwrap();
    let settings = transship::model::AutodeskAccount { name: "acc2".into(), ..service.settings() };
    let failure = use_it(&Account::new(settings).unwrap()).await.unwrap_err();
    assert_eq!(failure.class, C::SignIn);
    assert!(failure.to_string().contains("transship auth autodesk --client acc2"), "{failure}");
    assert_eq!(service.server.count(|_| true), 0);
    // A file that is not one is not overwritten, and not taken for none.
    std::fs::write(service.token_path(), "{\"access_token\":").unwrap();
    let failure = use_it(&service.account()).await.unwrap_err();
    assert_eq!(failure.class, C::SignIn);
    assert!(failure.to_string().contains("transship auth autodesk"), "{failure}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_pair_that_could_not_be_kept_is_not_asked_for() {
    let service = Service::new(sample()).await;
    service.signed_in(OLD);
    // A folder where the new file has to go: as good as a full disk, for every user.
    let new = service.token_path().with_extension("json.new");
    std::fs::create_dir_all(new.join("x")).unwrap();
    let account = service.account();
    let failure = use_it(&account).await.unwrap_err();
    assert_eq!(failure.class, C::Local, "{failure}");
    assert_eq!(service.server.count(Request::is_token), 0);
    std::fs::remove_dir_all(new).unwrap();
    use_it(&account).await.unwrap();
    assert_eq!(service.tokens().refreshed, 1);
}

#[tokio::test]
async fn a_renewal_goes_on_when_nobody_waits_for_it() {
    let service = Service::new(sample()).await;
    service.signed_in(OLD);
    let account = service.account();
    // Dropped as soon as the request is out.
    let using = use_it(&account);
    let sent = async {
        while service.server.count(Request::is_token) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        biased;
        () = sent => {}
        result = using => result.unwrap(),
    }
    use_it(&account).await.unwrap();
    assert_eq!(service.server.count(Request::is_token), 1);
    assert_eq!(service.tokens().refreshed, 1);
}

#[tokio::test]
async fn short_lived_tokens_are_not_renewed_with_every_call() {
    let service = Service::new(sample()).await;
    service.tokens().lifetime = 60;
    service.signed_in(0);
    Books::default().walk(&service.source()).await.unwrap();
    assert_eq!(service.tokens().refreshed, 0);
}

#[tokio::test]
async fn an_application_for_itself() {
    for user_id in [None, Some("USER7".to_owned())] {
        let service = Service::new(sample()).await;
        std::fs::remove_file(service.token_path()).unwrap();
        let grant = AutodeskGrant::TwoLegged { user_id: user_id.clone() };
        let settings = transship::model::AutodeskAccount { grant, ..service.settings() };
        let account = Account::new(settings).unwrap();
        let source = transship::sources::autodesk::AutodeskSource::new(account, scope());
        let mut books = Books::default();
        books.walk(&source).await.unwrap();
        books.walk(&source).await.unwrap();
        assert_eq!(books.truth(), service.world().truth(ROOT));
        assert_eq!(service.server.count(Request::is_token), 1);
        let seen = service.server.seen();
        let form = form(seen.iter().find(|r| r.is_token()).unwrap());
        assert_eq!(form["grant_type"], "client_credentials");
        assert_eq!(form["scope"], "data:read");
        let call = seen.iter().find(|r| r.is_contents()).unwrap();
        assert_eq!(call.header("x-user-id"), user_id.as_deref());
        assert!(!service.token_path().exists(), "it can be asked for again at any time");
        // And is, when it is refused.
        service.tokens().refuse_all();
        books.walk(&source).await.unwrap();
        assert_eq!(service.server.count(Request::is_token), 2);
    }
    let service = Service::new(sample()).await;
    let settings = transship::model::AutodeskAccount {
        grant: AutodeskGrant::TwoLegged { user_id: None },
        client_secret: None,
        ..service.settings()
    };
    assert_eq!(Account::new(settings).unwrap_err().class, C::Misconfigured);
}

#[tokio::test]
async fn a_service_account_signs_for_itself() {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let body = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");

    let service = Service::new(sample()).await;
    let grant = AutodeskGrant::ServiceAccount {
        account_id: "robot-1".into(),
        key_id: "key-1".into(),
        private_key: Secret::new(pem),
    };
    let settings = transship::model::AutodeskAccount { grant, ..service.settings() };
    let account = Account::new(settings).unwrap();
    assert!(!format!("{account:?}").contains(&body[..40]));
    let session = account.session().await.unwrap();
    assert_eq!((session.user.as_deref(), session.renewable), (Some("robot-1"), true));

    let seen = service.server.seen();
    let form = form(&seen[0]);
    assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let assertion = &form["assertion"];
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
    public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let part = |n: usize| -> Value {
        let part = assertion.split('.').nth(n).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    assert_eq!(part(0), json!({"alg": "RS256", "typ": "JWT", "kid": "key-1"}));
    let claims = part(1);
    assert_eq!(claims["iss"], CLIENT_ID);
    assert_eq!(claims["sub"], "robot-1");
    assert_eq!(claims["aud"], format!("{}/authentication/v2/token", service.server.origin));
    assert_eq!(claims["scope"], json!(["data:read"]));
    let left = claims["exp"].as_i64().unwrap() - jiff::Timestamp::now().as_second();
    assert!((200..=300).contains(&left), "{left}");
}

#[tokio::test]
async fn a_failure_is_shared_by_those_who_waited_for_it() {
    let service = Service::with(sample(), |r| r.is_token().then(|| reply(503, "busy"))).await;
    service.signed_in(OLD);
    let account = service.account();
    let results = futures::future::join_all((0..16).map(|_| use_it(&account))).await;
    assert!(results.iter().all(Result::is_err));
    assert_eq!(service.server.count(Request::is_token), 1);
    // Whoever comes later tries again.
    use_it(&account).await.unwrap_err();
    assert_eq!(service.server.count(Request::is_token), 2);
}
