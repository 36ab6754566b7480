//! Keys while something is in front of the panes.

use crossterm::event::KeyCode;

use super::palette::{self, Entry};
use super::{act, motion};
use crate::console::action::Action;
use crate::console::effect::Effect;
use crate::console::keys::Key;
use crate::console::state::{Confirm, Details, Pane, Popup, State};
use crate::engine::{Command, Level};
use crate::model::{Id, Shown};

/// A key for the popup.
pub(super) fn key(state: &mut State, key: Key, action: Option<Action>) -> Vec<Effect> {
    match &mut state.popup {
        Some(Popup::Palette { .. }) => in_palette(state, key),
        Some(Popup::Confirm(confirm)) => match answer(confirm, key) {
            None => Vec::new(),
            Some(yes) => {
                let command = confirm.command.take();
                state.popup = None;
                match command {
                    _ if !yes => Vec::new(),
                    Some(command) => act::send(state, command),
                    None => vec![Effect::Quit],
                }
            }
        },
        Some(Popup::SignIn(waiting)) => match action {
            Some(Action::CopyName) => {
                let url = waiting.url.clone();
                state.say(Level::Info, "the address is copied");
                vec![Effect::Copy(url)]
            }
            Some(Action::Back) => {
                let endpoint = waiting.endpoint.clone();
                state.popup = None;
                vec![Effect::Send(Command::CancelSignIn { endpoint })]
            }
            _ => Vec::new(),
        },
        Some(Popup::Details(details)) => {
            match state.keys.lookup(key, Pane::Transfers).map(|b| b.action) {
                Some(Action::CopyName) => copy(state, |details| Some(details.title.to_string())),
                Some(Action::CopyId) => copy(state, |details| details.id.map(|id| id.to_string())),
                Some(Action::CopyPath) => copy(state, Details::path),
                Some(Action::LogOf) => {
                    let landed = details.landed.as_ref().map(|landed| Id::landed(landed.file));
                    match details.id.or(landed) {
                        Some(id) => act::lines_of(state, [id].into()),
                        None => {
                            let title = details.title.to_string();
                            act::lines_with(state, &title)
                        }
                    }
                }
                _ => read(state, action),
            }
        }
        _ => read(state, action),
    }
}

/// Copies something of the details; only what is safe to show.
fn copy(state: &mut State, what: fn(&Details) -> Option<String>) -> Vec<Effect> {
    let Some(Popup::Details(details)) = &state.popup else { return Vec::new() };
    match what(details) {
        Some(text) => {
            let text = Shown::new(text).to_string();
            state.say(Level::Info, format!("copied {text}"));
            vec![Effect::Copy(text)]
        }
        None => {
            state.say(Level::Warning, "there is nothing of that kind to copy");
            Vec::new()
        }
    }
}

/// Help and details are for reading: they scroll, and close.
fn read(state: &mut State, action: Option<Action>) -> Vec<Effect> {
    match action {
        Some(Action::Back | Action::Quit | Action::Open | Action::Help) => {
            state.popup = None;
            Vec::new()
        }
        Some(action) => scroll(state, action),
        None => Vec::new(),
    }
}

/// Scrolls the popup; drawing stops it at its end.
pub(super) fn scroll(state: &mut State, action: Action) -> Vec<Effect> {
    let page = state.page;
    if let Some(Popup::Help { scroll } | Popup::Details(Details { scroll, .. })) = &mut state.popup
    {
        *scroll = motion::step(action, *scroll, 10_000, page);
    }
    Vec::new()
}

/// What the key answers, if it does: the focused button at first is "no".
fn answer(confirm: &mut Confirm, key: Key) -> Option<bool> {
    match key.0 {
        KeyCode::Enter | KeyCode::Char(' ') => return Some(confirm.on_yes),
        KeyCode::Char('y') => return Some(true),
        KeyCode::Char('n' | 'q') | KeyCode::Esc => return Some(false),
        KeyCode::Tab | KeyCode::BackTab => confirm.on_yes = !confirm.on_yes,
        KeyCode::Left | KeyCode::Char('h') => confirm.on_yes = false,
        KeyCode::Right | KeyCode::Char('l') => confirm.on_yes = true,
        _ => {}
    }
    None
}

fn in_palette(state: &mut State, key: Key) -> Vec<Effect> {
    let Some(Popup::Palette { input, index }) = &state.popup else { return Vec::new() };
    let (mut input, mut index) = (input.clone(), *index);
    let found = palette::matching(state, &input);
    match key.0 {
        KeyCode::Esc => {
            state.popup = None;
            return Vec::new();
        }
        KeyCode::Enter => {
            let chosen = found.into_iter().nth(index);
            state.popup = None;
            return chosen.map_or_else(Vec::new, |entry| palette::choose(state, entry));
        }
        KeyCode::Tab => {
            input = found.get(index).map_or(input, Entry::label);
            index = 0;
        }
        KeyCode::Up => index = index.saturating_sub(1),
        KeyCode::Down => index = (index + 1).min(found.len().saturating_sub(1)),
        KeyCode::Backspace if input.is_empty() => {
            state.popup = None;
            return Vec::new();
        }
        KeyCode::Backspace => {
            input.pop();
            index = 0;
        }
        KeyCode::Char(c) if key.1.is_empty() => {
            input.push(c);
            index = 0;
        }
        _ => {}
    }
    state.popup = Some(Popup::Palette { input, index });
    Vec::new()
}

/// Pasted text goes where one types, and nowhere else: a paste is no command.
pub(super) fn type_text(state: &mut State, text: &str) {
    let text: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
    match &mut state.popup {
        Some(Popup::Palette { input, index }) => {
            input.push_str(&text);
            *index = 0;
        }
        None if state.typing => {
            let focus = state.focus;
            state.list_mut(focus).filter.push_str(&text);
            state.settle();
        }
        _ => {}
    }
}
