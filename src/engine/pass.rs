//! One pass of one endpoint: the only place from which lists are asked for.

use std::sync::Arc;

use jiff::SignedDuration;

use super::brakes::{self, Brake};
use super::context::Context;
use super::lane::Lane;
use super::tally::{Side, Tally};
use super::walk::{self, Pick};
use super::{Level, Phase, listing};
use crate::ledger::{self, Adopt};
use crate::model::{EndpointResult, Failure, Id, ReconcileMode};

/// The Delivered list is compared with the ledger this often.
const RECONCILE_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Syncs one endpoint: settles what is open, lists what is new, and brings every
/// file as far as it gets.
pub(super) async fn sync(context: &Arc<Context>, lane: &Arc<Lane>, run: Id) -> EndpointResult {
    context.phase(lane, Phase::Queued);
    let _turn = lane.turn.lock().await;
    let tally =
        Arc::new(Tally::new(EndpointResult::new(&lane.endpoint.name, lane.endpoint.endpoint_type)));
    let calls_before = lane.source.api_calls();
    if let Err(failure) = look_for_new(context, lane, run, &tally).await {
        context.notice(Level::Error, format!("{}: {failure}", lane.endpoint.name));
        tally.failed_at(Side::Source, &failure);
    }
    transfer(context, lane, Pick::All, &tally).await;
    context.phase(lane, Phase::Idle);
    lane.changed.notify_one();
    tally.finish(lane.source.api_calls() - calls_before)
}

/// Works on what the endpoint has in the books, listing nothing: after a
/// restart, when a pause is over, after an operator's word.
pub(super) async fn carry_on(
    context: &Arc<Context>,
    lane: &Arc<Lane>,
    pick: Pick,
) -> EndpointResult {
    let tally =
        Arc::new(Tally::new(EndpointResult::new(&lane.endpoint.name, lane.endpoint.endpoint_type)));
    transfer(context, lane, pick, &tally).await;
    context.phase(lane, Phase::Idle);
    tally.finish(0)
}

/// After a start: settles lists that a killed process left open. Reads the
/// Delivered list at the most.
pub(super) async fn settle_at_start(context: &Arc<Context>, lane: &Lane) -> Result<(), Failure> {
    let _turn = lane.turn.lock().await;
    if context.ledger.open_polls(lane.number).await?.is_empty() {
        return Ok(());
    }
    lane.source.sign_in().await?;
    let tally = Tally::new(EndpointResult::new(&lane.endpoint.name, lane.endpoint.endpoint_type));
    listing::settle_open_polls(context, lane, None, &tally).await?;
    context.phase(lane, Phase::Idle);
    Ok(())
}

/// Everything that speaks with the source about lists, in the order that the
/// design demands: settle, baseline, compare, brakes, and only then list.
async fn look_for_new(
    context: &Context,
    lane: &Lane,
    run: Id,
    tally: &Tally,
) -> Result<(), Failure> {
    context.phase(lane, Phase::SigningIn);
    lane.source.sign_in().await?;
    let books = context.ledger.endpoint(&lane.endpoint.name).await?;
    listing::settle_open_polls(context, lane, Some(run), tally).await?;
    listing::take_baseline(context, lane, run, &books).await?;
    compare_daily(context, lane, run, books.reconciled_at, tally).await?;
    if context.claims.stopping() {
        return Ok(());
    }
    match brakes::check(context, lane).await? {
        None => listing::list_all(context, lane, run, tally).await,
        Some(Brake::Refused(failure)) => {
            context.phase(lane, Phase::Braked(failure.to_string()));
            tally.failed_at(Side::Destination, &failure);
            context.notice(Level::Error, format!("{}: not listing: {failure}", lane.endpoint.name));
            Ok(())
        }
        Some(Brake::Wait(why)) => {
            context.phase(lane, Phase::Braked(why.clone()));
            tally.needs_operator(&format!("not listing: {why}"));
            context.notice(Level::Warning, format!("{}: not listing: {why}", lane.endpoint.name));
            Ok(())
        }
    }
}

/// Once a day: what the source calls delivered and nobody here has seen was
/// pulled by hand, pushed by the vendor, or lost. A person decides.
async fn compare_daily(
    context: &Context,
    lane: &Lane,
    run: Id,
    last: Option<jiff::Timestamp>,
    tally: &Tally,
) -> Result<(), Failure> {
    // Taking the baseline just now was a comparison too.
    let Some(last) = last else { return Ok(()) };
    if ledger::now().duration_since(last) < RECONCILE_EVERY {
        return Ok(());
    }
    let adopt = Adopt::Missing(ReconcileMode::Hold);
    let recorded = listing::compare(context, lane, Some(run), adopt, Vec::new()).await?;
    if recorded.new > 0 {
        let why = format!(
            "{} exports were delivered, but never seen here; they are held (release or cancel them)",
            recorded.new
        );
        tally.needs_operator(&why);
        context.notice(Level::Warning, format!("{}: {why}", lane.endpoint.name));
    }
    Ok(())
}

async fn transfer(context: &Arc<Context>, lane: &Arc<Lane>, pick: Pick, tally: &Arc<Tally>) {
    context.phase(lane, Phase::Transferring);
    // A failure of the books is in the tally already, and there is no more to do.
    let _ = walk::work_through(context, lane, pick, tally).await;
}
