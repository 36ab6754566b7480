//! `transship doctor`: everything that can go wrong, and what to do about it.

use serde_json::json;

use super::{Exit, Global, check, print, test};
use crate::engine::{self, Accounts, Finding, Online, Verdict};
use crate::ledger::Reader;
use crate::model::{Failure, FailureClass};

/// `doctor`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct DoctorArgs {
    /// Names of endpoints [default: all active ones].
    #[arg(value_name = "ENDPOINT")]
    pub endpoints: Vec<String>,
    /// Look at this machine alone: no service is called.
    #[arg(long, conflicts_with_all = ["endpoints", "mask"])]
    pub offline: bool,
    /// A mask that the receiver takes files by, as in "ACT-*.csv": which of our names does
    /// it match?
    #[arg(long, value_name = "MASK")]
    pub mask: Option<String>,
}

/// Needs no lock: it can be asked while the program works.
pub(super) async fn doctor(global: &Global, args: DoctorArgs) -> Exit {
    // Every mistake of the configuration, as `check` tells it; its warnings are findings.
    let quiet = Global { quiet: true, ..global.clone() };
    let config = match check::load(&quiet) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let local = config.clone();
    let local = tokio::task::spawn_blocking(move || engine::offline(&local)).await;
    let mut findings = match local {
        Ok(findings) => findings,
        Err(error) => {
            let bug = Failure::new(FailureClass::Bug, "looking at", "this machine").said(error);
            return print::failure(&bug);
        }
    };
    if !args.offline {
        // Why it cannot be read is among the findings already.
        let books = Reader::open(&config.database).ok();
        let wanted = Online { endpoints: args.endpoints, mask: args.mask };
        let (sources, told) = (&mut Accounts::default(), test::steps(global));
        match engine::online(&config, &wanted, books.as_ref(), sources, &told).await {
            Ok(online) => findings.extend(online),
            Err(failure) => return print::failure(&failure),
        }
    }
    let printed = match global.json {
        true => print::json_lines(&findings.iter().map(as_json).collect::<Vec<_>>()),
        false => print::stdout(&as_text(&findings)),
    };
    if printed != Exit::Done {
        return printed;
    }
    let worst = findings.iter().filter(|finding| finding.verdict == Verdict::Failed);
    worst.map(exit_of).next().unwrap_or(Exit::Done)
}

fn exit_of(finding: &Finding) -> Exit {
    // Found without an error: a person has to do what the advice says.
    finding.failure.as_ref().map_or(Exit::NeedsOperator, Exit::of_failure)
}

fn as_json(finding: &Finding) -> serde_json::Value {
    json!({
        "about": finding.about,
        "check": finding.check,
        "verdict": finding.verdict,
        "found": finding.found,
        "advice": finding.advice,
    })
}

fn as_text(findings: &[Finding]) -> String {
    let mut text = String::new();
    let mut about = "";
    for finding in findings {
        if finding.about != about {
            about = &finding.about;
            text.push_str(&format!("{}\n", crate::model::Shown::new(about)));
        }
        let verdict = word(finding.verdict);
        let check = crate::model::Shown::new(&finding.check);
        text.push_str(&format!("  {verdict:<7} {check}: {}\n", finding.found));
        if let Some(advice) = &finding.advice {
            text.push_str(&format!("          → {advice}\n"));
        }
    }
    let count = |verdict| findings.iter().filter(|f| f.verdict == verdict).count();
    let (failed, warnings) = (count(Verdict::Failed), count(Verdict::Warning));
    let noun = if warnings == 1 { "warning" } else { "warnings" };
    text.push_str(&format!("\n{} checks: {failed} failed, {warnings} {noun}\n", findings.len()));
    text
}

/// Failures stand out without colour.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Note => "note",
        Verdict::Warning => "WARNING",
        Verdict::Failed => "FAILED",
    }
}
