//! Moments: kept in UTC as `YYYY-MM-DDTHH:MM:SS.ffffffZ`, always with six places, so that
//! their texts sort as they do. Further places are cut off.
//!
//! Without formats a moment is written as RFC 3339 has it, also with a blank in place of the
//! `T` and without an offset. A time without offset is one of the column's zone (`timezone`,
//! else UTC). There, a time that a clock change leaves out is bad, and of one that comes
//! twice the first is meant.

use std::borrow::Cow;

use jiff::civil::DateTime;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{Timestamp, fmt::strtime};

use super::{Reason, date, listed};
use crate::silver::rows::Cell;

static RFC_3339: DateTimeParser = DateTimeParser::new();

/// How the moments of a column are written.
pub(in crate::silver::read) struct Moments {
    formats: Vec<String>,
    zone: TimeZone,
}

/// What a text says.
enum Said {
    Moment(Timestamp),
    /// Of the column's zone.
    Local(DateTime),
}

impl Moments {
    pub fn of(formats: &[String], timezone: Option<&str>) -> Result<Self, Reason> {
        let zone = match timezone {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name)
                .map_err(|_| Cow::Owned(format!("there is no time zone \"{name}\"")))?,
        };
        Ok(Self { formats: formats.to_vec(), zone })
    }

    /// The cell of the moment that `value` is.
    pub fn cell(&self, value: &str, text: &mut String) -> Result<Cell, Reason> {
        if self.formats.is_empty()
            && let Some(cell) = usual(value, text)
        {
            return Ok(cell);
        }
        let said = match self.formats.is_empty() {
            true => rfc_3339(value),
            false => self.formats.iter().find_map(|format| by(format, value)),
        };
        let moment = match said {
            Some(Said::Moment(moment)) => moment,
            Some(Said::Local(time)) => self.moment_of(time)?,
            None => return Err(self.not_a_moment()),
        };
        let time = Offset::UTC.to_datetime(moment);
        if !(0..=9999).contains(&time.year()) {
            return Err(self.not_a_moment());
        }
        let start = text.len() as u32;
        date::write(time.date(), text);
        for (sign, number, places) in [
            ('T', i32::from(time.hour()), 2),
            (':', i32::from(time.minute()), 2),
            (':', i32::from(time.second()), 2),
            ('.', time.subsec_nanosecond() / 1000, 6),
        ] {
            text.push(sign);
            date::digits(number, places, text);
        }
        text.push('Z');
        Ok(Cell::Text { start, end: text.len() as u32 })
    }

    /// The moment at which the column's zone shows `time`.
    fn moment_of(&self, time: DateTime) -> Result<Timestamp, Reason> {
        let offset = match self.zone.to_ambiguous_timestamp(time).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Fold { before, .. } => before,
            AmbiguousOffset::Gap { .. } => {
                let zone = self.zone.iana_name().unwrap_or("its zone");
                return Err(Cow::Owned(format!("a time that a clock change leaves out in {zone}")));
            }
        };
        offset.to_timestamp(time).map_err(|_| self.not_a_moment())
    }

    fn not_a_moment(&self) -> Reason {
        let expected = match self.formats.as_slice() {
            [] => "RFC 3339, as in 2026-01-31T08:00:00Z".to_owned(),
            formats => listed(formats),
        };
        Cow::Owned(format!("not a moment: expected {expected}"))
    }
}

/// The cell of a moment that is written almost as it is kept, `2026-01-31T08:00:00Z`, as
/// most are; none if it is another one, or none at all.
fn usual(value: &str, text: &mut String) -> Option<Cell> {
    let bytes: &[u8; 20] = value.as_bytes().try_into().ok()?;
    let below = |at: usize, limit: u8| {
        let (tens, ones) = (bytes[at].wrapping_sub(b'0'), bytes[at + 1].wrapping_sub(b'0'));
        tens < 10 && ones < 10 && tens * 10 + ones < limit
    };
    let signs = (bytes[10], bytes[13], bytes[16], bytes[19]);
    let fits = signs == (b'T', b':', b':', b'Z') && below(11, 24) && below(14, 60) && below(17, 60);
    // The last year ends before its end.
    if !fits || bytes.starts_with(b"9999") {
        return None;
    }
    date::iso(value.get(..10)?)?;
    let start = text.len() as u32;
    text.push_str(value.get(..19)?);
    text.push_str(".000000Z");
    Some(Cell::Text { start, end: text.len() as u32 })
}

fn rfc_3339(value: &str) -> Option<Said> {
    // The parser reads more than RFC 3339: other forms of the day, a day alone, a zone's
    // name. None of them is meant.
    let bytes = value.as_bytes();
    date::iso(value.get(..10)?)?;
    let seconds = bytes.len() >= 19 && bytes[13] == b':' && bytes[16] == b':';
    if !seconds || !matches!(bytes[10], b'T' | b't' | b' ') || value.contains('[') {
        return None;
    }
    if let Ok(moment) = RFC_3339.parse_timestamp(bytes) {
        return Some(Said::Moment(moment));
    }
    let local = bytes[11..].iter().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.'));
    local.then(|| RFC_3339.parse_datetime(bytes).ok().map(Said::Local))?
}

/// By one format; with an offset, or a number of seconds, it says the moment itself.
fn by(format: &str, value: &str) -> Option<Said> {
    let parts = strtime::parse(format, value).ok()?;
    if let Ok(moment) = parts.to_timestamp() {
        return Some(Said::Moment(moment));
    }
    match parts.offset() {
        Some(_) => None,
        None => parts.to_datetime().ok().map(Said::Local),
    }
}
