//! What the program that stays is told to do, by signals and by its console.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Exit;
use super::signals::{Signals, Word};
use crate::console::Wish;

/// Where it is told what to do.
pub(super) struct Words {
    signals: Signals,
    /// The console, where there is one.
    console: Option<Console>,
}

struct Console {
    wishes: mpsc::Receiver<Wish>,
    /// Cancelled when the operator has left it.
    left: CancellationToken,
}

/// The next thing to do.
pub(super) enum Next {
    /// To end, with this exit code.
    End(Exit),
    /// To read the configuration again; whoever waits for what came of it.
    Reload(Option<Wish>),
}

impl Words {
    /// Signals alone.
    pub(super) fn of(signals: Signals) -> Self {
        Self { signals, console: None }
    }

    /// A console's wishes too, until somebody has `left` it.
    pub(super) fn with_console(
        signals: Signals,
        wishes: mpsc::Receiver<Wish>,
        left: CancellationToken,
    ) -> Self {
        Self { signals, console: Some(Console { wishes, left }) }
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) -> Next {
        let of_console = async {
            let Some(console) = &mut self.console else { return std::future::pending().await };
            tokio::select! {
                () = console.left.cancelled() => Next::End(Exit::Done),
                Some(wish) = console.wishes.recv() => Next::Reload(Some(wish)),
            }
        };
        tokio::select! {
            word = self.signals.next() => match word {
                Word::End(exit) => Next::End(exit),
                Word::Reload => Next::Reload(None),
            },
            next = of_console => next,
        }
    }
}
