//! The second half of a file's way: from the archive to its final name over
//! there, exactly once. The order of steps is that of `design/delivery.md`:
//!
//! ```text
//! verified → uploading(k) → staged(k) → publishing(k) → published → confirmed → cleaned
//!                                             └→ fencing(k→k+1) → staged(k+1) or published
//! ```
//!
//! [`deliver`] is a loop over the state in the books: what a restart finds there
//! is carried on by the same code that would have gone on without it.

use super::claims::Claim;
use super::context::Context;
use super::lane::{Lane, Outlet};
use super::progress::Progress;
use super::{archive, confirm, direct, fence, leftovers, retry};
use crate::crash::{self, Point};
use crate::destinations::{LocalFile, Sighting, Staged};
use crate::ledger::{self, Delivery, Export};
use crate::model::{
    DeliveryState, Evidence, ExportState, Failure, FailureClass, FinalNames, PublishMode, Retry,
};
use crate::wrong::{self, Guard};

/// What became of one pass over a delivery.
#[derive(Debug, PartialEq)]
pub(super) struct Delivered {
    /// Whether it reached its final name in this pass.
    pub(super) published: bool,
    /// Why the pass ended.
    pub(super) end: End,
}

/// Why a pass over a delivery ended.
#[derive(Debug, PartialEq)]
pub(super) enum End {
    /// Nothing more to do in this pass.
    Rest,
    /// Not this time. The books say how it goes on.
    Failed(Failure),
    /// The archived file is missing or damaged: it has to be fetched again first.
    Refetch,
    /// The operator, or the end of the program, stopped it; nothing is wrong.
    Stopped,
}

/// One delivery being worked on.
pub(super) struct Work<'a> {
    pub(super) context: &'a Context,
    pub(super) lane: &'a Lane,
    pub(super) outlet: &'a Outlet,
    pub(super) export: &'a Export,
    pub(super) claim: &'a Claim,
    pub(super) progress: &'a Progress,
    /// The delivery as the books have it now.
    pub(super) delivery: Delivery,
    /// Whether a fence that won was followed by a sight of the final name before.
    pub(super) seen_once: bool,
}

/// Brings `delivery` as far as it gets, trying a few times. `Err` only where
/// the books themselves fail.
pub(super) async fn deliver(
    context: &Context,
    lane: &Lane,
    outlet: &Outlet,
    export: &Export,
    delivery: Delivery,
    claim: &Claim,
) -> Result<Delivered, Failure> {
    let before = delivery.state;
    let progress = Progress::start(
        &context.handle,
        delivery.id,
        &lane.endpoint.name,
        &delivery.final_name,
        export.size,
    )
    .at(outlet.destination.pace());
    let mut work = Work {
        context,
        lane,
        outlet,
        export,
        claim,
        progress: &progress,
        delivery,
        seen_once: false,
    };
    let end = work.run().await?;
    let after = work.delivery.state;
    Ok(Delivered { published: after.is_delivered() && !before.is_delivered(), end })
}

/// What one step did.
pub(super) enum Step {
    /// The books have another state: go on from there.
    Moved,
    /// Nothing more to do in this pass.
    Rest,
    /// The archived file has to be fetched again first; the books know.
    Refetch,
    /// It did not work; the books know.
    Failed(Failure),
}

impl Work<'_> {
    async fn run(&mut self) -> Result<End, Failure> {
        let mut tries = 0;
        loop {
            // Only between two steps: a rename under way is brought to its end, which
            // is near, and what it settles need not be settled again.
            if self.claim.token().is_cancelled() {
                return self.stopped().await;
            }
            let failure = match self.step().await? {
                Step::Moved => continue,
                Step::Rest => return Ok(End::Rest),
                Step::Refetch => return Ok(End::Refetch),
                Step::Failed(failure) => failure,
            };
            if self.claim.token().is_cancelled() {
                return self.stopped().await;
            }
            tries += 1;
            let Some(pause) = retry::pause_in_pass(&failure, tries).filter(|_| self.goes_on())
            else {
                return Ok(End::Failed(failure));
            };
            self.progress.pause(&failure, tries, pause, 0);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.claim.token().cancelled() => return self.stopped().await,
            }
        }
    }

    async fn step(&mut self) -> Result<Step, Failure> {
        use DeliveryState as S;
        let elsewhere = self.delivery.target != self.outlet.settings.target();
        match self.delivery.state {
            S::Staged | S::Publishing | S::Fencing | S::Published if elsewhere => {
                self.moved_house().await
            }
            S::Verified | S::RetryWait | S::Uploading => match self.outlet.settings.publish {
                PublishMode::Rename => self.upload().await,
                PublishMode::Direct => direct::write(self).await,
            },
            S::Staged => self.publish().await,
            // Only a restart finds this state here: whether the rename was sent,
            // and what became of it, is unknown.
            S::Publishing => match self.outlet.settings.publish {
                PublishMode::Rename => fence::doubt(self, None).await,
                PublishMode::Direct => direct::after_restart(self).await,
            },
            S::Fencing => fence::settle(self).await,
            S::Published => confirm::look(self).await,
            S::Confirmed => confirm::clean_up(self).await,
            S::Cleaned | S::Held | S::InDoubt | S::Cancelled => Ok(Step::Rest),
        }
    }

    /// verified → uploading(k+1) → staged(k+1)
    async fn upload(&mut self) -> Result<Step, Failure> {
        let Some(local) = self.file_to_stage().await? else { return Ok(Step::Refetch) };
        let target = self.outlet.settings.target();
        self.move_to(DeliveryState::Uploading, |d| {
            d.attempt += 1;
            d.target = target;
        })
        .await?;
        crash::at(Point::Uploading)?;
        self.progress.step("uploading", 0, Some(local.size));
        let temporary = self.delivery.temporary_name(self.delivery.attempt);
        let (progress, token) = (self.progress, self.claim.token());
        let staged = self
            .outlet
            .destination
            .stage(&local, &temporary, &self.delivery.final_name, &|n| progress.bytes(n), token)
            .await;
        crash::at(Point::StagedThere)?;
        match staged {
            Ok(staged) if staged.target_exists => self.name_taken().await,
            Ok(staged) if self.was_delivered_before(staged) => self.delivered_before().await,
            // Nothing has to be looked at in between: one wait for both.
            Ok(_) if self.publishes_what_is_staged() => {
                let staged = |d: &mut Delivery| d.staged_at = Some(ledger::now());
                self.move_on(DeliveryState::Staged, staged, DeliveryState::Publishing).await?;
                crash::at(Point::Staged)?;
                self.rename().await
            }
            Ok(_) => {
                self.move_to(DeliveryState::Staged, |d| d.staged_at = Some(ledger::now())).await?;
                crash::at(Point::Staged)?;
                Ok(Step::Moved)
            }
            Err(failure) => {
                // Half a file that nobody will go on with; on a full server it is in
                // the way. A lost connection is not made again only for this.
                if failure.class != FailureClass::Network && !self.claim.token().is_cancelled() {
                    self.remove(&temporary).await;
                }
                // One that cannot be read now is the next try's to tell of.
                let data_dir = &self.context.config.data_dir;
                if failure.class == FailureClass::Damaged
                    && let Ok(None) = archive::intact(data_dir, self.export).await
                {
                    self.or_refetch(None).await?;
                    return Ok(Step::Refetch);
                }
                self.retry_later(DeliveryState::RetryWait, failure).await
            }
        }
    }

    /// staged(k) → publishing(k), and on
    async fn publish(&mut self) -> Result<Step, Failure> {
        let mut _naming = None;
        if self.outlet.settings.names == FinalNames::Original {
            _naming = Some(self.outlet.naming.lock().await);
            // Names repeat, and an atomic rename overwrites: look at the last moment.
            match self.outlet.destination.sight(&self.delivery.final_name).await {
                Ok(Sighting::InPlace(_)) => return self.name_taken().await,
                Ok(_) => {}
                Err(failure) => return self.retry_later(DeliveryState::Staged, failure).await,
            }
        }
        // Committed before the rename goes on the wire.
        if !wrong::without(Guard::Intent) {
            self.move_to(DeliveryState::Publishing, |_| {}).await?;
        }
        self.rename().await
    }

    /// Whether the rename follows at once where a file is staged.
    fn publishes_what_is_staged(&self) -> bool {
        self.outlet.settings.names == FinalNames::Unique
            && !self.claim.token().is_cancelled()
            && !wrong::without(Guard::Intent)
    }

    /// publishing(k) → published, or fencing(k→k+1)
    async fn rename(&mut self) -> Result<Step, Failure> {
        let temporary = self.delivery.temporary_name(self.delivery.attempt);
        crash::at(Point::Publishing)?;
        self.progress.step("publishing", self.export.size.unwrap_or_default(), None);
        let renamed = self.outlet.destination.publish(&temporary, &self.delivery.final_name).await;
        crash::at(if renamed.is_ok() { Point::Renamed } else { Point::Doubted })?;
        if wrong::without(Guard::Intent) {
            self.move_to(DeliveryState::Publishing, |_| {}).await?;
        }
        match renamed {
            Ok(Some(sighting)) if confirm::is_enough(self, sighting) => {
                self.published_and_seen().await
            }
            Ok(_) => self.published().await,
            Err(failed) if failed.in_doubt => fence::doubt(self, Some(failed.failure)).await,
            Err(failed) => {
                self.remove(&temporary).await;
                self.retry_later(DeliveryState::RetryWait, failed.failure).await
            }
        }
    }

    /// → published, with the first evidence.
    pub(super) async fn published(&mut self) -> Result<Step, Failure> {
        self.move_to(DeliveryState::Published, is_published).await?;
        crash::at(Point::Published)?;
        Ok(Step::Moved)
    }

    /// → published → confirmed → cleaned: what there is to see was seen behind the rename,
    /// and nothing was left behind. One wait for all.
    async fn published_and_seen(&mut self) -> Result<Step, Failure> {
        let published = moved(&self.delivery, DeliveryState::Published, is_published);
        let confirmed = moved(&published, DeliveryState::Confirmed, confirm::by(Evidence::E1));
        let cleaned = moved(&confirmed, DeliveryState::Cleaned, |_| {});
        self.book([published, confirmed, cleaned]).await?;
        for point in [Point::Published, Point::Sighted, Point::Confirmed, Point::Cleaned] {
            crash::at(point)?;
        }
        Ok(Step::Rest)
    }

    /// Something that is not ours has the final name. Overwriting it could lose
    /// a file that the receiver has not taken yet.
    async fn name_taken(&mut self) -> Result<Step, Failure> {
        let failure = Failure::new(FailureClass::Refused, "publishing", &self.delivery.final_name)
            .said("a file of that name is there already");
        if self.outlet.settings.names == FinalNames::Original {
            let failure =
                failure.advice("it goes on by itself once the receiver has taken that one");
            self.remove(&self.delivery.temporary_name(self.delivery.attempt)).await;
            return self.retry_later(DeliveryState::RetryWait, failure).await;
        }
        let failure = failure.retry(Retry::Never).advice(
            "look whether it was delivered before (a restored backup?); then release or cancel it",
        );
        self.move_to(DeliveryState::Held, |d| d.failure = Some(failure.clone())).await?;
        Ok(Step::Failed(failure))
    }

    /// Whether the receiver has put away a file of this name and size. The name is
    /// this delivery's own: an earlier time of ours that the books do not know has
    /// sent it, before they were put back from a backup. Once that was told, it is
    /// the operator who sends it.
    fn was_delivered_before(&self, staged: Staged) -> bool {
        self.outlet.settings.names == FinalNames::Unique
            && staged.processed == Some(staged.size)
            && self.delivery.evidence.is_none()
    }

    async fn delivered_before(&mut self) -> Result<Step, Failure> {
        let failure = Failure::new(FailureClass::Doubt, "delivering", &self.delivery.final_name)
            .said("the receiver has a file of this name and size in `processed`")
            .advice(
                "it was delivered in a time that this ledger does not know: cancel it, or \
                 release it to send it all the same",
            );
        self.move_to(DeliveryState::Held, |d| {
            d.evidence = Some(Evidence::E3);
            d.failure = Some(failure.clone());
        })
        .await?;
        Ok(Step::Failed(failure))
    }

    /// The configuration now names another place than the one that the rename
    /// was sent to. Nothing can be settled there.
    async fn moved_house(&mut self) -> Result<Step, Failure> {
        let failure = Failure::new(FailureClass::Doubt, "going on with", &self.delivery.final_name)
            .said(format!(
                "it was sent to {}, but {} is {} now",
                self.delivery.target,
                self.delivery.destination,
                self.outlet.settings.target()
            ))
            .advice("put the old settings back to settle it, or `send --again` to the new place");
        match self.delivery.state {
            // Nothing was published yet: simply begin anew at the new place.
            DeliveryState::Staged => {
                tracing::warn!(id = %self.delivery.id, "begins anew at the new place: {failure}");
                self.move_to(DeliveryState::RetryWait, |_| {}).await?;
                Ok(Step::Moved)
            }
            DeliveryState::Published => Ok(Step::Rest),
            _ => {
                self.move_to(DeliveryState::InDoubt, |d| d.failure = Some(failure.clone())).await?;
                Ok(Step::Failed(failure))
            }
        }
    }

    /// The archived file, compared with the books before its bytes leave. None if it is
    /// missing or different: then it is fetched again first.
    pub(super) async fn intact(&mut self) -> Result<Option<LocalFile>, Failure> {
        let found = archive::intact(&self.context.config.data_dir, self.export).await?;
        self.or_refetch(found).await
    }

    /// The same; a large one is compared while it is sent, to a place where nobody takes it
    /// before that is done.
    async fn file_to_stage(&mut self) -> Result<Option<LocalFile>, Failure> {
        let found = archive::to_send(&self.context.config.data_dir, self.export).await?;
        self.or_refetch(found).await
    }

    /// What was `found`; where it is nothing, it is booked to be fetched again.
    async fn or_refetch(&mut self, found: Option<LocalFile>) -> Result<Option<LocalFile>, Failure> {
        if found.is_some() {
            return Ok(found);
        }
        if !matches!(self.export.state, ExportState::Verified | ExportState::Skipped) {
            // Given up by the operator, or gone at the source: not ours to revive.
            let failure = Failure::new(FailureClass::Local, "delivering", self.export.name())
                .said(format!("its file is not here: {} is {}", self.export.id, self.export.state))
                .advice("fetch it, then release this; or cancel this")
                .retry(Retry::Never);
            self.move_to(DeliveryState::Held, |d| d.failure = Some(failure)).await?;
            return Ok(None);
        }
        let mut again = self.export.clone();
        again.state = ExportState::Recorded;
        again.failure = Some(
            Failure::new(FailureClass::Damaged, "reading the archived", self.export.name())
                .said("the file is missing or is not the one that was verified")
                .advice("it is fetched again by itself"),
        );
        self.context.ledger.move_export(self.export, &again, None).await?;
        self.context.export_moved(self.lane, &again);
        Ok(None)
    }

    /// Removes one of our temporary files, as far as that works: what stays is
    /// removed when the delivery comes to its end.
    async fn remove(&self, temporary: &str) {
        if let Err(failure) = self.outlet.destination.remove_temporary(temporary).await {
            tracing::debug!(id = %self.delivery.id, "left {temporary} behind: {failure}");
        }
    }

    /// Books a failure in `state` and when it is tried again.
    pub(super) async fn retry_later(
        &mut self,
        state: DeliveryState,
        failure: Failure,
    ) -> Result<Step, Failure> {
        self.retry_changed(state, failure, |_| {}).await
    }

    /// The same, with another change in one.
    pub(super) async fn retry_changed(
        &mut self,
        state: DeliveryState,
        failure: Failure,
        change: impl FnOnce(&mut Delivery),
    ) -> Result<Step, Failure> {
        if self.claim.token().is_cancelled() && state == DeliveryState::RetryWait {
            // Stopped, not failed: the next pass simply takes the next attempt.
            return Ok(Step::Failed(failure));
        }
        self.move_to(state, |d| {
            d.tries += 1;
            d.next_attempt_at = retry::next_attempt_at(&failure, d.tries);
            d.failure = Some(failure.clone());
            change(d);
        })
        .await?;
        Ok(Step::Failed(failure))
    }

    /// Books one arrow, or a change within a state, and tells everybody.
    pub(super) async fn move_to(
        &mut self,
        state: DeliveryState,
        change: impl FnOnce(&mut Delivery),
    ) -> Result<(), Failure> {
        let after = moved(&self.delivery, state, change);
        self.context.ledger.move_delivery(&self.delivery, &after).await?;
        self.has_moved(after);
        Ok(())
    }

    /// Books two arrows of which the second follows at once.
    pub(super) async fn move_on(
        &mut self,
        state: DeliveryState,
        change: impl FnOnce(&mut Delivery),
        next: DeliveryState,
    ) -> Result<(), Failure> {
        let between = moved(&self.delivery, state, change);
        let after = moved(&between, next, |_| {});
        self.book([between, after]).await
    }

    /// Books several arrows at once, and tells everybody of each.
    async fn book<const ARROWS: usize>(
        &mut self,
        arrows: [Delivery; ARROWS],
    ) -> Result<(), Failure> {
        self.context.ledger.move_delivery_on(&self.delivery, &arrows).await?;
        arrows.into_iter().for_each(|after| self.has_moved(after));
        Ok(())
    }

    fn has_moved(&mut self, after: Delivery) {
        self.delivery = after;
        self.context.delivery_moved(self.lane, &self.delivery);
    }

    /// Whether trying again in this pass can do anything.
    fn goes_on(&self) -> bool {
        self.delivery.state.is_open() && self.delivery.state != DeliveryState::Published
    }

    /// The operator's cancel ends in `cancelled` where nothing was published
    /// yet; the program's end leaves everything for the next start.
    async fn stopped(&mut self) -> Result<End, Failure> {
        let state = self.delivery.state;
        if self.claim.cancelled_by_operator() && state.may_become(DeliveryState::Cancelled) {
            self.move_to(DeliveryState::Cancelled, leftovers::are_due).await?;
            leftovers::remove(self.context, self.lane, self.delivery.clone()).await?;
        }
        Ok(End::Stopped)
    }
}

/// With the first evidence.
fn is_published(delivery: &mut Delivery) {
    delivery.evidence = Some(Evidence::E0);
    delivery.published_at = Some(ledger::now());
    delivery.tries = 0;
}

/// `delivery` in another state.
fn moved(
    delivery: &Delivery,
    state: DeliveryState,
    change: impl FnOnce(&mut Delivery),
) -> Delivery {
    let mut after = delivery.clone();
    after.state = state;
    after.failure = None;
    after.next_attempt_at = None;
    change(&mut after);
    after
}
