//! Signals that end the program.

use super::Exit;

/// Waits for SIGINT, SIGTERM or SIGHUP; the exit code that goes with it. Signals count
/// from the call on, not only once the wait has begun. A second one ends the process at
/// once: the next start settles what it left.
pub(super) fn ended() -> impl Future<Output = Exit> {
    let first = one();
    async {
        let exit = first.await;
        let second = one();
        tokio::spawn(async {
            let exit = second.await;
            std::process::exit(i32::from(exit.code()));
        });
        exit
    }
}

#[cfg(unix)]
fn one() -> impl Future<Output = Exit> {
    use tokio::signal::unix::{SignalKind, signal};
    let handlers = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    );
    async {
        let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = handlers else {
            // Without handlers the signals do what they always do.
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => Exit::Interrupted,
            _ = terminate.recv() => Exit::Terminated,
            _ = hangup.recv() => Exit::Terminated,
        }
    }
}

#[cfg(not(unix))]
async fn one() -> Exit {
    let _ = tokio::signal::ctrl_c().await;
    Exit::Interrupted
}
