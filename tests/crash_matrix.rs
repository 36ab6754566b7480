//! Every crash point, at its first and second hit, by abort, by SIGKILL and by
//! an error: a clean restart delivers everything exactly once all the same. A
//! point that is never hit fails the test.
//!
//! `cargo nextest run --features crash-points --test crash_matrix`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod support;

use std::sync::Mutex;

use futures::StreamExt as _;
use support::crash::{Crash, broken_off, three_exports};
use transship::crash::POINTS;
use transship::demo::Consumer;
use transship::ledger::Filter;

const HOWS: &[&str] = &["abort", "kill", "error"];

/// Stories told side by side: most of their time is spent in waiting.
const SIDE_BY_SIDE: usize = 6;

/// What has to go wrong beside the crash so that its point is reached twice.
fn provoked_by(point: &str) -> Option<&'static str> {
    match point {
        "poll_lost" => Some("list_cut*2"),
        "doubted" | "fencing" | "fenced" | "settled" | "removed" => Some("rename_cut_before*3"),
        _ => None,
    }
}

fn is_direct(point: &str) -> bool {
    point.starts_with("direct_")
}

/// Tells all stories; each gives whether its point was hit.
async fn tell<F>(crashes: Vec<Crash>, story: impl Fn(Crash) -> F) -> Vec<(Crash, bool)>
where
    F: Future<Output = bool> + Send + 'static,
{
    let told = Mutex::new(Vec::new());
    let broken = Mutex::new(Vec::new());
    futures::stream::iter(crashes)
        .for_each_concurrent(SIDE_BY_SIDE, |crash| {
            let story = tokio::spawn(story(crash));
            let (told, broken) = (&told, &broken);
            async move {
                match story.await {
                    Ok(hit) => told.lock().unwrap().push((crash, hit)),
                    // Its panic has said why.
                    Err(_) => broken.lock().unwrap().push(crash),
                }
            }
        })
        .await;
    let broken = broken.into_inner().unwrap();
    assert!(broken.is_empty(), "the promise was not kept at {broken:#?}");
    told.into_inner().unwrap()
}

async fn survives(crash: Crash) -> bool {
    let mut site = three_exports(Consumer::Eager).await;
    if let Some(fault) = provoked_by(crash.point) {
        site.arm(fault);
    }
    let ran = broken_off(&mut site, &crash).await;
    let oracle = site.oracle();
    assert!(oracle.nothing_wrong(), "{crash:?}: {oracle:#?}");
    site.sync_until_quiet(8).await;
    site.assert_all_once();
    crash.was_hit(&ran)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_off_at_any_point_it_still_delivers_everything_once() {
    let mut crashes = Vec::new();
    for point in POINTS.iter().copied().filter(|point| !is_direct(point)) {
        for hit in [1, 2] {
            crashes.extend(HOWS.iter().map(|how| Crash { point, hit, how }));
        }
    }
    let told = tell(crashes, survives).await;
    let missed: Vec<_> = told.iter().filter(|(_, hit)| !hit).collect();
    assert!(missed.is_empty(), "never hit: {missed:#?}");
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
    let told = tell(crashes.collect(), survives).await;
    let hit = told.iter().filter(|(_, hit)| *hit).count();
    assert!(hit > 25, "a pass has more than {hit} commits");
}

/// Direct mode promises less: nothing twice, and what is unknown waits for a person.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_direct_mode_what_is_unknown_after_a_crash_waits_for_a_person() {
    let mut crashes = Vec::new();
    for point in POINTS.iter().copied().filter(|point| is_direct(point)) {
        crashes.extend(HOWS.iter().map(|how| Crash { point, hit: 2, how }));
    }
    let told = tell(crashes, |crash| async move {
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
        crash.was_hit(&ran)
    })
    .await;
    assert!(told.iter().all(|(_, hit)| *hit), "never hit: {told:#?}");
}
