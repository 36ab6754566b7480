//! The heartbeat around what the program does: it begins, it is well, and it ended with this
//! exit code.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Exit, print};
use crate::config::Config;
use crate::engine::{Handle, Heartbeat};

/// One pass with its heartbeat, if there is one. Telling that it begins keeps nothing
/// waiting; telling how it ended takes a few seconds at the most.
pub(super) async fn around(
    heartbeat: Option<Arc<Heartbeat>>,
    work: impl Future<Output = Exit>,
) -> Exit {
    let Some(heart) = heartbeat else { return work.await };
    let started = tokio::spawn({
        let heart = heart.clone();
        async move { heart.started().await }
    });
    let exit = work.await;
    // In this order, or the other side believes that it begins again.
    let _ = started.await;
    ended(&heart, exit.code()).await;
    exit
}

/// The heartbeat of the program that stays. The configuration may give it another one.
#[derive(Clone, Default)]
pub(super) struct Heart(Arc<Mutex<Beating>>);

#[derive(Default)]
struct Beating {
    heartbeat: Option<Arc<Heartbeat>>,
    /// Ends its beating when it is dropped.
    beats: Option<DropGuard>,
}

impl Heart {
    /// The one of `config`; it does not beat yet.
    pub(super) fn of(config: &Config) -> Self {
        let heart = Self::default();
        heart.change(|beating| beating.heartbeat = Heartbeat::of(config));
        heart
    }

    /// Tells from now on that the program is well as long as it is.
    pub(super) fn beat(&self, handle: Handle) {
        self.change(|beating| {
            let Some(heartbeat) = beating.heartbeat.clone() else { return };
            let stop = CancellationToken::new();
            tokio::spawn(heartbeat.keep(handle, stop.clone()));
            beating.beats = Some(stop.drop_guard());
        });
    }

    /// Goes on with the one of `config`. The address before it hears no more: that is what
    /// whoever took it out of the configuration wants.
    pub(super) fn replace(&self, config: &Config, handle: Handle) {
        self.change(|beating| {
            *beating = Beating { heartbeat: Heartbeat::of(config), beats: None };
        });
        self.beat(handle);
    }

    /// Tells how the program ended. One that was told to end did what it was to do: for whoever
    /// watches that is a success, and an alarm only if it does not come back in time. Where it
    /// was not well, no word makes up for that.
    pub(super) async fn ended(&self, exit: Exit) {
        let heartbeat = self.change(|beating| {
            beating.beats = None;
            beating.heartbeat.take()
        });
        let Some(heart) = heartbeat else { return };
        match exit {
            Exit::Done | Exit::Interrupted | Exit::Terminated if !heart.is_well() => {}
            Exit::Interrupted | Exit::Terminated => ended(&heart, Exit::Done.code()).await,
            exit => ended(&heart, exit.code()).await,
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Beating) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn ended(heart: &Heartbeat, code: u8) {
    if let Some(failure) = heart.ended(code).await {
        print::note(&failure.to_string());
    }
}
