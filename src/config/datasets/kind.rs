//! What a column's cells hold: the type, and what is said about it.

use std::fmt::Display;
use std::str::FromStr;

use crate::model::ColumnKind;
use crate::silver::read::able;

use crate::config::reader::{Reader, Text};
use crate::config::schedule::timezone;
use crate::config::section::{Section, chosen};

/// Places after the point, unless it is said: cents.
const SCALE: u8 = 2;

#[derive(Clone, Copy, PartialEq)]
enum Type {
    Text,
    Integer,
    Decimal,
    Real,
    Boolean,
    Date,
    Timestamp,
}

const TYPES: &[(&str, Type)] = &[
    ("text", Type::Text),
    ("integer", Type::Integer),
    ("decimal", Type::Decimal),
    ("real", Type::Real),
    ("boolean", Type::Boolean),
    ("date", Type::Date),
    ("timestamp", Type::Timestamp),
];

/// The keys that only some types have.
const SPECIAL: &[(&str, &[Type])] = &[
    ("min", &[Type::Integer, Type::Decimal, Type::Real]),
    ("max", &[Type::Integer, Type::Decimal, Type::Real]),
    ("scale", &[Type::Decimal]),
    ("max_length", &[Type::Text]),
    ("format", &[Type::Date, Type::Timestamp]),
    ("formats", &[Type::Date, Type::Timestamp]),
    ("timezone", &[Type::Timestamp]),
    ("true_values", &[Type::Boolean]),
    ("false_values", &[Type::Boolean]),
];

/// A kind as it is written.
pub(super) fn name(kind: &ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text { .. } => "text",
        ColumnKind::Integer { .. } => "integer",
        ColumnKind::Decimal { .. } => "decimal",
        ColumnKind::Real { .. } => "real",
        ColumnKind::Boolean { .. } => "boolean",
        ColumnKind::Date { .. } => "date",
        ColumnKind::Timestamp { .. } => "timestamp",
    }
}

/// The kind of the type called `name`, text without one.
pub(super) fn kind(r: &mut Reader, section: &Section, name: Option<&Text>) -> Option<ColumnKind> {
    let it = match name {
        Some(name) => chosen(r, &section.path_of("type"), name, TYPES)?,
        None => Type::Text,
    };
    for (key, _) in section.entries() {
        let special = SPECIAL.iter().find(|(name, _)| *name == key.name);
        if let Some((_, types)) = special.filter(|(_, types)| !types.contains(&it)) {
            let names = TYPES.iter().filter(|(_, t)| types.contains(t)).map(|(name, _)| *name);
            let names: Vec<&str> = names.collect();
            let (path, names) = (section.path_of(&key.name), names.join(", "));
            r.error(key.place, format!("{path}: is only for columns of type {names}"));
        }
    }
    Some(match it {
        Type::Text => {
            ColumnKind::Text { max_length: section.number(r, "max_length", 1..=1_048_576) }
        }
        Type::Integer => {
            let (min, max) = bounds(r, section, "a whole number", parsed::<i64>);
            ColumnKind::Integer { min, max }
        }
        Type::Decimal => {
            let scale = section.number(r, "scale", 0..=12).unwrap_or(SCALE);
            let expected = format!("a number with at most {scale} places after the point");
            let (min, max) = bounds(r, section, &expected, |text| able::decimal(text, scale).ok());
            ColumnKind::Decimal { scale, min, max }
        }
        Type::Real => {
            let real = |text: &str| parsed::<f64>(text).filter(|n| n.is_finite());
            let (min, max) = bounds(r, section, "a number", real);
            ColumnKind::Real { min, max }
        }
        Type::Boolean => {
            let mut words = |key| {
                let texts = section.texts(r, key).unwrap_or_default();
                texts
                    .into_iter()
                    .map(|t| (t.value.trim().to_lowercase(), t.place))
                    .collect::<Vec<_>>()
            };
            let (truths, falsehoods) = (words("true_values"), words("false_values"));
            for (word, place) in &falsehoods {
                if word == "true" || truths.iter().any(|(truth, _)| truth == word) {
                    let path = section.path_of("false_values");
                    r.error(*place, format!("{path}: \"{word}\" means true already"));
                }
            }
            let plain = |words: Vec<(String, _)>| words.into_iter().map(|(word, _)| word).collect();
            ColumnKind::Boolean { truths: plain(truths), falsehoods: plain(falsehoods) }
        }
        Type::Date => {
            let kind = ColumnKind::Date { formats: vec![] };
            ColumnKind::Date { formats: formats(r, section, &kind) }
        }
        Type::Timestamp => {
            let kind = ColumnKind::Timestamp { formats: vec![], timezone: None };
            let formats = formats(r, section, &kind);
            let zone = section.text(r, "timezone").and_then(|text| timezone(r, section, text));
            ColumnKind::Timestamp { formats, timezone: zone }
        }
    })
}

fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.trim().parse().ok()
}

/// `min` and `max`.
fn bounds<T: PartialOrd + Copy>(
    r: &mut Reader,
    section: &Section,
    expected: impl Display,
    parse: impl Fn(&str) -> Option<T>,
) -> (Option<T>, Option<T>) {
    let mut bound = |key| {
        let text = section.text(r, key)?;
        let value = parse(text.value.trim());
        if value.is_none() {
            let (path, found) = (section.path_of(key), text.shown());
            r.error(text.place, format!("{path}: expected {expected}, found {found}"));
        }
        value.map(|value| (value, text))
    };
    let (min, max) = (bound("min"), bound("max"));
    if let (Some((min, least)), Some((max, most))) = (&min, &max)
        && min > max
    {
        let path = section.path_of("min");
        let (min, max) = (least.shown(), most.shown());
        r.error(least.place, format!("{path}: {min} is more than max, {max}"));
    }
    (min.map(|(min, _)| min), max.map(|(max, _)| max))
}

/// `format`, or `formats`.
fn formats(r: &mut Reader, section: &Section, kind: &ColumnKind) -> Vec<String> {
    if let (Some(_), Some(node)) = (section.node("format"), section.node("formats")) {
        let path = section.path_of("formats");
        r.error(node.place, format!("{path}: give either format or formats, not both"));
    }
    let key = if section.node("format").is_some() { "format" } else { "formats" };
    let texts = section.texts(r, key).unwrap_or_default();
    for text in &texts {
        if let Err(why) = able::check_format(&text.value, kind) {
            let (path, found) = (section.path_of(key), text.shown());
            let expected = match kind {
                ColumnKind::Date { .. } => "as in \"%d.%m.%Y\"",
                _ => "as in \"%Y-%m-%d %H:%M:%S\"",
            };
            let message = format!("{path}: expected a format, {expected}, found {found}: {why}");
            r.error(text.place, message);
        }
    }
    texts.into_iter().map(|text| text.value).collect()
}
