//! Google Drive, spoken to as its documentation says: signed assertions, plain HTTP.

mod changes;
mod contents;
mod control;
mod faults;
mod follower;
mod lists;
mod queries;
mod quota;
mod refusals;
mod sign_in;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use transship::demo::{Drive, DriveOperation, DriveOptions};

use crate::Stage;

const READ: &str = "https://www.googleapis.com/auth/drive.readonly";
const METADATA: &str = "https://www.googleapis.com/auth/drive.metadata.readonly";

/// What every call about shared drives must say.
const ALL_DRIVES: [(&str, &str); 2] =
    [("supportsAllDrives", "true"), ("includeItemsFromAllDrives", "true")];

/// Stand-ins with a Drive of this kind.
fn stage(change: impl FnOnce(&mut DriveOptions)) -> Stage {
    Stage::with(|options| change(&mut options.google_drive))
}

fn with_samples() -> Stage {
    stage(|options| options.samples = true)
}

/// The service account with its key file.
struct Account<'a> {
    stage: &'a Stage,
    http: Client,
    file: Value,
}

impl<'a> Account<'a> {
    fn new(stage: &'a Stage) -> Self {
        let http = Client::builder().no_proxy().build().unwrap();
        let path = &stage.stand_ins.google_drive().credentials_path;
        let file = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        Self { stage, http, file }
    }

    /// Good claims for a scope.
    fn claims(&self, scope: &str) -> Value {
        let now = jiff::Timestamp::now().as_second();
        json!({
            "iss": self.file["client_email"], "scope": scope, "aud": self.file["token_uri"],
            "iat": now - 10, "exp": now + 3000,
        })
    }

    /// An assertion, signed with the key of the key file.
    fn signed(&self, header: &Value, claims: &Value) -> String {
        let pem = self.file["private_key"].as_str().unwrap();
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let key = KeyPair::from_pkcs8(&STANDARD.decode(body).unwrap()).unwrap();
        sign(&key, header, claims)
    }

    fn header(&self) -> Value {
        json!({ "alg": "RS256", "typ": "JWT", "kid": self.file["private_key_id"] })
    }

    fn exchange(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let url = self.file["token_uri"].as_str().unwrap();
        let reply = self.stage.send(as_form(self.http.post(url), form)).unwrap();
        (reply.status().as_u16(), self.stage.wait(reply.json()).unwrap())
    }

    fn exchange_claims(&self, claims: &Value) -> (u16, Value) {
        let assertion = self.signed(&self.header(), claims);
        let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        self.exchange(&[("grant_type", grant), ("assertion", &assertion)])
    }

    fn sign_in(&self, scope: &str, subject: Option<&str>) -> Caller<'a> {
        let mut claims = self.claims(scope);
        if let Some(subject) = subject {
            claims["sub"] = subject.into();
        }
        let (status, reply) = self.exchange_claims(&claims);
        assert_eq!(status, 200, "{reply}");
        let token = reply["access_token"].as_str().unwrap().to_owned();
        Caller { stage: self.stage, http: self.http.clone(), token }
    }
}

fn sign(key: &KeyPair, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Somebody who is signed in.
struct Caller<'a> {
    stage: &'a Stage,
    http: Client,
    token: String,
}

impl<'a> Caller<'a> {
    /// The service account, for reading.
    fn new(stage: &'a Stage) -> Self {
        Account::new(stage).sign_in(READ, None)
    }

    fn drive(&self) -> &Drive {
        self.stage.world().google_drive()
    }

    fn apply(&self, operation: DriveOperation) -> String {
        self.drive().apply(operation).unwrap()
    }

    fn request(&self, path: &str, query: &[(&str, &str)]) -> RequestBuilder {
        let base = &self.stage.stand_ins.google_drive().base_url;
        let query: Vec<String> =
            query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        self.http
            .get(format!("{base}/drive/v3/{path}?{}", query.join("&")))
            .bearer_auth(&self.token)
            .timeout(Duration::from_secs(5))
    }

    fn send(&self, request: RequestBuilder) -> Response {
        self.stage.send(request).unwrap()
    }

    /// Status and JSON.
    fn ask(&self, path: &str, query: &[(&str, &str)]) -> (u16, Value) {
        let reply = self.send(self.request(path, query));
        let status = reply.status().as_u16();
        let body = self.stage.wait(reply.bytes()).unwrap();
        let unread = || Value::String(String::from_utf8_lossy(&body).into_owned());
        (status, serde_json::from_slice(&body).unwrap_or_else(|_| unread()))
    }

    /// The JSON of a call that must succeed.
    fn get(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let (status, body) = self.ask(path, query);
        assert_eq!(status, 200, "{path} {query:?}: {body}");
        body
    }

    /// Status, reason and location of a call that must fail.
    fn refused(&self, path: &str, query: &[(&str, &str)]) -> (u16, String, String) {
        let (status, body) = self.ask(path, query);
        refusal(status, &body)
    }

    /// Status, headers and bytes.
    fn fetch(&self, request: RequestBuilder) -> (u16, HeaderMap, Vec<u8>) {
        let reply = self.send(request);
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        (status, headers, self.stage.wait(reply.bytes()).unwrap().to_vec())
    }

    /// Every file of a list, over all its pages, with everything known of it; and how
    /// many pages there were.
    fn all(&self, query: &[(&str, &str)]) -> (Vec<Value>, usize) {
        let (mut files, mut pages, mut token) = (Vec::new(), 0, None::<String>);
        loop {
            let mut query = query.to_vec();
            if !query.iter().any(|(name, _)| *name == "fields") {
                query.push(("fields", "*"));
            }
            query.extend(token.as_deref().map(|token| ("pageToken", token)));
            let page = self.get("files", &query);
            files.extend(page["files"].as_array().unwrap().iter().cloned());
            pages += 1;
            match page["nextPageToken"].as_str() {
                Some(next) => token = Some(next.to_owned()),
                None => return (files, pages),
            }
        }
    }

    /// Names of what a query finds, sorted.
    fn names(&self, q: &str) -> Vec<String> {
        let mut query = vec![("q", q)];
        query.extend(ALL_DRIVES);
        let (files, _) = self.all(&query);
        let mut names: Vec<String> = files.iter().map(|file| text(&file["name"])).collect();
        names.sort();
        names
    }

    /// Everything below a folder by id, asked for so many folders at a time.
    fn walk(&self, root: &str, at_once: usize) -> BTreeMap<String, Value> {
        let mut found = BTreeMap::new();
        let mut open = vec![root.to_owned()];
        while !open.is_empty() {
            let group = open.split_off(open.len().saturating_sub(at_once));
            let parents: Vec<String> =
                group.iter().map(|id| format!("'{id}' in parents")).collect();
            let q = format!("({}) and trashed = false", parents.join(" or "));
            let mut query = vec![("q", &*q), ("pageSize", "1000")];
            query.extend(ALL_DRIVES);
            for file in self.all(&query).0 {
                if file["mimeType"] == "application/vnd.google-apps.folder" {
                    open.push(text(&file["id"]));
                }
                found.insert(text(&file["id"]), file);
            }
        }
        found
    }
}

/// What a register keeps of the files that were found, and of the truth.
type Rows = BTreeMap<String, (String, Option<String>, Option<String>, String)>;

fn rows<'v>(files: impl IntoIterator<Item = &'v Value>) -> Rows {
    let some = |value: &Value| value.as_str().map(str::to_owned);
    files
        .into_iter()
        .map(|file| {
            let row = (
                text(&file["name"]),
                some(&file["md5Checksum"]),
                some(&file["size"]),
                text(&file["webViewLink"]),
            );
            (text(&file["id"]), row)
        })
        .collect()
}

fn truth(drive: &Drive, root: &str) -> Rows {
    let truth = drive.truth(root).unwrap();
    let rows = truth.files.into_iter().chain(truth.folders);
    rows.map(|row| (row.id, (row.name, row.md5, row.size.map(|s| s.to_string()), row.link)))
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn refusal(status: u16, body: &Value) -> (u16, String, String) {
    let error = &body["error"];
    assert_eq!(error["code"], status, "{body}");
    let first = &error["errors"][0];
    assert_eq!(first["message"], error["message"], "{body}");
    let location = first["location"].as_str().unwrap_or_default().to_owned();
    (status, text(&first["reason"]), location)
}

/// A request with a form as its body.
fn as_form(request: RequestBuilder, pairs: &[(&str, &str)]) -> RequestBuilder {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(pairs);
    request.header("Content-Type", "application/x-www-form-urlencoded").body(form.finish())
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
