//! Stopped and given up, and what is left of it.

use std::time::Duration;

use transship::demo::{Consumer, Samples};
use transship::engine::{Command, Reply, Stopped};
use transship::ledger::{Books as _, Filter};
use transship::model::{DeliveryState as D, FailureClass};

use crate::file::File;
use crate::support::desk::Desk;

/// One large export on its way to a slow server: the pass is in its upload.
async fn uploading() -> (Desk, transship::engine::Engine) {
    let desk = Desk::with(|options| {
        options.exports = vec![Samples::new(9).report("large.csv", 40_000)];
    })
    .await;
    desk.arm("sftp_slow=400000");
    let engine = desk.engine().await;
    let handle = engine.handle();
    tokio::spawn(async move { handle.request(Command::sync_all()).await });
    let mut changes = desk.stand_ins.world().watch();
    let open = || desk.stand_ins.world().journal().iter().any(|call| call.method == "open");
    while !open() {
        changes.changed().await.unwrap();
    }
    (desk, engine)
}

#[tokio::test]
async fn the_end_of_the_program_is_no_failure_and_no_cancel() {
    let (desk, engine) = uploading().await;
    engine.stop(Duration::from_secs(10)).await;
    let row = desk.exports().remove(0);
    assert_eq!((row.state.as_str(), row.error), ("uploading", None));
    desk.stand_ins.world().disarm();
    desk.sync_until_quiet(3).await;
    desk.assert_all_once();
}

#[tokio::test]
async fn stopping_everything_gives_nothing_up_and_the_next_sync_goes_on() {
    let (desk, engine) = uploading().await;
    let handle = engine.handle();
    let reply = handle.request(Command::StopAll).await;
    let Reply::Stopped(Stopped { works, .. }) = reply else { panic!("{reply:?}") };
    assert_eq!(works, 1, "the run was waited for");
    let run = desk.reader().runs(&Filter::default()).unwrap().remove(0);
    assert!(run.endpoints[0].error.as_ref().is_some_and(|e| e.starts_with("cancelled")));
    let row = desk.exports().remove(0);
    assert_eq!((row.state.as_str(), row.error), ("uploading", None));
    assert_eq!(desk.oracle().totals.once, 0);
    // What begins later runs as ever.
    desk.stand_ins.world().disarm();
    handle.request(Command::sync_all()).await;
    assert_eq!(desk.exports()[0].state, "cleaned");
    engine.stop(Duration::from_secs(10)).await;
    desk.assert_all_once();
}

#[tokio::test]
async fn the_operator_s_cancel_stops_an_upload_and_leaves_nothing_over_there() {
    let (desk, engine) = uploading().await;
    let id = desk.exports().remove(0).delivery.unwrap();
    let handle = engine.handle();
    let mut changes = engine.handle().subscribe();
    handle.request(Command::Cancel(vec![id])).await;
    while desk.exports()[0].state != "cancelled" {
        changes.recv().await.unwrap();
    }
    engine.stop(Duration::from_secs(10)).await;
    desk.stand_ins.world().disarm();
    assert_eq!(desk.oracle().temporaries, Vec::<String>::new());
    desk.sync_until_quiet(2).await;
    assert_eq!(desk.oracle().totals.once, 0);
    assert_eq!(desk.exports()[0].state, "cancelled");
}

#[tokio::test]
async fn what_a_cancel_cannot_remove_at_once_a_later_pass_does() {
    let file = File::waiting(|options| options.consumer = Consumer::Off).await;
    // Two attempts left something, one after the other.
    let at = file.bring(&[D::Uploading, D::RetryWait, D::Uploading, D::RetryWait], |_| {}).await;
    let (first, second) = (at.temporary_name(1), at.temporary_name(at.attempt));
    file.put(&first, b"half");
    file.put(&second, b"half as well");
    file.desk.arm("permission_denied");
    file.desk.act(Command::Cancel(vec![file.id()])).await.unwrap();
    assert_eq!(file.state(), "cancelled");
    assert!(file.row().error.unwrap().contains("removing"), "it is said");
    file.sync().await;
    assert!(file.has(&first) && file.has(&second));
    // Said once, however often it is tried.
    let refused = |file: &File| {
        file.events()
            .iter()
            .filter(|event| event.detail.as_ref().is_some_and(|d| d.contains("removing")))
            .count()
    };
    assert_eq!(refused(&file), 1, "{:#?}", file.events());

    file.desk.stand_ins.world().disarm();
    file.carry_on().await;
    assert_eq!(file.desk.oracle().temporaries, Vec::<String>::new());
    assert_eq!((file.state().as_str(), file.row().error), ("cancelled", None));
    // Nothing more is asked of the server.
    let removals = file.asked("remove", ".tmp-");
    file.carry_on().await;
    assert_eq!(file.asked("remove", ".tmp-"), removals);
    assert_eq!(file.delivery().await.next_attempt_at, None);
}

/// One that refuses us is not asked again and again for every file.
#[tokio::test]
async fn a_server_that_cannot_be_reached_is_asked_once_a_pass() {
    let file = File::waiting(|_| {}).await;
    let at = file.bring(&[D::Uploading, D::RetryWait], |_| {}).await;
    file.put(&at.temporary_name(at.attempt), b"half");
    file.desk.arm("auth_refused");
    file.desk.act(Command::Cancel(vec![file.id()])).await.unwrap();
    let failure = file.delivery().await.failure.unwrap();
    assert_eq!(failure.class, FailureClass::SignIn);
    // Taken back: then it is this delivery's end that cleans up.
    file.desk.stand_ins.world().disarm();
    file.desk.act(Command::Retry(vec![file.id()])).await.unwrap();
    assert_eq!(file.state(), "verified");
    file.sync().await;
    file.desk.assert_all_once();
}

/// A no to one file says nothing about the next; that nobody answers does.
#[tokio::test]
async fn a_file_that_may_not_be_removed_is_not_in_the_way_of_others() {
    for (fault, asked) in [("permission_denied", 1), ("packet_cut_before*99", 0)] {
        let file = File::waiting(|_| {}).await;
        let mut left = Vec::new();
        file.desk.arm("permission_denied");
        for generation in 0..2 {
            if generation > 0 {
                file.again().await;
            }
            let at = file.bring(&[D::Uploading, D::RetryWait], |_| {}).await;
            file.put(&at.temporary_name(at.attempt), b"half");
            file.desk.act(Command::Cancel(vec![file.id()])).await.unwrap();
            left.push(at.temporary_name(at.attempt));
        }
        file.desk.stand_ins.world().disarm();
        let before: Vec<_> = left.iter().map(|name| file.asked("remove", name)).collect();
        file.desk.arm(fault);
        file.carry_on().await;
        assert_eq!(file.asked("remove", &left[1]), before[1] + asked, "{fault}");
    }
}

#[tokio::test]
async fn what_never_had_an_attempt_has_nothing_to_remove() {
    let file = File::waiting(|_| {}).await;
    file.desk.act(Command::Cancel(vec![file.id()])).await.unwrap();
    let delivery = file.delivery().await;
    assert_eq!((delivery.state, delivery.next_attempt_at), (D::Cancelled, None));
    assert_eq!(file.asked("remove", ".tmp-"), 0);
}
