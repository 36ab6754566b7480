//! The operator's actions from the command line, and `reconcile`.
//!
//! What an action makes possible is done at once: `release x17` comes back when
//! x17 has come as far as it gets.

use serde_json::json;

use super::workplace::{Face, Workplace, verbosity};
use super::{Exit, Global, ReconcileArgs, check, print};
use crate::engine::{Acted, Command, ReconcileMode, Reply, Rescheduled, Schedules};
use crate::headless;

/// Carries out `command` and then works on what is open.
pub(super) async fn act(global: &Global, name: &str, command: Command) -> Exit {
    let works = !matches!(command, Command::Hold(_) | Command::Cancel(_));
    work(global, name, command, works).await
}

/// `reconcile`.
pub(super) async fn reconcile(global: &Global, args: &ReconcileArgs) -> Exit {
    let mode = match (args.fetch, args.adopt) {
        (true, _) => ReconcileMode::Fetch,
        (_, true) => ReconcileMode::Adopt,
        _ => ReconcileMode::Hold,
    };
    let command = Command::Reconcile { endpoints: args.endpoints.clone(), mode };
    work(global, "transship reconcile", command, mode == ReconcileMode::Fetch).await
}

/// `pause` and `resume`.
pub(super) async fn reschedule(global: &Global, name: &str, command: Command) -> Exit {
    work(global, name, command, false).await
}

async fn work(global: &Global, name: &str, command: Command, carry_on: bool) -> Exit {
    let config = match check::load(global) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let face = Face::Lines(verbosity(global));
    let workplace = match Workplace::open(config, name, Schedules::Off, face).await {
        Ok(workplace) => workplace,
        Err(exit) => return exit,
    };
    let answer = workplace.ask(command).await;
    let (mut exit, mut signal) = (told(&answer.reply, global.json), answer.signal);
    let some_done = matches!(&answer.reply, Reply::Acted(all) if all.iter().any(|a| a.result.is_ok()))
        || exit == Exit::Done;
    if carry_on && some_done && signal.is_none() {
        let carried_on = workplace.ask(Command::CarryOn { endpoints: Vec::new() }).await;
        let then = told(&carried_on.reply, false);
        exit = if exit == Exit::Done { then } else { exit };
        signal = carried_on.signal;
    }
    workplace.close().await;
    signal.unwrap_or(exit)
}

/// Prints an answer; the exit code that goes with it.
fn told(reply: &Reply, json: bool) -> Exit {
    match reply {
        Reply::Acted(acted) => {
            if json {
                print::json_lines(&acted.iter().map(as_json).collect::<Vec<_>>());
            }
            let mut exit = Exit::Done;
            for one in acted {
                match &one.result {
                    Ok(words) => eprintln!("{words}"),
                    Err(failure) => exit = print::failure(failure),
                }
            }
            exit
        }
        Reply::Reconciled(endpoints) => {
            let mut exit = Exit::Done;
            for one in endpoints {
                match &one.result {
                    Ok(mode) => eprintln!("{}: {}", one.endpoint, found(one.found, *mode)),
                    Err(failure) => exit = print::failure(failure),
                }
                if one.found > 0 && one.result == Ok(ReconcileMode::Hold) {
                    exit = Exit::NeedsOperator;
                }
            }
            if json {
                let rows: Vec<_> = endpoints
                    .iter()
                    .map(|one| {
                        json!({
                            "endpoint": one.endpoint,
                            "found": one.found,
                            "error": one.result.as_ref().err().map(ToString::to_string),
                        })
                    })
                    .collect();
                print::json_lines(&rows);
            }
            exit
        }
        Reply::Rescheduled(endpoints) => {
            if json {
                let row = |one: &Rescheduled| json!({"endpoint": one.endpoint, "paused": one.paused, "changed": one.changed});
                print::json_lines(&endpoints.iter().map(row).collect::<Vec<_>>());
            }
            // The words were said as an event.
            Exit::Done
        }
        Reply::CarriedOn(results) => {
            for result in results {
                eprintln!("{}", headless::summary(result));
            }
            Exit::of_results(results)
        }
        Reply::Failed(failure) => print::failure(failure),
        _ => Exit::Unexpected,
    }
}

fn found(count: u64, mode: ReconcileMode) -> String {
    match (count, mode) {
        (0, _) => "everything that the source calls delivered is in the ledger".into(),
        (n, ReconcileMode::Hold) => {
            format!("{n} never seen here; they are held: release or cancel them")
        }
        (n, ReconcileMode::Fetch) => format!("{n} never seen here; they are fetched"),
        (n, ReconcileMode::Adopt) => format!("{n} never seen here; they count as handled"),
    }
}

fn as_json(acted: &Acted) -> serde_json::Value {
    match &acted.result {
        Ok(words) => json!({"id": acted.id, "ok": true, "result": words}),
        Err(failure) => json!({"id": acted.id, "ok": false, "error": failure.to_string()}),
    }
}
