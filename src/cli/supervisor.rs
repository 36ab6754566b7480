//! What a service manager is told: systemd with `Type=notify` and a watchdog. Without one,
//! and on other systems, nothing.
//!
//! The watchdog is fed only by what must be alive: the schedulers, and the ledger's writer,
//! which answers for it. See sd_notify(3).

use tokio_util::sync::CancellationToken;

use crate::engine::Handle;

/// Tells that everything works, and goes on telling until `stop`.
#[cfg(target_os = "linux")]
pub(super) async fn report(handle: Handle, stop: CancellationToken) {
    use sd_notify::NotifyState as Say;

    say(&[Say::Ready, Say::Status("working")]);
    let Some(allowed) = sd_notify::watchdog_enabled() else { return };
    let mut well = true;
    loop {
        // Half of what is allowed, as sd_watchdog_enabled(3) advises.
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(allowed / 2) => {}
        }
        match trouble(&handle).await {
            None => {
                say(&[Say::Watchdog]);
                if !well {
                    say(&[Say::Status("working")]);
                }
                well = true;
            }
            Some(words) => {
                tracing::error!("the watchdog is not fed: {words}");
                say(&[Say::Status(&words)]);
                well = false;
            }
        }
    }
}

/// Tells that it reads its configuration again, as systemd's `notify-reload` wants it.
#[cfg(target_os = "linux")]
pub(super) fn reloading() {
    use sd_notify::NotifyState as Say;

    let now = Say::monotonic_usec_now().ok();
    let states: Vec<Say<'_>> = [Say::Reloading].into_iter().chain(now).collect();
    say(&states);
}

/// Tells that it goes on, and with what.
#[cfg(target_os = "linux")]
pub(super) fn reloaded(words: &str) {
    use sd_notify::NotifyState as Say;

    // One line: a second one would be a message of its own.
    let words = words.lines().next().unwrap_or_default();
    say(&[Say::Ready, Say::Status(words)]);
}

/// Tells that it comes to its end on purpose.
#[cfg(target_os = "linux")]
pub(super) fn stopping() {
    say(&[sd_notify::NotifyState::Stopping]);
}

#[cfg(target_os = "linux")]
fn say(states: &[sd_notify::NotifyState<'_>]) {
    // Where there is no service manager nothing is sent.
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!("the service manager cannot be told: {error}");
    }
}

/// Why a restart would help; none where all is well, or where it would not.
#[cfg(target_os = "linux")]
async fn trouble(handle: &Handle) -> Option<String> {
    use crate::engine::{Command, Reply};
    use crate::model::FailureClass;

    let Reply::Vitals(vitals) = handle.request(Command::Vitals).await else {
        return Some("the engine does not answer".into());
    };
    if !vitals.stopped.is_empty() {
        return Some(format!("no schedule any more for {}", vitals.stopped.join(", ")));
    }
    // A full disk is as full after a restart.
    let failure = vitals.ledger.err().filter(|failure| failure.class != FailureClass::Full)?;
    Some(failure.to_string())
}

#[cfg(not(target_os = "linux"))]
pub(super) async fn report(_: Handle, _: CancellationToken) {}

#[cfg(not(target_os = "linux"))]
pub(super) fn reloading() {}

#[cfg(not(target_os = "linux"))]
pub(super) fn reloaded(_: &str) {}

#[cfg(not(target_os = "linux"))]
pub(super) fn stopping() {}
