//! `transship sync`: one pass, then the report and the exit code.

use super::workplace::{Face, Workplace, verbosity};
use super::{Exit, Global, SyncArgs, check, heart, print};
use crate::config::Config;
use crate::engine::command::Tested;
use crate::engine::{self, Accounts, Command, Heartbeat, Reply, Schedules};
use crate::ledger::{Books as _, Filter, Reader};
use crate::model::{Endpoint, Scope, Trigger};

/// One pass over the named, or all active, endpoints.
pub(super) async fn sync(global: &Global, args: &SyncArgs) -> Exit {
    let config = match check::load(global) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    if args.dry_run {
        return dry_run(global, args, config).await;
    }
    heart::around(Heartbeat::of(&config), pass(global, args, config)).await
}

async fn pass(global: &Global, args: &SyncArgs, config: Config) -> Exit {
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

/// What a sync would do. Signs in on both sides; asks the source for nothing that it
/// could lose, and walks through registers without booking anything.
async fn dry_run(global: &Global, args: &SyncArgs, config: Config) -> Exit {
    // Beside a running instance, too: nothing is written.
    let books = match Reader::open(&config.database) {
        Ok(reader) => Some(reader),
        Err(_) if !config.database.exists() => None,
        Err(failure) => return print::failure(&failure),
    };
    let filter = Filter { pending: true, ..Filter::default() };
    let pending = match books.as_ref().map_or(Ok(Vec::new()), |books| books.exports(&filter)) {
        Ok(pending) => pending,
        Err(failure) => return print::failure(&failure),
    };
    let (mut accounts, steps) = (Accounts::default(), super::test::steps(global));
    let (names, books) = (&args.endpoints, books.as_ref());
    let looked = engine::dry_run(&config, names, args.full, books, &mut accounts, &steps);
    let tested = match looked.await {
        Ok(tested) => tested,
        Err(failure) => return print::failure(&failure),
    };
    for tested in &tested {
        let name = &tested.endpoint;
        let waiting = pending.iter().filter(|row| row.endpoint == *name).count();
        let announced = |e: &Endpoint| e.name == *name && e.scope == Scope::Exports;
        let goes_on = format!("go on with {waiting} exports that are in the books");
        if config.endpoints.iter().any(announced) {
            let asks = "ask for what is new (a destructive read, not sent now)";
            eprintln!("{name}: would {asks} and {goes_on}");
        } else if waiting > 0 {
            eprintln!("{name}: would {goes_on}");
        }
    }
    let refused = tested.iter().flat_map(Tested::failures).map(Exit::of_failure).next();
    super::test::print_checks(&tested, global.json);
    if !global.json && !pending.is_empty() {
        let listed = print::exports(&pending, false);
        return refused.unwrap_or(listed);
    }
    refused.unwrap_or(Exit::Done)
}
