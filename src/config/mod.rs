//! `connector.yaml` and the environment → [`Config`].
//!
//! Everything in a [`Config`] is checked and complete: names resolve, paths are
//! absolute, secrets are filled in. Whoever holds one need not doubt it.
//!
//! The way of a file: `paths` finds it, `yaml` makes a tree with places of it,
//! `reader` and `section` ask for values and collect mistakes, `load` calls one
//! file per section. `script` is the job that needs no file. `schema` writes down what is
//! asked for, and makes the JSON schema of it; `changes` tells what another configuration
//! would change.
//!
//! Where nothing is said, ledger, archive and log lie in `data` and `logs` below
//! the project root, or in the user's data folder if the configuration is the
//! user's own or there is none. The archive lies beside its ledger.

mod autodesk;
mod bandwidth;
mod changes;
mod clients;
mod console;
mod datasets;
mod destinations;
mod details;
mod endpoints;
mod environment;
mod excerpt;
mod feed;
mod google_drive;
mod json;
mod load;
mod notifications;
mod paths;
mod problems;
mod reader;
mod register;
mod schedule;
mod schema;
mod script;
mod secrets;
mod section;
mod settings;
mod ssh;
mod yaml;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use changes::{Change, changes};
pub use environment::Environment;
pub use notifications::{DigestTime, Heartbeat, Mail, MailTls, Mailbox, Notifications, Webhook};
pub use problems::{ConfigErrors, Problem};
pub use schema::schema;

use crate::console::{Keymap, Palette};
use crate::model::{
    AutodeskAccount, DestinationSettings, EncouraAccount, Endpoint, GoogleAccount, Secret,
    SshServer,
};

/// What this program is to do, checked and complete.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it came from.
    pub origin: Origin,
    /// The folder that relative paths of the configuration start from.
    pub root: PathBuf,
    /// The ledger's SQLite file.
    pub database: PathBuf,
    /// The nightly backups of the ledger; none: nobody asked for them.
    pub backups: Option<Backups>,
    /// How long what was fetched is kept.
    pub retention: Retention,
    /// Where fetched files and raw lists are kept; 0700.
    pub data_dir: PathBuf,
    /// The SQLite file of the datasets' tables. It lies beside the ledger, so that taking
    /// files in never keeps the ledger's commits waiting.
    pub silver: PathBuf,
    /// The log of record.
    pub log: LogSettings,
    /// Defaults and limits of the schedules.
    pub scheduling: Scheduling,
    /// The brakes before a destructive list.
    pub brakes: Brakes,
    /// The HTTP server.
    pub http: HttpSettings,
    /// How the console looks, and its keys.
    pub console: ConsoleSettings,
    /// Who is told of failures, and how.
    pub notifications: Notifications,
    /// The services to sign in to, by name.
    pub clients: BTreeMap<String, Client>,
    /// Where files can go, by name.
    pub destinations: BTreeMap<String, DestinationSettings>,
    /// What is synced, in the order of the file.
    pub endpoints: Vec<Endpoint>,
    /// What is allowed but unwise, for the operator.
    pub warnings: Vec<String>,
}

/// Where a configuration came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// No file: the variables of the Encoura script.
    Environment,
    /// The demo's own.
    Demo,
}

/// Nightly backups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backups {
    /// Where they lie; 0700 if it is made.
    pub folder: PathBuf,
    /// How many stay; at least one.
    pub keep: usize,
}

/// How long what was fetched is kept, once nothing needs it any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Days that fetched files are kept after everything about them has ended; none: for
    /// ever.
    pub files_days: Option<u32>,
    /// Days that the raw replies to lists are kept after what is in them was booked; none:
    /// for ever.
    pub lists_days: Option<u32>,
}

/// How many of the log's files are kept, and how large each may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogKeep {
    /// So many, today's among them; at least one.
    pub files: usize,
    /// Of so many days; none: of any age.
    pub days: Option<u32>,
    /// Bytes after which another file of the same day is begun.
    pub max_bytes: u64,
}

impl Default for LogKeep {
    fn default() -> Self {
        Self { files: 60, days: None, max_bytes: 64 << 20 }
    }
}

/// The log of record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// The file; it is rolled daily, the date goes before the extension.
    pub file: PathBuf,
    /// What is kept of it.
    pub keep: LogKeep,
    /// JSON lines or the classic form.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
}

/// The form of the log of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// `2025-09-24 08:00:00,123 - function - LEVEL - message`.
    Classic,
}

/// Defaults and limits of the schedules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheduling {
    /// Minutes between runs where an endpoint says nothing.
    pub default_interval_minutes: u32,
    /// Endpoints that are synced at the same time.
    pub max_concurrent_syncs: usize,
    /// Files in transfer at the same time, over all endpoints.
    pub max_transfers: usize,
    /// Files in transfer at the same time, for one endpoint.
    pub max_transfers_per_endpoint: usize,
    /// By how many seconds at the most scheduled runs are put off at random; none: runs
    /// by interval by up to 30, and those by cron not at all.
    pub jitter_seconds: Option<u32>,
}

/// When no destructive list is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brakes {
    /// Free bytes on the data folder's disk below which nothing is listed.
    pub min_free_bytes: u64,
    /// Undelivered files of one endpoint above which nothing more is listed.
    pub max_backlog: u64,
    /// List although the ledger, or the source, says that it is another time.
    pub ignore_clock: bool,
}

/// The HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSettings {
    /// Addresses to listen on, `host:port`; none switches it off.
    pub listen: Vec<String>,
    /// Basic authentication's user, if any.
    pub username: Option<String>,
    /// Basic authentication's password, if any.
    pub password: Option<Secret>,
    /// Requests a minute and address.
    pub rate_limit_per_minute: u32,
}

/// How the console looks, and its keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsoleSettings {
    /// The colours.
    pub palette: Palette,
    /// Only ASCII symbols.
    pub ascii: bool,
    /// Whether the mouse is on from the start.
    pub mouse: bool,
    /// Which keys do what.
    pub keys: Keymap,
}

/// One entry of `clients:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Client {
    /// An Encoura account.
    Encoura(EncouraAccount),
    /// A partner's SFTP server.
    Sftp(SshServer),
    /// An application at Autodesk Platform Services.
    Autodesk(AutodeskAccount),
    /// A Google service account.
    GoogleDrive(GoogleAccount),
}
