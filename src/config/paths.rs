//! Where the configuration is found, and where everything else lies by default.

use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::reader::tidy;

/// Where things lie if nobody says otherwise.
pub(super) struct Defaults {
    pub data: PathBuf,
    pub logs: PathBuf,
}

/// The configuration file: named, else the first one of the usual places that
/// exists. A named one that does not exist is an error, never passed over.
pub(super) fn find(
    explicit: Option<&Path>,
    environment: &Environment,
) -> Result<Option<PathBuf>, String> {
    let here = &environment.current_dir;
    if let Some(path) = explicit {
        return named("--config", here.join(path)).map(Some);
    }
    for variable in ["TRANSSHIP_CONFIG", "CONNECTOR_CONFIG_FILE"] {
        if let Some(path) = environment.plain(variable)? {
            return named(variable, here.join(path)).map(Some);
        }
    }
    let usual = [here.join("config/connector.yaml"), here.join("connector.yaml")];
    let user = environment.user_config.iter().map(|folder| folder.join("connector.yaml"));
    // A link that leads nowhere is found too: reading it says so, passing over it would not.
    let there = |path: &PathBuf| path.symlink_metadata().is_ok();
    Ok(usual.into_iter().chain(user).find(there).map(|path| tidy(&path)))
}

fn named(by: &str, path: PathBuf) -> Result<PathBuf, String> {
    let path = tidy(&path);
    match std::fs::metadata(&path) {
        Ok(found) if found.is_dir() => {
            Err(format!("{}, named by {by}, is a folder; a file is expected", path.display()))
        }
        Ok(_) => Ok(path),
        Err(error) => Err(format!(
            "{}, named by {by}, cannot be read: {error}; `transship init` writes an example",
            path.display()
        )),
    }
}

/// The folder that relative paths of `file` start from: the file's own, or the
/// one above if that is called `config`.
pub(super) fn root(file: &Path) -> PathBuf {
    let folder = file.parent().unwrap_or(Path::new("."));
    match (folder.file_name(), folder.parent()) {
        (Some(name), Some(above)) if name == "config" => above.to_owned(),
        _ => folder.to_owned(),
    }
}

/// Below the project root, as the file connector had it; a file in the user's
/// configuration folder, and no file at all, use the user's data folder.
pub(super) fn defaults(file: Option<&Path>, root: &Path, environment: &Environment) -> Defaults {
    let users = environment.user_config.as_deref();
    let in_project = file.is_some_and(|file| file.parent() != users);
    match &environment.user_data {
        Some(data) if !in_project => Defaults { data: data.clone(), logs: data.join("logs") },
        _ => Defaults { data: root.join("data"), logs: root.join("logs") },
    }
}

/// The file of an `sqlite:///…` URL, in SQLAlchemy's spelling: three slashes and
/// a relative path, or an absolute one after the third.
pub(super) fn sqlite_path(url: &str) -> Result<String, String> {
    const EXPECTED: &str = "expected \"sqlite:///path/to/file.db\"";
    let Some((scheme, rest)) = url.trim().split_once("://") else {
        return Err(EXPECTED.into());
    };
    if scheme != "sqlite" && !scheme.starts_with("sqlite+") {
        let scheme: String = scheme.chars().take(20).collect();
        return Err(format!("the ledger is an SQLite file, not \"{scheme}\"; {EXPECTED}"));
    }
    let path = rest.strip_prefix('/').ok_or_else(|| {
        format!("a host is not possible in an SQLite URL; {EXPECTED} with three slashes")
    })?;
    if path.is_empty() || path.starts_with(":memory:") {
        return Err(format!("the ledger must be a file: it has to survive; {EXPECTED}"));
    }
    if path.contains('?') {
        return Err(format!("parameters after \"?\" are not supported; {EXPECTED}"));
    }
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_urls_name_files_and_others_are_refused() {
        for (url, path) in [
            ("sqlite:///./data/connector.db", "./data/connector.db"),
            ("sqlite:///data/connector.db", "data/connector.db"),
            ("sqlite:////var/lib/t/c.db", "/var/lib/t/c.db"),
            ("sqlite:///C:/data/c.db", "C:/data/c.db"),
            ("sqlite+aiosqlite:///./c.db", "./c.db"),
        ] {
            assert_eq!(sqlite_path(url).as_deref(), Ok(path), "{url}");
        }
        for (url, part) in [
            ("postgresql://u:geheim@h/d", "not \"postgresql\""),
            ("sqlite://", "three slashes"),
            ("sqlite:///", "must be a file"),
            ("sqlite:///:memory:", "must be a file"),
            ("sqlite:///a.db?mode=ro", "parameters"),
            ("connector.db", "expected \"sqlite:///"),
        ] {
            let error = sqlite_path(url).unwrap_err();
            assert!(error.contains(part) && !error.contains("geheim"), "{url}: {error}");
        }
    }

    #[test]
    fn the_root_is_the_folder_above_config() {
        assert_eq!(root(Path::new("/srv/t/config/connector.yaml")), Path::new("/srv/t"));
        assert_eq!(root(Path::new("/srv/t/connector.yaml")), Path::new("/srv/t"));
        assert_eq!(root(Path::new("/connector.yaml")), Path::new("/"));
    }
}
