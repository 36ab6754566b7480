//! The command line: one file per command that is more than a call.

mod act;
mod args;
mod auth;
mod autodesk;
mod backup;
mod check;
mod demo;
mod doctor;
mod exit;
mod feed;
mod health;
mod heart;
mod ingest;
mod init;
mod landed;
mod lists;
mod notify;
pub mod print;
mod purge;
mod reload;
mod serve;
mod shell;
mod signals;
mod supervisor;
mod sync;
mod tables;
mod test;
mod told;
mod version;
mod workplace;

pub use args::{
    AuthAutodeskArgs, AuthService, Cli, Color, Command, ConfigCommand, DemoArgs, Global, Ids,
    ListArgs, Names, ReconcileArgs, SendArgs, SimArgs, SyncArgs, TestArgs,
};
pub use autodesk::AutodeskSimArgs;
pub use doctor::DoctorArgs;
pub use exit::Exit;
pub use feed::FeedSimArgs;
pub use ingest::IngestArgs;
pub use landed::FilesArgs;
pub use notify::NotifyCommand;
pub use purge::PurgeArgs;

use crate::engine::Command as Do;
use crate::model::Kind;

/// Does what the command line says.
pub async fn run(cli: Cli) -> Exit {
    let global = &cli.global;
    let Some(command) = cli.command else {
        return serve::stay(global, cli.no_tui).await;
    };
    match command {
        Command::Check => check::run(global),
        Command::Init => init::run(global),
        Command::Config { what: ConfigCommand::Schema } => {
            print::stdout(&format!("{:#}\n", crate::config::schema()))
        }
        Command::Doctor(args) => doctor::doctor(global, args).await,
        Command::Health => health::health(global).await,
        Command::Notify { what: NotifyCommand::Test } => notify::test(global).await,
        Command::Purge(args) => purge::purge(global, &args).await,
        Command::Backup { file } => backup::run(global, &file),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man => shell::man(),
        Command::Sync(args) => sync::sync(global, &args).await,
        Command::Ingest(args) => ingest::ingest(global, args).await,
        Command::Endpoints => lists::endpoints(global),
        Command::Exports(args) => lists::exports(global, &args),
        Command::Files(args) => match args.landed() {
            Some(filter) => landed::files(global, &filter),
            None => lists::files(global, &args),
        },
        Command::Transfers(args) => lists::transfers(global, &args),
        Command::Runs(args) => lists::runs(global, &args),
        Command::Events(args) => lists::events(global, &args),
        Command::Show { id } if id.kind == Kind::Landed => landed::show(global, id),
        Command::Show { id } => lists::show(global, id),
        Command::Retry(args) => act::act(global, "transship retry", Do::Retry(args.ids)).await,
        Command::Hold(args) => act::act(global, "transship hold", Do::Hold(args.ids)).await,
        Command::Release(args) => {
            act::act(global, "transship release", Do::Release(args.ids)).await
        }
        Command::Send(args) => act::act(global, "transship send", Do::SendAgain(args.ids)).await,
        Command::Fetch(args) => act::act(global, "transship fetch", Do::Fetch(args.ids)).await,
        Command::Cancel(args) => act::act(global, "transship cancel", Do::Cancel(args.ids)).await,
        Command::Pause(args) => {
            let endpoints = args.endpoints;
            act::reschedule(global, "transship pause", Do::Pause { endpoints }).await
        }
        Command::Resume(args) => {
            let endpoints = args.endpoints;
            act::reschedule(global, "transship resume", Do::Resume { endpoints }).await
        }
        Command::Reconcile(args) => act::reconcile(global, &args).await,
        Command::Test(args) => test::test(global, &args).await,
        Command::Auth { service: AuthService::Autodesk(args) } => {
            auth::autodesk(global, &args).await
        }
        Command::Demo(args) => demo::demo(global, &args, cli.no_tui).await,
        Command::Sim(args) => demo::sim(global, &args).await,
    }
}
