//! The list of keys, drawn from the one table.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::popup;
use crate::console::filter;
use crate::console::keys::{Binding, TABLE};
use crate::console::possible::possible;
use crate::console::state::{Pane, State};
use crate::console::text;

/// Cells of the list at the most.
const WIDE: u16 = 100;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, scroll: &mut usize) {
    let room = usize::from(WIDE.min(area.width.saturating_sub(2))).saturating_sub(4);
    let lines: Vec<Line<'static>> = lines(state).into_iter().map(|l| fit(state, l, room)).collect();
    let title = format!("keys in {}", &state.focus.title()[2..]);
    let inner = popup::frame(frame, area, state, &title, (WIDE, lines.len() as u16));
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
        .chain(fields(state))
        .collect()
}

/// What a filter of this pane can ask for.
fn fields(state: &State) -> Vec<Line<'static>> {
    let fields = filter::typable(state.focus);
    if fields.is_empty() {
        return Vec::new();
    }
    let theme = state.theme;
    let row = |label: &str, words: String| {
        let label = Span::styled(text::pad(label.to_owned(), 18, false), theme.strong());
        Line::from(vec![label, Span::raw(words)])
    };
    let (first, second) = fields.split_at(fields.len().min(7));
    let mut lines = vec![
        Line::default(),
        row("a filter has", "word  -word  \"two words\"  field:a,b  field:>2".to_owned()),
        row("its fields here", first.join("  ")),
    ];
    if !second.is_empty() {
        lines.push(row("", second.join("  ")));
    }
    if fields.iter().any(|field| field == "state") {
        lines.push(row("states at once", "failed  you  done  empty".to_owned()));
    }
    lines
}

/// Cuts a line that is too long, visibly.
fn fit(state: &State, line: Line<'static>, room: usize) -> Line<'static> {
    match line.width() > room {
        false => line,
        true => {
            let style = line.style;
            let words = text::shorten(&line.to_string(), room, state.theme.ellipsis());
            Line::styled(words, style)
        }
    }
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
