//! What a complete walk leaves for the next one.

use serde::{Deserialize, Serialize};

use super::account::Identity;
use super::root;
use crate::model::DriveScope;

/// Where in the log of changes to go on, and for what that is true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Memory {
    /// The log's page token. It does not expire.
    pub(super) token: String,
    /// The root folder's id.
    pub(super) root: String,
    /// The shared drive whose log it is; none for the account's own.
    pub(super) drive: Option<String>,
    /// Whose log it is.
    account: String,
    /// Everything that decides which files are in the books.
    scope: String,
}

impl Memory {
    pub(super) fn new(
        token: String,
        root: &root::Root,
        identity: &Identity,
        scope: &DriveScope,
    ) -> Self {
        Self {
            token,
            root: root.id.clone(),
            drive: root.drive.clone(),
            account: identity.shown(),
            scope: fingerprint(scope),
        }
    }

    /// The memory of a walk for the same account and scope; none if there is no
    /// such thing in `json`.
    pub(super) fn read(
        json: &serde_json::Value,
        identity: &Identity,
        scope: &DriveScope,
    ) -> Option<Self> {
        let memory = Self::deserialize(json).ok()?;
        let same = memory.account == identity.shown() && memory.scope == fingerprint(scope);
        same.then_some(memory)
    }

    /// The same, further on in the log.
    pub(super) fn at(&self, token: String) -> Self {
        Self { token, ..self.clone() }
    }

    /// As it is kept in the books.
    pub(super) fn json(&self) -> serde_json::Value {
        // Plain texts always are JSON; without a memory the next walk is a full one.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// A scope with other settings holds other files, which no log of changes tells of.
fn fingerprint(scope: &DriveScope) -> String {
    let text = format!("{scope:?}");
    crate::model::Sha256::of(text.as_bytes())[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::google_drive::testing;

    #[test]
    fn a_memory_is_for_one_account_and_one_scope() {
        let root = root::Root {
            id: "r".into(),
            name: "R".into(),
            drive: Some("d".into()),
            own: false,
            trashed: false,
        };
        let me = Identity { client_email: "a@b".into(), subject: None };
        let scope = testing::scope(Some("r"));
        let memory = Memory::new("t".into(), &root, &me, &scope);
        let json = memory.json();
        assert_eq!(Memory::read(&json, &me, &scope), Some(memory.clone()));
        assert_eq!(memory.at("u".into()).token, "u");

        let other = Identity { subject: Some("c@d".into()), ..me.clone() };
        assert_eq!(Memory::read(&json, &other, &scope), None);
        let wider = DriveScope { include_trashed: true, ..scope.clone() };
        assert_eq!(Memory::read(&json, &me, &wider), None);
        for odd in [serde_json::Value::Null, serde_json::json!({"token": 7})] {
            assert_eq!(Memory::read(&odd, &me, &scope), None);
        }
    }
}
