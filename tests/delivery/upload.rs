//! Before the rename: refused, broken off, the file gone here.

use transship::demo::Consumer;
use transship::model::{DeliveryState as D, FailureClass, Outcome};

use crate::file::File;
use crate::support::desk::Desk;

#[tokio::test]
async fn half_a_file_on_a_server_without_room_does_not_stay_in_the_way() {
    let desk = Desk::new().await;
    desk.arm("no_space=2000");
    desk.sync().await;
    assert!(desk.exports().iter().any(|row| row.state == "retry_wait"));
    assert_eq!(desk.oracle().temporaries, Vec::<String>::new());
    desk.stand_ins.world().disarm();
    desk.sync_until_quiet(3).await;
    desk.assert_all_once();
}

/// A lost connection is not made again only to remove something: that is done at
/// the end of the delivery.
#[tokio::test]
async fn half_a_file_of_a_lost_connection_is_removed_when_all_is_done() {
    let file = File::waiting(|_| {}).await;
    // The handshake and the looks before, then in the middle of the writing.
    file.desk.arm("packet_cut_before@4");
    file.carry_on().await;
    file.desk.assert_all_once();
    assert_eq!(file.asked("open", ".tmp-"), 2, "the first one was cut");
    let journal = file.desk.stand_ins.world().journal();
    let published = journal
        .iter()
        .position(|call| call.path.ends_with(".csv") && call.method == "posix-rename");
    let removed = journal.iter().position(|call| call.method == "remove");
    assert!(published.is_some() && removed > published, "{journal:#?}");
}

/// The size is read back before anything is published.
#[tokio::test]
async fn a_write_that_is_acknowledged_and_not_kept_is_made_again() {
    let file = File::waiting(|_| {}).await;
    file.desk.arm("write_torn");
    file.carry_on().await;
    let told: Vec<_> = file.events().into_iter().filter_map(|event| event.detail).collect();
    let size = file.content().len();
    let found = format!("{} of {size} bytes are there", size - 1);
    assert!(told.iter().any(|detail| detail.contains(&found)), "{told:#?}");
    file.desk.assert_all_once();
}

/// One pass is enough for what passes by itself in a moment.
#[tokio::test]
async fn a_pass_tries_a_few_times_and_then_waits_for_the_next() {
    let file = File::waiting(|_| {}).await;
    file.desk.arm("no_space");
    file.carry_on().await;
    assert_eq!((file.state().as_str(), file.delivery().await.tries), ("retry_wait", 4));
    file.desk.stand_ins.world().disarm();
    file.desk.arm("rename_cut_before*3");
    let report = file.sync().await;
    assert_eq!((report.outcome, report.endpoints[0].delivered), (Outcome::Done, 1));
    assert_eq!(file.delivery().await.tries, 0);
    file.desk.assert_all_once();
    assert_eq!(file.sync().await.endpoints[0].delivered, 0);
}

/// Bytes that are gone here and were given up at the source cannot be sent, and
/// nothing revives what the operator gave up.
#[tokio::test]
async fn a_delivery_whose_file_was_given_up_waits_for_a_person() {
    for states in [&[][..], &[D::Uploading]] {
        let file = File::waiting(|options| options.consumer = Consumer::Off).await;
        file.bring(states, |_| {}).await;
        file.given_up_here().await;
        file.carry_on().await;
        assert_eq!(file.state(), "held", "{states:?}");
        let failure = file.delivery().await.failure.unwrap();
        assert_eq!(failure.class, FailureClass::Local);
        assert!(failure.to_string().contains("its file is not here"), "{failure}");
        assert_eq!(file.desk.oracle().totals.once, 0);
    }
}
