//! Days: kept as `YYYY-MM-DD`.
//!
//! Without formats a day is written so. With formats, they are tried in order, and what
//! else they read (a time of day, an offset) is passed over. Years have four digits.

use std::borrow::Cow;

use jiff::civil::Date;

use super::{Reason, listed};
use crate::silver::rows::Cell;

/// How a day is written unless it is said.
pub(in crate::silver::read) const USUAL: &str = "%Y-%m-%d";

/// The cell of the day that `value` is.
pub(in crate::silver::read) fn cell(
    value: &str,
    formats: &[String],
    text: &mut String,
) -> Result<Cell, Reason> {
    let start = text.len() as u32;
    if formats.is_empty() {
        if iso(value).is_none() {
            return Err(not_a_day(USUAL));
        }
        text.push_str(value);
    } else {
        let Some(date) = formats.iter().find_map(|format| read(format, value)) else {
            return Err(not_a_day(&listed(formats)));
        };
        write(date, text);
    }
    Ok(Cell::Text { start, end: text.len() as u32 })
}

fn not_a_day(formats: &str) -> Reason {
    Cow::Owned(format!("not a day: expected {formats}"))
}

/// By one format.
fn read(format: &str, value: &str) -> Option<Date> {
    if format == USUAL {
        return iso(value);
    }
    let date = jiff::fmt::strtime::parse(format, value).ok()?.to_date().ok()?;
    (0..=9999).contains(&date.year()).then_some(date)
}

/// `YYYY-MM-DD`, a day of the calendar.
pub(super) fn iso(value: &str) -> Option<Date> {
    let bytes: &[u8; 10] = value.as_bytes().try_into().ok()?;
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i16, |n, digit| {
            digit.is_ascii_digit().then(|| n * 10 + i16::from(digit - b'0'))
        })
    };
    if bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let (year, month, day) = (number(&bytes[..4])?, number(&bytes[5..7])?, number(&bytes[8..])?);
    Date::new(year, month as i8, day as i8).ok()
}

/// Appends a day of the years 0 to 9999.
pub(super) fn write(date: Date, text: &mut String) {
    digits(date.year().into(), 4, text);
    text.push('-');
    digits(date.month().into(), 2, text);
    text.push('-');
    digits(date.day().into(), 2, text);
}

/// Appends the last `places` digits of `number`, which is not below zero.
pub(super) fn digits(number: i32, places: u32, text: &mut String) {
    for place in (0..places).rev() {
        let digit = number / 10_i32.pow(place) % 10;
        text.push(char::from(b'0' + digit.unsigned_abs() as u8));
    }
}
