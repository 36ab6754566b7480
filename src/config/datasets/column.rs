//! One column.

use crate::model::{Carried, Column, ColumnKind};
use crate::silver::read::able;

use super::kind::{self, kind};
use super::{At, names};
use crate::config::reader::{Reader, Text};
use crate::config::section::Section;
use crate::config::yaml::{Key, Node, Value};

const KEYS: &[&str] = &[
    "type",
    "required",
    "from",
    "trim",
    "default",
    "nulls",
    "references",
    "dictionary",
    "indexed",
    "min",
    "max",
    "scale",
    "max_length",
    "format",
    "formats",
    "timezone",
    "true_values",
    "false_values",
    "carried",
];

/// The keys that a carried column may have.
const CARRIED: &[&str] = &["type", "indexed", "carried"];

/// `name: type!`, or `name: {type: …}`.
pub(super) fn column(r: &mut Reader, key: &Key, node: &Node, path: String) -> Option<(Column, At)> {
    names::identifier(r, key, &path, "a column");
    names::of_sqlite(r, key, &path);
    let mut column = Column::text(&key.name);
    let mut at = At {
        path: path.clone(),
        place: key.place,
        typed: false,
        references: None,
        via: None,
        carried: None,
        dictionary: None,
    };
    match &node.value {
        Value::Map(_) => {
            let section = r.section(node, path, KEYS)?;
            said(r, &section, &mut column, &mut at);
        }
        Value::Null => {}
        _ => {
            let text = r.text(node, &path)?;
            let nothing = Section::new(path, node.place, &[]);
            let (name, required) = shorthand(&text);
            column.required = required;
            column.kind = kind(r, &nothing, Some(&name)).unwrap_or(column.kind);
            at.typed = true;
        }
    }
    Some((column, at))
}

/// The type without its `!`, and whether there was one.
fn shorthand(text: &Text) -> (Text, bool) {
    let value = text.value.trim();
    let name = value.strip_suffix('!').unwrap_or(value);
    (Text { value: name.to_owned(), ..text.clone() }, name != value)
}

fn said(r: &mut Reader, section: &Section, column: &mut Column, at: &mut At) {
    let name = section.text(r, "type").map(|text| shorthand(&text));
    at.typed = name.is_some();
    let required = name.as_ref().is_some_and(|(_, required)| *required);
    let before = r.mistakes();
    let kind = kind(r, section, name.as_ref().map(|(name, _)| name));
    let known = r.mistakes() == before;
    column.kind = kind.unwrap_or(ColumnKind::Text { max_length: None });
    column.required = section.flag(r, "required").unwrap_or(false) || required;
    column.trim = section.flag(r, "trim").unwrap_or(true);
    if let Some(from) = section.text(r, "from") {
        column.source = from.value;
    }
    column.nulls =
        section.texts(r, "nulls").unwrap_or_default().into_iter().map(|text| text.value).collect();
    column.indexed = section.flag(r, "indexed").unwrap_or(false);
    at.references = section.text(r, "references");
    column.references = at.references.as_ref().map(|text| text.value.clone());
    carried(r, section, column, at);
    dictionary(r, section, column, at);
    if let Some(text) = section.text(r, "default") {
        column.default = Some(text.value.clone());
        if known && let Err(why) = able::check_default(column) {
            let (path, found) = (section.path_of("default"), text.shown());
            r.error(text.place, format!("{path}: {found} is no value of this column: it is {why}"));
        }
        if column.nulls.contains(&text.value) {
            let path = section.path_of("default");
            r.error(text.place, format!("{path}: {} is one of the nulls", text.shown()));
        }
    }
    if matches!(column.kind, ColumnKind::Real { .. })
        && let Some(text) = &at.references
    {
        let path = section.path_of("references");
        r.error(text.place, format!("{path}: {} references nothing", kind::name(&column.kind)));
    }
}

fn carried(r: &mut Reader, section: &Section, column: &mut Column, at: &mut At) {
    let Some(node) = section.node("carried") else { return };
    let path = section.path_of("carried");
    let Some(inner) = r.section(node, path, &["via", "column"]) else { return };
    at.via = inner.required(r, "via", "the column of this dataset that references the other one");
    at.carried = inner.required(r, "column", "the column of the other dataset");
    for (key, _) in section.entries() {
        if !CARRIED.contains(&key.name.as_str()) {
            let path = section.path_of(&key.name);
            r.error(key.place, format!("{path}: a carried column is as it is where it comes from"));
        }
    }
    if let (Some(via), Some(name)) = (&at.via, &at.carried) {
        column.carried = Some(Carried { via: via.value.clone(), column: name.value.clone() });
    }
}

fn dictionary(r: &mut Reader, section: &Section, column: &mut Column, at: &mut At) {
    let Some(text) = section.text(r, "dictionary") else { return };
    let path = section.path_of("dictionary");
    at.dictionary = Some(text.place);
    if !matches!(column.kind, ColumnKind::Text { .. }) {
        r.error(text.place, format!("{path}: only text columns have a dictionary"));
    }
    if let Some(references) = &at.references {
        let words = "a column that references another dataset has no dictionary";
        r.error(references.place, format!("{path}: {words}"));
    }
    let key = Key { name: text.value, place: text.place };
    names::identifier(r, &key, &path, "a dictionary");
    names::reserved(r, &key, &path);
    column.dictionary = Some(key.name);
}
