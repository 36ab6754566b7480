//! Whose fault it is.

use crate::model::{Failure, FailureClass};
use crate::silver::sql;

/// Why a file does not go in.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The database, or this machine, or somebody stopped it: the pass is over, and the
    /// file waits.
    Pass(Failure),
    /// Its bytes are not what landed: the file waits, and the pass goes on.
    Bronze(Failure),
    /// It is the file itself: it is refused, for this reason.
    File(String),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Pass(failure)
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Pass(sql::failure("taking in a file", &error))
    }
}

/// A defect of ours.
pub(super) fn unexpected(said: &str) -> Failure {
    Failure::new(FailureClass::Bug, "writing", "the datasets").said(said)
}
