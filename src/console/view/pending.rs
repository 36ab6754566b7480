//! Everything that is not at its end, what needs a person first.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pane::{self, Row};
use super::table::{Cell, Column};
use crate::console::driver::EXPORTS;
use crate::console::state::{Pane, RowKey, State};
use crate::console::text;
use crate::console::theme::Mood;
use crate::ledger::ExportRow;
use crate::model::Shown;

const COLUMNS: &[Column] = &[
    Column::new("STATE", 11, 9),
    Column::new("NAME", 18, 10).grow(2),
    Column::new("ENDPOINT", 12, 3).grow(1),
    Column::new("TRY", 3, 4).right(),
    Column::new("SIZE", 6, 5).right(),
    Column::new("NEXT", 7, 6),
    Column::new("WHY", 14, 7).grow(3),
];

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let count = state.count(Pane::Pending);
    let more = if state.books.pending.len() > EXPORTS as usize { "+" } else { "" };
    let about = match state.loaded {
        true => format!("{count}{more}"),
        false => String::new(),
    };
    let area = pane::title(frame, area, state, Pane::Pending, &about);
    if count == 0 {
        return pane::nothing(frame, area, state, Pane::Pending, "nothing waits");
    }
    let row = |n: usize| {
        state.pending_at(n).map(|x| Row { key: RowKey::Id(x.id), cells: cells(state, x) })
    };
    pane::list(frame, area, state, Pane::Pending, COLUMNS, (count, row));
}

fn cells(state: &State, x: &ExportRow) -> Vec<Cell> {
    let next = match (x.next_attempt_at, Mood::of_state(&x.state)) {
        (Some(at), _) => state.next_try(&x.endpoint, at),
        (None, Mood::Bad) => "you".to_owned(),
        (None, _) => String::new(),
    };
    vec![
        Cell::new(Shown::new(x.state.replace('_', " ")).as_str(), Mood::of_state(&x.state)),
        Cell::plain(Shown::new(&x.name).as_str()),
        Cell::dim(Shown::new(&x.endpoint).as_str()),
        Cell::plain(x.attempt.to_string()),
        Cell::plain(x.bytes.map_or_else(String::new, text::bytes)),
        Cell::plain(next),
        Cell::plain(Shown::new(x.error.as_deref().unwrap_or("")).as_str()),
    ]
}
