//! What one walk leaves for the next.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::hubs::Home;
use crate::model::{AutodeskScope, Failure};

/// Kept in the books with the endpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Memory {
    /// The scope that the stamps in the books are about. After another one they say
    /// nothing: a folder without changes may hold files that are picked only now.
    #[serde(default)]
    pub(super) scope: Value,
    /// Where the project is.
    #[serde(default)]
    pub(super) home: Option<Home>,
    /// The folders that may not be seen, and what the service said; the first is the
    /// next one to be tried again.
    #[serde(default)]
    pub(super) lost: Vec<(String, Failure)>,
}

impl Memory {
    /// Memory of another kind is none.
    pub(super) fn read(json: &Value) -> Self {
        serde_json::from_value(json.clone()).unwrap_or_default()
    }

    pub(super) fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The folders of [`Memory::lost`] that this walk has not settled, then those of `lost`.
    pub(super) fn still_lost(
        &self,
        is_settled: impl Fn(&str) -> bool,
        lost: Vec<(String, Failure)>,
    ) -> Vec<(String, Failure)> {
        let anew: HashSet<&str> = lost.iter().map(|(id, _)| id.as_str()).collect();
        let remembered =
            self.lost.iter().filter(|(id, _)| !is_settled(id) && !anew.contains(id.as_str()));
        let mut all: Vec<_> = remembered.cloned().collect();
        all.extend(lost);
        all
    }
}

/// What of a scope decides about which files are seen.
pub(super) fn fingerprint(scope: &AutodeskScope) -> Value {
    json!({
        "project_id": scope.project_id,
        "folder_id": scope.folder_id,
        "include_subfolders": scope.include_subfolders,
        "file_types": scope.pick.file_types,
        "exclude_patterns": scope.pick.exclude_patterns,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FailureClass, Pick};

    #[test]
    fn memory_comes_back_and_of_another_kind_is_none() {
        let failure = Failure::new(FailureClass::Refused, "listing", "x");
        let memory = Memory {
            scope: json!({"a": 1}),
            home: Some(Home {
                hub: "b.1".into(),
                project: "b.2".into(),
                region: Some("EMEA".into()),
                root_folder: Some("urn:r".into()),
            }),
            lost: vec![("urn:x".into(), failure)],
        };
        assert_eq!(Memory::read(&memory.to_json()), memory);
        for other in [Value::Null, json!([]), json!({"lost": 7}), json!("x")] {
            assert_eq!(Memory::read(&other), Memory::default());
        }
    }

    #[test]
    fn another_scope_has_another_fingerprint() {
        let scope = AutodeskScope {
            project_id: "b.1".into(),
            hub_id: None,
            folder_id: None,
            include_subfolders: true,
            pick: Pick::default(),
        };
        let same = fingerprint(&scope);
        // Where the hub is does not decide about files.
        assert_eq!(fingerprint(&AutodeskScope { hub_id: Some("h".into()), ..scope.clone() }), same);
        let types = Pick { file_types: vec!["pdf".into()], ..Pick::default() };
        for other in [
            AutodeskScope { folder_id: Some("urn:f".into()), ..scope.clone() },
            AutodeskScope { include_subfolders: false, ..scope.clone() },
            AutodeskScope { pick: types, ..scope },
        ] {
            assert_ne!(fingerprint(&other), same);
        }
    }
}
