//! One pass of one endpoint: the only place from which lists are asked for.

use std::sync::Arc;

use jiff::SignedDuration;

use super::brakes::{self, Brake};
use super::context::Context;
use super::lane::Lane;
use super::tally::{Side, Tally};
use super::walk::{self, Pick};
use super::{Level, Phase, contents, ingest, leftovers, listing, notify, parting, register};
use crate::ledger;
use crate::model::{EndpointResult, Failure, FailureClass, Id, ReconcileMode};
use crate::sources::Source;

/// The Delivered list is compared with the ledger this often.
const RECONCILE_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Syncs one endpoint: settles what is open, lists what is new, and brings every
/// file as far as it gets. If it is `full`, a register is walked whatever its change
/// detectors say.
pub(super) async fn sync(
    context: &Arc<Context>,
    lane: &Arc<Lane>,
    run: Id,
    full: bool,
) -> EndpointResult {
    context.phase(lane, Phase::Queued);
    let _turn = lane.turn.lock().await;
    let tally = Arc::new(lane.tally());
    let (calls, quota) = (lane.source.api_calls(), lane.source.quota_used());
    let looked = match (&lane.source, context.claims.stopping()) {
        (_, true) => Ok(None),
        (Source::Exports(_), _) => {
            look_for_new(context, lane, run, &tally).await.map(|why| why.map(Phase::Braked))
        }
        (Source::Register(source), _) => {
            register::keep(context, lane, source.as_ref(), run, full, &tally).await
        }
    };
    let braked = looked.unwrap_or_else(|failure| {
        context.notice(Level::Error, format!("{}: {failure}", lane.endpoint.name));
        tally.failed_at(Side::Source, &failure);
        None
    });
    transfer(context, lane, Pick::All, &tally).await;
    if braked.is_none() && matches!(lane.source, Source::Register(_)) {
        contents::go_on(context, lane, run, &tally).await;
    }
    ingest::take_in(context, lane, &tally).await;
    if let Source::Register(source) = &lane.source
        && tally.has_walked()
    {
        parting::part(context, lane, source.as_ref(), &tally).await;
    }
    if context.claims.stopping() {
        // However much was done: not all of it, and nobody may think so.
        tally.failed(&Failure::cancelled("syncing", &lane.endpoint.name));
    } else {
        tell_what_waits(context, lane, &tally).await;
    }
    context.mark.catch_up(&context.ledger).await;
    context.phase(lane, braked.unwrap_or(Phase::Idle));
    lane.changed.notify_one();
    tally.finish(lane.source.api_calls() - calls, lane.source.quota_used() - quota)
}

/// Works on what the endpoint has in the books, listing nothing: after a
/// restart, when a pause is over, after an operator's word.
pub(super) async fn carry_on(
    context: &Arc<Context>,
    lane: &Arc<Lane>,
    pick: Pick,
) -> EndpointResult {
    let _work = context.claims.work();
    let tally = Arc::new(lane.tally());
    transfer(context, lane, pick, &tally).await;
    if tally.files_fetched() > 0 {
        ingest::take_in(context, lane, &tally).await;
    }
    context.phase(lane, Phase::Idle);
    notify::look(context, lane).await;
    tally.finish(0, 0)
}

/// After a start: settles lists that a killed process left open. Reads the
/// Delivered list at the most.
pub(super) async fn settle_at_start(context: &Arc<Context>, lane: &Lane) -> Result<(), Failure> {
    let _turn = lane.turn.lock().await;
    if context.ledger.open_polls(lane.number).await?.is_empty() {
        return Ok(());
    }
    lane.source.sign_in().await?;
    let tally = lane.tally();
    listing::settle_open_polls(context, lane, None, &tally).await?;
    context.phase(lane, Phase::Idle);
    Ok(())
}

/// What waits for a person is said at the end of every pass, not only of the one
/// in which it came up.
async fn tell_what_waits(context: &Context, lane: &Lane, tally: &Tally) {
    match context.ledger.needing_operator(lane.number).await {
        Ok(0) => {}
        Ok(count) => tally.needs_operator(&format!(
            "{count} files wait for you: `transship exports --pending` says why"
        )),
        Err(failure) => tally.failed(&failure),
    }
    match context.ledger.backlog(lane.number).await {
        // Throttled, say, and not tried in this pass: that is not "nothing new".
        Ok(waiting) if waiting > 0 && tally.all_is_well() => tally.failed(
            &Failure::new(FailureClass::Unavailable, "going on with", &lane.endpoint.name)
                .said(format!("{waiting} files wait for their next try")),
        ),
        Ok(_) => {}
        Err(failure) => tally.failed(&failure),
    }
}

/// Everything that speaks with the source about lists, in the order that the
/// design demands: settle, baseline, compare, brakes, and only then list. Returns
/// why nothing was listed, if a brake was on.
async fn look_for_new(
    context: &Context,
    lane: &Lane,
    run: Id,
    tally: &Tally,
) -> Result<Option<String>, Failure> {
    context.phase(lane, Phase::SigningIn);
    lane.source.sign_in().await?;
    take_over(context, lane).await?;
    let books = context.ledger.endpoint(&lane.endpoint.name).await?;
    listing::settle_open_polls(context, lane, Some(run), tally).await?;
    listing::take_baseline(context, lane, run).await?;
    compare_daily(context, lane, run, books.reconciled_at, tally).await?;
    if context.claims.stopping() {
        return Ok(None);
    }
    match brakes::check(context, lane).await? {
        None => listing::list_all(context, lane, run, tally).await.map(|()| None),
        Some(Brake::Refused(failure)) => {
            tally.failed_at(Side::Destination, &failure);
            context.notice(Level::Error, format!("{}: not listing: {failure}", lane.endpoint.name));
            Ok(Some(failure.to_string()))
        }
        Some(Brake::Wait(why)) => {
            tally.needs_operator(&format!("not listing: {why}"));
            context.notice(Level::Warning, format!("{}: not listing: {why}", lane.endpoint.name));
            Ok(Some(why))
        }
    }
}

/// A renamed endpoint goes on with what it had under its old name.
async fn take_over(context: &Context, lane: &Lane) -> Result<(), Failure> {
    let of = listing::arrival(lane, None);
    let moved = context.ledger.take_over(lane.number, of.source, of.account).await?;
    if moved > 0 {
        context.notice(
            Level::Info,
            format!(
                "{}: took over {moved} exports of an endpoint that is no longer in the configuration",
                lane.endpoint.name
            ),
        );
    }
    Ok(())
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
    // A clock that went back makes it due as well.
    let age = ledger::now().duration_since(last);
    if (SignedDuration::ZERO..RECONCILE_EVERY).contains(&age) {
        return Ok(());
    }
    let mode = ReconcileMode::Hold;
    let recorded = listing::compare_all(context, lane, Some(run), mode).await?;
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

/// Brings what is open as far as it gets.
pub(super) async fn transfer(
    context: &Arc<Context>,
    lane: &Arc<Lane>,
    pick: Pick,
    tally: &Arc<Tally>,
) {
    context.phase(lane, Phase::Transferring);
    if let Err(failure) = walk::work_through(context, lane, pick, tally).await {
        tally.failed(&failure);
    }
    if let Err(failure) = leftovers::remove_all(context, lane).await {
        tally.failed(&failure);
    }
}
