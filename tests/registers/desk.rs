//! The stand-ins, a configuration that points at them, what the ledger holds and what
//! is true.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::redirect::Policy;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use transship::config::{Config, Environment};
use transship::demo::{AutodeskLimits, AutodeskProject, Options, World};
use transship::engine::{Command, Engine, Reply, Schedules};
use transship::ledger::Ledger;
use transship::model::{EndpointResult, Outcome, RunReport, Trigger};
use url::Url;

use crate::support::program::Site;

/// Which service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    Autodesk,
    /// A folder that is shared with the service account.
    Folder,
    /// A whole shared drive.
    Drive,
}

pub const ALL: [Service; 3] = [Service::Autodesk, Service::Folder, Service::Drive];

/// A file as the register has it, or should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    pub path: String,
    pub folder: String,
    pub version: String,
    pub size: Option<u64>,
    pub link: Option<String>,
}

/// Everything that the register has of one endpoint.
#[derive(Clone, Debug, Default)]
pub struct Table {
    pub present: BTreeMap<String, Row>,
    pub lost: BTreeMap<String, Row>,
    pub removed: BTreeMap<String, Row>,
    /// Files whose bytes are never fetched, and why.
    pub left_out: BTreeMap<String, String>,
}

/// What is true.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    pub files: BTreeMap<String, Row>,
    /// Those that are there and may not be seen.
    pub lost: BTreeMap<String, Row>,
}

/// The stand-ins, and a folder with a configuration for `names.len()` endpoints of one
/// service, all about the same.
pub struct Desk {
    pub site: Site,
    pub service: Service,
    pub names: Vec<String>,
}

impl Desk {
    /// One endpoint, the samples, no limits on calls, somebody signed in.
    pub async fn new(service: Service) -> Self {
        Self::with(service, 1, false, |_| ()).await
    }

    pub async fn delivering(service: Service) -> Self {
        Self::with(service, 1, true, |_| ()).await
    }

    pub async fn with(
        service: Service,
        endpoints: usize,
        delivers: bool,
        change: impl FnOnce(&mut Options),
    ) -> Self {
        let site = Site::with(|options| {
            options.google_drive.samples = true;
            options.autodesk.limits = AutodeskLimits::Off;
            change(options);
        })
        .await;
        let names = (1..=endpoints).map(|n| format!("Register {n}")).collect();
        let desk = Self { site, service, names };
        std::fs::write(desk.file(), desk.yaml(delivers)).unwrap();
        if service == Service::Autodesk {
            desk.sign_in().await;
        }
        desk
    }

    fn file(&self) -> std::path::PathBuf {
        self.site.folder().join("connector.yaml")
    }

    fn yaml(&self, delivers: bool) -> String {
        let (autodesk, drive) =
            (self.site.stand_ins.autodesk(), self.site.stand_ins.google_drive());
        let sftp = self.site.stand_ins.sftp();
        let (kind, details) = match self.service {
            Service::Autodesk => {
                ("autodesk_construction_cloud", json!({ "project_id": self.project() }))
            }
            Service::Folder => ("google_drive", json!({ "folder_id": drive.root_folder_id })),
            Service::Drive => ("google_drive", json!({ "drive_id": drive.shared_drive_id })),
        };
        let endpoints: Vec<Value> = self
            .names
            .iter()
            .map(|name| {
                let mut endpoint = json!({
                    "name": name, "endpoint_type": kind, "project_id": "p", "user_id": "u",
                    "endpoint_details": details, "schedule": { "type": "manual" },
                });
                if delivers {
                    endpoint["deliver_to"] = json!("slate");
                }
                endpoint
            })
            .collect();
        // JSON is YAML.
        json!({
            "database": { "url": "sqlite:///./data/connector.db" },
            "log": { "file": "./logs/connector.log", "format": "json", "level": "debug" },
            "clients": {
                "autodesk": {
                    "base_url": autodesk.base_url,
                    "client_id": autodesk.client_id,
                    "client_secret": autodesk.client_secret.expose(),
                    "callback_url": autodesk.callback_url,
                    "token_path": "./tokens/autodesk_tokens.json",
                },
                "google_drive": {
                    "base_url": drive.base_url,
                    "credentials_path": drive.credentials_path,
                },
            },
            "destinations": { "slate": {
                "type": "sftp", "host": "127.0.0.1", "port": sftp.port,
                "username": sftp.username, "password": sftp.password.expose(),
                "host_key": sftp.host_key, "directory": sftp.directory,
                "processed": sftp.processed,
            }},
            "endpoints": endpoints,
        })
        .to_string()
    }

    pub fn world(&self) -> &World {
        self.site.world()
    }

    /// The project that is registered.
    pub fn project(&self) -> String {
        let access = self.site.stand_ins.autodesk();
        access.large_project_id.as_ref().unwrap_or(&access.project_id).clone()
    }

    /// The folder or shared drive that is registered.
    pub fn root(&self) -> &'static str {
        match self.service {
            Service::Drive => self.world().google_drive().shared_drive_id(),
            _ => self.world().google_drive().root_folder_id(),
        }
    }

    pub fn token_file(&self) -> std::path::PathBuf {
        self.site.folder().join("tokens/autodesk_tokens.json")
    }

    /// A person consents; their tokens are in the file.
    pub async fn sign_in(&self) {
        let access = self.site.stand_ins.autodesk();
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        let mut url =
            Url::parse(&format!("{}/authentication/v2/authorize", access.base_url)).unwrap();
        url.query_pairs_mut().extend_pairs([
            ("client_id", access.client_id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", &access.callback_url),
            ("scope", "data:read"),
            ("state", "s"),
        ]);
        let reply = http.get(url).send().await.unwrap();
        let back = reply.headers()["location"].to_str().unwrap().parse::<Url>().unwrap();
        let code = back.query_pairs().find(|(key, _)| key == "code").unwrap().1.into_owned();
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs([
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &access.callback_url),
        ]);
        let reply = http
            .post(format!("{}/authentication/v2/token", access.base_url))
            .basic_auth(&access.client_id, Some(access.client_secret.expose()))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body.finish())
            .send()
            .await
            .unwrap();
        let mut tokens: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
        let now = jiff::Timestamp::now().as_second();
        tokens["obtained_at"] = json!(now);
        tokens["expires_at"] = json!(now + tokens["expires_in"].as_i64().unwrap());
        std::fs::create_dir_all(self.token_file().parent().unwrap()).unwrap();
        std::fs::write(self.token_file(), tokens.to_string()).unwrap();
    }

    /// The access token in the file has expired, by the file and by the service.
    pub fn expire(&self) {
        let text = std::fs::read_to_string(self.token_file()).unwrap();
        let mut tokens: Value = serde_json::from_str(&text).unwrap();
        tokens["expires_at"] = json!(jiff::Timestamp::now().as_second() - 10);
        std::fs::write(self.token_file(), tokens.to_string()).unwrap();
    }

    /// How often a token was asked for.
    pub fn renewals(&self) -> usize {
        let journal = self.world().journal();
        journal.iter().filter(|call| call.path == "/authentication/v2/token").count()
    }

    pub fn config(&self) -> Config {
        let text = std::fs::read_to_string(self.file()).unwrap();
        let current_dir = self.site.folder().to_owned();
        let environment = Environment { current_dir, ..Environment::default() };
        Config::from_text(&text, &self.file(), &environment).unwrap()
    }

    /// One pass over all endpoints.
    pub async fn run(&self, full: bool) -> RunReport {
        let command = Command::Sync { endpoints: Vec::new(), trigger: Trigger::Manual, full };
        match self.ask(command).await {
            Reply::Run(report) => report,
            other => panic!("a sync is answered with {other:?}"),
        }
    }

    /// Asks an engine of its own, like a command from cron.
    pub async fn ask(&self, command: Command) -> Reply {
        let config = self.config();
        let ledger = Ledger::open(&config.database, "test").unwrap();
        let engine = Engine::start(config, ledger, Schedules::Off).await.unwrap();
        let reply = engine.handle().request(command).await;
        engine.stop(Duration::from_secs(10)).await;
        reply
    }

    /// One pass; what the first endpoint did in it.
    pub async fn sync(&self, full: bool) -> EndpointResult {
        self.run(full).await.endpoints.remove(0)
    }

    /// One pass in which everything goes well.
    #[track_caller]
    pub fn well(result: &EndpointResult, when: &str) {
        let well = matches!(result.outcome, Outcome::Done | Outcome::NothingNew);
        assert!(well && result.error.is_none(), "{when}: {result:#?}");
    }

    /// What the register has of the first endpoint.
    pub fn table(&self) -> Table {
        self.table_of(&self.names[0])
    }

    pub fn table_of(&self, endpoint: &str) -> Table {
        let mut table = Table::default();
        let database = self.site.database();
        if !database.exists() {
            return table;
        }
        let sql = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let mut select = sql
            .prepare(
                "SELECT external_file_id, file_name, file_path, external_folder_id, version,
                     file_size, file_link, file_state, left_out
                 FROM file_states WHERE endpoint_name = ?",
            )
            .unwrap();
        let mut rows = select.query([endpoint]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let id: String = row.get(0).unwrap();
            let version: String = row.get(4).unwrap();
            let seen = Row {
                name: row.get(1).unwrap(),
                path: row.get(2).unwrap(),
                folder: row.get(3).unwrap(),
                version: if version.starts_with("modified:") { "native".into() } else { version },
                size: row.get::<_, Option<i64>>(5).unwrap().map(i64::unsigned_abs),
                link: row.get(6).unwrap(),
            };
            if let Some(why) = row.get(8).unwrap() {
                table.left_out.insert(id.clone(), why);
            }
            let state: String = row.get(7).unwrap();
            let of_state = match state.as_str() {
                "present" => &mut table.present,
                "access_lost" => &mut table.lost,
                "removed" => &mut table.removed,
                other => panic!("{other}"),
            };
            of_state.insert(id, seen);
        }
        table
    }

    pub fn truth(&self) -> Truth {
        match self.service {
            Service::Autodesk => {
                let truth = self.world().autodesk_truth();
                autodesk_truth(truth.project(&self.project()).unwrap())
            }
            _ => self.drive_truth(),
        }
    }

    fn drive_truth(&self) -> Truth {
        let root = self.root();
        let top = match self.service {
            // What the service calls the top of a shared drive, whatever the drive is called.
            Service::Drive => "Drive",
            _ => "Admissions",
        };
        let files = self.world().google_drive().truth(root).unwrap().files.into_iter();
        let row = |file: transship::demo::DriveRow| {
            let version = match (&file.md5, &file.target) {
                (Some(md5), _) => format!("md5:{md5}"),
                (None, Some(target)) => format!("target:{target}"),
                (None, None) => "native".into(),
            };
            let row = Row {
                name: file.name,
                path: format!("/{top}/{}", file.path),
                folder: file.folder,
                version,
                size: file.size,
                link: Some(file.link),
            };
            (file.id, row)
        };
        Truth { files: files.map(row).collect(), lost: BTreeMap::new() }
    }

    /// What differs between the register and the truth, in words; at most a few rows.
    pub fn differs(&self) -> Option<String> {
        let (table, truth) = (self.table(), self.truth());
        let mut told = Vec::new();
        for (id, row) in &truth.files {
            match table.present.get(id) {
                None => told.push(format!("missing {id} {row:?}")),
                Some(seen) if seen != row => told.push(format!("{id} is {row:?}\n  has {seen:?}")),
                Some(_) => {}
            }
        }
        for (id, row) in &table.present {
            if !truth.files.contains_key(id) {
                told.push(format!("there is no {id} {row:?}"));
            }
        }
        if told.is_empty() {
            return None;
        }
        let count = told.len();
        told.truncate(6);
        Some(format!("{count} rows differ:\n{}", told.join("\n")))
    }

    #[track_caller]
    pub fn assert_true(&self, when: &str) {
        if let Some(told) = self.differs() {
            panic!("{when}: {told}");
        }
    }

    /// Nothing that exists was removed.
    #[track_caller]
    pub fn assert_nothing_removed_wrongly(&self, when: &str) {
        let (table, truth) = (self.table(), self.truth());
        for (id, row) in &table.removed {
            assert!(!truth.files.contains_key(id), "{when}: removed and there: {id} {row:?}");
            // In the folder in which it was last seen, it is lost and not gone.
            let lost = truth.lost.get(id).is_some_and(|lost| lost.folder == row.folder);
            assert!(!lost, "{when}: removed and out of sight: {id} {row:?}");
        }
    }

    /// Nothing was done that the services forbid.
    #[track_caller]
    pub fn assert_no_offences(&self, when: &str) {
        let offences = self.world().offences();
        assert!(offences.is_empty(), "{when}: {offences:#?}");
        let violations = self.world().google_drive().violations();
        assert!(violations.is_empty(), "{when}: {violations:#?}");
    }
}

fn autodesk_truth(project: &AutodeskProject) -> Truth {
    let row = |file: &transship::demo::AutodeskFile| {
        let storage = file.storage_id.as_deref().unwrap_or_default();
        let row = Row {
            name: file.name.clone(),
            path: format!("/{}", file.path),
            folder: file.folder_id.clone(),
            version: format!("{} {} {storage}", file.version_id, file.version),
            size: file.size,
            link: Some(file.link.clone()),
        };
        (file.id.clone(), row)
    };
    Truth {
        files: project.files.iter().map(row).collect(),
        lost: project.lost.iter().map(row).collect(),
    }
}
