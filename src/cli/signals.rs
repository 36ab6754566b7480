//! Signals: those that end the program, and the one that has its configuration read again.

use std::io::IsTerminal as _;

use super::Exit;

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
    source: Source,
    hangup: Hangup,
    /// There was a terminal, which may vanish.
    terminal: bool,
}

impl Signals {
    /// Listens from now on.
    pub(super) fn listen(hangup: Hangup) -> Self {
        Self { source: Source::listen(), hangup, terminal: is_on_terminal() }
    }

    /// The next one. After one that asks to end, a second one ends the process at once.
    pub(super) async fn next(&mut self) -> Word {
        match self.source.next().await {
            None if self.hangup == Hangup::Reloads && !self.vanished() => Word::Reload,
            exit => end(exit.unwrap_or(Exit::Terminated)),
        }
    }

    /// A terminal that hung up is none any more.
    fn vanished(&self) -> bool {
        self.terminal && !is_on_terminal()
    }
}

fn end(exit: Exit) -> Word {
    let mut second = Source::listen();
    tokio::spawn(async move {
        let exit = second.next().await.unwrap_or(Exit::Terminated);
        std::process::exit(i32::from(exit.code()));
    });
    Word::End(exit)
}

fn is_on_terminal() -> bool {
    std::io::stdin().is_terminal()
        || std::io::stdout().is_terminal()
        || std::io::stderr().is_terminal()
}

/// Where the signals come from.
#[cfg(unix)]
struct Source(Option<[tokio::signal::unix::Signal; 3]>);

#[cfg(unix)]
impl Source {
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let open = |kind| signal(kind).ok();
        let all = || {
            Some([
                open(SignalKind::interrupt())?,
                open(SignalKind::terminate())?,
                open(SignalKind::hangup())?,
            ])
        };
        Self(all())
    }

    /// The exit code of the next one; none for SIGHUP.
    async fn next(&mut self) -> Option<Exit> {
        let Some([interrupt, terminate, hangup]) = &mut self.0 else {
            // Without handlers the signals do what they always do.
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => Some(Exit::Interrupted),
            _ = terminate.recv() => Some(Exit::Terminated),
            _ = hangup.recv() => None,
        }
    }
}

/// Windows: Ctrl-C and Ctrl-Break, the console's window closed, a shutdown. A service
/// wrapper sends one of the first two.
#[cfg(windows)]
struct Source(Option<Controls>);

#[cfg(windows)]
struct Controls {
    c: tokio::signal::windows::CtrlC,
    pause: tokio::signal::windows::CtrlBreak,
    close: tokio::signal::windows::CtrlClose,
    shutdown: tokio::signal::windows::CtrlShutdown,
}

#[cfg(windows)]
impl Source {
    fn listen() -> Self {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
        let all = || {
            Some(Controls {
                c: ctrl_c().ok()?,
                pause: ctrl_break().ok()?,
                close: ctrl_close().ok()?,
                shutdown: ctrl_shutdown().ok()?,
            })
        };
        Self(all())
    }

    /// The exit code of the next one. There is no SIGHUP.
    async fn next(&mut self) -> Option<Exit> {
        let Some(Controls { c, pause, close, shutdown }) = &mut self.0 else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = c.recv() => Some(Exit::Interrupted),
            _ = pause.recv() => Some(Exit::Interrupted),
            _ = close.recv() => Some(Exit::Terminated),
            _ = shutdown.recv() => Some(Exit::Terminated),
        }
    }
}
