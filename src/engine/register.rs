//! A register's part of a pass: the service is walked through, and the books say what
//! it holds.
//!
//! ```text
//! sign in → brakes (for contents alone) → walk, page by page → end of the walk → contents
//! ```

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use tokio::time::MissedTickBehavior;

use super::contents;
use super::context::Context;
use super::lane::Lane;
use super::tally::{Side, Tally};
use super::{Event, Level, Phase, Walk};
use crate::ledger::{Begun, Ledger, OpenWalk, WalkCounts, WalkPlan};
use crate::model::{Endpoint, Failure, FailureClass, Id, Page, Sha256, Walked};
use crate::sources::{RegisterSink, RegisterSource};

/// Change detectors are not believed for longer than this.
const FULL_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// A walk that was to look everywhere and could not is not tried again before.
const FULL_AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// Progress is told this often at the most.
const OFTEN: Duration = Duration::from_millis(200);

/// Brings the endpoint's register up to date. Returns what the endpoint says at rest,
/// if its contents have to wait.
pub(super) async fn keep(
    context: &Context,
    lane: &Lane,
    source: &dyn RegisterSource,
    run: Id,
    full: bool,
    tally: &Tally,
) -> Result<Option<Phase>, Failure> {
    let progress = Progress::new(context, lane, source);
    context.phase(lane, Phase::SigningIn);
    source.sign_in().await?;
    let plan = contents::plan(context, lane, tally).await?;
    let distrusted = context.ledger.is_distrusted(lane.number).await?;
    let begun = context
        .ledger
        .begin_walk(WalkPlan {
            endpoint: lane.number,
            run: Some(run),
            scope: scope(&lane.endpoint),
            full: full || distrusted,
            full_every: FULL_EVERY,
            full_again_after: FULL_AGAIN_AFTER,
            most_bytes: lane.endpoint.scope.pick().and_then(|pick| pick.max_fetch_bytes),
            contents: plan.contents,
        })
        .await?;
    context.phase(lane, Phase::Listing);
    let ended = walk(context, source, &begun, &progress).await;
    let counts = begun.walk.counts();
    progress.tell(counts);
    tally.registered(counts, ended.is_ok());
    let failures = ended?;
    tell(context, lane, counts, &failures, tally);
    if distrusted && failures.is_empty() {
        context.ledger.trust_again(lane.number).await?;
    }
    contents::cancel_outdated(context, lane).await?;
    Ok(plan.waits.map(Phase::ContentsWait))
}

/// Another text for another scope, whatever is in it: what was remembered of one tells
/// nothing of another.
pub(super) fn scope(endpoint: &Endpoint) -> String {
    Sha256::of(format!("{}\n{:?}", endpoint.client, endpoint.scope).as_bytes())
}

/// Walks and books, to the end of the walk; what could not be looked at.
async fn walk(
    context: &Context,
    source: &dyn RegisterSource,
    begun: &Begun,
    progress: &Progress<'_>,
) -> Result<Vec<Failure>, Failure> {
    let sink = Sink { ledger: &context.ledger, walk: begun.walk.clone(), failed: OnceLock::new() };
    let cancel = context.claims.stopping_token();
    let mut walking = source.walk(&begun.known, begun.full, &sink, &cancel);
    let mut ticks = tokio::time::interval(OFTEN);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let walked = loop {
        tokio::select! {
            walked = &mut walking => break walked,
            _ = ticks.tick() => progress.tell(begun.walk.counts()),
        }
    };
    drop(walking);
    if let Some(failure) = sink.failed.into_inner() {
        // Whatever the source made of it: not all that was seen is booked.
        return Err(failure);
    }
    let walked: Walked = walked?;
    for notice in &walked.notices {
        context.notice(Level::Info, format!("{}: {notice}", progress.endpoint));
    }
    let failures = walked.failures.clone();
    context.ledger.finish_walk(&begun.walk, walked).await?;
    Ok(failures)
}

/// Books pages.
struct Sink<'a> {
    ledger: &'a Ledger,
    walk: Arc<OpenWalk>,
    failed: OnceLock<Failure>,
}

#[async_trait]
impl RegisterSink for Sink<'_> {
    async fn page(&self, page: Page) -> Result<(), Failure> {
        let booked = self.ledger.book_page(&self.walk, page).await;
        if let Err(failure) = &booked {
            // The first one tells; the others follow from it.
            let _ = self.failed.set(failure.clone());
        }
        booked
    }
}

/// Says what a person should know of a walk.
fn tell(context: &Context, lane: &Lane, counts: WalkCounts, failures: &[Failure], tally: &Tally) {
    const TOLD: usize = 3;
    let name = &lane.endpoint.name;
    for failure in failures {
        tally.failed_at(Side::Source, failure);
    }
    for failure in failures.iter().take(TOLD) {
        context.notice(Level::Warning, format!("{name}: {failure}"));
    }
    if failures.len() > TOLD {
        let more = failures.len() - TOLD;
        context.notice(Level::Warning, format!("{name}: {more} more could not be looked at"));
    }
    if counts.folders_lost > 0 {
        // Once, when it happens: not all that may be there could be looked at.
        let failure = access_lost(name, counts);
        tally.failed(&failure);
        context.notice(Level::Warning, format!("{name}: {failure}"));
    }
}

fn access_lost(endpoint: &str, counts: WalkCounts) -> Failure {
    let (folders, files) = (counts.folders_lost, counts.access_lost);
    Failure::new(FailureClass::Refused, "looking into the folders of", endpoint)
        .said(format!(
            "{folders} may not be seen any more; {files} files in them are kept as they were"
        ))
        .advice("see `transship files --state access_lost`; they are tried again by themselves")
}

/// Tells how far the walk is, where something is different from what was told last.
struct Progress<'a> {
    context: &'a Context,
    endpoint: &'a str,
    source: &'a dyn RegisterSource,
    /// Calls and quota before the walk.
    before: (u64, u64),
    last: std::sync::Mutex<Walk>,
}

impl<'a> Progress<'a> {
    fn new(context: &'a Context, lane: &'a Lane, source: &'a dyn RegisterSource) -> Self {
        let before = (source.api_calls(), source.quota_used());
        Self { context, endpoint: &lane.endpoint.name, source, before, last: Default::default() }
    }

    fn tell(&self, counts: WalkCounts) {
        let walk = Walk {
            endpoint: self.endpoint.to_owned(),
            found: counts.found,
            new: counts.new,
            updated: counts.updated,
            removed: counts.removed,
            calls: self.source.api_calls() - self.before.0,
            quota: self.source.quota_used() - self.before.1,
            throttled_until: self.source.throttled_until(),
        };
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *last != walk {
            last.clone_from(&walk);
            self.context.handle.publish(Event::Walk(walk));
        }
    }
}
