//! SIGHUP: the configuration is read again while the program runs headless.
//!
//! An invalid one is refused, with its mistakes in the log, and the old one stays. For a
//! valid one, what runs comes to an end or to a safe point under the old one, and the
//! engine begins anew with it, in the same process and on the same ledger. The HTTP server
//! and everybody who listens stay where they are.

use std::time::Duration;

use super::serve::{close, datasets, serve_http};
use super::signals::{Signals, Word};
use super::workplace::Workplace;
use super::{Exit, print, supervisor};
use crate::config::{Change, Config, ConfigErrors, Origin, changes};
use crate::engine::{Event, Level};
use crate::http::Server;
use crate::model::{Failure, Shown};

/// How long what runs may take to come to its end by itself. What takes longer is broken
/// off where it can be gone on with.
const GRACE: Duration = Duration::from_secs(10);

/// How long the HTTP server may take over what was asked already before another one takes
/// its place.
const ANSWERS: Duration = Duration::from_secs(2);

/// The program at work, headless, with the configuration that it works by.
pub(super) struct Running {
    config: Config,
    workplace: Workplace,
    server: Server,
}

/// How a reload ended.
enum Reloaded {
    /// It goes on; also where the new configuration was refused.
    GoesOn(Running),
    /// A signal came meanwhile.
    Ended(Running, Exit),
    /// It cannot go on.
    Failed(Exit),
}

impl Running {
    /// It works by `config`.
    pub(super) fn new(config: Config, workplace: Workplace, server: Server) -> Self {
        Self { config, workplace, server }
    }

    /// Works until a signal says otherwise.
    pub(super) async fn until_ended(mut self, mut signals: Signals) -> Exit {
        loop {
            let exit = match signals.next().await {
                Word::End(exit) => exit,
                Word::Reload => match self.reload(&mut signals).await {
                    Reloaded::GoesOn(running) => {
                        self = running;
                        continue;
                    }
                    Reloaded::Ended(running, exit) => {
                        self = running;
                        exit
                    }
                    Reloaded::Failed(exit) => return exit,
                },
            };
            close(self.workplace, self.server).await;
            return exit;
        }
    }

    /// Reads the configuration, and goes on with it if it is valid and another one.
    async fn reload(self, signals: &mut Signals) -> Reloaded {
        supervisor::reloading();
        let read = match &self.config.origin {
            Origin::File(path) => Config::load(Some(path)),
            Origin::Environment | Origin::Demo => Config::load(None),
        };
        let mut config = match read {
            Ok(config) => config,
            Err(errors) => {
                self.refuse(&errors);
                return Reloaded::GoesOn(self);
            }
        };
        for warning in &config.warnings {
            self.notice(Level::Warning, warning.clone());
        }
        let changes = changes(&self.config, &config);
        config.keep_what_takes_a_start(&self.config);
        if changes.iter().all(|change| change.at_start) {
            self.tell(&changes);
            let words = match changes.as_slice() {
                [] => "configuration read again: nothing has changed",
                _ => "configuration read again: it goes on as before until it is started anew",
            };
            self.went_on(Level::Info, words);
            return Reloaded::GoesOn(self);
        }
        match self.come_to_rest(signals).await {
            Some(exit) => Reloaded::Ended(self, exit),
            None => self.take_over(config, &changes).await,
        }
    }

    /// Waits until nothing runs; an exit code if a signal asked to end meanwhile.
    async fn come_to_rest(&self, signals: &mut Signals) -> Option<Exit> {
        let mut rest = std::pin::pin!(self.workplace.engine.rest(GRACE));
        loop {
            tokio::select! {
                () = &mut rest => return None,
                word = signals.next() => match word {
                    Word::End(exit) => return Some(exit),
                    // It is being done.
                    Word::Reload => {}
                },
            }
        }
    }

    async fn take_over(self, config: Config, changes: &[Change]) -> Reloaded {
        let Self { config: before, workplace, server } = self;
        let (workplace, taken) = match workplace.restart(config.clone()).await {
            Ok(restarted) => restarted,
            Err(failure) => {
                tracing::error!("{failure}");
                return Reloaded::Failed(print::failure(&failure));
            }
        };
        if let Err(failure) = taken {
            let running = Self { config: before, workplace, server };
            running.notice(Level::Error, failure.to_string());
            let words = "the new configuration could not be begun with: the old one stays";
            running.went_on(Level::Error, words);
            return Reloaded::GoesOn(running);
        }
        let served_anew = before.http != config.http || datasets(&before) != datasets(&config);
        let server = if served_anew {
            match replaced(server, &config, &workplace).await {
                Ok(server) => server,
                Err(failure) => return Reloaded::Failed(print::failure(&failure)),
            }
        } else {
            server
        };
        let running = Self { config, workplace, server };
        running.tell(changes);
        running.went_on(Level::Info, "configuration read again: it works by the new one");
        Reloaded::GoesOn(running)
    }

    /// Says what is wrong with the new configuration.
    fn refuse(&self, errors: &ConfigErrors) {
        let file = Shown::new(&errors.file).to_string();
        for problem in &errors.problems {
            let place = match problem.position {
                Some((line, column)) => format!("{file}:{line}:{column}: "),
                None if file.is_empty() => String::new(),
                None => format!("{file}: "),
            };
            self.notice(Level::Error, format!("{place}{}", problem.line()));
        }
        let words = match errors.problems.len() {
            1 => "the new configuration has a mistake and is refused: the old one stays".into(),
            count => {
                format!(
                    "the new configuration has {count} mistakes and is refused: the old one stays"
                )
            }
        };
        self.went_on(Level::Error, &words);
    }

    fn tell(&self, changes: &[Change]) {
        for change in changes {
            let level = if change.at_start { Level::Warning } else { Level::Info };
            self.notice(level, format!("configuration: {change}"));
        }
    }

    /// The last word of a reload, also for a service manager.
    fn went_on(&self, level: Level, words: &str) {
        self.notice(level, words.to_owned());
        supervisor::reloaded(words);
    }

    /// Says something in the log of record and to everybody who listens.
    fn notice(&self, level: Level, text: String) {
        match level {
            Level::Info => tracing::info!("{text}"),
            Level::Warning => tracing::warn!("{text}"),
            Level::Error => tracing::error!("{text}"),
        }
        self.workplace.engine.handle().publish(Event::Notice { level, text });
    }
}

/// Another HTTP server in the place of `server`. Who still reads from that one is not
/// waited for any longer than a moment.
async fn replaced(
    server: Server,
    config: &Config,
    workplace: &Workplace,
) -> Result<Server, Failure> {
    let stopped = tokio::spawn(server.stop());
    let _ = tokio::time::timeout(ANSWERS, stopped).await;
    serve_http(config, workplace)
}
