//! The files that partners' folders brought, and what was set aside of them.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::pane::{self, Row};
use super::table::{Cell, Column};
use crate::console::driver::BAD_ROWS;
use crate::console::state::{Pane, RowKey, SetAside, State};
use crate::console::text;
use crate::console::theme::Mood;
use crate::model::{Id, Shown};
use crate::silver::lists::{LandedRow, QuarantineRow};
use crate::silver::rows::Drift;

const COLUMNS: &[Column] = &[
    Column::new("STATE", 10, 9),
    Column::new("NAME", 18, 10).grow(2),
    Column::new("DATASET", 8, 5).grow(1),
    Column::new("GOOD", 6, 8).right(),
    Column::new("BAD", 5, 8).right(),
    Column::new("ENDPOINT", 10, 2).grow(1),
    Column::new("LANDED", 6, 4).right(),
    Column::new("DRIFT", 8, 3).grow(1),
    Column::new("WHY", 12, 1).grow(3),
];

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let rows: Vec<&LandedRow> = state.landed().collect();
    let about = match rows.iter().filter(|row| row.state == "refused").count() {
        _ if !state.loaded => String::new(),
        0 => rows.len().to_string(),
        refused => format!("{}, {refused} refused", rows.len()),
    };
    let area = pane::title(frame, area, state, Pane::Feeds, &about);
    if rows.is_empty() {
        let words = match state.books.landed_failure {
            Some(_) => "what landed cannot be read",
            None => "nothing has landed yet",
        };
        return pane::nothing(frame, area, state, Pane::Feeds, words);
    }
    let row = |n: usize| {
        rows.get(n).map(|row| Row { key: RowKey::Landed(row.id), cells: cells(state, row) })
    };
    pane::list(frame, area, state, Pane::Feeds, COLUMNS, (rows.len(), row));
}

fn mood(row: &LandedRow) -> Mood {
    match row.state.as_str() {
        "ingested" if row.rows_bad > 0 => Mood::Warning,
        "ingested" => Mood::Good,
        "landed" => Mood::Busy,
        "refused" => Mood::Bad,
        "unmatched" => Mood::Warning,
        _ => Mood::Dim,
    }
}

fn cells(state: &State, row: &LandedRow) -> Vec<Cell> {
    let bad = if row.rows_bad > 0 { Mood::Warning } else { Mood::Dim };
    let came = row.landed_at.parse().map_or_else(|_| String::new(), |at| text::age(state.now, at));
    // Of a file that was never read there is nothing to count.
    let read = matches!(row.state.as_str(), "ingested" | "refused");
    let count = |count: u64| if read { count.to_string() } else { String::new() };
    vec![
        Cell::new(Shown::new(&row.state).as_str(), mood(row)),
        Cell::plain(Shown::new(&row.name).as_str()),
        Cell::plain(Shown::new(row.dataset.as_deref().unwrap_or("")).as_str()),
        Cell::plain(count(row.rows_good)),
        Cell::new(count(row.rows_bad), bad),
        Cell::dim(Shown::new(&row.endpoint).as_str()),
        Cell::dim(came),
        Cell::new(short_drift(row), Mood::Warning),
        Cell::plain(Shown::new(row.error.as_deref().unwrap_or("")).as_str()),
    ]
}

fn read_drift(row: &LandedRow) -> Option<Drift> {
    let drift: Drift = serde_json::from_str(row.drift.as_deref()?).ok()?;
    (!drift.is_none()).then_some(drift)
}

/// `+shop -price`.
pub(super) fn short_drift(row: &LandedRow) -> String {
    let Some(drift) = read_drift(row) else { return String::new() };
    let unknown = drift.unknown.iter().map(|name| format!("+{}", Shown::new(name)));
    let missing = drift.missing.iter().map(|name| format!("-{}", Shown::new(name)));
    unknown.chain(missing).collect::<Vec<_>>().join(" ")
}

/// In which columns a file and its definition differ, in words.
pub(super) fn drift(row: &LandedRow) -> Option<String> {
    let drift = read_drift(row)?;
    let names = |names: &[String]| {
        names.iter().map(|name| Shown::new(name).to_string()).collect::<Vec<_>>().join(", ")
    };
    let unknown = (!drift.unknown.is_empty())
        .then(|| format!("not in the definition, and passed over: {}", names(&drift.unknown)));
    let missing =
        (!drift.missing.is_empty()).then(|| format!("not in the file: {}", names(&drift.missing)));
    Some([unknown, missing].into_iter().flatten().collect::<Vec<_>>().join("; "))
}

/// Everything about a landed file in words, for its details.
pub(in crate::console) fn facts(state: &State, row: &LandedRow) -> Vec<(String, String)> {
    let at = |at: &str| match at.parse() {
        Ok(at) => format!("{} ago", text::age(state.now, at)),
        Err(_) => Shown::new(at).to_string(),
    };
    let mut facts = vec![
        ("file", Id::landed(row.id).to_string()),
        ("endpoint", row.endpoint.clone()),
        ("dataset", row.dataset.clone().unwrap_or_else(|| "none takes it".to_owned())),
        ("state", format!("{}: {}", row.state, meaning(&row.state))),
        ("rows", format!("{} good, {} set aside", row.rows_good, row.rows_bad)),
    ];
    facts.extend(drift(row).map(|drift| ("columns", drift)));
    facts.extend(row.error.clone().map(|error| ("why", error)));
    facts.extend(advice(row).map(|advice| ("what to do", advice)));
    facts.extend(row.corrects.map(|file| ("corrects", Id::landed(file).to_string())));
    facts.extend([
        ("landed", at(&row.landed_at)),
        ("taken in", row.ingested_at.as_deref().map_or_else(|| "never".to_owned(), at)),
        ("bytes", format!("{} in {}", text::bytes(row.size), row.bronze)),
    ]);
    facts.into_iter().map(|(label, value)| (label.to_owned(), value)).collect()
}

fn meaning(state: &str) -> &'static str {
    match state {
        "landed" => "it waits to be taken in",
        "ingested" => "its good rows are in",
        "refused" => "nothing of it is in",
        "repeated" => "the same bytes are in already",
        "superseded" => "a newer version, or a corrected copy, is in",
        "unmatched" => "no dataset takes it",
        _ => "a state of a newer program",
    }
}

fn advice(row: &LandedRow) -> Option<String> {
    let again = format!("transship ingest --file {}", Id::landed(row.id));
    match row.state.as_str() {
        "refused" => Some(format!(
            "correct the definition and `{again}`; or the file, with `{again} --replace PATH`; or \
             take its good rows as they are, with `{again} --accept`"
        )),
        "ingested" if row.rows_bad > 0 => Some(format!(
            "if the definition is wrong, correct it: its files are taken in again by themselves; \
             if the file is, `{again} --replace PATH` with a corrected copy"
        )),
        "unmatched" => Some(
            "name it in a dataset's `files`, or leave it out of the endpoint's \
                             `pattern`"
                .to_owned(),
        ),
        _ => None,
    }
}

/// The rows of a landed file that are set aside: where, why, what stands there.
pub(super) fn set_aside(
    lines: &mut Vec<Line<'static>>,
    state: &State,
    landed: &SetAside,
    room: usize,
) {
    let theme = state.theme;
    let Some(rows) = &landed.rows else {
        lines.push(Line::default());
        return lines.push(Line::styled("reading what was set aside", theme.dim()));
    };
    if rows.is_empty() {
        return;
    }
    lines.push(Line::default());
    let title = if rows.len() as u32 >= BAD_ROWS {
        format!("set aside, the first {BAD_ROWS}")
    } else {
        "set aside".to_owned()
    };
    lines.push(Line::styled(title, theme.dim()));
    for row in rows {
        bad_row(lines, state, row, room);
    }
}

fn bad_row(lines: &mut Vec<Line<'static>>, state: &State, row: &QuarantineRow, room: usize) {
    let theme = state.theme;
    let place = format!("line {}  ", row.line);
    let indent = text::width(&place).max(10);
    let column = row.column.as_ref().map(|column| format!("{}: ", Shown::new(column)));
    let value = row.value.as_ref().map(|value| format!(": {}", Shown::limited(value, 200)));
    let words = format!(
        "{}{}{}",
        column.unwrap_or_default(),
        Shown::limited(&row.reason, 400),
        value.unwrap_or_default()
    );
    for (n, part) in text::wrap(&words, room.saturating_sub(indent)).into_iter().enumerate() {
        let place = if n == 0 { place.clone() } else { String::new() };
        let place = Span::styled(text::pad(place, indent, false), theme.dim());
        lines.push(Line::from(vec![place, Span::styled(part, theme.mood(Mood::Warning))]));
    }
    let raw = Shown::limited(row.raw.trim_end(), 400);
    let raw = text::shorten(raw.as_str(), room.saturating_sub(indent), theme.ellipsis());
    lines.push(Line::from(vec![Span::raw(" ".repeat(indent)), Span::styled(raw, theme.dim())]));
}
