//! What the answer to the fence means.

use jiff::SignedDuration;
use transship::demo::{Consumer, Extensions, Pickup};
use transship::ledger::Delivery;
use transship::model::DeliveryState as D;

use crate::file::File;

const TO_FENCING: &[D] = &[D::Uploading, D::Staged, D::Publishing, D::Fencing];

/// Staged so many hours ago.
fn staged(hours: i64) -> impl Fn(&mut Delivery) {
    let at = jiff::Timestamp::now() - SignedDuration::from_hours(hours);
    move |delivery| delivery.staged_at = Some(at)
}

#[tokio::test]
async fn a_temporary_file_that_is_still_there_is_published_without_another_upload() {
    let file = File::waiting(|_| {}).await;
    let at = file.bring(TO_FENCING, |_| {}).await;
    file.put(&at.temporary_name(at.attempt), &file.content());
    let uploads = file.asked("open", ".tmp-");
    file.carry_on().await;
    file.desk.assert_all_once();
    assert_eq!(file.asked("open", ".tmp-"), uploads, "it was uploaded again");
    assert_eq!(file.delivery().await.attempt, at.attempt + 1);
}

#[tokio::test]
async fn an_earlier_fence_s_work_is_gone_on_with() {
    let file = File::waiting(|_| {}).await;
    let at = file.bring(TO_FENCING, |_| {}).await;
    file.put(&at.temporary_name(at.attempt + 1), &file.content());
    let uploads = file.asked("open", ".tmp-");
    file.carry_on().await;
    file.desk.assert_all_once();
    assert_eq!(file.asked("open", ".tmp-"), uploads, "it was uploaded again");
}

/// What has the next name is not what was staged: nothing is known any more.
#[tokio::test]
async fn another_file_under_the_next_name_is_in_doubt_and_left_alone() {
    let file = File::waiting(|_| {}).await;
    let at = file.bring(TO_FENCING, |_| {}).await;
    let next = at.temporary_name(at.attempt + 1);
    file.put(&next, b"not ours");
    file.carry_on().await;
    assert_eq!(file.state(), "in_doubt");
    assert!(file.has(&next));
    // Giving it up touches nothing either, whatever name it has.
    let name = at.temporary_name(at.attempt);
    file.put(&name, b"not ours either");
    file.desk.act(transship::engine::Command::Cancel(vec![file.id()])).await.unwrap();
    file.sync().await;
    assert!(file.has(&next) && file.has(&name));
}

#[tokio::test]
async fn a_temporary_file_that_is_gone_proves_the_rename_as_long_as_the_server_keeps_files() {
    // The receiver leaves no trace: nothing but the fence can tell.
    let mut file = File::waiting(|options| options.pickup = Pickup::Remove).await;
    file.settings().retention_days = 2;
    file.bring(TO_FENCING, staged(40)).await;
    file.carry_on().await;
    assert_eq!(file.state(), "cleaned");
    assert_eq!(file.asked("posix-rename", ".tmp-"), 1, "the fence and nothing else");
}

#[tokio::test]
async fn one_that_is_older_proves_nothing_by_itself() {
    let mut file = File::waiting(|options| options.pickup = Pickup::Remove).await;
    file.settings().retention_days = 2;
    file.bring(TO_FENCING, staged(50)).await;
    file.carry_on().await;
    assert_eq!(file.state(), "in_doubt");
    let why = file.row().error.unwrap();
    assert!(why.contains("older than the server keeps files"), "{why}");
}

#[tokio::test]
async fn but_a_sight_of_it_does() {
    for (content, state) in [(None, "in_doubt"), (Some(&b"another"[..]), "in_doubt")] {
        let mut file = File::waiting(|options| options.consumer = Consumer::Off).await;
        file.settings().retention_days = 2;
        let at = file.bring(TO_FENCING, staged(50)).await;
        if let Some(content) = content {
            file.put(&at.final_name, content);
        }
        file.carry_on().await;
        assert_eq!(file.state(), state, "{content:?}");
    }
    let mut file = File::waiting(|options| options.consumer = Consumer::Off).await;
    file.settings().retention_days = 2;
    let at = file.bring(TO_FENCING, staged(50)).await;
    std::fs::write(file.folder("/incoming/processed/").join(&at.final_name), file.content())
        .unwrap();
    file.carry_on().await;
    assert_eq!((file.state().as_str(), file.row().evidence.as_deref()), ("cleaned", Some("E3")));
}

async fn by_link() -> File {
    File::waiting(|options| {
        options.consumer = Consumer::Off;
        options.extensions = Extensions { posix_rename: false, ..options.extensions };
    })
    .await
}

/// Link + unlink, and the reply lost between the two: the file has both names.
#[tokio::test]
async fn where_renames_are_links_a_fence_that_won_looks_twice_before_our_copy_goes() {
    let file = by_link().await;
    let at = file.bring(TO_FENCING, |_| {}).await;
    file.put(&at.temporary_name(at.attempt), &file.content());
    file.put(&at.final_name, &file.content());
    file.carry_on().await;
    assert_eq!(file.state(), "published");
    assert!(file.has(&at.final_name));
    assert_eq!(file.desk.oracle().temporaries, Vec::<String>::new());
    let looks = file.asked("lstat", &at.final_name);
    assert!(looks >= 2, "it was looked at {looks} times");
    let settled = "it shows under its final name, and the server may still take it back";
    let told = file.events().iter().any(|e| e.detail.as_ref().is_some_and(|d| d.contains(settled)));
    assert!(told, "{:#?}", file.events());
}

#[tokio::test]
async fn where_renames_are_links_a_fence_that_won_with_nothing_in_sight_publishes() {
    let file = by_link().await;
    let at = file.bring(TO_FENCING, |_| {}).await;
    file.put(&at.temporary_name(at.attempt), &file.content());
    let uploads = file.asked("open", ".tmp-");
    file.carry_on().await;
    assert_eq!(file.state(), "published");
    assert!(file.has(&at.final_name));
    assert_eq!(file.asked("open", ".tmp-"), uploads, "it was uploaded again");
    assert_eq!(file.desk.oracle().temporaries, Vec::<String>::new());
}
