//! What becomes of fetched files at their source, once they are safe here.

use std::sync::atomic::{AtomicU64, Ordering};

use futures::StreamExt as _;

use super::context::Context;
use super::lane::Lane;
use super::tally::{Side, Tally};
use super::{Level, archive};
use crate::crash::{self, Point};
use crate::ledger::Export;
use crate::model::{Failure, FailureClass, Retry, Shown};
use crate::sources::{Parted, RegisterSource};

/// Files that are acted on at the same time.
const AT_ONCE: usize = 8;

/// After so many failures the others of the pass need not find out for themselves.
const ENOUGH: u64 = 16;

/// Does what the endpoint wants to its present files whose bytes are here. What goes
/// wrong is in the tally, and is tried again in the next pass.
pub(super) async fn part(
    context: &Context,
    lane: &Lane,
    source: &dyn RegisterSource,
    tally: &Tally,
) {
    if !source.parts() || context.claims.stopping() {
        return;
    }
    let found = context.ledger.present_and_fetched(lane.number, lane.account()).await;
    let exports = match found {
        Ok(exports) => exports,
        Err(failure) => return tally.failed(&failure),
    };
    let parting = Parting { context, lane, source, tally, done: 0.into(), failed: 0.into() };
    futures::stream::iter(exports).for_each_concurrent(AT_ONCE, |x| parting.one(x)).await;
    let done = parting.done.into_inner();
    if done > 0 {
        let words = format!("{}: {done} files moved or deleted over there", lane.endpoint.name);
        context.notice(Level::Info, words);
    }
}

struct Parting<'p> {
    context: &'p Context,
    lane: &'p Lane,
    source: &'p dyn RegisterSource,
    tally: &'p Tally,
    done: AtomicU64,
    failed: AtomicU64,
}

impl Parting<'_> {
    async fn one(&self, export: Export) {
        let enough = self.failed.load(Ordering::Relaxed) >= ENOUGH;
        if enough || self.context.claims.stopping() || self.tally.has_given_up(Side::Source) {
            return;
        }
        // Nobody fetches it again meanwhile, or gives it up.
        let Some(_claim) = self.context.claims.claim(export.id) else { return };
        if let Err(failure) = self.try_one(&export).await {
            if self.failed.fetch_add(1, Ordering::Relaxed) == 0 {
                let words = format!("{}: {failure}", self.lane.endpoint.name);
                self.context.notice(Level::Warning, words);
            }
            self.tally.failed_at(Side::Source, &failure);
        }
    }

    async fn try_one(&self, export: &Export) -> Result<(), Failure> {
        // What is gone over there is only here then: look once more that it is.
        if archive::intact(&self.context.config.data_dir, export).await?.is_none() {
            return Err(Failure::new(FailureClass::Damaged, "letting go of", export.name())
                .said("the copy here is missing or damaged; it is left alone over there")
                .advice(format!("`transship fetch {}` fetches it again", export.id))
                .retry(Retry::Never));
        }
        let content = serde_json::from_str(&export.raw).unwrap_or_default();
        let parted = self.source.after_fetch(&content).await?;
        crash::at(Point::FeedParted)?;
        let words = match parted {
            Parted::Left | Parted::Gone | Parted::Changed => return Ok(()),
            Parted::Deleted => "deleted over there".to_owned(),
            Parted::Moved(to) => format!("moved over there to {}", Shown::new(to)),
        };
        self.done.fetch_add(1, Ordering::Relaxed);
        let (id, name) = (export.id, Shown::new(export.name()));
        tracing::info!(endpoint = self.lane.endpoint.name, %id, %name, "export {id} {words}: {name}");
        self.context.ledger.note(export.id, None, "parted", words).await
    }
}
