//! The service account's key pair and key file.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::SERVICE_ACCOUNT;
use crate::demo::world::sha256;
use crate::model::{Failure, FailureClass};
use crate::platform;

/// A key of the service account.
pub(in crate::demo) struct ServiceKey {
    pair: KeyPair,
    id: String,
}

impl ServiceKey {
    /// Makes a new one: RSA, 2048 bits, as the vendor's are.
    pub(in crate::demo) fn generate() -> Result<Self, Failure> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(no_key)?;
        let id = sha256(pair.public_key().as_ref())[..40].to_owned();
        Ok(Self { pair, id })
    }

    /// The key's id (`private_key_id`, and `kid` of a token).
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Whether `signature` is this key's, RS256, of `message`.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let public = self.pair.public_key().as_ref();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
            .verify(message, signature)
            .is_ok()
    }

    /// Writes the key file into `folder` in the vendor's form, for its owner alone.
    pub(in crate::demo) fn write(
        &self,
        folder: &Path,
        token_uri: &str,
    ) -> Result<PathBuf, Failure> {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().map_err(no_key)?;
        let file = json!({
            "type": "service_account",
            "project_id": "demo-school",
            "private_key_id": self.id,
            "private_key": pem(der.as_ref()),
            "client_email": SERVICE_ACCOUNT,
            "client_id": "100000000000000002026",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": token_uri,
            "universe_domain": "googleapis.com",
        });
        let path = folder.join("credentials.json");
        write_private(folder, &path, format!("{file:#}\n").as_bytes())
            .map_err(|error| Failure::io("writing", path.to_string_lossy(), &error))?;
        Ok(path)
    }
}

fn write_private(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    platform::private_file().write(true).create_new(true).open(path)?.write_all(bytes)
}

/// PKCS #8 as PEM (RFC 7468): lines of 64 characters.
fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    let mut rest = &*text;
    while !rest.is_empty() {
        let (line, next) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = next;
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    pem
}

fn no_key(error: impl std::fmt::Display) -> Failure {
    Failure::new(FailureClass::Local, "making a key pair", "").said(error)
}

impl std::fmt::Debug for ServiceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServiceKey(***)")
    }
}
