//! The lists: baseline, the destructive read under intent, and what follows
//! when its reply is lost.
//!
//! Nothing but a sync comes here with [`ListKind::NotDelivered`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;

use super::archive::blocking;
use super::context::Context;
use super::lane::Lane;
use super::tally::Tally;
use super::{Level, Phase, restored, retry};
use crate::crash::{self, Point};
use crate::ledger::{self, Adopt, Arrival, Poll, Recorded, create_private_folder};
use crate::model::{Failure, FailureClass, Id, Listed, ReconcileMode};
use crate::sources::{ListFailure, ListKind};
use crate::wrong::{self, Guard};

/// Destructive lists of one product key in one pass at the most: the second only
/// after the first one's loss was settled by the Delivered list.
const LISTS_IN_A_PASS: u32 = 2;

/// How long after it was asked for a list may still be carried out.
const LATE: SignedDuration = SignedDuration::from_mins(5);

/// Asks for everything that the endpoint has not seen yet, and records it.
pub(super) async fn list_all(
    context: &Context,
    lane: &Lane,
    run: Id,
    tally: &Tally,
) -> Result<(), Failure> {
    let mut first = Ok(());
    for product_key in product_keys(lane) {
        let listed = list_product(context, lane, run, product_key.as_deref(), tally).await;
        let refused = listed.as_ref().is_err_and(Failure::needs_operator);
        // One product's trouble is no reason to leave the others unseen; refused
        // credentials are.
        first = first.and(listed);
        if refused {
            break;
        }
    }
    first
}

async fn list_product(
    context: &Context,
    lane: &Lane,
    run: Id,
    product_key: Option<&str>,
    tally: &Tally,
) -> Result<(), Failure> {
    for list in 1.. {
        if context.claims.stopping() {
            break;
        }
        context.phase(lane, Phase::Listing);
        let failure = match list_new(context, lane, run, product_key).await {
            Ok(recorded) => {
                tally.listed(recorded.found, recorded.new);
                quarantined(context, lane, recorded, tally);
                break;
            }
            Err(failure) => failure,
        };
        // Settled at once: the other side may have flipped what we did not see.
        let settled = settle_open_polls(context, lane, Some(run), tally).await;
        let pause = retry::pause_in_pass(&failure, list);
        let Some(pause) = pause.filter(|_| list < LISTS_IN_A_PASS && settled.is_ok()) else {
            return Err(failure);
        };
        let name = &lane.endpoint.name;
        context.notice(
            Level::Warning,
            format!("{name}: {failure}; settled by the Delivered list, asking again"),
        );
        let stopping = context.claims.stopping_token();
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stopping.cancelled() => return Err(failure),
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
    let lists = lane.lists()?;
    let folder = context.polls_folder();
    create_private_folder(&folder)?;
    let key = product_key.map(str::to_owned);
    let by = arrival(lane, Some(run));
    let poll = context.ledger.intend_poll(by, key, &folder).await?;
    // From here on a ledger without this intent is known to be an older one.
    context.mark.catch_up(&context.ledger).await;
    crash::at(Point::PollIntended)?;
    if let Err(lost) = lists.list(ListKind::NotDelivered, product_key, &poll.body).await {
        book_loss(context, &poll, &lost).await?;
        crash::at(Point::PollLost)?;
        return Err(lost.failure);
    }
    crash::at(Point::PollAnswered)?;
    context.ledger.received_poll(poll.id).await?;
    crash::at(Point::PollReceived)?;
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
    let recorded = context.ledger.record_list(poll.id, arrival(lane, run), listed).await?;
    crash::at(Point::PollRecorded)?;
    Ok(recorded)
}

async fn parse(lane: &Lane, body: &Path) -> Result<Vec<Listed>, Failure> {
    let body = body.to_owned();
    let bytes = blocking(move || {
        std::fs::read(&body)
            .map_err(|e| Failure::io("reading the list in", body.to_string_lossy(), &e))
    })
    .await?;
    lane.lists()?.parse(&bytes)
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
    if context.ledger.is_distrusted(lane.number).await? {
        let recorded = after_restore(context, lane, run, ReconcileMode::Hold).await?;
        tally.listed(recorded.found, recorded.new);
        restored::told(context, lane, recorded, tally);
        return Ok(());
    }
    let open = context.ledger.open_polls(lane.number).await?;
    if open.is_empty() || wrong::without(Guard::Reconcile) {
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
            lost.push(poll);
        }
    }
    for product_key in product_keys_of(&lost) {
        let closing = lost
            .iter()
            .filter(|poll| poll.product_key == product_key && executed_by_now(poll))
            .map(|poll| poll.id)
            .collect();
        let adopt = Adopt::Lost;
        let recorded = compare(context, lane, run, product_key.as_deref(), adopt, closing).await?;
        tally.listed(recorded.found, recorded.new);
        quarantined(context, lane, recorded, tally);
    }
    Ok(())
}

/// The first comparison after the ledger was restored: as `mode` says, also for
/// what its open lists took, whose replies were dealt with since. Closes them.
pub(super) async fn after_restore(
    context: &Context,
    lane: &Lane,
    run: Option<Id>,
    mode: ReconcileMode,
) -> Result<Recorded, Failure> {
    let open = context.ledger.open_polls(lane.number).await?;
    let mut keys = product_keys_of(&open);
    keys.extend(product_keys(lane));
    let mut sum = Recorded::default();
    for product_key in keys {
        let closing = open.iter().filter(|p| p.product_key == product_key).map(|p| p.id).collect();
        let adopt = Adopt::Missing(mode);
        let one = compare(context, lane, run, product_key.as_deref(), adopt, closing).await?;
        sum.found += one.found;
        sum.new += one.new;
        sum.quarantined += one.quarantined;
    }
    context.ledger.trust_again(lane.number).await?;
    Ok(sum)
}

/// A list whose reply is lost may be carried out after we gave up on it. Only a
/// comparison made later than that settles it for good; until then it stays open.
fn executed_by_now(poll: &Poll) -> bool {
    ledger::now().duration_since(poll.asked_at) >= LATE
}

fn product_keys_of(polls: &[Poll]) -> BTreeSet<Option<String>> {
    polls.iter().map(|poll| poll.product_key.clone()).collect()
}

/// The first look at an account's product: what was delivered before counts as
/// handled. Without it nothing is listed.
pub(super) async fn take_baseline(context: &Context, lane: &Lane, run: Id) -> Result<(), Failure> {
    for product_key in product_keys(lane) {
        let key = product_key.as_deref();
        if context.ledger.has_baseline(&arrival(lane, Some(run)), key).await? {
            continue;
        }
        context.phase(lane, Phase::Baseline);
        let adopt = Adopt::Missing(ReconcileMode::Adopt);
        let recorded = compare(context, lane, Some(run), key, adopt, Vec::new()).await?;
        if recorded.new > 0 {
            context.notice(
                Level::Info,
                format!(
                    "{}: {} exports were delivered before this first run; they count as handled",
                    lane.endpoint.name, recorded.new
                ),
            );
        }
    }
    Ok(())
}

/// Whether all of the endpoint's products have had their first look.
pub(super) async fn has_baseline(context: &Context, lane: &Lane) -> Result<bool, Failure> {
    for product_key in product_keys(lane) {
        if !context.ledger.has_baseline(&arrival(lane, None), product_key.as_deref()).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// [`compare`] for all of the endpoint's products.
pub(super) async fn compare_all(
    context: &Context,
    lane: &Lane,
    run: Option<Id>,
    mode: ReconcileMode,
) -> Result<Recorded, Failure> {
    let mut sum = Recorded::default();
    for product_key in product_keys(lane) {
        let adopt = Adopt::Missing(mode);
        let one = compare(context, lane, run, product_key.as_deref(), adopt, Vec::new()).await?;
        sum.found += one.found;
        sum.new += one.new;
        sum.quarantined += one.quarantined;
    }
    Ok(sum)
}

/// Delivered list minus the ledger, in one transaction that also closes `polls`.
async fn compare(
    context: &Context,
    lane: &Lane,
    run: Option<Id>,
    product_key: Option<&str>,
    adopt: Adopt,
    polls: Vec<Id>,
) -> Result<Recorded, Failure> {
    context.phase(lane, Phase::Reconciling);
    let lists = lane.lists()?;
    let folder = context.polls_folder();
    create_private_folder(&folder)?;
    let body = delivered_body(&folder, lane);
    let parsed = match lists.list(ListKind::Delivered, product_key, &body).await {
        Ok(()) => parse(lane, &body).await,
        Err(lost) => Err(lost.failure),
    };
    // Unlike a destructive list's, its body can be asked for again.
    let _ = std::fs::remove_file(&body);
    let _ = std::fs::remove_file(body.with_extension("json.partial"));
    let (by, key) = (arrival(lane, run), product_key.map(str::to_owned));
    let listed = parsed?;
    crash::at(Point::DeliveredReceived)?;
    let recorded = context.ledger.record_delivered(by, key, listed, adopt, polls).await?;
    crash::at(Point::DeliveredRecorded)?;
    Ok(recorded)
}

fn delivered_body(folder: &Path, lane: &Lane) -> PathBuf {
    folder.join(format!("delivered-{}-{:08x}.json", lane.number, rand::random::<u32>()))
}

/// One request for each configured product key, or one for all.
pub(super) fn product_keys(lane: &Lane) -> Vec<Option<String>> {
    if lane.endpoint.product_keys.is_empty() {
        return vec![None];
    }
    lane.endpoint.product_keys.iter().cloned().map(Some).collect()
}

pub(super) fn arrival(lane: &Lane, run: Option<Id>) -> Arrival {
    Arrival {
        endpoint: lane.number,
        run,
        source: lane.endpoint.endpoint_type.as_str(),
        account: lane.account(),
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
