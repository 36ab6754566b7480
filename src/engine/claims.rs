//! Who works on what: one task an item, and a way to stop it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::halt::{Halt, Work};
use crate::model::Id;

/// The items that are being worked on.
#[derive(Clone, Debug)]
pub(super) struct Claims {
    taken: Arc<Mutex<HashMap<Id, CancellationToken>>>,
    halt: Halt,
}

/// One item, claimed until this is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    claims: Claims,
    id: Id,
    token: CancellationToken,
}

impl Claims {
    /// Nothing claimed; `halt` stops everything that ever is.
    pub(super) fn new(halt: Halt) -> Self {
        Self { taken: Arc::default(), halt }
    }

    fn taken(&self) -> std::sync::MutexGuard<'_, HashMap<Id, CancellationToken>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Claims `id`, unless somebody has it.
    pub(super) fn claim(&self, id: Id) -> Option<Claim> {
        let token = self.halt.token().child_token();
        match self.taken().entry(id) {
            std::collections::hash_map::Entry::Occupied(_) => return None,
            std::collections::hash_map::Entry::Vacant(free) => free.insert(token.clone()),
        };
        Some(Claim { claims: self.clone(), id, token })
    }

    /// Stops the work on `id`; false if nobody works on it.
    pub(super) fn cancel(&self, id: Id) -> bool {
        self.taken().get(&id).map(CancellationToken::cancel).is_some()
    }

    /// Whether everything is to stop.
    pub(super) fn stopping(&self) -> bool {
        self.halt.is_on()
    }

    /// Cancelled when what is under way now is to come to a safe point.
    pub(super) fn stopping_token(&self) -> CancellationToken {
        self.halt.token()
    }

    /// Says that a run or pass is under way.
    pub(super) fn work(&self) -> Work {
        self.halt.work()
    }

    /// Waits for a moment at which nothing is under way.
    pub(super) async fn idle(&self) {
        self.halt.idle().await;
    }

    /// Stops everything under way, and waits until it is at a safe point.
    pub(super) async fn halt(&self) -> usize {
        self.halt.halt().await
    }
}

impl Claim {
    /// Cancelled when the work on this item is to stop.
    pub(super) fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Whether the operator stopped this item, and nothing stops everything.
    pub(super) fn cancelled_by_operator(&self) -> bool {
        self.token.is_cancelled() && !self.claims.stopping()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.taken().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_claimed_once_and_free_again_afterwards() {
        let stop = CancellationToken::new();
        let claims = Claims::new(Halt::new(stop.clone()));
        let claim = claims.claim(Id::export(1)).unwrap();
        assert!(claims.claim(Id::export(1)).is_none());
        assert!(claims.claim(Id::delivery(1)).is_some(), "another kind, another item");
        assert!(claims.cancel(Id::export(1)));
        assert!(claim.token().is_cancelled() && claim.cancelled_by_operator());
        drop(claim);
        assert!(!claims.cancel(Id::export(1)));
        let claim = claims.claim(Id::export(1)).unwrap();
        stop.cancel();
        assert!(claim.token().is_cancelled() && !claim.cancelled_by_operator());
    }
}
