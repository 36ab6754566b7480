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
    /// What this process has last written there, and when.
    written: Mutex<Option<(Mark, Instant)>>,
}

/// Compares the ledger with the mark that an earlier start left in `data_dir`,
/// and makes a restored one wait for the operator. Returns the words for them.
pub(super) async fn look(
    data_dir: &Path,
    ledger: &Ledger,
) -> Result<(MarkFile, Option<String>), Failure> {
    let path = data_dir.join("ledger.mark");
    let found = Mark::read(&path)?;
    let untouched = ledger.is_untouched().await?;
    let standing = ledger.mark().await?.standing(found.as_ref(), untouched);
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
    let mark = MarkFile { path, written: Mutex::default() };
    match (mark.renew(ledger).await, &told) {
        // A full disk, say: what is in the books can be brought to its end all the same.
        (Err(failure), None) => tracing::warn!("{failure}"),
        // The next start finds the same, and would hold again what was released.
        (renewed, _) => renewed?,
    }
    Ok((mark, told))
}

async fn write(path: &Path, mark: Mark) -> Result<(), Failure> {
    let path = path.to_owned();
    blocking(move || mark.write(&path)).await
}

impl MarkFile {
    /// Makes the mark say where the ledger stands now, which also proves that the
    /// data folder can be written.
    pub(super) async fn renew(&self, ledger: &Ledger) -> Result<(), Failure> {
        let mut written = self.written.lock().await;
        let mark = ledger.mark().await?;
        write(&self.path, mark.clone()).await?;
        *written = Some((mark, Instant::now()));
        Ok(())
    }

    /// The same, if it says something else. One that cannot be written only lags
    /// behind.
    pub(super) async fn catch_up(&self, ledger: &Ledger) {
        let said = self.written.lock().await.as_ref().map(|(mark, _)| mark.clone());
        let caught_up = async {
            match ledger.mark().await? {
                mark if Some(&mark) == said.as_ref() => Ok(()),
                _ => self.renew(ledger).await,
            }
        };
        if let Err(failure) = caught_up.await {
            tracing::warn!("{failure}");
        }
    }

    /// The same, unless it was done a moment ago.
    pub(super) async fn catch_up_now_and_then(&self, ledger: &Ledger) {
        let due = self.written.try_lock().is_ok_and(|written| {
            written.as_ref().is_none_or(|(_, when)| when.elapsed() >= FOLLOWS)
        });
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
