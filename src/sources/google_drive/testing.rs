//! What the tests of several files need.

use std::collections::BTreeMap;

use crate::model::{DriveScope, Pick};

/// A scope that takes everything below `folder`.
pub(super) fn scope(folder: Option<&str>) -> DriveScope {
    DriveScope {
        folder_id: folder.map(ToOwned::to_owned),
        drive_id: None,
        include_shared: false,
        include_subfolders: true,
        follow_shortcuts: false,
        include_trashed: false,
        modified_after: None,
        modified_before: None,
        export_as: BTreeMap::from([("document".to_owned(), "docx".to_owned())]),
        pick: Pick::default(),
    }
}
