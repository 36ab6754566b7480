//! From a file, or the environment alone, to a [`Config`].

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::model::Schedule;

use super::endpoints::{Known, endpoints};
use super::environment::readable_by_others;
use super::problems::{ConfigErrors, Place, Problem};
use super::reader::Reader;
use super::schema::Ask;
use super::section::Section;
use super::{
    Config, Environment, Origin, clients, console, destinations, notifications, paths, script,
    settings, yaml,
};

/// The sections of the file, then the file connector's own keys that are
/// accepted without a meaning.
const KEYS: &[&str] = &[
    "database",
    "data_dir",
    "log",
    "scheduling",
    "limits",
    "retention",
    "http",
    "console",
    "notifications",
    "clients",
    "destinations",
    "datasets",
    "endpoints",
    "database_url",
    "log_level",
    "log_format",
    "version",
    "environment",
    "created_at",
    "updated_at",
    "require_https",
    "webhook_timeout_seconds",
    "health_check_interval_minutes",
    "metrics_enabled",
];

impl Config {
    /// The configuration of this process: of the file `explicit`, else of the
    /// first one found, else of the six variables of the Encoura script.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first mistake.
    pub fn load(explicit: Option<&Path>) -> Result<Self, ConfigErrors> {
        Self::load_in(explicit, &Environment::of_process())
    }

    /// Like [`Config::load`], in a given environment.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first mistake.
    pub fn load_in(
        explicit: Option<&Path>,
        environment: &Environment,
    ) -> Result<Self, ConfigErrors> {
        let Some(path) = paths::find(explicit, environment).map_err(ConfigErrors::one)? else {
            script::asked_for(environment).map_err(ConfigErrors::one)?;
            return build(script::JOB, Origin::Environment, environment);
        };
        let unreadable = |why: String| ConfigErrors {
            file: path.display().to_string(),
            ..ConfigErrors::one(why)
        };
        if path.is_dir() {
            return Err(unreadable("is a folder; a file is expected".into()));
        }
        let mut bytes = Vec::new();
        // One byte more than is allowed is enough to refuse it.
        std::fs::File::open(&path)
            .and_then(|file| file.take(yaml::MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
            .map_err(|e| unreadable(format!("cannot be read: {e}")))?;
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(unreadable("is UTF-16: save it as UTF-8".into()));
        }
        let text = String::from_utf8(bytes).map_err(|e| {
            let line = e.as_bytes()[..e.utf8_error().valid_up_to()].iter();
            let line = line.filter(|b| **b == b'\n').count() + 1;
            unreadable(format!("line {line} is not UTF-8: save it as UTF-8"))
        })?;
        Self::from_text(&text, &path, environment)
    }

    /// The configuration that `text` describes, as if it stood in the file
    /// `path`, which must be absolute.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first mistake.
    pub fn from_text(
        text: &str,
        path: &Path,
        environment: &Environment,
    ) -> Result<Self, ConfigErrors> {
        build(text, Origin::File(path.to_owned()), environment)
    }
}

fn build(text: &str, origin: Origin, environment: &Environment) -> Result<Config, ConfigErrors> {
    // Windows editors begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (file, root) = match &origin {
        Origin::File(path) => (path.display().to_string(), paths::root(path)),
        _ => (script::NAME.to_owned(), environment.current_dir.clone()),
    };
    let file_path = match &origin {
        Origin::File(path) => Some(path.clone()),
        _ => None,
    };
    let mut reader = Reader::new(environment, root, file.clone(), text);
    let config = read(&mut reader, text, origin);
    if reader.holds_secrets()
        && let Some(path) = file_path
        && std::fs::metadata(&path).is_ok_and(|metadata| readable_by_others(&metadata))
    {
        let words = "every user of this machine can read this file, and a secret stands in it in \
                     plain text: close it, as in `chmod 600`";
        reader.warn(Place::START, words);
    }
    let (mut problems, warnings) = reader.finish();
    match config {
        Some(config) if problems.is_empty() => Ok(Config { warnings, ..config }),
        _ => {
            if problems.is_empty() {
                problems.push(Problem::nowhere("nothing could be read"));
            }
            Err(ConfigErrors { file, problems, warnings })
        }
    }
}

/// What `text` says; what is wrong with it is noted in `r`.
fn read(r: &mut Reader, text: &str, origin: Origin) -> Option<Config> {
    let (document, mistakes) = match yaml::parse(text) {
        Ok(document) => (Some(document.root), document.twice),
        Err(mistakes) => (None, mistakes),
    };
    for (place, message) in mistakes {
        r.error(place, message);
    }
    let document = document?;
    if let (yaml::Value::Null, Origin::File(_)) = (&document.value, &origin) {
        // Not one with nothing to do: it was cut off, perhaps, and would end all work.
        r.error(Place::START, "there is nothing in it; `transship init` writes an example");
        return None;
    }
    let file = r.section(&document, "", KEYS)?;
    let environment = r.environment;
    Some(sections(r, &file, origin, environment))
}

/// What is asked for while `text` is read, by path.
pub(super) fn asked(text: &str, environment: &Environment) -> Vec<(String, Ask)> {
    let mut reader = Reader::new(environment, environment.current_dir.clone(), String::new(), text);
    reader.write_down();
    // What is wrong with it is another question: it is asked for all the same.
    let _ = read(&mut reader, text, Origin::Environment);
    reader.asked()
}

/// All sections; what is wrong with them is noted in `r`.
fn sections(r: &mut Reader, file: &Section, origin: Origin, environment: &Environment) -> Config {
    let path: Option<&PathBuf> = match &origin {
        Origin::File(path) => Some(path),
        _ => None,
    };
    let defaults = paths::defaults(path.map(PathBuf::as_path), &r.root, environment);
    let database_section = settings::database_section(r, file);
    let database = settings::database(r, file, database_section.as_ref());
    let data_dir = settings::data_dir(r, file);
    let (database, data_dir) = settings::places(database, data_dir, &defaults);
    let backups = settings::backups(r, database_section.as_ref(), &data_dir);
    let retention = settings::retention(r, file);
    let silver = data_dir.join("silver.db");
    // Without a file TRANSSHIP_DATA_DIR says where everything lies, the log too: a container
    // has no other place to write to.
    let logs = match path {
        None if data_dir != defaults.data => data_dir.join("logs"),
        _ => defaults.logs,
    };
    let log = settings::log(r, file, &logs);
    let (scheduling, only_when_asked) = settings::scheduling(r, file);
    let interval = scheduling.default_interval_minutes;
    let schedule = match only_when_asked {
        true => Schedule::Manual,
        false => Schedule::Interval { minutes: interval },
    };
    let http = settings::http(r, file);
    let brakes = settings::brakes(r, file);
    let console = console::console(r, file);
    let notifications = notifications::notifications(r, file);
    let clients::Clients { mut clients, written, brought } = clients::clients(r, file);
    let destinations = destinations::destinations(r, file);
    let destination_names: Vec<&str> = match file.node("destinations").map(|n| &n.value) {
        Some(yaml::Value::Map(entries)) => entries.iter().map(|(k, _)| k.name.as_str()).collect(),
        _ => vec![],
    };
    let known = Known {
        clients: &clients,
        client_names: &written,
        brought: &brought,
        destination_names: &destination_names,
        interval,
        schedule,
    };
    let mut made = BTreeMap::new();
    let endpoints = endpoints(r, file, &known, &mut made);
    clients.extend(made);
    let (root, warnings) = (r.root.clone(), vec![]);
    Config {
        origin,
        root,
        database,
        backups,
        retention,
        data_dir,
        silver,
        log,
        scheduling,
        brakes,
        http,
        console,
        notifications,
        clients,
        destinations,
        endpoints,
        warnings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_configuration_breaks_its_reader_or_tells_a_secret() {
        const SECRET: &str = "kanarienvogel";
        let names = ["ENCOURA_API_KEY", "ENCOURA_PASSWORD", "P"];
        let environment = Environment {
            variables: names.map(|name| (name.to_owned(), SECRET.into())).into(),
            ..Environment::default()
        };
        // On Windows it has a drive.
        let path = std::path::absolute("/srv/t/connector.yaml").unwrap();
        crate::fuzz::fuzz("configuration", |bytes| {
            let text = String::from_utf8_lossy(bytes);
            match Config::from_text(&text, &path, &environment) {
                Ok(config) => {
                    assert!(config.database.is_absolute() && config.data_dir.is_absolute());
                    assert!(!config.warnings.join("").contains(SECRET));
                }
                Err(errors) => {
                    assert!(!errors.problems.is_empty());
                    assert!(!errors.to_string().contains(SECRET), "{errors}");
                }
            }
        });
    }
}
