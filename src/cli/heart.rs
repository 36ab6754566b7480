//! The heartbeat around what the program does: it begins, and it ended with this exit code.

use std::sync::Arc;

use super::{Exit, print};
use crate::engine::Heartbeat;

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
    ended(&heart, exit).await
}

/// The same for the program that stays, which tells by itself that it begins.
pub(super) async fn around_stay(
    heartbeat: Option<Arc<Heartbeat>>,
    work: impl Future<Output = Exit>,
) -> Exit {
    let exit = work.await;
    match heartbeat {
        Some(heart) => ended(&heart, exit).await,
        None => exit,
    }
}

async fn ended(heart: &Heartbeat, exit: Exit) -> Exit {
    if let Some(failure) = heart.ended(exit.code()).await {
        print::note(&failure.to_string());
    }
    exit
}
