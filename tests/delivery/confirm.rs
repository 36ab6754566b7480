//! The looks after the rename, and cleaning up.

use transship::demo::{Consumer, Pickup};
use transship::model::{DeliveryState as D, Outcome};

use crate::file::File;

const TO_PUBLISHED: &[D] = &[D::Uploading, D::Staged, D::Publishing, D::Published];

async fn published(change: impl FnOnce(&mut transship::demo::Options)) -> File {
    let file = File::waiting(|options| {
        options.consumer = Consumer::Off;
        change(options);
    })
    .await;
    let at = file.bring(TO_PUBLISHED, |_| {}).await;
    file.put(&at.final_name, &file.content());
    file
}

#[tokio::test]
async fn what_lies_there_is_looked_for_again_where_the_receiver_takes_files_away() {
    let file = published(|_| {}).await;
    file.carry_on().await;
    let row = file.row();
    assert_eq!((row.state.as_str(), row.evidence.as_deref()), ("published", Some("E1")));
    assert!(row.next_attempt_at.is_some() && row.error.is_none(), "{row:#?}");
    // Each look without news is put off for longer, and no story worth a line.
    let (tries, events) = (file.delivery().await.tries, file.events().len());
    file.carry_on().await;
    assert_eq!(file.delivery().await.tries, tries + 1);
    assert_eq!(file.events().len(), events);
}

#[tokio::test]
async fn where_nobody_takes_files_away_a_sight_is_all_there_will_be() {
    let mut file = published(|_| {}).await;
    file.settings().processed = None;
    file.carry_on().await;
    let row = file.row();
    assert_eq!((row.state.as_str(), row.evidence.as_deref()), ("cleaned", Some("E1")));
}

#[tokio::test]
async fn another_size_says_nothing() {
    let file = published(|_| {}).await;
    let name = file.row().remote_name.unwrap();
    file.put(&name, b"another");
    file.carry_on().await;
    let row = file.row();
    assert_eq!((row.state.as_str(), row.evidence), ("published", None));
}

#[tokio::test]
async fn an_account_that_may_not_look_is_content_with_the_rename() {
    let file = published(|_| {}).await;
    file.desk.arm("look_refused");
    file.carry_on().await;
    let row = file.row();
    assert_eq!((row.state.as_str(), row.evidence.as_deref()), ("cleaned", Some("E0")));
}

#[tokio::test]
async fn a_look_that_fails_is_made_again_unless_only_a_person_can_help() {
    for (fault, by_itself) in [("auth_refused", false), ("packet_cut_before*99", true)] {
        let file = published(|_| {}).await;
        file.desk.arm(fault);
        file.carry_on().await;
        let row = file.row();
        assert_eq!(row.state, "published", "{fault}");
        assert!(row.error.is_some(), "{fault}");
        assert_eq!(row.next_attempt_at.is_some(), by_itself, "{fault}: {row:#?}");
        assert_eq!(file.delivery().await.tries, 1, "{fault}: once in a pass");
        file.desk.stand_ins.world().disarm();
        file.carry_on().await;
        assert_eq!((file.row().error, file.row().evidence), (None, Some("E1".into())), "{fault}");
    }
}

/// The whole way with a receiver that keeps what it took where it can be seen.
#[tokio::test]
async fn what_the_receiver_did_with_it_is_told_apart() {
    for (pickup, evidence) in [(Pickup::MoveToProcessed, "E3"), (Pickup::Remove, "E2")] {
        let file = File::waiting(|options| options.pickup = pickup).await;
        let report = file.sync().await;
        assert_eq!(report.outcome, Outcome::Done);
        let row = file.row();
        assert_eq!((row.state.as_str(), row.evidence.as_deref()), ("cleaned", Some(evidence)));
        let told: Vec<_> = file.events().into_iter().filter_map(|event| event.detail).collect();
        let confirmed = told.last().unwrap();
        assert!(confirmed.starts_with(evidence), "{told:#?}");
    }
}

#[tokio::test]
async fn what_earlier_attempts_left_goes_and_nothing_else() {
    let file = File::waiting(|options| options.consumer = Consumer::Off).await;
    let first = [D::Uploading, D::RetryWait];
    let at = file.bring(&[&first[..], TO_PUBLISHED, &[D::Confirmed]].concat(), |_| {}).await;
    let (mine, others) = (at.temporary_name(1), ".tmp-00000000-1.part");
    file.put(&mine, b"half");
    file.put(others, b"another ledger's");
    // Refused at first: it stays confirmed, and is tried again.
    file.desk.arm("permission_denied");
    file.carry_on().await;
    assert_eq!(file.state(), "confirmed");
    assert!(file.row().error.is_some() && file.row().next_attempt_at.is_some());
    file.desk.stand_ins.world().disarm();
    file.carry_on().await;
    assert_eq!(file.state(), "cleaned");
    assert!(!file.has(&mine) && file.has(others));
    let name = at.temporary_name(at.attempt);
    assert_eq!(file.asked("remove", &name), 0, "the one that was renamed is not there to remove");
}
