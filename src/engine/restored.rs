//! A ledger that was put back from a backup: it is found out, and nothing is sent
//! by itself. Everything open is held; what the ledger forgot comes back, held as
//! well, with the Delivered list.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::Level;
use super::archive::blocking;
use super::context::Context;
use super::lane::Lane;
use super::tally::Tally;
use crate::ledger::{Ledger, Mark, Recorded, Standing};
use crate::model::Failure;

/// While files move, the mark follows the ledger at this distance: a copy of the
/// ledger that is older than this is known to be older.
const FOLLOWS: Duration = Duration::from_secs(1);

/// The mark's file, in the data folder.
pub(super) struct MarkFile {
    path: PathBuf,
    /// What it says, and since when.
    written: Mutex<(Mark, Instant)>,
}

/// Compares the ledger with the mark that an earlier start left in `data_dir`,
/// and makes a restored one wait for the operator. Returns the words for them.
pub(super) async fn look(
    data_dir: &Path,
    ledger: &Ledger,
) -> Result<(MarkFile, Option<String>), Failure> {
    let path = data_dir.join("ledger.mark");
    let found = Mark::read(&path)?;
    let standing = ledger.mark().await?.standing(found.as_ref());
    let told = match standing {
        Standing::Trusted => None,
        Standing::Restored(why) => {
            let held = ledger.distrust(why.clone()).await?;
            Some(format!(
                "the ledger was put back from a backup: {why}; nothing is sent by itself: {held} \
                 files are held, and so will be what the source calls delivered and this ledger \
                 does not know; `transship exports --pending` shows them, then release or cancel them"
            ))
        }
    };
    let mark = ledger.mark().await?;
    // Last: if this fails, the next start finds and holds the same again.
    if found.as_ref() != Some(&mark) {
        write(&path, mark.clone()).await?;
    }
    Ok((MarkFile { path, written: Mutex::new((mark, Instant::now())) }, told))
}

async fn write(path: &Path, mark: Mark) -> Result<(), Failure> {
    let path = path.to_owned();
    blocking(move || mark.write(&path)).await
}

impl MarkFile {
    /// Makes the mark say where the ledger stands now. One that cannot be written
    /// only lags behind.
    pub(super) async fn catch_up(&self, ledger: &Ledger) {
        let mut written = self.written.lock().await;
        let caught_up = async {
            let mark = ledger.mark().await?;
            if mark != written.0 {
                write(&self.path, mark.clone()).await?;
            }
            Ok::<_, Failure>(mark)
        };
        match caught_up.await {
            Ok(mark) => *written = (mark, Instant::now()),
            Err(failure) => tracing::warn!("{failure}"),
        }
    }

    /// The same, unless it was done a moment ago.
    pub(super) async fn catch_up_now_and_then(&self, ledger: &Ledger) {
        let due = self.written.try_lock().is_ok_and(|written| written.1.elapsed() >= FOLLOWS);
        if due {
            self.catch_up(ledger).await;
        }
    }
}

/// Says what the comparison after a restore found.
pub(super) fn told(context: &Context, lane: &Lane, recorded: Recorded, tally: &Tally) {
    let why = format!(
        "the ledger was put back from a backup; {} exports that it had forgotten are held \
         (release or cancel them)",
        recorded.new
    );
    tally.needs_operator(&why);
    context.notice(Level::Warning, format!("{}: {why}", lane.endpoint.name));
}
