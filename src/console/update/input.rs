//! What the operator does at the terminal.

use crossterm::event::{
    Event as Input, KeyCode, KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind,
};
use ratatui::layout::Position;

use super::{act, motion, popup};
use crate::console::action::Action;
use crate::console::effect::{Effect, LogMove};
use crate::console::keys::Key;
use crate::console::state::{Pane, State};
use crate::console::view;

pub(super) fn input(state: &mut State, input: Input) -> Vec<Effect> {
    match input {
        Input::Key(event) if event.kind != KeyEventKind::Release => key(state, &event),
        Input::Mouse(mouse) => match mouse.kind {
            MouseEventKind::ScrollUp => scroll(state, at(&mouse), Action::Up),
            MouseEventKind::ScrollDown => scroll(state, at(&mouse), Action::Down),
            MouseEventKind::Down(MouseButton::Left) => click(state, at(&mouse)),
            _ => Vec::new(),
        },
        Input::Paste(text) => {
            popup::type_text(state, &text);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn at(mouse: &MouseEvent) -> Position {
    Position::new(mouse.column, mouse.row)
}

/// The wheel moves in the pane below it.
fn scroll(state: &mut State, at: Position, action: Action) -> Vec<Effect> {
    if state.popup.is_some() {
        return popup::scroll(state, action);
    }
    if let Some((pane, _)) = view::hit(state, at) {
        state.focus = pane;
    }
    motion::motion(state, action)
}

/// A click goes to a pane, and to the row there. It never does anything else: a popup
/// is answered with keys.
fn click(state: &mut State, at: Position) -> Vec<Effect> {
    let found = view::hit(state, at).filter(|_| state.popup.is_none() && !state.typing);
    let Some((pane, row)) = found else { return Vec::new() };
    state.focus = pane;
    if let Some(row) = row {
        state.select(pane, row);
        state.list_mut(pane).moved = row > 0;
    }
    Vec::new()
}

fn key(state: &mut State, event: &KeyEvent) -> Vec<Effect> {
    let key = Key::of(event);
    let bound = state
        .keys
        .lookup(key, state.focus)
        .filter(|b| !(state.read_only && b.action.changes_something()));
    let action = bound.map(|b| b.action);
    if action != Some(Action::Interrupt) {
        state.interrupted = None;
    }
    if let Some(action) = action.filter(|action| action.works_while_typing()) {
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
