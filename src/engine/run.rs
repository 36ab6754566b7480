//! A run: one pass over some endpoints, side by side, with its books.

use std::sync::Arc;

use super::context::Context;
use super::lane::Lane;
use super::{Event, pass, tally};
use crate::ledger;
use crate::model::{EndpointResult, Failure, FailureClass, Id, RunReport, Trigger};

/// Syncs `lanes` and reports. `Err` only where the books themselves fail.
pub(super) async fn run(
    context: &Arc<Context>,
    lanes: Vec<Arc<Lane>>,
    trigger: Trigger,
) -> Result<RunReport, Failure> {
    let started_at = ledger::now();
    let numbers = lanes.iter().map(|lane| lane.number).collect();
    let run_id = context.ledger.start_run(trigger, numbers).await?;
    let names = lanes.iter().map(|lane| lane.endpoint.name.clone()).collect();
    tracing::info!(run = %run_id, "run {run_id} started");
    context.handle.publish(Event::RunStarted { run: run_id, endpoints: names });

    let parts = lanes.into_iter().map(|lane| {
        let context = context.clone();
        // A task of its own, so that a defect in one endpoint leaves the others alone.
        tokio::spawn(async move { part(&context, &lane, run_id).await })
    });
    let mut endpoints = Vec::new();
    for ended in futures::future::join_all(parts).await {
        endpoints
            .push(ended.map_err(|e| {
                Failure::new(FailureClass::Bug, "syncing", "an endpoint").said(e)
            })??);
    }

    let outcome = tally::overall(&endpoints);
    let report = RunReport { run_id, started_at, ended_at: ledger::now(), outcome, endpoints };
    context.ledger.end_run(report.clone()).await?;
    tracing::info!(run = %run_id, %outcome, "run {run_id} ended: {outcome}");
    context.handle.publish(Event::RunEnded(report.clone()));
    Ok(report)
}

/// One endpoint's part in the run, booked.
async fn part(
    context: &Arc<Context>,
    lane: &Arc<Lane>,
    run: Id,
) -> Result<EndpointResult, Failure> {
    let Ok(_permit) = context.syncs.acquire().await else {
        return Err(Failure::cancelled("syncing", &lane.endpoint.name));
    };
    let result = pass::sync(context, lane, run).await;
    context.ledger.end_endpoint(run, lane.number, result.clone()).await?;
    context.handle.publish(Event::EndpointEnded(result.clone()));
    Ok(result)
}
