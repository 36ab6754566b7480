//! The tree as a JSON schema.

use serde_json::{Map, Value as Json, json};

use super::tree::{Node, Tree, join};
use super::{Ask, words};
use crate::config::{clients, endpoints};
use crate::model::EndpointType;

/// Sections that stand at several places, or are long: their path and their name.
const DEFINITIONS: &[(&str, &str)] = &[
    ("destinations.*", "destination"),
    ("datasets.*", "dataset"),
    ("datasets.*.columns.*", "column"),
    ("endpoints[]", "endpoint"),
];

/// What stands for a reference to the environment anywhere in a value.
const REFERENCE: &str = r"\$\{";

pub(super) fn schema(tree: &Tree) -> Json {
    let mut definitions = Map::new();
    let mut file = section(tree, "", &tree.root, &mut definitions);
    let first = [
        ("$schema", json!("http://json-schema.org/draft-07/schema#")),
        ("title", json!("connector.yaml of transship")),
        ("description", json!("What is moved from where to where, and when.")),
    ];
    for (key, value) in first {
        file.insert(key.to_owned(), value);
    }
    file.insert("definitions".to_owned(), definitions.into());
    file.into()
}

/// What may stand at `path`; nothing is fine unless it is required.
fn value(
    tree: &Tree,
    path: &str,
    node: &Node,
    required: bool,
    all: &mut Map<String, Json>,
) -> Json {
    let mut forms: Vec<Json> = Vec::new();
    let is_section = node.keys.is_some() || path == "clients.*";
    for ask in &node.asks {
        match ask {
            Ask::Text | Ask::Path | Ask::Secret => forms.push(scalar()),
            Ask::Texts => forms.extend([scalar(), json!({"type": "array", "items": scalar()})]),
            Ask::Number(least, most) => forms.extend(number(least, most)),
            Ask::Flag => forms.extend([
                json!({"type": "boolean"}),
                words_of(&["true", "yes", "on", "false", "no", "off"].map(str::to_owned)),
            ]),
            Ask::Choice(choices) => {
                forms.extend([json!({"enum": choices}), words_of(choices)]);
            }
            Ask::Section(_) if is_section => {
                let mut map = section(tree, path, node, all);
                map.insert("type".to_owned(), json!("object"));
                forms.push(map.into());
            }
            Ask::Names => forms.push(names(tree, path, node, all)),
            Ask::List => {
                let items = child(tree, path, "[]", node, true, all);
                forms.push(json!({"type": "array", "items": items}));
            }
            _ => {}
        }
    }
    if !node.asks.is_empty() && !required {
        forms.push(json!({"type": "null"}));
    }
    forms.dedup();
    match forms.len() {
        0 => json!({}),
        1 => forms.remove(0),
        _ => json!({"anyOf": forms}),
    }
}

fn section(tree: &Tree, path: &str, node: &Node, all: &mut Map<String, Json>) -> Map<String, Json> {
    let mut properties = Map::new();
    for key in node.keys.iter().flatten() {
        let required = node.required.contains(key);
        let mut its = match key.as_str() {
            "endpoint_details" => json!({"type": ["object", "null"]}),
            key => child(tree, path, key, node, required, all),
        };
        if let (Some(said), Some(map)) = (words::of(path, key), its.as_object_mut()) {
            map.insert("description".to_owned(), said.says.into());
            if let Some(usual) = said.usual {
                map.insert("default".to_owned(), usual);
            }
        }
        properties.insert(key.clone(), its);
    }
    let mut map = Map::new();
    map.insert("type".to_owned(), json!(["object", "null"]));
    map.insert("properties".to_owned(), properties.into());
    map.insert("additionalProperties".to_owned(), json!(false));
    let mut conditions = Vec::new();
    let mut required = Vec::new();
    for key in &node.required {
        // A secret may stand in a file as well.
        let file = format!("{key}_file");
        match node.keys.iter().flatten().any(|other| *other == file) {
            true => conditions.push(json!({"anyOf": [{"required": [key]}, {"required": [file]}]})),
            false => required.push(key),
        }
    }
    if !required.is_empty() {
        map.insert("required".to_owned(), json!(required));
    }
    if path == "endpoints[]" {
        conditions.extend(details(tree, node, all));
    }
    if !conditions.is_empty() {
        map.insert("allOf".to_owned(), conditions.into());
    }
    map
}

fn names(tree: &Tree, path: &str, node: &Node, all: &mut Map<String, Json>) -> Json {
    if path == "clients" {
        return by_name(tree, node, all);
    }
    let inner = match path {
        // They are like those at top level.
        "endpoints[].datasets" => json!({"$ref": "#/definitions/dataset"}),
        _ => child(tree, path, "*", node, false, all),
    };
    json!({"type": "object", "additionalProperties": inner})
}

/// What stands at `key` below `path`, or where its definition stands.
fn child(
    tree: &Tree,
    path: &str,
    key: &str,
    node: &Node,
    required: bool,
    all: &mut Map<String, Json>,
) -> Json {
    let Some(inner) = node.children.get(key) else { return json!({}) };
    let at = join(path, key);
    let Some((_, name)) = DEFINITIONS.iter().find(|(path, _)| *path == at) else {
        return value(tree, &at, inner, required, all);
    };
    let drawn = value(tree, &at, inner, required, all);
    all.insert((*name).to_owned(), drawn);
    json!({"$ref": format!("#/definitions/{name}")})
}

/// The entries of `clients`: of the type that they name, else of the one they are called by.
fn by_name(tree: &Tree, node: &Node, all: &mut Map<String, Json>) -> Json {
    let typed = json!({"properties": {"type": {"not": {"type": "null"}}}, "required": ["type"]});
    let Some(entry) = node.children.get("*") else { return json!({"type": "object"}) };
    let mut choices = Vec::new();
    for its in EndpointType::ALL {
        let Some(kind) = kind(tree, "clients.*", entry, *its, all) else { continue };
        let names = clients::TYPES.iter().filter(|(_, one)| one == its);
        let names: Vec<String> = names.map(|(name, _)| (*name).to_owned()).collect();
        let one = json!({"properties": {"type": any_case(&names)}, "required": ["type"]});
        choices.push(json!({"if": one, "then": kind}));
    }
    let named: Vec<String> = clients::TYPES.iter().map(|(name, _)| (*name).to_owned()).collect();
    let client = json!({
        "type": "object",
        "properties": {"type": {"anyOf": [{"enum": named}, words_of(&named)]}},
        "required": ["type"],
        "allOf": choices,
    });
    all.insert("client".to_owned(), client);
    let by_type = json!({"$ref": "#/definitions/client"});
    let mut properties = Map::new();
    for (name, its) in clients::TYPES {
        let own = json!({"$ref": format!("#/definitions/client_{its}")});
        properties.insert((*name).to_owned(), json!({"if": typed, "then": by_type, "else": own}));
    }
    json!({"type": "object", "properties": properties, "additionalProperties": by_type})
}

/// `endpoint_details`, whose keys depend on the endpoint's type.
fn details(tree: &Tree, endpoint: &Node, all: &mut Map<String, Json>) -> Vec<Json> {
    let Some(node) = endpoint.children.get("endpoint_details") else { return vec![] };
    let mut conditions = Vec::new();
    for (name, its) in endpoints::TYPES {
        let Some(kind) = kind(tree, "endpoints[].endpoint_details", node, *its, all) else {
            continue;
        };
        let one = any_case(&[(*name).to_owned()]);
        conditions.push(json!({
            "if": {"properties": {"endpoint_type": one}, "required": ["endpoint_type"]},
            "then": {"properties": {"endpoint_details": {"anyOf": [kind, {"type": "null"}]}}},
        }));
    }
    conditions
}

/// A reference to the section at `path` for this type, which becomes a definition.
fn kind(
    tree: &Tree,
    path: &str,
    node: &Node,
    its: EndpointType,
    all: &mut Map<String, Json>,
) -> Option<Json> {
    let key = format!("<{its}>");
    let inner = node.children.get(&key)?;
    let name = match path {
        "clients.*" => format!("client_{its}"),
        _ => format!("details_{its}"),
    };
    let drawn = value(tree, &join(path, &key), inner, true, all);
    all.insert(name.clone(), drawn);
    Some(json!({"$ref": format!("#/definitions/{name}")}))
}

/// YAML has several kinds of single values, and a text may look like any of them.
fn scalar() -> Json {
    json!({"type": ["string", "number", "boolean"]})
}

fn number(least: &str, most: &str) -> [Json; 2] {
    let bound = |text: &str| text.parse::<u64>().map_or(Json::Null, Json::from);
    [
        json!({"type": "integer", "minimum": bound(least), "maximum": bound(most)}),
        json!({"type": "string", "pattern": format!(r"^\s*\+?[0-9]+\s*$|{REFERENCE}")}),
    ]
}

/// One of `words` in upper or lower case, or a reference.
fn words_of(words: &[String]) -> Json {
    let words: Vec<String> = words.iter().map(|word| letters(word)).collect();
    json!({"type": "string", "pattern": format!(r"^\s*({})\s*$|{REFERENCE}", words.join("|"))})
}

/// One of `words` in upper or lower case.
fn any_case(words: &[String]) -> Json {
    let words: Vec<String> = words.iter().map(|word| letters(word)).collect();
    json!({"type": "string", "pattern": format!(r"^\s*({})\s*$", words.join("|"))})
}

/// A pattern for `word` in upper or lower case: JSON schema has no flag for it.
fn letters(word: &str) -> String {
    let both = |c: char| match c.is_ascii_alphabetic() {
        true => format!("[{}{}]", c.to_ascii_uppercase(), c.to_ascii_lowercase()),
        false => c.to_string(),
    };
    word.chars().map(both).collect()
}
