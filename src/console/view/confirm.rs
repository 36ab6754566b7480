//! The question before something that cannot be taken back.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span, Text};

use super::popup;
use crate::console::state::{Confirm, State};
use crate::console::text;

const NO: &str = "No, go back";

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, confirm: &Confirm) {
    let theme = state.theme;
    let width = area.width.saturating_sub(4).min(70);
    let room = usize::from(width).saturating_sub(4);
    let mut lines: Vec<Line<'static>> =
        confirm.lines.iter().flat_map(|l| text::wrap(l, room)).map(Line::from).collect();
    let button = |words: &str, focused: bool| {
        let style = if focused {
            theme.selected(true)
        } else {
            theme.mood(crate::console::theme::Mood::Plain)
        };
        Span::styled(format!("[ {words} ]"), style)
    };
    let (no, yes) = (button(NO, !confirm.on_yes), button(&confirm.yes, confirm.on_yes));
    // Below each other where they do not fit beside each other.
    let beside = no.width() + 2 + yes.width() <= room;
    let (column, row) = match (beside, confirm.on_yes) {
        (true, true) => (no.width() + 2, 0),
        (false, true) => (0, 1),
        (_, false) => (0, 0),
    };
    let buttons = match beside {
        true => vec![Line::from(vec![no, Span::raw("  "), yes])],
        false => vec![Line::from(no), Line::from(yes)],
    };
    // The buttons are always there, whatever there is to say.
    let high = usize::from(area.height).saturating_sub(2 + buttons.len());
    if lines.len() + 1 > high {
        lines.truncate(high.saturating_sub(1));
        lines.push(Line::from(theme.ellipsis().to_string()));
    } else {
        lines.push(Line::default());
    }
    let above = lines.len();
    lines.extend(buttons);
    let inner = popup::frame(frame, area, state, &confirm.title, (width, lines.len() as u16));
    frame.render_widget(Text::from(lines), inner);
    let at = Position::new(inner.x + column as u16, inner.y + (above + row) as u16);
    frame.set_cursor_position(at);
}
