//! The one reducer: a message changes the state at once and may ask for effects.

mod act;
mod engine;
mod input;
mod motion;
mod palette;
mod popup;
mod stop;

pub(super) use palette::{Entry, On, entry_possible, matching};

use super::effect::Effect;
use super::message::{Message, Snapshot};
use super::reread;
use super::state::{Pane, Popup, State};
use super::view;
use crate::engine::Level;
use crate::model::{Failure, RunReport};
use crate::silver::lists::QuarantineRow;

/// Takes in one message. Pure: time comes in as `state.now`.
pub(super) fn update(state: &mut State, message: Message) -> Vec<Effect> {
    match message {
        Message::Input(input) => input::input(state, input),
        Message::Engine(event) => engine::event(state, *event),
        Message::Missed(count) => {
            // Any of these may have ended unseen; what goes on shows up again by itself.
            state.transfers.forget(count);
            state.runs.clear();
            state.phases.clear();
            state.changed();
            state.say(Level::Info, format!("{count} events came too fast to be shown"));
            vec![Effect::Reload]
        }
        Message::Books(read) => {
            books(state, *read);
            Vec::new()
        }
        Message::Timeline(id, read) => {
            if let Some(Popup::Details(details)) = &mut state.popup
                && details.id == Some(id)
            {
                match read {
                    Ok(Some((timeline, left_out))) => {
                        details.timeline = Some(timeline);
                        details.left_out = left_out;
                    }
                    Ok(None) => state.say(Level::Warning, format!("the books know no {id}")),
                    Err(failure) => state.say(Level::Error, failure.to_string()),
                }
            }
            Vec::new()
        }
        Message::SetAside(file, read) => {
            set_aside(state, file, read);
            Vec::new()
        }
        Message::Runs(of, read) => {
            runs(state, of, read);
            Vec::new()
        }
        Message::Replied(command, reply) => engine::reply(state, &command, reply),
        Message::Reread(reread) => {
            reread::show(state, reread);
            Vec::new()
        }
        Message::Logged | Message::InputFailed(_) => Vec::new(),
        Message::Tick => {
            state.transfers.tick(state.now);
            if state.toast.as_ref().is_some_and(|toast| toast.until <= state.now) {
                state.toast = None;
            }
            Vec::new()
        }
    }
}

/// The details of a landed file: as it stands now, and what was set aside of it.
fn set_aside(state: &mut State, file: i64, read: Result<Vec<QuarantineRow>, Failure>) {
    let facts = state.landed_file(file).map(|row| view::feeds::facts(state, row));
    let Some(Popup::Details(details)) = &mut state.popup else { return };
    let Some(landed) = details.landed.as_mut().filter(|landed| landed.file == file) else {
        return;
    };
    match read {
        Ok(rows) => {
            landed.rows = Some(rows);
            details.facts = facts.unwrap_or_else(|| std::mem::take(&mut details.facts));
        }
        Err(failure) => state.say(Level::Error, failure.to_string()),
    }
}

/// Runs, for the endpoint's details or for the pane of runs, whoever asked for them.
fn runs(state: &mut State, of: Option<String>, read: Result<Vec<RunReport>, Failure>) {
    let rows = match read {
        Ok(rows) => rows,
        Err(failure) => return state.say(Level::Error, failure.to_string()),
    };
    if let Some(Popup::Details(details)) = &mut state.popup
        && let Some(runs) = details.runs.as_mut().filter(|runs| Some(&runs.of) == of.as_ref())
    {
        runs.rows = Some(rows);
    } else if state.history_of == of {
        state.history = rows;
        state.sort(Pane::Runs);
        state.settle();
    }
}

fn books(state: &mut State, read: Result<Snapshot, Failure>) {
    state.loaded = true;
    match read {
        Ok(snapshot) => {
            std::mem::replace(&mut state.books, snapshot).pending.free();
            state.version += 1;
            state.rows_version += 1;
            state.books_failure = None;
            for pane in Pane::ALL {
                state.sort(pane);
            }
        }
        Err(failure) => state.books_failure = Some(failure),
    }
    state.settle();
}
