//! The configuration names another place than the one that the attempt went to.

use transship::demo::Consumer;
use transship::engine::Command;
use transship::model::DeliveryState as D;

use crate::file::File;

/// A folder that is there as well.
const ELSEWHERE: &str = "/outgoing/";

async fn brought(states: &[D]) -> File {
    let mut file = File::waiting(|options| options.consumer = Consumer::Off).await;
    let at = file.bring(states, |_| {}).await;
    file.put(&at.temporary_name(at.attempt), &file.content());
    file.settings().directory = ELSEWHERE.into();
    file
}

#[tokio::test]
async fn what_was_only_staged_begins_anew_at_the_new_place() {
    let file = brought(&[D::Uploading, D::Staged]).await;
    let staged = file.delivery().await;
    file.carry_on().await;
    assert_eq!(file.state(), "published");
    let there = file.folder(ELSEWHERE).join(&staged.final_name);
    assert_eq!(std::fs::read(there).unwrap(), file.content());
    assert!(!file.has(&staged.final_name), "nothing is published at the old place");
    assert_eq!(file.delivery().await.target, file.config().destinations["slate"].target());
}

#[tokio::test]
async fn what_may_be_published_is_in_doubt_until_the_old_settings_are_back() {
    for states in [
        &[D::Uploading, D::Staged, D::Publishing][..],
        &[D::Uploading, D::Staged, D::Publishing, D::Fencing],
    ] {
        let mut file = brought(states).await;
        let before = file.delivery().await;
        file.carry_on().await;
        assert_eq!(file.state(), "in_doubt", "{states:?}");
        let why = file.row().error.unwrap();
        assert!(why.contains("put the old settings back") && why.contains(ELSEWHERE), "{why}");
        assert!(file.has(&before.temporary_name(before.attempt)), "it is left alone");
        assert_eq!(std::fs::read_dir(file.folder(ELSEWHERE)).unwrap().count(), 0);

        file.settings().directory = "/incoming/Encoura API Uploads/".into();
        file.desk.act(Command::Retry(vec![file.id()])).await.unwrap();
        file.carry_on().await;
        assert_eq!(file.state(), "published");
        assert_eq!(file.desk.oracle().totals.once, 1);
        assert_eq!(file.desk.oracle().temporaries, Vec::<String>::new());
    }
}

#[tokio::test]
async fn what_is_published_there_is_not_looked_for_here() {
    let file = brought(&[D::Uploading, D::Staged, D::Publishing, D::Published]).await;
    let name = file.row().remote_name.unwrap();
    let looks = file.asked("lstat", &name);
    assert_eq!(file.carry_on().await.failed, 0);
    assert_eq!(file.state(), "published");
    assert_eq!(file.asked("lstat", &name), looks);
    assert_eq!(file.row().error, None);
}

/// Temporary files at the old place are not looked for at the new one.
#[tokio::test]
async fn nothing_is_cleaned_up_at_another_place() {
    let states = [D::Uploading, D::RetryWait, D::Uploading, D::Staged, D::Publishing];
    let states = [&states[..], &[D::Published, D::Confirmed]].concat();
    let file = brought(&states).await;
    let first = file.delivery().await.temporary_name(1);
    file.put(&first, b"half");
    let removals = file.asked("remove", ".tmp-");
    file.carry_on().await;
    assert_eq!(file.state(), "cleaned");
    assert_eq!(file.asked("remove", ".tmp-"), removals);
}
