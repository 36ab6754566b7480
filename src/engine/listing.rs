//! The lists: baseline, the destructive read under intent, and what follows
//! when its reply is lost.
//!
//! Nothing but a sync comes here with [`ListKind::NotDelivered`].

use std::path::{Path, PathBuf};

use super::archive::{blocking, sync_folder};
use super::context::Context;
use super::lane::Lane;
use super::tally::Tally;
use super::{Level, Phase};
use crate::ledger::{Adopt, Arrival, EndpointBooks, Poll, Recorded, create_private_folder};
use crate::model::{Failure, FailureClass, Id, Listed, ReconcileMode};
use crate::sources::{ListFailure, ListKind};

/// Destructive lists of one product key in one pass at the most: the second only
/// after the first one's loss was settled by the Delivered list.
const LISTS_IN_A_PASS: u32 = 2;

/// Asks for everything that the endpoint has not seen yet, and records it.
pub(super) async fn list_all(
    context: &Context,
    lane: &Lane,
    run: Id,
    tally: &Tally,
) -> Result<(), Failure> {
    for product_key in product_keys(lane) {
        context.phase(lane, Phase::Listing);
        for list in 1.. {
            let failure = match list_new(context, lane, run, product_key.as_deref()).await {
                Ok(recorded) => {
                    tally.listed(recorded.found, recorded.new);
                    quarantined(context, lane, recorded, tally);
                    break;
                }
                Err(failure) => failure,
            };
            // Settled at once: the other side may have flipped what we did not see.
            let settled = settle_open_polls(context, lane, Some(run), tally).await;
            if list == LISTS_IN_A_PASS || settled.is_err() || failure.needs_operator() {
                return Err(failure);
            }
            context.notice(
                Level::Warning,
                format!(
                    "{}: {failure}; settled by the Delivered list, asking again",
                    lane.endpoint.name
                ),
            );
        }
    }
    Ok(())
}

/// One destructive list: intent, request, raw body, records.
async fn list_new(
    context: &Context,
    lane: &Lane,
    run: Id,
    product_key: Option<&str>,
) -> Result<Recorded, Failure> {
    let folder = context.polls_folder();
    create_private_folder(&folder)?;
    let key = product_key.map(str::to_owned);
    let poll = context.ledger.intend_poll(lane.number, run, key, &folder).await?;
    if let Err(lost) = lane.source.list(ListKind::NotDelivered, product_key, &poll.body).await {
        book_loss(context, &poll, &lost).await?;
        return Err(lost.failure);
    }
    context.ledger.received_poll(poll.id).await?;
    match record(context, lane, Some(run), &poll).await {
        Ok(recorded) => Ok(recorded),
        Err(failure) => {
            // It stays open: the reply may have been a list all the same.
            context.ledger.poll_lost(poll.id, failure.clone()).await?;
            Err(failure)
        }
    }
}

async fn book_loss(context: &Context, poll: &Poll, lost: &ListFailure) -> Result<(), Failure> {
    if lost.sent {
        context.ledger.poll_lost(poll.id, lost.failure.clone()).await
    } else {
        context.ledger.poll_not_sent(poll.id, lost.failure.clone()).await
    }
}

/// Records a list whose raw body is on disk, and closes its poll with it.
async fn record(
    context: &Context,
    lane: &Lane,
    run: Option<Id>,
    poll: &Poll,
) -> Result<Recorded, Failure> {
    let listed = parse(lane, &poll.body).await?;
    context.ledger.record_list(poll.id, arrival(lane, run), listed).await
}

async fn parse(lane: &Lane, body: &Path) -> Result<Vec<Listed>, Failure> {
    let body = body.to_owned();
    let bytes = blocking(move || {
        std::fs::read(&body)
            .map_err(|e| Failure::io("reading the list in", body.to_string_lossy(), &e))
    })
    .await?;
    lane.source.parse(&bytes)
}

/// Settles every list that was asked for and did not end in a committed
/// transaction: from its raw body if that is whole, and then by what the source
/// calls delivered and the ledger does not know. What is found was taken out of
/// the list by our lost request, so it is fetched.
pub(super) async fn settle_open_polls(
    context: &Context,
    lane: &Lane,
    run: Option<Id>,
    tally: &Tally,
) -> Result<(), Failure> {
    let open = context.ledger.open_polls(lane.number).await?;
    if open.is_empty() {
        return Ok(());
    }
    let mut lost = Vec::new();
    for poll in open {
        if poll.received
            && let Ok(recorded) = record(context, lane, run, &poll).await
        {
            tally.listed(recorded.found, recorded.new);
            quarantined(context, lane, recorded, tally);
        } else {
            lost.push(poll.id);
        }
    }
    if !lost.is_empty() {
        let adopt = Adopt::Missing(ReconcileMode::Fetch);
        let recorded = compare(context, lane, run, adopt, lost).await?;
        tally.listed(recorded.found, recorded.new);
        quarantined(context, lane, recorded, tally);
    }
    Ok(())
}

/// The first run's look at the past: what was delivered before counts as handled.
pub(super) async fn take_baseline(
    context: &Context,
    lane: &Lane,
    run: Id,
    books: &EndpointBooks,
) -> Result<(), Failure> {
    if books.baseline_at.is_some() {
        return Ok(());
    }
    context.phase(lane, Phase::Baseline);
    let recorded = compare(context, lane, Some(run), Adopt::Baseline, Vec::new()).await?;
    if recorded.new > 0 {
        context.notice(
            Level::Info,
            format!(
                "{}: {} exports were delivered before this first run; they count as handled",
                lane.endpoint.name, recorded.new
            ),
        );
    }
    Ok(())
}

/// Delivered list minus the ledger, in one transaction that also closes `polls`.
pub(super) async fn compare(
    context: &Context,
    lane: &Lane,
    run: Option<Id>,
    adopt: Adopt,
    polls: Vec<Id>,
) -> Result<Recorded, Failure> {
    context.phase(lane, Phase::Reconciling);
    let folder = context.polls_folder();
    create_private_folder(&folder)?;
    let mut listed = Vec::new();
    for (number, product_key) in product_keys(lane).into_iter().enumerate() {
        let body = delivered_body(&folder, lane, number);
        let asked = lane.source.list(ListKind::Delivered, product_key.as_deref(), &body).await;
        let parsed = match asked {
            Ok(()) => parse(lane, &body).await,
            Err(lost) => Err(lost.failure),
        };
        // Unlike a destructive list's, its body can be asked for again.
        let _ = std::fs::remove_file(&body);
        listed.extend(parsed?);
    }
    sync_folder(&folder)?;
    context.ledger.record_delivered(arrival(lane, run), listed, adopt, polls).await
}

fn delivered_body(folder: &Path, lane: &Lane, number: usize) -> PathBuf {
    folder.join(format!("delivered-{}-{number}-{:08x}.json", lane.number, rand::random::<u32>()))
}

/// One request for each configured product key, or one for all.
fn product_keys(lane: &Lane) -> Vec<Option<String>> {
    if lane.endpoint.product_keys.is_empty() {
        return vec![None];
    }
    lane.endpoint.product_keys.iter().cloned().map(Some).collect()
}

fn arrival(lane: &Lane, run: Option<Id>) -> Arrival {
    Arrival {
        endpoint: lane.number,
        run,
        source: lane.endpoint.endpoint_type.as_str(),
        account: lane.source.account(),
    }
}

fn quarantined(context: &Context, lane: &Lane, recorded: Recorded, tally: &Tally) {
    if recorded.quarantined > 0 {
        let failure =
            Failure::new(FailureClass::Protocol, "reading the list of", &lane.endpoint.name)
                .said(format!("{} of its elements have no uid", recorded.quarantined))
                .advice("their JSON is kept: `transship exports --state quarantined`");
        tally.needs_operator(&failure.to_string());
        context.notice(Level::Warning, failure.to_string());
    }
}
