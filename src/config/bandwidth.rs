//! `bandwidth_limit`: one limit, or a timetable of them.
//!
//! ```yaml
//! bandwidth_limit: 10M
//! bandwidth_limit: "08:00,512k 12:00,10M 19:00,off"
//! bandwidth_limit: { limits: ["Mon-08:00,512k", "Fri-19:00,off"], timezone: America/Chicago }
//! ```

use jiff::civil::Weekday;

use crate::model::{Bandwidth, LimitChange, Schedule};

use super::problems::Place;
use super::reader::{Reader, Text};
use super::schedule::timezone;
use super::section::Section;
use super::yaml::Value;

/// The key, below destinations and endpoints.
pub(super) const KEY: &str = "bandwidth_limit";

/// The least that may be allowed, in bytes a second, and the most that can be said.
const LEAST: f64 = 1024.0;
const MOST: f64 = (1_u64 << 50) as f64;

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// What `section` says of it; no limit if it says nothing.
pub(super) fn bandwidth(r: &mut Reader, section: &Section) -> Bandwidth {
    let Some(node) = section.node(KEY) else { return Bandwidth::default() };
    if !matches!(node.value, Value::Map(_)) {
        return Bandwidth { changes: limits(r, section, KEY), timezone: None };
    }
    let Some(inner) = r.section(node, section.path_of(KEY), &["limits", "timezone"]) else {
        return Bandwidth::default();
    };
    if inner.node("limits").is_none() {
        inner.missing(r, "limits", "a limit or a timetable, as in \"08:00,512k 19:00,off\"");
    }
    let changes = limits(r, &inner, "limits");
    let timezone = inner.text(r, "timezone").and_then(|text| timezone(r, &inner, text));
    Bandwidth { changes, timezone }
}

/// The same for an endpoint, whose times are those of its schedule if they have no time
/// zone of their own.
pub(super) fn of_endpoint(r: &mut Reader, section: &Section, schedule: &Schedule) -> Bandwidth {
    let mut bandwidth = bandwidth(r, section);
    if let (None, Schedule::Cron { timezone, .. }) = (&bandwidth.timezone, schedule) {
        bandwidth.timezone.clone_from(timezone);
    }
    bandwidth
}

/// The entries at `key`: in one text, or each for itself in a list.
fn limits(r: &mut Reader, section: &Section, key: &str) -> Vec<LimitChange> {
    let texts = section.texts(r, key).unwrap_or_default();
    let entries: Vec<Text> = texts.iter().flat_map(entries).collect();
    let alone = entries.len() == 1;
    let mut changes: Vec<LimitChange> = Vec::new();
    for entry in &entries {
        let path = section.path_of(key);
        match change(&entry.value, alone) {
            Ok(change) if changes.iter().any(|c| starts_with(c, &change)) => {
                let words = "another limit begins at that time already";
                r.error(entry.place, format!("{path}: {words}, found {}", entry.shown()));
            }
            Ok(change) => changes.push(change),
            Err(expected) => {
                r.error(
                    entry.place,
                    format!("{path}: expected {expected}, found {}", entry.shown()),
                );
            }
        }
    }
    changes
}

fn starts_with(one: &LimitChange, other: &LimitChange) -> bool {
    (one.weekday, one.minute) == (other.weekday, other.minute)
}

/// The entries of a text, each where it stands in the file.
fn entries(text: &Text) -> Vec<Text> {
    let begins = |word: &str| word.as_ptr() as usize - text.value.as_ptr() as usize;
    let entry = |word: &str| {
        let before = text.value[..begins(word)].chars().count() + usize::from(text.quoted);
        let place =
            Place { column: text.place.column + before, width: word.chars().count(), ..text.place };
        // What a variable holds stands somewhere else.
        let place = if text.referred { text.place } else { place };
        Text { value: word.to_owned(), place, ..text.clone() }
    };
    text.value.split_whitespace().map(entry).collect()
}

/// `[DAY-]HH:MM,LIMIT`, or a limit `alone`.
fn change(entry: &str, alone: bool) -> Result<LimitChange, &'static str> {
    const TIME: &str = "a time and a limit, as in \"08:00,512k\" or \"Mon-08:00,off\"";
    let Some((time, limit)) = entry.split_once(',') else {
        let alone = if alone { limit(entry) } else { Err(TIME) };
        return alone.map(|limit| LimitChange { weekday: None, minute: 0, limit });
    };
    let (weekday, time) = match time.split_once('-') {
        None => (None, time),
        Some((day, time)) => {
            let named = DAYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(day));
            (Some(named.ok_or("a day from Mon to Sun")?.1), time)
        }
    };
    let minute = minute(time).ok_or("a time from 00:00 to 23:59")?;
    Ok(LimitChange { weekday, minute, limit: self::limit(limit)? })
}

fn minute(time: &str) -> Option<u16> {
    let (hour, minute) = time.split_once(':')?;
    let number = |text: &str, most| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u16>().ok().filter(|n| digits && *n <= most)
    };
    Some(number(hour, 23)? * 60 + number(minute, 59)?)
}

/// Bytes a second, in units of 1024; none for `off`.
fn limit(text: &str) -> Result<Option<u64>, &'static str> {
    const UNIT: &str = "a limit with its unit, bytes a second, as in 512k, 10M, 1.5G or off";
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    let unit = match text.chars().last().map(|c| c.to_ascii_lowercase()) {
        Some('k') => 1_u64 << 10,
        Some('m') => 1 << 20,
        Some('g') => 1 << 30,
        _ => return Err(UNIT),
    };
    let number = &text[..text.len() - 1];
    let plain = number.starts_with(|c: char| c.is_ascii_digit());
    let plain = plain && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let number: f64 = number.parse().ok().filter(|_| plain).ok_or(UNIT)?;
    let bytes = number * unit as f64;
    match (LEAST..=MOST).contains(&bytes) {
        true => Ok(Some(bytes as u64)),
        false => Err("a limit from 1k on, or off"),
    }
}
