//! The first half of a file's way: from the source into the archive.
//!
//! ```text
//! recorded → downloading(a) → verified
//! ```

use std::time::Duration;

use super::claims::Claim;
use super::contents;
use super::context::Context;
use super::lane::Lane;
use super::part::{Content, Part};
use super::progress::Progress;
use super::{archive, bronze, retry};
use crate::crash::{self, Point};
use crate::ledger::{self, Export};
use crate::model::{ExportState, Failure, FailureClass, Id, Retry, name};

/// "Not found" this many times in a row, each a while after the last, means that
/// the source has it no longer.
const EXPIRED_AFTER: u32 = 3;

/// The pause after a "not found": a gateway's bad minute must not expire a backlog.
const LOOK_AGAIN: Duration = Duration::from_secs(10 * 60);

/// What became of one pass over an export.
#[derive(Debug)]
pub(super) enum Fetched {
    /// The bytes are safe; with the delivery that was made for them, if any.
    Verified {
        /// The file's size.
        bytes: u64,
        /// Its first delivery.
        delivery: Option<Id>,
    },
    /// Not this time. The books say how it goes on.
    Not(Failure),
    /// The operator, or the end of the program, stopped it, or it may only be seen;
    /// nothing is wrong.
    Stopped,
}

/// Fetches `export`, trying a few times. `Err` only where the books themselves fail.
pub(super) async fn fetch(
    context: &Context,
    lane: &Lane,
    mut export: Export,
    claim: &Claim,
) -> Result<Fetched, Failure> {
    let (id, endpoint) = (export.id, lane.endpoint.name.as_str());
    let progress =
        Progress::start(&context.handle, id, endpoint, export.name(), export.expected_size)
            .at(lane.pace.clone());
    let mut tries = 0;
    loop {
        let last = export.clone();
        export = begin(context, lane, export).await?;
        let (uid, raw) = (export.uid.clone(), export.raw.clone());
        let path = context.parts_folder().join(export.part.as_deref().unwrap_or_default());
        let mut part = Part::new(&context.ledger, &progress, export, path.clone());
        let arrived = match lane.source.fetch(&uid, &raw, &mut part, claim.token()).await {
            Ok(()) => part.finish().await,
            Err(failure) => part.keep().await.and(Err(failure)),
        };
        export = part.into_export();
        let failure = match arrived {
            Ok(content) => {
                progress.step("verifying", content.size, Some(content.size));
                return verify(context, lane, export, path, content).await;
            }
            Err(failure) => failure,
        };
        if claim.token().is_cancelled() {
            return stopped(context, lane, export, claim).await;
        }
        if contents::is_metadata_only(lane, &failure) {
            contents::leave_out(context, lane, export, &failure).await?;
            return Ok(Fetched::Stopped);
        }
        tries += 1;
        export = book_failure(context, lane, export, &last, &failure).await?;
        let pause = retry::pause_in_pass(&failure, tries);
        let Some(pause) = pause.filter(|_| export.state == ExportState::RetryWait) else {
            return Ok(Fetched::Not(failure));
        };
        // With a validator the next try goes on where this one ended.
        let kept = export.durable.filter(|_| export.etag.is_some()).unwrap_or_default();
        progress.pause(&failure, tries, pause, kept);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = claim.token().cancelled() => return stopped(context, lane, export, claim).await,
        }
    }
}

/// Books that a fetch begins. What an earlier one left is continued if it came
/// with a validator, else there is a new attempt with a new part file.
async fn begin(context: &Context, lane: &Lane, before: Export) -> Result<Export, Failure> {
    let resumable = before.etag.is_some() && before.durable.is_some_and(|n| n > 0);
    let mut after = before.clone();
    after.state = ExportState::Downloading;
    after.failure = None;
    after.next_attempt_at = None;
    if !resumable || before.part.is_none() {
        if let Some(old) = &before.part {
            // Ours, and of no use any more. If it stays, it only takes up space.
            let _ = std::fs::remove_file(context.parts_folder().join(old));
        }
        after.attempt += 1;
        after.part = Some(format!("{}-{:08x}.part", before.id, rand::random::<u32>()));
        after.etag = None;
        after.durable = None;
    }
    context.ledger.move_export(&before, &after, None).await?;
    crash::at(Point::Downloading)?;
    context.export_moved(lane, &after);
    Ok(after)
}

/// Gives the file its place in the archive and books it, with its delivery.
async fn verify(
    context: &Context,
    lane: &Lane,
    before: Export,
    part: std::path::PathBuf,
    content: Content,
) -> Result<Fetched, Failure> {
    let mut after = before.clone();
    after.size = Some(content.size);
    after.sha256 = Some(content.sha256.clone());
    after.tries = 0;
    after.part = None;
    after.etag = None;
    after.durable = None;
    // Durable under its name before the books say "verified".
    let data_dir = &context.config.data_dir;
    after.archived = Some(match lane.is_feed() {
        true => bronze::keep(data_dir, &content.sha256, part).await?,
        false => archive::keep(data_dir, &before, part).await?,
    });
    let file_type = name::file_type(after.name());
    let delivers = lane.delivers(&file_type);
    after.state = if delivers { ExportState::Verified } else { ExportState::Skipped };
    if !delivers {
        after.failure = Some(left_out(lane, &after, &file_type));
    }
    let delivery = lane.outlet.as_ref().filter(|_| delivers).map(|outlet| outlet.new_delivery());
    let delivery = context.ledger.move_export(&before, &after, delivery).await?;
    crash::at(Point::Verified)?;
    context.export_moved(lane, &after);
    Ok(Fetched::Verified { bytes: content.size, delivery })
}

/// Why a fetched file is not delivered. Not an error: it is what was asked for.
fn left_out(lane: &Lane, export: &Export, file_type: &str) -> Failure {
    Failure::new(FailureClass::Refused, "not delivering", export.name())
        .said(format!(
            "its type {file_type:?} is not among file_types [{}]",
            lane.endpoint.file_types.join(", ")
        ))
        .advice("it is kept here; `send --again` delivers it all the same")
        .retry(Retry::Never)
}

/// Books a failed fetch: tried again later, or not at all. `last` is how the
/// export stood before this fetch began.
async fn book_failure(
    context: &Context,
    lane: &Lane,
    before: Export,
    last: &Export,
    failure: &Failure,
) -> Result<Export, Failure> {
    let mut after = before.clone();
    after.state = ExportState::RetryWait;
    after.failure = Some(failure.clone());
    if failure.class == FailureClass::NotFound {
        count_missing(&mut after, last);
    } else {
        after.tries += 1;
        after.next_attempt_at = retry::next_attempt_at(failure, after.tries);
    }
    context.ledger.move_export(&before, &after, None).await?;
    context.export_moved(lane, &after);
    Ok(after)
}

/// "Not found" adds up to being gone only if it is said again a while later.
fn count_missing(after: &mut Export, last: &Export) {
    let again = last.failure.as_ref().is_some_and(|f| f.class == FailureClass::NotFound);
    let too_soon = last.next_attempt_at.is_some_and(|at| at > ledger::now());
    (after.tries, after.next_attempt_at) = match (again, too_soon) {
        (true, true) => (last.tries, last.next_attempt_at),
        (true, false) => (last.tries + 1, Some(retry::after(LOOK_AGAIN))),
        (false, _) => (1, Some(retry::after(LOOK_AGAIN))),
    };
    if after.tries >= EXPIRED_AFTER {
        after.state = ExportState::Expired;
        after.next_attempt_at = None;
    }
}

/// The operator's cancel ends in `cancelled`; the program's end leaves
/// everything as it is, for the next start to go on with.
async fn stopped(
    context: &Context,
    lane: &Lane,
    before: Export,
    claim: &Claim,
) -> Result<Fetched, Failure> {
    if claim.cancelled_by_operator() {
        let mut after = before.clone();
        after.state = ExportState::Cancelled;
        after.next_attempt_at = None;
        context.ledger.move_export(&before, &after, None).await?;
        context.export_moved(lane, &after);
    }
    Ok(Fetched::Stopped)
}
