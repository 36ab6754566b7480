//! Signing in with a browser.

use std::net::TcpListener as Port;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;
use transship::model::{AutodeskAccount, AutodeskGrant, Failure, FailureClass as C};
use transship::sources::SignedIn;
use transship::sources::autodesk::Account;
use transship::sources::autodesk::sign_in::{Pending, begin, begin_within};
use url::Url;

use super::service::*;

/// A port that is free on both loopback addresses at this moment.
fn free_port() -> u16 {
    loop {
        let port = Port::bind("127.0.0.1:0").unwrap();
        let number = port.local_addr().unwrap().port();
        if Port::bind(("::1", number)).is_ok() || Port::bind("[::1]:0").is_err() {
            return number;
        }
    }
}

/// Nobody has signed in yet.
async fn service() -> Service {
    let service = Service::new(World::new()).await;
    std::fs::remove_file(service.token_path()).unwrap();
    service
}

fn settings(service: &Service, port: u16) -> AutodeskAccount {
    AutodeskAccount {
        callback_url: format!("http://localhost:{port}/oauth/callback"),
        ..service.settings()
    }
}

fn parameter(url: &Url, key: &str) -> Option<String> {
    url.query_pairs().find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
}

/// Waits, and lets a browser come with `target` meanwhile.
async fn come(pending: Pending, port: u16, target: &str) -> (Result<SignedIn, Failure>, String) {
    // In a task of its own, as the console does it.
    let waiting = tokio::spawn(async move { pending.wait(&CancellationToken::new()).await });
    let page = visit(port, target).await;
    (waiting.await.unwrap(), page)
}

/// What a browser shows.
async fn visit(port: u16, target: &str) -> String {
    request(port, &format!("GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n")).await
}

async fn request(port: u16, text: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut page = String::new();
    let _ = stream.read_to_string(&mut page).await;
    page
}

fn callback(pending: &Pending) -> String {
    let state = parameter(pending.url(), "state").unwrap();
    format!("/oauth/callback?code={CODE}&state={state}")
}

#[tokio::test]
async fn with_a_secret_and_without_one() {
    for secret in [true, false] {
        let (service, port) = (service().await, free_port());
        let mut settings = settings(&service, port);
        if !secret {
            settings.client_secret = None;
        }
        let account = Account::new(settings.clone()).unwrap();
        let pending = begin(&account).unwrap();
        let url = pending.url().clone();
        assert!(
            url.as_str()
                .starts_with(&format!("{}/authentication/v2/authorize?", service.server.origin))
        );
        for (key, value) in [
            ("response_type", "code"),
            ("client_id", CLIENT_ID),
            ("redirect_uri", settings.callback_url.as_str()),
            ("scope", "data:read"),
        ] {
            assert_eq!(parameter(&url, key).as_deref(), Some(value), "{url}");
        }
        assert!(url.as_str().contains("scope=data%3Aread"), "{url}");
        assert_eq!(parameter(&url, "code_challenge_method").is_some(), !secret);

        let target = callback(&pending);
        let (signed_in, page) = come(pending, port, &target).await;
        assert!(signed_in.unwrap().identity.as_str().contains(USER));
        assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("Signed in."), "{page}");
        for never in ["<script", CODE, "canary", USER] {
            assert!(!page.contains(never), "{never}: {page}");
        }
        assert!(page.contains("default-src 'none'"));
        // One way of authentication, never both; the stand-in refuses anything else.
        let seen = service.server.seen();
        let (sent, headers) = (form(&seen[0]), seen[0].header("authorization").is_some());
        assert_eq!((headers, sent.contains_key("client_id")), (secret, !secret));
        assert_eq!(sent["redirect_uri"], settings.callback_url);
        if !secret {
            let verifier = &sent["code_verifier"];
            let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
            let challenge = URL_SAFE_NO_PAD.encode(hash);
            assert_eq!(parameter(&url, "code_challenge"), Some(challenge));
        }
        // Usable at once, and by others.
        account.session().await.unwrap();
        service.account().session().await.unwrap();
        assert_eq!(service.server.count(Request::is_token), 1);
        let file = service.stored();
        assert_eq!(
            (file["refreshed_at"].clone(), file["expires_in"].as_i64()),
            (Value::Null, Some(3599))
        );
    }
}

#[tokio::test]
async fn what_is_not_this_sign_in_s_callback_is_refused() {
    let (service, port) = (service().await, free_port());
    let account = Account::new(settings(&service, port)).unwrap();
    let foreign = [
        format!("/oauth/callback?code={CODE}&state=wrong"),
        format!("/oauth/callback?code={CODE}"),
        format!("/oauth/callback?code={CODE}&state="),
        "/oauth/callback?error=access_denied&state=wrong".to_owned(),
    ];
    for target in foreign {
        let (result, page) = come(begin(&account).unwrap(), port, &target).await;
        let failure = result.unwrap_err();
        assert_eq!(failure.class, C::SignIn, "{target}");
        assert!(failure.to_string().contains("does not belong to this sign-in"), "{failure}");
        assert!(page.starts_with("HTTP/1.1 400 "), "{page}");
    }
    assert_eq!(service.server.count(|_| true), 0, "no code was sent");
    assert!(!service.token_path().exists());
}

#[tokio::test]
async fn a_callback_is_good_once() {
    let (service, port) = (service().await, free_port());
    let account = Account::new(settings(&service, port)).unwrap();
    let pending = begin(&account).unwrap();
    let first = callback(&pending);
    come(pending, port, &first).await.0.unwrap();
    // The port is closed.
    TcpStream::connect(("127.0.0.1", port)).await.unwrap_err();
    TcpStream::connect(("::1", port)).await.unwrap_err();
    // And the next sign-in does not know it.
    let (result, _) = come(begin(&account).unwrap(), port, &first).await;
    assert_eq!(result.unwrap_err().class, C::SignIn);
    assert_eq!(service.server.count(Request::is_token), 1);
}

#[tokio::test]
async fn two_callbacks_at_once_are_one() {
    let (service, port) = (service().await, free_port());
    let account = Account::new(settings(&service, port)).unwrap();
    let pending = begin(&account).unwrap();
    let target = callback(&pending);
    let again = async {
        // Turned away or never taken: the sockets close under it.
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else { return };
        let text = format!("GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
        let _ = stream.write_all(text.as_bytes()).await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    };
    let cancel = CancellationToken::new();
    let (result, _, ()) = tokio::join!(pending.wait(&cancel), visit(port, &target), again);
    result.unwrap();
    assert_eq!(service.server.count(Request::is_token), 1);
}

#[tokio::test]
async fn other_requests_are_turned_away_and_do_not_end_the_wait() {
    let (service, port) = (service().await, free_port());
    let account = Account::new(settings(&service, port)).unwrap();
    let pending = begin(&account).unwrap();
    let target = callback(&pending);
    let visits = async {
        // A browser that opens a connection in advance and says nothing.
        let _silent = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        assert!(visit(port, "/favicon.ico").await.starts_with("HTTP/1.1 404 "));
        assert!(visit(port, "/oauth/callback").await.starts_with("HTTP/1.1 400 "));
        let evil = format!("GET {target} HTTP/1.1\r\nHost: evil.example\r\n\r\n");
        assert!(request(port, &evil).await.starts_with("HTTP/1.1 421 "));
        let post = format!("POST {target} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
        assert!(request(port, &post).await.starts_with("HTTP/1.1 405 "));
        assert_eq!(request(port, &"x".repeat(20_000)).await, "");
        assert!(visit(port, &target).await.starts_with("HTTP/1.1 200 "));
    };
    let cancel = CancellationToken::new();
    let (result, ()) = tokio::join!(pending.wait(&cancel), visits);
    result.unwrap();
}

#[tokio::test]
async fn only_this_machine_is_listened_on() {
    let (service, port) = (service().await, free_port());
    let account = Account::new(settings(&service, port)).unwrap();
    let pending = begin(&account).unwrap();
    // Every other address of this machine is free for others.
    let other = Port::bind(("127.0.0.2", port));
    assert!(other.is_ok() || cfg!(not(target_os = "linux")), "{other:?}");
    Port::bind(("127.0.0.1", port)).unwrap_err();
    drop(pending);
    Port::bind(("127.0.0.1", port)).unwrap();
}

#[tokio::test]
async fn a_port_that_is_taken_is_said() {
    let service = service().await;
    for address in ["127.0.0.1", "::1"] {
        let port = free_port();
        let Ok(_taken) = Port::bind((address, port)) else { continue };
        let account = Account::new(settings(&service, port)).unwrap();
        let failure = begin(&account).unwrap_err();
        assert_eq!(failure.class, C::Local);
        assert!(failure.to_string().contains(&format!("port {port} is used")), "{failure}");
    }
}

#[tokio::test]
async fn what_the_person_or_the_service_refuses() {
    let (service, port) = (service().await, free_port());
    let account = Account::new(settings(&service, port)).unwrap();
    let pending = begin(&account).unwrap();
    let state = parameter(pending.url(), "state").unwrap();
    let target = format!(
        "/oauth/callback?error=access_denied&error_description=%1b%5B2Jno%2c+thanks+{state}&state={state}"
    );
    let failure = come(pending, port, &target).await.0.unwrap_err();
    assert_eq!(failure.class, C::SignIn);
    let words = failure.to_string();
    assert!(words.contains("access_denied: \\u{1b}[2Jno, thanks"), "{words}");
    assert!(!words.contains(&state), "{words}");
    // A code that the service does not take.
    let pending = begin(&account).unwrap();
    let target = callback(&pending).replace(CODE, "canary-other");
    let failure = come(pending, port, &target).await.0.unwrap_err();
    assert_eq!(failure.class, C::SignIn);
    assert!(!failure.to_string().contains("canary"), "{failure}");
    assert!(!service.token_path().exists());
}

#[tokio::test]
async fn nobody_comes_or_it_is_given_up() {
    let (service, port) = (service().await, free_port());
    let account = Account::new(settings(&service, port)).unwrap();
    let pending = begin_within(&account, Duration::from_millis(50)).unwrap();
    let failure = pending.wait(&CancellationToken::new()).await.unwrap_err();
    assert_eq!(failure.class, C::SignIn);
    assert!(failure.to_string().contains("in time"), "{failure}");
    let pending = begin(&account).unwrap();
    let cancel = CancellationToken::new();
    cancel.cancel();
    assert_eq!(pending.wait(&cancel).await.unwrap_err().class, C::Cancelled);
    Port::bind(("127.0.0.1", port)).unwrap();
}

#[tokio::test]
async fn callbacks_that_cannot_be_waited_for() {
    let service = service().await;
    for callback in
        ["https://localhost:8081/cb", "http://192.168.1.1:8081/cb", "http://example.org/cb"]
    {
        let settings = AutodeskAccount { callback_url: callback.into(), ..service.settings() };
        let failure = begin(&Account::new(settings).unwrap()).unwrap_err();
        assert_eq!(failure.class, C::Misconfigured, "{callback}");
    }
    let grant = AutodeskGrant::TwoLegged { user_id: None };
    let settings = AutodeskAccount { grant, ..service.settings() };
    assert_eq!(begin(&Account::new(settings).unwrap()).unwrap_err().class, C::Misconfigured);
}

#[tokio::test]
async fn a_lost_session_is_replaced_by_a_new_one() {
    let (service, port) = (service().await, free_port());
    service.signed_in(5000);
    let used_up = service.tokens().issue();
    drop(used_up);
    let account = Account::new(settings(&service, port)).unwrap();
    account.session().await.unwrap_err();
    let pending = begin(&account).unwrap();
    let target = callback(&pending);
    come(pending, port, &target).await.0.unwrap();
    account.session().await.unwrap();
}

// The command.

/// `transship auth autodesk`, waiting.
struct Waiting {
    child: Child,
    out: BufReader<tokio::process::ChildStdout>,
    url: Url,
}

fn configuration(folder: &Path, service: &Service, port: u16) {
    let yaml = format!(
        "clients:\n  autodesk:\n    client_id: {CLIENT_ID}\n    client_secret: ${{SECRET}}\n    \
         base_url: {}\n    callback_url: http://localhost:{port}/oauth/callback\n    \
         token_path: {}\nendpoints: []\n",
        service.server.origin,
        service.token_path().display(),
    );
    std::fs::write(folder.join("connector.yaml"), yaml).unwrap();
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("SECRET", CLIENT_SECRET)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

impl Waiting {
    async fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = command(folder, arguments).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).await.unwrap();
        let url = match serde_json::from_str::<Value>(&line) {
            Ok(row) => row["url"].as_str().unwrap().to_owned(),
            Err(_) => line.trim().to_owned(),
        };
        let url = Url::parse(&url).unwrap_or_else(|e| panic!("{e}: {line}"));
        Self { child, out, url }
    }

    /// Exit code, the rest of stdout, stderr.
    async fn end(mut self) -> (i32, String, String) {
        let (mut out, mut err) = (String::new(), String::new());
        let mut stderr = self.child.stderr.take().unwrap();
        let (a, b) =
            tokio::join!(self.out.read_to_string(&mut out), stderr.read_to_string(&mut err));
        a.unwrap();
        b.unwrap();
        let status = self.child.wait().await.unwrap();
        (status.code().unwrap_or(-1), out, err)
    }
}

#[tokio::test]
async fn the_command_signs_in() {
    for json in [false, true] {
        let (service, port) = (service().await, free_port());
        configuration(service.folder.path(), &service, port);
        let arguments =
            if json { vec!["auth", "autodesk", "--json"] } else { vec!["auth", "autodesk"] };
        let waiting = Waiting::start(service.folder.path(), &arguments).await;
        let state = parameter(&waiting.url, "state").unwrap();
        let page = visit(port, &format!("/oauth/callback?code={CODE}&state={state}")).await;
        assert!(page.contains("Signed in."), "{page}");
        let (code, out, err) = waiting.end().await;
        assert_eq!(code, 0, "{out} {err}");
        match json {
            true => {
                let row: Value = serde_json::from_str(out.trim()).unwrap();
                assert_eq!(
                    (row["signed_in"].clone(), row["user"].clone()),
                    (true.into(), USER.into())
                );
                assert_eq!(row["scopes"], serde_json::json!(["data:read"]));
                let until: jiff::Timestamp = row["expires_at"].as_str().unwrap().parse().unwrap();
                let left = until.as_second() - jiff::Timestamp::now().as_second();
                assert!((3500..3600).contains(&left), "{left}");
            }
            false => assert!(out.contains(USER) && out.contains("data:read"), "{out}"),
        }
        assert!(!format!("{out}{err}").contains("canary"), "{out}{err}");
        assert_eq!(service.stored()["token_type"], "Bearer");
    }
}

#[tokio::test]
async fn the_command_ends_as_the_surface_says() {
    let (service, port) = (service().await, free_port());
    let folder = service.folder.path();
    configuration(folder, &service, port);
    // Refused.
    let waiting = Waiting::start(folder, &["auth", "autodesk"]).await;
    visit(port, &format!("/oauth/callback?code={CODE}&state=wrong")).await;
    let (code, _, err) = waiting.end().await;
    assert_eq!(code, 77, "{err}");
    // Ctrl-C.
    let waiting = Waiting::start(folder, &["auth", "autodesk", "--json"]).await;
    let pid = waiting.child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().await.unwrap().success());
    let (code, out, err) = waiting.end().await;
    assert_eq!((code, out.as_str()), (130, ""), "{err}");
    // A port that is taken.
    let taken = Port::bind(("127.0.0.1", port)).unwrap();
    let output = command(folder, &["auth", "autodesk"]).output().await.unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains(&format!("port {port} is used")), "{err}");
    drop(taken);
    // No such client, and none at all.
    let output =
        command(folder, &["auth", "autodesk", "--client", "other"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8(output.stderr).unwrap().contains("there is: autodesk"));
    std::fs::write(folder.join("connector.yaml"), "endpoints: []\n").unwrap();
    let output = command(folder, &["auth", "autodesk"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(!service.token_path().exists());
}

#[tokio::test]
async fn a_service_that_is_slow_does_not_lose_the_pair_to_a_signal() {
    // The browser is back, the code is on its way, and Ctrl-C comes.
    let (service, port) = (service().await, free_port());
    let account = Account::new(settings(&service, port)).unwrap();
    let pending = begin(&account).unwrap();
    let target = callback(&pending);
    let cancel = CancellationToken::new();
    let stop = async {
        while service.server.count(Request::is_token) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        cancel.cancel();
    };
    let (result, _, ()) = tokio::join!(pending.wait(&cancel), visit(port, &target), stop);
    result.unwrap();
    let _: Arc<Account> = account;
    assert!(service.token_path().exists());
}
