//! `/health`: whether the program itself is well. Whether a partner is up is another
//! question, and no reason to restart us.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Mutex;

use super::answer;
use super::app::{App, VERSION};
use crate::engine::{Command, Reply};

/// What was found is good for so long: asking is open to everybody, and must not
/// keep the ledger busy.
const KEPT: Duration = Duration::from_secs(1);

/// How long the engine may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What was found last.
#[derive(Default)]
pub(super) struct Health(Mutex<Option<(Instant, Checks)>>);

/// What is looked at; each with what is wrong with it, for the log and /status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Checks {
    /// The ledger can be read.
    pub(super) ledger: Option<String>,
    /// The ledger can be written.
    pub(super) writer: Option<String>,
    /// What happens by itself, happens.
    pub(super) scheduler: Option<String>,
}

impl Checks {
    /// Whether nothing is wrong.
    pub(super) fn well(&self) -> bool {
        *self == Self::default()
    }
}

impl App {
    /// Looks at everything, or says what was found a moment ago.
    pub(super) async fn checks(&self) -> Checks {
        // Held while looking: those who ask meanwhile get the same answer.
        let mut last = self.health.0.lock().await;
        if let Some((when, checks)) = last.as_ref()
            && when.elapsed() < KEPT
        {
            return checks.clone();
        }
        let (ledger, (writer, scheduler)) =
            tokio::join!(self.read(crate::ledger::Reader::check), self.ask());
        let checks = Checks { ledger: ledger.err().map(|e| e.to_string()), writer, scheduler };
        if last.as_ref().map(|(_, before)| before) != Some(&checks) && !checks.well() {
            tracing::error!(?checks, "http: not well");
        }
        *last = Some((Instant::now(), checks.clone()));
        checks
    }

    /// What the engine says of its ledger and its scheduler.
    async fn ask(&self) -> (Option<String>, Option<String>) {
        let asked = tokio::time::timeout(PATIENCE, self.handle.request(Command::Vitals)).await;
        let silent = || Some("the engine does not answer".to_owned());
        match asked {
            Ok(Reply::Vitals(vitals)) => {
                let stopped = (!vitals.stopped.is_empty()).then(|| {
                    format!("nothing happens by itself any more for: {}", vitals.stopped.join(", "))
                });
                (vitals.ledger.err().map(|e| e.to_string()), stopped)
            }
            Ok(Reply::Failed(failure)) => (None, Some(failure.to_string())),
            // It writes nothing, or it would have answered: which of the two it is, the
            // ledger's own reader says.
            _ => (silent(), silent()),
        }
    }
}

#[derive(Serialize)]
struct Body {
    status: &'static str,
    timestamp: Timestamp,
    version: &'static str,
    uptime_seconds: u64,
    checks: Words,
}

/// One word each: this is answered to everybody, and places are nobody's business.
#[derive(Serialize)]
struct Words {
    process: &'static str,
    ledger: &'static str,
    writer: &'static str,
    scheduler: &'static str,
}

/// Healthy or not, in the words of the file connector.
pub(super) fn word(well: bool) -> &'static str {
    if well { "healthy" } else { "unhealthy" }
}

/// Answers 200 if everything is well, else 503.
pub(super) async fn answer(app: Arc<App>) -> Response {
    let checks = app.checks().await;
    let status = if checks.well() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word_of = |wrong: &Option<String>| word(wrong.is_none());
    answer::json(
        status,
        &Body {
            status: word(checks.well()),
            timestamp: Timestamp::now(),
            version: VERSION,
            uptime_seconds: app.uptime().as_secs(),
            checks: Words {
                process: word(true),
                ledger: word_of(&checks.ledger),
                writer: word_of(&checks.writer),
                scheduler: word_of(&checks.scheduler),
            },
        },
    )
}
