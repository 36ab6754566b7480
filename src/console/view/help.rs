//! The list of keys, drawn from the one table.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::popup;
use crate::console::keys::{Binding, TABLE};
use crate::console::possible::possible;
use crate::console::state::{Pane, State};
use crate::console::text;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, scroll: &mut usize) {
    let lines = lines(state);
    let title = format!("keys in {}", &state.focus.title()[2..]);
    let inner = popup::frame(frame, area, state, &title, (76, lines.len() as u16));
    popup::scrolled(frame, inner, lines, scroll);
}

/// This pane's own keys first, then those that work everywhere; what is not
/// possible now is dim and says why.
pub(in crate::console) fn lines(state: &State) -> Vec<Line<'static>> {
    let here = TABLE
        .iter()
        .filter(|b| b.panes.contains(&state.focus))
        .filter(|b| !(state.read_only && b.action.changes_something()));
    let (own, everywhere): (Vec<_>, Vec<_>) = here.partition(|b| b.panes.len() < Pane::ALL.len());
    own.into_iter()
        .map(|b| line(state, b))
        .chain([Line::default()])
        .chain(everywhere.into_iter().map(|b| line(state, b)))
        .collect()
}

fn line(state: &State, binding: &Binding) -> Line<'static> {
    let keys: Vec<String> = state.keys.of(binding.action).iter().map(ToString::to_string).collect();
    let keys = text::pad(keys.join(" "), 18, false);
    match possible(binding.action, state) {
        Ok(()) => {
            Line::from(vec![Span::styled(keys, state.theme.strong()), Span::raw(binding.says)])
        }
        Err(reason) => {
            let words = format!("{keys}{} ({reason})", binding.says);
            Line::styled(words, state.theme.dim())
        }
    }
}
