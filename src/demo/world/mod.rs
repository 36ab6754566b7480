//! What is true outside transship: the exports, the folders, what the consumer
//! took, what is to go wrong. The stand-ins only show it; it survives any
//! number of killed clients.

mod autodesk;
mod export;
mod grounds;
mod journal;
mod oracle;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::autodesk::Tree;
use super::fault::{Arming, Arsenal, Fault, Strike};
use super::feed::Feed;
use super::google_drive::Drive;
use crate::model::Failure;

pub use export::{Export, Flips, NewExport, Status};
pub(super) use export::{hex, random_uid, sha256, uuid};
pub(super) use grounds::{Grounds, PROCESSED, UPLOADS, is_temporary};
pub use journal::{Call, Offence, Service};
pub use oracle::{Fate, Haul, Oracle, Planted, Sample, Totals, Verdict};

/// The world around transship. Shared by all stand-ins; every call is short and
/// holds its lock only inside.
#[derive(Debug)]
pub struct World {
    grounds: Grounds,
    state: Mutex<State>,
    /// Held while the consumer moves files, so that the oracle never sees one in
    /// both places or in neither. Taken before `state`.
    moving: Mutex<()>,
    google_drive: Drive,
    feed: Feed,
    /// What is true at Autodesk. Taken before `state`.
    autodesk: Mutex<Tree>,
    revision: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    exports: Vec<Export>,
    hauls: Vec<Haul>,
    planted: Vec<Planted>,
    faults: Arsenal,
    journal: Vec<Call>,
}

impl World {
    /// A world without exports, with the receiver's folders below `dir`.
    pub(super) fn new(dir: &Path) -> Result<Arc<Self>, Failure> {
        let revision = watch::Sender::new(0);
        let grounds = Grounds::lay_out(dir)?;
        let feed = Feed::new(grounds.outgoing.clone(), grounds.spool.clone(), revision.clone());
        Ok(Arc::new(Self {
            grounds,
            state: Mutex::default(),
            moving: Mutex::default(),
            google_drive: Drive::new(revision.clone())?,
            feed,
            autodesk: Mutex::default(),
            revision,
        }))
    }

    /// Announces a new export and returns its uid.
    pub fn add(&self, export: NewExport) -> String {
        let export = Export::from(export);
        let uid = export.uid.clone();
        self.change(|state| state.exports.push(export));
        uid
    }

    /// Arms a fault.
    pub fn arm(&self, arming: impl Into<Arming>) {
        self.change(|state| state.faults.arm(arming.into()));
    }

    /// Disarms every fault.
    pub fn disarm(&self) {
        self.change(|state| state.faults.disarm());
    }

    /// The faults that are still armed.
    pub fn armed(&self) -> Vec<Arming> {
        self.state().faults.armed().to_vec()
    }

    /// How often `fault` has struck.
    pub fn struck(&self, fault: Fault) -> u32 {
        self.state().faults.struck().get(&fault).copied().unwrap_or(0)
    }

    /// Every call so far, in the order of arrival.
    pub fn journal(&self) -> Vec<Call> {
        self.state().journal.clone()
    }

    /// What became of every export so far. Reads the files in the upload folder.
    ///
    /// # Errors
    /// The receiver's folder cannot be read.
    pub fn oracle(&self) -> io::Result<Oracle> {
        let _still = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = self.grounds.uploads()?;
        let state = self.state();
        Ok(Oracle::judge(
            &state.exports,
            &state.hauls,
            &state.planted,
            &seen,
            state.faults.struck().clone(),
        ))
    }

    /// The folder on disk that clients see as their upload folder. Another SFTP
    /// server may serve it too: [`Consumer::Every`](super::Consumer::Every) and
    /// the oracle only look at the disk.
    pub fn upload_folder(&self) -> &Path {
        &self.grounds.uploads
    }

    /// The folder on disk that the consumer moves files to.
    pub fn processed_folder(&self) -> &Path {
        &self.grounds.processed
    }

    /// What is true of everybody's Google Drive.
    pub fn google_drive(&self) -> &Drive {
        &self.google_drive
    }

    /// What lies in the partner's folder, and what is true of it.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Changes with everything that happens here: wait on it, then look again.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    pub(super) fn grounds(&self) -> &Grounds {
        &self.grounds
    }

    /// An occasion for `fault`: whether it strikes now.
    pub(super) fn strike(&self, fault: Fault) -> Option<Strike> {
        let strike = self.state().faults.strike(fault);
        if strike.is_some() {
            self.touch();
        }
        strike
    }

    /// Runs `work` while nothing else moves files between the folders.
    pub(super) fn alone<T>(&self, work: impl FnOnce() -> T) -> T {
        let _still = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        work()
    }

    pub(super) fn book_haul(&self, haul: Haul) {
        self.change(|state| state.hauls.push(haul));
    }

    pub(super) fn book_planted(&self, planted: Planted) {
        self.change(|state| state.planted.push(planted));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves plain data behind, nothing half-done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.touch();
        result
    }

    fn touch(&self) {
        self.revision.send_modify(|revision| *revision += 1);
    }
}
