//! Tokens for a service account: the JWT bearer grant (RFC 7523), as Google has it:
//! <https://developers.google.com/identity/protocols/oauth2/service-account#httprest>.

use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};

use super::key::Key;
use crate::model::{Failure, FailureClass, Retry, Secret, Shown};
use crate::transport::http::{self, Client, Secrets, SendFailure, refusal_and_body, retrying};

const SIGNING_IN: &str = "signing in at";

/// The claim may live this long at most.
const LIFE: i64 = 3600;

/// A clock that is a little ahead must not make claims from the future.
const EARLIER: i64 = 10;

/// A clock that is this far from the service's is told of.
const SKEW: SignedDuration = SignedDuration::from_mins(2);

/// Metadata only: names, sizes, checksums.
const METADATA: &str = "https://www.googleapis.com/auth/drive.metadata.readonly";

/// Contents as well; also what `drives.list` wants.
const CONTENTS: &str = "https://www.googleapis.com/auth/drive.readonly";

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// Names, sizes, checksums.
    Metadata,
    /// Contents as well.
    Contents,
}

impl Reach {
    fn scope(self) -> &'static str {
        match self {
            Self::Metadata => METADATA,
            Self::Contents => CONTENTS,
        }
    }
}

/// What the token endpoint handed out.
pub(super) struct Granted {
    pub(super) token: Secret,
    /// How long it is good for.
    pub(super) life: Duration,
}

#[derive(Deserialize)]
struct Reply {
    access_token: Option<String>,
    expires_in: Option<u64>,
}

/// Asks for a token. Tried again only while the network or the service's health
/// is what fails.
pub(super) async fn request(
    client: &Client,
    key: &Key,
    subject: Option<&str>,
    reach: Reach,
    secrets: &Secrets,
) -> Result<Granted, Failure> {
    let granted = retrying(|| async {
        let assertion = assertion(key, subject, reach)?;
        secrets.learn(&assertion);
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
            .append_pair("assertion", assertion.expose())
            .finish();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, form)]);
        let url = &key.token_uri;
        let reply =
            client.send(SIGNING_IN, Method::POST, url, headers, Some(body.into_bytes())).await?;
        if !reply.status().is_success() {
            let date = reply.headers().get(DATE).and_then(|date| date.to_str().ok()).map(skew);
            let (failure, body) = refusal_and_body(SIGNING_IN, reply, secrets).await;
            return Err(refused(failure, &body, date.flatten(), key, subject, reach).into());
        }
        let reply: Reply = http::json(SIGNING_IN, reply, secrets).await?;
        Ok::<_, SendFailure>(reply)
    });
    let reply = granted.await?;
    let sendable = |t: &String| !t.is_empty() && t.bytes().all(|b| b.is_ascii_graphic());
    let token = reply.access_token.filter(sendable).ok_or_else(|| {
        Failure::new(FailureClass::Protocol, SIGNING_IN, http::place(&key.token_uri))
            .said("the reply holds no access_token")
    })?;
    let life = Duration::from_secs(reply.expires_in.unwrap_or(LIFE as u64));
    Ok(Granted { token: Secret::new(token), life })
}

/// The signed claim: who we are, what for, and until when.
fn assertion(key: &Key, subject: Option<&str>, reach: Reach) -> Result<Secret, Failure> {
    let mut header = json!({"alg": "RS256", "typ": "JWT"});
    if let Some(id) = &key.id {
        header["kid"] = Value::from(id.as_str());
    }
    let issued = Timestamp::now().as_second() - EARLIER;
    let mut claims = json!({
        "iss": key.client_email,
        "scope": reach.scope(),
        "aud": key.audience,
        "iat": issued,
        "exp": issued + LIFE,
    });
    if let Some(subject) = subject {
        claims["sub"] = Value::from(subject);
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let mut signature = vec![0; key.pair.public_modulus_len()];
    key.pair
        .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .map_err(|_| Failure::new(FailureClass::Bug, "signing the claim of", &key.client_email))?;
    Ok(Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
}

/// How far this machine's clock is ahead of the one that wrote `date`.
fn skew(date: &str) -> Option<SignedDuration> {
    let theirs = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(Timestamp::now().duration_since(theirs))
}

/// A refusal of the token endpoint (RFC 6749, 5.2), with its text and what to do.
/// A person must act, unless the service itself is unwell.
fn refused(
    failure: Failure,
    body: &[u8],
    skew: Option<SignedDuration>,
    key: &Key,
    subject: Option<&str>,
    reach: Reach,
) -> Failure {
    if matches!(failure.class, FailureClass::Unavailable | FailureClass::Throttled) {
        return failure;
    }
    let reply: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |key: &str| reply.get(key).and_then(Value::as_str).unwrap_or_default();
    let (code, description) = (text("error"), without_claims(text("error_description")));
    let mut failure = failure.retry(Retry::Never);
    if code.is_empty() {
        return failure;
    }
    failure.class = FailureClass::SignIn;
    let said = if description.is_empty() { code.into() } else { format!("{code}: {description}") };
    let advice = advice(code, &description, skew, key, subject, reach);
    failure.said(Shown::limited(said, 300)).advice(advice)
}

/// The words without what looks like the claim that we sent.
fn without_claims(text: &str) -> String {
    let shown = |word| if str::contains(word, "eyJ") { "[redacted]" } else { word };
    text.split(' ').map(shown).collect::<Vec<_>>().join(" ")
}

fn advice(
    code: &str,
    description: &str,
    skew: Option<SignedDuration>,
    key: &Key,
    subject: Option<&str>,
    reach: Reach,
) -> String {
    let email = &key.client_email;
    let says = description.to_ascii_lowercase();
    let off = skew.filter(|skew| skew.abs() > SKEW);
    if let Some(off) = off {
        let (minutes, way) =
            (off.abs().as_mins(), if off.is_positive() { "ahead" } else { "behind" });
        return format!(
            "this machine's clock is wrong, {minutes} minutes {way} of the service's: set it"
        );
    }
    let mut words = says.split(|c: char| !c.is_ascii_alphanumeric());
    if words.any(|word| ["lived", "timeframe", "iat", "exp"].contains(&word)) {
        return "this machine's clock is wrong: set it, or switch time synchronisation on".into();
    }
    match (code, subject) {
        ("invalid_grant", _) if says.contains("account not found") => {
            format!("the service account {email} was deleted: create one and its key anew")
        }
        ("invalid_grant", Some(subject)) if says.contains("email or user") => {
            format!("there is no user {subject}: check subject")
        }
        ("invalid_grant", _) => format!(
            "the key is not (or no longer) one of {email}: create a new one; if it is right, \
             check this machine's clock"
        ),
        ("unauthorized_client" | "access_denied", Some(subject)) => format!(
            "to act for {subject}, a Workspace administrator must allow {email} domain-wide \
             delegation for the scope {}",
            reach.scope()
        ),
        ("disabled_client" | "deleted_client", _) => {
            format!(
                "the service account {email} is disabled: enable it in the Google Cloud console"
            )
        }
        ("invalid_scope", _) => format!("the scope {} is not allowed here", reach.scope()),
        _ => format!("check the service account {email} in the Google Cloud console"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_claim_that_we_sent_is_not_repeated() {
        for (text, shown) in [
            ("Invalid JWT: Token must be a short-lived token", None),
            ("bad assertion=eyJhbGciOiJSUzI1NiJ9.e30.c2ln here", Some("bad [redacted] here")),
            ("", None),
        ] {
            assert_eq!(without_claims(text), shown.unwrap_or(text));
        }
    }

    #[test]
    fn a_clock_is_compared_with_the_service_s() {
        let now = jiff::fmt::rfc2822::DateTimePrinter::new();
        let date = |offset: i64| {
            let at = Timestamp::now() + SignedDuration::from_secs(offset);
            now.timestamp_to_rfc9110_string(&at).unwrap()
        };
        assert!(skew(&date(0)).unwrap().abs() < SKEW);
        assert!(skew(&date(-600)).unwrap() > SKEW);
        assert!(skew(&date(600)).unwrap() < -SKEW);
        assert_eq!(skew("yesterday"), None);
    }
}
