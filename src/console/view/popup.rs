//! The frame of everything that stands in front of the panes.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Text};
use ratatui::widgets::{Block, Clear};

use crate::console::state::State;
use crate::console::text;

/// Clears a box in the middle of `area` and returns its inside.
pub(super) fn frame(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    title: &str,
    (width, height): (u16, u16),
) -> Rect {
    let width = width.min(area.width.saturating_sub(2));
    let height = height.saturating_add(2).min(area.height);
    let outer = area.centered(Constraint::Length(width), Constraint::Length(height));
    let title =
        text::shorten_middle(title, usize::from(width).saturating_sub(4), state.theme.ellipsis());
    let block = Block::bordered()
        .border_set(state.theme.border())
        .border_style(state.theme.title(true))
        .title(format!(" {title} "));
    let inner = block.inner(outer);
    frame.render_widget(Clear, outer);
    frame.render_widget(block, outer);
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

/// Draws `lines` from line `scroll` on, which stops at the end.
pub(super) fn scrolled(
    frame: &mut Frame<'_>,
    area: Rect,
    lines: Vec<Line<'static>>,
    scroll: &mut usize,
) {
    *scroll = (*scroll).min(lines.len().saturating_sub(usize::from(area.height)));
    let shown: Vec<_> = lines.into_iter().skip(*scroll).take(usize::from(area.height)).collect();
    frame.render_widget(Text::from(shown), area);
    frame.set_cursor_position(area.as_position());
}
