//! The contents of a register's files: whether they are fetched now, and which of
//! them nobody wants any more.
//!
//! The brakes apply to contents and not to the register: what cannot be fetched now is
//! registered all the same, and waits.

use std::sync::Arc;

use super::brakes::{self, Brake};
use super::context::Context;
use super::lane::Lane;
use super::tally::{Side, Tally};
use super::walk::Pick;
use super::{Level, pass};
use crate::ledger::{Contents, Export, out_of_date};
use crate::model::{ExportState, Failure, FailureClass, Id, Retry, Shown};
use crate::sources::Source;

/// What becomes of the files' bytes in this pass.
pub(super) struct Plan {
    /// None: the endpoint's files are only registered.
    pub(super) contents: Option<Contents>,
    /// Why none are fetched now, though they are wanted.
    pub(super) waits: Option<String>,
}

/// Looks at everything that speaks against fetching.
pub(super) async fn plan(context: &Context, lane: &Lane, tally: &Tally) -> Result<Plan, Failure> {
    if !lane.fetches_contents() {
        return Ok(Plan { contents: None, waits: None });
    }
    let name = &lane.endpoint.name;
    let waits = match brakes::check(context, lane).await {
        Ok(None) => None,
        Ok(Some(Brake::Wait(why))) => {
            tally.needs_operator(&format!("not fetching: {why}"));
            context.notice(Level::Warning, format!("{name}: not fetching: {why}"));
            Some(why)
        }
        Ok(Some(Brake::Refused(failure))) => {
            tally.failed_at(Side::Destination, &failure);
            context.notice(Level::Error, format!("{name}: not fetching: {failure}"));
            Some(failure.to_string())
        }
        Err(failure) => {
            tally.failed(&failure);
            context.notice(Level::Error, format!("{name}: not fetching: {failure}"));
            Some(failure.to_string())
        }
    };
    let room = if waits.is_some() { 0 } else { room(context, lane).await? };
    Ok(Plan { contents: Some(contents(context, lane, room).await?), waits })
}

/// Makes exports of what waits, as room becomes free, and transfers them.
pub(super) async fn go_on(context: &Arc<Context>, lane: &Arc<Lane>, run: Id, tally: &Arc<Tally>) {
    loop {
        // What failed is tried again in the next pass, and so is what is behind it.
        if !lane.fetches_contents() || context.claims.stopping() || !tally.all_is_well() {
            return;
        }
        match queue(context, lane, run).await {
            Ok(0) => return,
            Ok(_) => pass::transfer(context, lane, Pick::All, tally).await,
            Err(failure) => return tally.failed(&failure),
        }
    }
}

/// Returns how many files wait no longer.
async fn queue(context: &Context, lane: &Lane, run: Id) -> Result<u64, Failure> {
    if context.ledger.waiting_contents(lane.number).await? == 0 {
        return Ok(0);
    }
    let room = room(context, lane).await?;
    let contents = contents(context, lane, room).await?;
    Ok(context.ledger.queue_contents(lane.number, Some(run), contents).await?.looked_at)
}

async fn contents(context: &Context, lane: &Lane, room: u64) -> Result<Contents, Failure> {
    let distrusted = context.ledger.is_distrusted(lane.number).await?;
    Ok(Contents {
        source: lane.endpoint.endpoint_type.as_str(),
        account: lane.account(),
        room,
        held: distrusted.then(|| {
            "the ledger was put back from a backup and does not know this version: it may have \
             been sent already"
                .to_owned()
        }),
    })
}

/// Exports that may be made before the backlog is full.
async fn room(context: &Context, lane: &Lane) -> Result<u64, Failure> {
    let waiting = context.ledger.backlog(lane.number).await?;
    Ok(context.config.brakes.max_backlog.saturating_sub(waiting))
}

/// Cancels what is not fetched yet and superseded by now. What is being fetched is
/// brought to its end.
pub(super) async fn cancel_outdated(context: &Context, lane: &Lane) -> Result<(), Failure> {
    for (export, why) in context.ledger.outdated_exports(lane.number).await? {
        let Some(_claim) = context.claims.claim(export.id) else { continue };
        // Read again: before the claim it may have moved.
        let export = context.ledger.export(export.id).await?.filter(|x| x.state.is_open());
        if let Some(export) = export {
            cancel(context, lane, export, why).await?;
        }
    }
    Ok(())
}

/// Why an export is not fetched although it is open: it was made for another place
/// than its endpoint delivers to now.
pub(super) fn unwanted(lane: &Lane, export: &Export) -> Option<Failure> {
    if !matches!(lane.source, Source::Register(_)) || export.account == lane.account() {
        return None;
    }
    let words = format!("it was meant for {}, and its endpoint delivers elsewhere", export.account);
    Some(out_of_date(export.name(), &words))
}

/// Gives up an export that the caller has claimed.
pub(super) async fn cancel(
    context: &Context,
    lane: &Lane,
    before: Export,
    why: Failure,
) -> Result<(), Failure> {
    let mut after = before.clone();
    after.state = ExportState::Cancelled;
    after.failure = Some(why);
    after.next_attempt_at = None;
    (after.part, after.etag, after.durable) = (None, None, None);
    context.ledger.move_export(&before, &after, None).await?;
    if let Some(part) = &before.part {
        // Ours, and of no use any more. If it stays, it only takes up space.
        let _ = std::fs::remove_file(context.parts_folder().join(part));
    }
    context.export_moved(lane, &after);
    Ok(())
}

/// Whether a file may be seen and not be fetched: its source refuses it, and a next try
/// would be refused as well.
pub(super) fn is_metadata_only(lane: &Lane, failure: &Failure) -> bool {
    matches!(lane.source, Source::Register(_))
        && failure.class == FailureClass::Refused
        && failure.retry == Retry::Never
}

/// Leaves a file's bytes out, for an export that the caller has claimed. The next full
/// walk tries them again: a right that is given leaves no trace in the register.
pub(super) async fn leave_out(
    context: &Context,
    lane: &Lane,
    export: Export,
    failure: &Failure,
) -> Result<(), Failure> {
    let (name, said) = (Shown::new(export.name()), failure.to_string());
    let why = out_of_date(export.name(), &said);
    context.ledger.leave_out(lane.number, export.uid.clone(), said).await?;
    let words = format!("{}: {name} is registered and not fetched: {failure}", lane.endpoint.name);
    context.notice(Level::Warning, words);
    cancel(context, lane, export, why).await
}
