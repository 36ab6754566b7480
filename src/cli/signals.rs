//! Signals: those that end the program, and the one that has its configuration read again.

use std::io::IsTerminal as _;

use super::Exit;
use crate::platform::{self, Signal};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// To end, with this exit code.
    End(Exit),
    /// To read the configuration again.
    Reload,
}

/// Waits for a signal that ends the program; the exit code that goes with it. Signals
/// count from the call on, not only once the wait has begun. A second one ends the process
/// at once: the next start settles what it left.
pub(super) fn ended() -> impl Future<Output = Exit> {
    let mut signals = Signals::listen(Hangup::Ends);
    async move {
        loop {
            if let Word::End(exit) = signals.next().await {
                return exit;
            }
        }
    }
}

/// What SIGHUP means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hangup {
    /// The terminal vanished.
    Ends,
    /// The configuration is to be read again, unless the terminal vanished.
    Reloads,
}

/// The signals from its making on.
pub(super) struct Signals {
    source: platform::Signals,
    hangup: Hangup,
    /// There was a terminal, which may vanish.
    terminal: bool,
}

impl Signals {
    /// Listens from now on.
    pub(super) fn listen(hangup: Hangup) -> Self {
        Self { source: platform::Signals::listen(), hangup, terminal: is_on_terminal() }
    }

    /// The next one. After one that asks to end, a second one ends the process at once.
    pub(super) async fn next(&mut self) -> Word {
        match self.source.next().await {
            Signal::Hangup if self.hangup == Hangup::Reloads && !self.vanished() => Word::Reload,
            signal => end(exit_of(signal)),
        }
    }

    /// A terminal that hung up is none any more.
    fn vanished(&self) -> bool {
        self.terminal && !is_on_terminal()
    }
}

fn end(exit: Exit) -> Word {
    let mut second = platform::Signals::listen();
    tokio::spawn(async move {
        let exit = exit_of(second.next().await);
        std::process::exit(i32::from(exit.code()));
    });
    Word::End(exit)
}

fn exit_of(signal: Signal) -> Exit {
    match signal {
        Signal::Interrupt => Exit::Interrupted,
        Signal::Terminate | Signal::Hangup => Exit::Terminated,
    }
}

fn is_on_terminal() -> bool {
    std::io::stdin().is_terminal()
        || std::io::stdout().is_terminal()
        || std::io::stderr().is_terminal()
}
