//! Every action by its name.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::{endpoints, popup, table};
use crate::console::state::State;
use crate::console::text;
use crate::console::update::{Entry, On, entry_possible, matching};
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
    let window = table::window(index, found.len(), height);
    let labels = found[window.clone()].iter().map(|entry| text::width(&entry.label()));
    let wide = labels.max().unwrap_or(0).clamp(16, usize::from(inner.width) / 2) + 1;
    for (n, at) in window.enumerate() {
        let (entry, binding) = (&found[at], found[at].binding);
        let (words, style) = match entry_possible(state, entry) {
            Ok(()) => (says(state, entry), theme.mood(crate::console::theme::Mood::Plain)),
            Err(reason) => (reason, theme.dim()),
        };
        let name = text::shorten(&entry.label(), wide - 1, theme.ellipsis());
        let name = text::pad(name, wide, false);
        let key = text::pad(state.keys.shown(binding.action), 10, false);
        let room = usize::from(inner.width).saturating_sub(wide + 10);
        let words = text::shorten(&words, room, theme.ellipsis());
        let line =
            Line::from(vec![Span::raw(name), Span::raw(key), Span::raw(words)]).patch_style(style);
        let area = Rect { y: inner.y + 1 + n as u16, height: 1, ..inner };
        table::row(frame, area, line, (at == index).then(|| theme.selected(true)), false);
    }
}

/// What the entry does, or how the endpoint stands that it is about.
fn says(state: &State, entry: &Entry) -> String {
    let row = match &entry.on {
        On::Endpoint(name) => state.endpoint_called(name),
        On::Selected | On::Id(_) => None,
    };
    match row {
        Some(e) => format!("last run {}", endpoints::last(state, e).text),
        None => entry.binding.says.to_owned(),
    }
}
