//! `transship ingest`: a sync of the feeds alone, or landed files once more.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::workplace::{Face, Workplace, verbosity};
use super::{Exit, Global, check, heart, print};
use crate::config::Config;
use crate::engine::{Again, Command, Heartbeat, Reply, Schedules, TakenIn};
use crate::model::{Endpoint, Failure, FailureClass, Id, Kind, Scope, Trigger};

/// `ingest`.
#[derive(Clone, Debug, Default, Args)]
pub struct IngestArgs {
    /// Names of endpoints of type sftp [default: all active ones].
    #[arg(value_name = "ENDPOINT")]
    pub endpoints: Vec<String>,
    /// Take everything in again from bronze, without the partner.
    #[arg(long, conflicts_with = "file")]
    pub again: bool,
    /// Only this landed file, again, as `files --state quarantined` lists it.
    #[arg(long, value_name = "ID", value_parser = landed_file, conflicts_with = "endpoints")]
    pub file: Option<Id>,
    /// A corrected copy, which takes the file's place.
    #[arg(long, value_name = "PATH", requires = "file")]
    pub replace: Option<PathBuf>,
    /// Take the file in however many of its rows are bad.
    #[arg(long, requires = "file")]
    pub accept: bool,
}

/// `l12`, or the number alone.
fn landed_file(text: &str) -> Result<Id, String> {
    let landed = |id: &Id| id.kind == Kind::Landed;
    let number = text.parse().ok().filter(|n| *n > 0).map(Id::landed);
    let id = number.or_else(|| text.parse().ok().filter(landed));
    id.ok_or_else(|| "expected a landed file, as in l12".to_owned())
}

/// A pass over the feeds; or, from bronze alone, what was asked for.
pub(super) async fn ingest(global: &Global, args: IngestArgs) -> Exit {
    let config = match check::load(global) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let names = match feeds(&config, &args.endpoints) {
        Ok(names) => names,
        Err(failure) => return print::failure(&failure),
    };
    let command = match args.file {
        Some(id) => Command::TakeInAgain(Again::File {
            id: id.number,
            accept: args.accept,
            replace: args.replace,
        }),
        None if args.again => Command::TakeInAgain(Again::Endpoints(args.endpoints)),
        None => Command::Sync { endpoints: names, trigger: Trigger::Manual, full: false },
    };
    // Only a pass that asks the partner is work that somebody waits for.
    let heartbeat = Heartbeat::of(&config).filter(|_| matches!(command, Command::Sync { .. }));
    heart::around(heartbeat, carry_out(global, config, command)).await
}

async fn carry_out(global: &Global, config: Config, command: Command) -> Exit {
    let face = Face::Lines(verbosity(global));
    let opened = Workplace::open(config, "transship ingest", Schedules::Off, face).await;
    let workplace = match opened {
        Ok(workplace) => workplace,
        Err(exit) => return exit,
    };
    let answer = workplace.ask(command).await;
    workplace.close().await;
    let exit = match answer.reply {
        Reply::Run(report) => {
            if global.json {
                print::json_lines(std::slice::from_ref(&report));
            }
            Exit::of_run(&report, false)
        }
        Reply::TakenIn(taken) => told(global, taken),
        Reply::Failed(failure) => print::failure(&failure),
        _ => Exit::Unexpected,
    };
    answer.signal.unwrap_or(exit)
}

/// The endpoints that are meant: feeds, and nothing else.
fn feeds(config: &Config, names: &[String]) -> Result<Vec<String>, Failure> {
    let is_feed = |endpoint: &&Endpoint| matches!(endpoint.scope, Scope::Sftp(_));
    for name in names {
        // One that there is not is told of with all others.
        let known = config.endpoints.iter().find(|endpoint| endpoint.name == *name);
        if let Some(other) = known.filter(|endpoint| !is_feed(endpoint)) {
            return Err(Failure::new(FailureClass::Misconfigured, "taking in", name)
                .said(format!("it is of type {}, not sftp", other.endpoint_type))
                .advice("`transship sync` syncs every type"));
        }
    }
    if !names.is_empty() {
        return Ok(names.to_vec());
    }
    let active = config.endpoints.iter().filter(is_feed).filter(|endpoint| endpoint.is_active);
    let names: Vec<String> = active.map(|endpoint| endpoint.name.clone()).collect();
    if names.is_empty() {
        return Err(Failure::new(FailureClass::Misconfigured, "taking in", "")
            .said("no active endpoint is of type sftp")
            .advice("add one: see `endpoints` in the README"));
    }
    Ok(names)
}

fn told(global: &Global, taken: TakenIn) -> Exit {
    let totals = taken.totals;
    if global.json {
        print::json_lines(&[json!({
            "set_back": taken.set_back,
            "files": totals.files,
            "ingested": totals.ingested,
            "refused": totals.refused,
            "rows_good": totals.rows_good,
            "rows_bad": totals.rows_bad,
            "drifted": totals.drifted,
        })]);
    }
    if !global.quiet {
        print::note(&format!(
            "{} files: {} taken in with {} rows, {} rows set aside, {} refused",
            totals.files, totals.ingested, totals.rows_good, totals.rows_bad, totals.refused
        ));
    }
    if totals.refused > 0 { Exit::NeedsOperator } else { Exit::Done }
}
