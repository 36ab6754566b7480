//! What is true of the drives, for tests and for the control URL.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;

use super::tree::{Operation, Tree, Truth};
use super::{OWNER, ROOT, SERVICE_ACCOUNT, SHARED_DRIVE, STRANGER, samples};
use crate::model::{Failure, FailureClass};

/// What is true of the drives, and what was done to the service against its rules.
#[derive(Debug)]
pub struct Drive {
    tree: Mutex<Tree>,
    conduct: Mutex<Conduct>,
    revision: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Conduct {
    violations: Vec<Violation>,
    units: u64,
}

/// A call that came although a `Retry-After` had asked to wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// When it came.
    pub at: Timestamp,
    /// Its path and query.
    pub path: String,
    /// How many milliseconds too early.
    pub early_ms: u64,
}

impl Drive {
    /// The folder and the shared drive that the service account was given, empty.
    pub(in crate::demo) fn new(revision: watch::Sender<u64>) -> Result<Self, Failure> {
        let mut tree = Tree::new(&[SERVICE_ACCOUNT, OWNER, STRANGER]);
        samples::grounds(&mut tree).map_err(impossible)?;
        Ok(Self { tree: Mutex::new(tree), conduct: Mutex::default(), revision })
    }

    pub(in crate::demo) fn add_samples(&self) -> Result<(), Failure> {
        let done = samples::samples(&mut self.tree()).map_err(impossible);
        self.touch();
        done
    }

    /// Does it, and returns the id of the item that it was done to.
    ///
    /// # Errors
    /// There is no such item, or it cannot be done to it; nothing was changed then.
    pub fn apply(&self, operation: Operation) -> Result<String, Failure> {
        let done = self.tree().apply(operation).map_err(impossible);
        self.touch();
        done
    }

    /// What a register of this folder must hold for the service account; `root` is
    /// a folder's or shared drive's id.
    ///
    /// # Errors
    /// The service account sees no such folder.
    pub fn truth(&self, root: &str) -> Result<Truth, Failure> {
        self.truth_for(SERVICE_ACCOUNT, root, false)
    }

    /// The same for any user; what is in the trash too, if `trashed`.
    ///
    /// # Errors
    /// They see no such folder.
    pub fn truth_for(&self, user: &str, root: &str, trashed: bool) -> Result<Truth, Failure> {
        self.tree().truth(user, root, trashed).map_err(|said| {
            Failure::new(FailureClass::NotFound, "telling the truth about", root).said(said)
        })
    }

    /// The id of the folder that is shared with the service account.
    pub fn root_folder_id(&self) -> &'static str {
        ROOT
    }

    /// The id of the shared drive that the service account is a member of.
    pub fn shared_drive_id(&self) -> &'static str {
        SHARED_DRIVE
    }

    /// Every call that came inside a `Retry-After` window.
    pub fn violations(&self) -> Vec<Violation> {
        self.conduct().violations.clone()
    }

    /// Quota units that were spent so far, by everybody.
    pub fn units_spent(&self) -> u64 {
        self.conduct().units
    }

    pub(super) fn tree(&self) -> MutexGuard<'_, Tree> {
        // A panic elsewhere leaves plain data behind, nothing half-done.
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn book_violation(&self, violation: Violation) {
        self.conduct().violations.push(violation);
        self.touch();
    }

    pub(super) fn book_units(&self, units: u32) {
        self.conduct().units += u64::from(units);
    }

    fn conduct(&self) -> MutexGuard<'_, Conduct> {
        self.conduct.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn touch(&self) {
        self.revision.send_modify(|revision| *revision += 1);
    }
}

fn impossible(said: String) -> Failure {
    Failure::new(FailureClass::Misconfigured, "changing", "the drive").said(said)
}
