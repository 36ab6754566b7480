//! The command line: one file per command that is more than a call.

mod args;
mod check;
mod exit;
mod init;
pub mod print;
mod shell;
mod work;

pub use args::{
    Cli, Color, Command, DemoArgs, Global, Ids, ListArgs, ReconcileArgs, SendArgs, SimArgs,
    SyncArgs, TestArgs,
};
pub use exit::Exit;

/// Does what the command line says.
pub async fn run(cli: Cli) -> Exit {
    let global = &cli.global;
    let Some(command) = &cli.command else {
        return work::stay(global, cli.no_tui).await;
    };
    match command {
        Command::Check => check::run(global),
        Command::Init => init::run(global),
        Command::Completions { shell } => shell::completions(*shell),
        Command::Man => shell::man(),
        Command::Sync(args) => work::sync(global, args).await,
        Command::Endpoints => work::endpoints(global).await,
        Command::Exports(args) => work::exports(global, args).await,
        Command::Transfers(args) => work::transfers(global, args).await,
        Command::Runs(args) => work::runs(global, args).await,
        Command::Events(args) => work::events(global, args).await,
        Command::Show { id } => work::show(global, *id).await,
        Command::Retry(ids) => work::act(global, work::Action::Retry, &ids.ids).await,
        Command::Hold(ids) => work::act(global, work::Action::Hold, &ids.ids).await,
        Command::Release(ids) => work::act(global, work::Action::Release, &ids.ids).await,
        Command::Send(args) => work::act(global, work::Action::SendAgain, &args.ids).await,
        Command::Fetch(ids) => work::act(global, work::Action::Fetch, &ids.ids).await,
        Command::Cancel(ids) => work::act(global, work::Action::Cancel, &ids.ids).await,
        Command::Reconcile(args) => work::reconcile(global, args).await,
        Command::Test(args) => work::test(global, args).await,
        Command::Demo(args) => work::demo(global, args, cli.no_tui).await,
        Command::Sim(args) => work::sim(global, args).await,
    }
}
