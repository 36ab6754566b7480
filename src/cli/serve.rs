//! The program that stays: the console, or headless.

use std::io::IsTerminal as _;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::heart::Heart;
use super::reload::Running;
use super::signals::{Hangup, Signals};
use super::told::Words;
use super::workplace::{Face, Workplace, verbosity};
use super::{Exit, Global, check, print, supervisor};
use crate::config::Config;
use crate::console;
use crate::engine::{Command, Schedules};
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
    let heart = Heart::of(&config);
    let exit = stay_open(global, config, stay, &heart).await;
    heart.ended(exit).await;
    exit
}

async fn stay_open(global: &Global, config: Config, stay: Stay, heart: &Heart) -> Exit {
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let face =
        if terminal && !stay.no_tui { Face::Console } else { Face::Lines(verbosity(global)) };
    let running = config.clone();
    let workplace = match Workplace::open(config, "transship", Schedules::On, face).await {
        Ok(workplace) => workplace,
        Err(exit) => return exit,
    };
    // From before it is ready: whoever is told that may send one at once.
    let hangup = if stay.reloads { Hangup::Reloads } else { Hangup::Ends };
    let signals = Signals::listen(hangup);
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
    heart.beat(workplace.engine.handle());
    tokio::spawn(supervisor::report(workplace.engine.handle(), stop));
    let running = Running::new(running, workplace, server, heart.clone());
    match face {
        Face::Console => console(global, running, signals, stay).await,
        Face::Lines(_) => running.until_ended(Words::of(signals)).await.close().await,
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

/// The console, and behind it the same work as without one.
async fn console(global: &Global, running: Running, signals: Signals, stay: Stay) -> Exit {
    let engine = &running.workplace().engine;
    let (handle, reader) = (engine.handle(), engine.reader());
    let reader = Arc::new(match reader {
        Ok(reader) => reader,
        Err(failure) => return print::failure(&failure),
    });
    let config = running.config();
    let (silver, look) = (Arc::new(Reader::at(&config.silver)), config.console.clone());
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let (stop, left) = (CancellationToken::new(), CancellationToken::new());
    let (reload, wishes) = mpsc::channel(1);
    let options = console::Options {
        title: stay.title.to_owned(),
        color: global.color.wanted(true, no_color),
        palette: look.palette,
        ascii: look.ascii,
        keys: look.keys,
        mouse: look.mouse,
        read_only: false,
        reload: stay.reloads.then_some(reload),
        stop: stop.clone(),
    };
    let words = Words::with_console(signals, wishes, left.clone());
    let work = async {
        let ended = running.until_ended(words).await;
        stop.cancel();
        ended
    };
    let shown = async {
        let shown = console::run(handle, reader, silver, options).await;
        left.cancel();
        shown
    };
    let (ended, shown) = tokio::join!(work, shown);
    let exit = ended.close().await;
    match shown {
        Ok(()) => exit,
        Err(failure) => print::failure(&failure),
    }
}
