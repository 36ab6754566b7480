//! Broken off at each moment of a feed's pass: a clean restart has every row once, and
//! has let go of nothing that is not safe.
//!
//! `cargo nextest run --features crash-points --test feeds crash`

use std::collections::BTreeMap;

use crate::desk::{product_file, sales_file};
use crate::site::Site;

/// The moments that a feed's pass comes to, in their order.
const POINTS: &[&str] = &[
    "downloading",
    "part_whole",
    "part_synced",
    "archived",
    "archive_synced",
    "verified",
    "feed_landed",
    "feed_ingested",
    "feed_parted",
];

#[tokio::test(flavor = "multi_thread")]
async fn broken_off_at_any_point_it_still_takes_every_row_in_once() {
    for point in POINTS {
        for (how, hit) in [("kill", 1), ("error", 1), ("kill", 2)] {
            // These come once in a pass.
            let once = matches!(*point, "feed_landed" | "feed_ingested");
            let site = Site::new("delete");
            let put = |day: u32| {
                site.put(&format!("product_info_{day}.json"), &product_file(0..10 * day));
                let text = sales_file(&format!("2026-05-0{day}"), 0..5);
                site.put(&format!("sales_data_{day}.csv"), &text);
            };
            put(1);
            if once && hit == 2 {
                site.run(&["ingest"]).await.expect(0);
            }
            put(2);
            let armed = format!("{point}:{}:{how}", if once { 1 } else { hit });
            let variables = BTreeMap::from([("TRANSSHIP_CRASH".to_owned(), armed.clone())]);
            let ran = site.start_with(&["ingest"], &variables).ended().await;
            assert!(ran.stderr.contains(&format!("crash point {point} hit")), "{armed}: {ran:#?}");
            assert!(how == "error" || ran.code == 137, "{armed}: {ran:#?}");
            // One more than it needs: a file that failed waits for its next try.
            for _ in 0..2 {
                site.run(&["ingest"]).await;
            }
            let ran = site.run(&["ingest"]).await.expect(0);
            let number = |sql: &str| site.number("silver.db", sql);
            assert_eq!(number("SELECT count(*) FROM sales"), 10, "{armed}: {ran:#?}");
            assert_eq!(number("SELECT count(*) FROM products"), 20, "{armed}");
            assert_eq!(
                number("SELECT count(*) FROM landed WHERE state = 'ingested'"),
                4,
                "{armed}"
            );
            assert_eq!(number("SELECT count(*) FROM landed"), 4, "{armed}");
            assert_eq!(std::fs::read_dir(site.outgoing()).unwrap().count(), 0, "{armed}");
        }
    }
}
