//! When each endpoint runs: its schedule, the next run, and what was missed.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::endpoints;
use super::pane::{self, Row};
use super::table::{Cell, Column};
use crate::console::state::{Pane, RowKey, State};
use crate::console::text;
use crate::console::theme::Mood;
use crate::ledger::EndpointRow;
use crate::model::{Schedule, Shown};

const COLUMNS: &[Column] = &[
    Column::new("NAME", 14, 10).grow(2),
    Column::new("SCHEDULE", 16, 7).grow(3),
    Column::new("STATE", 9, 8),
    Column::new("NEXT", 12, 9),
    Column::new("IN", 6, 6).right(),
    Column::new("LAST RUN", 14, 5),
    Column::new("MISSED", 6, 4).right(),
    Column::new("LAST MISSED", 12, 3),
];

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let rows: Vec<&EndpointRow> = state.schedules().collect();
    let paused = rows.iter().filter(|e| e.paused).count();
    let about = match paused {
        0 => rows.len().to_string(),
        paused => format!("{}, {paused} paused", rows.len()),
    };
    let area = pane::title(frame, area, state, Pane::Schedules, &about);
    if rows.is_empty() {
        return pane::nothing(frame, area, state, Pane::Schedules, "no endpoints");
    }
    let row = |n: usize| {
        rows.get(n).map(|e| Row { key: RowKey::Endpoint(e.name.clone()), cells: cells(state, e) })
    };
    pane::list(frame, area, state, Pane::Schedules, COLUMNS, (rows.len(), row));
}

/// A schedule in words.
pub(super) fn words(schedule: Option<&Schedule>) -> String {
    schedule.map_or_else(|| "of a newer program".to_owned(), Schedule::words)
}

fn cells(state: &State, e: &EndpointRow) -> Vec<Cell> {
    let (words_now, mood) = match () {
        () if !e.is_active => ("off", Mood::Dim),
        () if e.paused => ("paused", Mood::Warning),
        () if e.schedule == Some(Schedule::Manual) => ("manual", Mood::Dim),
        () if state.is_running(&e.name) => ("running", Mood::Busy),
        () => ("on", Mood::Good),
    };
    let next = e.next_run.filter(|_| !e.paused && e.is_active);
    let missed = if e.missed_runs > 0 { Mood::Warning } else { Mood::Dim };
    let moment = |at| text::moment(state.now, at, &state.zone);
    vec![
        Cell::plain(Shown::new(&e.name).as_str()),
        Cell::plain(Shown::new(words(e.schedule.as_ref())).as_str()),
        Cell::new(words_now, mood),
        Cell::plain(next.map_or_else(|| "-".to_owned(), moment)),
        Cell::dim(
            next.map_or_else(String::new, |at| text::until(state.now, at).replace("in ", "")),
        ),
        endpoints::last(state, e),
        Cell::new(e.missed_runs.to_string(), missed),
        Cell::dim(e.last_missed_at.map_or_else(String::new, moment)),
    ]
}
