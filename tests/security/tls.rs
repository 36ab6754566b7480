//! TLS with the real program and a certificate authority of our own: the exchange succeeds
//! where everything is right, and nothing is said where anything is not.

use std::path::Path;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::authority::{Authority, Shown, authority, wrong};
use crate::support::program::{Ran, Running};

const PASSWORD: &str = "canary-tls";

/// A service that signs everybody in; what it heard, decrypted.
async fn service(shown: &Shown<'_>) -> (u16, Arc<Mutex<String>>) {
    let acceptor = tokio_rustls::TlsAcceptor::from(shown.config());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(Mutex::new(String::new()));
    let hears = heard.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, heard) = (acceptor.clone(), hears.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut request = vec![0; 16 * 1024];
                while let Ok(read @ 1..) = stream.read(&mut request).await {
                    let text = String::from_utf8_lossy(&request[..read]).into_owned();
                    let body = match text.starts_with("POST ") {
                        true => r#"{"sessionToken":"t","user":{"organizations":[{"uid":"o1"}]}}"#,
                        false => "[]",
                    };
                    heard.lock().unwrap().push_str(&text);
                    let length = body.len();
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
                    );
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (port, heard)
}

/// `transship test` against a service at `localhost`, on a machine that trusts `trusted`.
async fn ask(trusted: &Authority, port: u16) -> Ran {
    let yaml = format!(
        "clients:\n  encoura: {{ base_url: \"https://localhost:{port}/v1\", api_key: \"${{KEY}}\", \
         organization_uid: o1, username: u, password: \"${{PASSWORD}}\" }}\n\
         endpoints:\n  - {{ name: Exports, endpoint_type: encoura, schedule: {{ type: manual }} }}\n"
    );
    let secrets = [("KEY", "canary-key"), ("PASSWORD", PASSWORD)];
    trusting(trusted, &yaml, &secrets, &["--verbose", "test"]).await
}

/// The program with this configuration, on a machine that trusts `trusted` alone.
pub async fn trusting(
    trusted: &Authority,
    yaml: &str,
    secrets: &[(&str, &str)],
    arguments: &[&str],
) -> Ran {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("connector.yaml"), yaml).unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, trusted.pem()).unwrap();
    let trust = [("SSL_CERT_FILE", path(&file)), ("SSL_CERT_DIR", path(folder.path()))];
    let variables = secrets.iter().copied().chain(trust);
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_transship"));
    command.args(arguments);
    Running::begin(command, folder.path(), &variables).ended().await
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_succeeds_only_with_a_certificate_that_is_right_in_every_way() {
    let (ours, theirs) = (authority("ours"), authority("theirs"));
    let right = Shown { by: &ours, name: "localhost", years: (2020, 2090) };
    let (port, heard) = service(&right).await;
    let ran = ask(&ours, port).await.expect(0);
    assert!(heard.lock().unwrap().contains(PASSWORD), "it is signed in: {ran:#?}");
    assert!(ran.stdout.contains("organisation o1, as u"), "and answered: {ran:#?}");

    for (wrong, words) in wrong(right, &theirs) {
        let (port, heard) = service(&wrong).await;
        let ran = ask(&ours, port).await;
        let (name, years) = (wrong.name, wrong.years);
        assert_eq!(ran.code, 77, "{name} {years:?}: {ran:#?}");
        let said = format!("{}{}", ran.stdout, ran.stderr).to_lowercase();
        assert!(said.contains("certificate is not trusted"), "{name} {years:?}: {said}");
        assert!(said.contains(words), "{name} {years:?}: {said}");
        assert_eq!(*heard.lock().unwrap(), "", "nothing is said to {name} {years:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_speaks_no_tls_is_told_nothing() {
    let ours = authority("ours");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = vec![0; 16 * 1024];
        let read = stream.read(&mut bytes).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]").await.unwrap();
        bytes.truncate(read);
        bytes
    });
    let ran = ask(&ours, port).await;
    assert!(ran.code != 0, "{ran:#?}");
    let heard = heard.await.unwrap();
    // A TLS greeting, and no word of ours.
    assert_eq!(heard[0], 0x16);
    for words in [PASSWORD, "canary-key", "POST"] {
        assert!(!crate::whole::holds(&heard, words), "{words}");
    }
}
