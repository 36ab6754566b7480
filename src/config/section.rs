//! One mapping of the file, asked for its keys one by one.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use crate::model::Secret;

use super::environment::read_secret;
use super::problems::Place;
use super::reader::{Reader, Text};
use super::schema::Ask;
use super::yaml::{Key, Node, Value};

/// A mapping and where it stands.
pub(super) struct Section<'n> {
    /// The keys that lead to it, with dots between.
    pub path: String,
    pub place: Place,
    entries: &'n [(Key, Node)],
}

impl<'n> Section<'n> {
    pub fn new(path: String, place: Place, entries: &'n [(Key, Node)]) -> Self {
        Self { path, place, entries }
    }

    pub fn entries(&self) -> &'n [(Key, Node)] {
        self.entries
    }

    /// The keys that lead to `key`, with dots between.
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// What stands at `key`, if it is more than nothing.
    pub fn node(&self, key: &str) -> Option<&'n Node> {
        let (_, node) = self.entries.iter().find(|(k, _)| k.name == key)?;
        (!matches!(node.value, Value::Null)).then_some(node)
    }

    pub fn text(&self, r: &mut Reader, key: &str) -> Option<Text> {
        self.note(r, key, || Ask::Text);
        self.scalar(r, key)
    }

    /// Like [`Section::text`], where whoever asks says what is to stand there.
    pub fn scalar(&self, r: &mut Reader, key: &str) -> Option<Text> {
        r.scalar(self.node(key)?, &self.path_of(key))
    }

    /// Says what is asked for at `key`, for the schema.
    pub fn note(&self, r: &mut Reader, key: &str, ask: impl FnOnce() -> Ask) {
        r.note(|| (self.path_of(key), ask()));
    }

    /// Like [`Section::text`]; nothing there is a mistake, `expected` says what should be.
    pub fn required(&self, r: &mut Reader, key: &str, expected: &str) -> Option<Text> {
        self.note(r, key, || Ask::Required);
        let before = r.mistakes();
        let text = self.text(r, key).filter(|t| !t.value.trim().is_empty());
        if text.is_none() && r.mistakes() == before {
            self.missing(r, key, expected);
        }
        text
    }

    /// Notes that `key` is missing.
    pub fn missing(&self, r: &mut Reader, key: &str, expected: &str) {
        let (place, is) = match self.entries.iter().find(|(k, _)| k.name == key) {
            Some((k, _)) => (k.place, "is empty"),
            None => (Place { width: 0, ..self.place }, "is missing"),
        };
        r.error(place, format!("{} {is}: expected {expected}", self.path_of(key)));
    }

    /// A whole number within `range`.
    pub fn number<T>(&self, r: &mut Reader, key: &str, range: RangeInclusive<T>) -> Option<T>
    where
        T: FromStr + PartialOrd + Display,
    {
        self.note(r, key, || Ask::Number(range.start().to_string(), range.end().to_string()));
        let text = self.scalar(r, key)?;
        let number = text.value.trim().parse().ok().filter(|n| range.contains(n));
        if number.is_none() {
            let (path, found) = (self.path_of(key), text.shown());
            let (from, to) = (range.start(), range.end());
            r.error(
                text.place,
                format!("{path}: expected a whole number from {from} to {to}, found {found}"),
            );
        }
        number
    }

    pub fn flag(&self, r: &mut Reader, key: &str) -> Option<bool> {
        self.note(r, key, || Ask::Flag);
        let text = self.scalar(r, key)?;
        // The words that YAML 1.1 took for booleans: the first seed's files may hold them.
        match text.value.trim().to_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => {
                let (path, found) = (self.path_of(key), text.shown());
                r.error(text.place, format!("{path}: expected true or false, found {found}"));
                None
            }
        }
    }

    /// One of `choices`, upper and lower case alike.
    pub fn choice<T: Copy>(&self, r: &mut Reader, key: &str, choices: &[(&str, T)]) -> Option<T> {
        self.note(r, key, || Ask::choice(choices));
        let text = self.scalar(r, key)?;
        chosen(r, &self.path_of(key), &text, choices)
    }

    /// A list of single values; a single one alone is a list of one.
    pub fn texts(&self, r: &mut Reader, key: &str) -> Option<Vec<Text>> {
        self.note(r, key, || Ask::Texts);
        let node = self.node(key)?;
        let path = self.path_of(key);
        match &node.value {
            Value::List(items) => {
                let item = |(n, item): (usize, &Node)| {
                    let path = format!("{path}[{n}]");
                    if matches!(item.value, Value::Null) {
                        r.error(
                            item.place,
                            format!("{path}: expected a single value, found nothing"),
                        );
                    }
                    r.scalar(item, &path)
                };
                Some(items.iter().enumerate().filter_map(item).collect())
            }
            Value::Map(_) => {
                r.error(node.place, format!("{path}: expected a list, found a mapping"));
                None
            }
            _ => r.scalar(node, &path).map(|one| vec![one]),
        }
    }

    pub fn path(&self, r: &mut Reader, key: &str) -> Option<PathBuf> {
        self.note(r, key, || Ask::Path);
        self.scalar(r, key).map(|text| r.resolve(&text.value))
    }

    /// The secret at `key`, or in the file that `key_file` names.
    pub fn secret(&self, r: &mut Reader, key: &str) -> Option<Secret> {
        let file_key = format!("{key}_file");
        let path = self.path_of(key);
        self.note(r, key, || Ask::Secret);
        self.note(r, &file_key, || Ask::Path);
        if let Some(text) = self.scalar(r, &file_key) {
            if self.node(key).is_some() {
                r.error(text.place, format!("{path}: give either {key} or {file_key}, not both"));
            }
            return match read_secret(&r.resolve(&text.value)) {
                Ok(found) => {
                    if let Some(warning) = found.warning {
                        r.warn(text.place, format!("{path}_file: {warning}"));
                    }
                    Some(Secret::new(found.value))
                }
                Err(why) => {
                    r.error(text.place, format!("{path}_file: {why}"));
                    None
                }
            };
        }
        let text = self.scalar(r, key)?;
        if !text.referred {
            r.found_a_secret();
            r.warn(
                text.place,
                format!("{path}: a secret in plain text; write ${{NAME}} or use {file_key}"),
            );
        }
        Some(Secret::new(text.value))
    }

    /// Like [`Section::secret`]; nothing there is a mistake.
    pub fn required_secret(&self, r: &mut Reader, key: &str, expected: &str) -> Option<Secret> {
        self.note(r, key, || Ask::Required);
        let before = r.mistakes();
        let secret = self.secret(r, key).filter(|s| !s.is_empty());
        if secret.is_none() && r.mistakes() == before {
            self.missing(r, key, expected);
        }
        secret
    }
}

/// The one of `choices` that `text` names.
pub(super) fn chosen<T: Copy>(
    r: &mut Reader,
    path: &str,
    text: &Text,
    choices: &[(&str, T)],
) -> Option<T> {
    r.note(|| (path.to_owned(), Ask::choice(choices)));
    let wanted = text.value.trim();
    let found = choices.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    if found.is_none() {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let message = format!("{path}: expected {}, found {}", either(&names), text.shown());
        // A variable's value is not compared aloud: it may be a secret.
        if text.referred {
            r.error(text.place, message);
        } else {
            r.misspelled(text.place, message, wanted, &names);
        }
    }
    found.map(|(_, value)| *value)
}

/// `a, b or c`.
fn either(names: &[&str]) -> String {
    match names {
        [] => "nothing".into(),
        [only] => (*only).into(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
