//! One item's whole way in a pass, and all open items of an endpoint side by side.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::contents;
use super::context::Context;
use super::delivery::{self, End};
use super::fetch::{self, Fetched};
use super::lane::Lane;
use super::tally::{Side, Tally};
use crate::ledger::{self, Export};
use crate::model::{Failure, FailureClass, Id, Kind, Retry};

/// Which of an endpoint's open items are worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    /// All that nobody has asked us to wait with.
    All,
    /// Those whose time has come.
    Due,
}

impl Pick {
    fn takes(self, next: Option<jiff::Timestamp>, failure: Option<&Failure>) -> bool {
        let passed = next.map(|at| at <= ledger::now());
        let asked_to_wait = failure.is_some_and(|f| matches!(f.retry, Retry::After(_)));
        match self {
            Self::All => passed != Some(false) || !asked_to_wait,
            // Without a time: what nobody has tried yet, and nothing that failed
            // in a way that only a person can mend.
            Self::Due => passed.unwrap_or(failure.is_none_or(|f| f.retry != Retry::Never)),
        }
    }
}

/// Works on the endpoint's open items until each has come as far as it gets; their
/// failures are in the tally. `Err` if the books do not even say which there are.
pub(super) async fn work_through(
    context: &Arc<Context>,
    lane: &Arc<Lane>,
    pick: Pick,
    tally: &Arc<Tally>,
) -> Result<(), Failure> {
    let exports = context.ledger.open_exports(lane.number).await?;
    let deliveries = context.ledger.open_deliveries(lane.number).await?;
    let mut items: Vec<Id> = Vec::with_capacity(exports.len() + deliveries.len());
    // What is furthest goes first: a file that is nearly there is worth most.
    items.extend(
        deliveries
            .iter()
            .filter(|d| pick.takes(d.next_attempt_at, d.failure.as_ref()))
            .map(|d| d.id),
    );
    items.extend(
        exports.iter().filter(|x| pick.takes(x.next_attempt_at, x.failure.as_ref())).map(|x| x.id),
    );
    let mut tasks = JoinSet::new();
    for item in items {
        let (context, lane, tally) = (context.clone(), lane.clone(), tally.clone());
        tasks.spawn(async move { walk(&context, &lane, item, &tally).await });
    }
    while let Some(ended) = tasks.join_next().await {
        let result = ended.unwrap_or_else(|e| {
            Err(Failure::new(FailureClass::Bug, "working on an item of", &lane.endpoint.name)
                .said(e))
        });
        if let Err(failure) = result {
            tally.failed(&failure);
        }
    }
    Ok(())
}

/// One item's way. `Err` only where the books themselves fail.
async fn walk(context: &Context, lane: &Lane, item: Id, tally: &Tally) -> Result<(), Failure> {
    let Ok(_permit) = lane.transfers.acquire().await else { return Ok(()) };
    let Ok(_permit) = context.transfers.acquire().await else { return Ok(()) };
    let mut next = Some(item);
    // Twice at the most: an archive that is damaged again at once is a sick disk.
    let mut refetched = false;
    while let Some(item) = next.take() {
        if context.claims.stopping() {
            return Ok(());
        }
        next = match item.kind {
            Kind::Export => walk_export(context, lane, item, tally).await?,
            _ => walk_delivery(context, lane, item, &mut refetched, tally).await?,
        };
        context.mark.catch_up_now_and_then(&context.ledger).await;
    }
    Ok(())
}

/// recorded → verified; returns the delivery to go on with.
async fn walk_export(
    context: &Context,
    lane: &Lane,
    item: Id,
    tally: &Tally,
) -> Result<Option<Id>, Failure> {
    let Some(claim) = context.claims.claim(item) else { return Ok(None) };
    let Ok(_permit) = lane.fetches.acquire().await else { return Ok(None) };
    // Read after claiming: only from here on nobody else changes it.
    let Some(export) = context.ledger.export(item).await?.filter(|x| x.state.is_open()) else {
        return Ok(None);
    };
    if let Some(why) = contents::unwanted(lane, &export) {
        contents::cancel(context, lane, export, why).await?;
        return Ok(None);
    }
    let _large = lane.turn_for(export.expected_size).await;
    // Only now: it may have been given up by those whose turn came before.
    if tally.has_given_up(Side::Source) {
        return Ok(None);
    }
    match fetch::fetch(context, lane, export, &claim).await? {
        Fetched::Verified { bytes, delivery } => {
            tally.fetched(bytes);
            match delivery {
                Some(delivery) => Ok(Some(delivery)),
                // Fetched again for the sake of a delivery that is on its way.
                None => Ok(context
                    .ledger
                    .newest_delivery(item)
                    .await?
                    .filter(|d| d.state.is_open())
                    .map(|d| d.id)),
            }
        }
        Fetched::Not(failure) => {
            tally.failed_at(Side::Source, &failure);
            Ok(None)
        }
        Fetched::Stopped => Ok(None),
    }
}

/// verified → as far as it gets; returns the export if it must be fetched again.
async fn walk_delivery(
    context: &Context,
    lane: &Lane,
    item: Id,
    refetched: &mut bool,
    tally: &Tally,
) -> Result<Option<Id>, Failure> {
    let Some(claim) = context.claims.claim(item) else { return Ok(None) };
    let Some(delivery) = context.ledger.delivery(item).await?.filter(|d| d.state.is_open()) else {
        return Ok(None);
    };
    let Some(export) = context.ledger.export(delivery.export).await? else { return Ok(None) };
    if export.state.is_open() {
        // Its bytes are not here (any more): they come first.
        return Ok(None);
    }
    let outlet = context.outlets.iter().find(|o| o.settings.name == delivery.destination);
    let Some(outlet) = outlet else {
        tally.failed(&no_such_destination(&delivery.destination, &export));
        return Ok(None);
    };
    let _large = lane.turn_for(export.size).await;
    // Only now, as above.
    if tally.has_given_up(Side::Destination) {
        return Ok(None);
    }
    let delivered = delivery::deliver(context, lane, outlet, &export, delivery, &claim).await?;
    if delivered.published {
        tally.delivered();
    }
    match delivered.end {
        End::Failed(failure) => tally.failed_at(Side::Destination, &failure),
        End::Refetch if !std::mem::replace(refetched, true) => return Ok(Some(export.id)),
        End::Rest | End::Refetch | End::Stopped => {}
    }
    Ok(None)
}

fn no_such_destination(destination: &str, export: &Export) -> Failure {
    Failure::new(FailureClass::Misconfigured, "delivering", export.name())
        .said(format!("there is no destination called {destination} in the configuration any more"))
        .advice("put it back, or cancel the delivery")
}
