//! The JSON schema of `connector.yaml`: it takes what the reader takes, and the one that is
//! checked in is the one that the code says.

use std::sync::LazyLock;

use serde_json::{Value as Json, json};

use super::{EXAMPLE, PIN, load};

const PROBE: &str = include_str!("../../src/config/schema/probe.yaml");

/// The schema, ready to be asked. That it is one, by its own schema, is checked on the way.
static SCHEMA: LazyLock<(boon::Schemas, boon::SchemaIndex)> = LazyLock::new(|| {
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.add_resource("connector.json", transship::config::schema()).unwrap();
    let index = compiler.compile("connector.json", &mut schemas);
    let index = index.unwrap_or_else(|error| panic!("{error:#}"));
    (schemas, index)
});

/// What the schema has against `text`; nothing: it takes it.
pub fn complaints(text: &str) -> String {
    complaints_about(&as_json(text).unwrap_or_else(|| panic!("not YAML to others:\n{text}")))
}

fn complaints_about(file: &Json) -> String {
    match SCHEMA.0.validate(file, SCHEMA.1) {
        Ok(()) => String::new(),
        Err(error) => format!("{error:#}"),
    }
}

/// The text as another YAML parser reads it; none if it cannot.
fn as_json(text: &str) -> Option<Json> {
    // Its own characters are fine in `{ … }`, where those of a reference are not.
    let mut hidden = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        // `$${` is no reference, but stands for `${`.
        if before.ends_with('$') {
            hidden += &format!("{before}${{");
            rest = after;
            continue;
        }
        let (inside, after) = after.split_once('}')?;
        hidden += &format!("{before}\u{E000}{}\u{E001}", inside.replace(':', "\u{E002}"));
        rest = after;
    }
    let mut file: Json = serde_saphyr::from_str(&(hidden + rest)).ok()?;
    shown(&mut file);
    // An empty file is an empty mapping.
    Some(if file.is_null() { json!({}) } else { file })
}

fn shown(value: &mut Json) {
    match value {
        Json::String(text) => {
            *text =
                text.replace('\u{E000}', "${").replace('\u{E001}', "}").replace('\u{E002}', ":");
        }
        Json::Array(items) => items.iter_mut().for_each(shown),
        Json::Object(map) => map.values_mut().for_each(shown),
        _ => {}
    }
}

/// `SCHEMA=FILE` writes it there: `.ci/documents` does.
#[test]
fn the_schema_that_is_checked_in_is_the_reader_s() {
    let schema = transship::config::schema();
    if let Some(file) = std::env::var_os("SCHEMA") {
        std::fs::write(file, format!("{schema:#}\n")).unwrap();
        return;
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/connector.schema.json");
    let checked_in: Json = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert!(
        checked_in == schema,
        "assets/connector.schema.json is not what the code says: run .ci/documents and look at \
         the difference"
    );
}

/// Takes what is commented out in the example in.
#[test]
fn the_example_is_valid_with_everything_in_it() {
    assert_eq!(complaints(EXAMPLE), "");
    let whole = uncommented(&uncommented(EXAMPLE));
    let keys = as_json(&whole).unwrap_or_else(|| panic!("{whole}"));
    assert_eq!(complaints(&whole), "", "{whole}");
    assert!(keys["clients"]["feed"].is_object() && keys["console"].is_object(), "{whole}");
    assert!(keys["endpoints"].as_array().unwrap().len() >= 4, "{whole}");
}

/// A key is one lower-case word with a colon; prose is not, but for these.
fn uncommented(text: &str) -> String {
    const PROSE: &[&str] = &["# transship: what", "# level: error"];
    let key = |said: &str| {
        let key = said.trim_start().trim_start_matches("- ").split_once(':');
        let word = |c: char| c.is_ascii_lowercase() || c == '_';
        key.is_some_and(|(key, rest)| {
            let ends = rest.is_empty() || rest.starts_with(' ');
            ends && !key.is_empty() && key.chars().all(word)
        })
    };
    let line = |line: &str| {
        let bare = line.trim_start();
        let prose = PROSE.iter().any(|start| line.starts_with(start));
        match bare.strip_prefix("# ").filter(|said| !prose && key(said)) {
            Some(said) => format!("{}{said}\n", &line[..line.len() - bare.len()]),
            None => format!("{line}\n"),
        }
    };
    text.lines().map(line).collect()
}

#[test]
fn mistakes_of_keys_and_kinds_are_found() {
    for (text, expected) in [
        ("endpoint: []", "endpoint"),
        ("log: { levle: info }", "levle"),
        ("log: { level: loud }", "/log/level"),
        ("log: [1]", "/log"),
        ("scheduling: { max_transfers: many }", "/scheduling/max_transfers"),
        ("scheduling: { max_transfers: 257 }", "/scheduling/max_transfers"),
        ("scheduling: { max_transfers: 1.5 }", "/scheduling/max_transfers"),
        ("console: { mouse: perhaps }", "/console/mouse"),
        ("console: { keys: { retri: t } }", "retri"),
        ("clients: { mine: { host: h } }", "type"),
        ("clients: { mine: { type: ftp } }", "/clients/mine/type"),
        ("clients: { encoura: { username: u } }", "/clients/encoura"),
        ("clients: { mine: { type: SFTP, host: h, username: u, prot: 1 } }", "prot"),
        ("destinations: { slate: { host: h } }", "directory"),
        ("endpoints: { name: a }", "/endpoints"),
        ("endpoints: [{ name: a }]", "endpoint_type"),
        (
            "endpoints: [{ name: a, endpoint_type: google_drive, endpoint_details: { hub_id: x } }]",
            "/endpoints/0/endpoint_details",
        ),
        (
            "endpoints: [{ name: a, endpoint_type: sftp, schedule: { type: hourly } }]",
            "/endpoints/0/schedule",
        ),
        ("datasets: { t: { files: a, columns: { a: { typ: text } } } }", "/datasets/t"),
    ] {
        let found = complaints(text);
        assert!(found.contains(expected), "{text}: {found}");
    }
}

/// One thing after the other is changed in the probe: the reader and the schema agree about
/// keys that do not exist, and about lists and mappings where there should be none.
#[test]
fn what_is_refused_is_refused_by_both() {
    let probe = as_json(PROBE).unwrap();
    let mut tried = 0;
    for path in paths(&probe) {
        for wrong in [json!({"unheard_of": {}}), json!([["x"]]), json!([{"x": 1}])] {
            let mut file = probe.clone();
            let there = file.pointer_mut(&path).unwrap();
            match (there.as_object_mut(), &wrong) {
                (Some(map), Json::Object(more)) => map.extend(more.clone()),
                _ => *there = wrong.clone(),
            }
            let read = load(&file.to_string(), &[("PIN", PIN)]);
            // That what names refer to is gone is said by the reader alone.
            let structural = |line: &String| {
                !["there is no ", "references nothing", "is no value", "is no dataset"]
                    .iter()
                    .any(|words| line.contains(words))
            };
            let mistakes: Vec<String> = match read {
                Ok(_) => vec![],
                Err(errors) => {
                    errors.problems.iter().map(|p| p.line()).filter(structural).collect()
                }
            };
            let found = complaints_about(&file);
            assert_eq!(
                mistakes.is_empty(),
                found.is_empty(),
                "{path} = {wrong}:\nreader: {mistakes:#?}\nschema: {found}"
            );
            tried += 1;
        }
    }
    assert!(tried > 300, "{tried}");
}

/// The JSON pointers of everything in `value`.
fn paths(value: &Json) -> Vec<String> {
    let children: Vec<(String, &Json)> = match value {
        Json::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Json::Array(items) => items.iter().enumerate().map(|(n, v)| (n.to_string(), v)).collect(),
        _ => vec![],
    };
    let below = children.into_iter().flat_map(|(key, value)| {
        let mut all = vec![format!("/{key}")];
        all.extend(paths(value).into_iter().map(|rest| format!("/{key}{rest}")));
        all
    });
    below.collect()
}

/// The job without a file is a configuration too.
#[test]
fn the_job_of_the_six_variables_is_valid() {
    assert_eq!(complaints(include_str!("../../src/config/script.yaml")), "");
}
