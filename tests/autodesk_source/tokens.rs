//! The service's token endpoint, as strict as the vendor's: refresh tokens are good
//! once, and an application is authenticated in one way only.

use std::collections::{BTreeMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::scripted::{Answer, Request, reply};

pub const CLIENT_ID: &str = "client-id-1";
pub const CLIENT_SECRET: &str = "canary-client-secret";
pub const CODE: &str = "canary-code";
pub const USER: &str = "5UNGP2KZFCVW";

/// What the service knows of tokens.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub lifetime: i64,
    /// Refreshes that were carried out.
    pub refreshed: u32,
    refresh: String,
    access: HashSet<String>,
    count: u32,
}

impl Tokens {
    pub fn new() -> Self {
        let mut tokens = Self {
            lifetime: 3599,
            refreshed: 0,
            refresh: String::new(),
            access: HashSet::new(),
            count: 0,
        };
        tokens.issue();
        tokens
    }

    pub fn accepts(&self, request: &Request) -> bool {
        let bearer = request.header("authorization").and_then(|h| h.strip_prefix("Bearer "));
        bearer.is_some_and(|token| self.access.contains(token))
    }

    /// Pairs that were handed out.
    #[cfg_attr(not(unix), expect(dead_code, reason = "asked by what kills processes"))]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Refuses every access token that was handed out so far.
    pub fn refuse_all(&mut self) {
        self.access.clear();
    }

    /// A new pair; its refresh token replaces the last one.
    pub fn issue(&mut self) -> Value {
        self.count += 1;
        let exp = jiff::Timestamp::now().as_second() + self.lifetime;
        let claims =
            json!({"userid": USER, "scope": ["data:read"], "client_id": CLIENT_ID, "exp": exp});
        let encode = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let head = encode(json!({"alg": "RS256"}));
        let access = format!("{head}.{}.canary-access-{}", encode(claims), self.count);
        self.access.insert(access.clone());
        self.refresh = format!("canary-refresh-{}", self.count);
        json!({
            "access_token": access, "refresh_token": self.refresh, "token_type": "Bearer",
            "expires_in": self.lifetime,
        })
    }

    /// The file of somebody who signed in `ago` seconds ago.
    pub fn file(&mut self, ago: i64) -> Value {
        let mut file = self.issue();
        let now = jiff::Timestamp::now().as_second();
        file["expires_at"] = (now - ago + self.lifetime).into();
        file["obtained_at"] = (now - ago).into();
        file["refreshed_at"] = Value::Null;
        file
    }

    pub fn answer(&mut self, request: &Request) -> Answer {
        let form = form(request);
        let get = |key: &str| form.get(key).map(String::as_str);
        let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
        match (request.header("authorization"), get("client_id")) {
            (Some(_), Some(_)) => return refused("invalid_request", "two client authentications"),
            (Some(header), None) if header == basic => {}
            (None, Some(CLIENT_ID)) => {}
            _ => return reply(401, r#"{"error":"invalid_client"}"#),
        }
        match get("grant_type") {
            Some("refresh_token") if get("refresh_token") == Some(&self.refresh) => {
                self.refreshed += 1;
                reply(200, self.issue().to_string())
            }
            Some("refresh_token") => {
                refused("invalid_grant", "The refresh token is invalid or expired.")
            }
            Some("authorization_code") if get("code") == Some(CODE) => {
                reply(200, self.issue().to_string())
            }
            Some("authorization_code") => refused("invalid_grant", "The code is not good."),
            Some("client_credentials") | Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => {
                let mut issued = self.issue();
                issued.as_object_mut().unwrap().remove("refresh_token");
                reply(200, issued.to_string())
            }
            _ => refused("unsupported_grant_type", ""),
        }
    }
}

pub fn form(request: &Request) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(request.body.as_bytes()).into_owned().collect()
}

fn refused(error: &str, words: &str) -> Answer {
    reply(400, json!({"error": error, "error_description": words}).to_string())
}
