//! What the operator does at the terminal.

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyEventKind, MouseEventKind};

use super::{act, motion, popup};
use crate::console::action::Action;
use crate::console::effect::{Effect, LogMove};
use crate::console::keys::{self, Key};
use crate::console::state::{Pane, State};

pub(super) fn input(state: &mut State, input: Input) -> Vec<Effect> {
    match input {
        Input::Key(event) if event.kind != KeyEventKind::Release => key(state, &event),
        Input::Mouse(mouse) => match mouse.kind {
            MouseEventKind::ScrollUp => scroll(state, Action::Up),
            MouseEventKind::ScrollDown => scroll(state, Action::Down),
            _ => Vec::new(),
        },
        Input::Paste(text) => {
            popup::type_text(state, &text);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn scroll(state: &mut State, action: Action) -> Vec<Effect> {
    if state.popup.is_some() {
        return popup::scroll(state, action);
    }
    motion::motion(state, action)
}

fn key(state: &mut State, event: &KeyEvent) -> Vec<Effect> {
    let key = Key::of(event);
    let bound = keys::lookup(key, state.focus)
        .filter(|b| !(state.read_only && b.action.changes_something()));
    let action = bound.map(|b| b.action);
    if action != Some(Action::Interrupt) {
        state.interrupted = None;
    }
    // These work wherever the keys go otherwise.
    if let Some(action @ (Action::Interrupt | Action::Suspend | Action::Redraw)) = action {
        return act::act(state, action);
    }
    if state.popup.is_some() {
        return popup::key(state, key, action);
    }
    if state.typing {
        return filter(state, key);
    }
    action.map_or_else(Vec::new, |action| act::act(state, action))
}

/// A key while the filter, or the log's search, is typed.
fn filter(state: &mut State, key: Key) -> Vec<Effect> {
    let focus = state.focus;
    let typed = &mut state.list_mut(focus).filter;
    let mut done = false;
    match key.0 {
        KeyCode::Esc => {
            typed.clear();
            done = true;
        }
        KeyCode::Enter => done = true,
        KeyCode::Tab if focus != Pane::Log => {
            if let Some(first) = state.completions().into_iter().next() {
                state.list_mut(focus).filter = first;
            }
            state.settle();
            return Vec::new();
        }
        KeyCode::Backspace => done = typed.pop().is_none(),
        KeyCode::Char('u') if key.1 == crossterm::event::KeyModifiers::CONTROL => typed.clear(),
        KeyCode::Char(c) if key.1.is_empty() => typed.push(c),
        KeyCode::Up | KeyCode::Down => {
            let action = if key.0 == KeyCode::Up { Action::Up } else { Action::Down };
            return motion::motion(state, action);
        }
        _ => return Vec::new(),
    }
    let searched = typed.clone();
    state.typing = !done;
    state.settle();
    match focus {
        Pane::Log if key.0 == KeyCode::Enter && !searched.is_empty() => {
            vec![Effect::Log(LogMove::Search(searched.to_lowercase())), Effect::Log(LogMove::Older)]
        }
        Pane::Log => vec![Effect::Log(LogMove::Search(searched.to_lowercase()))],
        _ => Vec::new(),
    }
}
