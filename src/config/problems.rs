//! What is wrong with a configuration, and where.

use std::fmt;

use crate::model::Shown;

use super::excerpt;

/// A place in the file: line and column from 1, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub line: usize,
    pub column: usize,
    /// How many characters the thing there is wide; 0 if that is not known.
    pub width: usize,
}

impl Place {
    /// The beginning of the file.
    pub const START: Self = Self { line: 1, column: 1, width: 0 };
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line and column from 1, in characters; none if it stands in no file.
    pub position: Option<(usize, usize)>,
    /// What is wrong, and what was expected.
    pub message: String,
    /// The nearest valid name, where there is one.
    pub suggestion: Option<String>,
    /// The line with a caret below the place, with every secret in it hidden.
    pub(super) excerpt: Option<String>,
}

impl Problem {
    /// A mistake that stands in no file: in the environment, or no file at all.
    pub(super) fn nowhere(message: impl Into<String>) -> Self {
        Self { position: None, message: message.into(), suggestion: None, excerpt: None }
    }

    /// A mistake at `place` of `text`.
    pub(super) fn at(place: Place, text: &str, message: impl Into<String>) -> Self {
        Self {
            position: Some((place.line, place.column)),
            excerpt: excerpt::at(text, place),
            ..Self::nowhere(message)
        }
    }

    /// Adds the nearest of `names` to `wrong`, if one is near.
    #[must_use]
    pub(super) fn suggest(mut self, wrong: &str, names: &[&str]) -> Self {
        self.suggestion = nearest(wrong, names).map(str::to_owned);
        self
    }

    /// The mistake in one line, without the file's name.
    pub fn line(&self) -> String {
        let question = self
            .suggestion
            .as_ref()
            .map(|name| format!(" (did you mean \"{}\"?)", Shown::new(name)))
            .unwrap_or_default();
        format!("{}{question}", Shown::limited(&self.message, 1000))
    }
}

/// Everything that is wrong with a configuration, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The file, as it was named.
    pub file: String,
    /// The mistakes; at least one.
    pub problems: Vec<Problem>,
    /// What is allowed but unwise, as in [`Config`](super::Config).
    pub warnings: Vec<String>,
}

impl ConfigErrors {
    /// One mistake that stands in no file.
    pub(super) fn one(message: impl Into<String>) -> Self {
        Self { file: String::new(), problems: vec![Problem::nowhere(message)], warnings: vec![] }
    }
}

/// `file:line:column: message (did you mean …?)`, each with its line and a caret.
impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.problems.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            let file = Shown::new(&self.file);
            match problem.position {
                Some((line, column)) => write!(f, "{file}:{line}:{column}: ")?,
                None if !file.is_empty() => write!(f, "{file}: ")?,
                None => {}
            }
            write!(f, "{}", problem.line())?;
            if let Some(excerpt) = &problem.excerpt {
                write!(f, "\n{excerpt}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// The one of `names` that somebody who wrote `wrong` probably meant.
pub(super) fn nearest<'n>(wrong: &str, names: &[&'n str]) -> Option<&'n str> {
    let wrong = wrong.to_lowercase();
    let scored = names.iter().map(|name| {
        let distance = strsim::damerau_levenshtein(&wrong, &name.to_lowercase());
        // Half-written and swapped words (`interval` for `interval_minutes`) are far
        // apart by letters, but begin alike.
        let similar = strsim::jaro_winkler(&wrong, &name.to_lowercase());
        (distance, similar, *name)
    });
    scored
        .filter(|(distance, similar, name)| {
            *distance <= (name.chars().count() / 3).max(1) || *similar > 0.88
        })
        .min_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)))
        .map(|(_, _, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_far_ones_are_not() {
        let names = ["host", "host_key", "port", "password", "interval_minutes", "endpoint_type"];
        for (wrong, expected) in [
            ("hots", Some("host")),
            ("Host", Some("host")),
            ("hostkey", Some("host_key")),
            ("prot", Some("port")),
            ("pasword", Some("password")),
            ("endpoint_typ", Some("endpoint_type")),
            ("interval", Some("interval_minutes")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong, &names), expected, "{wrong}");
        }
    }
}
