//! What the engine tells and answers.

use crate::console::action::Action;
use crate::console::effect::Effect;
use crate::console::state::{Pane, Popup, SignIn, State};
use crate::console::view;
use crate::engine::{Command, Event, Level, Phase, Reply};
use crate::model::{DeliveryState, ExportState, FailureClass, Outcome, Shown};
use crate::silver::LandedState;

/// Takes in one event. Whatever concerns the books makes them read again: the
/// event is a hint, the ledger the truth.
pub(super) fn event(state: &mut State, event: Event) -> Vec<Effect> {
    let mut effects = vec![Effect::Reload];
    match event {
        Event::RunStarted { run, endpoints } => {
            if state.runs.is_empty() {
                state.transfers.begin_batch();
            }
            state.runs.insert(run, state.now);
            for endpoint in endpoints {
                state.stopped.remove(&endpoint);
                state.taken_in.remove(&endpoint);
                state.phases.entry(endpoint).or_insert(Phase::Queued);
            }
        }
        Event::RunEnded(report) => {
            state.runs.remove(&report.run_id);
            effects.extend(runs(state));
        }
        Event::Endpoint { endpoint, phase } => {
            state.phases.insert(endpoint, phase);
            state.changed();
            return Vec::new();
        }
        Event::EndpointEnded(result) => {
            // A brake stays on the screen: it is why nothing was listed, or fetched.
            state.walks.remove(&result.name);
            let brake = |phase: &Phase| matches!(phase, Phase::Braked(_) | Phase::ContentsWait(_));
            if !state.phases.get(&result.name).is_some_and(brake) {
                state.phases.remove(&result.name);
            }
            state.changed();
        }
        Event::Export { id, endpoint, state: now, .. } => {
            use ExportState as S;
            if now == S::Verified {
                state.transfers.commit(id);
            }
            if now != S::Baseline {
                // What goes nowhere is at its end when it is here.
                let row = state.books.endpoints.iter().find(|e| e.name == endpoint);
                let stays = row.is_some_and(|e| e.deliver_to.is_none());
                let here = stays && now == S::Verified;
                let done = here || matches!(now, S::Skipped | S::Expired | S::Cancelled);
                state.transfers.count_export(id, done, if stays { 1 } else { 2 });
            }
        }
        Event::Delivery { id, export, state: now, .. } => {
            if now.is_delivered() {
                state.transfers.commit(id);
            }
            let done = now.is_delivered() || now == DeliveryState::Cancelled;
            state.transfers.count_delivery(id, export, done);
        }
        // What of it a person should know comes as a notice.
        Event::Ingested(file) => {
            // What is taken in again by hand is no part of a run.
            if !state.runs.is_empty() {
                let counts = state.taken_in.entry(file.endpoint).or_default();
                if file.state == LandedState::Ingested {
                    counts.0 += file.rows_good;
                }
                counts.1 += file.rows_bad;
            }
        }
        // Counts of a walk that goes on; the books have them at its end.
        Event::Walk(walk) => {
            state.walks.insert(walk.endpoint.clone(), walk);
            return Vec::new();
        }
        Event::Transfer(transfer) => {
            state.transfers.progress(state.now, transfer);
            state.settle();
            return Vec::new();
        }
        Event::TransferEnded { id } => {
            state.transfers.ended(id);
            state.settle();
        }
        Event::Scheduled { endpoint, at } => {
            if let Some(row) = state.books.endpoints.iter_mut().find(|e| e.name == endpoint) {
                row.next_run = at;
            }
        }
        Event::SignIn { endpoint, url } => {
            sign_in(state, endpoint, url);
            return Vec::new();
        }
        Event::Notice { level, text } => {
            state.say(level, text);
            return Vec::new();
        }
    }
    // An open timeline goes on while one looks at it.
    if let Some(Popup::Details(details)) = &state.popup {
        effects.extend(details.refresh());
    }
    effects
}

/// The runs that are on the screen, read again when there is one more.
fn runs(state: &State) -> Option<Effect> {
    match &state.popup {
        Some(Popup::Details(details)) if details.runs.is_some() => details.first(),
        _ if state.focus == Pane::Runs => Some(Effect::Runs(state.history_of.clone())),
        _ => None,
    }
}

/// Shows the address for as long as the engine waits for a browser to come from it.
fn sign_in(state: &mut State, endpoint: String, url: Option<String>) {
    match url {
        Some(url) => state.popup = Some(Popup::SignIn(SignIn { endpoint, url })),
        None if matches!(&state.popup, Some(Popup::SignIn(s)) if s.endpoint == endpoint) => {
            state.popup = None;
        }
        None => {}
    }
}

/// Takes in the answer to a command of ours.
pub(super) fn reply(state: &mut State, command: &Command, reply: Reply) -> Vec<Effect> {
    // Shown as queued the moment the key was hit; with the answer it is not.
    if matches!(command, Command::Sync { .. }) && state.runs.is_empty() {
        state.phases.retain(|_, phase| *phase != Phase::Queued);
    }
    match reply {
        Reply::Run(report) => {
            let delivered: u64 = report.endpoints.iter().map(|e| e.delivered).sum();
            let failure = report.endpoints.iter().find_map(|e| e.error.as_deref());
            let outcome = view::runs::words(report.outcome);
            match (report.outcome, failure) {
                (Outcome::Done | Outcome::NothingNew, _) => {
                    state.say(
                        Level::Info,
                        format!("{}: {outcome}, {delivered} delivered", report.run_id),
                    );
                }
                (_, failure) => {
                    let words = failure.unwrap_or("see the pending exports");
                    state.say(Level::Error, format!("{}: {outcome}: {words}", report.run_id));
                }
            }
        }
        Reply::Acted(acted) => {
            for id in acted.iter().filter(|a| a.result.is_ok()).map(|a| a.id) {
                if let Some(target) = state.target(id) {
                    state.stopped.remove(&target.endpoint);
                }
            }
            let failed = acted.iter().find_map(|a| a.result.as_ref().err().map(|f| (a.id, f)));
            match (failed, acted.as_slice()) {
                (Some((id, failure)), _) => state.say(Level::Error, format!("{id}: {failure}")),
                (None, [one]) => {
                    let words = one.result.as_deref().unwrap_or_default();
                    state.say(Level::Info, format!("{}: {words}", one.id));
                }
                (None, all) => state.say(Level::Info, format!("{} done", all.len())),
            }
        }
        Reply::Reconciled(endpoints) => {
            let failed = endpoints.iter().find_map(|e| e.result.as_ref().err());
            let found: u64 = endpoints.iter().map(|e| e.found).sum();
            match failed {
                Some(failure) => state.say(Level::Error, failure.to_string()),
                None if found == 0 => state.say(Level::Info, "reconciled: the books miss nothing"),
                None => state.say(Level::Warning, format!("reconciled: {found} booked as held")),
            }
        }
        Reply::SignedIn { endpoint, identity } => {
            let endpoint = Shown::new(&endpoint);
            state.say(Level::Info, format!("{endpoint}: signed in: {identity}"));
        }
        Reply::Done => {}
        Reply::Rescheduled(endpoints) => {
            for endpoint in endpoints {
                if !endpoint.paused {
                    state.stopped.remove(&endpoint.endpoint);
                }
                state.say(Level::Info, endpoint.words());
            }
        }
        Reply::Stopped(stopped) => {
            let words = format!(
                "stopped: {} running, {} schedules paused; {} resumes all",
                stopped.works,
                stopped.paused,
                state.keys.shown(Action::ResumeAll)
            );
            state.stopped = state.books.endpoints.iter().map(|e| e.name.clone()).collect();
            state.say(Level::Warning, words);
        }
        Reply::TakenIn(taken) => {
            let totals = taken.totals;
            let words = format!("{} files taken in, {} refused", totals.ingested, totals.refused);
            state.say(Level::Info, words);
        }
        // Not asked for by any key.
        Reply::CarriedOn(_) | Reply::Vitals(_) => {}
        // Given up with a key: that is no news.
        Reply::Failed(failure)
            if matches!(command, Command::SignIn { .. } | Command::CancelSignIn { .. })
                && matches!(failure.class, FailureClass::Cancelled | FailureClass::NotFound) => {}
        Reply::Failed(failure) => {
            // Nothing runs: what was shown as queued the moment the key was hit is not.
            if let Command::Sync { .. } = command {
                state.phases.retain(|_, phase| *phase != Phase::Queued);
            }
            state.say(Level::Error, failure.to_string());
        }
    }
    vec![Effect::Reload]
}
