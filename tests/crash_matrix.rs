//! Every crash point, at its first and second hit, by abort, by SIGKILL and by
//! an error: a clean restart delivers everything exactly once all the same. A
//! point that is never hit fails the test.
//!
//! `cargo nextest run --features crash-points --test crash_matrix`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod support;

use support::crash::{Crash, broken_off, survives, survives_when_hit, tell, three_exports};
use transship::crash::POINTS;
use transship::demo::Consumer;
use transship::ledger::Filter;

const HOWS: &[&str] = &["abort", "kill", "error"];

/// Every point in direct mode or in the other one, at these hits, in every way.
fn all(direct: bool, hits: &[u32]) -> Vec<Crash> {
    let each = |&point| {
        hits.iter().flat_map(move |&hit| HOWS.iter().map(move |how| Crash { point, hit, how }))
    };
    let wanted = |crash: &Crash| crash.is_direct() == direct && !crash.is_of_feeds();
    POINTS.iter().flat_map(each).filter(wanted).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_off_at_any_point_it_still_delivers_everything_once() {
    tell(all(false, &[1, 2]), survives_when_hit).await.assert_all_hit();
}

/// Every commit of a pass, not only the first two: before it, and after it with
/// nobody told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_off_at_any_commit_it_still_delivers_everything_once() {
    let crashes = (3..=60).map(|hit| Crash {
        point: if hit % 2 == 0 { "ledger_committing" } else { "ledger_committed" },
        hit,
        how: HOWS[hit as usize % HOWS.len()],
    });
    let told = tell(crashes, |crash| survives(crash, None)).await;
    told.assert_kept();
    let hit = told.hit.len();
    assert!(hit > 25, "a pass has more than {hit} commits");
}

/// Direct mode promises less: nothing twice, and what is unknown waits for a person.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_direct_mode_what_is_unknown_after_a_crash_waits_for_a_person() {
    let told = tell(all(true, &[2]), |crash| async move {
        // It would take half a file: what direct mode cannot help.
        let mut site = three_exports(Consumer::Off).await;
        site.configure("type: sftp", "type: sftp\n    publish: direct");
        let ran = broken_off(&mut site, &crash).await;
        for _ in 0..2 {
            site.run(&["sync"]).await;
        }
        let oracle = site.oracle();
        let doubted = site.books(&Filter::default());
        let doubted = doubted.iter().filter(|row| row.state == "in_doubt").count();
        assert!(doubted > 0, "{crash:?}: {oracle:#?}");
        assert!(oracle.exports.iter().all(|e| e.arrived <= 1), "{crash:?}: {oracle:#?}");
        // Half a file may lie there, and an empty one could be anybody's.
        let unknown = oracle.exports.iter().filter(|export| export.arrived == 0).count();
        assert!(unknown <= doubted, "{crash:?}: {doubted} in doubt: {oracle:#?}");
        Ok(crash.was_hit(&ran))
    });
    told.await.assert_all_hit();
}
