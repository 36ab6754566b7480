//! Open files and folders of one session.

use std::collections::HashMap;
use std::fs::File;

use bytes::Bytes;

use crate::transport::sftp::wire::NameEntry;

/// Handles that one session may have open, as `limits@openssh.com` says.
pub(super) const MAX_HANDLES: usize = 256;

/// Something that is open.
#[derive(Debug)]
pub(super) enum Open {
    /// A file.
    File {
        /// The file.
        file: File,
        /// Whether it can be written to.
        writable: bool,
        /// Whether every write goes to its end.
        append: bool,
        /// Whether a consumer would take it.
        exposed: bool,
    },
    /// What is left to tell of a folder.
    Folder(Vec<NameEntry>),
}

/// The handles of one session.
#[derive(Debug, Default)]
pub(super) struct Handles {
    open: HashMap<u64, Open>,
    last: u64,
}

impl Handles {
    /// A handle for `open`; none when there are too many.
    pub(super) fn add(&mut self, open: Open) -> Option<Bytes> {
        if self.open.len() == MAX_HANDLES {
            return None;
        }
        self.last += 1;
        self.open.insert(self.last, open);
        Some(Bytes::copy_from_slice(&self.last.to_be_bytes()))
    }

    /// What this handle stands for.
    pub(super) fn get(&mut self, handle: &[u8]) -> Option<&mut Open> {
        self.open.get_mut(&number(handle)?)
    }

    /// Closes one.
    pub(super) fn close(&mut self, handle: &[u8]) -> Option<Open> {
        self.open.remove(&number(handle)?)
    }

    /// Closes all; whether a consumer may take one of them now.
    pub(super) fn close_all(&mut self) -> bool {
        let exposed = self.open.values().any(Open::is_exposed_write);
        self.open.clear();
        exposed
    }
}

impl Open {
    /// Whether closing it finishes a file that a consumer would take.
    pub(super) fn is_exposed_write(&self) -> bool {
        matches!(self, Self::File { writable: true, exposed: true, .. })
    }
}

fn number(handle: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(handle.try_into().ok()?))
}
