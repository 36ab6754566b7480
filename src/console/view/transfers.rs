//! What moves now, then what was delivered last.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pane::{self, Row};
use super::table::{Cell, Column};
use crate::console::live::Live;
use crate::console::state::{Pane, RowKey, State};
use crate::console::text;
use crate::console::theme::Mood;
use crate::ledger::TransferRow;
use crate::model::{Evidence, Shown};

const BAR: usize = 10;
const COLUMNS: &[Column] = &[
    Column::new("STATE", 11, 9),
    Column::new("NAME", 16, 10).grow(2),
    Column::new("PROGRESS", 20, 8).grow(1),
    Column::new("SIZE", 6, 7).right(),
    Column::new("RATE", 8, 5).right(),
    Column::new("LEFT", 5, 6).right(),
    Column::new("ENDPOINT", 12, 1),
];

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let live: Vec<&Live> = state.live().collect();
    let recent: Vec<&TransferRow> = state.recent().collect();
    let area = pane::title(frame, area, state, Pane::Transfers, &batch(state));
    let count = live.len() + recent.len();
    if count == 0 {
        return pane::nothing(frame, area, state, Pane::Transfers, "nothing was delivered yet");
    }
    let row = |n: usize| match live.get(n) {
        Some(l) => Some(Row { key: RowKey::Id(l.transfer.id), cells: moving(state, l) }),
        None => recent
            .get(n - live.len())
            .map(|d| Row { key: RowKey::Id(d.id), cells: delivered(state, d) }),
    };
    pane::list(frame, area, state, Pane::Transfers, COLUMNS, (count, row));
}

/// How far the run is, over all files.
fn batch(state: &State) -> String {
    let (done, all) = state.transfers.batch();
    let count = state.transfers.count();
    if count == 0 && state.runs.is_empty() {
        return String::new();
    }
    let bar = state.theme.bar(done as u64, all as u64, BAR);
    format!("{count} running{}this run {bar} {done}/{all} files", state.theme.dot())
}

fn moving(state: &State, live: &Live) -> Vec<Cell> {
    let t = &live.transfer;
    // The bar, too, is full only after the commit.
    let progress = match live.percent() {
        Some(percent) => format!("{} {percent:>3}%", state.theme.bar(percent, 100, BAR)),
        None => text::bytes(t.bytes),
    };
    let rate =
        live.rate(state.now).map_or_else(String::new, |r| format!("{}/s", text::bytes(r as u64)));
    vec![
        Cell::new(Shown::new(&t.step).as_str(), Mood::Busy),
        Cell::plain(t.name.as_str()),
        Cell::new(progress, Mood::Busy),
        Cell::plain(t.total.map_or_else(|| "?".to_owned(), text::bytes)),
        Cell::plain(rate),
        Cell::plain(text::left(live.left(state.now))),
        Cell::dim(Shown::new(&t.endpoint).as_str()),
    ]
}

fn delivered(state: &State, d: &TransferRow) -> Vec<Cell> {
    let evidence = d.evidence.as_deref().and_then(Evidence::from_name);
    let proof = match (evidence, &d.error) {
        (Some(evidence), _) => format!("{} {}", evidence.as_str(), evidence.words()),
        (None, Some(error)) => Shown::new(error).to_string(),
        (None, None) => String::new(),
    };
    let name = d.remote_name.as_deref().unwrap_or(&d.name);
    vec![
        Cell::new(Shown::new(d.state.replace('_', " ")).as_str(), Mood::of_state(&d.state)),
        Cell::plain(Shown::new(name).as_str()),
        Cell::plain(proof),
        Cell::plain(d.bytes.map_or_else(String::new, text::bytes)),
        Cell::dim(format!("{} ago", text::age(state.now, d.updated_at))),
        Cell::plain(""),
        Cell::dim(Shown::new(&d.endpoint).as_str()),
    ]
}
