//! Signals that end the program.

use super::Exit;

/// Waits for SIGINT, SIGTERM or SIGHUP; the exit code that goes with it. A
/// second one ends the process at once: the next start settles what it left.
pub(super) async fn ended() -> Exit {
    let exit = one().await;
    tokio::spawn(async {
        let exit = one().await;
        std::process::exit(i32::from(exit.code()));
    });
    exit
}

#[cfg(unix)]
async fn one() -> Exit {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut hangup) =
        match (signal(SignalKind::terminate()), signal(SignalKind::hangup())) {
            (Ok(terminate), Ok(hangup)) => (terminate, hangup),
            // Without handlers the signals do what they always do.
            _ => return std::future::pending().await,
        };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => Exit::Interrupted,
        _ = terminate.recv() => Exit::Terminated,
        _ = hangup.recv() => Exit::Terminated,
    }
}

#[cfg(not(unix))]
async fn one() -> Exit {
    let _ = tokio::signal::ctrl_c().await;
    Exit::Interrupted
}
