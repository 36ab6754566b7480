//! What becomes of the files over there once they are safe here.

use std::fs;

use transship::engine::Event;
use transship::model::{AfterFetch, Outcome};

use crate::desk::{Desk, product_file, sales_file};

fn some(desk: &Desk) {
    desk.put("product_info_1.json", &product_file(0..10), 100);
    desk.put("sales_data_1.csv", &sales_file("2026-05-01", 0..5), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_deleted_once_they_are_safe() {
    let mut desk = Desk::new();
    desk.after_fetch(AfterFetch::Delete);
    some(&desk);
    let (result, events) = desk.pass().await;
    assert_eq!((result.outcome, result.fetched), (Outcome::Done, 2), "{result:#?}");
    assert_eq!(desk.remaining(), Vec::<String>::new());
    assert_eq!((desk.sales(), desk.bronze().len()), (5, 2));
    let told = |e: &Event| matches!(e, Event::Notice { text, .. } if text.contains("2 files moved or deleted over there"));
    assert!(events.iter().any(told), "{events:#?}");
    // The books know who did it.
    let ledger = rusqlite::Connection::open(&desk.config.database).unwrap();
    let parted =
        "SELECT count(*) FROM events WHERE kind = 'parted' AND detail = 'deleted over there'";
    assert_eq!(ledger.query_row(parted, [], |row| row.get::<_, i64>(0)).unwrap(), 2);
    drop(ledger);

    let result = desk.sync_well().await;
    assert_eq!((result.discovered, result.removed), (0, 2));
    // A new file of an old name is a new file.
    desk.put("sales_data_1.csv", &sales_file("2026-05-01", 0..8), 10);
    desk.sync_well().await;
    assert_eq!((desk.remaining().len(), desk.sales()), (0, 8));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_moved_once_they_are_safe() {
    let mut desk = Desk::new();
    desk.after_fetch(AfterFetch::Move("done".into()));
    some(&desk);
    desk.sync_well().await;
    assert_eq!(desk.remaining(), ["done"]);
    let moved = fs::read_to_string(desk.path("done/sales_data_1.csv")).unwrap();
    assert_eq!(moved, sales_file("2026-05-01", 0..5));
    // They are not found there, though the folder is one that is looked into.
    let result = desk.sync_well().await;
    assert_eq!((result.discovered, result.removed), (0, 2));
    assert_eq!(desk.sync().await.outcome, Outcome::NothingNew);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_let_go_of_whose_copy_here_is_not_whole() {
    let mut desk = Desk::new();
    some(&desk);
    desk.sync_well().await;
    let row = desk.landed().into_iter().find(|row| row.name == "sales_data_1.csv").unwrap();
    let bronze = desk.config.data_dir.join(&row.bronze);
    fs::remove_file(&bronze).unwrap();
    desk.after_fetch(AfterFetch::Delete);
    let result = desk.sync().await;
    assert_eq!(result.outcome, Outcome::NeedsOperator, "{result:#?}");
    assert!(result.error.unwrap().contains("missing or damaged"));
    assert_eq!(desk.remaining(), ["sales_data_1.csv"], "the other one is deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_since_it_was_fetched_is_left_alone() {
    let mut desk = Desk::new();
    some(&desk);
    desk.sync_well().await;
    // Too young to be fetched, and not the version that is here.
    desk.scope().min_age = std::time::Duration::from_secs(50);
    desk.after_fetch(AfterFetch::Delete);
    desk.put("sales_data_1.csv", &sales_file("2026-05-01", 0..9), 0);
    let result = desk.sync().await;
    assert_eq!(result.failed, 0, "{result:#?}");
    assert_eq!(desk.remaining(), ["sales_data_1.csv"]);
    assert_eq!(desk.sales(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_over_there_is_told_in_each_pass() {
    use crate::support::sshd::Sshd;
    let mut desk = Desk::new();
    some(&desk);
    desk.sync_well().await;
    desk.after_fetch(AfterFetch::Delete);
    // The same folder behind a server that refuses to delete.
    let strict = Sshd::options().deny("remove").start();
    let server = strict.server();
    desk.config.clients.insert("feed".into(), transship::config::Client::Sftp(server));
    for _ in 0..2 {
        let result = desk.sync().await;
        assert!(result.failed > 0, "{result:#?}");
        assert_eq!(desk.remaining().len(), 2);
    }
    assert_eq!(desk.sales(), 5);
}
