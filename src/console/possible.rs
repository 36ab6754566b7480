//! Whether an action is possible now, and if not, why not.

use super::action::Action;
use super::needs;
use super::state::{Pane, RowKey, State, Target};
use crate::ledger::EndpointRow;
use crate::model::{EndpointType, Id, Schedule, Shown};

/// Whether `action` is possible now; else the reason, for the operator.
pub(super) fn possible(action: Action, state: &State) -> Result<(), String> {
    match of_endpoints(action) {
        true => possible_on(action, state, &state.endpoint().ok_or("no endpoint is selected")?),
        false => possible_here(action, state),
    }
}

/// Whether it is about one endpoint, whichever row that is known by.
pub(super) fn of_endpoints(action: Action) -> bool {
    use Action::{Pause, Reconcile, Resume, RunsOf, SignIn, Sync};
    matches!(action, Sync | Reconcile | SignIn | Pause | Resume | RunsOf)
}

/// Whether `action` is possible now for the endpoint of this name.
pub(super) fn possible_on(action: Action, state: &State, name: &str) -> Result<(), String> {
    if state.read_only && action.changes_something() {
        return Err("this console is read-only".to_owned());
    }
    let row = state.endpoint_called(name).ok_or("no endpoint is selected")?;
    let shown = Shown::new(name);
    let autodesk = EndpointType::AutodeskConstructionCloud;
    match action {
        Action::Sync | Action::Reconcile if state.is_running(name) => {
            Err(format!("{shown} is running already"))
        }
        Action::SignIn if row.endpoint_type != autodesk => {
            Err(format!("{shown} signs in by itself"))
        }
        Action::Pause if row.paused => Err(format!("{shown} is paused already")),
        Action::Pause if row.schedule == Some(Schedule::Manual) => {
            Err(format!("{shown} has no schedule: it runs only when somebody asks"))
        }
        Action::Pause if !row.is_active => Err(format!("{shown} is switched off")),
        Action::Resume if !row.paused => Err(format!("{shown} is not paused")),
        _ => Ok(()),
    }
}

/// Whether an action that is not about one endpoint is possible now.
fn possible_here(action: Action, state: &State) -> Result<(), String> {
    if state.read_only && action.changes_something() {
        return Err("this console is read-only".to_owned());
    }
    match action {
        Action::Reload if !state.reloads => {
            Err("there is no configuration that could be read again".to_owned())
        }
        Action::Reload if state.rereading => Err("it is being read again already".to_owned()),
        Action::SyncAll => {
            let mut active = state.books.endpoints.iter().filter(|e| e.is_active).peekable();
            if active.peek().is_none() {
                return Err("no endpoint is active".to_owned());
            }
            if active.all(|e| state.is_running(&e.name)) {
                return Err("all of them are running already".to_owned());
            }
            Ok(())
        }
        Action::StopAll => {
            let scheduled =
                |e: &EndpointRow| e.is_active && !e.paused && e.schedule != Some(Schedule::Manual);
            if !state.is_busy() && !state.books.endpoints.iter().any(scheduled) {
                return Err("nothing runs, and no schedule is on".to_owned());
            }
            Ok(())
        }
        Action::ResumeAll if !state.books.endpoints.iter().any(|e| e.paused) => {
            Err("no schedule is paused".to_owned())
        }
        Action::RetryAlike => match state.list(state.focus).selected {
            Some(RowKey::Id(id)) if needs::of_its_class(state, id).next().is_some() => Ok(()),
            _ => Err("select something that failed and can be tried again".to_owned()),
        },
        Action::LogOf | Action::Wrap
            if state.focus != Pane::Log && state.list(state.focus).selected.is_none() =>
        {
            Err("nothing is selected".to_owned())
        }
        Action::CopyPath => match path(state) {
            Some(_) => Ok(()),
            None => Err("the row has no path".to_owned()),
        },
        Action::Focus(Pane::Needs) if !state.has_needs() => Err("nothing needs you".to_owned()),
        Action::Retry
        | Action::Hold
        | Action::Release
        | Action::Fetch
        | Action::Cancel
        | Action::SendAgain => {
            let any = state.any_target(|target| fits(action, target));
            let (first, fit) = any.ok_or_else(|| no_file(state))?;
            if fit {
                return Ok(());
            }
            Err(format!("{} is {}: {}", first.id, first.state, needs(action)))
        }
        Action::Open | Action::CopyName if state.list(state.focus).selected.is_none() => {
            Err("nothing is selected".to_owned())
        }
        Action::Focus(Pane::Feeds | Pane::Datasets) if !state.has_feeds() => {
            Err("no endpoint is a partner's folder".to_owned())
        }
        Action::TakeIn | Action::Accept => {
            let row = state.selected_landed().ok_or("no landed file is selected")?;
            let id = Id::landed(row.id);
            match (action, row.state.as_str()) {
                (_, "refused") => Ok(()),
                (Action::TakeIn, "ingested" | "landed" | "unmatched") => Ok(()),
                (Action::TakeIn, state) => {
                    Err(format!("{id} is {state}: another file has its rows in"))
                }
                (_, state) => Err(format!("{id} is {state}: accept is for what is refused")),
            }
        }
        Action::CopyId if state.selected_landed().is_some() => Ok(()),
        Action::CopyId if matches!(state.list(state.focus).selected, Some(RowKey::Id(_))) => Ok(()),
        Action::Mark | Action::Range | Action::CopyId
            if !matches!(state.list(state.focus).selected, Some(RowKey::Id(_))) =>
        {
            Err("no file is selected".to_owned())
        }
        Action::Older | Action::Newer if state.list(Pane::Log).filter.is_empty() => {
            Err("nothing is searched for; / does".to_owned())
        }
        _ => Ok(()),
    }
}

/// Whether something in this state can be tried again.
pub(super) fn can_be_retried(state: &str) -> bool {
    matches!(state, "retry_wait" | "in_doubt" | "expired" | "cancelled")
}

/// Whether `action` has a meaning for something in this state. The engine has
/// the last word: by the time it is asked, the state may be another one.
pub(super) fn fits(action: Action, target: &Target) -> bool {
    let state = target.state.as_str();
    match action {
        Action::Retry => can_be_retried(state),
        Action::Hold => matches!(
            state,
            "recorded" | "downloading" | "verified" | "uploading" | "staged" | "retry_wait"
        ),
        Action::Release => state == "held",
        Action::Fetch => {
            target.export.is_some() && !matches!(state, "recorded" | "downloading" | "quarantined")
        }
        Action::Cancel => {
            matches!(state, "held" | "in_doubt" | "quarantined") || fits(Action::Hold, target)
        }
        Action::SendAgain => matches!(
            state,
            "published" | "confirmed" | "cleaned" | "skipped" | "cancelled" | "in_doubt"
        ),
        _ => true,
    }
}

/// Why the selected row is no export or delivery, and what can be done with it.
fn no_file(state: &State) -> String {
    match state.list(state.focus).selected {
        Some(RowKey::Landed(_)) => "a landed file: it can be taken in again, or accepted",
        Some(RowKey::Endpoint(_)) => "an endpoint: it can be synced",
        Some(RowKey::Channel(_)) => "a channel of notifications: open it to see what to do",
        _ => "no file is selected",
    }
    .to_owned()
}

/// Where the selected row's file lies: over there, or here.
pub(super) fn path(state: &State) -> Option<Shown> {
    match state.list(state.focus).selected.as_ref()? {
        RowKey::Landed(file) => state.landed_file(*file).map(|row| Shown::new(&row.bronze)),
        RowKey::Id(id) => {
            let of_delivery = state.books.recent.iter().find(|d| d.id == *id);
            let of_export = state.pending_export(*id);
            let name = of_delivery.map(|d| &d.remote_name).or(of_export.map(|x| &x.remote_name));
            name.and_then(Option::as_ref).map(Shown::new)
        }
        RowKey::Endpoint(_) | RowKey::Dataset(_) | RowKey::Channel(_) => None,
    }
}

/// What `action` is for, as the reason why it is not possible.
fn needs(action: Action) -> &'static str {
    match action {
        Action::Retry => "retry is for what waits after a failure",
        Action::Hold => "hold is for what is on its way",
        Action::Release => "release is for what is held",
        Action::Fetch => "fetch again is for what was fetched, or given up",
        Action::Cancel => "cancel is for what is not at its end",
        Action::SendAgain => {
            "send again is for what was delivered, or given up; what failed is retried"
        }
        _ => "not possible now",
    }
}

/// The id that the engine is asked to act on.
pub(super) fn acts_on(action: Action, target: &Target) -> Option<Id> {
    match action {
        Action::Fetch => target.export,
        _ => Some(target.id),
    }
}
