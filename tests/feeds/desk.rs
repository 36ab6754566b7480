//! A partner's folder, an endpoint for it, and what came of it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use transship::config::{Config, Environment};
use transship::engine::{Command, Engine, Event, Reply, Schedules};
use transship::ledger::{Books as _, ExportRow, FileRow, Filter, Ledger, Reader};
use transship::model::{
    AfterFetch, Column, ColumnKind, Dataset, Dialect, EndpointResult, FeedScope, Format, Outcome,
    Scope, Trigger,
};
use transship::silver::lists::{LandedFilter, LandedRow};

use crate::support::sshd::Sshd;

/// The only endpoint.
pub const FEED: &str = "Shop feed";

/// A server with the partner's folder and a receiver's, and a configuration for both.
pub struct Desk {
    pub sshd: Sshd,
    pub config: Config,
    folder: TempDir,
}

impl Desk {
    pub fn new() -> Self {
        let (sshd, folder) = (Sshd::start(), TempDir::new().unwrap());
        for name in ["outgoing", "incoming"] {
            fs::create_dir(sshd.root().join(name)).unwrap();
        }
        let server = sshd.server();
        let login = format!(
            "host: 127.0.0.1, port: {}, username: '{}', key_path: '{}', host_key: '{}'",
            server.port,
            server.username,
            sshd.client_key().display(),
            sshd.fingerprint()
        );
        let root = sshd.root().display().to_string();
        let text = format!(
            "database: {{ url: 'sqlite:///./data/connector.db' }}\n\
             limits: {{ min_free_mb: 1 }}\n\
             clients:\n  feed: {{ type: sftp, {login} }}\n\
             destinations:\n  slate: {{ type: sftp, {login}, directory: '{root}/incoming/' }}\n\
             endpoints:\n  - name: {FEED}\n    endpoint_type: sftp\n    endpoint_details:\n\
             \x20     {{ directory: '{root}/outgoing', settle_seconds: 0, include_subfolders: true }}\n"
        );
        let environment = Environment {
            variables: BTreeMap::new().into_iter().collect(),
            current_dir: folder.path().into(),
            home: None,
            user_config: None,
            user_data: None,
        };
        let file = folder.path().join("connector.yaml");
        let mut config =
            Config::from_text(&text, &file, &environment).unwrap_or_else(|e| panic!("{e}"));
        config.endpoints[0].datasets = vec![products(), sales()];
        Self { sshd, config, folder }
    }

    /// What the endpoint looks at, to be changed.
    pub fn scope(&mut self) -> &mut FeedScope {
        match &mut self.config.endpoints[0].scope {
            Scope::Sftp(scope) => scope,
            other => panic!("{other:?}"),
        }
    }

    pub fn after_fetch(&mut self, action: AfterFetch) {
        self.scope().after_fetch = action;
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.sshd.root().join("outgoing").join(name)
    }

    /// What the receiver has got, by name.
    pub fn received(&self) -> Vec<String> {
        names(&self.sshd.root().join("incoming"))
    }

    /// Names of the partner's files, as they are over there.
    pub fn remaining(&self) -> Vec<String> {
        names(&self.sshd.root().join("outgoing"))
    }

    /// Puts a file there that was changed so many seconds ago: another time is another
    /// version.
    pub fn put(&self, name: &str, content: &str, ago: u64) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        let file = fs::File::options().append(true).open(&path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(ago)).unwrap();
    }

    pub async fn engine(&self) -> Engine {
        let ledger = Ledger::open(&self.config.database, "test").unwrap();
        Engine::start(self.config.clone(), ledger, Schedules::Off).await.unwrap()
    }

    /// Asks an engine of its own; its answer, and what it said meanwhile.
    pub async fn ask(&self, command: Command) -> (Reply, Vec<Event>) {
        let mut engine = self.engine().await;
        let mut events = engine.events();
        let reply = engine.handle().request(command).await;
        engine.stop(Duration::from_secs(10)).await;
        let mut said = Vec::new();
        while let Ok(event) = events.try_recv() {
            said.push(event);
        }
        (reply, said)
    }

    /// One pass.
    pub async fn sync(&self) -> EndpointResult {
        self.pass().await.0
    }

    /// One pass, and what was said of it.
    pub async fn pass(&self) -> (EndpointResult, Vec<Event>) {
        let command =
            Command::Sync { endpoints: Vec::new(), trigger: Trigger::Manual, full: false };
        match self.ask(command).await {
            (Reply::Run(mut report), events) => (report.endpoints.remove(0), events),
            (other, _) => panic!("a sync is answered with {other:?}"),
        }
    }

    /// A pass in which everything went well.
    pub async fn sync_well(&self) -> EndpointResult {
        let result = self.sync().await;
        assert_eq!((result.outcome, &result.error), (Outcome::Done, &None), "{result:#?}");
        result
    }

    pub fn exports(&self) -> Vec<ExportRow> {
        Reader::open(&self.config.database).unwrap().exports(&Filter::default()).unwrap()
    }

    pub fn files(&self) -> Vec<FileRow> {
        Reader::open(&self.config.database).unwrap().files(&Filter::default()).unwrap()
    }

    /// What landed, oldest first.
    pub fn landed(&self) -> Vec<LandedRow> {
        let reader = transship::silver::reader::Reader::open(&self.config.silver).unwrap();
        let mut rows = reader.landed(&LandedFilter::default()).unwrap();
        rows.reverse();
        rows
    }

    /// Each landed file's name and state.
    pub fn states(&self) -> Vec<(String, String)> {
        let mut states: Vec<_> =
            self.landed().into_iter().map(|row| (row.name, row.state)).collect();
        states.sort();
        states
    }

    /// A number out of the tables.
    pub fn number(&self, sql: &str) -> i64 {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = Connection::open_with_flags(&self.config.silver, flags).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// How many rows of sales there are.
    pub fn sales(&self) -> i64 {
        self.number("SELECT count(*) FROM sales")
    }

    /// The files of bronze: each one's content, by its place below the data folder.
    pub fn bronze(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let root = self.config.data_dir.join("bronze");
        for folder in fs::read_dir(&root).unwrap() {
            for file in fs::read_dir(folder.unwrap().path()).unwrap() {
                let path = file.unwrap().path();
                assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o400);
                let place = path.strip_prefix(&self.config.data_dir).unwrap();
                found.insert(place.display().to_string(), fs::read_to_string(&path).unwrap());
            }
        }
        found
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn products() -> Dataset {
    Dataset {
        name: "products".into(),
        files: vec!["product_info_*.json".into()],
        format: Format::Json,
        columns: vec![
            Column { required: true, ..Column::text("product_id") },
            Column::text("product_name"),
            Column { dictionary: Some("categories".into()), ..Column::text("category") },
        ],
        key: vec!["product_id".into()],
        rollups: Vec::new(),
        max_bad_percent: 50,
    }
}

fn sales() -> Dataset {
    let column = |name, kind| Column { kind, required: true, ..Column::text(name) };
    Dataset {
        name: "sales".into(),
        files: vec!["sales_data_*.csv".into()],
        format: Format::Csv(Dialect::default()),
        columns: vec![
            Column {
                required: true,
                indexed: true,
                references: Some("products".into()),
                ..Column::text("product_id")
            },
            column("sale_date", ColumnKind::Date { formats: Vec::new() }),
            column("quantity", ColumnKind::Integer { min: Some(0), max: None }),
            column("price", ColumnKind::Decimal { scale: 2, min: None, max: None }),
        ],
        key: Vec::new(),
        rollups: Vec::new(),
        max_bad_percent: 50,
    }
}

/// Products `from..to`.
pub fn product_file(numbers: std::ops::Range<u32>) -> String {
    let rows: Vec<String> = numbers
        .map(|n| {
            format!(
                r#"{{"product_id":"P{n}","product_name":"Product {n}","category":"C{}"}}"#,
                n % 3
            )
        })
        .collect();
    format!("[{}]", rows.join(","))
}

/// A sale of each of the products `from..to`.
pub fn sales_file(day: &str, numbers: std::ops::Range<u32>) -> String {
    let mut text = "product_id,sale_date,quantity,price\r\n".to_owned();
    for n in numbers {
        text.push_str(&format!("P{n},{day},{n},{n}.50\r\n"));
    }
    text
}
