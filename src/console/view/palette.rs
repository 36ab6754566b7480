//! Every action by its name.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::{popup, table};
use crate::console::possible::possible;
use crate::console::state::State;
use crate::console::text;
use crate::console::update::matching;
use crate::model::Shown;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, input: &str, index: usize) {
    let theme = state.theme;
    let found = matching(state, input);
    let inner = popup::frame(frame, area, state, "commands", (76, 13));
    let input = Shown::new(input);
    frame.render_widget(Line::from(format!(": {input}")), Rect { height: 1, ..inner });
    frame.set_cursor_position(Position::new(
        inner.x + 2 + text::width(input.as_str()) as u16,
        inner.y,
    ));
    let height = usize::from(inner.height).saturating_sub(1);
    for (n, at) in table::window(index, found.len(), height).enumerate() {
        let binding = found[at];
        let (words, style) = match possible(binding.action, state) {
            Ok(()) => (binding.says.to_owned(), theme.mood(crate::console::theme::Mood::Plain)),
            Err(reason) => (reason, theme.dim()),
        };
        let name = text::pad(binding.name.to_owned(), 16, false);
        let key = text::pad(state.keys.shown(binding.action), 10, false);
        let room = usize::from(inner.width).saturating_sub(26);
        let words = text::shorten(&words, room, theme.ellipsis());
        let line =
            Line::from(vec![Span::raw(name), Span::raw(key), Span::raw(words)]).patch_style(style);
        let area = Rect { y: inner.y + 1 + n as u16, height: 1, ..inner };
        table::row(frame, area, line, (at == index).then(|| theme.selected(true)), false);
    }
}
