//! What is true at Autodesk, and how tests change it.

use std::sync::{MutexGuard, PoisonError};

use bytes::Bytes;

use super::World;
use crate::demo::autodesk::{Operation, Tree, Truth};
use crate::model::Failure;

impl World {
    /// Lets something happen at Autodesk. The result is the id of what is new, or of
    /// what it happened to; empty for a switch.
    ///
    /// # Errors
    /// It cannot be: the place does not exist, a folder would lie in itself.
    pub fn autodesk(&self, operation: Operation) -> Result<String, Failure> {
        self.change_autodesk(|tree| tree.apply(operation))
    }

    /// What a register of each Autodesk project must say now.
    pub fn autodesk_truth(&self) -> Truth {
        self.autodesk_tree().truth()
    }

    /// The bytes of an Autodesk file's tip; none for an unknown one, or one without
    /// an object.
    pub fn autodesk_content(&self, id: &str) -> Option<Bytes> {
        let content = self.autodesk_tree().content(id)?;
        Some(content.bytes())
    }

    pub(in crate::demo) fn autodesk_tree(&self) -> MutexGuard<'_, Tree> {
        // A panic elsewhere leaves plain data behind, nothing half-done.
        self.autodesk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::demo) fn change_autodesk<T>(&self, change: impl FnOnce(&mut Tree) -> T) -> T {
        let result = change(&mut self.autodesk_tree());
        self.touch();
        result
    }
}
