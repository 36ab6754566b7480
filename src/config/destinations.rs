//! `destinations:`, the places where files go.

use std::collections::BTreeMap;

use crate::model::{DestinationSettings, DoubtPolicy, FinalNames, PublishMode};

use super::bandwidth::{self, bandwidth};
use super::problems::Place;
use super::reader::Reader;
use super::section::Section;
use super::ssh;
use super::yaml::Node;

const KEYS: &[&str] = &[
    "directory",
    "processed",
    "publish",
    "on_doubt",
    "names",
    "retention_days",
    "max_sessions",
    bandwidth::KEY,
];

/// Every destination, by name.
pub(super) fn destinations(
    r: &mut Reader,
    file: &Section,
) -> BTreeMap<String, DestinationSettings> {
    let Some(node) = file.node("destinations") else { return BTreeMap::new() };
    let Some(section) = r.names(node, "destinations") else { return BTreeMap::new() };
    let read = |(key, node): &(super::yaml::Key, Node)| {
        destination(r, &key.name, node).map(|d| (key.name.clone(), d))
    };
    section.entries().iter().filter_map(read).collect()
}

fn destination(r: &mut Reader, name: &str, node: &Node) -> Option<DestinationSettings> {
    let keys = [ssh::KEYS, KEYS].concat();
    let section = r.section(node, format!("destinations.{name}"), &keys)?;
    section.choice(r, "type", &[("sftp", ())]);
    let server = ssh::server(r, &section);
    let directory = section.required(r, "directory", "the folder that files are delivered into");
    let processed = section.text(r, "processed").map(|t| folder(&t.value));
    let publish = section.choice(
        r,
        "publish",
        &[("rename", PublishMode::Rename), ("direct", PublishMode::Direct)],
    );
    let on_doubt = section.choice(
        r,
        "on_doubt",
        &[("hold", DoubtPolicy::Hold), ("retry", DoubtPolicy::Retry)],
    );
    let names = section.choice(
        r,
        "names",
        &[("unique", FinalNames::Unique), ("original", FinalNames::Original)],
    );
    let retention_days = section.number(r, "retention_days", 1..=3650).unwrap_or(30);
    let max_sessions = section.number(r, "max_sessions", 1..=64).unwrap_or(4);
    let bandwidth = bandwidth(r, &section);
    let directory = folder(&directory?.value);
    if processed.as_deref() == Some(directory.as_str()) {
        let place = section.node("processed").map_or(section.place, |n| n.place);
        r.error(
            Place { width: 0, ..place },
            format!("destinations.{name}.processed: expected another folder than directory"),
        );
    }
    Some(DestinationSettings {
        name: name.to_owned(),
        server: server?,
        directory,
        processed,
        publish: publish.unwrap_or_default(),
        on_doubt: on_doubt.unwrap_or_default(),
        names: names.unwrap_or_default(),
        retention_days,
        max_sessions,
        bandwidth,
    })
}

/// With exactly one slash at its end.
fn folder(path: &str) -> String {
    format!("{}/", path.trim_end_matches('/'))
}
