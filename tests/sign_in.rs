//! Passwords and prompts, against a server that keeps a record of what it was sent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use russh::MethodKind;
use russh::server::{Auth, Handler, Response};
use support::ssh_stand::{PASSWORD, USER, serve};
use tokio::net::TcpListener;
use transship::model::{Failure, FailureClass, HostKeyPolicy, Secret, SshServer};
use transship::transport::sftp::SftpSession;

/// What a server asks for, and what it was sent.
#[derive(Clone, Default)]
struct Stand {
    methods: Vec<MethodKind>,
    prompts: Vec<(&'static str, bool)>,
    received: Arc<Mutex<Vec<String>>>,
}

impl Stand {
    fn note(&self, what: String) {
        self.received.lock().unwrap().push(what);
    }

    fn received(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }

    async fn start(&self) -> SshServer {
        serve(self.clone(), &self.methods).await
    }
}

impl Handler for Stand {
    type Error = russh::Error;

    async fn authentication_banner(&mut self) -> Result<Option<String>, Self::Error> {
        Ok(Some("\u{1b}[2Jclosed for maintenance".to_owned()))
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        self.note(format!("password {user} {password}"));
        Ok(if password == PASSWORD { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        let Some(response) = response else {
            return Ok(Auth::Partial {
                name: "".into(),
                instructions: "".into(),
                prompts: self.prompts.iter().map(|(text, echo)| ((*text).into(), *echo)).collect(),
            });
        };
        let answers: Vec<String> =
            response.map(|answer| String::from_utf8_lossy(&answer).into_owned()).collect();
        self.note(format!("answers {user} {answers:?}"));
        Ok(if answers == [PASSWORD] { Auth::Accept } else { Auth::reject() })
    }
}

/// The server offers no channels, so every attempt ends in a failure: of the
/// sign-in, or of starting SFTP after it.
async fn attempt(server: &SshServer) -> Failure {
    let failure = SftpSession::connect(server).await.err().expect("there is no SFTP");
    assert!(!failure.to_string().contains("canary"), "{failure}");
    assert!(!failure.to_string().contains('\u{1b}'), "{failure}");
    failure
}

fn is_signed_in(failure: &Failure) -> bool {
    failure.doing == "starting SFTP on" && failure.class == FailureClass::Refused
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_signs_in() {
    let stand = Stand { methods: vec![MethodKind::Password], ..Stand::default() };
    let server = stand.start().await;
    let failure = attempt(&server).await;
    assert!(is_signed_in(&failure), "{failure}");
    assert_eq!(stand.received(), [format!("password {USER} {PASSWORD}")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_sent_once_and_the_banner_shown_safely() {
    let stand = Stand { methods: vec![MethodKind::Password], ..Stand::default() };
    let mut server = stand.start().await;
    server.auth.password = Some(Secret::new("canary wrong"));
    let failure = attempt(&server).await;
    assert_eq!(failure.class, FailureClass::SignIn, "{failure}");
    assert!(failure.to_string().contains("\\u{1b}[2Jclosed for maintenance"), "{failure}");
    assert_eq!(stand.received(), [format!("password {USER} canary wrong")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn prompts_are_answered_with_the_password_once() {
    for (prompts, answers, accepted) in [
        (vec![("Password: ", false)], vec![PASSWORD], true),
        (vec![("User: ", true)], vec![""], false),
        (vec![("Password: ", false), ("Code: ", false)], vec![PASSWORD, ""], false),
    ] {
        let methods = vec![MethodKind::KeyboardInteractive];
        let stand = Stand { methods, prompts, ..Stand::default() };
        let server = stand.start().await;
        let failure = attempt(&server).await;
        assert_eq!(is_signed_in(&failure), accepted, "{failure}");
        assert_eq!(stand.received(), [format!("answers {USER} {answers:?}")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_a_server_with_another_key() {
    let methods = vec![MethodKind::Password, MethodKind::KeyboardInteractive];
    let stand = Stand { methods, ..Stand::default() };
    let mut server = stand.start().await;
    let right = server.host_key.clone();
    for policy in
        [HostKeyPolicy::Missing, HostKeyPolicy::Pinned(vec![format!("SHA256:{}", "A".repeat(43))])]
    {
        server.host_key = policy;
        assert_eq!(attempt(&server).await.class, FailureClass::HostKey);
    }
    assert_eq!(stand.received(), [""; 0]);
    // Negative control: the record is kept once the key is right.
    server.host_key = right;
    attempt(&server).await;
    assert_eq!(stand.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_anything_that_fits_the_server_is_told_nothing() {
    let stand = Stand { methods: vec![MethodKind::PublicKey], ..Stand::default() };
    let server = stand.start().await;
    let failure = attempt(&server).await;
    assert_eq!(failure.class, FailureClass::SignIn);
    assert!(failure.to_string().contains("it offers publickey"), "{failure}");
    assert_eq!(stand.received(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_without_an_ssh_server_is_a_network_failure() {
    let stand = Stand::default();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let server = SshServer { port, ..stand.start().await };
    let failure = attempt(&server).await;
    assert_eq!(failure.class, FailureClass::Network, "{failure}");

    // One that accepts and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let connect_timeout = Duration::from_millis(300);
    let server = SshServer { port, connect_timeout, ..server };
    let failure = attempt(&server).await;
    assert_eq!(failure.class, FailureClass::Network, "{failure}");
    assert!(failure.to_string().contains("silent"), "{failure}");
}
