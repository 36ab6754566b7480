//! What moves now, with how far the run is above it; then what was delivered last.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::pane::{self, Row};
use super::table::{Cell, Column};
use crate::console::live::Live;
use crate::console::state::{Pane, RowKey, State};
use crate::console::text;
use crate::console::theme::Mood;
use crate::ledger::TransferRow;
use crate::model::{Evidence, Shown};

const BAR: usize = 10;
/// The bar of the whole run.
const RUN_BAR: usize = 20;
/// Where there are fewer cells than this, it is as short as the others.
const NARROW: usize = 70;
/// The graph is left out where it would have fewer columns than this.
const LEAST_GRAPH: usize = 10;
/// The run has a line of its own where there are so many lines, titles included.
const LEAST_HEIGHT: u16 = 5;

const COLUMNS: [Column; 7] = [
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
    let own_line = has_own_line(state, area);
    let mut area = pane::title(frame, area, state, Pane::Transfers, &about(state, own_line));
    if own_line {
        run(frame, Rect { height: 1, ..area }, state);
        area = Rect { y: area.y + 1, height: area.height - 1, ..area };
    }
    let count = live.len() + recent.len();
    if count == 0 {
        return pane::nothing(frame, area, state, Pane::Transfers, "nothing was delivered yet");
    }
    // "reconnecting 3/4" is worth more than a rate that there is not.
    let mut columns = COLUMNS;
    let widest = live.iter().map(|l| text::width(&l.transfer.step)).max().unwrap_or(0);
    columns[0].width = widest.clamp(columns[0].width, 16);
    let row = |n: usize| match live.get(n) {
        Some(l) => Some(Row { key: RowKey::Id(l.transfer.id), cells: moving(state, l) }),
        None => recent
            .get(n - live.len())
            .map(|d| Row { key: RowKey::Id(d.id), cells: delivered(state, d) }),
    };
    pane::list(frame, area, state, Pane::Transfers, &columns, (count, row));
}

/// Whether how far the run is has a line of its own.
fn has_own_line(state: &State, area: Rect) -> bool {
    state.is_busy() && area.height >= LEAST_HEIGHT
}

/// Lines above the first row.
pub(super) fn lines_above(state: &State, area: Rect) -> u16 {
    if has_own_line(state, area) { 3 } else { 2 }
}

/// What the title says: how many move, what does not, and what was missed. How far the
/// run is, too, where there is no line for it.
fn about(state: &State, own_line: bool) -> String {
    let mut parts = Vec::new();
    if state.is_busy() {
        parts.push(format!("{} running", state.transfers.count()));
    }
    if state.is_busy() && !own_line {
        let batch = state.transfers.batch();
        let bar = state.theme.bar(batch.done as u64, batch.all as u64, BAR);
        parts.push(format!("this run {bar} {}/{} files", batch.done, batch.all));
    }
    let waits = |live: &&Live| live.throttled_until(state.now).is_some();
    let throttled = state.transfers.iter().filter(waits).count();
    let paused = state.books.endpoints.iter().filter(|e| e.paused).count();
    for (count, words) in [(throttled, "throttled"), (paused, "paused")] {
        if count > 0 {
            parts.push(format!("{count} {words}"));
        }
    }
    if state.transfers.dropped() > 0 {
        parts.push(format!("dropped {} events", state.transfers.dropped()));
    }
    parts.join(state.theme.dot())
}

/// How far the run is, over all files, and how fast it went in the last minutes: as much of
/// it as there is room for, the least important last.
fn run(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let theme = state.theme;
    let batch = state.transfers.batch();
    let room = usize::from(area.width).saturating_sub(1);
    let width = if room < NARROW { BAR } else { RUN_BAR };
    let bar = theme.bar(batch.done as u64, batch.all as u64, width);
    let mut words = format!("  this run {bar} {}/{} files", batch.done, batch.all);
    let rate = state.transfers.rate(state.now).map(|r| format!("{}/s", text::bytes(r as u64)));
    let left = format!("{} left", text::left(state.transfers.left(state.now)));
    for part in rate.into_iter().chain([left]) {
        let more = format!("{}{part}", theme.dot());
        if text::width(&words) + text::width(&more) <= room {
            words += &more;
        }
    }
    let graph = room.saturating_sub(text::width(&words) + 2);
    let mut line = Line::raw(text::shorten(&words, room, theme.ellipsis()));
    if graph >= LEAST_GRAPH {
        let graph = theme.graph(&state.transfers.graph(state.now, graph));
        line.push_span(Span::styled(format!("  {graph}"), theme.mood(Mood::Busy)));
    }
    frame.render_widget(line, area);
}

fn moving(state: &State, live: &Live) -> Vec<Cell> {
    let t = &live.transfer;
    let until = live.throttled_until(state.now);
    let waits =
        until.is_some() || ["reconnecting", "retrying"].iter().any(|w| t.step.starts_with(w));
    let mood = if waits { Mood::Warning } else { Mood::Busy };
    // The bar, too, is full only after the commit.
    let progress = match (until, live.percent()) {
        (Some(until), _) => {
            format!("until {}", until.to_zoned(state.zone.clone()).strftime("%H:%M:%S"))
        }
        (None, Some(percent)) => format!("{} {percent:>3}%", state.theme.bar(percent, 100, BAR)),
        (None, None) => text::bytes(t.bytes),
    };
    let rate =
        live.rate(state.now).map_or_else(String::new, |r| format!("{}/s", text::bytes(r as u64)));
    vec![
        Cell::new(Shown::new(&t.step).as_str(), mood),
        Cell::plain(t.name.as_str()),
        Cell::new(progress, mood),
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
