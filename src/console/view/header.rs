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

const NAME: &str = " transship";

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let theme = state.theme;
    // With how much each matters: where there is no room, the least goes first.
    let mut parts: Vec<(String, Mood, u8)> = Vec::new();
    let mut add = |words: String, mood, matters| parts.push((words, mood, matters));
    if !state.title.is_empty() {
        add(Shown::new(&state.title).to_string(), Mood::Plain, 2);
    }
    if state.read_only {
        add("read-only".to_owned(), Mood::Warning, 5);
    }
    let running = state.books.endpoints.iter().filter(|e| state.is_running(&e.name)).count();
    match running {
        0 => add("idle".to_owned(), Mood::Dim, 3),
        n => add(format!("{n} running"), Mood::Busy, 3),
    }
    let needs = state.needs_operator();
    if needs > 0 {
        add(format!("needs you ({needs})"), Mood::Bad, 6);
    }
    if !state.stopped.is_empty() {
        let key = state.keys.shown(Action::ResumeAll);
        add(format!("stopped: {key} resumes"), Mood::Warning, 5);
    }
    let braked = state.phases.values().filter(|p| matches!(p, Phase::Braked(_))).count();
    if braked > 0 {
        add(format!("{braked} not listing"), Mood::Bad, 4);
    }
    if let Some(last) = state.books.endpoints.iter().filter_map(|e| e.last_run).max() {
        add(format!("last sync {} ago", text::age(state.now, last)), Mood::Dim, 1);
    }
    let width = |parts: &[(String, Mood, u8)]| -> usize {
        let dot = text::width(theme.dot());
        NAME.len() + parts.iter().map(|(words, ..)| dot + text::width(words)).sum::<usize>()
    };
    while width(&parts) > usize::from(area.width)
        && let Some(least) = (0..parts.len()).min_by_key(|n| parts[*n].2)
    {
        parts.remove(least);
    }
    let mut line = Line::from(Span::styled(NAME, theme.strong()));
    for (words, mood, _) in parts {
        line.push_span(Span::styled(theme.dot(), theme.dim()));
        line.push_span(Span::styled(words, theme.mood(mood)));
    }
    frame.render_widget(line, area);
}
