//! What one endpoint's part of a run did, counted by many tasks at once.

use std::sync::{Mutex, PoisonError};

use crate::ledger::WalkCounts;
use crate::model::{EndpointResult, Failure, FailureClass, Outcome};

/// Counts that grow while tasks work; the result is read off at the end.
#[derive(Debug)]
pub(super) struct Tally(Mutex<Counts>);

/// So many items in a row, each after a few tries of its own: the others of the
/// pass need not find out for themselves.
const OUT_OF_REACH: u32 = 64;

/// The two sides that can refuse us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Where files come from.
    Source,
    /// Where files go.
    Destination,
}

#[derive(Debug)]
struct Counts {
    result: EndpointResult,
    /// Sides that it makes no sense to try again in this pass.
    given_up: Vec<Side>,
    /// Items in a row that found the source, and the destination, out of reach. Each side
    /// has its own: files that still come say nothing about where they go.
    out_of_reach: [u32; 2],
    needs_operator: bool,
    /// A register was walked to the end of the walk.
    walked: bool,
    /// Something in a register is different now.
    changed: bool,
}

impl Tally {
    /// Nothing counted yet.
    pub(super) fn new(result: EndpointResult) -> Self {
        Self(Mutex::new(Counts {
            result,
            given_up: Vec::new(),
            out_of_reach: [0; 2],
            needs_operator: false,
            walked: false,
            changed: false,
        }))
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A list was recorded.
    pub(super) fn listed(&self, found: u64, new: u64) {
        let mut counts = self.counts();
        counts.result.discovered += found;
        counts.result.new += new;
    }

    /// A register was walked, or the walk broke off after this.
    pub(super) fn registered(&self, walk: WalkCounts, to_its_end: bool) {
        let mut counts = self.counts();
        counts.result.discovered += walk.found;
        counts.result.new += walk.new;
        counts.result.updated += walk.updated;
        counts.result.removed += walk.removed;
        counts.walked |= to_its_end;
        counts.changed |= walk.any_change();
    }

    /// A file's bytes are here and verified.
    pub(super) fn fetched(&self, bytes: u64) {
        let mut counts = self.counts();
        counts.result.fetched += 1;
        counts.out_of_reach[Side::Source as usize] = 0;
        counts.result.bytes += bytes;
    }

    /// Landed files were taken in, or are refused: their tables say something new.
    pub(super) fn taken_in(&self, files: u64) {
        self.counts().changed |= files > 0;
    }

    /// Whether a register was walked to the end of the walk.
    pub(super) fn has_walked(&self) -> bool {
        self.counts().walked
    }

    /// Files fetched so far.
    pub(super) fn files_fetched(&self) -> u64 {
        self.counts().result.fetched
    }

    /// A file has its final name over there.
    pub(super) fn delivered(&self) {
        let mut counts = self.counts();
        counts.result.delivered += 1;
        counts.out_of_reach[Side::Destination as usize] = 0;
    }

    /// An item, or the pass itself, failed. The first one is reported in words.
    pub(super) fn failed(&self, failure: &Failure) {
        let mut counts = self.counts();
        counts.result.failed += 1;
        counts.needs_operator |= failure.needs_operator();
        if counts.result.failure.is_none() {
            counts.result.error = Some(failure.to_string());
            counts.result.failure = Some(failure.clone());
        }
    }

    /// An item failed at one side. If that side refuses *us*, the other items need
    /// not try: many refused sign-ins in a row lock accounts. Nor need they where one
    /// after the other found it out of reach.
    pub(super) fn failed_at(&self, side: Side, failure: &Failure) {
        let mut counts = self.counts();
        match failure.class {
            FailureClass::SignIn | FailureClass::HostKey => counts.given_up.push(side),
            FailureClass::Network => {
                counts.out_of_reach[side as usize] += 1;
                if counts.out_of_reach[side as usize] >= OUT_OF_REACH {
                    counts.given_up.push(side);
                }
            }
            _ => counts.out_of_reach[side as usize] = 0,
        }
        drop(counts);
        self.failed(failure);
    }

    /// Whether this side is not tried again in this pass.
    pub(super) fn has_given_up(&self, side: Side) -> bool {
        self.counts().given_up.contains(&side)
    }

    /// Something now waits for the operator.
    pub(super) fn needs_operator(&self, why: &str) {
        let mut counts = self.counts();
        counts.needs_operator = true;
        counts.result.error.get_or_insert_with(|| why.to_owned());
    }

    /// Whether nothing failed so far.
    pub(super) fn all_is_well(&self) -> bool {
        self.counts().result.failed == 0
    }

    /// The result, with the outcome that follows from the counts.
    pub(super) fn finish(&self, api_calls: u64, quota_used: u64) -> EndpointResult {
        let counts = self.counts();
        let mut result = counts.result.clone();
        // That the receiver took what an earlier pass delivered is good, but not new.
        let worked = result.delivered + result.fetched > 0 || counts.changed;
        (result.api_calls, result.quota_used) = (api_calls, quota_used);
        result.outcome = match (counts.needs_operator, result.failed > 0, worked) {
            (true, _, _) => Outcome::NeedsOperator,
            (_, true, true) => Outcome::Partial,
            // A walk that could not look everywhere has looked somewhere.
            (_, true, false) if counts.walked => Outcome::Partial,
            (_, true, false) => Outcome::Failed,
            (_, false, true) => Outcome::Done,
            // New exports of which nothing came (all held, say) are not "nothing new".
            (_, false, false) if result.new > 0 => Outcome::Done,
            (_, false, false) => Outcome::NothingNew,
        };
        result
    }
}

/// How a run ended, from how its endpoints did.
pub fn overall(endpoints: &[EndpointResult]) -> Outcome {
    let any = |outcome| endpoints.iter().any(|e| e.outcome == outcome);
    let all = |outcome| endpoints.iter().all(|e| e.outcome == outcome);
    if any(Outcome::NeedsOperator) {
        Outcome::NeedsOperator
    } else if all(Outcome::NothingNew) {
        Outcome::NothingNew
    } else if all(Outcome::Failed) {
        Outcome::Failed
    } else if any(Outcome::Failed) || any(Outcome::Partial) {
        Outcome::Partial
    } else {
        Outcome::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EndpointType, FailureClass};

    fn tally() -> Tally {
        Tally::new(EndpointResult::new("a", EndpointType::Encoura))
    }

    #[test]
    fn outcomes_follow_from_what_happened() {
        let network = Failure::new(FailureClass::Network, "listing", "a");
        let sign_in = Failure::new(FailureClass::SignIn, "signing in", "a");
        let seen = WalkCounts { found: 3, ..WalkCounts::default() };
        let gone = WalkCounts { removed: 1, ..seen };
        let lost = WalkCounts { access_lost: 1, ..seen };
        type Story<'a> = &'a [&'a dyn Fn(&Tally)];
        let table: &[(Story<'_>, Outcome)] = &[
            (&[], Outcome::NothingNew),
            (&[&|t| t.listed(3, 0)], Outcome::NothingNew),
            (&[&|t| t.listed(3, 3), &|t| t.fetched(1), &|t| t.delivered()], Outcome::Done),
            (&[&|t| t.failed(&network)], Outcome::Failed),
            (&[&|t| t.failed(&network), &|t| t.delivered()], Outcome::Partial),
            (&[&|t| t.failed(&sign_in), &|t| t.delivered()], Outcome::NeedsOperator),
            (&[&|t| t.delivered(), &|t| t.needs_operator("in doubt")], Outcome::NeedsOperator),
            (&[&|t| t.registered(seen, true)], Outcome::NothingNew),
            (&[&|t| t.registered(gone, true)], Outcome::Done),
            (&[&|t| t.registered(lost, true)], Outcome::Done),
            (&[&|t| t.registered(seen, true), &|t| t.failed(&network)], Outcome::Partial),
            (&[&|t| t.registered(seen, false), &|t| t.failed(&network)], Outcome::Failed),
            (&[&|t| t.registered(gone, false), &|t| t.failed(&sign_in)], Outcome::NeedsOperator),
        ];
        for (number, (story, outcome)) in table.iter().enumerate() {
            let tally = tally();
            story.iter().for_each(|step| step(&tally));
            assert_eq!(tally.finish(0, 0).outcome, *outcome, "story {number}");
        }
    }

    #[test]
    fn a_side_is_given_up_when_it_refuses_us_or_stays_out_of_reach() {
        let network = Failure::new(FailureClass::Network, "uploading", "a");
        let sign_in = Failure::new(FailureClass::SignIn, "signing in", "a");
        let refused = tally();
        refused.failed_at(Side::Destination, &sign_in);
        assert!(refused.has_given_up(Side::Destination) && !refused.has_given_up(Side::Source));

        let flaky = tally();
        for _ in 0..OUT_OF_REACH * 2 {
            flaky.failed_at(Side::Destination, &network);
            flaky.delivered();
        }
        assert!(!flaky.has_given_up(Side::Destination), "now and then it works");
        for _ in 0..OUT_OF_REACH {
            flaky.failed_at(Side::Destination, &network);
            flaky.fetched(1);
        }
        assert!(flaky.has_given_up(Side::Destination), "files that come do not make it well");
        assert!(!flaky.has_given_up(Side::Source));
    }

    #[test]
    fn a_run_is_as_good_as_its_endpoints() {
        use Outcome as O;
        for (parts, whole) in [
            (&[][..], O::NothingNew),
            (&[O::NothingNew, O::NothingNew], O::NothingNew),
            (&[O::Done, O::NothingNew], O::Done),
            (&[O::Done, O::Failed], O::Partial),
            (&[O::NothingNew, O::Failed], O::Partial),
            (&[O::Failed, O::Failed], O::Failed),
            (&[O::Failed, O::NeedsOperator], O::NeedsOperator),
        ] {
            let parts: Vec<_> = parts
                .iter()
                .map(|outcome| EndpointResult {
                    outcome: *outcome,
                    ..EndpointResult::new("a", EndpointType::Encoura)
                })
                .collect();
            assert_eq!(overall(&parts), whole, "{parts:?}");
        }
    }
}
