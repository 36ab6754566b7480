//! RS256 tokens (RFC 7515, RFC 7519): signed, and really verified.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::demo::world::random_uid;
use crate::model::{Failure, FailureClass, Secret};

/// An RSA key with its id.
pub(in crate::demo::autodesk) struct Key {
    pub(in crate::demo::autodesk) id: String,
    pair: KeyPair,
}

/// The key of access tokens. Making one takes its time: one for all stand-ins of
/// a process, and only when one is needed.
pub(super) fn signing_key() -> Result<&'static Key, Failure> {
    static KEY: OnceLock<Result<Key, Failure>> = OnceLock::new();
    KEY.get_or_init(Key::generate).as_ref().map_err(Clone::clone)
}

/// The key of the service account, likewise.
pub(in crate::demo::autodesk) fn service_account_key() -> Result<&'static Key, Failure> {
    static KEY: OnceLock<Result<Key, Failure>> = OnceLock::new();
    KEY.get_or_init(Key::generate).as_ref().map_err(Clone::clone)
}

impl Key {
    fn generate() -> Result<Self, Failure> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
        Ok(Self { id: random_uid(), pair })
    }

    /// The private key as `-----BEGIN PRIVATE KEY-----`.
    pub(in crate::demo::autodesk) fn private_pem(&self) -> Result<Secret, Failure> {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().map_err(failed)?;
        let encoded = STANDARD.encode(der.as_ref());
        let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
        for line in encoded.as_bytes().chunks(64) {
            pem.push_str(&String::from_utf8_lossy(line));
            pem.push('\n');
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        Ok(Secret::new(pem))
    }

    /// The public key as an entry of a JWKS (RFC 7517).
    pub(super) fn jwk(&self) -> Value {
        let public = self.pair.public_key();
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({
            "kid": self.id,
            "kty": "RSA",
            "use": "sig",
            "n": encoded(public.modulus().big_endian_without_leading_zero()),
            "e": encoded(public.exponent().big_endian_without_leading_zero()),
        })
    }

    /// A token of these claims.
    pub(super) fn sign(&self, claims: &Value) -> Result<String, Failure> {
        let header = json!({ "alg": "RS256", "kid": self.id, "pi.atm": "assc" });
        let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encoded(&header), encoded(claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(failed)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The claims of a token that this key has signed, or why it has not.
    pub(super) fn verify(&self, token: &str) -> Result<Value, &'static str> {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else { return Err("it is not a JWT") };
        let read = |part: &str| -> Option<Value> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
        };
        let parsed = read(header).ok_or("its header cannot be read")?;
        if parsed["alg"] != "RS256" {
            return Err("its alg is not RS256");
        }
        if parsed["kid"] != self.id.as_str() {
            return Err("its kid is unknown");
        }
        let public = self.pair.public_key();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public.as_ref());
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "its signature is wrong")?;
        let signed = &token[..header.len() + 1 + claims.len()];
        public.verify(signed.as_bytes(), &signature).map_err(|_| "its signature is wrong")?;
        read(claims).ok_or("its claims cannot be read")
    }
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(FailureClass::Local, "making an RSA key for", "the Autodesk stand-in").said(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_key_signed_is_verified() {
        let (key, other) = (signing_key().unwrap(), service_account_key().unwrap());
        let token = key.sign(&json!({ "sub": "me" })).unwrap();
        assert_eq!(key.verify(&token).unwrap()["sub"], "me");
        assert_eq!(other.verify(&token), Err("its kid is unknown"));

        let parts: Vec<&str> = token.split('.').collect();
        let encoded = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = |alg: &str| encoded(json!({ "alg": alg, "kid": key.id }));
        for (forged, why) in [
            (format!("{}.{}.", header("none"), parts[1]), "its alg is not RS256"),
            (format!("{}.{}.{}", header("HS256"), parts[1], parts[2]), "its alg is not RS256"),
            (
                format!("{}.{}.{}", parts[0], encoded(json!({ "sub": "you" })), parts[2]),
                "its signature is wrong",
            ),
            (format!("{}.{}.", parts[0], parts[1]), "its signature is wrong"),
            (format!("{}.{}", parts[0], parts[1]), "it is not a JWT"),
            (format!("!.{}.{}", parts[1], parts[2]), "its header cannot be read"),
        ] {
            assert_eq!(key.verify(&forged), Err(why), "{forged}");
        }
    }

    #[test]
    fn keys_can_be_handed_out() {
        let pem = service_account_key().unwrap().private_pem().unwrap();
        let lines: Vec<&str> = pem.expose().lines().collect();
        assert_eq!(lines[0], "-----BEGIN PRIVATE KEY-----");
        let der = STANDARD.decode(lines[1..lines.len() - 1].concat()).unwrap();
        let read = KeyPair::from_pkcs8(&der).unwrap();
        let same =
            service_account_key().unwrap().pair.public_key().as_ref() == read.public_key().as_ref();
        assert!(same);
        let jwk = signing_key().unwrap().jwk();
        assert_eq!(jwk["e"], "AQAB");
        assert_eq!(jwk["n"].as_str().unwrap().len(), 342, "2048 bits");
    }
}
