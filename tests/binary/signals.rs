//! Ended from outside, and started again.

use std::time::{Duration, Instant};

use crate::support::program::Site;
use transship::demo::Fault;

/// A service manager waits a little before it kills.
const A_MOMENT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn told_to_end_in_mid_transfer_it_ends_soon_and_the_next_one_goes_on() {
    let site = Site::new().await;
    // The largest file alone takes half a minute.
    site.arm("sftp_slow=20000");
    let sync = site.start(&["sync", "--json"]);
    site.until("an upload has begun", |w| !w.oracle().unwrap().temporaries.is_empty()).await;
    let told = Instant::now();
    sync.terminate();
    let ran = sync.ended().await.expect(143);
    assert!(told.elapsed() < A_MOMENT, "{:?}: {ran:#?}", told.elapsed());
    // What was done up to there is still reported.
    assert_eq!(ran.rows()[0]["endpoints"][0]["new"], 8, "{ran:#?}");
    assert!(site.oracle().nothing_wrong());
    site.world().disarm();
    site.sync_until_quiet(3).await;
    site.assert_all_once();
}

#[tokio::test]
async fn what_stays_settles_by_itself_what_a_killed_one_left_open() {
    let site = Site::new().await;
    site.arm("list_hang");
    let sync = site.start(&["sync"]);
    site.until("the list was asked for", |world| world.struck(Fault::ListHang) > 0).await;
    // All exports have been flipped, and nobody will ever see that list.
    sync.kill().await;
    assert_eq!(site.oracle().totals.lost, 8);

    let stays = site.start(&["--no-tui"]);
    site.until("everything arrived", |w| w.oracle().unwrap().all_once()).await;
    assert_eq!(site.destructive_lists(), 1, "by the Delivered list alone");
    stays.terminate();
    stays.ended().await.expect(143);
    site.sync_until_quiet(3).await;
    site.assert_all_once();
}

#[tokio::test]
async fn what_stays_waits_for_its_schedule_and_ends_when_told() {
    let site = Site::new().await;
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let stays = site.start(&["--no-tui"]);
        stays.says("next run").await;
        stays.signal(signal);
        let ran = stays.ended().await.expect(code);
        assert_eq!(ran.stdout, "", "{ran:#?}");
        assert_eq!(site.destructive_lists(), 0, "the schedule says when, not the start");
    }
    site.run(&["sync"]).await.expect(0);
    site.assert_all_once();
}

#[tokio::test]
async fn told_twice_it_ends_at_once_whatever_the_server_does() {
    let site = Site::new().await;
    site.arm("silent@20*4");
    let mut sync = site.start(&["sync"]);
    site.until("the server is silent", |world| world.struck(Fault::Silent) > 0).await;
    let told = Instant::now();
    sync.terminate();
    // Patient with the server, but not with an operator who says it twice.
    if !sync.ends_within(Duration::from_secs(1)).await {
        sync.terminate();
    }
    sync.ended().await.expect(143);
    assert!(told.elapsed() < A_MOMENT / 2, "{:?}", told.elapsed());
    site.world().disarm();
    site.sync_until_quiet(3).await;
    site.assert_all_once();
}
