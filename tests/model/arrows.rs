//! The arrows that the model takes on its way, against those that the ledger
//! lets pass: every one that is needed exists, and none exists without a reason.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use transship::model::DeliveryState as S;

use crate::explore::{Arrow, explore};
use crate::protocol::Protocol;

/// What the model takes under our own protocol.
static TAKEN: LazyLock<BTreeSet<Arrow>> = LazyLock::new(|| explore(Protocol::RenameFence).arrows);

/// What the model has not got, and who takes it.
const OTHERS: &[(S, S, &str)] = &[
    (S::Verified, S::Publishing, "direct mode writes under the final name"),
    (S::RetryWait, S::Publishing, "direct mode writes under the final name"),
    (
        S::Publishing,
        S::InDoubt,
        "direct mode: the write's reply was lost; or the place was changed",
    ),
    (S::Fencing, S::InDoubt, "older than the server keeps files, or the place was changed"),
    (S::Uploading, S::Held, "something else has the final name"),
    (S::Staged, S::RetryWait, "something else has the original name, or the place was changed"),
    (S::Verified, S::Held, "the operator: hold; or its bytes are given up"),
    (S::RetryWait, S::Held, "the operator: hold; or its bytes are given up"),
    (S::Staged, S::Held, "the operator: hold"),
    (S::Held, S::Verified, "the operator: release"),
    (S::RetryWait, S::Verified, "the operator: retry"),
    (S::Cancelled, S::Verified, "the operator: retry"),
    (S::InDoubt, S::Fencing, "the operator: retry, ask the fence once more"),
    (S::Verified, S::Cancelled, "the operator: cancel"),
    (S::Uploading, S::Cancelled, "the operator: cancel"),
    (S::RetryWait, S::Cancelled, "the operator: cancel"),
    (S::Staged, S::Cancelled, "the operator: cancel"),
    (S::Held, S::Cancelled, "the operator: cancel"),
    (S::InDoubt, S::Cancelled, "the operator: cancel"),
];

/// Whether the model, or somebody with a reason, moves a delivery like this.
/// Staying where it is with another failure or another evidence is no arrow.
pub fn exists(from: S, to: S, attempts: u32) -> bool {
    let taken = |&(a, b, n): &Arrow| (a, b, u32::from(n)) == (from, to, attempts);
    let direct = |from, to| to == S::Publishing && from != S::Staged;
    TAKEN.iter().any(taken)
        || (from == to && attempts == 0)
        || OTHERS
            .iter()
            .any(|&(a, b, _)| (a, b) == (from, to) && attempts == u32::from(direct(a, b)))
}

#[test]
fn every_arrow_of_the_ledger_is_one_of_the_model_or_has_a_reason() {
    let mut wrong = Vec::new();
    for &from in S::ALL {
        for &to in S::ALL {
            let taken = TAKEN.iter().any(|&(a, b, _)| (a, b) == (from, to));
            let listed = OTHERS.iter().any(|&(a, b, _)| (a, b) == (from, to));
            let allowed = from.may_become(to);
            match (taken, listed, allowed) {
                (true, _, false) => wrong.push(format!("{from} → {to} is needed")),
                (false, true, false) => wrong.push(format!("{from} → {to} is listed only")),
                (false, false, true) => wrong.push(format!("{from} → {to} has no reason")),
                (true, true, _) => wrong.push(format!("{from} → {to} is listed twice")),
                (true, false, true) | (false, true, true) | (false, false, false) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}\n{:#?}", *TAKEN);
}

/// An attempt is never used twice: its temporary name is a message's only key.
#[test]
fn attempts_grow_where_a_name_is_used_and_nowhere_else() {
    for &(from, to, attempts) in TAKEN.iter() {
        let names = to == S::Uploading || (from, to) == (S::Fencing, S::Staged);
        assert_eq!(attempts, u8::from(names), "{from} → {to}");
    }
}
