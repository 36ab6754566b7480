//! What all panes have in common, and the log, which has little more.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::table::{self, Cell, Column};
use crate::console::log::LogView;
use crate::console::state::{Pane, RowKey, State};
use crate::console::text;
use crate::model::Shown;

/// Draws the title line, returns what is left. `about` stands behind the title.
pub(super) fn title(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    pane: Pane,
    about: &str,
) -> Rect {
    let theme = state.theme;
    let focused = state.focus == pane;
    let filter = Shown::limited(&state.list(pane).filter, 60);
    let mut text = format!("{} {}", theme.rule(focused), pane.title());
    let marked = state.list(pane).marked.len();
    for part in
        [about.to_owned(), if marked > 0 { format!("{marked} marked") } else { String::new() }]
    {
        if !part.is_empty() {
            text += theme.dot();
            text += &part;
        }
    }
    let typing = focused && state.typing;
    if typing || !filter.is_empty() {
        text += &format!("{}/{filter}", theme.dot());
    }
    let mut text =
        text::shorten(&text, usize::from(area.width).saturating_sub(2), theme.ellipsis());
    let end = text::width(&text) as u16;
    text.push(' ');
    text += &theme.rule(focused).repeat(usize::from(area.width).saturating_sub(text::width(&text)));
    let line = Rect { height: 1.min(area.height), ..area };
    frame.render_widget(Line::from(Span::styled(text, theme.title(focused))), line);
    if typing {
        frame.set_cursor_position(Position::new(area.x + end, area.y));
    }
    Rect { y: area.y + line.height, height: area.height - line.height, ..area }
}

/// One line of words where there are no rows.
pub(super) fn nothing(frame: &mut Frame<'_>, area: Rect, state: &State, pane: Pane, words: &str) {
    let words = match (state.loaded, state.list(pane).filter.is_empty()) {
        (false, _) => "reading the books",
        (true, false) => "nothing matches the filter; esc clears it",
        (true, true) => words,
    };
    frame.render_widget(Line::styled(format!("  {words}"), state.theme.dim()), area);
    if has_cursor(state, pane) {
        frame.set_cursor_position(Position::new(area.x, area.y));
    }
}

/// Whether the terminal's cursor belongs into `pane`.
pub(super) fn has_cursor(state: &State, pane: Pane) -> bool {
    state.focus == pane && !state.typing && state.popup.is_none()
}

/// One row of a list.
pub(super) struct Row {
    pub key: RowKey,
    pub cells: Vec<Cell>,
}

/// Draws a list: titles, then the rows around the selected one. `row` makes
/// the cells of row `n`; only rows on the screen are made.
pub(super) fn list(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    pane: Pane,
    columns: &[Column],
    (count, row): (usize, impl Fn(usize) -> Option<Row>),
) {
    if area.height == 0 {
        return;
    }
    let theme = state.theme;
    let list = state.list(pane);
    let height = usize::from(area.height - 1);
    let rows: Vec<Row> = table::window(list.index, count, height).map_while(row).collect();
    let content = table::content(columns, rows.iter().map(|row| row.cells.as_slice()));
    let room = usize::from(area.width).saturating_sub(table::MARGIN);
    let widths = table::widths(columns, &content, room);
    frame.render_widget(table::titles(theme, columns, &widths), Rect { height: 1, ..area });
    for (n, row) in rows.into_iter().enumerate() {
        let line_area = Rect { y: area.y + 1 + n as u16, height: 1, ..area };
        let marked = matches!(row.key, RowKey::Id(id) if list.marked.contains(&id));
        let selected = list.selected.as_ref() == Some(&row.key);
        let style = selected.then(|| theme.selected(state.focus == pane));
        let line = table::line(theme, columns, &widths, marked, row.cells);
        table::row(frame, line_area, line, style, selected && has_cursor(state, pane));
    }
}

/// The log pane.
pub(super) fn draw_log(frame: &mut Frame<'_>, area: Rect, state: &State, log: &mut LogView) {
    let area = title(frame, area, state, Pane::Log, &log.about());
    let margin = table::MARGIN as u16;
    let lines = Rect { x: area.x + margin, width: area.width.saturating_sub(margin), ..area };
    let row = log.render(lines, frame.buffer_mut());
    if has_cursor(state, Pane::Log) {
        frame.set_cursor_position(Position::new(area.x, area.y + row));
    }
}
