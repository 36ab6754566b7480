//! The first line: which console this is, whether something runs, whether you are needed.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::console::action::Action;
use crate::console::state::State;
use crate::console::text;
use crate::console::theme::Mood;
use crate::engine::Phase;
use crate::model::Shown;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let theme = state.theme;
    let mut parts = vec![Span::styled(" transship", theme.strong())];
    let mut add = |words: String, mood| {
        parts.push(Span::styled(theme.dot(), theme.dim()));
        parts.push(Span::styled(words, theme.mood(mood)));
    };
    if !state.title.is_empty() {
        add(Shown::new(&state.title).to_string(), Mood::Plain);
    }
    if state.read_only {
        add("read-only".to_owned(), Mood::Warning);
    }
    let running = state.books.endpoints.iter().filter(|e| state.is_running(&e.name)).count();
    match running {
        0 => add("idle".to_owned(), Mood::Dim),
        n => add(format!("{n} running"), Mood::Busy),
    }
    let needs = state.needs_operator();
    if needs > 0 {
        add(format!("needs you ({needs})"), Mood::Bad);
    }
    if !state.stopped.is_empty() {
        let key = state.keys.shown(Action::ResumeAll);
        add(format!("stopped: {key} resumes"), Mood::Warning);
    }
    let braked = state.phases.values().filter(|p| matches!(p, Phase::Braked(_))).count();
    if braked > 0 {
        add(format!("{braked} not listing"), Mood::Bad);
    }
    if let Some(last) = state.books.endpoints.iter().filter_map(|e| e.last_run).max() {
        add(format!("last sync {} ago", text::age(state.now, last)), Mood::Dim);
    }
    frame.render_widget(Line::from(parts), area);
}
