//! The sections that concern the program as a whole.

use std::path::{Path, PathBuf};

use super::paths::{Defaults, sqlite_path};
use super::problems::Place;
use super::reader::{Reader, Text};
use super::section::Section;
use super::{
    Backups, Brakes, HttpSettings, LogFormat, LogKeep, LogSettings, Retention, Scheduling,
};

const LEVELS: &[(&str, &str)] = &[
    ("error", "error"),
    ("warn", "warn"),
    ("info", "info"),
    ("debug", "debug"),
    ("trace", "trace"),
    // The words of the file connector.
    ("warning", "warn"),
    ("critical", "error"),
];

const FORMATS: &[(&str, LogFormat)] = &[
    ("json", LogFormat::Json),
    ("classic", LogFormat::Classic),
    // The word of the file connector.
    ("console", LogFormat::Classic),
];

/// The value of an environment variable that overrides the file.
fn overriding(r: &mut Reader, name: &str) -> Option<Text> {
    match r.environment.plain(name) {
        Ok(value) => {
            let value = value?;
            Some(Text { value, place: Place::START, referred: true, quoted: true })
        }
        Err(why) => {
            r.error_outside(why);
            None
        }
    }
}

/// A number from an environment variable that overrides the file.
fn overriding_number(r: &mut Reader, name: &str, most: u32) -> Option<u32> {
    let text = overriding(r, name)?;
    let number = text.value.trim().parse().ok().filter(|n| (1..=most).contains(n));
    if number.is_none() {
        r.error_outside(format!("{name}: expected a whole number from 1 to {most}"));
    }
    number
}

/// The section `database`.
pub(super) fn database_section<'f>(r: &mut Reader, file: &Section<'f>) -> Option<Section<'f>> {
    file.node("database").and_then(|n| r.section(n, "database", &["url", "backups"]))
}

/// `database.url`, `database_url` or a variable; none if nobody says.
pub(super) fn database(
    r: &mut Reader,
    file: &Section,
    section: Option<&Section>,
) -> Option<PathBuf> {
    for name in ["CONNECTOR_DATABASE_URL", "DATABASE_URL"] {
        if let Some(url) = overriding(r, name) {
            return match sqlite_path(&url.value) {
                Ok(path) => Some(r.resolve(&path)),
                Err(why) => {
                    r.error_outside(format!("{name}: {why}"));
                    None
                }
            };
        }
    }
    let nested = section.and_then(|s| s.text(r, "url").map(|url| (s.path_of("url"), url)));
    let (path, url) =
        nested.or_else(|| file.text(r, "database_url").map(|url| ("database_url".into(), url)))?;
    match sqlite_path(&url.value) {
        Ok(file) => Some(r.resolve(&file)),
        Err(why) => {
            // A URL of another database may hold a password: not shown.
            r.error(Place { width: 0, ..url.place }, format!("{path}: {why}"));
            None
        }
    }
}

/// `database.backups`; none if nobody asks for them.
pub(super) fn backups(
    r: &mut Reader,
    database: Option<&Section>,
    data_dir: &Path,
) -> Option<Backups> {
    let backups = database?.node("backups")?;
    let section = r.section(backups, "database.backups", &["directory", "keep"])?;
    let folder = section.path(r, "directory").unwrap_or_else(|| data_dir.join("backups"));
    Some(Backups { folder, keep: section.number(r, "keep", 1..=10_000).unwrap_or(7) })
}

/// Days that raw replies to lists are kept where nobody says: what is in them is in the
/// ledger, and a reply every few minutes comes to very many files.
const LISTS_DAYS: u32 = 90;

/// `retention`.
pub(super) fn retention(r: &mut Reader, file: &Section) -> Retention {
    let keys = ["files_days", "lists_days"];
    let section = file.node("retention").and_then(|n| r.section(n, "retention", &keys));
    let files_days = section.as_ref().and_then(|s| s.number(r, "files_days", 1..=36_500));
    let lists_days = section.as_ref().and_then(|s| s.number(r, "lists_days", 0..=36_500));
    let lists_days = Some(lists_days.unwrap_or(LISTS_DAYS)).filter(|days| *days > 0);
    Retention { files_days, lists_days }
}

/// The keys of `log` that say what is kept of it.
fn log_keep(r: &mut Reader, section: Option<&Section>) -> LogKeep {
    let usual = LogKeep::default();
    let Some(section) = section else { return usual };
    let max_mb: Option<u64> = section.number(r, "max_file_mb", 1..=1 << 20);
    LogKeep {
        files: section.number(r, "keep_files", 1..=100_000).unwrap_or(usual.files),
        days: section.number(r, "keep_days", 1..=36_500),
        max_bytes: max_mb.map_or(usual.max_bytes, |mb| mb << 20),
    }
}

pub(super) fn log(r: &mut Reader, file: &Section, logs: &Path) -> LogSettings {
    let keys = ["file", "format", "level", "keep_files", "keep_days", "max_file_mb"];
    let section = file.node("log").and_then(|n| r.section(n, "log", &keys));
    let path = section.as_ref().and_then(|s| s.path(r, "file"));
    let mut format = section.as_ref().and_then(|s| s.choice(r, "format", FORMATS));
    let mut level = section.as_ref().and_then(|s| s.choice(r, "level", LEVELS));
    format = format.or_else(|| file.choice(r, "log_format", FORMATS));
    level = level.or_else(|| file.choice(r, "log_level", LEVELS));
    if let Some(text) = overriding(r, "CONNECTOR_LOG_FORMAT") {
        format = outside(r, "CONNECTOR_LOG_FORMAT", &text, FORMATS);
    }
    if let Some(text) = overriding(r, "CONNECTOR_LOG_LEVEL") {
        level = outside(r, "CONNECTOR_LOG_LEVEL", &text, LEVELS);
    }
    LogSettings {
        file: path.unwrap_or_else(|| logs.join("connector.log")),
        keep: log_keep(r, section.as_ref()),
        format: format.unwrap_or_default(),
        level: level.unwrap_or("info").to_owned(),
    }
}

fn outside<T: Copy>(r: &mut Reader, name: &str, text: &Text, choices: &[(&str, T)]) -> Option<T> {
    let found = choices.iter().find(|(c, _)| c.eq_ignore_ascii_case(text.value.trim()));
    if found.is_none() {
        let names: Vec<&str> = choices.iter().map(|(c, _)| *c).collect();
        r.error_outside(format!("{name}: expected one of: {}", names.join(", ")));
    }
    found.map(|(_, value)| *value)
}

/// Keys of `scheduling` that the file connector had and that mean nothing here.
const OLD_SCHEDULING: &[&str] = &[
    "sync_timeout_minutes",
    "max_retries",
    "retry_delay_seconds",
    "rate_limit_backoff_seconds",
    "max_files_per_sync",
    "batch_size",
];

/// The longest interval, in minutes: a year.
pub(super) const LONGEST_INTERVAL: u32 = 366 * 24 * 60;

/// The defaults and limits of schedules, and whether an endpoint that says
/// nothing runs only when asked.
pub(super) fn scheduling(r: &mut Reader, file: &Section) -> (Scheduling, bool) {
    let mut keys = vec![
        "default_interval_minutes",
        "max_concurrent_syncs",
        "max_transfers",
        "max_transfers_per_endpoint",
        "jitter_seconds",
        "default_schedule",
    ];
    keys.extend(OLD_SCHEDULING);
    let section = file.node("scheduling").and_then(|n| r.section(n, "scheduling", &keys));
    let mut number = |key, default, most: u32| {
        section.as_ref().and_then(|s| s.number(r, key, 1..=most)).unwrap_or(default)
    };
    let mut interval = number("default_interval_minutes", 5, LONGEST_INTERVAL);
    let mut syncs = number("max_concurrent_syncs", 5, 1000);
    let transfers = number("max_transfers", 256, 256);
    let per_endpoint = number("max_transfers_per_endpoint", 128, 256);
    let jitter = section.as_ref().and_then(|s| s.number(r, "jitter_seconds", 0..=3600));
    let manual = section
        .as_ref()
        .and_then(|s| s.choice(r, "default_schedule", &[("interval", false), ("manual", true)]))
        .unwrap_or(false);
    if let Some(minutes) = overriding_number(r, "SYNC_INTERVAL_MINUTES", LONGEST_INTERVAL) {
        interval = minutes;
    }
    if let Some(n) = overriding_number(r, "MAX_CONCURRENT_SYNCS", 1000) {
        syncs = n;
    }
    let settings = Scheduling {
        default_interval_minutes: interval,
        max_concurrent_syncs: syncs as usize,
        max_transfers: transfers as usize,
        max_transfers_per_endpoint: per_endpoint as usize,
        jitter_seconds: jitter,
    };
    (settings, manual)
}

pub(super) fn brakes(r: &mut Reader, file: &Section) -> Brakes {
    let keys = ["min_free_mb", "max_backlog", "ignore_clock"];
    let section = file.node("limits").and_then(|n| r.section(n, "limits", &keys));
    let ignore_clock = section.as_ref().and_then(|s| s.flag(r, "ignore_clock")).unwrap_or_default();
    let mut number = |key, default, most: u64| {
        section.as_ref().and_then(|s| s.number(r, key, 0..=most)).unwrap_or(default)
    };
    Brakes {
        min_free_bytes: number("min_free_mb", 512, 1 << 30) << 20,
        max_backlog: number("max_backlog", 5000, 1_000_000),
        ignore_clock,
    }
}

const HTTP_KEYS: &[&str] =
    &["listen", "username", "password", "password_file", "rate_limit_per_minute"];

pub(super) fn http(r: &mut Reader, file: &Section) -> HttpSettings {
    let section = file.node("http").and_then(|n| r.section(n, "http", HTTP_KEYS));
    let mut settings = HttpSettings {
        listen: vec!["127.0.0.1:8080".into()],
        username: None,
        password: None,
        rate_limit_per_minute: 100,
    };
    let Some(section) = section else { return settings };
    let before = r.mistakes();
    settings.username =
        section.text(r, "username").map(|t| t.value).filter(|name| !name.is_empty());
    settings.password = section.secret(r, "password").filter(|password| !password.is_empty());
    if let Some(limit) = section.number(r, "rate_limit_per_minute", 1..=1_000_000) {
        settings.rate_limit_per_minute = limit;
    }
    // What could not be read is a mistake already.
    let open = r.mistakes() == before && login_is_missing(r, &section, &settings);
    if let Some(listen) = section.texts(r, "listen") {
        settings.listen = listen.iter().map(|t| t.value.trim().to_owned()).collect();
        for address in &listen {
            listen_address(r, address, open);
        }
    }
    settings
}

/// Whether nobody has to sign in. Half a login is a mistake: whoever wrote it believes
/// that it protects something.
fn login_is_missing(r: &mut Reader, section: &Section, settings: &HttpSettings) -> bool {
    match (&settings.username, &settings.password) {
        (None, None) => return true,
        (Some(name), Some(_)) if name.contains(':') => {
            let path = section.path_of("username");
            r.error(section.place, format!("{path}: a user name has no \":\""));
        }
        (Some(_), Some(_)) => {}
        (Some(_), None) => section.missing(r, "password", "the password that goes with username"),
        (None, Some(_)) => section.missing(r, "username", "the user name that goes with password"),
    }
    false
}

/// Checks `host:port`; away from loopback nobody may look in without signing in.
fn listen_address(r: &mut Reader, address: &Text, open: bool) {
    let parts = address.value.trim().rsplit_once(':');
    let Some((host, _)) = parts.filter(|(h, p)| !h.is_empty() && p.parse::<u16>().is_ok()) else {
        let found = address.shown();
        let example = "an address and a port, as in \"127.0.0.1:8080\"";
        r.error(address.place, format!("http.listen: expected {example}, found {found}"));
        return;
    };
    if open && !is_loopback(host) {
        r.error(
            address.place,
            format!(
                "http.listen: {} is not this machine alone: username and password are required",
                address.shown()
            ),
        );
    }
}

/// Whether a host name or address means this machine alone.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `data_dir` or `TRANSSHIP_DATA_DIR`, else the ledger's own folder.
pub(super) fn data_dir(r: &mut Reader, file: &Section) -> Option<PathBuf> {
    let configured = file.path(r, "data_dir");
    overriding(r, "TRANSSHIP_DATA_DIR").map(|t| r.resolve(&t.value)).or(configured)
}

/// The ledger's file and the data folder, from what is configured and the defaults.
pub(super) fn places(
    database: Option<PathBuf>,
    data_dir: Option<PathBuf>,
    defaults: &Defaults,
) -> (PathBuf, PathBuf) {
    match (database, data_dir) {
        (Some(database), Some(data)) => (database, data),
        // The archive lies beside its ledger: two ledgers never share one by accident.
        (Some(database), None) => {
            let data = database.parent().map_or_else(|| defaults.data.clone(), Path::to_owned);
            (database, data)
        }
        (None, data) => {
            let data = data.unwrap_or_else(|| defaults.data.clone());
            (data.join("connector.db"), data)
        }
    }
}
