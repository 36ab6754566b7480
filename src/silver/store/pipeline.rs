//! Two threads with chunks of rows between them: one fills, one writes.

use std::sync::mpsc::{self, Receiver, SyncSender};

use super::trouble::{Trouble, unexpected};
use crate::model::Failure;
use crate::silver::rows::Chunk;

/// Chunks between the two threads: one is filled, one is written, two lie between.
const CHUNKS: usize = 4;

/// The filling thread's end.
pub(super) struct Filling {
    empty: Receiver<Chunk>,
    full: SyncSender<Chunk>,
}

impl Filling {
    /// An empty chunk; none once nobody takes chunks any more.
    pub(super) fn empty(&self) -> Option<Chunk> {
        self.empty.recv().ok()
    }

    /// Hands a chunk over; `false` once nobody takes chunks any more.
    pub(super) fn full(&self, chunk: Chunk) -> bool {
        self.full.send(chunk).is_ok()
    }
}

/// Runs `fill` on a thread of its own, called `name`, and `take` on this one for each
/// chunk of rows of this width, in their order. Gives what `fill` gave.
pub(super) fn run<T: Send>(
    name: &str,
    width: usize,
    fill: impl FnOnce(&Filling) -> Result<T, Trouble> + Send,
    mut take: impl FnMut(&mut Chunk) -> Result<(), Trouble>,
) -> Result<T, Trouble> {
    std::thread::scope(|scope| {
        let (full, to_write) = mpsc::sync_channel(CHUNKS);
        let (to_fill, empty) = mpsc::channel();
        for _ in 0..CHUNKS {
            // The other end is still here.
            let _ = to_fill.send(Chunk::new(width));
        }
        let filling = Filling { empty, full };
        let filler = std::thread::Builder::new()
            .name(name.into())
            .spawn_scoped(scope, move || fill(&filling))
            .map_err(|e| Failure::io("starting a thread", "", &e))?;
        while let Ok(mut chunk) = to_write.recv() {
            take(&mut chunk)?;
            chunk.clear();
            // The other thread may be at its end.
            let _ = to_fill.send(chunk);
        }
        filler.join().map_err(|_| Trouble::Pass(unexpected("the thread that reads stopped")))?
    })
}
