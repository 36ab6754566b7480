//! Reads values out of the tree and collects what is wrong with them.
//!
//! Reading never stops at a mistake: the caller gets `None`, the mistake is
//! noted, and at the end there is either no mistake or no configuration.

use std::path::{Path, PathBuf};

use crate::model::Shown;

use super::environment::Environment;
use super::problems::{Place, Problem};
use super::schema::Ask;
use super::section::Section;
use super::yaml::{Node, Value};

/// One file being read.
pub(super) struct Reader<'a> {
    pub environment: &'a Environment,
    /// The folder that relative paths start from.
    pub root: PathBuf,
    file: String,
    text: &'a str,
    problems: Vec<Problem>,
    warnings: Vec<(Option<Place>, String)>,
    /// Whether a secret stands in the file itself.
    holds_secrets: bool,
    /// What is asked for where, while the schema is drawn.
    asked: Option<Vec<(String, Ask)>>,
}

/// A single value, its references filled in.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub value: String,
    pub place: Place,
    /// Whether (a part of) it came from the environment: then it is not quoted
    /// in messages, because the wrong variable may hold a secret.
    pub referred: bool,
    pub quoted: bool,
}

impl Text {
    /// The value for an error message.
    pub fn shown(&self) -> String {
        if self.referred {
            "the value of the variable".into()
        } else {
            format!("\"{}\"", Shown::limited(&self.value, 60))
        }
    }
}

impl<'a> Reader<'a> {
    pub fn new(environment: &'a Environment, root: PathBuf, file: String, text: &'a str) -> Self {
        let (problems, warnings) = (vec![], vec![]);
        let (holds_secrets, asked) = (false, None);
        Self { environment, root, file, text, problems, warnings, holds_secrets, asked }
    }

    /// Notes that a secret stands in the file itself.
    pub fn found_a_secret(&mut self) {
        self.holds_secrets = true;
    }

    /// Whether one does.
    pub fn holds_secrets(&self) -> bool {
        self.holds_secrets
    }

    /// Writes down from now on what is asked for.
    pub fn write_down(&mut self) {
        self.asked = Some(vec![]);
    }

    /// What was asked for since [`Reader::write_down`], by path.
    pub fn asked(&mut self) -> Vec<(String, Ask)> {
        self.asked.take().unwrap_or_default()
    }

    /// Says what is asked for at a path, for the schema.
    pub fn note(&mut self, ask: impl FnOnce() -> (String, Ask)) {
        if let Some(asked) = &mut self.asked {
            asked.push(ask());
        }
    }

    /// What is wrong and what is unwise, each in the order of the file.
    pub fn finish(mut self) -> (Vec<Problem>, Vec<String>) {
        self.problems.sort_by_key(|p| p.position);
        self.warnings.sort_by_key(|(place, _)| *place);
        // What is read for two purposes is told once.
        self.problems.dedup();
        self.warnings.dedup();
        let file = Shown::new(&self.file);
        let warnings = self.warnings.iter().map(|(place, words)| match place {
            Some(p) => format!("{file}:{}:{}: {}", p.line, p.column, Shown::limited(words, 1000)),
            None => Shown::limited(words, 1000).to_string(),
        });
        (self.problems, warnings.collect())
    }

    pub fn error(&mut self, place: Place, message: impl Into<String>) {
        self.problems.push(Problem::at(place, self.text, message));
    }

    /// Like [`Reader::error`], with the nearest of `names` to `wrong`.
    pub fn misspelled(
        &mut self,
        place: Place,
        message: impl Into<String>,
        wrong: &str,
        names: &[&str],
    ) {
        self.problems.push(Problem::at(place, self.text, message).suggest(wrong, names));
    }

    /// A mistake in the environment.
    pub fn error_outside(&mut self, message: impl Into<String>) {
        self.problems.push(Problem::nowhere(message));
    }

    pub fn warn(&mut self, place: Place, message: impl Into<String>) {
        self.warnings.push((Some(place), message.into()));
    }

    pub fn warn_outside(&mut self, message: impl Into<String>) {
        self.warnings.push((None, message.into()));
    }

    /// The variable `name` of the environment, or what its file or the service
    /// manager's credentials folder holds.
    pub fn outside(&mut self, name: &str) -> Option<String> {
        match self.environment.lookup(name) {
            Ok(found) => {
                let found = found?;
                if let Some(warning) = found.warning {
                    self.warn_outside(format!("{name}: {warning}"));
                }
                Some(found.value)
            }
            Err(why) => {
                self.error_outside(why);
                None
            }
        }
    }

    pub fn mistakes(&self) -> usize {
        self.problems.len()
    }

    /// The mapping at `node`; keys that are not among `keys` are mistakes.
    pub fn section<'n>(
        &mut self,
        node: &'n Node,
        path: impl Into<String>,
        keys: &[&str],
    ) -> Option<Section<'n>> {
        let path = path.into();
        self.note(|| {
            let keys = keys.iter().map(|key| (*key).to_owned()).collect();
            (path.clone(), Ask::Section(keys))
        });
        let section = self.mapping(node, path)?;
        for (key, _) in section.entries() {
            if !keys.contains(&key.name.as_str()) {
                let place = if section.path.is_empty() { "" } else { " in " };
                let name = Shown::limited(&key.name, 60);
                let mut message = format!("unknown key \"{name}\"{place}{}", section.path);
                if super::problems::nearest(&key.name, keys).is_none() {
                    message.push_str(&format!("; expected one of: {}", keys.join(", ")));
                }
                self.misspelled(key.place, message, &key.name, keys);
            }
        }
        Some(section)
    }

    /// The mapping at `node`, whose keys the operator chooses.
    pub fn names<'n>(&mut self, node: &'n Node, path: impl Into<String>) -> Option<Section<'n>> {
        let path = path.into();
        self.note(|| (path.clone(), Ask::Names));
        self.mapping(node, path)
    }

    /// The mapping at `node`, whatever its keys.
    pub fn mapping<'n>(&mut self, node: &'n Node, path: String) -> Option<Section<'n>> {
        match &node.value {
            Value::Map(entries) => Some(Section::new(path, node.place, entries)),
            Value::Null => Some(Section::new(path, node.place, &[])),
            _ => {
                let what = if path.is_empty() { "the file" } else { &path };
                self.error(
                    node.place,
                    format!("{what}: expected a mapping, found {}", node.kind()),
                );
                None
            }
        }
    }

    /// The list at `node`; nothing is an empty one.
    pub fn list<'n>(&mut self, node: &'n Node, path: &str) -> &'n [Node] {
        self.note(|| (path.to_owned(), Ask::List));
        match &node.value {
            Value::List(items) => items,
            Value::Null => &[],
            _ => {
                self.error(node.place, format!("{path}: expected a list, found {}", node.kind()));
                &[]
            }
        }
    }

    /// The single value at `node`. Nothing, and a reference to nothing, is `None`.
    pub fn text(&mut self, node: &Node, path: &str) -> Option<Text> {
        self.note(|| (path.to_owned(), Ask::Text));
        self.scalar(node, path)
    }

    /// Like [`Reader::text`], where whoever asks says what is to stand there.
    pub fn scalar(&mut self, node: &Node, path: &str) -> Option<Text> {
        let (text, quoted) = match &node.value {
            Value::Scalar { text, quoted } => (text, *quoted),
            Value::Null => return None,
            _ => {
                let found = node.kind();
                self.error(node.place, format!("{path}: expected a single value, found {found}"));
                return None;
            }
        };
        let (value, referred) = self.expand(text, node.place, path)?;
        if referred && value.is_empty() {
            return None;
        }
        Some(Text { value, place: node.place, referred, quoted })
    }

    /// `text` with every `${NAME}` and `${NAME:-default}` filled in, and whether
    /// there was any; `$${` stands for `${`.
    fn expand(&mut self, text: &str, place: Place, path: &str) -> Option<(String, bool)> {
        let mut value = String::new();
        let mut referred = false;
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let (before, reference) = rest.split_at(start);
            if let Some(escaped) = before.strip_suffix('$') {
                value.push_str(escaped);
                value.push_str("${");
                rest = &reference[2..];
                continue;
            }
            value.push_str(before);
            let Some((inside, after)) = reference[2..].split_once('}') else {
                self.error(place, format!("{path}: \"${{\" without its \"}}\"; {ESCAPE}"));
                return None;
            };
            value.push_str(&self.reference(inside, place, path)?);
            referred = true;
            rest = after;
        }
        value.push_str(rest);
        Some((value, referred))
    }

    fn reference(&mut self, inside: &str, place: Place, path: &str) -> Option<String> {
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        let ok = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty()
            || name.starts_with(|c: char| c.is_ascii_digit())
            || !name.chars().all(ok)
        {
            self.error(
                place,
                format!(
                    "{path}: \"{}\" is no name of an environment variable; {ESCAPE}",
                    Shown::limited(name, 60)
                ),
            );
            return None;
        }
        match self.environment.lookup(name) {
            Ok(Some(found)) => {
                if let Some(warning) = found.warning {
                    self.warn(place, format!("{path}: {warning}"));
                }
                Some(found.value)
            }
            Ok(None) if default.is_some() => default.map(str::to_owned),
            Ok(None) => {
                self.error(place, format!("{path}: the environment variable {name} is not set"));
                None
            }
            Err(why) => {
                self.error(place, format!("{path}: {why}"));
                None
            }
        }
    }

    /// `path` made absolute: `~/` is the user's home, anything else starts at the root.
    pub fn resolve(&self, path: &str) -> PathBuf {
        let home = self.environment.home.as_deref();
        let path = match (path.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(path),
        };
        tidy(&self.root.join(path))
    }
}

const ESCAPE: &str = "write \"$${\" for the characters themselves";

/// `path` without `.` components; `..` stays, it may lead through a link.
pub(super) fn tidy(path: &Path) -> PathBuf {
    path.components().filter(|c| !matches!(c, std::path::Component::CurDir)).collect()
}
