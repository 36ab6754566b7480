//! One definition.

use crate::model::{Dataset, Dialect, Format};
use crate::silver::read::able;

use super::column::column;
use super::{Draft, names, rollups};
use crate::config::problems::Place;
use crate::config::reader::{Reader, Text};
use crate::config::schema::Ask;
use crate::config::section::Section;
use crate::config::yaml::{Key, Node};
use crate::model::pattern::{MOST_ALTERNATIVES, alternatives};

const KEYS: &[&str] = &[
    "files",
    "format",
    "encoding",
    "delimiter",
    "quote",
    "header",
    "skip_lines",
    "key",
    "max_bad_percent",
    "rollups",
    "columns",
];

/// The keys that are about CSV alone.
const DIALECT: &[&str] = &["encoding", "delimiter", "quote", "header", "skip_lines"];

/// Percent of bad rows beyond which a file is refused, unless it is said.
const MAX_BAD_PERCENT: u8 = 50;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Csv,
    Json,
    Ndjson,
}

const FORMATS: &[(&str, Kind)] =
    &[("csv", Kind::Csv), ("json", Kind::Json), ("ndjson", Kind::Ndjson)];

/// The dataset called as `key` is; none if it cannot be made out.
pub(super) fn definition(r: &mut Reader, key: &Key, node: &Node, path: String) -> Option<Draft> {
    names::identifier(r, key, &path, "a dataset");
    names::reserved(r, key, &path);
    let section = r.section(node, path.clone(), KEYS)?;
    for key in ["files", "columns"] {
        section.note(r, key, || Ask::Required);
    }
    let files = files(r, &section);
    let format = format(r, &section, files.as_ref().map_or(&[], |(files, _)| files));
    let max_bad_percent = section.number(r, "max_bad_percent", 0..=100);
    let mut columns = Vec::new();
    match section.node("columns").map(|node| r.names(node, section.path_of("columns"))) {
        Some(None) => {}
        Some(Some(found)) if !found.entries().is_empty() => {
            for (key, node) in found.entries() {
                columns.extend(column(r, key, node, found.path_of(&key.name)));
            }
        }
        _ => section.missing(r, "columns", "its columns, as in { product_id: text!, price: … }"),
    }
    let (mut columns, places): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    let key_columns = section.texts(r, "key").unwrap_or_default();
    for text in &key_columns {
        // A row without its key could not be told from others.
        if let Some(column) = columns.iter_mut().find(|column| column.name == text.value) {
            column.required = true;
        }
    }
    let rollups = rollups::rollups(r, &section);
    let (files, place) = files?;
    let dataset = Dataset {
        name: key.name.clone(),
        files,
        format: format?,
        columns,
        key: key_columns.iter().map(|text| text.value.clone()).collect(),
        rollups: vec![],
        max_bad_percent: max_bad_percent.unwrap_or(MAX_BAD_PERCENT),
    };
    let draft = Draft {
        dataset,
        path,
        place: key.place,
        files: place,
        key: key_columns,
        columns: places,
        rollups,
    };
    (!draft.dataset.columns.is_empty()).then_some(draft)
}

fn files(r: &mut Reader, section: &Section) -> Option<(Vec<String>, Place)> {
    let texts = section.texts(r, "files").unwrap_or_default();
    let expected = "the names of its files, as in \"sales_*.csv\"";
    let Some(place) = section.node("files").map(|node| node.place).filter(|_| !texts.is_empty())
    else {
        section.missing(r, "files", expected);
        return None;
    };
    let path = section.path_of("files");
    for text in &texts {
        let wrong = if text.value.trim().is_empty() {
            format!("expected {expected}")
        } else if text.value.contains('/') {
            "a pattern is for names alone, not for folders".to_owned()
        } else if alternatives(&text.value).len() >= MOST_ALTERNATIVES {
            format!("its braces stand for {MOST_ALTERNATIVES} patterns and more")
        } else {
            continue;
        };
        r.error(text.place, format!("{path}: {wrong}, found {}", text.shown()));
    }
    Some((texts.into_iter().map(|text| text.value).collect(), place))
}

fn format(r: &mut Reader, section: &Section, files: &[String]) -> Option<Format> {
    let kind = match section.node("format") {
        Some(_) => section.choice(r, "format", FORMATS)?,
        None => by_name(files),
    };
    if kind == Kind::Csv {
        return dialect(r, section).map(Format::Csv);
    }
    for (key, _) in section.entries().iter().filter(|(key, _)| DIALECT.contains(&key.name.as_str()))
    {
        let path = section.path_of(&key.name);
        r.error(key.place, format!("{path}: is for csv alone; JSON is UTF-8 and says the rest"));
    }
    Some(if kind == Kind::Json { Format::Json } else { Format::Ndjson })
}

/// What the endings of the patterns say.
fn by_name(files: &[String]) -> Kind {
    let ends = |ends: &[&str]| {
        let one = |name: String| {
            let name = name.to_lowercase();
            let name = name.strip_suffix(".gz").unwrap_or(&name);
            ends.iter().any(|end| name.ends_with(end))
        };
        let mut names = files.iter().flat_map(|pattern| alternatives(pattern)).peekable();
        names.peek().is_some() && names.all(one)
    };
    if ends(&[".json"]) {
        Kind::Json
    } else if ends(&[".ndjson", ".jsonl"]) {
        Kind::Ndjson
    } else {
        Kind::Csv
    }
}

fn dialect(r: &mut Reader, section: &Section) -> Option<Dialect> {
    let before = r.mistakes();
    let usual = Dialect::default();
    let delimiter =
        section.text(r, "delimiter").and_then(|text| character(r, section, "delimiter", &text));
    let quote = section.text(r, "quote").map(|text| match text.value.trim() {
        "none" | "" => None,
        _ => character(r, section, "quote", &text),
    });
    let encoding = section.text(r, "encoding");
    if let Some(text) = encoding.as_ref().filter(|text| !able::knows_encoding(&text.value)) {
        let (path, found) = (section.path_of("encoding"), text.shown());
        let known = ["utf-8", "windows-1252", "iso-8859-1", "utf-16le", "utf-16be", "shift_jis"];
        let message = format!(
            "{path}: expected an encoding, as in \"utf-8\" or \"windows-1252\", found {found}"
        );
        r.misspelled(text.place, message, &text.value, &known);
    }
    let dialect = Dialect {
        delimiter: delimiter.unwrap_or(usual.delimiter),
        quote: quote.unwrap_or(usual.quote),
        encoding: encoding.map_or(usual.encoding, |text| text.value),
        header: section.flag(r, "header").unwrap_or(usual.header),
        skip_lines: section.number(r, "skip_lines", 0..=100_000).unwrap_or(0),
    };
    if dialect.quote == Some(dialect.delimiter) {
        let path = section.path_of("quote");
        r.error(section.place, format!("{path}: is the same character as the delimiter"));
    }
    (r.mistakes() == before).then_some(dialect)
}

/// One ASCII character that does not end lines; `tab` for the one that is hard to write.
fn character(r: &mut Reader, section: &Section, key: &str, text: &Text) -> Option<char> {
    let mut chars = text.value.chars();
    let found = match (text.value.as_str(), chars.next(), chars.next()) {
        ("tab" | "\\t", ..) => Some('\t'),
        (_, Some(c), None) if c.is_ascii() && !matches!(c, '\n' | '\r' | '\0') => Some(c),
        _ => None,
    };
    if found.is_none() {
        let path = section.path_of(key);
        let message =
            format!("{path}: expected one ASCII character or tab, found {}", text.shown());
        r.error(text.place, message);
    }
    found
}
