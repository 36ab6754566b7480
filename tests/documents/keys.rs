//! The page of every key of `connector.yaml`, from its schema.

use serde_json::Value as Json;

use super::pages::NOTE;

const TOP: &str = "\
# Every key of connector.yaml

`transship init` writes an example to start from, `transship check` finds every mistake, and
`transship config schema` prints all of this for editors. Single values may hold `${NAME}` and
`${NAME:-default}`, which are filled in from the environment, from the file that `NAME_FILE` names,
or from the service manager's credentials folder; what is secret should. Relative paths start at
the project root. `NAME` stands for a name of your choice, `[]` for an item of a list.
";

/// The definitions of the schema, and what they are in the file.
const SECTIONS: &[(&str, &str)] = &[
    ("client_encoura", "clients.NAME of type encoura"),
    ("client_autodesk_construction_cloud", "clients.NAME of type autodesk"),
    ("client_google_drive", "clients.NAME of type google_drive"),
    ("client_sftp", "clients.NAME of type sftp"),
    ("destination", "destinations.NAME"),
    ("endpoint", "endpoints[]"),
    ("details_encoura", "endpoint_details of encoura"),
    ("details_autodesk_construction_cloud", "endpoint_details of autodesk_construction_cloud"),
    ("details_google_drive", "endpoint_details of google_drive"),
    ("details_sftp", "endpoint_details of sftp"),
    ("dataset", "datasets.NAME"),
    ("column", "datasets.NAME.columns.NAME"),
];

pub fn page() -> String {
    let schema = transship::config::schema();
    let mut page = format!("{NOTE}{TOP}");
    section(&schema, "The file", "", &mut page);
    for (name, title) in SECTIONS {
        let path = title.split(" of ").next().unwrap();
        section(&schema["definitions"][name], title, path, &mut page);
    }
    page
}

/// The table of a section, then those of the sections in it.
fn section(schema: &Json, title: &str, path: &str, page: &mut String) {
    // Its entries have sections of their own.
    if path == "clients" {
        return;
    }
    let Some(schema) = forms(schema).into_iter().find(|form| form["properties"].is_object()) else {
        return;
    };
    *page += &format!("\n## {title}\n\n| key | may be | usual | what for |\n|---|---|---|---|\n");
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let keys = schema["properties"].as_object().unwrap();
    for (key, its) in keys {
        let says = its["description"].as_str().unwrap_or_default();
        let usual = match &its["default"] {
            Json::Null if required.contains(&key.as_str()) => "*required*".to_owned(),
            Json::Null => String::new(),
            Json::String(text) => format!("`{text}`"),
            other => format!("`{other}`"),
        };
        *page += &format!("| `{key}` | {} | {usual} | {says} |\n", may_be(its));
    }
    for (key, its) in keys {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        section(its, &path, &path, page);
        for form in forms(its) {
            let path = format!("{path}.NAME");
            section(&form["additionalProperties"], &path, &path, page);
        }
    }
}

/// What may stand there, in words.
fn may_be(schema: &Json) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut add = |word: String| {
        if !words.contains(&word) {
            words.push(word);
        }
    };
    for form in forms(schema) {
        let kind = form["type"].as_str();
        if let Some(choices) = form["enum"].as_array() {
            let choices: Vec<String> =
                choices.iter().filter_map(Json::as_str).map(|c| format!("`{c}`")).collect();
            add(choices.join(", "));
        } else if kind == Some("integer") {
            let (least, most) = (&form["minimum"], &form["maximum"]);
            add(format!("a whole number from {least} to {most}"));
        } else if kind == Some("boolean") {
            add("`true`, `false`".to_owned());
        } else if kind == Some("array") {
            add("a list".to_owned());
        } else if form["properties"].is_object() || is_mapping(&form["type"]) {
            add("a mapping".to_owned());
        } else if form["type"].is_array() {
            add("a text".to_owned());
        }
    }
    words.join(" or ")
}

fn is_mapping(kind: &Json) -> bool {
    kind == "object" || kind.as_array().is_some_and(|kinds| kinds.contains(&"object".into()))
}

fn forms(schema: &Json) -> Vec<&Json> {
    match schema["anyOf"].as_array() {
        Some(forms) if schema["properties"].is_null() => forms.iter().collect(),
        _ => vec![schema],
    }
}

#[test]
fn every_key_of_the_schema_stands_on_the_page() {
    let page = page();
    let mut keys = Vec::new();
    collect(&transship::config::schema(), &mut keys);
    assert!(keys.len() > 150, "{}", keys.len());
    for (key, says) in keys {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{key}` ")));
        assert!(row.is_some(), "{key}");
        assert!(page.contains(&says), "{key}: {says}");
    }
}

fn collect(schema: &Json, keys: &mut Vec<(String, String)>) {
    match schema {
        Json::Object(map) => {
            for (key, its) in map.get("properties").and_then(Json::as_object).into_iter().flatten()
            {
                if let Some(says) = its["description"].as_str() {
                    keys.push((key.clone(), says.to_owned()));
                }
            }
            map.values().for_each(|inner| collect(inner, keys));
        }
        Json::Array(items) => items.iter().for_each(|inner| collect(inner, keys)),
        _ => {}
    }
}
