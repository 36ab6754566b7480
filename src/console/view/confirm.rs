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
    lines.push(Line::default());
    let button = |words: &str, focused: bool| {
        let style = if focused {
            theme.selected(true)
        } else {
            theme.mood(crate::console::theme::Mood::Plain)
        };
        Span::styled(format!("[ {words} ]"), style)
    };
    let (no, yes) = (button(NO, !confirm.on_yes), button(&confirm.yes, confirm.on_yes));
    let at = if confirm.on_yes { no.width() + 2 } else { 0 };
    lines.push(Line::from(vec![no, Span::raw("  "), yes]));
    let inner = popup::frame(frame, area, state, &confirm.title, (width, lines.len() as u16));
    let last = inner.y + (lines.len() as u16 - 1).min(inner.height.saturating_sub(1));
    frame.render_widget(Text::from(lines), inner);
    frame.set_cursor_position(Position::new(inner.x + at as u16, last));
}
