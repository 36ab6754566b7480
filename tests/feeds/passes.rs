//! What passes do while nothing is wrong.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;

use transship::engine::{self, Event, Level};
use transship::model::{Outcome, Sha256};

use crate::desk::{Desk, FEED, product_file, sales_file};

/// A partner's first day: products, two days of sales, one of them in a folder.
fn first_day(desk: &Desk) {
    desk.put("sales_data_2026-05-01.csv", &sales_file("2026-05-01", 0..5), 300);
    desk.put("eu/sales_data_2026-05-02.csv", &sales_file("2026-05-02", 0..7), 200);
    desk.put("product_info_2026-05-01.json", &product_file(0..10), 100);
    desk.put(".sales_data_2026-05-03.csv", "not yet", 100);
    desk.put("sales_data_2026-05-03.csv.part", "not yet", 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partners_folder_becomes_tables() {
    let desk = Desk::new();
    first_day(&desk);
    let (result, events) = desk.pass().await;
    assert_eq!((result.outcome, &result.error), (Outcome::Done, &None), "{result:#?}");
    assert_eq!((result.discovered, result.new, result.fetched), (3, 3, 3));
    assert_eq!((result.delivered, result.failed), (0, 0));
    assert!(result.api_calls > 0);
    assert_eq!(desk.number("SELECT count(*) FROM products"), 10);
    assert_eq!(desk.sales(), 12);
    assert_eq!(
        desk.number("SELECT sum(_price_e2) FROM sales"),
        (50 + 150 + 250 + 350 + 450) * 2 + 550 + 650
    );

    // The bytes as they came, under their hash.
    let bronze = desk.bronze();
    assert_eq!(bronze.len(), 3);
    for row in desk.landed() {
        assert_eq!((row.state.as_str(), row.endpoint.as_str()), ("ingested", FEED));
        let content = &bronze[&row.bronze];
        assert_eq!(Sha256::of(content.as_bytes()), row.sha256);
        assert!(row.bronze.ends_with(&row.sha256), "{}", row.bronze);
        assert!(row.path.starts_with("sftp://") && row.path.ends_with(&row.name), "{}", row.path);
        assert!(desk.path(&row.name).exists() || desk.path("eu").join(&row.name).exists());
    }
    let told: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Ingested(file) => Some((file.name.to_string(), file.rows_good)),
            _ => None,
        })
        .collect();
    let told: BTreeMap<_, _> = told.into_iter().collect();
    assert_eq!(told["product_info_2026-05-01.json"], 10);
    assert_eq!(told.len(), 3);
    let warned = |e: &Event| matches!(e, Event::Notice { level, .. } if *level >= Level::Warning);
    assert!(!events.iter().any(warned), "{events:#?}");

    // A second pass finds all of it as it is.
    let (result, events) = desk.pass().await;
    assert_eq!(result.outcome, Outcome::NothingNew, "{result:#?}");
    assert_eq!((result.discovered, result.fetched), (3, 0));
    assert!(!events.iter().any(|e| matches!(e, Event::Ingested(_))));
    assert_eq!((desk.sales(), desk.bronze().len()), (12, 3));
    assert!(desk.exports().iter().all(|row| row.state == "verified"), "{:?}", desk.exports());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_file_takes_the_older_ones_place() {
    let desk = Desk::new();
    first_day(&desk);
    desk.sync_well().await;
    desk.put("sales_data_2026-05-01.csv", &sales_file("2026-05-01", 0..9), 10);
    let result = desk.sync_well().await;
    assert_eq!((result.new, result.updated, result.fetched), (0, 1, 1));
    assert_eq!(desk.sales(), 9 + 7);
    let of_day: Vec<_> =
        desk.states().into_iter().filter(|(n, _)| n.contains("05-01.csv")).collect();
    assert_eq!(
        of_day.iter().map(|(_, s)| s.as_str()).collect::<Vec<_>>(),
        ["ingested", "superseded"]
    );
    assert_eq!(desk.bronze().len(), 4, "nothing that came is thrown away");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_are_kept_and_taken_in_once() {
    let desk = Desk::new();
    first_day(&desk);
    desk.sync_well().await;
    desk.put("us/sales_data_2026-05-01_copy.csv", &sales_file("2026-05-01", 0..5), 10);
    let result = desk.sync_well().await;
    assert_eq!(result.fetched, 1);
    assert_eq!((desk.sales(), desk.bronze().len()), (12, 3));
    assert!(desk.states().contains(&("sales_data_2026-05-01_copy.csv".into(), "repeated".into())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_delivers_as_well() {
    let mut desk = Desk::new();
    desk.config.endpoints[0].deliver_to = Some("slate".into());
    first_day(&desk);
    let result = desk.sync_well().await;
    assert_eq!((result.fetched, result.delivered), (3, 3));
    assert_eq!(desk.received().len(), 3, "{:?}", desk.received());
    assert_eq!((desk.sales(), desk.bronze().len()), (12, 3));
    let content = sales_file("2026-05-01", 0..5);
    let received = desk
        .received()
        .into_iter()
        .map(|name| fs::read_to_string(desk.sshd.root().join("incoming").join(name)).unwrap());
    assert_eq!(received.filter(|found| *found == content).count(), 1);
    desk.sync().await;
    assert_eq!(desk.received().len(), 3, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_datasets_files_land_in_bronze_alone() {
    let mut desk = Desk::new();
    desk.config.endpoints[0].datasets.clear();
    first_day(&desk);
    desk.sync_well().await;
    assert_eq!(desk.bronze().len(), 3);
    assert!(!desk.config.silver.exists());

    // Defined later, the datasets take in what came before, without another fetch.
    let with = Desk::new();
    desk.config.endpoints[0].datasets.clone_from(&with.config.endpoints[0].datasets);
    let result = desk.sync_well().await;
    assert_eq!(result.fetched, 0);
    assert_eq!(desk.sales(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_grows_is_taken_once_it_is_whole() {
    let mut desk = Desk::new();
    desk.scope().settle = std::time::Duration::from_millis(500);
    desk.put("product_info_1.json", &product_file(0..10), 100);
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (told, path) = (stop.clone(), desk.path("sales_data_1.csv"));
    let header = "product_id,sale_date,quantity,price\n";
    fs::write(&path, header).unwrap();
    let writer = std::thread::spawn(move || {
        let mut file = fs::File::options().append(true).open(path).unwrap();
        let mut rows = 0;
        while !told.load(std::sync::atomic::Ordering::Relaxed) {
            file.write_all(b"P1,2026-05-01,1,1.00\n").unwrap();
            rows += 1;
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
        rows
    });
    let (result, events) = desk.pass().await;
    assert_eq!((result.discovered, result.fetched), (1, 1), "{result:#?}");
    assert!(
        events.iter().any(|e| matches!(e, Event::Notice { text, .. }
            if text.contains("1 still under way, left to the next pass: sales_data_1.csv"))),
        "{events:#?}"
    );
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let rows: i64 = writer.join().unwrap();
    desk.sync_well().await;
    assert_eq!((desk.sales(), desk.landed().len()), (rows, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_changes_nothing() {
    let mut desk = Desk::new();
    first_day(&desk);
    desk.after_fetch(transship::model::AfterFetch::Delete);
    let tested = engine::test(&desk.config, &[], 5).await.unwrap();
    let checks = format!("{:?}", tested[0].checks);
    assert_eq!(tested[0].failures().count(), 0, "{checks}");
    assert!(checks.contains("eu/sales_data_2026-05-02.csv"), "{checks}");
    let mut accounts = engine::Accounts::default();
    let looked = engine::dry_run(&desk.config, &[], false, None, &mut accounts, &|_| ()).await;
    let checks = format!("{:?}", looked.unwrap()[0].checks);
    assert!(checks.contains("3 files seen: a sync would book 3 new"), "{checks}");
    assert!(!desk.config.database.exists() && !desk.config.silver.exists());
    assert_eq!(desk.remaining().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_over_there_stays_here() {
    let desk = Desk::new();
    first_day(&desk);
    desk.sync_well().await;
    fs::remove_file(desk.path("sales_data_2026-05-01.csv")).unwrap();
    let result = desk.sync_well().await;
    assert_eq!(result.removed, 1);
    assert_eq!((desk.sales(), desk.bronze().len()), (12, 3));
    assert_eq!(desk.files().iter().filter(|row| row.state == "removed").count(), 1);
}

/// Not a proof, a look: `cargo nextest run --test feeds --run-ignored all many_small`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn many_small_files() {
    let desk = Desk::new();
    let files: u64 = 3_000;
    desk.put("product_info_0.json", &product_file(0..10), 100);
    for n in 0..files {
        desk.put(
            &format!("d{}/sales_data_{n}.csv", n % 20),
            &sales_file("2026-05-01", 0..(n as u32 % 9 + 1)),
            n,
        );
    }
    for pass in 0..2 {
        let begun = std::time::Instant::now();
        let result = desk.sync().await;
        println!(
            "pass {pass}: {:?}, {} calls, {}",
            begun.elapsed(),
            result.api_calls,
            result.fetched
        );
    }
    assert_eq!(desk.landed().len(), files as usize + 1);
}
