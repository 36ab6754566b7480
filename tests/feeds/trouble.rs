//! What goes wrong, and that nothing is lost by it.

use std::fs;

use transship::model::{FailureClass, HostKeyPolicy, Outcome, Sha256};

use crate::desk::{Desk, product_file, sales_file};

fn some(desk: &Desk) {
    desk.put("product_info_1.json", &product_file(0..10), 100);
    desk.put("sales_data_1.csv", &sales_file("2026-05-01", 0..5), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_or_another_one_removes_nothing() {
    let mut desk = Desk::new();
    some(&desk);
    desk.sync_well().await;
    desk.sshd.stop();
    let result = desk.sync().await;
    assert_eq!(result.outcome, Outcome::Failed, "{result:#?}");
    assert_eq!(result.failure.unwrap().class, FailureClass::Network);
    desk.sshd.restart();

    let mut server = desk.sshd.server();
    server.host_key = HostKeyPolicy::Pinned(vec![format!("SHA256:{}", "A".repeat(43))]);
    let right = desk.config.clients.clone();
    desk.config.clients.insert("feed".into(), transship::config::Client::Sftp(server));
    let result = desk.sync().await;
    assert_eq!(result.outcome, Outcome::NeedsOperator, "{result:#?}");
    assert_eq!(result.failure.unwrap().class, FailureClass::HostKey);

    desk.config.clients = right;
    assert_eq!(desk.sync().await.outcome, Outcome::NothingNew);
    assert_eq!((desk.sales(), desk.files().len()), (5, 2));
    assert!(desk.files().iter().all(|row| row.state == "present"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_there_removes_nothing() {
    let desk = Desk::new();
    some(&desk);
    desk.sync_well().await;
    let (here, away) = (desk.path(""), desk.sshd.root().join("away"));
    fs::rename(&here, &away).unwrap();
    let result = desk.sync().await;
    assert_eq!(result.outcome, Outcome::Failed, "{result:#?}");
    assert!(result.error.unwrap().contains("correct `directory`"));
    fs::rename(&away, &here).unwrap();
    assert_eq!(desk.sync().await.outcome, Outcome::NothingNew);
    assert!(desk.files().iter().all(|row| row.state == "present"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_cannot_be_written_to_is_waited_for() {
    let desk = Desk::new();
    some(&desk);
    // Where the folder for one of the two would have to be, there is a file.
    let hash = Sha256::of(sales_file("2026-05-01", 0..5).as_bytes());
    let place = desk.config.data_dir.join("bronze").join(&hash[..2]);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(&place, "").unwrap();
    let result = desk.sync().await;
    assert!(result.failed > 0, "{result:#?}");
    assert_eq!((result.fetched, desk.number("SELECT count(*) FROM products")), (1, 10));
    assert!(desk.path("sales_data_1.csv").exists());
    fs::remove_file(&place).unwrap();
    desk.sync_well().await;
    assert_eq!(desk.sales(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_cannot_be_opened_stop_only_the_taking_in() {
    let desk = Desk::new();
    some(&desk);
    fs::create_dir_all(&desk.config.data_dir).unwrap();
    fs::write(&desk.config.silver, "this is no database, whatever it is called".repeat(99))
        .unwrap();
    let result = desk.sync().await;
    assert!(result.failed > 0, "{result:#?}");
    assert_eq!((result.fetched, desk.bronze().len()), (2, 2));
    fs::remove_file(&desk.config.silver).unwrap();
    let result = desk.sync_well().await;
    assert_eq!((result.fetched, desk.sales()), (0, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bronze_file_that_was_damaged_is_told_and_the_others_go_in() {
    let desk = Desk::new();
    some(&desk);
    desk.sync_well().await;
    // All of it again, one of them damaged.
    let row = desk.landed().into_iter().find(|row| row.name == "sales_data_1.csv").unwrap();
    let bronze = desk.config.data_dir.join(&row.bronze);
    fs::remove_file(&bronze).unwrap();
    fs::write(&bronze, "damaged").unwrap();
    fs::remove_file(&desk.config.silver).unwrap();
    let result = desk.sync().await;
    assert!(result.failed > 0, "{result:#?}");
    assert_eq!(desk.number("SELECT count(*) FROM products"), 10);
    assert_eq!(desk.sales(), 0);
    // Fetched once more, it is in place again.
    let id = desk.exports().into_iter().find(|row| row.name == "sales_data_1.csv").unwrap().id;
    let (reply, _) = desk.ask(transship::engine::Command::Fetch(vec![id])).await;
    assert!(
        matches!(&reply, transship::engine::Reply::Acted(all) if all[0].result.is_ok()),
        "{reply:?}"
    );
    desk.sync_well().await;
    assert_eq!(desk.sales(), 5);
}
