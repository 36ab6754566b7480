//! A key pair for the tests. Making one takes seconds and every test is a process of its
//! own, so that it is made once and kept among the files of the build.

use std::path::Path;
use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::service::EMAIL;

fn pair() -> &'static KeyPair {
    static PAIR: OnceLock<KeyPair> = OnceLock::new();
    PAIR.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("drive_source.pk8");
        if let Ok(der) = std::fs::read(&path) {
            return KeyPair::from_pkcs8(&der).unwrap();
        }
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        // Whole or not at all: others may be reading it.
        let part = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        std::fs::write(part.path(), der.as_ref()).unwrap();
        match part.persist_noclobber(&path) {
            Ok(_) => pair,
            Err(_) => KeyPair::from_pkcs8(&std::fs::read(&path).unwrap()).unwrap(),
        }
    })
}

/// The private key as PEM.
pub fn pem() -> String {
    let der: Pkcs8V1Der<'_> = pair().as_der().unwrap();
    let text = STANDARD.encode(der.as_ref());
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}

/// The key file's JSON.
pub fn json(token_uri: &str) -> Value {
    json!({
        "type": "service_account",
        "project_id": "project",
        "private_key_id": "key-1",
        "private_key": pem(),
        "client_email": EMAIL,
        "token_uri": token_uri,
    })
}

/// The key file.
pub fn file(token_uri: &str) -> String {
    json(token_uri).to_string()
}

/// Whether this key made the signature.
pub fn signed(message: &[u8], signature: &[u8]) -> bool {
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair().public_key().as_ref());
    public.verify(message, signature).is_ok()
}
