//! The language of filters: `state:failed endpoint:slate -size:<1MB "two words"`.
//!
//! All terms must hold. A term is a word found in any text of the row, or
//! `field:word`, or `field:>number`; `-` before it turns it around; `a,b` after a colon
//! means either. What cannot be understood filters nothing, and is said.

use jiff::Timestamp;
use memchr::memmem;

use super::fields::{self, Field, Fields, Value};
use super::state::Pane;
use crate::model::Id;

/// What `state:failed` and its like stand for, whatever the state is called exactly.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "failed",
        &["failed", "partial", "retry", "held", "doubt", "quarantined", "expired", "refused"],
    ),
    ("you", &["held", "doubt", "quarantined", "expired", "needs_operator", "refused"]),
    ("done", &["published", "confirmed", "cleaned", "done", "ingested"]),
    ("empty", &["nothing_new"]),
];

/// A filter as it was typed, understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Filter {
    terms: Vec<Term>,
    /// Where a word without a field is looked for.
    words: Vec<Field>,
    /// What of it could not be understood, for the operator.
    pub error: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Term {
    negated: bool,
    /// None for any text of the row.
    field: Option<Field>,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    /// Holds one of these.
    Words(Vec<Word>),
    /// Above, or below, this many: bytes, rows, attempts, or seconds of age.
    Above(u64),
    Below(u64),
}

/// A word that is looked for, with all that need not be found out again for every row.
#[derive(Clone, Debug, PartialEq)]
struct Word {
    /// In lower case.
    text: String,
    /// What a state that is meant has in its name: one of these.
    states: Vec<String>,
    /// Whether it can be an id, which is a whole word: `x1` is not `x17`.
    is_id: bool,
}

impl Word {
    fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let state = text.replace(' ', "_");
        let group = GROUPS.iter().find(|(name, _)| *name == state);
        let states = group.into_iter().flat_map(|(_, states)| states.iter().copied());
        Self {
            states: states.map(str::to_owned).chain([state.clone()]).collect(),
            is_id: text.parse::<Id>().is_ok(),
            text,
        }
    }

    /// Whether it means nothing but its letters: no group of states, no state with spaces
    /// in its name, no id.
    fn is_plain(&self) -> bool {
        !self.is_id && self.states == [self.text.as_str()]
    }
}

impl Filter {
    /// Understands what was typed for `pane`.
    pub(super) fn parse(typed: &str, pane: Pane) -> Self {
        let mut filter = Self { words: fields::words(pane).collect(), ..Self::default() };
        for word in words(typed) {
            match term(&word, pane) {
                Ok(Some(term)) => filter.terms.push(term),
                Ok(None) => {}
                Err(error) => filter.error = Some(error),
            }
        }
        filter
    }

    /// Whether `row` passes.
    pub(super) fn passes(&self, row: &impl Fields, now: Timestamp) -> bool {
        self.terms.iter().all(|term| {
            let holds = match term.field {
                Some(field) => term.test.holds(&row.value(field), field, now),
                None if term.test.is_in(row.words()) => true,
                None if term.test.is_plain() && row.words().is_some() => false,
                None => self
                    .words
                    .iter()
                    // Ids are put into words for those alone who look for one.
                    .filter(|field| **field != Field::Id || term.test.is_for_id())
                    .map(|field| (*field, row.value(*field)))
                    .filter(|(_, value)| matches!(value, Value::Text(_)))
                    .any(|(field, value)| term.test.holds(&value, field, now)),
            };
            holds != term.negated
        })
    }

    /// Whether no row passes that did not pass `before`: more was asked for, or more
    /// letters of the last word were typed.
    pub(super) fn narrows(&self, before: &Self) -> bool {
        let understood = self.error.is_none() && before.error.is_none();
        let Some((last, others)) = before.terms.split_last() else { return understood };
        let Some((kept, rest)) = self.terms.split_at_checked(others.len()) else { return false };
        let goes_on = rest.first().is_some_and(|term| term == last || term.goes_on(last));
        understood && kept == others && goes_on
    }
}

impl Term {
    /// Whether whatever holds this word in any text holds also `before`, its beginning.
    fn goes_on(&self, before: &Self) -> bool {
        let both = self.plain_word().zip(before.plain_word());
        both.is_some_and(|(now, before)| now.starts_with(before))
    }

    /// The word, if that and nothing else is looked for in any text.
    fn plain_word(&self) -> Option<&str> {
        match &self.test {
            Test::Words(words) if !self.negated && self.field.is_none() => match &words[..] {
                [word] if word.is_plain() => Some(&word.text),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Test {
    fn holds(&self, value: &Value<'_>, field: Field, now: Timestamp) -> bool {
        let number = match value {
            Value::Number(number) => Some(*number),
            Value::Time(at) => Some(at.duration_since(now).as_secs().unsigned_abs()),
            _ => None,
        };
        match self {
            Self::Above(limit) => number.is_some_and(|number| number > *limit),
            Self::Below(limit) => number.is_some_and(|number| number < *limit),
            Self::Words(wanted) => match value {
                // Most rows of a long list do not have it: they are to cost little.
                Value::Text(text) => wanted.iter().any(|word| match field {
                    Field::State | Field::Now => {
                        word.states.iter().any(|state| contains(text, state))
                    }
                    Field::Id => text.split(' ').any(|id| id.eq_ignore_ascii_case(&word.text)),
                    _ => contains(text, &word.text),
                }),
                Value::Number(number) => {
                    let number = number.to_string();
                    wanted.iter().any(|word| word.text == number)
                }
                _ => false,
            },
        }
    }

    /// Whether one of the words is among `all` those of a row, where these are known.
    fn is_in(&self, all: Option<&str>) -> bool {
        let find = |word: &Word| {
            all.is_some_and(|all| memmem::find(all.as_bytes(), word.text.as_bytes()).is_some())
        };
        matches!(self, Self::Words(words) if words.iter().any(find))
    }

    /// Whether a row that has none of these words anywhere does not hold it.
    fn is_plain(&self) -> bool {
        matches!(self, Self::Words(words) if words.iter().all(Word::is_plain))
    }

    fn is_for_id(&self) -> bool {
        matches!(self, Self::Words(words) if words.iter().any(|word| word.is_id))
    }
}

/// Whether `text` holds `wanted`, which is in lower case, whatever the case of its letters.
fn contains(text: &str, wanted: &str) -> bool {
    if !text.is_ascii() {
        return text.to_lowercase().contains(wanted);
    }
    let (text, wanted) = (text.as_bytes(), wanted.as_bytes());
    let Some(first) = wanted.first() else { return true };
    memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text).any(|at| {
        text.get(at..at + wanted.len()).is_some_and(|part| part.eq_ignore_ascii_case(wanted))
    })
}

/// The words of a filter; quotes hold several together.
fn words(typed: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in typed.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                word.push(c);
            }
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// One term; none while there is too little of it.
fn term(word: &str, pane: Pane) -> Result<Option<Term>, String> {
    let lower = word.to_lowercase();
    let (negated, rest) = match lower.strip_prefix(['-', '!']) {
        Some(rest) => (true, rest),
        None => (false, lower.as_str()),
    };
    let any = |text: &str| {
        let text = text.replace('"', "");
        let test = Test::Words(vec![Word::new(&text)]);
        Ok((!text.is_empty()).then_some(Term { negated, field: None, test }))
    };
    if rest.starts_with('"') {
        return any(rest);
    }
    let Some((name, value)) = rest.split_once(':') else { return any(rest) };
    let names = fields::names(pane);
    let field = names.iter().find(|field| typed_name(**field) == name).ok_or_else(|| {
        format!("no field is called {name}; there are {}", typable(pane).join(", "))
    })?;
    let value = value.replace('"', "");
    let test = match (value.strip_prefix('>'), value.strip_prefix('<')) {
        _ if value.is_empty() => return Ok(None),
        (Some(""), _) | (_, Some("")) => return Ok(None),
        (Some(limit), _) => Test::Above(number(limit)?),
        (_, Some(limit)) => Test::Below(number(limit)?),
        _ => Test::Words(value.split(',').filter(|v| !v.is_empty()).map(Word::new).collect()),
    };
    Ok(Some(Term { negated, field: Some(*field), test }))
}

/// `3`, `10MB`, `2h`.
fn number(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let no_number = || format!("{text} is no number");
    if digits.is_empty() {
        return Err(no_number());
    }
    let factor = match &text[digits.len()..] {
        "" | "b" | "s" => 1,
        "k" | "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        unit => return Err(format!("no unit is called {unit}; there are kB, MB, GB, m, h, d")),
    };
    let number: u64 = digits.parse().map_err(|_| no_number())?;
    Ok(number.saturating_mul(factor))
}

/// The fields of `pane` as they are typed.
pub(super) fn typable(pane: Pane) -> Vec<String> {
    fields::names(pane).iter().copied().map(typed_name).collect()
}

fn typed_name(field: Field) -> String {
    field.name().replace(' ', "")
}

/// What the last word of `typed` may go on to: fields, or the states and endpoints among
/// `known`, pairs of field and value. Each is the whole filter then.
pub(super) fn completions(typed: &str, pane: Pane, known: &[(&str, String)]) -> Vec<String> {
    let mut quoted = false;
    let space = |(at, c): (usize, char)| {
        quoted ^= c == '"';
        (c == ' ' && !quoted).then_some(at + 1)
    };
    let start = typed.char_indices().filter_map(space).last().unwrap_or(0);
    let (before, word) = typed.split_at(start);
    let sign = &word[..word.len() - word.trim_start_matches(['-', '!']).len()];
    let word = word[sign.len()..].to_lowercase();
    let mut found: Vec<String> = match word.split_once(':') {
        None => typable(pane)
            .into_iter()
            .filter(|field| field.starts_with(&word))
            .map(|field| format!("{field}:"))
            .collect(),
        Some((field, value)) => {
            let groups = GROUPS.iter().map(|(name, _)| ("state", (*name).to_owned()));
            let known = known.iter().map(|(field, value)| (*field, value.to_lowercase()));
            known
                .chain(groups)
                .filter(|(of, known)| *of == field && known.contains(value.trim_matches('"')))
                .map(|(_, known)| match known.contains(' ') {
                    true => format!("{field}:\"{known}\""),
                    false => format!("{field}:{known}"),
                })
                .collect()
        }
    };
    found.sort();
    found.dedup();
    found.into_iter().map(|word| format!("{before}{sign}{word}")).collect()
}
