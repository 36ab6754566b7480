//! What a token is: the pair in its file, and what the access token says of itself.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::model::Secret;

/// A token is renewed when it has this much left, in seconds.
const MARGIN: i64 = 5 * 60;

/// How long an access token lives if nobody says, in seconds.
const USUAL_LIFETIME: i64 = 3599;

/// An access token, with the refresh token that goes with it, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) access: Secret,
    pub(super) refresh: Option<Secret>,
    pub(super) token_type: String,
    /// Seconds from when it was handed out.
    pub(super) expires_in: i64,
    /// Epoch seconds, like those that follow.
    pub(super) expires_at: i64,
    /// When somebody signed in.
    pub(super) obtained_at: i64,
    /// When it was last renewed since.
    pub(super) refreshed_at: Option<i64>,
}

impl Token {
    /// A token that was handed out at `now`.
    pub(super) fn new(
        access: Secret,
        refresh: Option<Secret>,
        expires_in: Option<i64>,
        now: i64,
    ) -> Self {
        let by_itself = || claims(access.expose()).expires_at.map(|at| at - now);
        let expires_in = expires_in.or_else(by_itself).unwrap_or(USUAL_LIFETIME).max(0);
        Self {
            access,
            refresh,
            token_type: "Bearer".to_owned(),
            expires_in,
            expires_at: now.saturating_add(expires_in),
            obtained_at: now,
            refreshed_at: None,
        }
    }

    /// Whether it can be used at `now` without being renewed first.
    pub(super) fn is_fresh(&self, now: i64) -> bool {
        // One that lives shorter than the margin would be renewed with every call.
        let margin = if self.expires_in > 0 { MARGIN.min(self.expires_in / 2) } else { MARGIN };
        self.expires_at.saturating_sub(now) > margin
    }

    /// As it stands in its file.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "access_token": self.access.expose(),
            "token_type": self.token_type,
            "expires_in": self.expires_in,
            "refresh_token": self.refresh.as_ref().map(Secret::expose),
            "expires_at": self.expires_at,
            "obtained_at": self.obtained_at,
            "refreshed_at": self.refreshed_at,
        })
    }

    /// Reads a file's JSON. Other programs wrote such files too: only the access
    /// token must be there.
    pub(super) fn from_json(json: &Value) -> Option<Self> {
        let secret = |key| json.get(key).and_then(Value::as_str).and_then(sendable);
        let access = secret("access_token")?;
        let expires_in = seconds(json.get("expires_in"));
        let obtained_at = seconds(json.get("obtained_at"));
        let refreshed_at = seconds(json.get("refreshed_at"));
        let expires_at = seconds(json.get("expires_at"))
            .or_else(|| claims(access.expose()).expires_at)
            .or_else(|| Some(refreshed_at.or(obtained_at)?.saturating_add(expires_in?)));
        Some(Self {
            refresh: secret("refresh_token"),
            token_type: "Bearer".to_owned(),
            expires_in: expires_in.unwrap_or(USUAL_LIFETIME),
            // Without any date it is renewed before it is used.
            expires_at: expires_at.unwrap_or(0),
            obtained_at: obtained_at.unwrap_or(0),
            refreshed_at,
            access,
        })
    }
}

/// A token that can be sent in a header.
pub(super) fn sendable(text: &str) -> Option<Secret> {
    let text = text.trim();
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())).then(|| Secret::new(text))
}

/// Whole seconds, however they are written.
pub(super) fn seconds(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Number(n) => n.as_i64().or_else(|| n.as_f64().map(|n| n as i64)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// What an access token says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) user: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) expires_at: Option<i64>,
}

/// The claims of a token that is a JWT. They are shown and decide nothing: the
/// signature is the service's to check.
pub(super) fn claims(token: &str) -> Claims {
    let payload = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let Some(json) = payload.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()) else {
        return Claims::default();
    };
    let scopes = match json.get("scope") {
        Some(Value::Array(scopes)) => {
            scopes.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
        }
        Some(Value::String(text)) => text.split_whitespace().map(ToOwned::to_owned).collect(),
        _ => Vec::new(),
    };
    let user = ["userid", "sub"].iter().find_map(|key| json.get(*key)?.as_str());
    Claims { user: user.map(ToOwned::to_owned), scopes, expires_at: seconds(json.get("exp")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &Value) -> String {
        format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    #[test]
    fn a_token_tells_of_itself() {
        let token = jwt(&json!({
            "scope": ["data:read", "data:search"], "client_id": "c", "exp": 1_700_000_000,
            "userid": "5UNGP2KZFCVW",
        }));
        let expected = Claims {
            user: Some("5UNGP2KZFCVW".into()),
            scopes: vec!["data:read".into(), "data:search".into()],
            expires_at: Some(1_700_000_000),
        };
        assert_eq!(claims(&token), expected);
        for opaque in ["", "abc", "a.b.c", "eyJ.e30.x", "a.!!.c"] {
            let found = claims(opaque);
            assert_eq!((found.user, found.expires_at), (None, None), "{opaque}");
        }
    }

    #[test]
    fn files_of_other_programs_are_read() {
        for (json, expires_at, refresh) in [
            (json!({"access_token": "a", "expires_at": 7, "refresh_token": "r"}), 7, Some("r")),
            (json!({"access_token": "a", "expires_at": 7.9}), 7, None),
            (json!({"access_token": "a", "expires_at": "7"}), 7, None),
            (json!({"access_token": "a", "expires_in": 10, "obtained_at": 5}), 15, None),
            (
                json!({"access_token": "a", "expires_in": 10, "obtained_at": 5, "refreshed_at": 9}),
                19,
                None,
            ),
            (json!({"access_token": jwt(&json!({"exp": 3}))}), 3, None),
            (json!({"access_token": "a", "refresh_token": null}), 0, None),
        ] {
            let token = Token::from_json(&json).unwrap();
            assert_eq!(token.expires_at, expires_at, "{json}");
            assert_eq!(token.refresh.as_ref().map(Secret::expose), refresh, "{json}");
        }
        for json in
            [json!({}), json!(null), json!({"access_token": ""}), json!({"access_token": "a\nb"})]
        {
            assert_eq!(Token::from_json(&json), None, "{json}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut token = Token::new(Secret::new("a"), Some(Secret::new("r")), Some(3599), 1000);
        token.refreshed_at = Some(1000);
        assert_eq!(Token::from_json(&token.to_json()), Some(token));
    }

    #[test]
    fn renewed_with_five_minutes_left() {
        for (expires_in, left, fresh) in [
            (3599, 301, true),
            (3599, 300, false),
            (3599, -5, false),
            (60, 31, true),
            (60, 30, false),
            (0, 301, true),
            (0, 1, false),
        ] {
            let mut token = Token::new(Secret::new("a"), None, Some(expires_in), 0);
            token.expires_at = 10_000 + left;
            assert_eq!(token.is_fresh(10_000), fresh, "{expires_in} {left}");
        }
    }
}
