//! Session tokens.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::demo::world::random_uid;

/// The sessions that are open.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashSet<String>>);

impl Sessions {
    /// Opens a session and returns its token.
    pub(super) fn open(&self) -> String {
        let token = format!("eyJ.{}.{}", random_uid(), random_uid());
        self.open_ones().insert(token.clone());
        token
    }

    /// Whether `token` is one of an open session.
    pub(super) fn know(&self, token: &str) -> bool {
        self.open_ones().contains(token)
    }

    /// Ends every session.
    pub(super) fn end_all(&self) {
        self.open_ones().clear();
    }

    fn open_ones(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions(***)")
    }
}
