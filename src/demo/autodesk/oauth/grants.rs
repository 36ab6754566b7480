//! The four grants: what must be shown for them.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;

use super::client::App;
use super::tokens::{Grant, Shown};
use super::{Form, Refusal, bad_request, scopes, service_account_key};
use crate::demo::autodesk::{Api, SERVICE_ACCOUNT, USER};
use crate::demo::fault::Fault;
use crate::demo::world::Offence;

/// `grant_type` of an assertion (RFC 7523).
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// What assertions are for, besides the stand-in's own address.
const AUDIENCE: &str = "https://developer.api.autodesk.com/authentication/v2/token";

/// An assertion may be good for so many seconds, and some for clocks that differ.
const ASSERTION_LIFE: i64 = 300 + 30;

/// What is handed out.
pub(super) struct Issue {
    pub(super) grant: Grant,
    /// With a refresh token.
    pub(super) refresh: bool,
}

/// Why not, and what the journal is to say of the call.
type Denial = (Refusal, Option<Offence>);

const BAD_CODE: Refusal =
    bad_request("invalid_grant", "The authorization code is invalid or expired.");
const BAD_REFRESH: Refusal =
    bad_request("invalid_grant", "The refresh token is invalid or expired.");
const NOT_FOR_YOU: Refusal =
    bad_request("unauthorized_client", "The client is not allowed to use this grant type");

/// Decides about a request for tokens of an application that is known.
pub(super) fn grant(api: &Api, app: App, client_id: &str, form: &Form) -> Result<Issue, Denial> {
    let kind = form.required("grant_type").map_err(plain)?;
    match (kind, app) {
        ("authorization_code", _) => by_code(api, client_id, form),
        ("refresh_token", _) => by_refresh_token(api, client_id, form),
        ("client_credentials" | JWT_BEARER, App::Public) => Err(plain(NOT_FOR_YOU)),
        ("client_credentials", App::Confidential) => {
            let scopes = scopes::read(form.get("scope")).map_err(plain)?;
            let grant = Grant { client_id: client_id.to_owned(), user_id: None, scopes };
            Ok(Issue { grant, refresh: false })
        }
        (JWT_BEARER, App::Confidential) => by_assertion(api, client_id, form).map_err(plain),
        _ => Err(plain(bad_request("unsupported_grant_type", "Unsupported grant_type"))),
    }
}

fn plain(refusal: Refusal) -> Denial {
    (refusal, None)
}

fn by_code(api: &Api, client_id: &str, form: &Form) -> Result<Issue, Denial> {
    let text = form.required("code").map_err(plain)?;
    let redirect_uri = form.required("redirect_uri").map_err(plain)?;
    let code = api.tokens.use_code(text).ok_or(plain(BAD_CODE))?;
    if code.used {
        return Err((BAD_CODE, Some(Offence::CodeReused)));
    }
    let expired = code.expires_at <= Timestamp::now();
    if expired || code.grant.client_id != client_id || code.redirect_uri != redirect_uri {
        return Err(plain(BAD_CODE));
    }
    match (&code.challenge, form.get("code_verifier")) {
        (None, None) => {}
        (Some(challenge), Some(verifier)) if fits(challenge, verifier) => {}
        _ => return Err(plain(bad_request("invalid_grant", "The code_verifier does not match."))),
    }
    Ok(Issue { grant: code.grant, refresh: true })
}

/// Whether a verifier is one (RFC 7636, section 4.1), and the challenge's.
fn fits(challenge: &str, verifier: &str) -> bool {
    let unreserved = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    let hash = digest::digest(&digest::SHA256, verifier.as_bytes());
    (43..=128).contains(&verifier.len())
        && verifier.chars().all(unreserved)
        && URL_SAFE_NO_PAD.encode(hash) == challenge
}

fn by_refresh_token(api: &Api, client_id: &str, form: &Form) -> Result<Issue, Denial> {
    let token = form.required("refresh_token").map_err(plain)?;
    let shown = api.tokens.use_refresh(token, client_id);
    if api.strikes(Fault::ApsSessionLost) {
        return Err(plain(BAD_REFRESH));
    }
    match shown {
        Shown::Good(grant) => {
            let scopes = scopes::narrowed(form.get("scope"), &grant.scopes).map_err(plain)?;
            Ok(Issue { grant: Grant { scopes, ..grant }, refresh: true })
        }
        Shown::Reused => Err((BAD_REFRESH, Some(Offence::RefreshTokenReused))),
        Shown::Bad => Err(plain(BAD_REFRESH)),
    }
}

/// A Secure Service Account (the vendor's guide to JWT assertions).
fn by_assertion(api: &Api, client_id: &str, form: &Form) -> Result<Issue, Refusal> {
    let bad = |description| bad_request("invalid_grant", description);
    let key = service_account_key().map_err(|_| super::INTERNAL)?;
    let claims = key.verify(form.required("assertion")?).map_err(bad)?;
    if claims["iss"] != client_id {
        return Err(bad("its iss is not the client"));
    }
    if claims["sub"] != SERVICE_ACCOUNT {
        return Err(bad("its sub is no service account of the client"));
    }
    let own = format!("{}/authentication/v2/token", api.access.base_url);
    if claims["aud"] != AUDIENCE && claims["aud"] != own.as_str() {
        return Err(bad("its aud is not this endpoint"));
    }
    let now = Timestamp::now().as_second();
    match claims["exp"].as_i64() {
        Some(exp) if exp > now && exp <= now + ASSERTION_LIFE => {}
        _ => return Err(bad("its exp is missing, over, or too far away")),
    }
    let scopes = match &claims["scope"] {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        _ => return Err(bad("its scope is not a list")),
    };
    let granted = scopes::read(Some(&scopes))?;
    let scopes = scopes::narrowed(form.get("scope"), &granted)?;
    let user_id = Some(SERVICE_ACCOUNT.to_owned());
    Ok(Issue { grant: Grant { client_id: client_id.to_owned(), user_id, scopes }, refresh: false })
}

/// Whether there is a user of this id, for `x-user-id`.
pub(in crate::demo::autodesk) fn is_user(id: &str) -> bool {
    id == USER || id == SERVICE_ACCOUNT
}
