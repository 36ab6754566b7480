//! Reconcile and test on demand: looks at the source without taking anything.

use super::command::{Reconciled, Tested};
use super::context::Context;
use super::lane::Lane;
use super::listing;
use crate::destinations::Capabilities;
use crate::model::{Failure, FailureClass, ReconcileMode, Shown};

/// Delivered list minus the ledger, with what is found treated as `mode` says.
pub(super) async fn reconcile(context: &Context, lane: &Lane, mode: ReconcileMode) -> Reconciled {
    let _turn = lane.turn.lock().await;
    let compared = async {
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

/// Signs in on both sides and looks around. Changes nothing anywhere.
pub(super) async fn test(lane: &Lane, max_files: usize) -> Tested {
    let mut checks = Vec::new();
    let signed_in = lane.source.sign_in().await.map(|signed_in| signed_in.identity);
    checks.push((format!("{}: sign in", lane.endpoint.endpoint_type), signed_in));
    if let Some(outlet) = &lane.outlet {
        let name = &outlet.settings.name;
        let probed = outlet.destination.probe().await;
        let reached = probed.is_ok();
        checks.push((format!("{name}: sign in"), probed.as_ref().map(words).map_err(Clone::clone)));
        if reached {
            let listed = outlet.destination.peek(max_files).await;
            let listed = listed.map(|names| Shown::new(names.join(", ")));
            checks.push((format!("{name}: list {}", outlet.settings.directory), listed));
        }
    }
    Tested { endpoint: lane.endpoint.name.clone(), checks }
}

fn words(capabilities: &Capabilities) -> Shown {
    let rename = if capabilities.posix_rename {
        "atomic rename: exactly once"
    } else {
        "rename not atomic: a lost reply may deliver twice"
    };
    match capabilities.free_bytes {
        Some(free) => Shown::new(format!("{rename}; {} MB free", free >> 20)),
        None => Shown::new(rename),
    }
}
