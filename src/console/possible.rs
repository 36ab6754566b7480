//! Whether an action is possible now, and if not, why not.

use super::action::Action;
use super::state::{Pane, RowKey, State, Target};
use crate::model::{EndpointType, Id, Schedule, Shown};

/// Whether `action` is possible now; else the reason, for the operator.
pub(super) fn possible(action: Action, state: &State) -> Result<(), String> {
    if state.read_only && action.changes_something() {
        return Err("this console is read-only".to_owned());
    }
    match action {
        Action::Sync | Action::Reconcile => {
            let endpoint = state.endpoint().ok_or("no endpoint is selected")?;
            if state.is_running(&endpoint) {
                return Err(format!("{endpoint} is running already"));
            }
            Ok(())
        }
        Action::SignIn => {
            let endpoint = state.endpoint().ok_or("no endpoint is selected")?;
            let row = state.books.endpoints.iter().find(|e| e.name == endpoint);
            let autodesk = EndpointType::AutodeskConstructionCloud;
            if row.is_none_or(|e| e.endpoint_type != autodesk) {
                return Err(format!("{} signs in by itself", Shown::new(&endpoint)));
            }
            Ok(())
        }
        Action::Pause | Action::Resume => {
            let name = state.endpoint().ok_or("no endpoint is selected")?;
            let row = state.books.endpoints.iter().find(|e| e.name == name);
            let row = row.ok_or("no endpoint is selected")?;
            match (action, row.paused) {
                (Action::Pause, true) => Err(format!("{name} is paused already")),
                (Action::Pause, _) if row.schedule == Some(Schedule::Manual) => {
                    Err(format!("{name} has no schedule: it runs only when somebody asks"))
                }
                (Action::Pause, _) if !row.is_active => Err(format!("{name} is switched off")),
                (Action::Resume, false) => Err(format!("{name} is not paused")),
                _ => Ok(()),
            }
        }
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
        Action::Retry
        | Action::Hold
        | Action::Release
        | Action::Fetch
        | Action::Cancel
        | Action::SendAgain => {
            let targets = state.targets();
            let first = targets.first().ok_or("no file is selected")?;
            if targets.iter().any(|t| fits(action, t)) {
                return Ok(());
            }
            Err(format!("{} is {}: {}", first.id, first.state, needs(action)))
        }
        Action::Open | Action::CopyName if state.list(state.focus).selected.is_none() => {
            Err("nothing is selected".to_owned())
        }
        Action::Focus(Pane::Feeds) if !state.has_feeds() => {
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
        Action::CopyId | Action::LogLines if state.selected_landed().is_some() => Ok(()),
        Action::Mark | Action::CopyId | Action::LogLines
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

/// Whether `action` has a meaning for something in this state. The engine has
/// the last word: by the time it is asked, the state may be another one.
pub(super) fn fits(action: Action, target: &Target) -> bool {
    let state = target.state.as_str();
    match action {
        Action::Retry => matches!(state, "retry_wait" | "in_doubt" | "expired" | "cancelled"),
        Action::Hold => matches!(
            state,
            "recorded" | "downloading" | "verified" | "uploading" | "staged" | "retry_wait"
        ),
        Action::Release => state == "held",
        Action::Fetch => {
            target.export.is_some() && !matches!(state, "recorded" | "downloading" | "quarantined")
        }
        Action::Cancel => matches!(state, "held" | "in_doubt") || fits(Action::Hold, target),
        Action::SendAgain => matches!(
            state,
            "published" | "confirmed" | "cleaned" | "skipped" | "cancelled" | "in_doubt"
        ),
        _ => true,
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
        Action::SendAgain => "send again is for what was delivered, or given up",
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
