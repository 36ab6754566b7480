//! What a command needs to work: configuration, log, ledger, engine.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;

use super::{Exit, Global, print};
use crate::config::{Config, ConfigErrors};
use crate::console;
use crate::engine::{Command, Engine, Reply, Schedules};
use crate::headless::{self, Verbosity, log};
use crate::ledger::{self, Ledger, Reader};
use crate::model::Failure;
use tracing_subscriber::Layer as _;

/// How long a publication under way may take to come to its end when the program
/// stops: less than service managers wait before they kill. What is cut off after
/// that is settled by the next start.
const PATIENCE: Duration = Duration::from_secs(7);

/// How long closing may take after a signal has used up the patience.
const HASTE: Duration = Duration::from_secs(1);

/// How long the last lines may take to be printed.
const LAST_LINES: Duration = Duration::from_secs(1);

/// An engine at work, with its log open.
pub(super) struct Workplace {
    pub(super) engine: Engine,
    pub(super) reader: Reader,
    lines: Option<JoinHandle<()>>,
    /// Tells where the log cannot be written.
    watch: AbortOnDropHandle<()>,
    /// A signal came: there was time to come to an end already.
    hurried: AtomicBool,
    // Dropped last: what the others say on their way out is still written.
    log: log::Guard,
}

/// Tells what is wrong with a configuration.
pub(super) fn misconfigured(errors: &ConfigErrors) -> Exit {
    print::note(&errors.to_string());
    Exit::Misconfigured
}

/// How much a command tells on stderr.
pub(super) fn verbosity(global: &Global) -> Verbosity {
    match (global.quiet, global.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    }
}

/// Whom the engine's events are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// The console.
    Console,
    /// Lines on stderr.
    Lines(Verbosity),
}

impl Workplace {
    /// Opens the log and the ledger of `config` and starts the engine.
    pub(super) async fn open(
        config: Config,
        command: &str,
        schedules: Schedules,
        face: Face,
    ) -> Result<Self, Exit> {
        let opened = Self::try_open(config, command, schedules, face).await;
        opened.map_err(|failure| {
            let exit = print::failure(&failure);
            if ledger::is_held(&failure) { Exit::Locked } else { exit }
        })
    }

    async fn try_open(
        config: Config,
        command: &str,
        schedules: Schedules,
        face: Face,
    ) -> Result<Self, Failure> {
        // The ledger first: a second instance must not touch the first one's log.
        let ledger = Ledger::open(&config.database, command)?;
        let pane = (face == Face::Console).then(|| console::log_layer().boxed());
        let log = log::init(&config.log, pane)?;
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        let reader = ledger.reader()?;
        let mut engine = Engine::start(config, ledger, schedules).await?;
        let lines = match face {
            Face::Console => None,
            Face::Lines(verbosity) => {
                Some(tokio::spawn(headless::follow(engine.events(), verbosity)))
            }
        };
        let (trouble, handle) = (log.trouble.clone(), engine.handle());
        let watch = tokio::spawn(async move { log::tell(&trouble, handle).await });
        let (watch, hurried) = (AbortOnDropHandle::new(watch), AtomicBool::new(false));
        Ok(Self { engine, reader, lines, watch, hurried, log })
    }

    /// Asks the engine; a signal meanwhile brings it to a safe point first.
    pub(super) async fn ask(&self, command: Command) -> Answer {
        let handle = self.engine.handle();
        let mut reply = std::pin::pin!(handle.request(command));
        tokio::select! {
            reply = &mut reply => Answer { reply, signal: None },
            signal = super::signals::ended() => {
                self.engine.begin_to_stop();
                self.hurried.store(true, Ordering::Relaxed);
                // What was done up to there is still reported.
                let reply = tokio::time::timeout(PATIENCE, reply).await.unwrap_or_else(|_| {
                    Reply::Failed(Failure::cancelled("waiting for", "the engine to stop"))
                });
                Answer { reply, signal: Some(signal) }
            }
        }
    }

    /// Goes on with another configuration once the engine has come to
    /// [rest](Engine::rest); where that cannot begin, as before.
    ///
    /// # Errors
    /// If it cannot go on at all.
    pub(super) async fn restart(
        self,
        config: Config,
    ) -> Result<(Self, Result<(), Failure>), Failure> {
        let Self { engine, reader, lines, watch, hurried, log } = self;
        let level = config.log.level.clone();
        let (engine, taken) = engine.restart(config).await?;
        if taken.is_ok() {
            log.set_level(&level);
        }
        Ok((Self { engine, reader, lines, watch, hurried, log }, taken))
    }

    /// Stops everything and waits for it.
    pub(super) async fn close(self) {
        let Self { engine, lines, watch, hurried, log, .. } = self;
        // It holds on to the engine.
        watch.abort();
        let _ = watch.await;
        engine.stop(if hurried.into_inner() { HASTE } else { PATIENCE }).await;
        // The events' sender is gone with the engine: the last line is printed.
        if let Some(lines) = lines {
            let _ = tokio::time::timeout(LAST_LINES, lines).await;
        }
        // What is still waiting to be written is, with this.
        let trouble = log.trouble.clone();
        drop(log);
        if let Some((_, words)) = trouble.news() {
            print::note(&format!("warning: {words}"));
        }
    }
}

/// The engine's answer, and the signal that cut it short, if one did.
pub(super) struct Answer {
    pub(super) reply: Reply,
    pub(super) signal: Option<Exit>,
}
