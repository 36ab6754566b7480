//! What rows can be asked by: only what an index serves.

use jiff::civil::Date;
use rusqlite::types::Value;

use super::field::Kind;

/// The longest text that can be asked for, in characters.
const LONGEST: usize = 1_000;

/// One parameter that rows can be asked by.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Its name.
    pub name: String,
    /// What it takes.
    pub matches: Matches,
    /// The stored column, as SQL names it.
    pub(super) column: String,
    /// What the indexes do for it.
    pub(super) part: Part,
}

/// A filter's part in the indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Rows are in the order of this column anyway.
    Key,
    /// It is the value of the index of a value and a time.
    Value,
    /// It is the time of it, and has an index of its own.
    Time,
    /// It has an index of its own.
    Own,
}

/// What a filter takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Matches {
    /// The value itself; a day, a month or a year where the column holds dates.
    Value(Kind),
    /// The name of an entry of a dictionary, or its number.
    Entry {
        /// The statement that finds the number of a name.
        find: String,
    },
}

/// What a filter was given.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// Rows with this very value.
    Is(Value),
    /// Rows whose text is at least the first and below the second.
    Within(String, String),
    /// Rows with this entry of a dictionary.
    Entry(String),
}

impl Filter {
    /// Reads what was given, or says what was expected.
    pub fn parse(&self, text: &str) -> Result<Wanted, String> {
        if text.is_empty() {
            return Err(format!("{} expects {}, not nothing", self.name, self.expects()));
        }
        let wanted = match &self.matches {
            Matches::Entry { .. } => is_short(text).then(|| Wanted::Entry(text.to_owned())),
            Matches::Value(kind) => match kind {
                Kind::Text => is_short(text).then(|| Wanted::Is(text.to_owned().into())),
                Kind::Integer => integer(text).map(|n| Wanted::Is(n.into())),
                Kind::Decimal { scale } => decimal(text, *scale).map(|n| Wanted::Is(n.into())),
                Kind::Real => real(text).map(|x| Wanted::Is(x.into())),
                Kind::Boolean => match text {
                    "true" => Some(Wanted::Is(1.into())),
                    "false" => Some(Wanted::Is(0.into())),
                    _ => None,
                },
                Kind::Date => date(text),
                Kind::Timestamp => timestamp(text),
            },
        };
        wanted.ok_or_else(|| format!("{} expects {}", self.name, self.expects()))
    }

    /// What it takes, in words.
    pub fn expects(&self) -> &'static str {
        match self.matches {
            Matches::Entry { .. } => "a name or a number of at most 1000 characters",
            Matches::Value(Kind::Text) => "a text of at most 1000 characters",
            Matches::Value(Kind::Integer) => "a whole number",
            Matches::Value(Kind::Decimal { .. }) => {
                "a number with no more places than the column has"
            }
            Matches::Value(Kind::Real) => "a number",
            Matches::Value(Kind::Boolean) => "true or false",
            Matches::Value(Kind::Date) => "a day, month or year: 2026-05-01, 2026-05 or 2026",
            Matches::Value(Kind::Timestamp) => {
                "a moment, day, month or year: 2026-05-01T08:00:00Z, 2026-05-01, 2026-05 or 2026"
            }
        }
    }
}

fn is_short(text: &str) -> bool {
    text.chars().nth(LONGEST).is_none()
}

/// The very forms that the description promises: no `+1`, no ` 1`.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, places) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    all_digits(whole) && all_digits(places) && (whole == "0" || !whole.starts_with('0'))
}

fn integer(text: &str) -> Option<i64> {
    (is_number(text) && !text.contains('.')).then(|| text.parse().ok()).flatten()
}

fn decimal(text: &str, scale: u32) -> Option<i64> {
    if !is_number(text) {
        return None;
    }
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    let places = places.trim_end_matches('0');
    let scale = scale as usize;
    if places.len() > scale {
        return None;
    }
    format!("{whole}{places:0<scale$}").parse().ok()
}

fn real(text: &str) -> Option<f64> {
    if !is_number(text) {
        return None;
    }
    text.parse().ok().filter(|x: &f64| x.is_finite())
}

/// Kept as text whose beginnings are the year and the month.
fn date(text: &str) -> Option<Wanted> {
    let within = |end: char| {
        // The character after `-` ends what begins with it.
        let next = if end == '-' { '.' } else { 'U' };
        Wanted::Within(format!("{text}{end}"), format!("{text}{next}"))
    };
    match text.len() {
        10 => is_day(text).then(|| Wanted::Is(text.to_owned().into())),
        7 => is_day(&format!("{text}-01")).then(|| within('-')),
        4 => is_day(&format!("{text}-01-01")).then(|| within('-')),
        _ => None,
    }
}

fn is_day(text: &str) -> bool {
    let shape = text.bytes().enumerate();
    let mut shape =
        shape.map(|(n, b)| if n == 4 || n == 7 { b == b'-' } else { b.is_ascii_digit() });
    text.len() == 10 && shape.all(|good| good) && text.parse::<Date>().is_ok()
}

fn timestamp(text: &str) -> Option<Wanted> {
    match date(text) {
        Some(Wanted::Is(_)) => Some(Wanted::Within(format!("{text}T"), format!("{text}U"))),
        Some(within) => Some(within),
        None => {
            let (day, time) = text.split_once('T')?;
            let seconds = time.strip_suffix('Z')?;
            let (seconds, part) = seconds.split_once('.').unwrap_or((seconds, "0"));
            let digits = |part: &str| {
                (1..=6).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
            };
            let good = is_day(day)
                && seconds.len() == 8
                && digits(part)
                && text.parse::<jiff::Timestamp>().is_ok();
            // As it is kept: always with six places.
            good.then(|| Wanted::Is(format!("{day}T{seconds}.{part:0<6}Z").into()))
        }
    }
}
