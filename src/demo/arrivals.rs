//! Exports that arrive while somebody watches.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::samples::Samples;
use super::world::World;

/// Seconds between two arrivals, one after the other: now a burst, now a pause.
const PAUSES: &[u64] = &[1, 2, 1, 6, 4, 1, 9];

/// Adds exports over time until `cancel`.
pub async fn arrivals(world: Arc<World>, cancel: CancellationToken) {
    let pauses = PAUSES.iter().cycle().map(|seconds| Duration::from_secs(*seconds));
    for (export, pause) in Samples::new(rand::random()).zip(pauses) {
        if cancel.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
        world.add(export);
    }
}
