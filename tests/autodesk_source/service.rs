//! The service over loopback: it works, except where the test says otherwise, and
//! refuses what the vendor refuses.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tempfile::TempDir;
use transship::model::{AutodeskAccount, AutodeskGrant, AutodeskScope, Pick, Secret};
use transship::sources::autodesk::{Account, AutodeskSource};
use transship::transport::http::Timeouts;

pub use super::scripted::*;
pub use super::sink::Memory;
pub use super::tokens::*;
pub use super::world::*;

pub const SIGNATURE: &str = "canary-signature";
pub const CONTENT: &[u8] = b"0123456789abcdefghij";

pub struct Service {
    pub server: Server,
    pub folder: TempDir,
    world: Arc<Mutex<World>>,
    tokens: Arc<Mutex<Tokens>>,
}

impl Request {
    /// The segments of the path, decoded.
    pub fn segments(&self) -> Vec<String> {
        let decode = |s: &str| percent_decode_str(s).decode_utf8().unwrap().into_owned();
        self.path.trim_start_matches('/').split('/').map(decode).collect()
    }

    pub fn is_token(&self) -> bool {
        self.path == "/authentication/v2/token"
    }

    pub fn is_tops(&self) -> bool {
        self.path.ends_with("/topFolders")
    }

    pub fn is_contents(&self) -> bool {
        self.path.ends_with("/contents")
    }

    pub fn is_contents_of(&self, name: &str) -> bool {
        self.is_contents() && self.segments()[5] == dir(name)
    }

    pub fn is_item(&self) -> bool {
        self.path.contains("/items/")
    }

    pub fn is_hubs(&self) -> bool {
        self.path == "/project/v1/hubs"
    }

    pub fn is_ask(&self) -> bool {
        self.path.ends_with("/signeds3download")
    }

    pub fn is_store(&self) -> bool {
        self.path.starts_with("/store/")
    }

    /// A call of the API that is not about tokens.
    pub fn is_call(&self) -> bool {
        !self.is_token() && !self.is_store()
    }

    fn page(&self, key: &str) -> Option<usize> {
        let value = |(name, value): (_, std::borrow::Cow<'_, str>)| {
            (name == format!("page[{key}]")).then(|| value.parse().unwrap())
        };
        url::form_urlencoded::parse(self.query.as_bytes()).find_map(value)
    }
}

impl Service {
    /// A service with the project `world`, and somebody signed in.
    pub async fn new(world: World) -> Self {
        Self::with(world, |_| None).await
    }

    /// The same, where `over` may answer instead.
    pub async fn with(
        world: World,
        over: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        let world = Arc::new(Mutex::new(world));
        let tokens = Arc::new(Mutex::new(Tokens::new()));
        let (its_world, its_tokens) = (Arc::clone(&world), Arc::clone(&tokens));
        let server = Server::start(move |request| {
            let instead = over(request);
            instead.unwrap_or_else(|| {
                answer(request, &its_world.lock().unwrap(), &mut its_tokens.lock().unwrap())
            })
        })
        .await;
        let service = Self { server, folder: tempfile::tempdir().unwrap(), world, tokens };
        service.signed_in(0);
        service
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap()
    }

    pub fn token_path(&self) -> PathBuf {
        self.folder.path().join("autodesk_tokens.json")
    }

    /// Writes the file of somebody who signed in `ago` seconds ago.
    pub fn signed_in(&self, ago: i64) {
        let file = self.tokens().file(ago);
        std::fs::write(self.token_path(), file.to_string()).unwrap();
    }

    pub fn stored(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.token_path()).unwrap()).unwrap()
    }

    pub fn settings(&self) -> AutodeskAccount {
        AutodeskAccount {
            name: "autodesk".into(),
            base_url: self.server.origin.clone(),
            client_id: CLIENT_ID.into(),
            client_secret: Some(Secret::new(CLIENT_SECRET)),
            callback_url: "http://localhost:8081/oauth/callback".into(),
            token_path: self.token_path(),
            scopes: vec!["data:read".into()],
            grant: AutodeskGrant::ThreeLegged,
        }
    }

    pub fn account(&self) -> Arc<Account> {
        Account::new(self.settings()).unwrap()
    }

    /// A source that looks at the whole project.
    pub fn source(&self) -> AutodeskSource {
        AutodeskSource::new(self.account(), scope())
    }

    /// A source that soon notices a server that hangs.
    pub fn hasty(&self, settings: AutodeskAccount, scope: AutodeskScope) -> AutodeskSource {
        let timeouts =
            Timeouts { connect: Duration::from_secs(30), idle: Duration::from_millis(400) };
        AutodeskSource::new(Account::with_timeouts(settings, timeouts).unwrap(), scope)
    }

    /// Calls of the API so far.
    pub fn calls(&self) -> usize {
        self.server.count(Request::is_call)
    }
}

/// The whole project.
pub fn scope() -> AutodeskScope {
    AutodeskScope {
        project_id: PROJECT.into(),
        hub_id: None,
        folder_id: None,
        include_subfolders: true,
        pick: Pick::default(),
    }
}

fn answer(request: &Request, world: &World, tokens: &mut Tokens) -> Answer {
    if request.is_token() {
        return tokens.answer(request);
    }
    if request.is_store() {
        return stored(request);
    }
    // Encoded throughout, as the vendor's own clients do it.
    if request.path.contains(':') || request.query.contains(['[', ']']) {
        return reply(400, "not encoded");
    }
    if !tokens.accepts(request) {
        return reply(401, r#"{"developerMessage":"The access token is expired."}"#);
    }
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments[..] {
        ["project", "v1", "hubs"] => reply(200, hubs().to_string()),
        ["project", "v1", "hubs", HUB, "projects", PROJECT] => {
            reply(200, json!({"data": project()}).to_string())
        }
        ["project", "v1", "hubs", HUB, "projects"] => {
            reply(200, json!({"data": [project()]}).to_string())
        }
        ["project", "v1", "hubs", HUB, "projects", PROJECT, "topFolders"] => {
            reply(200, json!({"data": world.tops()}).to_string())
        }
        ["data", "v1", "projects", PROJECT, "folders", id] => match world.dirs.get(id) {
            Some(folder) if folder.out_of_sight => forbidden(),
            Some(folder) => {
                let folder = world.folder_json(id, folder);
                reply(200, json!({"data": folder}).to_string())
            }
            None if id == ROOT => forbidden(),
            None => not_found(),
        },
        ["data", "v1", "projects", PROJECT, "folders", id, "contents"] => {
            match world.dirs.get(id) {
                Some(folder) if folder.out_of_sight || folder.closed => forbidden(),
                Some(_) => contents(request, world, id),
                None => not_found(),
            }
        }
        ["data", "v1", "projects", PROJECT, "items", id] => match world.docs.get(id) {
            Some(file) => {
                let (item, version) = (item_json(id, file), version_json(id, file));
                reply(200, json!({"data": item, "included": [version]}).to_string())
            }
            None => not_found(),
        },
        ["oss", "v2", "buckets", "wip.dm.prod", "objects", key, "signeds3download"] => {
            let key =
                percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC);
            let url = store_url(request, &format!("/store/{key}"));
            let reply_json = json!({"status": "complete", "url": url, "size": 20, "params": {}});
            reply(200, reply_json.to_string())
        }
        _ => not_found(),
    }
}

/// An address at the store on the same server.
pub fn store_url(request: &Request, path: &str) -> String {
    let host = request.header("host").unwrap();
    format!("http://{host}{path}?X-Amz-Signature={SIGNATURE}")
}

/// The object store: it refuses a second authorisation, and knows ranges.
pub fn stored(request: &Request) -> Answer {
    if request.header("authorization").is_some() {
        return reply(400, "<Error><Code>InvalidArgument</Code></Error>");
    }
    let from = request
        .header("range")
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    match (from, request.header("if-range")) {
        (Some(from), Some("\"v1\"")) => {
            let range = format!("bytes {from}-{}/{}", CONTENT.len() - 1, CONTENT.len());
            let headers = [("ETag", "\"v1\""), ("Content-Range", range.as_str())];
            reply_with(206, &headers, &CONTENT[from..])
        }
        _ => reply_with(200, &[("ETag", "\"v1\"")], CONTENT),
    }
}

pub fn forbidden() -> Answer {
    let error =
        json!({"status": "403", "code": "FORBIDDEN", "detail": "You do not have permission."});
    reply(403, json!({"jsonapi": {"version": "1.0"}, "errors": [error]}).to_string())
}

pub fn not_found() -> Answer {
    reply(404, r#"{"errors":[{"status":"404","code":"NOT_FOUND","detail":"It is not there."}]}"#)
}

/// A hub, and the warnings about other regions that come with every answer.
pub fn hubs() -> Value {
    let hub = json!({
        "type": "hubs", "id": HUB,
        "attributes": {"name": "A school", "region": "US"},
    });
    json!({"data": [hub], "meta": {"warnings": [denied("EMEA"), denied("AUS")]}})
}

pub fn denied(region: &str) -> Value {
    json!({
        "Id": null, "HttpStatusCode": "403", "ErrorCode": "BIM360DM_ERROR",
        "Title": format!("Unable to get hubs from BIM360DM {region}."),
        "Detail": "You don't have permission to access this API",
    })
}

fn project() -> Value {
    json!({
        "type": "projects", "id": PROJECT, "attributes": {"name": "A building"},
        "relationships": {"rootFolder": {"data": {"type": "folders", "id": ROOT}}},
    })
}

/// One page, with the links as the vendor has them: absolute here and relative there.
fn contents(request: &Request, world: &World, id: &str) -> Answer {
    let (number, limit) =
        (request.page("number").unwrap_or(0), request.page("limit").unwrap_or(200));
    if limit > 200 {
        return reply(400, "page[limit] is above 200");
    }
    let entries = world.entries(id);
    let size = limit.min(world.page);
    let (which, empty) = match world.empty_pages {
        true => (number / 2, number % 2 == 0),
        false => (number, false),
    };
    let here = entries.iter().skip(which * size).take(if empty { 0 } else { size });
    let data: Vec<&Value> = here.clone().map(|(entry, _)| entry).collect();
    let mut page = json!({"jsonapi": {"version": "1.0"}, "links": {}, "data": data});
    let versions: Vec<&Value> = here.filter_map(|(_, version)| version.as_ref()).collect();
    if !versions.is_empty() && !world.without_versions {
        page["included"] = json!(versions);
    }
    if empty || (which + 1) * size < entries.len() {
        let query = format!("page%5Bnumber%5D={}&page%5Blimit%5D={limit}", number + 1);
        let host = request.header("host").unwrap();
        let href = match number % 3 {
            0 => format!("http://{host}{}?{query}", request.path),
            1 => format!("{}?{query}", request.path),
            _ => format!("/data/v1/projects/{PROJECT}/folders/{id}/contents?{query}"),
        };
        page["links"]["next"] = json!({"href": href});
    }
    reply(200, page.to_string())
}
