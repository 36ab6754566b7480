//! `endpoint_details` of a partner's SFTP server.

use std::time::Duration;

use crate::model::{AfterFetch, FeedScope};

use super::reader::Reader;
use super::register;
use super::section::Section;

/// The pause between two looks, unless it is said.
const SETTLE: Duration = Duration::from_secs(5);

/// What the endpoint looks at.
pub(super) fn scope(r: &mut Reader, details: &Section, file_types: &[String]) -> FeedScope {
    let mut text = |key| details.text(r, key).map(|t| t.value);
    let directory = text("directory").unwrap_or_else(|| ".".to_owned());
    let pattern = text("pattern");
    FeedScope {
        directory,
        patterns: pattern.into_iter().collect(),
        include_subfolders: details.flag(r, "include_subfolders").unwrap_or(false),
        min_bytes: 0,
        min_age: Duration::ZERO,
        max_age: None,
        settle: SETTLE,
        after_fetch: AfterFetch::Leave,
        pick: register::pick(r, details, file_types),
    }
}
