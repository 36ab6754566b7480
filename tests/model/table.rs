//! The table that the design rests on, found again by looking at every state.
//! `cargo test --test model table -- --nocapture` prints it, with the shortest
//! counter-example for every "yes".

use crate::explore::explore;
use crate::protocol::Protocol::{self, *};

const YES: bool = true;
const NO: bool = false;

/// Looks at every state of `protocol` and compares what can happen with the
/// design's row: lost, twice, partial. `least` states prove that it looked.
fn row(protocol: Protocol, expected: [bool; 3], least: usize) {
    let verdict = explore(protocol);
    let traces = [&verdict.lost, &verdict.twice, &verdict.partial];
    let found = traces.map(Option::is_some);
    let [lost, twice, partial] = found.map(|yes| if yes { "yes" } else { "no" });
    let mut words = format!(
        "{protocol:<44} lost: {lost:<3}  twice: {twice:<3}  partial: {partial:<3}  \
         ({} states, {} steps)\n",
        verdict.states, verdict.steps
    );
    for (trace, what) in traces.iter().zip(["lost", "twice", "partial"]) {
        if let Some(trace) = trace {
            words += &format!("{protocol}: {what}\n{trace}");
        }
    }
    println!("{words}");
    assert_eq!(found, expected, "{words}");
    assert!(verdict.states >= least, "only {} states: not all were looked at", verdict.states);
}

/// One test a row, so that they run side by side.
macro_rules! table {
    ($($name:ident: $protocol:ident, $lost:ident $twice:ident $partial:ident, $least:literal;)+) => {
        $(#[test]
        fn $name() {
            row($protocol, [$lost, $twice, $partial], $least);
        })+

        #[test]
        fn no_protocol_is_left_out() {
            assert_eq!([$($protocol),+], Protocol::ALL);
        }
    };
}

table! {
    the_naive_script: Naive, YES YES YES, 100;
    no_second_look: NoSecondLook, YES NO NO, 10_000;
    blind_retry: BlindRetry, NO YES NO, 10_000;
    stat_recovery: StatRecovery, NO YES NO, 10_000;
    remove_fence: RemoveFence, YES NO NO, 10_000;
    rename_fence: RenameFence, NO NO NO, 10_000;
    rename_fence_by_link_and_unlink: RenameFenceByLink, NO YES NO, 10_000;
    by_link_looking_twice: ByLinkLookingTwice, NO NO NO, 10_000;
    by_link_before_a_server_that_stalls: ByLinkStalled, YES NO NO, 10_000;
}
