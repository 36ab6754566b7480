//! The tables that partners' files are taken into: rows, files, drift.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::feeds;
use super::pane::{self, Row};
use super::table::{Cell, Column};
use crate::console::state::{Pane, RowKey, State};
use crate::console::text;
use crate::console::theme::Mood;
use crate::model::Shown;
use crate::silver::lists::{LandedRow, Stand};

const COLUMNS: &[Column] = &[
    Column::new("NAME", 16, 10).grow(1),
    Column::new("ROWS", 9, 9).right(),
    Column::new("SET ASIDE", 9, 8).right(),
    Column::new("FILES", 6, 7).right(),
    Column::new("REFUSED", 7, 6).right(),
    Column::new("TAKEN IN", 8, 5).right(),
    Column::new("DRIFT OF THE NEWEST FILES", 25, 4).grow(3),
];

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let rows: Vec<&Stand> = state.datasets().collect();
    let area = pane::title(frame, area, state, Pane::Datasets, &rows.len().to_string());
    if rows.is_empty() {
        let words = "no dataset has rows yet; proposals lie in proposed/ of the data folder";
        return pane::nothing(frame, area, state, Pane::Datasets, words);
    }
    let row = |n: usize| {
        rows.get(n).map(|d| Row { key: RowKey::Dataset(d.name.clone()), cells: cells(state, d) })
    };
    pane::list(frame, area, state, Pane::Datasets, COLUMNS, (rows.len(), row));
}

fn cells(state: &State, d: &Stand) -> Vec<Cell> {
    let files = || state.books.landed.iter().filter(|f| f.dataset.as_ref() == Some(&d.name));
    let refused = files().filter(|f| f.state == "refused").count();
    let drifts: Vec<&LandedRow> = files().filter(|f| !feeds::short_drift(f).is_empty()).collect();
    let drift = match drifts.as_slice() {
        [] => String::new(),
        [first, ..] => {
            let files = if drifts.len() == 1 { "1 file" } else { "files" };
            let count =
                if drifts.len() == 1 { String::new() } else { format!("{} ", drifts.len()) };
            format!("{count}{files}: {}", feeds::short_drift(first))
        }
    };
    let taken = d.last_ingested_at.as_deref().and_then(|at| at.parse().ok());
    let bad = |count: u64| if count > 0 { Mood::Warning } else { Mood::Dim };
    vec![
        Cell::plain(Shown::new(&d.name).as_str()),
        Cell::plain(d.rows.to_string()),
        Cell::new(d.bad.to_string(), bad(d.bad)),
        Cell::plain(d.files.to_string()),
        Cell::new(refused.to_string(), if refused > 0 { Mood::Bad } else { Mood::Dim }),
        Cell::dim(taken.map_or_else(String::new, |at| text::age(state.now, at))),
        Cell::new(drift, Mood::Warning),
    ]
}
