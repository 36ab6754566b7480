//! What the events tell: every change once, with its run, its states and its words.

use std::path::Path;

use jiff::Timestamp;
use transship::ledger::{Adopt, Books as _, EventRow, Filter};
use transship::model::{
    DeliveryState, EndpointResult, EndpointType, Evidence, ExportState, Failure, FailureClass,
    Outcome, ReconcileMode, RunReport,
};

use crate::{Desk, listed};

/// Every event so far in one line each, oldest first; without times, and ids as words.
fn told(desk: &Desk) -> Vec<String> {
    let mut events = desk.ledger.reader().unwrap().events(&Filter::default()).unwrap();
    events.reverse();
    events.iter().map(line).collect()
}

fn line(event: &EventRow) -> String {
    let EventRow { subject, kind, attempt, .. } = event;
    let run = event.run.map_or("-".into(), |run| run.to_string());
    let from = event.from_state.as_deref().unwrap_or("-");
    let to = event.to_state.as_deref().unwrap_or("-");
    let detail = event.detail.as_deref().unwrap_or("-");
    format!("{subject} {run} {kind} {from} > {to} ({attempt}) {detail}")
}

fn failure(words: &str) -> Failure {
    Failure::new(FailureClass::Network, "testing", "a").said(words)
}

#[tokio::test]
async fn lists_and_what_was_in_them() {
    let desk = Desk::new().await;
    desk.announce(&[Some("a"), None]).await;
    let (key, folder) = (Some("aos".to_owned()), Path::new("polls"));
    let poll = desk.ledger.intend_poll(desk.arrival(), key, folder).await.unwrap();
    desk.ledger.poll_lost(poll.id, failure("cut")).await.unwrap();
    desk.ledger.received_poll(poll.id).await.unwrap();
    let other = desk.ledger.intend_poll(desk.arrival(), None, folder).await.unwrap();
    desk.ledger.poll_not_sent(other.id, failure("no route")).await.unwrap();
    desk.delivered(&["b"], ReconcileMode::Hold).await;
    let told = told(&desk);
    let expected = [
        "r1 r1 started - > - (0) -",
        "p1 r1 poll - > intent (0) -",
        "x1 r1 state - > recorded (0) -",
        "x2 r1 state - > quarantined (0) unexpected reply: reading a list's element: it has no uid \
         — its JSON is kept; tell the vendor, or us if its shape is new",
        "p1 - poll - > recorded (0) -",
        "p2 r1 poll - > intent (0) aos",
        "p2 - poll - > intent (0) network: testing a: cut",
        "p2 - poll - > received (0) -",
        "p3 r1 poll - > intent (0) -",
        "p3 - poll - > not_sent (0) network: testing a: no route",
        "x3 r1 state - > held (0) in doubt: reconciling b: the source calls it delivered, but it \
         was never seen here — release it to fetch and deliver it, cancel it if somebody else did",
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn an_export_and_its_delivery() {
    let desk = Desk::new().await;
    let (export, first) = desk.verified("a", "a.csv").await;
    let mut now = first.clone();
    let mut at = 0;
    for (state, change) in [
        (DeliveryState::Uploading, 1),
        // Looked at once more, and nothing is different: no story.
        (DeliveryState::Uploading, 0),
        // Another attempt in the same state is one.
        (DeliveryState::Uploading, 1),
        (DeliveryState::Staged, 0),
        (DeliveryState::Publishing, 0),
        (DeliveryState::Published, 0),
    ] {
        at += change;
        let mut after = now.clone();
        (after.state, after.attempt) = (state, at);
        if state == DeliveryState::Published {
            after.evidence = Some(Evidence::E0);
        }
        desk.ledger.move_delivery(&now, &after).await.unwrap();
        now = after;
    }
    // The same evidence again is no news, another one is, and so is a failure.
    for (evidence, failure) in [
        (Some(Evidence::E0), None),
        (Some(Evidence::E1), None),
        (Some(Evidence::E1), Some(failure("cut"))),
        (Some(Evidence::E1), None),
    ] {
        let mut after = now.clone();
        (after.evidence, after.failure) = (evidence, failure);
        desk.ledger.move_delivery(&now, &after).await.unwrap();
        now = after;
    }
    let mut again = export.clone();
    again.state = ExportState::Recorded;
    again.failure = Some(failure("damaged"));
    desk.ledger.move_export(&export, &again, None).await.unwrap();
    desk.ledger.create_generation(&again, crate::to_slate()).await.unwrap();
    let told = told(&desk);
    let expected = [
        "x1 - state recorded > downloading (1) -",
        "x1 - state downloading > verified (1) -",
        "d1 - state - > verified (0) x1 generation 1",
        "d1 - state verified > uploading (1) -",
        "d1 - state uploading > uploading (2) -",
        "d1 - state uploading > staged (2) -",
        "d1 - state staged > publishing (2) -",
        "d1 - state publishing > published (2) E0: rename acknowledged",
        "d1 - state published > published (2) E1: seen under its final name",
        "d1 - state published > published (2) network: testing a: cut",
        "x1 - state verified > recorded (1) network: testing a: damaged",
        "d2 - state - > verified (0) x1 generation 2",
    ];
    assert_eq!(told[4..], expected);
}

#[tokio::test]
async fn details_of_a_fetch_are_no_story_and_its_failures_are() {
    let desk = Desk::new().await;
    desk.announce(&[Some("a")]).await;
    let before = desk.ledger.open_exports(desk.number).await.unwrap().remove(0);
    let mut now = before.clone();
    let mut step = async |change: &dyn Fn(&mut transship::ledger::Export)| {
        let mut after = now.clone();
        change(&mut after);
        desk.ledger.move_export(&now, &after, None).await.unwrap();
        now = after;
    };
    step(&|x| (x.state, x.attempt) = (ExportState::Downloading, 1)).await;
    step(&|x| x.etag = Some("e".into())).await;
    step(&|x| x.attempt = 2).await;
    step(&|x| x.failure = Some(failure("cut"))).await;
    let told = told(&desk);
    let expected = [
        "x1 - state recorded > downloading (1) -",
        "x1 - state downloading > downloading (2) -",
        "x1 - state downloading > downloading (2) network: testing a: cut",
    ];
    assert_eq!(told[4..], expected);
}

#[tokio::test]
async fn runs_and_words_of_the_operator() {
    let desk = Desk::new().await;
    let (_, delivery) = desk.verified("a", "a.csv").await;
    let words = "held by the operator".to_owned();
    desk.ledger.note(delivery.id, Some(desk.run), "operator", words).await.unwrap();
    let mut part = EndpointResult::new("e", EndpointType::Encoura);
    (part.outcome, part.discovered, part.delivered) = (Outcome::Done, 3, 2);
    desk.ledger.end_endpoint(desk.run, desk.number, part.clone()).await.unwrap();
    let (started_at, ended_at) = (Timestamp::now(), Timestamp::now());
    let report = RunReport {
        run_id: desk.run,
        started_at,
        ended_at,
        outcome: Outcome::Done,
        endpoints: vec![part],
    };
    desk.ledger.end_run(report.clone()).await.unwrap();
    let told = told(&desk);
    let last = &told[told.len() - 2..];
    assert_eq!(
        last,
        ["d1 r1 operator - > - (0) held by the operator", "r1 r1 ended - > done (0) -"]
    );
    let reader = desk.ledger.reader().unwrap();
    assert_eq!(reader.runs(&Filter::default()).unwrap(), [report]);
    assert_eq!(reader.endpoints().unwrap()[0].last_outcome, Some(Outcome::Done));
    // It is at its end: nothing of it was interrupted.
    desk.ledger.close_interrupted_runs().await.unwrap();
    assert_eq!(reader.runs(&Filter::default()).unwrap()[0].outcome, Outcome::Done);
    assert_eq!(reader.endpoints().unwrap()[0].last_outcome, Some(Outcome::Done));
}

#[tokio::test]
async fn the_latest_event_is_the_one_of_the_latest_time() {
    let desk = Desk::new().await;
    let begun = Timestamp::now();
    desk.announce(&[Some("a")]).await;
    let latest = desk.ledger.latest_event_at().await.unwrap().unwrap();
    let events = desk.ledger.reader().unwrap().events(&Filter::default()).unwrap();
    assert_eq!(Some(latest), events.iter().map(|event| event.at).max());
    assert!(latest.duration_since(begun).as_secs().abs() < 60);
}

#[tokio::test]
async fn a_list_is_counted_as_it_came() {
    let desk = Desk::new().await;
    desk.delivered(&["old"], ReconcileMode::Adopt).await;
    let first = desk.announce(&[Some("a"), None, Some("old"), Some("b")]).await;
    assert_eq!((first.found, first.new, first.quarantined), (4, 4, 1));
    // Two without a uid and of another text are two.
    let list = vec![listed(None), transship::model::Listed { raw: "{}".into(), ..listed(None) }];
    let adopt = Adopt::Lost;
    let lost =
        desk.ledger.record_delivered(desk.arrival(), None, list, adopt, vec![]).await.unwrap();
    assert_eq!((lost.found, lost.new, lost.quarantined), (2, 1, 1));
}

/// What was held by a comparison and is announced after all is fetched without its
/// old failure; what is called delivered in the meantime goes on waiting.
#[tokio::test]
async fn what_a_comparison_held_is_freed_by_the_lists_that_may() {
    for (mode, state) in [
        (ReconcileMode::Hold, "held"),
        (ReconcileMode::Fetch, "recorded"),
        (ReconcileMode::Adopt, "baseline"),
    ] {
        let desk = Desk::new().await;
        desk.delivered(&["a"], ReconcileMode::Hold).await;
        let list = vec![listed(Some("a"))];
        desk.ledger
            .record_delivered(desk.arrival(), None, list, Adopt::Lost, vec![])
            .await
            .unwrap();
        assert_eq!(desk.state_of("a"), "held", "a lost list frees nothing");
        desk.delivered(&["a"], mode).await;
        assert_eq!(desk.state_of("a"), state);
        let rows = desk.ledger.reader().unwrap().exports(&Filter::default()).unwrap();
        assert_eq!(rows[0].error.is_some(), mode == ReconcileMode::Hold, "{rows:#?}");
    }
}
