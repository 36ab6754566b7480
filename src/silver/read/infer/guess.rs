//! Values → the narrowest kind that they are, apart from a few dirty ones.

use std::collections::HashSet;

use super::Row;
use crate::model::{Column, ColumnKind};
use crate::silver::read::typing::Typing;

/// Formats of days that are tried besides `YYYY-MM-DD`.
const DAYS: [&str; 5] = ["%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d"];

/// Formats of moments that are tried besides RFC 3339.
const MOMENTS: [&str; 4] =
    ["%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S"];

/// One in so many values may be dirty.
const DIRTY: usize = 20;

/// The most places after the point that a decimal has.
const MAX_SCALE: usize = 12;

/// The kind of a column of this name with these values.
pub(super) fn kind(name: &str, values: &[&str]) -> ColumnKind {
    let text = ColumnKind::Text { max_length: None };
    // Numbers that begin with a zero are codes: as numbers, they would lose it.
    let code = values
        .iter()
        .any(|v| v.len() > 1 && v.starts_with('0') && v.bytes().all(|b| b.is_ascii_digit()));
    if values.is_empty() || code {
        return text;
    }
    let day = |formats: &[&str]| ColumnKind::Date { formats: owned(formats) };
    let moment =
        |formats: &[&str]| ColumnKind::Timestamp { formats: owned(formats), timezone: None };
    let id = is_id(name);
    let mut kinds = vec![
        ColumnKind::Boolean { truths: vec![], falsehoods: vec![] },
        ColumnKind::Integer { min: None, max: None },
    ];
    if !id {
        kinds.extend(decimal(values));
        kinds.push(ColumnKind::Real { min: None, max: None });
    }
    kinds.extend([day(&[]), moment(&[])]);
    if let Some(kind) = kinds.into_iter().find(|kind| fits(kind, values)) {
        return kind;
    }
    let alone = |formats: &[&'static str], of: &dyn Fn(&[&str]) -> ColumnKind| {
        let fitting: Vec<&str> =
            formats.iter().filter(|format| fits(&of(&[**format]), values)).copied().collect();
        // Where two fit, the day and the month cannot be told apart.
        if let [only] = fitting.as_slice() { Some(of(&[*only])) } else { None }
    };
    alone(&DAYS, &day).or_else(|| alone(&MOMENTS, &moment)).unwrap_or(text)
}

fn owned(formats: &[&str]) -> Vec<String> {
    formats.iter().map(|format| (*format).to_owned()).collect()
}

/// A decimal with as many places as there are, two at the least.
fn decimal(values: &[&str]) -> Option<ColumnKind> {
    let places = |value: &&str| value.split_once('.').map_or(0, |(_, places)| places.len());
    let most = values.iter().map(places).max()?;
    let scale = u8::try_from(most.clamp(2, MAX_SCALE)).ok()?;
    (most <= MAX_SCALE).then_some(ColumnKind::Decimal { scale, min: None, max: None })
}

/// Whether the values are of this kind, apart from a few dirty ones. A number that does
/// not fit a kind of numbers is not dirt: `9.99` among whole numbers makes an amount.
fn fits(kind: &ColumnKind, values: &[&str]) -> bool {
    let Ok(typing) = Typing::of(kind) else { return false };
    let (mut text, mut odd) = (String::new(), 0);
    for value in values {
        text.clear();
        if typing.cell(value, &mut text).is_err() {
            if value.parse::<f64>().is_ok() {
                return false;
            }
            odd += 1;
        }
    }
    odd * DIRTY <= values.len()
}

/// The first columns, all of them ids, that tell all rows apart; none if they do not.
pub(super) fn key(columns: &[Column], rows: &[Row]) -> Vec<String> {
    // One row is always alone.
    if rows.len() < 2 {
        return vec![];
    }
    let single = (0..columns.len()).find(|at| is_id(&columns[*at].name) && unique(&[*at], rows));
    let leading: Vec<usize> =
        (0..columns.len()).take_while(|at| is_id(&columns[*at].name)).collect();
    let key = match single {
        Some(single) => vec![single],
        None if leading.len() > 1 && unique(&leading, rows) => leading,
        None => return vec![],
    };
    key.into_iter().map(|at| columns[at].name.clone()).collect()
}

fn unique(key: &[usize], rows: &[Row]) -> bool {
    let mut seen = HashSet::new();
    rows.iter().all(|row| {
        let values: Option<Vec<&str>> = key.iter().map(|at| row[*at].as_deref()).collect();
        values.is_some_and(|values| seen.insert(values))
    })
}

fn is_id(name: &str) -> bool {
    name == "id" || name.ends_with("_id")
}

/// Whether a first row names the columns: texts that differ, none of which is a value of
/// another kind.
pub(super) fn is_header(cells: &[String]) -> bool {
    let mut seen = HashSet::new();
    let text = |cell: &String| matches!(kind("", &[cell.as_str()]), ColumnKind::Text { .. });
    let named = cells.iter().filter(|cell| !cell.is_empty());
    cells.iter().any(|cell| !cell.is_empty())
        && named.into_iter().all(|cell| {
            text(cell) && !cell.starts_with(|c: char| c.is_ascii_digit()) && seen.insert(cell)
        })
}
