//! The real program before a partner's folder, configured by a file as operators write it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::program::{Ran, Running};
use crate::support::sshd::Sshd;

const YAML: &str = r#"
database: { url: "sqlite:///./data/connector.db" }
log: { file: ./logs/connector.log, level: debug }
limits: { min_free_mb: 1 }
clients:
  feed: { type: sftp, host: 127.0.0.1, port: PORT, username: 'USER', key_path: 'KEY', host_key: 'PIN' }
  google_drive: { credentials_path: nowhere.json }
endpoints:
  - name: Shop feed
    endpoint_type: sftp
    endpoint_details: { directory: 'ROOT/outgoing', settle_seconds: 0, after_fetch: AFTER }
    datasets:
      products:
        { files: "product_info_*.json", format: json, key: [product_id],
          columns: { product_id: text!, product_name: text, category: text } }
      sales:
        files: "sales_data_*.csv"
        format: csv
        columns:
          product_id: { type: text, required: true, references: products }
          sale_date: date!
          quantity: { type: integer, min: 0, required: true }
          price: { type: decimal, scale: 2, required: true }
  - { name: Site plans, endpoint_type: google_drive, is_active: false, endpoint_details: { folder_id: abc } }
"#;

pub struct Site {
    pub sshd: Sshd,
    folder: TempDir,
}

impl Site {
    /// With what becomes of the files over there.
    pub fn new(after_fetch: &str) -> Self {
        let (sshd, folder) = (Sshd::start(), TempDir::new().unwrap());
        fs::create_dir(sshd.root().join("outgoing")).unwrap();
        let server = sshd.server();
        let mut text = YAML.to_owned();
        for (name, value) in [
            ("PORT", server.port.to_string()),
            ("USER", server.username),
            ("KEY", sshd.client_key().display().to_string()),
            ("PIN", sshd.fingerprint()),
            ("ROOT", sshd.root().display().to_string()),
            ("AFTER", after_fetch.to_owned()),
        ] {
            text = text.replace(name, &value);
        }
        fs::write(folder.path().join("connector.yaml"), text).unwrap();
        Self { sshd, folder }
    }

    pub fn outgoing(&self) -> PathBuf {
        self.sshd.root().join("outgoing")
    }

    /// As partners should do it: under another name first.
    pub fn put(&self, name: &str, content: &str) {
        let hidden = self.outgoing().join(format!(".{name}"));
        fs::write(&hidden, content).unwrap();
        fs::rename(hidden, self.outgoing().join(name)).unwrap();
    }

    pub fn start(&self, arguments: &[&str]) -> Running {
        self.start_with(arguments, &BTreeMap::new())
    }

    /// Starts the program with these variables in its environment.
    pub fn start_with(&self, arguments: &[&str], variables: &BTreeMap<String, String>) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
        command.args(arguments);
        Running::begin(command, self.folder.path(), variables)
    }

    pub async fn run(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).ended().await
    }

    pub fn write(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A number out of the tables (`silver.db`) or the ledger (`connector.db`).
    pub fn number(&self, file: &str, sql: &str) -> i64 {
        self.open(file).query_row(sql, [], |row| row.get(0)).unwrap()
    }

    pub fn open(&self, file: &str) -> Connection {
        let path = self.folder.path().join("data").join(file);
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
    }

    pub fn log(&self) -> String {
        let logs = fs::read_dir(self.folder.path().join("logs")).unwrap();
        logs.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
    }

    /// Contents of bronze by their place.
    pub fn bronze(&self, place: &str) -> Option<String> {
        fs::read_to_string(self.folder.path().join("data").join(place)).ok()
    }
}
