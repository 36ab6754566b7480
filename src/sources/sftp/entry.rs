//! One entry of a folder: what it is, once links are followed and what the server did
//! not tell is asked for.

use bytes::Bytes;

use super::place::{Place, is_plain};
use super::rules::Rules;
use crate::transport::sftp::wire::{Attrs, NameEntry};
use crate::transport::sftp::{SftpError, SftpSession};

/// A file as one look found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    /// Its name in its folder.
    pub(super) name: Bytes,
    /// Bytes.
    pub(super) size: u64,
    /// Seconds since 1970: the protocol's version 3 tells no less.
    pub(super) changed: u32,
}

/// What an entry is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A file that the rules take by its name, or a link to one.
    File(File),
    /// A folder that the rules enter by its name.
    Folder(Bytes),
    /// A link to a folder: it is not entered, or a tree could be without end.
    LinkToFolder,
    /// A link to nothing, or to what this account may not see.
    LinkToNothing,
    /// Its name is none of an entry of this folder: nothing is asked about it.
    LeadsElsewhere(Bytes),
    /// The server does not tell what it is, how large, or how old.
    Untold(Bytes),
    /// The folder itself, a pipe, or what the rules pass over.
    Nothing,
}

/// Finds out what an entry of `folder` is; counts what had to be asked in `calls`.
pub(super) async fn resolve(
    session: &SftpSession,
    folder: &Place,
    entry: NameEntry,
    rules: &Rules<'_>,
    calls: &(dyn Fn() + Sync),
) -> Result<Entry, SftpError> {
    let NameEntry { name, attrs, .. } = entry;
    if matches!(&name[..], b"." | b"..") {
        return Ok(Entry::Nothing);
    }
    if !is_plain(&name) {
        return Ok(Entry::LeadsElsewhere(name));
    }
    let (as_file, as_folder) = (rules.take_file(&name), rules.enter_folder(&name));
    if !as_file && !as_folder {
        return Ok(Entry::Nothing);
    }
    let place = folder.inside(&name);
    let attrs = match is_told(&attrs) {
        true => attrs,
        false => {
            calls();
            match session.lstat(place.bytes()).await {
                Ok(attrs) => attrs,
                // Gone since it was listed.
                Err(error) if error.is_missing() => return Ok(Entry::Nothing),
                Err(error @ SftpError::Lost(_)) => return Err(error),
                Err(_) => return Ok(Entry::Untold(name)),
            }
        }
    };
    if attrs.is_directory() {
        return Ok(if as_folder { Entry::Folder(name) } else { Entry::Nothing });
    }
    if !as_file {
        return Ok(Entry::Nothing);
    }
    if !attrs.is_link() {
        return Ok(file(name, attrs));
    }
    calls();
    match session.stat(place.bytes()).await {
        Ok(attrs) if attrs.is_directory() => Ok(Entry::LinkToFolder),
        Ok(attrs) => Ok(file(name, attrs)),
        Err(error @ SftpError::Lost(_)) => Err(error),
        Err(_) => Ok(Entry::LinkToNothing),
    }
}

/// Whether nothing more has to be asked.
fn is_told(attrs: &Attrs) -> bool {
    let all = attrs.size.is_some() && attrs.times.is_some();
    attrs.permissions.is_some() && (all || !attrs.is_regular())
}

fn file(name: Bytes, attrs: Attrs) -> Entry {
    match (attrs.permissions, attrs.size, attrs.times) {
        (Some(_), Some(size), Some((_, changed))) if attrs.is_regular() => {
            Entry::File(File { name, size, changed })
        }
        // A pipe, a socket, a device.
        (Some(_), ..) if !attrs.is_regular() => Entry::Nothing,
        _ => Entry::Untold(name),
    }
}
