//! What each action does.

use std::collections::BTreeSet;

use super::{motion, stop};
use crate::console::action::Action;
use crate::console::effect::{Effect, LogMove};
use crate::console::possible::{acts_on, fits, path, possible};
use crate::console::state::{
    Confirm, Details, LastRuns, Pane, Popup, RowKey, SetAside, State, Target,
};
use crate::console::{fields, needs, reread, view};
use crate::engine::{Again, Command, Level, Phase, ReconcileMode};
use crate::model::{Id, Kind, Shown, Trigger};

/// Does `action`, or says why it is not possible now.
pub(super) fn act(state: &mut State, action: Action) -> Vec<Effect> {
    if let Err(reason) = possible(action, state) {
        state.say(Level::Warning, reason);
        return Vec::new();
    }
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
        Action::NextPane => return step(state, 1),
        Action::PreviousPane => return step(state, -1),
        Action::Focus(Pane::Runs) => return runs(state, None),
        Action::Focus(pane) => state.focus = pane,
        Action::RunsOf => {
            let of = state.endpoint();
            return runs(state, of);
        }
        Action::LogOf => return log_of(state),
        Action::Wrap if state.focus == Pane::Log => return vec![Effect::Log(LogMove::Wrap)],
        Action::Wrap => state.wrap = !state.wrap,
        Action::Sort | Action::Reverse => return sort(state, action == Action::Reverse),
        Action::Range => range(state),
        Action::Full => state.full = !state.full,
        Action::Mark => {
            mark(state);
            return motion::motion(state, Action::Down);
        }
        Action::CopyName | Action::CopyId | Action::CopyPath => return copy(state, action),
        Action::Older => return vec![Effect::Log(LogMove::Older)],
        Action::Newer => return vec![Effect::Log(LogMove::Newer)],
        Action::LogLevel => return vec![Effect::Log(LogMove::Level)],
        Action::Mouse => {
            state.mouse = !state.mouse;
            let words =
                if state.mouse { "the mouse wheel scrolls" } else { "the mouse is the terminal's" };
            state.say(Level::Info, words);
            return vec![Effect::Mouse(state.mouse)];
        }
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],
        Action::Reload => return reread::ask(state),
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
        Action::ResumeAll => return send(state, Command::Resume { endpoints: paused(state) }),
        Action::StopAll => stop::ask(state),
        Action::RetryAlike => return retry_alike(state),
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
        Command::StopAll => state.say(Level::Warning, "stopping everything"),
        _ => {
            let focus = state.focus;
            state.list_mut(focus).unmark();
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
    let receivers: BTreeSet<&str> = targets
        .iter()
        .filter_map(|t| state.endpoint_called(&t.endpoint)?.deliver_to.as_deref())
        .collect();
    if action == Action::SendAgain && !receivers.is_empty() {
        let receivers: Vec<&str> = receivers.into_iter().collect();
        lines.push(format!("To: {}", Shown::new(receivers.join(", "))));
    }
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
    if !list.marked.is_empty() || list.range.is_some() {
        list.unmark();
    } else if !list.filter.is_empty() {
        list.filter.clear();
        state.settle();
        if focus == Pane::Log {
            return vec![Effect::Log(LogMove::Search(String::new()))];
        }
    } else if state.full {
        state.full = false;
    } else if focus.takes_the_middle() {
        state.focus = Pane::Endpoints;
    } else {
        state.toast = None;
    }
    Vec::new()
}

fn open(state: &mut State) -> Vec<Effect> {
    let details = match state.list(state.focus).selected.clone() {
        Some(RowKey::Id(id)) if id.kind == Kind::Run => {
            let Some(run) = state.run(id) else { return Vec::new() };
            let facts = view::runs::facts(state, run);
            Details { id: Some(id), ..Details::of(Shown::default(), facts) }
        }
        Some(RowKey::Dataset(name)) => {
            return files_of(state, format!("dataset:\"{}\"", name.to_lowercase()));
        }
        Some(RowKey::Id(id)) => {
            let title = state.target(id).map_or_else(Shown::default, |t| t.name);
            Details { id: Some(id), ..Details::of(title, Vec::new()) }
        }
        Some(RowKey::Endpoint(name)) => {
            let Some(row) = state.endpoint_called(&name) else { return Vec::new() };
            let facts = view::endpoints::facts(state, row);
            let title = Shown::new(&name);
            Details { runs: Some(LastRuns { of: name, rows: None }), ..Details::of(title, facts) }
        }
        Some(key @ RowKey::Landed(_)) if refused_alike(state, &key) => {
            return files_of(state, "state:refused".to_owned());
        }
        Some(RowKey::Landed(file)) => return open_landed(state, file),
        Some(RowKey::Channel(name)) => {
            let Some(late) = state.channel(&name) else { return Vec::new() };
            Details::of(Shown::new(&name), view::needs::facts(state, late))
        }
        None => return Vec::new(),
    };
    let effects = details.first().into_iter().collect();
    state.popup = Some(Popup::Details(details));
    effects
}

/// Shows a landed file with what is set aside of it.
pub(super) fn open_landed(state: &mut State, file: i64) -> Vec<Effect> {
    let Some(row) = state.landed_file(file) else { return Vec::new() };
    let facts = view::feeds::facts(state, row);
    let landed = Some(SetAside { file, rows: None });
    let details = Details { landed, ..Details::of(Shown::new(&row.path), facts) };
    let effects = details.first().into_iter().collect();
    state.popup = Some(Popup::Details(details));
    effects
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
        Some(_) if action == Action::CopyPath => path(state).unwrap_or_default().to_string(),
        Some(RowKey::Id(id)) if action == Action::CopyId => id.to_string(),
        Some(RowKey::Id(id)) if id.kind == Kind::Run => id.to_string(),
        Some(RowKey::Id(id)) => state.target(*id).map_or_else(String::new, |t| t.name.to_string()),
        Some(RowKey::Endpoint(name) | RowKey::Dataset(name) | RowKey::Channel(name)) => {
            Shown::new(name).to_string()
        }
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

/// The pane that is so many steps away.
fn step(state: &mut State, by: isize) -> Vec<Effect> {
    let round = state.round();
    let here = round.iter().position(|pane| *pane == state.focus).unwrap_or(0);
    let there = (here as isize + by).rem_euclid(round.len() as isize) as usize;
    match round[there] {
        Pane::Runs => runs(state, None),
        pane => {
            state.focus = pane;
            Vec::new()
        }
    }
}

/// Shows the runs of one endpoint, or of all; they are read for it.
fn runs(state: &mut State, of: Option<String>) -> Vec<Effect> {
    if state.history_of != of {
        state.history.clear();
    }
    state.history_of = of.clone();
    state.focus = Pane::Runs;
    state.settle();
    vec![Effect::Runs(of)]
}

/// Whether the line of what needs a person stands for several files.
fn refused_alike(state: &State, key: &RowKey) -> bool {
    let alike = |need: &needs::Need| need.key == *key && need.count > 1;
    state.focus == Pane::Needs && state.needs().iter().any(alike)
}

/// Shows the landed files that pass `filter`.
fn files_of(state: &mut State, filter: String) -> Vec<Effect> {
    state.list_mut(Pane::Feeds).filter = filter;
    state.focus = Pane::Feeds;
    state.settle();
    Vec::new()
}

/// Goes to the log's newest line about the selected row: a file and its delivery alike.
fn log_of(state: &mut State) -> Vec<Effect> {
    match state.list(state.focus).selected.clone() {
        Some(RowKey::Id(id)) => {
            let target = state.target(id);
            let export = target.as_ref().and_then(|target| target.export);
            let ids = [Some(id), export, target.map(|target| target.id)];
            lines_of(state, ids.into_iter().flatten().collect())
        }
        Some(RowKey::Landed(file)) => lines_of(state, BTreeSet::from([Id::landed(file)])),
        Some(RowKey::Endpoint(name) | RowKey::Dataset(name) | RowKey::Channel(name)) => {
            lines_with(state, &name)
        }
        None => Vec::new(),
    }
}

/// Goes to the log's newest line about any of `ids`.
pub(super) fn lines_of(state: &mut State, ids: BTreeSet<Id>) -> Vec<Effect> {
    let words: Vec<String> = ids.iter().map(ToString::to_string).collect();
    to_the_log(state, words.join(" "), vec![LogMove::LinesOf(ids.into_iter().collect())])
}

/// Goes to the log's newest line with `text`.
pub(super) fn lines_with(state: &mut State, text: &str) -> Vec<Effect> {
    let text = text.to_lowercase();
    let find = LogMove::Search(text.clone());
    to_the_log(state, text, vec![LogMove::Follow, find, LogMove::Older])
}

fn to_the_log(state: &mut State, words: String, moves: Vec<LogMove>) -> Vec<Effect> {
    state.popup = None;
    state.focus = Pane::Log;
    state.list_mut(Pane::Log).filter = words;
    moves.into_iter().map(Effect::Log).collect()
}

/// By the next field, and after the last one in the list's own order again.
fn sort(state: &mut State, reverse: bool) -> Vec<Effect> {
    let focus = state.focus;
    let fields = fields::names(focus);
    let list = state.list_mut(focus);
    list.sort = match list.sort {
        Some((field, descending)) if reverse => Some((field, !descending)),
        None if reverse => fields.first().map(|field| (*field, true)),
        Some((field, _)) => {
            let at = fields.iter().position(|f| *f == field).unwrap_or(0);
            fields.get(at + 1).map(|field| (*field, false))
        }
        None => fields.first().map(|field| (*field, false)),
    };
    let words = match list.sort {
        Some((field, true)) => format!("sorted by {}, descending", field.name()),
        Some((field, false)) => format!("sorted by {}", field.name()),
        None => "in the usual order".to_owned(),
    };
    let usual = list.sort.is_none();
    state.say(Level::Info, words);
    state.sort(focus);
    state.settle();
    match (usual, focus) {
        (false, _) => Vec::new(),
        (true, Pane::Runs) => vec![Effect::Runs(state.history_of.clone())],
        (true, _) => vec![Effect::Reload],
    }
}

/// Begins a range of marks, or ends it.
fn range(state: &mut State) {
    let focus = state.focus;
    let list = state.list_mut(focus);
    list.range = match list.range {
        None => Some(list.index),
        Some(_) => None,
    };
    motion::extend(state);
}

fn paused(state: &State) -> Vec<String> {
    state.books.endpoints.iter().filter(|e| e.paused).map(|e| e.name.clone()).collect()
}

fn retry_alike(state: &mut State) -> Vec<Effect> {
    let Some(RowKey::Id(id)) = state.list(state.focus).selected else { return Vec::new() };
    let ids: Vec<Id> = needs::of_its_class(state, id).collect();
    state.say(Level::Info, format!("{} that failed alike are tried again", ids.len()));
    send(state, Command::Retry(ids))
}
