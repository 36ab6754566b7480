//! Autodesk Platform Services, spoken to as the vendor's pages say.

mod access;
mod faults;
mod grants;
mod lists;
mod service_account;
mod sign_in;
mod store;
mod truth;

use std::collections::{BTreeMap, HashSet};

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use transship::demo::{AutodeskAccess, AutodeskOperation as Operation, AutodeskProject};
use url::Url;

use crate::Stage;

pub const TOKEN: &str = "/authentication/v2/token";
pub const AUTHORIZE: &str = "/authentication/v2/authorize";

/// A caller with a token of a person, or with none yet.
pub struct Aps<'a> {
    pub stage: &'a Stage,
    pub http: Client,
    pub token: String,
    pub refresh_token: String,
}

/// A reply that came through.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl<'a> Aps<'a> {
    pub fn stranger(stage: &'a Stage) -> Self {
        let http = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Self { stage, http, token: String::new(), refresh_token: String::new() }
    }

    /// Signed in by a person, for `data:read`.
    pub fn sign_in(stage: &'a Stage) -> Self {
        Self::with_scope(stage, "data:read")
    }

    pub fn with_scope(stage: &'a Stage, scope: &str) -> Self {
        let mut caller = Self::stranger(stage);
        let code = caller.code(&[("scope", scope)]);
        let reply = caller.exchange(&code);
        assert_eq!(reply.status, 200, "{}", reply.text);
        let tokens = reply.json();
        caller.token = tokens["access_token"].as_str().unwrap().to_owned();
        caller.refresh_token = tokens["refresh_token"].as_str().unwrap().to_owned();
        caller
    }

    pub fn access(&self) -> &'a AutodeskAccess {
        self.stage.stand_ins.autodesk()
    }

    pub fn url(&self, path: &str) -> String {
        if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.access().base_url)
        }
    }

    pub fn send(&self, request: RequestBuilder) -> Result<Reply, reqwest::Error> {
        let reply = self.stage.send(request)?;
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        let text = self.stage.wait(reply.text())?;
        Ok(Reply { status, headers, text })
    }

    /// Without a token.
    pub fn plain(&self, path: &str) -> Reply {
        self.send(self.http.get(self.url(path))).unwrap()
    }

    /// With the token.
    pub fn try_get(&self, path: &str) -> Result<Reply, reqwest::Error> {
        self.send(self.http.get(self.url(path)).bearer_auth(&self.token))
    }

    pub fn get(&self, path: &str) -> Reply {
        self.try_get(path).unwrap()
    }

    /// `GET authorize` with the usual query, changed: an empty value leaves one out.
    pub fn authorize(&self, changes: &[(&str, &str)]) -> Reply {
        let access = self.access();
        let mut query: BTreeMap<&str, &str> = BTreeMap::from([
            ("client_id", access.client_id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", &access.callback_url),
            ("scope", "data:read"),
            ("state", "the-state_1.,"),
        ]);
        query.extend(changes.iter().copied());
        query.retain(|_, value| !value.is_empty());
        let mut url = Url::parse(&self.url(AUTHORIZE)).unwrap();
        url.query_pairs_mut().extend_pairs(query);
        self.plain(url.as_str())
    }

    /// A code for what the person consented to.
    pub fn code(&self, changes: &[(&str, &str)]) -> String {
        let back = callback(&self.authorize(changes));
        back.get("code").unwrap_or_else(|| panic!("{back:?}")).clone()
    }

    /// `POST token` as the application with a secret.
    pub fn token(&self, fields: &[(&str, &str)]) -> Reply {
        let access = self.access();
        let request = self
            .http
            .post(self.url(TOKEN))
            .basic_auth(&access.client_id, Some(access.client_secret.expose()));
        self.send(form(request, fields)).unwrap()
    }

    /// `POST token` without Basic authentication.
    pub fn bare_token(&self, fields: &[(&str, &str)]) -> Reply {
        self.send(form(self.http.post(self.url(TOKEN)), fields)).unwrap()
    }

    pub fn exchange(&self, code: &str) -> Reply {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.access().callback_url),
        ])
    }

    pub fn refresh(&self, token: &str) -> Reply {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    /// The address of a folder of the project that has everything, below it `rest`.
    pub fn folder(&self, id: &str, rest: &str) -> String {
        format!("/data/v1/projects/{}/folders/{}{rest}", self.access().project_id, enc(id))
    }

    pub fn top_folders(&self, query: &str) -> Reply {
        let access = self.access();
        let (hub, project) = (&access.hub_id, &access.project_id);
        self.get(&format!("/project/v1/hubs/{hub}/projects/{project}/topFolders{query}"))
    }

    /// Lets something happen.
    pub fn happen(&self, operation: Operation) -> String {
        self.stage.world().autodesk(operation).unwrap()
    }

    /// What is true of the project that has everything.
    pub fn truth(&self) -> AutodeskProject {
        let truth = self.stage.world().autodesk_truth();
        truth.project(&self.access().project_id).unwrap().clone()
    }

    /// Every file of the project that has everything, as a careful client finds it,
    /// by id: path, version, size.
    pub fn walk(&self) -> BTreeMap<String, Row> {
        let mut seen = HashSet::new();
        let mut files = BTreeMap::new();
        let top = self.top_folders("?excludeDeleted=true&projectFilesOnly=true");
        assert_eq!(top.status, 200, "{}", top.text);
        let mut open: Vec<(Value, String)> =
            array(&top.json()["data"]).into_iter().map(|folder| (folder, String::new())).collect();
        while let Some((folder, above)) = open.pop() {
            let id = text(&folder["id"]);
            if !seen.insert(id.clone()) {
                continue;
            }
            let path = format!("{above}{}/", text(&folder["attributes"]["name"]));
            let mut next = Some(self.folder(&id, "/contents"));
            while let Some(address) = next {
                let page = self.get(&address);
                if page.status == 403 {
                    break;
                }
                assert_eq!(page.status, 200, "{address}: {}", page.text);
                let page = page.json();
                let versions: BTreeMap<String, Value> = array(&page["included"])
                    .into_iter()
                    .map(|version| (text(&version["id"]), version))
                    .collect();
                for entry in array(&page["data"]) {
                    if entry["type"] == "folders" {
                        open.push((entry, path.clone()));
                        continue;
                    }
                    let tip = text(&entry["relationships"]["tip"]["data"]["id"]);
                    let row = Row::of(&path, &versions[&tip]);
                    files.insert(text(&entry["id"]), row);
                }
                next = page["links"]["next"]["href"].as_str().map(str::to_owned);
            }
        }
        files
    }
}

/// A file as a register knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub path: String,
    pub version: u64,
    pub size: Option<u64>,
    pub link: String,
}

impl Row {
    fn of(path: &str, version: &Value) -> Self {
        let attributes = &version["attributes"];
        Self {
            path: format!("{path}{}", text(&attributes["name"])),
            version: attributes["versionNumber"].as_u64().unwrap(),
            size: attributes["storageSize"].as_u64(),
            link: text(&version["links"]["webView"]["href"]),
        }
    }
}

/// The same from the truth.
pub fn rows(project: &AutodeskProject) -> BTreeMap<String, Row> {
    let row = |file: &transship::demo::AutodeskFile| Row {
        path: file.path.clone(),
        version: file.version.into(),
        size: file.size,
        link: file.link.clone(),
    };
    project.files.iter().map(|file| (file.id.clone(), row(file))).collect()
}

/// With `fields` as its body.
pub fn form(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    let kind = "application/x-www-form-urlencoded";
    request.header("Content-Type", kind).body(body.finish())
}

/// Fails with the rows that differ, and not with all of them.
pub fn assert_same(seen: &BTreeMap<String, Row>, truth: &BTreeMap<String, Row>, when: &str) {
    let ids: std::collections::BTreeSet<&String> = seen.keys().chain(truth.keys()).collect();
    let other: Vec<_> = ids
        .into_iter()
        .map(|id| (seen.get(id), truth.get(id)))
        .filter(|(seen, truth)| seen != truth)
        .take(3)
        .collect();
    assert!(other.is_empty(), "{when}: seen and true: {other:#?}");
}

/// What a redirect to the callback says.
pub fn callback(reply: &Reply) -> BTreeMap<String, String> {
    assert_eq!(reply.status, 302, "{}", reply.text);
    let url = Url::parse(reply.header("location").unwrap()).unwrap();
    url.query_pairs().into_owned().collect()
}

pub fn array(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// As a path segment.
pub fn enc(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
        .replace("%2D", "-")
        .replace("%5F", "_")
        .replace("%2E", ".")
}
