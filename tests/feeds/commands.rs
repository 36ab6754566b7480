//! `transship ingest` and the lists of what landed.

use crate::desk::{product_file, sales_file};
use crate::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_is_taken_in_listed_and_mended_by_commands() {
    let site = Site::new("leave");
    site.put("product_info_1.json", &product_file(0..10));
    site.put("sales_data_1.csv", &(sales_file("2026-05-01", 0..5) + "P1,canary-row,1,1.00\n"));
    let ran = site.run(&["ingest", "--json"]).await.expect(0);
    let report = &ran.rows()[0];
    assert_eq!(report["outcome"], "done");
    assert_eq!(report["endpoints"][0]["fetched"], 2);
    assert!(
        ran.stderr.contains("5 rows of sales_data_1.csv are in sales, 1 is set aside"),
        "{ran:#?}"
    );
    assert_eq!(site.number("silver.db", "SELECT count(*) FROM sales"), 5);
    assert!(!site.log().contains("canary-row") && !ran.stderr.contains("canary-row"));

    let listed = site.run(&["files", "--state", "quarantined", "--json"]).await.expect(0);
    let [row] = &listed.rows()[..] else { panic!("{listed:#?}") };
    assert_eq!((&row["name"], &row["dataset"]), (&"sales_data_1.csv".into(), &"sales".into()));
    assert_eq!((&row["rows_good"], &row["rows_bad"]), (&5.into(), &1.into()));
    assert_eq!((&row["state"], &row["endpoint"]), (&"ingested".into(), &"Shop feed".into()));
    assert!(row["reason"].as_str().unwrap().starts_with("line 7: sale_date: "), "{row}");
    let id = row["id"].as_str().unwrap();
    assert!(id.starts_with('l') && row["export"].as_str().unwrap().starts_with('x'), "{row}");
    let table = site.run(&["files", "--state", "quarantined"]).await.expect(0).stdout;
    assert!(table.contains(id) && table.contains("sales_data_1.csv"), "{table}");

    let shown = site.run(&["show", id]).await.expect(0);
    assert!(shown.stdout.contains("canary-row"), "whoever asks for the rows gets them: {shown:#?}");
    let shown = site.run(&["show", id, "--json"]).await.expect(0);
    assert_eq!(shown.rows()[0]["quarantine"][0]["line"], 7);

    // Mended, and only this file is taken in again.
    let mended = site.write("mended.csv", &sales_file("2026-05-01", 0..6));
    let ran = site.run(&["ingest", "--file", id, "--replace", &mended, "--json"]).await.expect(0);
    assert_eq!(ran.rows()[0]["ingested"], 1, "{ran:#?}");
    assert_eq!(site.number("silver.db", "SELECT count(*) FROM sales"), 6);
    let listed = site.run(&["files", "--state", "superseded", "--json"]).await.expect(0);
    assert_eq!(listed.rows().len(), 1);
    // Everything again: the same.
    site.run(&["ingest", "--again"]).await.expect(0);
    assert_eq!(site.number("silver.db", "SELECT count(*) FROM sales"), 6);
    site.run(&["ingest", "Shop feed"]).await.expect(0);
    // The register's own files are listed as ever.
    let listed = site.run(&["files", "--state", "present", "--json"]).await.expect(0);
    assert_eq!(listed.rows().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_file_ends_with_five() {
    let site = Site::new("leave");
    site.put("product_info_1.json", &product_file(0..3));
    site.put("sales_data_1.csv", &sales_file("2026-05-01", 0..20));
    for _ in 0..2 {
        site.run(&["ingest"]).await.expect(5);
    }
    let listed = site.run(&["files", "--state", "refused", "--json"]).await.expect(0);
    let [row] = &listed.rows()[..] else { panic!("{listed:#?}") };
    let id = row["id"].as_str().unwrap();
    site.run(&["ingest", "--file", id]).await.expect(5);
    // Its products come; nobody has to do anything about it then.
    site.put("product_info_2.json", &product_file(0..20));
    site.run(&["ingest", "--file", id, "--accept"]).await.expect(0);
    site.run(&["ingest"]).await.expect(0);
    assert_eq!(site.number("silver.db", "SELECT count(*) FROM sales"), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_feeds_are_taken_in() {
    let site = Site::new("leave");
    let ran = site.run(&["ingest", "Site plans"]).await.expect(64);
    assert!(ran.stderr.contains("it is of type google_drive, not sftp"), "{ran:#?}");
    let ran = site.run(&["ingest", "Shop fed"]).await.expect(64);
    assert!(ran.stderr.contains("there are: Shop feed, Site plans"), "{ran:#?}");
    site.run(&["ingest", "--file", "x12"]).await.expect(2);
    site.run(&["ingest", "--replace", "a.csv"]).await.expect(2);
    site.run(&["ingest", "--file", "l12"]).await.expect(4);
    let ran = site.run(&["files", "--state", "quarantined"]).await.expect(0);
    assert_eq!(ran.stdout, "");
    site.run(&["show", "l1"]).await.expect(4);
}
