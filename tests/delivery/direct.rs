//! Without renames: the file is written under its final name.

use transship::demo::Consumer;
use transship::engine::Command;
use transship::model::{DeliveryState as D, DoubtPolicy, PublishMode};

use crate::file::File;

async fn waiting() -> File {
    // It would take half a file: what direct mode cannot help.
    let mut file = File::waiting(|options| options.consumer = Consumer::Off).await;
    file.settings().publish = PublishMode::Direct;
    file
}

#[tokio::test]
async fn a_write_that_was_interrupted_is_in_doubt() {
    let file = waiting().await;
    let before = file.delivery().await;
    file.bring(&[D::Publishing], |d| d.attempt = before.attempt + 1).await;
    file.carry_on().await;
    assert_eq!(file.state(), "in_doubt");
    assert!(file.row().error.unwrap().contains("ended in the middle"));
    assert!(!file.has(&before.final_name), "it is not sent again by itself");
    // Without a fence there is nothing to ask.
    assert!(file.desk.act(Command::Retry(vec![file.id()])).await.is_err());
}

#[tokio::test]
async fn or_sent_again_under_another_name_if_that_is_wanted() {
    let mut file = waiting().await;
    file.settings().on_doubt = DoubtPolicy::Retry;
    let before = file.delivery().await;
    let at = before.attempt + 1;
    file.bring(&[D::Publishing], |d| {
        d.attempt = at;
        d.target = file.config().destinations["slate"].target();
    })
    .await;
    file.carry_on().await;
    let after = file.delivery().await;
    assert_eq!(after.state, D::Published);
    assert_eq!(after.attempt, at + 1);
    assert_ne!(after.final_name, before.final_name, "half a file may lie under that one");
    assert!(file.has(&after.final_name) && !file.has(&before.final_name));
    let stem = before.final_name.strip_suffix(".csv").unwrap();
    assert_eq!(after.final_name, format!("{stem}_a{}.csv", at + 1));
}

#[tokio::test]
async fn a_plain_no_is_no_doubt() {
    let file = waiting().await;
    file.desk.arm("permission_denied");
    file.carry_on().await;
    assert_eq!(file.state(), "retry_wait");
    file.desk.stand_ins.world().disarm();
    file.carry_on().await;
    assert_eq!(file.state(), "published");
    assert_eq!(file.desk.oracle().totals.once, 1);
}

#[tokio::test]
async fn a_cut_in_the_middle_of_the_writing_is_in_doubt() {
    let file = waiting().await;
    let attempt = file.delivery().await.attempt;
    file.desk.arm("packet_cut_after@3");
    file.carry_on().await;
    assert_eq!(file.state(), "in_doubt");
    assert_eq!(file.delivery().await.attempt, attempt + 1);
}

#[tokio::test]
async fn a_file_that_is_gone_here_is_fetched_first() {
    let file = waiting().await;
    let archive = file.config().data_dir.join("archive/0");
    for entry in std::fs::read_dir(archive).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    file.carry_on().await;
    assert_eq!(file.state(), "published");
    assert_eq!(file.desk.oracle().totals.once, 1);
}
