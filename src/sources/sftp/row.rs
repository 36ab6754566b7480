//! Files and folders as the register knows them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::entry::File;
use super::place::{Place, lossy};
use crate::model::{Content, Failure, FailureClass, RemoteFile, RemoteFolder, Retry, name};

/// What is kept to fetch a file by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fetchable {
    /// [`Place::text`]: the path's very bytes.
    path: String,
    /// Bytes.
    pub(super) size: u64,
    /// Seconds since 1970.
    pub(super) changed: u32,
}

impl Fetchable {
    pub(super) fn read(content: &serde_json::Value) -> Result<(Self, Place), Failure> {
        let read = Self::deserialize(content).ok();
        let read = read.and_then(|this| Place::read(&this.path).map(|place| (this, place)));
        read.ok_or_else(|| {
            Failure::new(FailureClass::Bug, "reading how to fetch", "a file")
                .said("the books do not hold its path, size and time")
                .retry(Retry::Never)
        })
    }

    /// Differs when the content does, as far as size and time tell.
    pub(super) fn version(&self) -> String {
        version(self.size, self.changed)
    }
}

fn version(size: u64, changed: u32) -> String {
    format!("{size}-{changed}")
}

/// The id of what is at `place`; `prefix` says at whose.
pub(super) fn id(prefix: &str, place: &Place) -> String {
    prefix.to_owned() + &place.text()
}

/// The row of a file in `folder`.
pub(super) fn file(prefix: &str, folder: &Place, file: &File) -> RemoteFile {
    let place = folder.inside(&file.name);
    let name = lossy(&file.name);
    let file_type = Some(name::file_type(&name)).filter(|t| !t.is_empty());
    let content = Fetchable { path: place.text(), size: file.size, changed: file.changed };
    RemoteFile {
        id: id(prefix, &place),
        folder: id(prefix, folder),
        name,
        link: None,
        size: Some(file.size),
        file_type,
        version: content.version(),
        created_at: None,
        updated_at: Timestamp::from_second(i64::from(file.changed)).ok(),
        // Plain texts and numbers always are JSON.
        content: Content::Fetchable(serde_json::to_value(&content).unwrap_or_default()),
    }
}

/// The row of a folder; one without a parent is the endpoint's root, whose name is its
/// whole path, so that the paths in the books are those over there.
pub(super) fn folder(prefix: &str, place: &Place, parent: Option<&Place>) -> RemoteFolder {
    let name = match parent {
        Some(_) => place.name(),
        None => place.bytes().strip_prefix(b"/").unwrap_or(place.bytes()),
    };
    RemoteFolder {
        id: id(prefix, place),
        parent: parent.map(|parent| id(prefix, parent)),
        name: lossy(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_leads_back_to_the_bytes() {
        let folder = Place::new(b"", b"/out");
        let odd = File { name: b"a\xff\n%.CSV".as_slice().into(), size: 7, changed: 9 };
        let row = file("sftp://me@host:22", &folder, &odd);
        assert_eq!(row.id, "sftp://me@host:22/out/a%FF%0A%25.CSV");
        assert_eq!(row.folder, "sftp://me@host:22/out");
        assert_eq!(row.name, "a\u{fffd}\n%.CSV");
        assert_eq!((row.file_type.as_deref(), row.version.as_str()), (Some("csv"), "7-9"));
        let Content::Fetchable(json) = row.content else { panic!() };
        let (wanted, place) = Fetchable::read(&json).unwrap();
        assert_eq!(place, folder.inside(&odd.name));
        assert_eq!((wanted.size, wanted.changed), (7, 9));
    }

    #[test]
    fn paths_in_the_books_are_those_over_there() {
        let root = Place::new(b"", b"/data/out");
        assert_eq!(folder("p", &root, None).name, "data/out");
        let inside = folder("p", &root.inside(b"eu"), Some(&root));
        assert_eq!((inside.name.as_str(), inside.parent.as_deref()), ("eu", Some("p/data/out")));
    }

    #[test]
    fn nothing_else_is_fetched() {
        for json in [
            serde_json::Value::Null,
            serde_json::json!({"path": "a", "size": 1, "changed": 1}),
            serde_json::json!({"path": "/a%00", "size": 1, "changed": 1}),
            serde_json::json!({"path": "/a", "size": -1, "changed": 1}),
        ] {
            assert_eq!(Fetchable::read(&json).unwrap_err().class, FailureClass::Bug, "{json}");
        }
    }
}
