//! `transship notify test`: does anybody hear it?

use serde_json::json;

use super::{Exit, Global, check, print};
use crate::engine::{self, Tried};
use crate::model::{Failure, FailureClass};

/// What `notify` does.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum NotifyCommand {
    /// Send a test message to every webhook and by mail, and say what is answered.
    ///
    /// Needs no ledger; it can be done while the program works. The heartbeat is left alone:
    /// it would say that all is well.
    Test,
}

/// Sends a test message everywhere.
pub(super) async fn test(global: &Global) -> Exit {
    let config = match check::load(global) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let tried = engine::test_notifications(&config).await;
    if tried.is_empty() {
        let nobody = Failure::new(FailureClass::Misconfigured, "sending", "a test message")
            .said("nobody is told: notifications has neither webhooks nor smtp")
            .advice("notifications: { webhooks: { ops: { url: \"${OPS_WEBHOOK_URL}\" } } }");
        return print::failure(&nobody);
    }
    let printed = match global.json {
        true => print::json_lines(&tried.iter().map(as_json).collect::<Vec<_>>()),
        false => print::stdout(&tried.iter().map(as_text).collect::<String>()),
    };
    if printed != Exit::Done {
        return printed;
    }
    let failures = tried.iter().filter_map(|tried| tried.answer.as_ref().err());
    failures.map(Exit::of_failure).next().unwrap_or(Exit::Done)
}

fn as_json(tried: &Tried) -> serde_json::Value {
    json!({
        "channel": tried.channel,
        "sent": tried.answer.is_ok(),
        "answer": tried.answer.as_ref().ok(),
        "error": tried.answer.as_ref().err().map(ToString::to_string),
    })
}

fn as_text(tried: &Tried) -> String {
    match &tried.answer {
        Ok(answer) => format!("  ok      {}: {answer}\n", tried.channel),
        Err(failure) => format!("  FAILED  {}: {failure}\n", tried.channel),
    }
}
