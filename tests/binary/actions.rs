//! The operator's actions from the command line.

use transship::demo::{NewExport, Status, sample_exports};

use crate::support::program::Site;

#[tokio::test]
async fn hold_and_release() {
    let site = stuck().await;
    site.run(&["hold", "x1"]).await.expect(0);
    site.world().disarm();
    site.sync_until_quiet(3).await;
    assert_eq!(site.ids("held").await, ["x1"]);
    assert_eq!(site.oracle().totals.once, 7);
    // What it makes possible is done at once.
    let released = site.run(&["release", "x1", "--json"]).await.expect(0);
    assert_eq!(released.rows()[0]["ok"], true);
    site.assert_all_once();
}

#[tokio::test]
async fn cancel_and_retry() {
    let site = stuck().await;
    let delivery = site.pending()[0].delivery.unwrap().to_string();
    site.run(&["cancel", &delivery]).await.expect(0);
    site.world().disarm();
    site.sync_until_quiet(3).await;
    assert_eq!(site.ids("cancelled").await.len(), 1);
    assert_eq!(site.oracle().totals.once, 7);
    assert_eq!(site.oracle().temporaries, Vec::<String>::new());
    site.run(&["retry", &delivery]).await.expect(0);
    site.assert_all_once();
}

#[tokio::test]
async fn only_send_again_sends_again() {
    let site = Site::new().await;
    site.run(&["sync"]).await.expect(0);
    for refused in [&["retry", "d1"][..], &["release", "d1"], &["hold", "d1"], &["cancel", "d1"]] {
        let ran = site.run(refused).await;
        assert_ne!(ran.code, 0, "{ran:#?}");
        assert!(ran.stderr.contains("d1"), "{ran:#?}");
    }
    site.assert_all_once();
    site.run(&["send", "d1", "--again"]).await.expect(0);
    assert_eq!(site.oracle().totals.twice, 1);
    let again = &site.run(&["transfers", "--json", "--limit", "1"]).await.rows()[0];
    assert_eq!(again["generation"], 2);
    assert!(again["remote_name"].as_str().unwrap().contains("_g2."), "{again:#}");
}

#[tokio::test]
async fn the_past_is_fetched_on_request() {
    let site = Site::with(|options| {
        options.exports = sample_exports();
        options.exports[0].status = Status::Delivered;
    })
    .await;
    site.run(&["sync"]).await.expect(0);
    let old = site.ids("baseline").await;
    assert_eq!(old.len(), 1);
    site.run(&["fetch", &old[0]]).await.expect(0);
    assert_eq!(site.oracle().totals.once, 8);
}

#[tokio::test]
async fn reconcile_finds_what_somebody_else_pulled() {
    let site = Site::new().await;
    site.run(&["sync"]).await.expect(0);
    let pulled = |stem: &str| NewExport {
        name: format!("{stem}.csv"),
        product_key: "aos".into(),
        content: stem.to_owned().into(),
        status: Status::Delivered,
    };
    site.world().add(pulled("first"));
    let found = site.run(&["reconcile", "--json"]).await.expect(5);
    assert_eq!(found.rows()[0]["found"], 1);
    assert_eq!(site.ids("held").await.len(), 1);
    site.world().add(pulled("second"));
    site.run(&["reconcile", "--fetch"]).await.expect(0);
    site.world().add(pulled("third"));
    site.run(&["reconcile", "--adopt"]).await.expect(0);
    site.run(&["reconcile"]).await.expect(0);
    let totals = site.oracle().totals;
    assert_eq!((totals.once, totals.old), (10, 1), "the third was handled elsewhere");
}

/// All exports are here, none is over there, and the server has no space.
async fn stuck() -> Site {
    let site = Site::new().await;
    site.arm("no_space");
    site.run(&["sync"]).await.expect(3);
    assert_eq!(site.oracle().totals.lost, 8);
    site
}
