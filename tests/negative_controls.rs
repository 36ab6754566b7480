//! The proof of the proof: each wrong variant of the program, in the story that
//! is told elsewhere of the right one, does the damage that it is known for, and
//! the judge sees it. The same story without the mistake ends well.
//!
//! `cargo nextest run --features crash-points --test negative_controls`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod support;

use support::crash::{Crash, broken_off, three_exports};
use support::order;
use transship::demo::{Consumer, Oracle, Totals};

/// The story: what goes wrong outside, and where the program is broken off.
struct Story {
    fault: Option<&'static str>,
    crash: Option<&'static str>,
}

impl Story {
    /// Tells it with the program as it is, or with one that has a mistake.
    async fn told(&self, wrong: Option<&str>) -> Oracle {
        let mut site = three_exports(Consumer::Eager).await;
        if let Some(wrong) = wrong {
            site.set("TRANSSHIP_WRONG", wrong);
        }
        if let Some(fault) = self.fault {
            site.arm(fault);
        }
        match self.crash {
            Some(point) => {
                let crash = Crash { point, hit: 1, how: "kill" };
                let ran = broken_off(&mut site, &crash).await;
                assert!(crash.was_hit(&ran), "{ran:#?}");
            }
            None => {
                site.run(&["sync"]).await;
            }
        }
        site.sync_until_quiet(8).await;
        site.oracle()
    }

    /// Ends well without the mistake, and with it in the damage named.
    async fn needs_the_guard(&self, wrong: &str, damage: impl Fn(Totals) -> bool) {
        let right = self.told(None).await;
        assert!(right.all_once(), "{right:#?}");
        let damaged = self.told(Some(wrong)).await;
        assert!(damage(damaged.totals), "{wrong} goes unnoticed: {damaged:#?}");
    }
}

fn some_twice(totals: Totals) -> bool {
    totals.twice > 0 && totals.lost == 0
}

fn some_lost(totals: Totals) -> bool {
    totals.lost > 0 && totals.twice == 0
}

#[tokio::test]
async fn recovery_by_looking_for_the_final_name_sends_twice() {
    let story = Story { fault: Some("rename_cut_after"), crash: None };
    story.needs_the_guard("stat_recovery", some_twice).await;
    // Also when a crash, and no cut, leaves the rename in doubt.
    let story = Story { fault: None, crash: Some("renamed") };
    story.needs_the_guard("stat_recovery", some_twice).await;
}

#[tokio::test]
async fn a_blind_retry_sends_twice() {
    let story = Story { fault: Some("rename_cut_after"), crash: None };
    story.needs_the_guard("blind_retry", some_twice).await;
    let story = Story { fault: None, crash: Some("renamed") };
    story.needs_the_guard("blind_retry", some_twice).await;
}

#[tokio::test]
async fn a_fence_that_removes_loses() {
    let story = Story { fault: Some("rename_cut_before"), crash: Some("fenced") };
    story.needs_the_guard("remove_fence", some_lost).await;
}

#[tokio::test]
async fn a_rename_that_nobody_booked_before_is_sent_twice() {
    let story = Story { fault: None, crash: Some("renamed") };
    story.needs_the_guard("no_intent", some_twice).await;
}

#[tokio::test]
async fn a_lost_list_that_nobody_looks_for_is_lost() {
    for story in [
        Story { fault: Some("list_cut"), crash: None },
        Story { fault: None, crash: Some("poll_answered") },
    ] {
        story.needs_the_guard("no_reconcile", some_lost).await;
    }
}

/// Killing a process leaves what it wrote in the kernel: only the order of its
/// calls shows a sync that is missing.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_missing_sync_and_a_missing_intent_show_in_the_order_of_calls() {
    if !order::can_record() {
        println!("SKIPPED: this machine lets no process watch another (ptrace): NOTHING IS PROVED");
        return;
    }
    assert_eq!(order::record(None).await.check(), Ok(()));
    assert_eq!(order::record(Some("no_sync")).await.check(), Err("the part file is synced"));
    let unbooked = order::record(Some("no_intent")).await.check();
    assert_eq!(unbooked, Err("the rename arrives only then"));
}
