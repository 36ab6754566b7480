//! What the endpoints of all registers have in common.

use crate::model::Pick;

use super::reader::Reader;
use super::section::Section;

/// Which files of the scope are registered.
pub(super) fn pick(r: &mut Reader, details: &Section, file_types: &[String]) -> Pick {
    let patterns = details.texts(r, "exclude_patterns").unwrap_or_default();
    let megabytes = details.number(r, "max_file_size_mb", 1..=u64::MAX >> 20);
    if let Some(text) = details.text(r, "max_results") {
        let words = "has no effect: a register holds every file";
        r.warn(text.place, format!("{}: {words}", details.path_of("max_results")));
    }
    Pick {
        file_types: file_types.to_vec(),
        exclude_patterns: patterns.into_iter().map(|t| t.value).collect(),
        max_fetch_bytes: megabytes.map(|mb| mb << 20),
    }
}
