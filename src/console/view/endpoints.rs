//! The endpoints: one line each, what an operator asks first.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pane::{self, Row};
use super::table::{Cell, Column};
use crate::console::state::{Pane, RowKey, State};
use crate::console::text;
use crate::console::theme::Mood;
use crate::engine::Phase;
use crate::ledger::EndpointRow;
use crate::model::{Schedule, Shown};

const COLUMNS: &[Column] = &[
    Column::new("NAME", 14, 10).grow(3),
    Column::new("NOW", 12, 9).grow(2),
    Column::new("LAST RUN", 14, 8),
    Column::new("NEXT", 7, 6),
    Column::new("WAITS", 5, 5).right(),
    Column::new("YOU", 3, 7).right(),
    Column::new("UNCONF", 7, 4).right(),
    Column::new("LISTED", 6, 1).right(),
    Column::new("CONFIRMED", 9, 2).right(),
];

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let rows: Vec<&EndpointRow> = state.endpoints().collect();
    let area = pane::title(frame, area, state, Pane::Endpoints, "");
    if rows.is_empty() {
        let words = "no endpoints: transship init writes an example configuration";
        return pane::nothing(frame, area, state, Pane::Endpoints, words);
    }
    let row = |n: usize| {
        rows.get(n).map(|e| Row { key: RowKey::Endpoint(e.name.clone()), cells: cells(state, e) })
    };
    pane::list(frame, area, state, Pane::Endpoints, COLUMNS, (rows.len(), row));
}

fn now(state: &State, e: &EndpointRow) -> Cell {
    match state.phases.get(&e.name) {
        Some(phase @ (Phase::Braked(_) | Phase::ContentsWait(_))) => {
            Cell::new(Shown::new(phase.words()).as_str(), Mood::Bad)
        }
        Some(phase) if *phase != Phase::Idle => Cell::new(phase.words(), Mood::Busy),
        _ if !e.is_active => Cell::dim("switched off"),
        _ => Cell::dim("idle"),
    }
}

fn last(state: &State, e: &EndpointRow) -> Cell {
    match (e.last_run, e.last_outcome) {
        (Some(at), Some(outcome)) => {
            let words = match outcome.as_str() {
                "needs_operator" => "needs you".to_owned(),
                name => name.replace('_', " "),
            };
            Cell::new(format!("{} {words}", text::age(state.now, at)), Mood::of_outcome(outcome))
        }
        (Some(at), None) => Cell::new(format!("{} running", text::age(state.now, at)), Mood::Busy),
        (None, _) => Cell::dim("never"),
    }
}

fn next(state: &State, e: &EndpointRow) -> String {
    match e.next_run {
        _ if e.paused => "paused".to_owned(),
        Some(at) => text::until(state.now, at),
        None if e.schedule == Some(Schedule::Manual) || !e.is_active => "manual".to_owned(),
        // It begins any moment, or just did.
        None => "-".to_owned(),
    }
}

/// Published but not seen taken, and since when.
fn unconfirmed(state: &State, e: &EndpointRow) -> String {
    match e.oldest_unconfirmed_at {
        Some(at) if e.unconfirmed > 0 => format!("{}, {}", e.unconfirmed, text::age(state.now, at)),
        _ => e.unconfirmed.to_string(),
    }
}

fn cells(state: &State, e: &EndpointRow) -> Vec<Cell> {
    let needs = if e.needs_operator > 0 { Mood::Bad } else { Mood::Dim };
    let waits = if e.retrying > 0 { Mood::Warning } else { Mood::Plain };
    vec![
        Cell::plain(Shown::new(&e.name).as_str()),
        now(state, e),
        last(state, e),
        Cell::dim(next(state, e)),
        Cell::new(e.waiting.to_string(), waits),
        Cell::new(e.needs_operator.to_string(), needs),
        Cell::plain(unconfirmed(state, e)),
        Cell::dim(e.listed.to_string()),
        Cell::plain(e.confirmed.to_string()),
    ]
}

/// Everything about an endpoint in words, for its details.
pub(in crate::console) fn facts(state: &State, e: &EndpointRow) -> Vec<(String, String)> {
    let mut facts = vec![
        ("type", e.endpoint_type.to_string()),
        (
            "delivers to",
            e.deliver_to.clone().unwrap_or_else(|| "nowhere: it only keeps the books".into()),
        ),
        ("now", now(state, e).text),
        ("last run", last(state, e).text),
        ("next run", next(state, e)),
        ("listed", e.listed.to_string()),
        ("waiting", format!("{}, of them {} after a failure", e.waiting, e.retrying)),
        ("needs you", e.needs_operator.to_string()),
        ("unconfirmed", unconfirmed(state, e)),
        ("confirmed", e.confirmed.to_string()),
    ];
    facts.extend(e.last_missed_at.map(|at| {
        let ago = text::age(state.now, at);
        ("missed runs", format!("{}, the last one {ago} ago", e.missed_runs))
    }));
    facts.extend(e.last_error.clone().map(|error| ("last failure", error)));
    facts.into_iter().map(|(label, value)| (label.to_owned(), value)).collect()
}
