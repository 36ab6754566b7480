//! What a token may do.

use super::{Refusal, bad_request};

/// The scopes that there are.
const KNOWN: &[&str] = &[
    "user:read",
    "user:write",
    "user-profile:read",
    "viewables:read",
    "data:read",
    "data:write",
    "data:create",
    "data:search",
    "bucket:create",
    "bucket:read",
    "bucket:update",
    "bucket:delete",
    "code:all",
    "account:read",
    "account:write",
    "openid",
];

const MAX_LENGTH: usize = 2000;
const MAX_SCOPES: usize = 50;

const INVALID: Refusal =
    bad_request("invalid_scope", "The requested scope is invalid, unknown, or malformed");

/// Reads a list of scopes.
pub(super) fn read(text: Option<&str>) -> Result<Vec<String>, Refusal> {
    let text = text.ok_or(INVALID)?;
    let scopes: Vec<&str> = text.split(' ').filter(|scope| !scope.is_empty()).collect();
    let known = |scope: &&str| KNOWN.contains(scope) || scope.starts_with("data:read:");
    let fits = text.len() <= MAX_LENGTH && (1..=MAX_SCOPES).contains(&scopes.len());
    if !fits || !scopes.iter().all(known) {
        return Err(INVALID);
    }
    Ok(scopes.into_iter().map(str::to_owned).collect())
}

/// Reads a list that must lie within `granted`; without one it is all of that.
pub(super) fn narrowed(text: Option<&str>, granted: &[String]) -> Result<Vec<String>, Refusal> {
    let Some(text) = text else { return Ok(granted.to_vec()) };
    let scopes = read(Some(text))?;
    if scopes.iter().all(|scope| granted.contains(scope)) { Ok(scopes) } else { Err(INVALID) }
}

/// Whether a token of these scopes may do what needs `wanted`.
pub(in crate::demo::autodesk) fn covers(scopes: &[String], wanted: &str) -> bool {
    scopes.iter().any(|scope| scope == wanted)
}
