//! Paths of clients → paths of this disk, never outside of the root.

use std::path::{Path, PathBuf};

use crate::platform;
use crate::transport::sftp::wire::StatusCode;

/// A client's path, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// As the client would write it: absolute, without `.` and `..`.
    pub(super) shown: String,
    /// On this disk.
    pub(super) disk: PathBuf,
}

/// Resolves `path` below `root`. `..` never leads above the root.
///
/// # Errors
/// The status for the client: a name that no file can have, or a symbolic link
/// on the way. Links are not followed at all, so none leads out.
pub(super) fn resolve(root: &Path, path: &[u8]) -> Result<Place, StatusCode> {
    let path = std::str::from_utf8(path).map_err(|_| StatusCode::NO_SUCH_FILE)?;
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part if !platform::is_one_name(part) => return Err(StatusCode::NO_SUCH_FILE),
            part => parts.push(part),
        }
    }
    let mut disk = root.to_path_buf();
    for part in &parts {
        if disk.is_symlink() {
            return Err(StatusCode::PERMISSION_DENIED);
        }
        disk.push(part);
    }
    Ok(Place { shown: format!("/{}", parts.join("/")), disk })
}

/// Like [`resolve`], for requests that would follow a link at the end.
pub(super) fn resolve_followed(root: &Path, path: &[u8]) -> Result<Place, StatusCode> {
    let place = resolve(root, path)?;
    if place.disk.is_symlink() {
        return Err(StatusCode::PERMISSION_DENIED);
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_resolved_as_a_client_expects() {
        let root = Path::new("/jail");
        for (path, shown) in [
            ("", "/"),
            (".", "/"),
            ("/", "/"),
            ("incoming//a.csv", "/incoming/a.csv"),
            ("/incoming/./x/../a b.csv", "/incoming/a b.csv"),
            ("../../etc/passwd", "/etc/passwd"),
            ("/incoming/../../..", "/"),
        ] {
            let place = resolve(root, path.as_bytes()).unwrap();
            assert_eq!(place.shown, shown, "{path:?}");
            assert_eq!(place.disk, root.join(shown.trim_start_matches('/')));
        }
        assert_eq!(resolve(root, b"a\0b"), Err(StatusCode::NO_SUCH_FILE));
        assert_eq!(resolve(root, b"\xff"), Err(StatusCode::NO_SUCH_FILE));
    }

    proptest! {
        #[test]
        fn nothing_leads_outside(path in "([a-c./]|\\.\\.){0,30}") {
            let place = resolve(Path::new("/jail"), path.as_bytes()).unwrap();
            prop_assert!(place.disk.starts_with("/jail"));
            let dots = place.disk.components().any(|c| c == std::path::Component::ParentDir);
            prop_assert!(!dots, "{:?}", place.disk);
        }
    }
}
