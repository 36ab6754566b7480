//! A walk: every folder is listed, and a file is booked once two looks at it were equal.
//!
//! ```text
//! list → known from the last walk as it is now: booked
//!      → else: wait `settle` once for all of them → list again → equal: booked
//!                                                              → not: left to the next walk
//! ```

use std::collections::HashMap;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, FuturesUnordered};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::SftpSource;
use super::entry::{Entry, File};
use super::found::{Found, Totals};
use super::listing::Listing;
use super::looks::{Looks, mark};
use super::place::Place;
use super::row;
use super::rules::{Age, Rules};
use crate::model::{AfterFetch, Failure, FailureClass, Page, RemoteFile, Walked};
use crate::sources::RegisterSink;
use crate::transport::http::or_cancelled;
use crate::transport::sftp::SftpError;
use crate::transport::sftp::wire::StatusCode;

/// Folders that are listed at the same time.
const FOLDERS: usize = 8;

/// Once so many files wait for their second look it is taken before more is listed.
const ENOUGH: usize = 200_000;

/// Files that are booked together.
const PAGE: usize = 500;

/// Folders in folders; a tree that goes deeper is taken for one without end.
const DEEPEST: usize = 100;

pub(super) const LISTING: &str = "listing";

/// A folder that is still to be listed.
struct Folder {
    place: Place,
    parent: Option<Place>,
    depth: usize,
}

/// Files of a folder that were looked at once.
struct Once {
    folder: Place,
    files: Vec<File>,
}

/// What one folder's listing came to.
struct Looked {
    found: Found,
    folders: Vec<Folder>,
    once: Once,
}

/// Why a listing broke off.
enum Broken {
    /// The server said no, or is gone.
    Sftp(SftpError),
    /// The walk as a whole ends.
    Stop(Failure),
}

impl From<SftpError> for Broken {
    fn from(error: SftpError) -> Self {
        Self::Sftp(error)
    }
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        Self::Stop(failure)
    }
}

/// One walk.
pub(super) struct Walk<'w> {
    source: &'w SftpSource,
    sink: &'w dyn RegisterSink,
    cancel: &'w CancellationToken,
    rules: Rules<'w>,
    looks: Looks,
    prefix: String,
    /// Where files are moved to afterwards: they are not found there again.
    moved_to: Option<Place>,
}

impl<'w> Walk<'w> {
    pub(super) fn new(
        source: &'w SftpSource,
        memory: &serde_json::Value,
        sink: &'w dyn RegisterSink,
        cancel: &'w CancellationToken,
        root: &Place,
    ) -> Self {
        let scope = &source.scope;
        let moved_to = match &scope.after_fetch {
            AfterFetch::Move(to) => Some(Place::new(root.bytes(), to.as_bytes())),
            AfterFetch::Leave | AfterFetch::Delete => None,
        };
        Self {
            source,
            sink,
            cancel,
            rules: Rules::new(scope),
            looks: Looks::read(memory, scope.settle, Timestamp::now()),
            prefix: source.account.prefix(),
            moved_to,
        }
    }

    /// Lists everything below `root`, and books it. A server that is gone, or a root
    /// that cannot be listed, ends the walk.
    pub(super) async fn run(&self, root: Place) -> Result<Walked, Failure> {
        let mut totals = Totals::default();
        let mut open = vec![Folder { place: root, parent: None, depth: 0 }];
        let mut going = FuturesUnordered::new();
        let (mut once, mut waiting) = (Vec::new(), 0);
        loop {
            while going.len() < FOLDERS
                && waiting < ENOUGH
                && let Some(folder) = open.pop()
            {
                going.push(self.first_look(folder));
            }
            if let Some(looked) = going.next().await {
                let Looked { found, folders, once: more } = looked?;
                totals.add(found);
                open.extend(folders);
                waiting += more.files.len();
                if !more.files.is_empty() {
                    once.push(more);
                }
            } else if !once.is_empty() {
                self.settle().await?;
                let again = once.drain(..).map(|once| self.second_look(once));
                let mut again = stream::iter(again).buffer_unordered(FOLDERS);
                while let Some(found) = again.next().await {
                    totals.add(found?);
                }
                waiting = 0;
            } else if open.is_empty() {
                return Ok(totals.walked(self.looks.links));
            }
        }
    }

    async fn settle(&self) -> Result<(), Failure> {
        let settle = self.source.scope.settle;
        tracing::debug!(?settle, "waiting to look at new files again");
        or_cancelled(self.cancel, LISTING, &self.source.scope.directory, async {
            tokio::time::sleep(settle).await;
            Ok(())
        })
        .await
    }

    async fn first_look(&self, folder: Folder) -> Result<Looked, Failure> {
        match self.twice(&folder.place, || self.list(&folder)).await {
            Ok(looked) => Ok(looked),
            Err(Broken::Stop(failure)) => Err(failure),
            Err(Broken::Sftp(error)) => self.not_listed(folder, error).await,
        }
    }

    async fn second_look(&self, once: Once) -> Result<Found, Failure> {
        match self.twice(&once.folder, || self.list_again(&once)).await {
            Ok(found) => Ok(found),
            Err(Broken::Stop(failure)) => Err(failure),
            Err(Broken::Sftp(error)) => {
                Ok(Found::failed(error.into_failure(LISTING, once.folder.shown())))
            }
        }
    }

    /// Lists once more, over another session, where the first one broke off. Broken off
    /// again, the server is gone, and the other folders need not find out for themselves.
    async fn twice<T, F: Future<Output = Result<T, Broken>>>(
        &self,
        place: &Place,
        list: impl Fn() -> F,
    ) -> Result<T, Broken> {
        let place = place.shown();
        let listed = || or_cancelled(self.cancel, LISTING, &place, async { Ok(list().await) });
        let mut outcome = listed().await?;
        if matches!(outcome, Err(Broken::Sftp(SftpError::Lost(_)))) {
            outcome = listed().await?;
        }
        match outcome {
            Err(Broken::Sftp(SftpError::Lost(failure))) => Err(Broken::Stop(failure)),
            outcome => outcome,
        }
    }

    /// A folder that we may not look into keeps what is known of it. One that cannot be
    /// listed for another reason makes the walk partial: it is never an empty one.
    async fn not_listed(&self, folder: Folder, error: SftpError) -> Result<Looked, Failure> {
        let refused = error.code() == Some(StatusCode::PERMISSION_DENIED);
        let failure = error.into_failure(LISTING, folder.place.shown());
        let Some(parent) = &folder.parent else {
            return Err(failure);
        };
        let mut found = Found::default();
        if refused {
            let row = row::folder(&self.prefix, &folder.place, Some(parent));
            found.lost.push((row.id.clone(), failure));
            self.sink.page(Page { folders: vec![row], ..Page::default() }).await?;
        } else {
            found.failures.push(failure);
        }
        let once = Once { folder: folder.place, files: Vec::new() };
        Ok(Looked { found, folders: Vec::new(), once })
    }

    async fn list(&self, folder: &Folder) -> Result<Looked, Broken> {
        let place = &folder.place;
        let session = self.source.account.session().await?;
        let calls = || self.source.called();
        let mut listing = Listing::open(&session, place, &calls).await?;
        let row = row::folder(&self.prefix, place, folder.parent.as_ref());
        self.sink.page(Page { folders: vec![row], ..Page::default() }).await?;
        let mut looked = Looked {
            found: Found::default(),
            folders: Vec::new(),
            once: Once { folder: place.clone(), files: Vec::new() },
        };
        let mut ready = Vec::new();
        while let Some(entries) = listing.next(&self.rules).await? {
            for entry in entries {
                match entry {
                    Entry::File(file) => self.judge(place, file, &mut looked, &mut ready),
                    Entry::Folder(name) => self.enter(folder, &name, &mut looked),
                    other => looked.found.note(place, other),
                }
            }
            self.book(&mut ready, PAGE).await?;
        }
        self.book(&mut ready, 1).await?;
        Ok(looked)
    }

    fn enter(&self, above: &Folder, name: &[u8], looked: &mut Looked) {
        let (place, depth) = (above.place.inside(name), above.depth + 1);
        if self.moved_to.as_ref() == Some(&place) {
            return;
        }
        if depth > DEEPEST {
            let deep = Failure::new(FailureClass::Protocol, LISTING, place.shown())
                .said(format!("folders lie in folders more than {DEEPEST} times"));
            return looked.found.failures.push(deep);
        }
        looked.folders.push(Folder { place, parent: Some(above.place.clone()), depth });
    }

    /// Decides on a file at its first look.
    fn judge(&self, folder: &Place, file: File, looked: &mut Looked, ready: &mut Vec<RemoteFile>) {
        let mark = mark(folder, &file);
        let seen = self.looks.has(mark);
        let age = self.rules.age(file.changed, Timestamp::now());
        if age == Age::Old && !seen {
            // One that was taken before stays, however old it gets.
            return;
        }
        looked.found.marks.push(mark);
        match (age, seen) {
            (Age::Young, _) => {
                looked.found.grows(row::id(&self.prefix, &folder.inside(&file.name)), &file)
            }
            (_, true) => self.accept(folder, &file, ready),
            (_, false) => looked.once.files.push(file),
        }
    }

    fn accept(&self, folder: &Place, file: &File, ready: &mut Vec<RemoteFile>) {
        if self.rules.take_size(file.size) {
            ready.push(row::file(&self.prefix, folder, file));
        }
    }

    async fn list_again(&self, once: &Once) -> Result<Found, Broken> {
        let folder = &once.folder;
        let mut before: HashMap<&Bytes, &File> =
            once.files.iter().map(|file| (&file.name, file)).collect();
        let session = self.source.account.session().await?;
        let calls = || self.source.called();
        let mut listing = Listing::open(&session, folder, &calls).await?;
        let (mut found, mut ready) = (Found::default(), Vec::new());
        while let Some(entries) = listing.next(&self.rules).await? {
            for entry in entries {
                let Entry::File(file) = entry else { continue };
                match before.remove(&file.name) {
                    Some(same) if *same == file => self.accept(folder, &file, &mut ready),
                    Some(_) => {
                        found.marks.push(mark(folder, &file));
                        found.grows(row::id(&self.prefix, &folder.inside(&file.name)), &file);
                    }
                    // Booked already, or new: its first look.
                    None => found.marks.push(mark(folder, &file)),
                }
            }
            self.book(&mut ready, PAGE).await?;
        }
        // What is left in `before` is not there any more.
        self.book(&mut ready, 1).await?;
        Ok(found)
    }

    /// Books the files that are ready, once there are so many.
    async fn book(&self, ready: &mut Vec<RemoteFile>, least: usize) -> Result<(), Failure> {
        if ready.len() < least {
            return Ok(());
        }
        let files = std::mem::take(ready);
        self.sink.page(Page { files, ..Page::default() }).await
    }
}
