//! Reconcile on demand: looks at the source without taking anything.

use super::command::Reconciled;
use super::context::Context;
use super::lane::Lane;
use super::listing;
use crate::model::{Failure, FailureClass, ReconcileMode};

/// Delivered list minus the ledger, with what is found treated as `mode` says.
pub(super) async fn reconcile(context: &Context, lane: &Lane, mode: ReconcileMode) -> Reconciled {
    let _turn = lane.turn.lock().await;
    let compared = async {
        // Nobody calls a register's files delivered: there is nothing to compare.
        lane.lists()?;
        lane.source.sign_in().await?;
        if context.ledger.is_distrusted(lane.number).await? {
            // The operator has been told and says what to do.
            return listing::after_restore(context, lane, None, mode).await;
        }
        // What a lost list took is ours, whatever is decided about the rest.
        let tally = lane.tally();
        listing::settle_open_polls(context, lane, None, &tally).await?;
        if mode == ReconcileMode::Hold && !listing::has_baseline(context, lane).await? {
            return Err(Failure::new(
                FailureClass::Misconfigured,
                "reconciling",
                &lane.endpoint.name,
            )
            .said("nothing is known of the past yet: everything ever delivered would be held")
            .advice(
                "run a sync first, or choose --adopt (handled already) or --fetch (all of it)",
            ));
        }
        listing::compare_all(context, lane, None, mode).await
    }
    .await;
    Reconciled {
        endpoint: lane.endpoint.name.clone(),
        found: compared.as_ref().map_or(0, |recorded| recorded.new),
        result: compared.map(|_| mode),
    }
}
