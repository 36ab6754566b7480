//! What can be read, for whoever writes definitions: the configuration asks before a file
//! does.

use encoding_rs::Encoding;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use crate::model::{Column, ColumnKind};

use super::typing::{Reason, Typing, number};

/// Whether there is an encoding of this name.
pub fn knows_encoding(label: &str) -> bool {
    Encoding::for_label_no_replacement(label.as_bytes()).is_some()
}

/// `text`, a number with a point, times 10^scale.
///
/// # Errors
/// Why it is none, in words that follow "it is".
pub fn decimal(text: &str, scale: u8) -> Result<i64, String> {
    number::units(text, scale).map_err(Reason::into_owned)
}

/// Whether a column's default is one of its values.
///
/// # Errors
/// Why it is none.
pub fn check_default(column: &Column) -> Result<(), String> {
    let Some(default) = &column.default else { return Ok(()) };
    let typing = Typing::of(&column.kind).map_err(Reason::into_owned)?;
    typing.cell(default, &mut String::new()).map(drop).map_err(Reason::into_owned)
}

/// Whether a `strftime` format tells the day of a date column, or the moment of any other.
///
/// # Errors
/// Why it does not.
pub fn check_format(format: &str, kind: &ColumnKind) -> Result<(), String> {
    let date = matches!(kind, ColumnKind::Date { .. });
    let what = if date { "a day" } else { "a moment" };
    // What is written by it must be readable, and mean the same.
    let sample = jiff::civil::date(2001, 12, 23).at(14, 5, 6, 0);
    let zoned = sample.to_zoned(TimeZone::UTC).map_err(|e| e.to_string())?;
    let written = strtime::format(format, &zoned).map_err(|e| e.to_string())?;
    let parts = strtime::parse(format, &written).map_err(|e| e.to_string())?;
    let same = if date {
        parts.to_date().is_ok_and(|date| date == sample.date())
    } else {
        // A moment may leave out what is smaller than an hour.
        let near = |time: jiff::civil::DateTime| time.date() == sample.date();
        parts.to_timestamp().is_ok_and(|t| near(t.to_zoned(TimeZone::UTC).datetime()))
            || parts.to_datetime().is_ok_and(near)
    };
    if same { Ok(()) } else { Err(format!("it does not tell {what}")) }
}
