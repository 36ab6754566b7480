//! What each action does.

use std::collections::BTreeSet;

use super::motion;
use crate::console::action::Action;
use crate::console::effect::{Effect, LogMove};
use crate::console::possible::{acts_on, fits, possible};
use crate::console::state::{Confirm, Details, Pane, Popup, RowKey, SetAside, State, Target};
use crate::console::view;
use crate::engine::{Again, Command, Level, Phase, ReconcileMode};
use crate::model::{Id, Shown, Trigger};

/// Does `action`, or says why it is not possible now.
pub(super) fn act(state: &mut State, action: Action) -> Vec<Effect> {
    if let Err(reason) = possible(action, state) {
        state.say(Level::Warning, reason);
        return Vec::new();
    }
    let focus = state.focus;
    match action {
        Action::Help => state.popup = Some(Popup::Help { scroll: 0 }),
        Action::Palette => state.popup = Some(Popup::Palette { input: String::new(), index: 0 }),
        Action::Filter => state.typing = true,
        Action::Quit => return quit(state),
        Action::Interrupt => return interrupt(state),
        Action::Back => return back(state),
        Action::Open => return open(state),
        Action::Up
        | Action::Down
        | Action::HalfUp
        | Action::HalfDown
        | Action::PageUp
        | Action::PageDown
        | Action::Top
        | Action::Bottom => return motion::motion(state, action),
        Action::NextPane => state.focus = focus.step(true, state.has_feeds()),
        Action::PreviousPane => state.focus = focus.step(false, state.has_feeds()),
        Action::Focus(pane) => state.focus = pane,
        Action::Full => state.full = !state.full,
        Action::Mark => {
            mark(state);
            return motion::motion(state, Action::Down);
        }
        Action::CopyName | Action::CopyId => return copy(state, action),
        Action::Older => return vec![Effect::Log(LogMove::Older)],
        Action::Newer => return vec![Effect::Log(LogMove::Newer)],
        Action::LogLevel => return vec![Effect::Log(LogMove::Level)],
        Action::Wrap => return vec![Effect::Log(LogMove::Wrap)],
        Action::LogLines => return log_lines(state),
        Action::Mouse => {
            state.mouse = !state.mouse;
            let words =
                if state.mouse { "the mouse wheel scrolls" } else { "the mouse is the terminal's" };
            state.say(Level::Info, words);
            return vec![Effect::Mouse(state.mouse)];
        }
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],
        Action::Sync => {
            let endpoints = state.endpoint().into_iter().collect();
            return send(state, Command::Sync { endpoints, trigger: Trigger::Manual, full: false });
        }
        Action::SyncAll => {
            let command =
                Command::Sync { endpoints: Vec::new(), trigger: Trigger::Manual, full: false };
            return send(state, command);
        }
        Action::Reconcile => {
            let endpoints = state.endpoint().into_iter().collect();
            return send(state, Command::Reconcile { endpoints, mode: ReconcileMode::Hold });
        }
        Action::SignIn => {
            let endpoint = state.endpoint().unwrap_or_default();
            return send(state, Command::SignIn { endpoint });
        }
        Action::Pause => {
            let endpoints = state.endpoint().into_iter().collect();
            return send(state, Command::Pause { endpoints });
        }
        Action::Resume => {
            let endpoints = state.endpoint().into_iter().collect();
            return send(state, Command::Resume { endpoints });
        }
        Action::Retry
        | Action::Hold
        | Action::Release
        | Action::Fetch
        | Action::Cancel
        | Action::SendAgain => return on_files(state, action),
        Action::TakeIn | Action::Accept => return take_in(state, action == Action::Accept),
    }
    Vec::new()
}

/// Sends a command; what can be known of its effect is on the screen at once.
pub(super) fn send(state: &mut State, command: Command) -> Vec<Effect> {
    match &command {
        Command::Sync { endpoints, .. } => {
            let asked: Vec<String> = match endpoints.as_slice() {
                [] => state
                    .books
                    .endpoints
                    .iter()
                    .filter(|e| e.is_active)
                    .map(|e| e.name.clone())
                    .collect(),
                some => some.to_vec(),
            };
            for endpoint in asked {
                if !state.is_running(&endpoint) {
                    state.phases.insert(endpoint, Phase::Queued);
                }
            }
        }
        Command::Reconcile { .. } => state.say(Level::Info, "asked for the delivered list"),
        Command::Pause { .. } | Command::Resume { .. } => {}
        _ => {
            let focus = state.focus;
            state.list_mut(focus).marked.clear();
        }
    }
    vec![Effect::Send(command)]
}

/// An action on the marked files, or the selected one; the dangerous ones ask.
fn on_files(state: &mut State, action: Action) -> Vec<Effect> {
    let targets: Vec<Target> = state.targets().into_iter().filter(|t| fits(action, t)).collect();
    let ids: Vec<Id> = targets.iter().filter_map(|t| acts_on(action, t)).collect();
    let command = match action {
        Action::Retry => Command::Retry(ids),
        Action::Hold => Command::Hold(ids),
        Action::Release => Command::Release(ids),
        Action::Fetch => Command::Fetch(ids),
        Action::Cancel => Command::Cancel(ids),
        _ => Command::SendAgain(ids),
    };
    let (title, effect, yes) = match action {
        Action::Cancel => (
            "Cancel?",
            "It stops where it is and is not delivered, until somebody says retry.",
            "Yes, cancel it",
        ),
        Action::SendAgain => (
            "Send again?",
            "It is delivered once more under a new name: the receiver gets it twice.",
            "Yes, send again",
        ),
        _ => return send(state, command),
    };
    let mut lines: Vec<String> = targets
        .iter()
        .take(5)
        .map(|t| format!("{} {} ({}, {})", t.id, t.name, t.state, Shown::new(&t.endpoint)))
        .collect();
    if targets.len() > 5 {
        lines.push(format!("and {} more", targets.len() - 5));
    }
    lines.push(String::new());
    lines.push(effect.to_owned());
    state.popup = Some(Popup::Confirm(Confirm {
        title: title.to_owned(),
        lines,
        yes: yes.to_owned(),
        command: Some(command),
        on_yes: false,
    }));
    Vec::new()
}

/// Takes the selected landed file in again; to accept what is bad, asks first.
fn take_in(state: &mut State, accept: bool) -> Vec<Effect> {
    let Some(row) = state.selected_landed() else { return Vec::new() };
    let id = Id::landed(row.id);
    let command = Command::TakeInAgain(Again::File { id: row.id, accept, replace: None });
    if !accept {
        state.say(Level::Info, format!("{id} is taken in again"));
        return send(state, command);
    }
    let lines = vec![
        format!("{id} {}", Shown::new(&row.name)),
        format!("{} good rows, {} bad ones", row.rows_good, row.rows_bad),
        String::new(),
        "Its good rows go in, the bad ones stay set aside; now, and whenever it is taken in \
         again."
            .to_owned(),
    ];
    state.popup = Some(Popup::Confirm(Confirm {
        title: "Accept?".to_owned(),
        lines,
        yes: "Yes, take it in".to_owned(),
        command: Some(command),
        on_yes: false,
    }));
    Vec::new()
}

fn quit(state: &mut State) -> Vec<Effect> {
    if !state.is_busy() {
        return vec![Effect::Quit];
    }
    let count = state.transfers.count();
    state.popup = Some(Popup::Confirm(Confirm {
        title: "Quit?".to_owned(),
        lines: vec![
            match count {
                0 => "A sync is running.".to_owned(),
                1 => "1 transfer is running.".to_owned(),
                n => format!("{n} transfers are running."),
            },
            String::new(),
            "They stop at a safe point and go on at the next start.".to_owned(),
        ],
        yes: "Yes, quit".to_owned(),
        command: None,
        on_yes: false,
    }));
    Vec::new()
}

fn interrupt(state: &mut State) -> Vec<Effect> {
    if state.interrupted.is_some_and(|until| until > state.now) {
        return vec![Effect::Quit];
    }
    state.interrupted = state.now.checked_add(jiff::SignedDuration::from_secs(4)).ok();
    state.say(Level::Warning, "ctrl-c once more leaves at once");
    Vec::new()
}

/// Takes back one thing at a time, the nearest first.
fn back(state: &mut State) -> Vec<Effect> {
    let focus = state.focus;
    let list = state.list_mut(focus);
    if !list.marked.is_empty() {
        list.marked.clear();
    } else if !list.filter.is_empty() {
        list.filter.clear();
        state.settle();
        if focus == Pane::Log {
            return vec![Effect::Log(LogMove::Search(String::new()))];
        }
    } else if state.full {
        state.full = false;
    } else {
        state.toast = None;
    }
    Vec::new()
}

fn open(state: &mut State) -> Vec<Effect> {
    let details = match state.list(state.focus).selected.clone() {
        Some(RowKey::Id(id)) => {
            let title = state.target(id).map_or_else(Shown::default, |t| t.name);
            Details { id: Some(id), ..Details::of(title, Vec::new()) }
        }
        Some(RowKey::Endpoint(name)) => {
            let Some(row) = state.books.endpoints.iter().find(|e| e.name == name) else {
                return Vec::new();
            };
            let facts = view::endpoints::facts(state, row);
            Details::of(Shown::new(&name), facts)
        }
        Some(RowKey::Landed(file)) => {
            let Some(row) = state.landed_file(file) else { return Vec::new() };
            let facts = view::feeds::facts(state, row);
            let landed = Some(SetAside { file, rows: None });
            Details { landed, ..Details::of(Shown::new(&row.path), facts) }
        }
        None => return Vec::new(),
    };
    let show = details.refresh();
    state.popup = Some(Popup::Details(details));
    show.into_iter().collect()
}

/// Goes to the lines of the log about the selected row: about the file itself and its
/// delivery alike.
fn log_lines(state: &mut State) -> Vec<Effect> {
    let ids: Vec<Id> = match state.list(state.focus).selected {
        Some(RowKey::Id(id)) => {
            let export = state.target(id).and_then(|target| target.export);
            let newest = state.target(id).map(|target| target.id);
            [Some(id), export, newest].into_iter().flatten().collect()
        }
        Some(RowKey::Landed(file)) => vec![Id::landed(file)],
        _ => return Vec::new(),
    };
    let ids: Vec<Id> = ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let words: Vec<String> = ids.iter().map(ToString::to_string).collect();
    state.list_mut(Pane::Log).filter = words.join(" ");
    state.focus = Pane::Log;
    vec![Effect::Log(LogMove::LinesOf(ids))]
}

fn mark(state: &mut State) {
    let focus = state.focus;
    let list = state.list_mut(focus);
    if let Some(RowKey::Id(id)) = list.selected
        && !list.marked.remove(&id)
    {
        list.marked.insert(id);
    }
}

/// Copies what the row is called. Only what is safe to show is copied: it may
/// be pasted into a shell.
fn copy(state: &mut State, action: Action) -> Vec<Effect> {
    let text = match &state.list(state.focus).selected {
        Some(RowKey::Id(id)) if action == Action::CopyId => id.to_string(),
        Some(RowKey::Id(id)) => state.target(*id).map_or_else(String::new, |t| t.name.to_string()),
        Some(RowKey::Endpoint(name)) => Shown::new(name).to_string(),
        Some(RowKey::Landed(file)) if action == Action::CopyId => Id::landed(*file).to_string(),
        Some(RowKey::Landed(file)) => {
            let path = state.landed_file(*file).map(|row| Shown::new(&row.path));
            path.unwrap_or_default().to_string()
        }
        None => return Vec::new(),
    };
    state.say(Level::Info, format!("copied {text}"));
    vec![Effect::Copy(text)]
}
