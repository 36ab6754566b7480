//! `endpoint_details` of a partner's SFTP server.

use std::time::Duration;

use crate::model::pattern::{MOST_ALTERNATIVES, alternatives};
use crate::model::{AfterFetch, FeedScope};

use super::reader::{Reader, Text};
use super::register;
use super::section::Section;
use super::yaml::Value;

/// The keys of `endpoint_details`.
pub(super) const DETAILS: &[&str] = &[
    "directory",
    "pattern",
    "patterns",
    "include_subfolders",
    "file_types",
    "exclude_patterns",
    "min_size_bytes",
    "max_file_size_mb",
    "min_age_seconds",
    "max_age_days",
    "settle_seconds",
    "after_fetch",
];

/// The pause between two looks, unless it is said.
const SETTLE_SECONDS: u64 = 5;

const ACTIONS: &[(&str, Action)] =
    &[("leave", Action::Leave), ("delete", Action::Delete), ("move", Action::Move)];

#[derive(Clone, Copy)]
enum Action {
    Leave,
    Delete,
    Move,
}

/// What the endpoint looks at.
pub(super) fn scope(r: &mut Reader, details: &Section, file_types: &[String]) -> FeedScope {
    let directory = details.text(r, "directory").map(|t| t.value);
    let directory = directory.unwrap_or_else(|| ".".to_owned());
    let patterns = patterns(r, details);
    let include_subfolders = details.flag(r, "include_subfolders").unwrap_or(false);
    let min_bytes = details.number(r, "min_size_bytes", 0..=1 << 50).unwrap_or(0);
    let mut seconds = |key, most: u64, unit: u64| {
        details.number(r, key, 0..=most).map(|n| Duration::from_secs(n * unit))
    };
    let min_age = seconds("min_age_seconds", 31_536_000, 1).unwrap_or_default();
    let max_age = seconds("max_age_days", 36_500, 86_400);
    let settle = seconds("settle_seconds", 3_600, 1);
    if let (Some(most), Some(text)) = (max_age, details.text(r, "max_age_days"))
        && most <= min_age
    {
        let path = details.path_of("max_age_days");
        r.error(text.place, format!("{path}: no file is older than min_age_seconds and younger"));
    }
    FeedScope {
        patterns,
        include_subfolders,
        min_bytes,
        min_age,
        max_age,
        settle: settle.unwrap_or(Duration::from_secs(SETTLE_SECONDS)),
        after_fetch: after_fetch(r, details, &directory),
        directory,
        pick: register::pick(r, details, file_types),
    }
}

/// The patterns for names, below `pattern` or `patterns`.
fn patterns(r: &mut Reader, details: &Section) -> Vec<String> {
    let (one, several) = (details.node("pattern"), details.node("patterns"));
    if let (Some(_), Some(node)) = (one, several) {
        let path = details.path_of("patterns");
        r.error(node.place, format!("{path}: give either pattern or patterns, not both"));
    }
    let key = if one.is_some() { "pattern" } else { "patterns" };
    let mut patterns = Vec::new();
    for text in details.texts(r, key).unwrap_or_default() {
        match unfit(&text.value) {
            None => patterns.push(text.value),
            Some(words) => {
                let found = text.shown();
                r.error(text.place, format!("{}: {words}, found {found}", details.path_of(key)));
            }
        }
    }
    patterns
}

/// Why this is no pattern for names.
fn unfit(pattern: &str) -> Option<String> {
    if pattern.trim().is_empty() {
        return Some("expected a pattern for names, as in \"*.{csv,json}\"".to_owned());
    }
    if pattern.contains('/') {
        let words = "a pattern is for names alone; say where in directory, and how deep by \
                     include_subfolders";
        return Some(words.to_owned());
    }
    let many = alternatives(pattern).len() >= MOST_ALTERNATIVES;
    many.then(|| format!("its braces stand for {MOST_ALTERNATIVES} patterns and more"))
}

/// `leave`, `delete`, or a mapping with `move`.
fn after_fetch(r: &mut Reader, details: &Section, directory: &str) -> AfterFetch {
    let Some(node) = details.node("after_fetch") else { return AfterFetch::Leave };
    let path = details.path_of("after_fetch");
    if let Value::Map(_) = node.value {
        let Some(section) = r.section(node, path, &["move"]) else { return AfterFetch::Leave };
        let folder = section.required(r, "move", "the folder that files are moved into");
        return folder.map_or(AfterFetch::Leave, |to| moving(r, &section, to, directory));
    }
    match details.choice(r, "after_fetch", ACTIONS) {
        Some(Action::Delete) => AfterFetch::Delete,
        Some(Action::Move) => {
            let words = "expected the folder as well, as in { move: processed }";
            r.error(node.place, format!("{path}: {words}"));
            AfterFetch::Leave
        }
        Some(Action::Leave) | None => AfterFetch::Leave,
    }
}

/// A folder that files are moved into: not the one that they are in.
fn moving(r: &mut Reader, section: &Section, to: Text, directory: &str) -> AfterFetch {
    let parts = |path: &str| -> Vec<String> {
        path.split('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect()
    };
    let same = match to.value.starts_with('/') {
        true => directory.starts_with('/') && parts(&to.value) == parts(directory),
        false => parts(&to.value).is_empty(),
    };
    if same {
        let (path, found) = (section.path_of("move"), to.shown());
        let words = "expected another folder than directory, or every file would be found again";
        r.error(to.place, format!("{path}: {words}, found {found}"));
        return AfterFetch::Leave;
    }
    AfterFetch::Move(to.value)
}
