//! The last two lines: what there is to say, and the keys that help now.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span, Text};

use crate::console::keys::{Binding, TABLE};
use crate::console::possible::possible;
use crate::console::state::{Pane, Popup, RowKey, State};
use crate::console::text;
use crate::console::theme::Mood;
use crate::engine::Level;
use crate::model::Shown;

/// What there is to say, in lines: a toast, else why the filter cannot be understood and
/// what it may go on to, else why the books cannot be read, else the selected row's failure.
/// More than one line only where the operator asked for it.
pub(super) fn words(state: &State, width: u16) -> Vec<Line<'static>> {
    let filter = || {
        if state.focus == Pane::Log {
            return None;
        }
        let error = state.filter(state.focus).error;
        if error.is_none() && !state.typing {
            return None;
        }
        error.map(|error| (error, Mood::Warning)).or_else(|| {
            let words = state.completions();
            let last = |whole: &String| whole.rsplit(' ').next().unwrap_or(whole).to_owned();
            let words: Vec<String> = words.iter().map(last).take(12).collect();
            (!words.is_empty()).then(|| (words.join("  "), Mood::Dim))
        })
    };
    let (words, mood) = if let Some(toast) = &state.toast {
        let mood = match toast.level {
            Level::Info => Mood::Good,
            Level::Warning => Mood::Warning,
            Level::Error => Mood::Bad,
        };
        (toast.text.clone(), mood)
    } else if let Some(failure) = &state.books_failure {
        (failure.to_string(), Mood::Bad)
    } else if let Some(said) = filter() {
        said
    } else if let Some(failure) = &state.books.landed_failure
        && state.focus == Pane::Feeds
    {
        (failure.to_string(), Mood::Bad)
    } else {
        (selected_failure(state).unwrap_or_default(), Mood::Warning)
    };
    let words = Shown::limited(words, 1_000);
    let room = usize::from(width).saturating_sub(2);
    let lines = match state.wrap {
        true => text::wrap(words.as_str(), room),
        false => vec![text::shorten(words.as_str(), room, state.theme.ellipsis())],
    };
    let style = state.theme.mood(mood);
    lines.into_iter().map(|line| Line::styled(format!(" {line}"), style)).collect()
}

pub(super) fn message(frame: &mut Frame<'_>, area: Rect, words: Vec<Line<'static>>) {
    frame.render_widget(Text::from(words), area);
}

fn selected_failure(state: &State) -> Option<String> {
    match (state.focus, state.list(state.focus).selected.as_ref()?) {
        (Pane::Needs, row) => {
            state.needs().iter().find(|need| need.key == *row).map(|need| need.why.clone())
        }
        (_, RowKey::Endpoint(name)) => state.endpoint_called(name)?.last_error.clone(),
        (_, RowKey::Dataset(_) | RowKey::Channel(_)) => None,
        (Pane::Runs, RowKey::Id(id)) => {
            state.run(*id)?.endpoints.iter().find_map(|e| e.error.clone())
        }
        (_, RowKey::Landed(file)) => {
            let row = state.landed_file(*file)?;
            row.error.clone().or_else(|| super::feeds::drift(row))
        }
        (Pane::Transfers, RowKey::Id(id)) => {
            state.books.recent.iter().find(|d| d.id == *id)?.error.clone()
        }
        (_, RowKey::Id(id)) => state.pending_export(*id)?.error.clone(),
    }
}

/// The keys of the focused pane, those that are possible now bright.
pub(super) fn keys(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let theme = state.theme;
    let fixed: &[(&str, &str)] = match &state.popup {
        Some(Popup::Confirm(_)) => {
            &[("tab", "other button"), ("enter", "choose"), ("y", "yes"), ("n", "no")]
        }
        Some(Popup::Palette { .. }) => &[("tab", "complete"), ("enter", "do it"), ("esc", "close")],
        Some(Popup::SignIn(_)) => &[("y", "copy the address"), ("esc", "give up")],
        Some(Popup::Details(_)) => &[
            ("j k", "scroll"),
            ("L", "log lines"),
            ("y", "copy name"),
            ("u", "copy path"),
            ("esc", "close"),
        ],
        Some(_) => &[("j k", "scroll"), ("esc", "close")],
        None if state.typing => {
            &[("tab", "complete"), ("enter", "keep"), ("esc", "clear"), ("-word", "without")]
        }
        None => &[],
    };
    let mut spans = vec![Span::raw(" ")];
    if !fixed.is_empty() {
        for (key, words) in fixed {
            spans.push(Span::styled((*key).to_owned(), theme.strong()));
            spans.push(Span::raw(format!(" {words}  ")));
        }
        return frame.render_widget(Line::from(spans), area);
    }
    let mut room = usize::from(area.width).saturating_sub(1);
    for binding in shown(state, room) {
        let key = state.keys.shown(binding.action);
        let words = format!(" {}  ", binding.name);
        room = room.saturating_sub(text::width(&key) + text::width(&words));
        let (key_style, style) = match possible(binding.action, state) {
            Ok(()) => (theme.strong(), theme.mood(Mood::Plain)),
            Err(_) => (theme.dim(), theme.dim().remove_modifier(Modifier::BOLD)),
        };
        spans.push(Span::styled(key, key_style));
        spans.push(Span::styled(words, style));
    }
    frame.render_widget(Line::from(spans), area);
}

/// What the footer shows in `room` cells. Help and quit always fit in; of the
/// others the possible ones come first.
pub(in crate::console) fn shown(state: &State, room: usize) -> Vec<&'static Binding> {
    let cells = |b: &Binding| text::width(&format!("{} {}  ", state.keys.shown(b.action), b.name));
    let mut all: Vec<&Binding> = TABLE
        .iter()
        .filter(|b| b.footer > 0 && b.panes.contains(&state.focus))
        .filter(|b| !(state.read_only && b.action.changes_something()))
        .collect();
    all.sort_by_key(|b| (b.footer < 20, possible(b.action, state).is_err(), b.footer));
    let mut used = 0;
    all.retain(|b| {
        let fits = used + cells(b) <= room + 2;
        used += if fits { cells(b) } else { 0 };
        fits
    });
    all.sort_by_key(|b| b.footer);
    all
}
