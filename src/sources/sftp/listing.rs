//! A folder's entries, read on and on.

use std::collections::VecDeque;

use super::entry::{Entry, resolve};
use super::place::Place;
use super::rules::Rules;
use crate::model::{Failure, FailureClass};
use crate::transport::sftp::wire::NameEntry;
use crate::transport::sftp::{RemoteFile, SftpError, SftpSession};

/// A listing that goes on beyond this is taken for one without end.
const MOST_ENTRIES: usize = 5_000_000;

/// Entries that are asked about at the same time.
const AT_ONCE: usize = 64;

/// A folder that is being listed.
pub(super) struct Listing<'l> {
    session: &'l SftpSession,
    folder: &'l Place,
    handle: RemoteFile,
    entries: VecDeque<NameEntry>,
    read: usize,
    calls: &'l (dyn Fn() + Sync),
}

impl<'l> Listing<'l> {
    pub(super) async fn open(
        session: &'l SftpSession,
        folder: &'l Place,
        calls: &'l (dyn Fn() + Sync),
    ) -> Result<Self, SftpError> {
        calls();
        let handle = RemoteFile::open_folder(session, folder.request()).await?;
        Ok(Self { session, folder, handle, entries: VecDeque::new(), read: 0, calls })
    }

    /// The next few entries; none after the last.
    pub(super) async fn next(
        &mut self,
        rules: &Rules<'_>,
    ) -> Result<Option<Vec<Entry>>, SftpError> {
        if self.entries.is_empty() {
            let Some(entries) = self.handle.read_names().await? else { return Ok(None) };
            // An answer without a name counts as well: they could go on for ever.
            self.read += entries.len().max(1);
            if self.read > MOST_ENTRIES {
                return Err(self.endless());
            }
            self.entries.extend(entries);
        }
        let few = self.entries.len().min(AT_ONCE);
        let asked = self
            .entries
            .drain(..few)
            .map(|entry| resolve(self.session, self.folder, entry, rules, self.calls));
        futures::future::try_join_all(asked).await.map(Some)
    }

    fn endless(&self) -> SftpError {
        SftpError::Lost(
            Failure::new(FailureClass::Protocol, "listing", self.folder.shown())
                .said(format!("the server names more than {MOST_ENTRIES} entries")),
        )
    }
}
