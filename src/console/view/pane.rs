//! What all panes have in common, and the log, which has little more.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::table::{self, Cell, Column};
use crate::console::action::Action;
use crate::console::log::LogView;
use crate::console::state::{Pane, RowKey, State};
use crate::console::text;
use crate::console::theme::Mood;
use crate::model::Shown;

/// Draws the title line, returns what is left. `about` stands behind the title.
pub(super) fn title(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    pane: Pane,
    about: &str,
) -> Rect {
    title_in(frame, area, state, pane, about, (Mood::Plain, area.width))
}

/// The same in at most `room` cells, in the colour of `mood` if that is not plain.
pub(super) fn title_in(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    pane: Pane,
    about: &str,
    (mood, room): (Mood, u16),
) -> Rect {
    let theme = state.theme;
    let focused = state.focus == pane;
    let filter = Shown::limited(&state.list(pane).filter, 60);
    let mut text = format!("{} {}", theme.rule(focused), pane.title());
    let marked = state.list(pane).marked.len();
    let range = match state.list(pane).range {
        Some(_) => format!(", {} ends the range", state.keys.shown(Action::Range)),
        None => String::new(),
    };
    let marked = match marked {
        0 => String::new(),
        marked => format!("{marked} marked{range}"),
    };
    let sorted = match state.list(pane).sort {
        None => String::new(),
        Some((field, descending)) => format!("by {}{}", field.name(), theme.sorted(descending)),
    };
    for part in [about, &sorted, &marked] {
        if !part.is_empty() {
            text += if part.starts_with('(') { " " } else { theme.dot() };
            text += part;
        }
    }
    let typing = focused && state.typing;
    if typing || !filter.is_empty() {
        text += &format!("{}/{filter}", theme.dot());
    }
    let mut text = text::shorten(&text, usize::from(room).saturating_sub(2), theme.ellipsis());
    let end = text::width(&text) as u16;
    text.push(' ');
    text += &theme.rule(focused).repeat(usize::from(area.width).saturating_sub(text::width(&text)));
    let line = Rect { height: 1.min(area.height), ..area };
    let style = if mood == Mood::Plain { theme.title(focused) } else { theme.mood(mood) };
    frame.render_widget(Line::from(Span::styled(text, style)), line);
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
    rows: (usize, impl Fn(usize) -> Option<Row>),
) {
    self::rows(frame, area, state, pane, (columns, true), rows);
}

/// The same, with the columns' titles or without.
pub(super) fn rows(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    pane: Pane,
    (columns, titles): (&[Column], bool),
    (count, row): (usize, impl Fn(usize) -> Option<Row>),
) {
    if area.height == 0 {
        return;
    }
    let theme = state.theme;
    let list = state.list(pane);
    let above = u16::from(titles);
    let height = usize::from(area.height - above);
    let window = table::window(list.index, count, height);
    beyond(frame, area, state, pane, (window.start, count - window.end));
    let rows: Vec<Row> = window.map_while(row).collect();
    let content = table::content(columns, rows.iter().map(|row| row.cells.as_slice()));
    let room = usize::from(area.width).saturating_sub(table::MARGIN);
    let widths = table::widths(columns, &content, room);
    if titles {
        let line = table::titles(theme, columns, &widths, list.sort);
        frame.render_widget(line, Rect { height: 1, ..area });
    }
    for (n, row) in rows.into_iter().enumerate() {
        let line_area = Rect { y: area.y + above + n as u16, height: 1, ..area };
        let marked = matches!(row.key, RowKey::Id(id) if list.marked.contains(&id));
        let selected = list.selected.as_ref() == Some(&row.key);
        let style = selected.then(|| theme.selected(state.focus == pane));
        let line = table::line(theme, columns, &widths, marked, row.cells);
        table::row(frame, line_area, line, style, selected && has_cursor(state, pane));
    }
}

/// Says, at the end of the title line, how many rows are beyond the screen.
fn beyond(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    pane: Pane,
    (above, below): (usize, usize),
) {
    let words = match (above, below) {
        (0, 0) => return,
        (0, below) => format!(" {below} more below "),
        (above, 0) => format!(" {above} more above "),
        (above, below) => format!(" {above} above, {below} below "),
    };
    let width = text::width(&words) as u16;
    if area.y == 0 || width + 24 > area.width {
        return;
    }
    let line = Rect::new(area.right() - width - 1, area.y - 1, width, 1);
    let style = state.theme.title(state.focus == pane);
    frame.render_widget(Line::styled(words, style), line);
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
