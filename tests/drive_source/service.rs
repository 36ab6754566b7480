//! The API over a [`World`]: strict where the vendor is, with the vendor's faults on
//! request.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use transship::model::{DriveScope, GoogleAccount, Pick};
use transship::sources::google_drive::{Account, DriveSource, Patience};

use super::key;
use super::server::{Answer, Request, Server, error, reply, reply_with};
use super::world::World;

pub const EMAIL: &str = "reader@project.iam.gserviceaccount.com";
pub const READONLY: &str = "https://www.googleapis.com/auth/drive.readonly";
pub const METADATA: &str = "https://www.googleapis.com/auth/drive.metadata.readonly";
/// Every token holds this: it must never be seen in a message.
pub const TOKEN: &str = "canary-token";

/// How a list is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manners {
    /// Files on a page at the most; 0 for as many as are asked for.
    pub page: usize,
    /// Every list begins with an empty page.
    pub empty_first: bool,
    /// Of a hundred folders of a group, so many are lost.
    pub lost: u64,
    /// Always the same ones are.
    pub same_lost: bool,
    /// Groups of more parents are too complex.
    pub most_parents: usize,
    /// Queries for times are not understood.
    pub no_times: bool,
    /// Seconds that a token lives.
    pub token_life: u64,
    pub latency: Duration,
}

pub struct Stand {
    pub server: Server,
    world: Arc<Mutex<World>>,
    pub folder: tempfile::TempDir,
}

type Over = dyn Fn(&Request) -> Option<Answer> + Send + Sync;

impl Stand {
    pub async fn of(world: World) -> Self {
        Self::with(world, Manners::default(), |_| None).await
    }

    /// The honest service, except where `over` answers instead.
    pub async fn with(
        world: World,
        manners: Manners,
        over: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        let world = Arc::new(Mutex::new(world));
        let service = Service {
            world: Arc::clone(&world),
            manners,
            over: Box::new(over),
            tokens: Mutex::default(),
            draws: AtomicUsize::new(0),
        };
        let server = Server::start(manners.latency, move |request| service.answer(request)).await;
        let folder = tempfile::tempdir().unwrap();
        let stand = Self { server, world, folder };
        stand.write_key(&key::file(&format!("{}/token", stand.server.origin)));
        stand
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub fn key_path(&self) -> PathBuf {
        self.folder.path().join("key.json")
    }

    pub fn write_key(&self, text: &str) {
        std::fs::write(self.key_path(), text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let private = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(self.key_path(), private).unwrap();
        }
    }

    pub fn settings(&self) -> GoogleAccount {
        GoogleAccount {
            name: "google_drive".into(),
            base_url: self.server.origin.clone(),
            credentials_path: self.key_path(),
            subject: None,
            application_name: Some("School".into()),
            units_per_minute: 10_000_000,
        }
    }

    pub fn account(&self) -> Arc<Account> {
        Account::with_patience(self.settings(), patience()).unwrap()
    }

    pub fn source(&self, scope: DriveScope) -> DriveSource {
        DriveSource::new(self.account(), scope, true)
    }
}

/// Pauses in thousandths.
pub fn patience() -> Patience {
    Patience { first_pause: Duration::from_millis(1), ..Patience::default() }
}

/// Everything below `folder`.
pub fn scope(folder: &str) -> DriveScope {
    DriveScope {
        folder_id: Some(folder.to_owned()),
        drive_id: None,
        include_shared: false,
        include_subfolders: true,
        follow_shortcuts: false,
        include_trashed: false,
        modified_after: None,
        modified_before: None,
        export_as: [("document".to_owned(), "docx".to_owned())].into(),
        pick: Pick::default(),
    }
}

struct Service {
    world: Arc<Mutex<World>>,
    manners: Manners,
    over: Box<Over>,
    /// Tokens and what they allow.
    tokens: Mutex<Vec<(String, String)>>,
    draws: AtomicUsize,
}

impl Service {
    fn answer(&self, request: &Request) -> Answer {
        if let Some(answer) = (self.over)(request) {
            return answer;
        }
        if request.is_token() {
            return self.grant(request);
        }
        let Some(allowed) = self.allowed(request) else {
            return error(401, "authError", "Invalid Credentials");
        };
        let contents = allowed == READONLY;
        let tail = request.path.strip_prefix("/drive/v3/").unwrap_or_default();
        match tail.split('/').collect::<Vec<_>>().as_slice() {
            ["drives"] if contents => self.drives(),
            ["files"] => self.list(request),
            ["changes"] => self.changes(request),
            ["changes", "startPageToken"] => reply(
                200,
                json!({"startPageToken": self.world().log_end().to_string()}).to_string(),
            ),
            ["files", id] if request.is_media() && contents => self.media(request, id),
            ["files", id, "export"] if contents => self.export(request, id),
            ["files", id] if !request.is_media() => self.get(request, id),
            ["drives"] | ["files", ..] => error(403, "insufficientPermissions", "scope"),
            _ => error(404, "notFound", "no such method"),
        }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    fn allowed(&self, request: &Request) -> Option<String> {
        let token = request.header("authorization")?.strip_prefix("Bearer ")?.to_owned();
        let tokens = self.tokens.lock().unwrap();
        tokens.iter().find(|(own, _)| *own == token).map(|(_, scope)| scope.clone())
    }

    fn grant(&self, request: &Request) -> Answer {
        let form: Vec<(String, String)> =
            url::form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
        let refuse = |said: &str| {
            reply(400, json!({"error": "invalid_grant", "error_description": said}).to_string())
        };
        let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        let [(_, granted), (_, jwt)] = form.as_slice() else { return refuse("form") };
        let Some((signed, signature)) = jwt.rsplit_once('.') else { return refuse("jwt") };
        let (header, claims) = signed.split_once('.').unwrap();
        let part = |text: &str| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
        };
        let (header, claims) = (part(header), part(claims));
        if granted != grant || header["alg"] != "RS256" || header["typ"] != "JWT" {
            return refuse("header");
        }
        let host = format!("http://{}/token", request.header("host").unwrap());
        if claims["iss"] != EMAIL || claims["aud"] != host {
            return refuse("Invalid JWT: iss or aud");
        }
        let (iat, exp) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
        let now = jiff::Timestamp::now().as_second();
        if exp - iat > 3600 || iat >= now || now - iat > 60 {
            return refuse("Invalid JWT: Token must be a short-lived token (60 minutes)");
        }
        if !key::signed(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()) {
            return refuse("Invalid JWT Signature.");
        }
        let scope = claims["scope"].as_str().unwrap().to_owned();
        let mut tokens = self.tokens.lock().unwrap();
        let token = format!("{TOKEN}-{}", tokens.len());
        tokens.push((token.clone(), scope));
        let life = if self.manners.token_life == 0 { 3600 } else { self.manners.token_life };
        let body = json!({"access_token": token, "expires_in": life, "token_type": "Bearer"});
        reply(200, body.to_string())
    }

    fn drives(&self) -> Answer {
        let world = self.world();
        let own = |(id, item): (&String, &super::world::Item)| item.drive.as_ref() == Some(id);
        let drives: Vec<Value> = world
            .items
            .iter()
            .filter(|one| own(*one))
            .map(|(id, _)| json!({"id": id, "name": format!("drive {id}")}))
            .collect();
        reply(200, json!({"drives": drives}).to_string())
    }

    fn list(&self, request: &Request) -> Answer {
        let Some(fields) = request.param("fields") else { return error(400, "fields", "none") };
        for (name, value) in [
            ("supportsAllDrives", "true"),
            ("includeItemsFromAllDrives", "true"),
            ("prettyPrint", "false"),
        ] {
            if request.param(name) != Some(value) {
                return error(400, "required", name);
            }
        }
        if request.url_length > 6 * 1024 {
            return reply(413, "too long");
        }
        let mut world = self.world();
        // Every page of a list loses the same: where it goes on and what was drawn for it.
        let (from, draw) = match request.param("pageToken").map(|token| token.split_once('-')) {
            None => (None, self.draws.fetch_add(1, Ordering::Relaxed)),
            Some(token) => {
                let (from, draw) = token.unwrap();
                (Some(from.parse::<usize>().unwrap()), draw.parse().unwrap())
            }
        };
        let mut found = match self.search(&mut world, request, draw) {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        if let Some(drive) = request.param("driveId") {
            if request.param("corpora") != Some("drive") {
                return error(400, "invalid", "corpora");
            }
            found.retain(|id| world.items[id].drive.as_deref() == Some(drive) && id != drive);
        }
        let asked: usize = request.param("pageSize").unwrap().parse().unwrap();
        let size = if self.manners.page == 0 { asked } else { asked.min(self.manners.page) };
        let (page, next) = match from {
            None if self.manners.empty_first => (vec![], Some(0)),
            from => {
                let from = from.unwrap_or(0).min(found.len());
                let end = found.len().min(from + size);
                (found[from..end].to_vec(), (end < found.len()).then_some(end))
            }
        };
        let files: Vec<Value> =
            page.iter().map(|id| masked(world.shown(id), fields, "files(")).collect();
        let mut list = json!({"files": files, "incompleteSearch": false});
        if let Some(next) = next {
            assert!(fields.contains("nextPageToken"));
            list["nextPageToken"] = json!(format!("{next}-{draw}"));
        }
        reply(200, list.to_string())
    }

    /// What a query finds. Every condition that is not known is refused.
    fn search(
        &self,
        world: &mut World,
        request: &Request,
        draw: usize,
    ) -> Result<Vec<String>, Answer> {
        let q = request.param("q").unwrap_or_default();
        let mut found: BTreeSet<String> = if q.contains(" in parents") {
            let parents = self.asked_for(world, request, draw)?;
            world.children(&parents)
        } else {
            world.items.keys().cloned().collect()
        };
        if self.manners.no_times && q.contains("createdTime") {
            return Err(error(400, "invalid", "Invalid Value"));
        }
        for condition in q.split(" and ") {
            let value = |name: &str| condition.strip_prefix(name).map(|v| v.trim_matches('\''));
            if condition == "trashed = false" {
                found.retain(|id| !world.is_trashed(id));
            } else if let Some(mime_type) = value("mimeType = ") {
                found.retain(|id| world.items[id].mime_type == mime_type);
            } else if let Some(mime_type) = value("mimeType != ") {
                found.retain(|id| world.items[id].mime_type != mime_type);
            } else if let Some(from) = value("createdTime >= '") {
                let from: jiff::Timestamp = from.parse().unwrap();
                found.retain(|id| world.items[id].made_at() >= from);
            } else if let Some(to) = value("createdTime < '") {
                let to: jiff::Timestamp = to.parse().unwrap();
                found.retain(|id| world.items[id].made_at() < to);
            } else if condition == "sharedWithMe = true" {
                found.retain(|id| world.items[id].shared_with_me);
            } else if !condition.trim_end_matches(')').ends_with(" in parents") {
                return Err(error(400, "invalid", &format!("Invalid Value: {condition}")));
            }
        }
        Ok(found.into_iter().collect())
    }

    /// The folders of a grouped query that are not lost.
    fn asked_for(
        &self,
        world: &World,
        request: &Request,
        draw: usize,
    ) -> Result<Vec<String>, Answer> {
        let asked = request.parents();
        let most = if self.manners.most_parents == 0 { 99 } else { self.manners.most_parents };
        if asked.len() > most {
            return Err(error(400, "invalid", "The query is too complex."));
        }
        if asked.iter().any(|id| !world.items.contains_key(world.id(id))) {
            return Err(error(404, "notFound", "File not found: ."));
        }
        let group = asked.len() > 1;
        let kept = |id: &String| {
            let mut hasher = DefaultHasher::new();
            match self.manners.same_lost {
                true => id.hash(&mut hasher),
                false => (draw, id).hash(&mut hasher),
            }
            !group || hasher.finish() % 100 >= self.manners.lost
        };
        Ok(asked.iter().map(|id| world.id(id).to_owned()).filter(kept).collect())
    }

    fn changes(&self, request: &Request) -> Answer {
        let world = self.world();
        let fields = request.param("fields").unwrap_or_default();
        let from = request.param("pageToken").and_then(|token| token.parse::<usize>().ok());
        let Some(from) = from.filter(|from| *from <= world.log_end()) else {
            return error(400, "invalid", "Invalid Value");
        };
        let size = if self.manners.page == 0 { 1000 } else { self.manners.page };
        let (entries, end) = world.changes(request.param("driveId"), from, size);
        let mask = |mut entry: Value| {
            if let Some(file) = entry.get_mut("file") {
                *file = masked(file.take(), fields, "file(");
            }
            entry
        };
        let entries: Vec<Value> = entries.into_iter().map(mask).collect();
        let mut list = json!({"changes": entries});
        let next = if end < world.log_end() { "nextPageToken" } else { "newStartPageToken" };
        assert!(fields.contains(next));
        list[next] = json!(end.to_string());
        reply(200, list.to_string())
    }

    fn get(&self, request: &Request, id: &str) -> Answer {
        let world = self.world();
        let id = world.id(id);
        if !world.items.contains_key(id) {
            return error(404, "notFound", &format!("File not found: {id}."));
        }
        let mut shown = world.shown(id);
        shown["exportLinks"] = json!({
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document":
                format!("http://{}/links/{id}", request.header("host").unwrap()),
        });
        reply(200, masked(shown, request.param("fields").unwrap(), "").to_string())
    }

    fn media(&self, request: &Request, id: &str) -> Answer {
        let world = self.world();
        let Some(item) = world.items.get(id) else {
            return error(404, "notFound", &format!("File not found: {id}."));
        };
        media(request, &item.content)
    }

    fn export(&self, request: &Request, id: &str) -> Answer {
        let world = self.world();
        let form = request.param("mimeType").unwrap();
        reply(200, format!("{} as {form}", world.items[id].name))
    }
}

/// A content, or its range.
pub fn media(request: &Request, content: &[u8]) -> Answer {
    let range = request.header("range").map(|range| {
        range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap().parse::<usize>().unwrap()
    });
    match range {
        None => reply(200, content),
        Some(from) if from < content.len() => {
            let range = format!("bytes {from}-{}/{}", content.len() - 1, content.len());
            reply_with(206, &[("content-range", &range)], &content[from..])
        }
        Some(_) => error(416, "requestedRangeNotSatisfiable", "Request range not satisfiable"),
    }
}

/// Only what the mask names. `within` is what opens its part of the mask.
fn masked(shown: Value, fields: &str, within: &str) -> Value {
    let mask = fields.split_once(within).map_or(fields, |(_, rest)| rest);
    let names: Vec<&str> = mask.split([',', '(', ')', '/']).collect();
    let Value::Object(shown) = shown else { panic!("no object") };
    shown.into_iter().filter(|(name, _)| names.contains(&name.as_str())).collect()
}
