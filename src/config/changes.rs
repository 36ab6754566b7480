//! What another configuration changes, by the names of keys: values may be secrets, and
//! are not shown.

use std::collections::BTreeMap;
use std::fmt;

use super::{Client, Config, Notifications};
use crate::model::{DestinationSettings, Endpoint, Shown, SshServer};

/// One thing that another configuration changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key or endpoint, and what becomes of it; safe to show.
    pub words: String,
    /// Whether it takes a new start: what works goes on with it as it was.
    pub at_start: bool,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)?;
        if self.at_start { f.write_str(": takes effect with the next start") } else { Ok(()) }
    }
}

/// What `new` changes, in the order of a configuration file.
pub fn changes(old: &Config, new: &Config) -> Vec<Change> {
    // Every field by its name: one that is forgotten here would change in silence.
    let Config {
        origin: _,
        root: _,
        database,
        backups,
        retention,
        data_dir,
        silver: _,
        log,
        scheduling,
        brakes,
        http,
        console,
        notifications,
        clients,
        destinations,
        endpoints,
        warnings: _,
    } = new;
    let mut all = Changes::default();
    all.at_start("database.url", old.database != *database);
    all.at_start("data_dir", old.data_dir != *data_dir);
    all.key("database.backups", old.backups != *backups);
    all.at_start("log.file", old.log.file != log.file);
    all.at_start("log.format", old.log.format != log.format);
    let (before, keep) = (&old.log.keep, &log.keep);
    all.at_start("log.keep_files", before.files != keep.files);
    all.at_start("log.keep_days", before.days != keep.days);
    all.at_start("log.max_file_mb", before.max_bytes != keep.max_bytes);
    all.key("log.level", old.log.level != log.level);
    let before = &old.scheduling;
    let interval = before.default_interval_minutes != scheduling.default_interval_minutes;
    all.key("scheduling.default_interval_minutes", interval);
    let syncs = before.max_concurrent_syncs != scheduling.max_concurrent_syncs;
    all.key("scheduling.max_concurrent_syncs", syncs);
    all.key("scheduling.max_transfers", before.max_transfers != scheduling.max_transfers);
    let each = before.max_transfers_per_endpoint != scheduling.max_transfers_per_endpoint;
    all.key("scheduling.max_transfers_per_endpoint", each);
    all.key("scheduling.jitter_seconds", before.jitter_seconds != scheduling.jitter_seconds);
    let before = &old.brakes;
    all.key("limits.min_free_mb", before.min_free_bytes != brakes.min_free_bytes);
    all.key("limits.max_backlog", before.max_backlog != brakes.max_backlog);
    all.key("limits.ignore_clock", before.ignore_clock != brakes.ignore_clock);
    let before = &old.retention;
    all.key("retention.files_days", before.files_days != retention.files_days);
    all.key("retention.lists_days", before.lists_days != retention.lists_days);
    let before = &old.http;
    all.key("http.listen", before.listen != http.listen);
    all.key("http.username", before.username != http.username);
    all.key("http.password", before.password != http.password);
    let rate = before.rate_limit_per_minute != http.rate_limit_per_minute;
    all.key("http.rate_limit_per_minute", rate);
    all.at_start("console", old.console != *console);
    let before = &old.notifications;
    all.key("notifications.heartbeat", before.heartbeat != notifications.heartbeat);
    let others = Notifications { heartbeat: before.heartbeat.clone(), ..notifications.clone() };
    all.key("notifications", *before != others);
    all.named("client", &old.clients, clients, client);
    all.named("destination", &old.destinations, destinations, destination);
    all.endpoints(&old.endpoints, endpoints);
    all.0
}

impl Config {
    /// Leaves what takes a new start as `old` has it.
    pub fn keep_what_takes_a_start(&mut self, old: &Self) {
        self.database = old.database.clone();
        self.data_dir = old.data_dir.clone();
        self.silver = old.silver.clone();
        self.log.file = old.log.file.clone();
        self.log.format = old.log.format;
        self.log.keep = old.log.keep;
        self.console = old.console.clone();
    }
}

#[derive(Default)]
struct Changes(Vec<Change>);

impl Changes {
    fn add(&mut self, words: impl Into<String>) {
        self.0.push(Change { words: words.into(), at_start: false });
    }

    fn key(&mut self, name: &str, changed: bool) {
        if changed {
            self.add(format!("{name} changed"));
        }
    }

    fn at_start(&mut self, name: &str, changed: bool) {
        if changed {
            self.0.push(Change { words: format!("{name} changed"), at_start: true });
        }
    }

    /// Entries of a section whose keys the operator chooses.
    fn named<T: PartialEq>(
        &mut self,
        what: &str,
        old: &BTreeMap<String, T>,
        new: &BTreeMap<String, T>,
        keys: impl Fn(&T, &T) -> Vec<&'static str>,
    ) {
        for name in old.keys().filter(|name| !new.contains_key(*name)) {
            self.add(format!("{what} \"{}\" removed", Shown::new(name)));
        }
        for (name, new) in new {
            match old.get(name) {
                None => self.add(format!("{what} \"{}\" added", Shown::new(name))),
                Some(old) if old != new => self.changed(what, name, &keys(old, new)),
                Some(_) => {}
            }
        }
    }

    fn endpoints(&mut self, old: &[Endpoint], new: &[Endpoint]) {
        let called = |all: &[Endpoint], name: &str| all.iter().any(|one| one.name == name);
        for gone in old.iter().filter(|endpoint| !called(new, &endpoint.name)) {
            let name = Shown::new(&gone.name);
            self.add(format!("endpoint \"{name}\" removed; its history stays"));
        }
        for endpoint in new {
            let Some(before) = old.iter().find(|one| one.name == endpoint.name) else {
                let (name, schedule) = (Shown::new(&endpoint.name), endpoint.schedule.words());
                let (kind, schedule) = (endpoint.endpoint_type, Shown::new(schedule));
                self.add(format!("endpoint \"{name}\" added: {kind}, {schedule}"));
                continue;
            };
            if before.schedule != endpoint.schedule {
                let name = Shown::new(&endpoint.name);
                let [from, to] = [before, endpoint].map(|e| Shown::new(e.schedule.words()));
                self.add(format!("endpoint \"{name}\": schedule changed from {from} to {to}"));
            }
            let same_time = Endpoint { schedule: before.schedule.clone(), ..endpoint.clone() };
            if *before != same_time {
                self.changed("endpoint", &endpoint.name, &endpoint_keys(before, endpoint));
            }
        }
        let order = |all: &[Endpoint]| all.iter().map(|e| e.name.clone()).collect::<Vec<_>>();
        if self.0.is_empty() && order(old) != order(new) {
            self.add("the order of the endpoints changed");
        }
    }

    /// Something differs; if none of the named keys does, one that has no name here.
    fn changed(&mut self, what: &str, name: &str, keys: &[&str]) {
        let keys = match keys {
            [] => String::new(),
            keys => format!(": {}", keys.join(", ")),
        };
        self.add(format!("{what} \"{}\" changed{keys}", Shown::new(name)));
    }
}

/// The names of the fields that differ, as keys of the configuration.
macro_rules! differing {
    ($old:expr, $new:expr, $($($field:ident).+ => $key:literal),+ $(,)?) => {{
        let (old, new) = ($old, $new);
        let mut keys: Vec<&'static str> = Vec::new();
        $(if old.$($field).+ != new.$($field).+ { keys.push($key); })+
        keys
    }};
}

fn endpoint_keys(old: &Endpoint, new: &Endpoint) -> Vec<&'static str> {
    differing!(old, new,
        endpoint_type => "endpoint_type",
        project_id => "project_id",
        user_id => "user_id",
        description => "description",
        client => "client",
        product_keys => "product_keys",
        file_types => "file_types",
        scope => "endpoint_details",
        datasets => "datasets",
        deliver_to => "deliver_to",
        is_active => "is_active",
    )
}

fn destination(old: &DestinationSettings, new: &DestinationSettings) -> Vec<&'static str> {
    let mut keys = server(&old.server, &new.server);
    keys.extend(differing!(old, new,
        directory => "directory",
        processed => "processed",
        publish => "publish",
        on_doubt => "on_doubt",
        names => "names",
        retention_days => "retention_days",
        max_sessions => "max_sessions",
    ));
    keys
}

fn server(old: &SshServer, new: &SshServer) -> Vec<&'static str> {
    differing!(old, new,
        host => "host",
        port => "port",
        username => "username",
        auth.agent => "agent",
        auth.key_path => "key_path",
        auth.key_passphrase => "key_passphrase",
        auth.password => "password",
        host_key => "host_key",
        connect_timeout => "connect_timeout_seconds",
        request_timeout => "request_timeout_seconds",
    )
}

fn client(old: &Client, new: &Client) -> Vec<&'static str> {
    match (old, new) {
        (Client::Encoura(old), Client::Encoura(new)) => differing!(old, new,
            base_url => "base_url",
            api_key => "api_key",
            organization_uid => "organization_uid",
            username => "username",
            password => "password",
            auth_scheme => "auth_scheme",
        ),
        (Client::Sftp(old), Client::Sftp(new)) => server(old, new),
        (Client::Autodesk(old), Client::Autodesk(new)) => differing!(old, new,
            base_url => "base_url",
            client_id => "client_id",
            client_secret => "client_secret",
            callback_url => "callback_url",
            token_path => "token_path",
            scopes => "scopes",
            grant => "grant",
        ),
        (Client::GoogleDrive(old), Client::GoogleDrive(new)) => differing!(old, new,
            base_url => "base_url",
            credentials_path => "credentials_path",
            subject => "subject",
            application_name => "application_name",
            units_per_minute => "units_per_minute",
        ),
        _ => vec!["type"],
    }
}
