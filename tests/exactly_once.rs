//! The promise, kept against everything that the stand-ins can do: every export
//! arrives exactly once, whole, and no error is taken for "nothing new".
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use support::desk::{Desk, ENDPOINT};
use transship::demo::{Consumer, Extensions, NewExport, Pickup, Samples, Status, sample_exports};
use transship::engine::{Command, ReconcileMode, Reply};
use transship::model::{FailureClass, FinalNames, Outcome, PublishMode};
use transship::transport::sftp::SMALL;

#[tokio::test]
async fn eight_exports_arrive_once_and_a_second_pass_sends_nothing() {
    let desk = Desk::new().await;
    let report = desk.sync().await;
    assert_eq!(report.outcome, Outcome::Done, "{report:#?}");
    let part = &report.endpoints[0];
    assert_eq!((part.discovered, part.new, part.fetched, part.delivered), (8, 8, 8, 8));
    assert_eq!(desk.sync().await.outcome, Outcome::NothingNew);
    desk.assert_all_once();
}

/// Each fault strikes in the first pass. Whatever that pass says of itself, it
/// never says "nothing new" when there was something; and after a few passes
/// everything has arrived exactly once.
async fn survives(fault: &str) {
    let desk = Desk::new().await;
    desk.arm(fault);
    let reports = desk.sync_until_quiet(8).await;
    assert!(reports.len() > 1, "{fault}: the first pass already called it nothing new");
    let struck = desk.oracle().struck.values().sum::<u32>();
    assert!(struck > 0, "{fault} never struck");
    desk.assert_all_once();
}

macro_rules! survives {
    ($($name:ident: $fault:literal,)+) => {
        $(#[tokio::test]
        async fn $name() {
            survives($fault).await;
        })+
    };
}

survives! {
    survives_a_plain_token: "login_plain_token",
    survives_a_login_without_a_token: "login_no_token",
    survives_bearer_only: "bearer_only",
    survives_jwt_only: "jwt_only",
    survives_an_expired_session_at_the_list: "session_expired",
    survives_an_expired_session_in_mid_run: "session_expired@4",
    survives_a_single_object: "list_object",
    survives_a_proxy_s_page_after_the_flip: "list_html_502",
    survives_a_list_cut_after_the_flip: "list_cut",
    survives_a_list_body_cut_at_the_first_byte: "list_cut_body=1",
    survives_a_list_body_cut_in_the_middle: "list_cut_body",
    survives_a_list_that_failed_before_the_flip: "list_500",
    survives_being_throttled: "list_429",
    survives_a_failed_delivered_list: "delivered_500",
    survives_a_download_without_a_url: "download_no_url",
    survives_a_download_not_found_once: "download_404",
    survives_an_expired_url: "url_expired",
    survives_a_cut_body: "body_cut",
    survives_many_cut_bodies: "body_cut=100*6",
    survives_an_object_written_anew: "etag_changed",
    survives_a_busy_store: "store_503*3",
    survives_a_cut_before_the_rename: "rename_cut_before",
    survives_a_cut_after_the_rename: "rename_cut_after",
    survives_a_rename_that_comes_late: "rename_late",
    survives_many_cuts_around_renames: "rename_cut_after*5",
    survives_a_silent_server: "silent@20",
    survives_a_hidden_processed_folder: "processed_hidden",
}

#[tokio::test]
async fn an_answer_that_says_nothing_is_nothing_new_and_loses_nothing() {
    for fault in ["list_204", "list_empty", "list_null", "list_braces"] {
        let desk = Desk::new().await;
        desk.arm(fault);
        assert_eq!(desk.sync().await.outcome, Outcome::NothingNew, "{fault}");
        assert_eq!(desk.sync().await.outcome, Outcome::Done, "{fault}");
        desk.assert_all_once();
    }
}

#[tokio::test]
async fn an_element_without_uid_is_kept_and_costs_the_others_nothing() {
    let desk = Desk::new().await;
    desk.arm("list_item_without_uid");
    let report = desk.sync().await;
    assert_eq!(report.outcome, Outcome::NeedsOperator);
    assert_eq!(desk.states()["quarantined"], 1);
    assert_eq!(desk.states()["cleaned"], 8);
    assert!(desk.oracle().all_once());
}

#[tokio::test]
async fn the_source_s_past_is_not_sent() {
    let desk = Desk::with(|options| {
        let mut exports = sample_exports();
        for old in &mut exports[..5] {
            old.status = Status::Delivered;
        }
        options.exports = exports;
    })
    .await;
    let report = desk.sync().await;
    assert_eq!(report.endpoints[0].delivered, 3);
    assert_eq!(desk.states()["baseline"], 5);
    desk.assert_all_once();
    // One word, and it is fetched and delivered after all.
    let old = desk.ids("baseline");
    desk.act(Command::Fetch(old)).await.unwrap();
    desk.ask(Command::CarryOn { endpoints: Vec::new() }).await;
    assert_eq!(desk.states()["cleaned"], 8);
}

#[tokio::test]
async fn nothing_is_listed_before_the_past_is_known() {
    let desk = Desk::new().await;
    desk.arm("delivered_500*9");
    let report = desk.sync().await;
    assert_eq!(report.outcome, Outcome::Failed);
    assert_eq!(desk.destructive_lists(), 0);
}

#[tokio::test]
async fn a_login_that_is_refused_needs_the_operator_and_lists_nothing() {
    let desk = Desk::new().await;
    desk.arm("login_refused*9");
    let report = desk.sync().await;
    assert_eq!(report.outcome, Outcome::NeedsOperator);
    assert_eq!(report.endpoints[0].failure.as_ref().unwrap().class, FailureClass::SignIn);
    assert_eq!(desk.destructive_lists(), 0);
}

#[tokio::test]
async fn a_changed_host_key_stops_before_anything_is_taken_from_the_source() {
    let desk = Desk::new().await;
    desk.arm("host_key_changed");
    let report = desk.sync().await;
    assert_eq!(report.outcome, Outcome::NeedsOperator);
    let failure = report.endpoints[0].failure.as_ref().unwrap();
    assert_eq!(failure.class, FailureClass::HostKey);
    assert!(failure.to_string().contains("SHA256:"), "{failure}");
    assert_eq!(desk.destructive_lists(), 0);
    desk.stand_ins.world().disarm();
    desk.sync_until_quiet(3).await;
    desk.assert_all_once();
}

#[tokio::test]
async fn a_full_server_is_waited_for() {
    let desk = Desk::new().await;
    desk.arm("no_space");
    let report = desk.sync().await;
    assert_eq!(report.outcome, Outcome::Partial, "fetched, not delivered: {report:#?}");
    assert_eq!(report.endpoints[0].delivered, 0);
    assert_eq!(desk.states()["retry_wait"], 8);
    desk.stand_ins.world().disarm();
    desk.sync_until_quiet(3).await;
    desk.assert_all_once();
}

#[tokio::test]
async fn an_earlier_file_under_the_final_name_is_never_overwritten() {
    let desk = Desk::with(|options| {
        options.exports = sample_exports();
        options.consumer = Consumer::Off;
    })
    .await;
    desk.arm("target_exists");
    let report = desk.sync().await;
    assert_eq!(report.outcome, Outcome::NeedsOperator);
    assert_eq!(desk.states()["held"], 1);
    let oracle = desk.oracle();
    assert!(oracle.nothing_wrong(), "{oracle:#?}");
    assert_eq!(oracle.totals.once, 7);
}

#[tokio::test]
async fn without_atomic_renames_it_still_arrives_where_nothing_breaks() {
    let desk = Desk::with(|options| {
        options.exports = sample_exports();
        options.extensions = Extensions { posix_rename: false, ..options.extensions };
    })
    .await;
    desk.sync_until_quiet(3).await;
    desk.assert_all_once();
}

#[tokio::test]
async fn a_receiver_that_removes_files_is_taken_at_its_deed() {
    let desk = Desk::with(|options| {
        options.exports = sample_exports();
        options.pickup = Pickup::Remove;
    })
    .await;
    desk.sync_until_quiet(3).await;
    assert!(desk.exports().iter().all(|row| row.evidence.as_deref() == Some("E2")));
    assert_eq!(desk.states()["cleaned"], 8);
    assert_eq!(desk.oracle().totals.once, 8);
}

#[tokio::test]
async fn what_is_not_taken_yet_stays_published_and_is_looked_at_again() {
    let desk = Desk::with(|options| {
        options.exports = sample_exports();
        options.consumer = Consumer::Off;
    })
    .await;
    assert_eq!(desk.sync().await.outcome, Outcome::Done);
    assert_eq!(desk.states()["published"], 8);
    assert!(desk.exports().iter().all(|row| row.evidence.as_deref() == Some("E1")));
    // Looked at again, and not sent again.
    assert_eq!(desk.sync().await.outcome, Outcome::NothingNew);
    assert_eq!(desk.oracle().totals.once, 8);
}

#[tokio::test]
async fn types_that_are_left_out_are_fetched_kept_and_shown() {
    let mut desk = Desk::new().await;
    desk.config.endpoints[0].file_types = vec!["csv".into()];
    let report = desk.sync().await;
    assert_eq!((report.endpoints[0].fetched, report.endpoints[0].delivered), (8, 7));
    let skipped = desk.ids("skipped");
    assert_eq!(skipped.len(), 1);
    let row = desk.exports().into_iter().find(|row| row.id == skipped[0]).unwrap();
    assert!(row.error.unwrap().contains("file_types"));
    // Sent all the same, if somebody says so.
    desk.act(Command::SendAgain(skipped)).await.unwrap();
    desk.ask(Command::CarryOn { endpoints: Vec::new() }).await;
    desk.assert_all_once();
}

#[tokio::test]
async fn only_the_operator_sends_twice() {
    let desk = Desk::new().await;
    desk.sync().await;
    let first = desk.exports()[0].clone();
    desk.act(Command::SendAgain(vec![first.id])).await.unwrap();
    desk.ask(Command::CarryOn { endpoints: Vec::new() }).await;
    let again = desk.exports()[0].clone();
    assert_eq!(again.generation, Some(2));
    assert!(again.remote_name.unwrap().contains("_g2."));
    assert_eq!(desk.oracle().totals.twice, 1);
}

#[tokio::test]
async fn what_is_held_waits_for_its_release() {
    let desk = Desk::new().await;
    desk.arm("no_space");
    desk.sync().await;
    let all = desk.ids("retry_wait");
    desk.act(Command::Hold(vec![all[0]])).await.unwrap();
    desk.stand_ins.world().disarm();
    // What a person holds is no news: the pass calls itself done, and then quiet.
    desk.sync_until_quiet(3).await;
    assert_eq!(desk.ids("held"), vec![all[0]]);
    assert_eq!(desk.oracle().totals.once, 7);
    desk.act(Command::Release(vec![all[0]])).await.unwrap();
    desk.sync_until_quiet(3).await;
    desk.assert_all_once();
}

#[tokio::test]
async fn what_somebody_else_pulled_is_found_and_held() {
    let desk = Desk::new().await;
    desk.sync().await;
    for export in sample_exports().drain(..2) {
        let content = [b"other ", &export.content[..]].concat().into();
        let status = Status::Delivered;
        desk.stand_ins.world().add(NewExport { content, status, ..export });
    }
    let reconcile = |mode| Command::Reconcile { endpoints: vec![ENDPOINT.into()], mode };
    match desk.ask(reconcile(ReconcileMode::Hold)).await {
        Reply::Reconciled(found) => assert_eq!(found[0].found, 2, "{found:?}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(desk.states()["held"], 2);
    let next = desk.sync().await;
    assert_eq!(next.outcome, Outcome::NeedsOperator, "said again until somebody decides");
    assert_eq!(next.endpoints[0].delivered, 0, "nothing is sent by itself");
    desk.ask(reconcile(ReconcileMode::Fetch)).await;
    desk.sync_until_quiet(3).await;
    assert_eq!(desk.states()["cleaned"], 10);
}

#[tokio::test]
async fn a_damaged_archive_is_fetched_again_before_anything_is_sent() {
    let desk = Desk::new().await;
    desk.arm("no_space");
    desk.sync().await;
    let archive = desk.config.data_dir.join("archive/0");
    let mut damaged = 0;
    for entry in std::fs::read_dir(&archive).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        // One byte is another one: the size still fits.
        std::fs::write(&path, bytes.iter().map(|b| b ^ 1).collect::<Vec<_>>()).unwrap();
        damaged += 1;
    }
    assert_eq!(damaged, 8);
    desk.stand_ins.world().disarm();
    desk.sync_until_quiet(4).await;
    desk.assert_all_once();
}

/// A large file is compared while it is sent, or, where the receiver could take it before
/// its end, before that.
#[tokio::test]
async fn a_large_damaged_file_never_gets_its_name() {
    for publish in [PublishMode::Rename, PublishMode::Direct] {
        for rows in [40, 20_000] {
            let mut desk = Desk::with(|options| {
                options.exports = vec![Samples::new(5).report("AOS_20260504_1.csv", rows)];
            })
            .await;
            let slate = desk.config.destinations.get_mut("slate").unwrap();
            slate.publish = publish;
            // Nobody is there at first.
            let port = std::mem::replace(&mut slate.server.port, 1);
            desk.sync().await;
            let mut archive = std::fs::read_dir(desk.config.data_dir.join("archive/0")).unwrap();
            let path = archive.next().unwrap().unwrap().path();
            let mut bytes = std::fs::read(&path).unwrap();
            assert_eq!(bytes.len() as u64 > SMALL, rows > 40);
            // The very last byte: it is sent when all others were.
            *bytes.last_mut().unwrap() ^= 1;
            std::fs::write(&path, bytes).unwrap();
            desk.config.destinations.get_mut("slate").unwrap().server.port = port;
            desk.sync_until_quiet(4).await;
            desk.assert_all_once();
            assert_eq!(desk.oracle().temporaries, Vec::<String>::new(), "{publish:?} {rows}");
        }
    }
}

#[tokio::test]
async fn a_test_takes_nothing_from_the_source() {
    let desk = Desk::new().await;
    let tested = transship::engine::test(&desk.config, &[], 5).await.unwrap();
    assert_eq!(tested[0].failures().count(), 0, "{tested:#?}");
    assert_eq!(desk.destructive_lists(), 0);
    assert_eq!(desk.oracle().totals.waiting, 8);
    assert!(!desk.config.database.exists(), "and makes no ledger");
}

#[tokio::test]
async fn a_server_that_refuses_renames_keeps_nothing_of_ours() {
    // Without renames a receiver may take half a file: this one does not look.
    let mut desk = Desk::with(|options| {
        options.exports = sample_exports();
        options.consumer = Consumer::Off;
    })
    .await;
    desk.arm("rename_refused");
    let report = desk.sync().await;
    assert_eq!(report.endpoints[0].delivered, 0);
    assert!(report.endpoints[0].error.as_ref().unwrap().contains("publish: direct"));
    assert_eq!(desk.oracle().temporaries, Vec::<String>::new());
    // The advice helps.
    desk.config.destinations.get_mut("slate").unwrap().publish = PublishMode::Direct;
    desk.sync_until_quiet(3).await;
    assert!(desk.oracle().all_once(), "{:#?}", desk.oracle());
}

#[tokio::test]
async fn original_names_wait_for_each_other() {
    let mut desk = Desk::with(|options| {
        options.exports = sample_exports();
        options.consumer = Consumer::Off;
    })
    .await;
    desk.config.destinations.get_mut("slate").unwrap().names = FinalNames::Original;
    desk.sync().await;
    // Two pairs carry one name: one of each waits, and overwrites nothing.
    let oracle = desk.oracle();
    assert!(oracle.nothing_wrong(), "{oracle:#?}");
    let published = desk.states()["published"];
    assert_eq!(oracle.totals.once, published);
    assert!(published < 8);
    assert_eq!(oracle.temporaries, Vec::<String>::new());
}

#[tokio::test]
async fn a_renamed_endpoint_goes_on_where_it_was() {
    let mut desk = Desk::new().await;
    desk.arm("no_space");
    desk.sync().await;
    desk.stand_ins.world().disarm();
    desk.config.endpoints[0].name = "Score reports".into();
    let reports = desk.sync_until_quiet(3).await;
    assert_eq!(reports[0].endpoints[0].delivered, 8);
    desk.assert_all_once();
}

#[tokio::test]
async fn a_list_that_is_carried_out_late_stays_open_until_a_later_look() {
    let desk = Desk::new().await;
    desk.arm("list_500*2");
    desk.sync().await;
    let engine = desk.engine().await;
    engine.stop(std::time::Duration::from_secs(5)).await;
    let ledger = transship::ledger::Ledger::open(&desk.config.database, "test").unwrap();
    let number = ledger.endpoint(ENDPOINT).await.unwrap().number;
    assert_eq!(ledger.open_polls(number).await.unwrap().len(), 2);
}
