//! Before everything is stopped.

use crate::console::state::{Confirm, Popup, State};
use crate::engine::Command;
use crate::model::{Schedule, Shown};

/// Asks whether everything is to stop, and says what that is.
pub(super) fn ask(state: &mut State) {
    let running: Vec<String> = state
        .books
        .endpoints
        .iter()
        .filter(|e| state.is_running(&e.name))
        .map(|e| Shown::new(&e.name).to_string())
        .collect();
    let scheduled = |e: &&crate::ledger::EndpointRow| {
        e.is_active && !e.paused && e.schedule != Some(Schedule::Manual)
    };
    let schedules = state.books.endpoints.iter().filter(scheduled).count();
    let lines = vec![
        match running.as_slice() {
            [] => "Nothing runs now.".to_owned(),
            some => format!(
                "{} running, {} transfers: {}",
                some.len(),
                state.transfers.count(),
                some.join(", ")
            ),
        },
        format!("{schedules} schedules are paused, also over restarts, until you resume them."),
        String::new(),
        "What runs stops at a safe point. Nothing is given up: it goes on when you sync, retry or \
         resume."
            .to_owned(),
    ];
    state.popup = Some(Popup::Confirm(Confirm {
        title: "Stop everything?".to_owned(),
        lines,
        yes: "Yes, stop everything".to_owned(),
        command: Some(Command::StopAll),
        on_yes: false,
    }));
}
