//! The service account's key file, as the vendor hands it out.

use std::path::Path;

use aws_lc_rs::rsa::KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;
use tracing::warn;
use url::Url;

use crate::model::{Failure, FailureClass, Secret};
use crate::platform;
use crate::transport::http::checked_base;

const READING: &str = "reading the key file";

/// Where tokens are had if the file does not say.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// A key file has some 2,400 bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// A service account's key.
pub(super) struct Key {
    /// The account's address: what folders are shared with.
    pub(super) client_email: String,
    /// Which of the account's keys it is.
    pub(super) id: Option<String>,
    /// Where tokens are had, as it is written in the file.
    pub(super) audience: String,
    /// The same, checked.
    pub(super) token_uri: Url,
    /// What signs.
    pub(super) pair: KeyPair,
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "type")]
    kind: Option<String>,
    client_email: Option<String>,
    private_key: Option<String>,
    private_key_id: Option<String>,
    token_uri: Option<String>,
    // What else Google hands out as JSON, for the words of a refusal.
    installed: Option<serde::de::IgnoredAny>,
    web: Option<serde::de::IgnoredAny>,
}

/// Reads the key of a service account.
///
/// Fails with [`FailureClass::Misconfigured`], naming the file and what is wrong with it; nothing
/// of its content is repeated.
pub(super) async fn read(path: &Path) -> Result<Key, Failure> {
    let bytes = bytes(path).await?;
    let wrong = |said: &str| wrong(path, said);
    let file: File = serde_json::from_slice(&bytes).map_err(|e| {
        wrong(&format!("it is not the JSON of a key (line {}, column {})", e.line(), e.column()))
    })?;
    if file.installed.is_some() || file.web.is_some() {
        return Err(wrong("it is an OAuth client, not a service account's key"));
    }
    match file.kind.as_deref() {
        Some("service_account") | None => {}
        Some("authorized_user") => {
            return Err(wrong("it holds a person's credentials, not a service account's key"));
        }
        Some(_) => return Err(wrong("its \"type\" is not \"service_account\"")),
    }
    let missing = |name: &str| wrong(&format!("\"{name}\" is missing"));
    let client_email = file.client_email.filter(|t| !t.is_empty());
    let client_email = client_email.ok_or_else(|| missing("client_email"))?;
    let private_key = file.private_key.map(Secret::new).filter(|k| !k.is_empty());
    let private_key = private_key.ok_or_else(|| missing("private_key"))?;
    let audience = file.token_uri.unwrap_or_else(|| TOKEN_URI.to_owned());
    let token_uri = checked_base("token_uri", &audience).map_err(|failure| {
        let said = failure.said.map(|said| said.to_string()).unwrap_or_default();
        wrong(&format!("its token_uri is not usable: {said}"))
    })?;
    let pair = pair(private_key.expose()).map_err(|said| wrong(&said))?;
    Ok(Key { client_email, id: file.private_key_id, audience, token_uri, pair })
}

async fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |e: std::io::Error| {
        let failure = wrong(path, &e.to_string());
        match e.kind() {
            std::io::ErrorKind::NotFound => failure.advice(
                "set credentials_path to the JSON key of the service account (Google Cloud \
                 console: IAM, service accounts, keys)",
            ),
            _ => failure.advice("let the user that runs transship read it"),
        }
    };
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let mode = platform::mode(&file.metadata().await.map_err(unreadable)?);
    if let Some(mode) = mode.filter(|mode| mode & 0o077 != 0) {
        warn!("{}: others may read this key (mode {mode:o}): chmod 600", path.display());
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).await.map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(wrong(path, "it is far too long for a key"));
    }
    Ok(bytes)
}

/// The RSA key of a PEM: PKCS #8 as Google writes it, PKCS #1 as other tools do.
fn pair(pem: &str) -> Result<KeyPair, String> {
    let not_pem = || "its private_key is not PEM".to_owned();
    let (_, rest) = pem.split_once("-----BEGIN ").ok_or_else(not_pem)?;
    let (label, rest) = rest.split_once("-----").ok_or_else(not_pem)?;
    let (body, _) = rest.split_once("-----END ").ok_or_else(not_pem)?;
    // A key that went through a variable or a form may hold `\n` in place of line breaks.
    let body: String =
        body.replace("\\n", "").chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let der = STANDARD.decode(body).map_err(|_| not_pem())?;
    let rejected = |why: aws_lc_rs::error::KeyRejected| {
        format!("its private_key is not usable for RS256: {why}")
    };
    match label {
        "PRIVATE KEY" => KeyPair::from_pkcs8(&der).map_err(rejected),
        "RSA PRIVATE KEY" => KeyPair::from_der(&der).map_err(rejected),
        _ => Err("its private_key is not an RSA key".to_owned()),
    }
}

fn wrong(path: &Path, said: &str) -> Failure {
    Failure::new(FailureClass::Misconfigured, READING, path.to_string_lossy()).said(said)
}
