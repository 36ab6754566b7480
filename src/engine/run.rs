//! A run: one pass over some endpoints, side by side, with its books.

use std::sync::Arc;

use super::context::Context;
use super::lane::Lane;
use super::{Event, notify, pass, tally};
use crate::ledger;
use crate::model::{EndpointResult, Failure, FailureClass, Id, Outcome, RunReport, Trigger};

/// Syncs `lanes` and reports. `Err` only where the books themselves fail.
pub(super) async fn run(
    context: &Arc<Context>,
    lanes: Vec<Arc<Lane>>,
    trigger: Trigger,
) -> Result<RunReport, Failure> {
    run_with(context, lanes, trigger, false).await
}

/// The same; if it is `full`, registers are walked whatever their change detectors say.
pub(super) async fn run_with(
    context: &Arc<Context>,
    lanes: Vec<Arc<Lane>>,
    trigger: Trigger,
    full: bool,
) -> Result<RunReport, Failure> {
    let _work = context.claims.work();
    lanes.iter().for_each(|lane| lane.wake());
    let started_at = ledger::now();
    let numbers = lanes.iter().map(|lane| lane.number).collect();
    let run_id = context.ledger.start_run(trigger, numbers).await?;
    let names = lanes.iter().map(|lane| lane.endpoint.name.clone()).collect();
    tracing::info!(run = %run_id, "run {run_id} started");
    context.handle.publish(Event::RunStarted { run: run_id, endpoints: names });

    let parts = lanes.into_iter().map(|lane| async {
        let context = context.clone();
        let name = lane.endpoint.name.clone();
        let nothing = EndpointResult::new(&name, lane.endpoint.endpoint_type);
        // A task of its own, so that a defect in one endpoint leaves the others alone.
        let ended = tokio::spawn(async move { part(&context, &lane, run_id, full).await }).await;
        let defect = |e| Err(Failure::new(FailureClass::Bug, "syncing", &name).said(e));
        ended.unwrap_or_else(defect).unwrap_or_else(|failure| failed(nothing, failure))
    });
    let endpoints = futures::future::join_all(parts).await;

    let outcome = tally::overall(&endpoints);
    let report = RunReport { run_id, started_at, ended_at: ledger::now(), outcome, endpoints };
    context.ledger.end_run(report.clone()).await?;
    tracing::info!(run = %run_id, %outcome, "run {run_id} ended: {outcome}");
    context.handle.publish(Event::RunEnded(report.clone()));
    Ok(report)
}

/// The result of a part that broke off: what it did is in the books.
fn failed(nothing: EndpointResult, failure: Failure) -> EndpointResult {
    EndpointResult {
        outcome: Outcome::Failed,
        failed: 1,
        error: Some(failure.to_string()),
        failure: Some(failure),
        ..nothing
    }
}

/// One endpoint's part in the run, booked.
async fn part(
    context: &Arc<Context>,
    lane: &Arc<Lane>,
    run: Id,
    full: bool,
) -> Result<EndpointResult, Failure> {
    // First the endpoint's turn and only then a place: whoever waits for another run of
    // its endpoint must not keep other endpoints from theirs.
    let _only = match context.agenda.of(lane.number) {
        Some(entry) => Some(entry.run.lock().await),
        None => None,
    };
    let Ok(_permit) = context.syncs.acquire().await else {
        return Err(Failure::cancelled("syncing", &lane.endpoint.name));
    };
    let result = pass::sync(context, lane, run, full).await;
    context.ledger.end_endpoint(run, lane.number, result.clone()).await?;
    context.handle.publish(Event::EndpointEnded(result.clone()));
    notify::look(context, lane).await;
    Ok(result)
}
