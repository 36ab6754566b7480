//! The program that stays: the console, or headless.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::reload::Running;
use super::signals::{Hangup, Signals};
use super::workplace::{Face, Workplace, verbosity};
use super::{Exit, Global, check, heart, print, signals, supervisor};
use crate::config::{Config, ConsoleSettings};
use crate::console;
use crate::engine::{Command, Heartbeat, Schedules};
use crate::http::{Data, Server};
use crate::model::{Dataset, Failure};
use crate::silver::reader::Reader;

/// The console, or headless where there is no terminal or none is wanted.
pub(super) async fn stay(global: &Global, no_tui: bool) -> Exit {
    let config = match check::load(global) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    serve(global, config, Stay { no_tui, reloads: true, ..Stay::default() }).await
}

/// How the program stays.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stay {
    /// Headless even on a terminal.
    pub(super) no_tui: bool,
    /// Names the console.
    pub(super) title: &'static str,
    /// Begins with a sync of everything, which otherwise only people and
    /// schedules start.
    pub(super) sync_first: bool,
    /// There is a configuration that can be read again.
    pub(super) reloads: bool,
}

/// Serves `config` until it is told to end.
pub(super) async fn serve(global: &Global, config: Config, stay: Stay) -> Exit {
    let heartbeat = Heartbeat::of(&config);
    heart::around_stay(heartbeat.clone(), stay_open(global, config, stay, heartbeat)).await
}

async fn stay_open(
    global: &Global,
    config: Config,
    stay: Stay,
    heartbeat: Option<Arc<Heartbeat>>,
) -> Exit {
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let face =
        if terminal && !stay.no_tui { Face::Console } else { Face::Lines(verbosity(global)) };
    let (silver, look) = (config.silver.clone(), config.console.clone());
    let running = config.clone();
    let workplace = match Workplace::open(config, "transship", Schedules::On, face).await {
        Ok(workplace) => workplace,
        Err(exit) => return exit,
    };
    // From before it is ready: whoever is told that may send one at once.
    let hangup = if stay.reloads { Hangup::Reloads } else { Hangup::Ends };
    let listening = matches!(face, Face::Lines(_)).then(|| Signals::listen(hangup));
    if stay.sync_first {
        let handle = workplace.engine.handle();
        tokio::spawn(async move {
            // The answer is in the books and on the screen.
            let _ = handle.request(Command::sync_all()).await;
        });
    }
    let server = match serve_http(&running, &workplace) {
        Ok(server) => server,
        Err(failure) => return print::failure(&failure),
    };
    let stop = CancellationToken::new();
    let _stopped = stop.clone().drop_guard();
    if let Some(heartbeat) = heartbeat {
        tokio::spawn(heartbeat.keep(workplace.engine.handle(), stop.clone()));
    }
    tokio::spawn(supervisor::report(workplace.engine.handle(), stop));
    match listening {
        None => console(global, workplace, server, (stay.title, &silver, look)).await,
        Some(signals) => Running::new(running, workplace, server).until_ended(signals).await,
    }
}

/// Starts the HTTP server of `config` beside the engine.
pub(super) fn serve_http(config: &Config, workplace: &Workplace) -> Result<Server, Failure> {
    let data = Data::new(Reader::at(&config.silver), datasets(config));
    let reader = Arc::new(workplace.engine.reader()?);
    Ok(Server::start(&config.http, workplace.engine.handle(), reader, Some(data)))
}

/// What it serves of partners' files.
pub(super) fn datasets(config: &Config) -> Vec<Dataset> {
    config.endpoints.iter().flat_map(|endpoint| endpoint.datasets.iter().cloned()).collect()
}

/// Stops the server and the rest at the same time: the last word of the engine is
/// printed when nobody holds on to it any more.
pub(super) async fn close(workplace: Workplace, server: Server) {
    supervisor::stopping();
    workplace.engine.begin_to_stop();
    server.stop().await;
    workplace.close().await;
}

async fn console(
    global: &Global,
    workplace: Workplace,
    server: Server,
    (title, silver, look): (&str, &Path, ConsoleSettings),
) -> Exit {
    let handle = workplace.engine.handle();
    let reader = Arc::new(match workplace.engine.reader() {
        Ok(reader) => reader,
        Err(failure) => return print::failure(&failure),
    });
    let silver = Arc::new(Reader::at(silver));
    let ended = CancellationToken::new();
    let signal = tokio::spawn({
        let ended = ended.clone();
        async move {
            let exit = signals::ended().await;
            ended.cancel();
            exit
        }
    });
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let options = console::Options {
        title: title.to_owned(),
        color: global.color.wanted(true, no_color),
        palette: look.palette,
        ascii: look.ascii,
        keys: look.keys,
        mouse: look.mouse,
        read_only: false,
        stop: ended.clone(),
    };
    let shown = console::run(handle, reader, silver, options).await;
    let exit =
        if ended.is_cancelled() { signal.await.unwrap_or(Exit::Terminated) } else { Exit::Done };
    close(workplace, server).await;
    match shown {
        Ok(()) => exit,
        Err(failure) => print::failure(&failure),
    }
}
