//! What a request asks for. Nothing is guessed: a parameter that is unknown, given
//! twice or given wrongly is refused, and the answer names what was expected.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::catalog::Served;
use crate::http::problem::Problem;
use crate::silver::pages::{Ask, Cursor, Wanted};

/// Rows of a page where nothing is said, and at the most.
pub(super) const LIMIT: u32 = 10;
pub(super) const LIMIT_MOST: u32 = 1_000;

/// The longest cursor that is looked at.
const CURSOR_MOST: usize = 12_000;

/// The parameters of a query, each at most once, decoded.
#[derive(Debug)]
pub(super) struct Query<'q>(Vec<(Cow<'q, str>, Cow<'q, str>)>);

impl<'q> Query<'q> {
    /// Reads what stands after the `?`.
    pub(super) fn parse(text: Option<&'q str>) -> Result<Self, Problem> {
        let mut all: Vec<(Cow<'q, str>, Cow<'q, str>)> = Vec::new();
        for pair in text.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), Some(value)) = (decoded(name), decoded(value)) else {
                return Err(Problem::bad_request("the query is no percent-encoded UTF-8"));
            };
            if all.iter().any(|(known, _)| *known == name) {
                return Err(Problem::bad_request("a parameter is given twice"));
            }
            all.push((name, value));
        }
        // The same question in another order is the same question.
        all.sort();
        Ok(Self(all))
    }

    /// Takes out one parameter.
    pub(super) fn take(&mut self, name: &str) -> Option<Cow<'q, str>> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(at).1)
    }

    /// How many rows are wanted.
    pub(super) fn limit(&mut self) -> Result<u32, Problem> {
        let Some(text) = self.take("limit") else { return Ok(LIMIT) };
        let digits = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
        let limit = digits.then(|| text.parse().ok()).flatten();
        limit.filter(|limit| (1..=LIMIT_MOST).contains(limit)).ok_or_else(|| {
            Problem::bad_request(format!("limit expects a whole number from 1 to {LIMIT_MOST}"))
        })
    }

    /// Where to go on.
    pub(super) fn cursor(&mut self) -> Result<Option<Cursor>, Problem> {
        let Some(text) = self.take("cursor") else { return Ok(None) };
        if text.len() > CURSOR_MOST {
            return Err(no_cursor());
        }
        Cursor::parse(&text).map(Some).map_err(|_| no_cursor())
    }

    /// What is left, as filters of `served`; anything else is refused.
    pub(super) fn filters(
        self,
        served: &Served,
        known: &[&str],
    ) -> Result<(Vec<(usize, Wanted)>, String), Problem> {
        let mut wanted = Vec::new();
        let mut asked = String::new();
        for (name, value) in self.0 {
            let filters = &served.listing.filters;
            let Some(n) = filters.iter().position(|filter| filter.name == name) else {
                return Err(unknown(known, served.filters().map(|(name, _)| name)));
            };
            wanted.push((n, filters[n].parse(&value).map_err(Problem::bad_request)?));
            asked += &format!("{name}={}&", encoded(&value));
        }
        Ok((wanted, asked))
    }

    /// Whether anything is left; if so, it is refused.
    pub(super) fn nothing_else(self, known: &[&str]) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(unknown(known, std::iter::empty())) }
    }
}

/// The page that a query asks for.
pub(super) fn page(served: &Served, text: Option<&str>) -> Result<Ask, Problem> {
    let mut query = Query::parse(text)?;
    let (limit, cursor) = (query.limit()?, query.cursor()?);
    let (wanted, asked) = query.filters(served, &["limit", "cursor"])?;
    Ok(Ask { wanted, asked, limit, cursor })
}

pub(super) fn no_cursor() -> Problem {
    Problem::bad_request("cursor expects the next_cursor of the page before, with the same filters")
}

fn unknown<'n>(known: &[&'n str], filters: impl Iterator<Item = &'n str>) -> Problem {
    let names: Vec<&str> = known.iter().copied().chain(filters).collect();
    Problem::bad_request(match names.is_empty() {
        true => "this route takes no parameters".to_owned(),
        false => format!("an unknown parameter; this route takes {}", names.join(", ")),
    })
}

fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(text.into());
    }
    // What `%` begins has to be two hexadecimal digits; the decoder would let it be.
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|b| *b == b'%') {
        let digits = rest.get(at + 1..at + 3)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        rest = &rest[at + 3..];
    }
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(|text| text.into_owned().into())
}

/// A value as it stands in a query.
pub(super) fn encoded(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string()
}
