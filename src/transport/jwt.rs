//! JSON web tokens signed with RS256 (RFC 7515), for services that take an
//! assertion in place of a password.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::model::{Failure, FailureClass, Secret};

/// An RSA private key.
pub(crate) struct SigningKey(KeyPair);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(***)")
    }
}

impl SigningKey {
    /// Reads a key in PEM, PKCS #8 or PKCS #1. `key` is what the configuration calls
    /// it. Variables often hold `\n` in place of line breaks.
    pub(crate) fn from_pem(key: &str, pem: &Secret) -> Result<Self, Failure> {
        let wrong = |why: &str| {
            Failure::new(FailureClass::Misconfigured, "reading", key)
                .said(why)
                .advice("give the RSA private key in PEM, as the service handed it out")
        };
        let text = Zeroizing::new(pem.expose().replace("\\n", "\n"));
        let begin = text.find("-----BEGIN ").ok_or_else(|| wrong("it is not PEM"))?;
        let (label, rest) = text[begin + "-----BEGIN ".len()..]
            .split_once("-----")
            .ok_or_else(|| wrong("it is not PEM"))?;
        let (body, _) = rest.split_once("-----END ").ok_or_else(|| wrong("its end is missing"))?;
        let body = Zeroizing::new(body.split_whitespace().collect::<String>());
        let der = STANDARD.decode(body.as_bytes()).map_err(|_| wrong("it is not base64"))?;
        let der = Zeroizing::new(der);
        let pair = match label {
            "PRIVATE KEY" => KeyPair::from_pkcs8(&der),
            "RSA PRIVATE KEY" => KeyPair::from_der(&der),
            _ => return Err(wrong("it is another kind of key")),
        };
        pair.map(Self).map_err(|_| wrong("it is not an RSA private key that can be used"))
    }

    /// The signed token of `claims`; `header` gets its `alg`.
    pub(crate) fn sign(&self, mut header: Value, claims: &Value) -> Result<Secret, Failure> {
        header["alg"] = "RS256".into();
        header["typ"] = "JWT".into();
        let encode = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| Failure::new(FailureClass::Bug, "signing", "a token"))?;
        Ok(Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use serde_json::json;

    use super::*;

    fn pem(label: &str, der: &[u8]) -> Secret {
        Secret::new(format!(
            "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
            STANDARD.encode(der)
        ))
    }

    #[test]
    fn what_is_signed_can_be_verified() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let pkcs8: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let pem = pem("PRIVATE KEY", pkcs8.as_ref());
        let escaped = Secret::new(pem.expose().replace('\n', "\\n"));
        for pem in [pem, escaped] {
            let key = SigningKey::from_pem("private_key", &pem).unwrap();
            let token = key.sign(json!({"kid": "k"}), &json!({"iss": "c"})).unwrap();
            let (signed, signature) = token.expose().rsplit_once('.').unwrap();
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            let public =
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
            public.verify(signed.as_bytes(), &signature).unwrap();
            public.verify(b"something else", &signature).unwrap_err();
            let (header, claims) = signed.split_once('.').unwrap();
            let decode = |part: &str| -> Value {
                serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
            };
            assert_eq!(decode(header), json!({"alg": "RS256", "typ": "JWT", "kid": "k"}));
            assert_eq!(decode(claims), json!({"iss": "c"}));
        }
    }

    #[test]
    fn a_wrong_key_is_told_without_its_text() {
        for text in [
            "",
            "canary",
            "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5",
            "-----BEGIN PRIVATE KEY-----\ncanary!\n-----END PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----",
            "-----BEGIN EC PRIVATE KEY-----\nY2FuYXJ5\n-----END EC PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----\nY2FuYXJ5\n-----END RSA PRIVATE KEY-----",
        ] {
            let failure =
                SigningKey::from_pem("clients.a.private_key", &Secret::new(text)).unwrap_err();
            assert_eq!(failure.class, FailureClass::Misconfigured);
            let told = format!("{failure} {failure:?}");
            assert!(!told.contains("canary") && !told.contains("Y2Fu"), "{told}");
        }
    }
}
