//! `transship sync`: one pass, then the report and the exit code.

use super::workplace::{Face, Workplace, verbosity};
use super::{Exit, Global, SyncArgs, check, print};
use crate::config::Config;
use crate::engine::command::Tested;
use crate::engine::{self, Command, Reply, Schedules};
use crate::ledger::{Books as _, Filter, Reader};
use crate::model::Trigger;

/// One pass over the named, or all active, endpoints.
pub(super) async fn sync(global: &Global, args: &SyncArgs) -> Exit {
    let config = match check::load(global) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    if args.dry_run {
        return dry_run(global, args, config).await;
    }
    let face = Face::Lines(verbosity(global));
    let workplace = match Workplace::open(config, "transship sync", Schedules::Off, face).await {
        Ok(workplace) => workplace,
        Err(exit) => return exit,
    };
    let command = Command::Sync {
        endpoints: args.endpoints.clone(),
        trigger: Trigger::Manual,
        full: args.full,
    };
    let answer = workplace.ask(command).await;
    workplace.close().await;
    let exit = match answer.reply {
        Reply::Run(report) => {
            let exit = Exit::of_run(&report, args.fail_if_empty);
            if global.json {
                print::json_lines(std::slice::from_ref(&report));
            }
            exit
        }
        Reply::Failed(failure) => print::failure(&failure),
        _ => Exit::Unexpected,
    };
    answer.signal.unwrap_or(exit)
}

/// What a sync would do. Signs in on both sides; asks the source for nothing
/// that it could lose.
async fn dry_run(global: &Global, args: &SyncArgs, config: Config) -> Exit {
    // Beside a running instance, too: nothing is written.
    let pending = match Reader::open(&config.database) {
        Ok(reader) => reader.exports(&Filter { pending: true, ..Filter::default() }),
        Err(_) if !config.database.exists() => Ok(Vec::new()),
        Err(failure) => Err(failure),
    };
    let pending = match pending {
        Ok(pending) => pending,
        Err(failure) => return print::failure(&failure),
    };
    let tested = match engine::test(&config, &args.endpoints, 0).await {
        Ok(tested) => tested,
        Err(failure) => return print::failure(&failure),
    };
    for endpoint in &tested {
        let name = &endpoint.endpoint;
        let waiting = pending.iter().filter(|row| row.endpoint == *name).count();
        eprintln!(
            "{name}: would ask for what is new (a destructive read, not sent now) and go on with \
             {waiting} exports that are in the books"
        );
    }
    let refused = tested.iter().flat_map(Tested::failures).map(Exit::of_failure).next();
    super::test::print_checks(&tested, global.json);
    if !global.json {
        let listed = print::exports(&pending, false);
        return refused.unwrap_or(listed);
    }
    refused.unwrap_or(Exit::Done)
}
