//! The doctor notices what is wrong, says what to do, and takes and leaves nothing.

use std::fs;

use rusqlite::Connection;
use serde_json::Value;

use crate::support::program::{Ran, Site};

/// The one finding of this check.
fn finding(ran: &Ran, check: &str) -> Value {
    let mut found: Vec<Value> =
        ran.rows().into_iter().filter(|row| row["check"] == check).collect();
    assert_eq!(found.len(), 1, "{check}: {ran:#?}");
    found.remove(0)
}

fn failed(ran: &Ran) -> Vec<String> {
    let rows = ran.rows().into_iter().filter(|row| row["verdict"] == "failed");
    rows.map(|row| row["check"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_healthy_site_passes_and_nothing_is_taken_or_left() {
    let site = Site::new().await;
    let before = site.run(&["doctor", "--json"]).await.expect(0);
    assert_eq!(failed(&before), Vec::<String>::new());
    assert!(!site.folder().join("data").exists(), "a look makes nothing");
    assert_eq!(site.destructive_lists(), 0);

    site.sync_until_quiet(3).await;
    let lists = site.destructive_lists();
    let files = |folder: &std::path::Path| fs::read_dir(folder).unwrap().count();
    let there = files(site.world().upload_folder());
    let ran = site.run(&["doctor", "--json", "--mask", "*.csv"]).await.expect(0);
    for check in [
        "version",
        "integrity",
        "not behind",
        "host key",
        "temporary file: write",
        "temporary file: rename",
        "temporary file: rename onto it",
        "delivered, compared with the ledger",
        "mask",
    ] {
        assert_eq!(finding(&ran, check)["verdict"], "ok", "{check}: {ran:#?}");
    }
    assert_eq!(site.destructive_lists(), lists, "a list that the source forgets was asked for");
    assert_eq!(files(site.world().upload_folder()), there, "something was left over there");
    // For people: the advice stands beside what it is about, and no secret anywhere.
    let words = site.run(&["doctor"]).await.expect(0);
    assert!(words.stdout.contains("0 failed"), "{words:#?}");
    site.assert_all_once();
}

/// What is wrong, and where that is seen.
#[tokio::test]
async fn what_is_wrong_is_found_and_what_to_do_is_said() {
    let mut site = Site::new().await;
    site.sync_until_quiet(3).await;

    let ran = site.run(&["doctor", "--json", "--mask", "*"]).await.expect(5);
    assert_eq!(failed(&ran), ["mask"]);

    let pinned = site.get("T_SFTP_HOST_KEY");
    site.set("T_SFTP_HOST_KEY", "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
    let ran = site.run(&["doctor", "--json"]).await.expect(77);
    assert_eq!(failed(&ran).len(), 1, "{ran:#?}");
    assert!(ran.stdout.contains("host_key: "), "the line to paste: {ran:#?}");
    site.set("T_SFTP_HOST_KEY", &pinned);

    // A server on which nothing can be renamed, and one that is full.
    for (fault, check) in
        [("rename_refused", "temporary file: rename"), ("no_space", "temporary file: write")]
    {
        site.arm(fault);
        let ran = site.run(&["doctor", "--json"]).await;
        assert_eq!(failed(&ran), [check], "{fault}: {ran:#?}");
        assert_ne!(ran.code, 0);
        site.world().disarm();
    }

    // Somebody fetched one by hand.
    let books = Connection::open(site.database()).unwrap();
    books.pragma_update(None, "foreign_keys", false).unwrap();
    books.execute("UPDATE exports SET uid = 'other' WHERE id = 1", []).unwrap();
    let ran = site.run(&["doctor", "--json"]).await.expect(0);
    let delivered = finding(&ran, "delivered, compared with the ledger");
    assert_eq!(delivered["verdict"], "warning", "{ran:#?}");
    assert!(delivered["advice"].as_str().unwrap().contains("transship reconcile"));
}

/// Wrong clock, restored and damaged ledger, another instance: seen without any service.
#[tokio::test]
async fn offline_nothing_is_called_and_the_books_are_looked_at() {
    let mut site = Site::new().await;
    site.sync_until_quiet(3).await;
    // Nobody would answer.
    site.set("T_ENCOURA_URL", "http://127.0.0.1:1");
    let books = Connection::open(site.database()).unwrap();

    // A total that another tool has written over.
    let count = |by: i64| {
        let sql = "UPDATE endpoints SET exports_listed = exports_listed + ?";
        books.execute(sql, [by]).unwrap();
    };
    count(1);
    let ran = site.run(&["doctor", "--offline", "--json"]).await.expect(0);
    let totals = finding(&ran, "totals");
    assert_eq!(totals["verdict"], "warning", "{ran:#?}");
    assert!(totals["advice"].as_str().unwrap().contains("UPDATE endpoints SET"), "{ran:#?}");
    count(-1);

    books
        .execute(
            "INSERT INTO events (at, subject, kind, attempt)
             VALUES ('2199-01-01T00:00:00.000Z', 'x1', 'note', 0)",
            [],
        )
        .unwrap();
    let ran = site.run(&["doctor", "--offline", "--json"]).await.expect(5);
    assert_eq!(failed(&ran), ["not behind"]);
    assert!(finding(&ran, "not behind")["advice"].as_str().unwrap().contains("clock right"));

    books.execute("UPDATE meta SET value = 'another' WHERE key = 'identity'", []).unwrap();
    let ran = site.run(&["doctor", "--offline", "--json"]).await.expect(5);
    assert_eq!(finding(&ran, "not put back")["verdict"], "warning", "{ran:#?}");

    books.pragma_update(None, "foreign_keys", false).unwrap();
    books.execute("DELETE FROM endpoints", []).unwrap();
    let ran = site.run(&["doctor", "--offline", "--json"]).await;
    assert_eq!(failed(&ran), ["integrity"]);
    assert_ne!(ran.code, 0);
    assert!(finding(&ran, "integrity")["advice"].as_str().unwrap().contains("backup"));
}
