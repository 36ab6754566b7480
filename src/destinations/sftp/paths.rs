//! Names inside the configured folder.

use crate::model::{DestinationSettings, Failure, FailureClass, Shown};
use crate::transport::sftp::SftpError;

/// The folders of one destination.
pub(super) struct Paths {
    directory: String,
    processed: Option<String>,
}

/// One file over there.
pub(super) struct RemotePath {
    name: String,
    path: String,
}

impl RemotePath {
    pub(super) fn bytes(&self) -> &[u8] {
        self.path.as_bytes()
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The path for messages; `Failure` makes it safe.
    pub(super) fn shown(&self) -> &str {
        &self.path
    }
}

impl Paths {
    pub(super) fn new(settings: &DestinationSettings) -> Self {
        Self { directory: settings.directory.clone(), processed: settings.processed.clone() }
    }

    /// The folder as requests name it: without its trailing slash, which some
    /// servers refuse.
    pub(super) fn folder(&self) -> &str {
        trimmed(&self.directory)
    }

    /// The receiver's folder, if there is one.
    pub(super) fn processed_folder(&self) -> Option<&str> {
        self.processed.as_deref().map(trimmed)
    }

    /// The file `name` in the folder. Only plain names are let through.
    pub(super) fn inside(&self, name: &str) -> Result<RemotePath, Failure> {
        if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
            return Err(Failure::new(FailureClass::Bug, "naming a file over there", name)
                .said("only plain file names are possible"));
        }
        Ok(RemotePath { name: name.to_owned(), path: joined(self.folder(), name) })
    }

    /// The same for names that can only be our own temporary files.
    pub(super) fn temporary(&self, name: &str) -> Result<RemotePath, Failure> {
        if !(name.starts_with(".tmp-") && name.ends_with(".part")) {
            return Err(Failure::new(FailureClass::Bug, "touching a temporary file", name)
                .said("only our own temporary files are ever moved aside or removed"));
        }
        self.inside(name)
    }

    /// The same file where the receiver puts what it took.
    pub(super) fn in_processed(&self, file: &RemotePath) -> Option<String> {
        self.processed_folder().map(|folder| joined(folder, file.name()))
    }

    /// What a missing folder means for the operator.
    pub(super) fn folder_missing(&self, error: SftpError, doing: &str) -> Failure {
        error.into_failure(doing, self.folder()).advice(format!(
            "the folder is not there, or this account may not see it: have it made, or correct \
             `directory` ({} now)",
            Shown::new(&self.directory)
        ))
    }
}

fn trimmed(folder: &str) -> &str {
    match folder.trim_end_matches('/') {
        "" if folder.starts_with('/') => "/",
        "" => ".",
        trimmed => trimmed,
    }
}

fn joined(folder: &str, name: &str) -> String {
    if folder.ends_with('/') { format!("{folder}{name}") } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(directory: &str) -> Paths {
        Paths { directory: directory.to_owned(), processed: Some("/in/done/".to_owned()) }
    }

    #[test]
    fn names_are_joined_to_the_folder() {
        for (directory, folder, file) in [
            (
                "/in/Encoura API Uploads/",
                "/in/Encoura API Uploads",
                "/in/Encoura API Uploads/a.csv",
            ),
            ("/", "/", "/a.csv"),
            ("./", ".", "./a.csv"),
            ("", ".", "./a.csv"),
            ("in/", "in", "in/a.csv"),
        ] {
            let paths = paths(directory);
            assert_eq!(paths.folder(), folder);
            let inside = paths.inside("a.csv").unwrap();
            assert_eq!(inside.shown(), file);
            assert_eq!(paths.in_processed(&inside).as_deref(), Some("/in/done/a.csv"));
        }
    }

    #[test]
    fn only_plain_names_get_out() {
        for name in ["", ".", "..", "../a", "a/b", "/etc/passwd", "a\0b"] {
            assert!(paths("/in/").inside(name).is_err(), "{name:?}");
        }
        for name in ["a.csv", ".tmp-1-1", "tmp-1-1.part", ".tmp-../x.part"] {
            assert!(paths("/in/").temporary(name).is_err(), "{name:?}");
        }
        assert!(paths("/in/").temporary(".tmp-89abcdef-1.part").is_ok());
    }
}
