//! What a configuration takes from the process around it: variables, folders,
//! and the secrets that a service manager hands over in files.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::platform;

/// The longest secret file that is read, in bytes.
const LONGEST_SECRET: u64 = 64 * 1024;

/// Everything a configuration takes from the process around it, as plain data:
/// tests make their own.
#[derive(Clone, Default)]
pub struct Environment {
    /// The environment variables.
    pub variables: BTreeMap<String, OsString>,
    /// The working directory.
    pub current_dir: PathBuf,
    /// The user's home folder, for paths that begin with `~/`.
    pub home: Option<PathBuf>,
    /// The folder of the user's `connector.yaml`.
    pub user_config: Option<PathBuf>,
    /// The folder for the ledger, the archive and the log where nothing else is said.
    pub user_data: Option<PathBuf>,
}

/// A value from the environment.
pub(super) struct Found {
    pub value: String,
    /// What an operator should know about where it came from.
    pub warning: Option<String>,
}

impl Environment {
    /// That of this process, as it is now.
    pub fn of_process() -> Self {
        let dirs = directories::ProjectDirs::from("", "", "transship");
        Self {
            variables: std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
                .map(|(name, value)| (platform::folded_variable(&name), value))
                .collect(),
            current_dir: std::env::current_dir().unwrap_or_default(),
            home: directories::BaseDirs::new().map(|d| d.home_dir().to_owned()),
            user_config: dirs.as_ref().map(|d| d.config_dir().to_owned()),
            user_data: dirs.as_ref().map(|d| d.data_dir().to_owned()),
        }
    }

    /// A variable that names no secret; an empty one counts as unset.
    pub(super) fn plain(&self, name: &str) -> Result<Option<String>, String> {
        match self.variables.get(&platform::folded_variable(name)) {
            None => Ok(None),
            Some(value) if value.is_empty() => Ok(None),
            Some(value) => match value.to_str() {
                Some(text) => Ok(Some(text.to_owned())),
                None => Err(format!("the environment variable {name} is not UTF-8")),
            },
        }
    }

    /// What `${name}` stands for: the file named by `name_FILE`, else the file
    /// `name` in the service manager's credentials folder, else the variable.
    ///
    /// An empty variable counts as unset.
    pub(super) fn lookup(&self, name: &str) -> Result<Option<Found>, String> {
        if let Some(file) = self.plain(&format!("{name}_FILE"))? {
            let path = self.current_dir.join(file);
            return read_secret(&path).map(Some).map_err(|e| format!("{name}_FILE: {e}"));
        }
        if let Some(folder) = self.plain("CREDENTIALS_DIRECTORY")? {
            let path = Path::new(&folder).join(name);
            if path.is_file() {
                return read_secret(&path).map(Some);
            }
        }
        Ok(self.plain(name)?.map(|value| Found { value, warning: None }))
    }
}

/// The text of a secret's file without the line break at its end.
pub(super) fn read_secret(path: &Path) -> Result<Found, String> {
    let shown = path.display();
    let failed = |e: std::io::Error| format!("the file {shown} cannot be read: {e}");
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(format!("{shown} is not a file"));
    }
    if metadata.len() > LONGEST_SECRET {
        return Err(format!("the file {shown} is too large for a secret"));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    let text = String::from_utf8(bytes).map_err(|_| format!("the file {shown} is not UTF-8"))?;
    let value =
        text.strip_suffix('\n').map_or(text.as_str(), |t| t.strip_suffix('\r').unwrap_or(t));
    if value.is_empty() {
        return Err(format!("the file {shown} is empty"));
    }
    let warning = readable_by_others(&metadata)
        .then(|| format!("the secret's file {shown} can be read by every user: chmod 600"));
    Ok(Found { value: value.to_owned(), warning })
}

/// Whether every user of this machine may read the file, where modes tell.
pub(super) fn readable_by_others(metadata: &std::fs::Metadata) -> bool {
    platform::mode(metadata).is_some_and(|mode| mode & 0o004 != 0)
}
