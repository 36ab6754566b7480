//! One line for each event, as a person reads it in a terminal or a cron mail.

use crate::engine::{Event, Level, Phase, Walk};
use crate::model::{DeliveryState, EndpointResult, ExportState, Failure, Outcome};

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Only what went wrong.
    Quiet,
    /// What a person wants to know of each file.
    #[default]
    Normal,
    /// Every state and phase.
    Verbose,
}

/// The line for `event`, or none at this verbosity.
pub fn line(event: &Event, verbosity: Verbosity) -> Option<String> {
    let (from, text) = match event {
        Event::RunStarted { run, endpoints } => {
            (Verbosity::Verbose, format!("{run} started: {}", endpoints.join(", ")))
        }
        Event::RunEnded(report) => {
            (Verbosity::Normal, format!("{} {}", report.run_id, words(report.outcome)))
        }
        Event::Endpoint { endpoint, phase } => {
            let from = match phase {
                Phase::Queued | Phase::Idle => return None,
                _ => Verbosity::Verbose,
            };
            (from, format!("{endpoint}: {}", phase.words()))
        }
        Event::EndpointEnded(result) => (Verbosity::Normal, summary(result)),
        Event::Export { id, endpoint, name, state, failure } => {
            let text = format!("{endpoint}: {id} {state}: {name}");
            match failure {
                // Not a failure: what the configuration asks for, and why.
                Some(why) if *state == ExportState::Skipped => {
                    (Verbosity::Normal, format!("{text}: {why}"))
                }
                failure => with_failure(Verbosity::Verbose, text, failure.as_ref()),
            }
        }
        Event::Delivery { id, endpoint, name, state, attempt, failure, .. } => {
            let published = *state == DeliveryState::Published;
            let from = if published { Verbosity::Normal } else { Verbosity::Verbose };
            let again = if *attempt > 1 { format!(" (attempt {attempt})") } else { String::new() };
            let text = format!("{endpoint}: {id} {state}{again}: {name}");
            with_failure(from, text, failure.as_ref())
        }
        Event::Transfer(_) | Event::TransferEnded { .. } | Event::Walk(_) => return None,
        Event::Ingested(file) => {
            let (id, name, state) = (file.file, &file.name, file.state);
            let mut text = format!("{}: l{id} {state}: {name}", file.endpoint);
            if let Some(dataset) = &file.dataset {
                let (good, bad) = (file.rows_good, file.rows_bad);
                text.push_str(&format!(" ({dataset}: {good} rows, {bad} set aside)"));
            }
            (Verbosity::Normal, text)
        }
        Event::Scheduled { endpoint, at } => {
            let at = (*at)?;
            (Verbosity::Normal, format!("{endpoint}: next run {at:.0}"))
        }
        Event::SignIn { endpoint, url } => match url {
            Some(url) => (Verbosity::Quiet, format!("{endpoint}: sign in at {url}")),
            None => return None,
        },
        Event::Notice { level, text } => {
            let from = if *level == Level::Info { Verbosity::Normal } else { Verbosity::Quiet };
            (from, text.clone())
        }
    };
    (verbosity >= from).then_some(text)
}

/// A failure is told at any verbosity.
fn with_failure(from: Verbosity, text: String, failure: Option<&Failure>) -> (Verbosity, String) {
    match failure {
        Some(failure) => (Verbosity::Quiet, format!("{text}: {failure}")),
        None => (from, text),
    }
}

/// One endpoint's part of a run in one line.
pub fn summary(result: &EndpointResult) -> String {
    let counts = [
        (result.discovered, "listed"),
        (result.new, "new"),
        (result.updated, "changed"),
        (result.removed, "removed"),
        (result.fetched, "fetched"),
        (result.delivered, "delivered"),
        (result.failed, "failed"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect::<Vec<_>>();
    let mut line = format!("{}: {}", result.name, words(result.outcome));
    if !counts.is_empty() {
        line.push_str(&format!(" ({})", counts.join(", ")));
    }
    if let Some(error) = &result.error {
        line.push_str(&format!(": {error}"));
    }
    line
}

/// How far a walk is, in one line.
pub fn walk_words(walk: &Walk) -> String {
    let mut line = format!("{}: {} files seen, {} new", walk.endpoint, walk.found, walk.new);
    if walk.updated > 0 {
        line.push_str(&format!(", {} changed", walk.updated));
    }
    line.push_str(&format!("; {} calls", walk.calls));
    if let Some(until) = walk.throttled_until {
        line.push_str(&format!("; the service asks us to wait until {until:.0}"));
    }
    line
}

/// An outcome in the operator's words.
pub fn words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::NothingNew => "nothing new",
        Outcome::Partial => "partly done; the rest is tried again",
        Outcome::Failed => "failed; it is tried again",
        Outcome::NeedsOperator => "needs you",
        Outcome::Missed => "missed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FailureClass, Id, Shown};

    fn delivery(state: DeliveryState, failure: Option<Failure>) -> Event {
        Event::Delivery {
            id: Id::delivery(7),
            export: Id::export(3),
            endpoint: "Encoura exports".into(),
            name: Shown::new("a\u{1b}[2J.csv"),
            state,
            attempt: 2,
            failure,
        }
    }

    #[test]
    fn each_verbosity_tells_what_it_should() {
        use Verbosity::{Normal, Quiet, Verbose};
        let failure = Failure::new(FailureClass::Network, "uploading", "a.csv");
        let table = [
            (delivery(DeliveryState::Uploading, None), Verbose),
            (delivery(DeliveryState::Published, None), Normal),
            (delivery(DeliveryState::RetryWait, Some(failure)), Quiet),
            (Event::Notice { level: Level::Error, text: "x".into() }, Quiet),
            (Event::Notice { level: Level::Info, text: "x".into() }, Normal),
        ];
        for (event, least) in table {
            for verbosity in [Quiet, Normal, Verbose] {
                let told = line(&event, verbosity).is_some();
                assert_eq!(told, verbosity >= least, "{verbosity:?}: {event:?}");
            }
        }
    }

    #[test]
    fn a_hostile_name_stays_on_its_line() {
        let line = line(&delivery(DeliveryState::Published, None), Verbosity::Normal).unwrap();
        assert_eq!(line, "Encoura exports: d7 published (attempt 2): a\\u{1b}[2J.csv");
    }
}
