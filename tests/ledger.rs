//! The books on a real SQLite file: recorded once, moved by compare-and-set,
//! durable, readable beside the writer, and held by one process at a time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "ledger/backup.rs"]
mod backup;
#[path = "ledger/counts.rs"]
mod counts;
#[path = "ledger/lists.rs"]
mod lists;
#[path = "ledger/names.rs"]
mod names;
#[path = "ledger/put_back.rs"]
mod put_back;
#[path = "ledger/story.rs"]
mod story;
#[path = "ledger/totals.rs"]
mod totals;

use std::path::Path;

use transship::ledger::{
    Adopt, Arrival, Books as _, Delivery, Export, Filter, Ledger, NewDelivery, Reader,
};
use transship::model::{
    DeliveryState, Endpoint, EndpointType, ExportState, FailureClass, FinalNames, Id, Listed,
    ReconcileMode, Schedule, Scope, Trigger,
};

fn endpoint(name: &str) -> Endpoint {
    Endpoint {
        name: name.into(),
        endpoint_type: EndpointType::Encoura,
        project_id: "p".into(),
        user_id: "u".into(),
        description: None,
        client: "encoura".into(),
        product_keys: Vec::new(),
        file_types: Vec::new(),
        scope: Scope::Exports,
        details: serde_json::Value::Null,
        datasets: Vec::new(),
        deliver_to: Some("slate".into()),
        bandwidth: transship::model::Bandwidth::default(),
        schedule: Schedule::Manual,
        quiet_days: None,
        is_active: true,
    }
}

fn listed(uid: Option<&str>) -> Listed {
    let raw = uid.map_or_else(|| "{\"name\":\"?\"}".into(), |uid| format!("{{\"uid\":\"{uid}\"}}"));
    Listed { uid: uid.map(str::to_owned), name: None, size: None, raw }
}

struct Desk {
    ledger: Ledger,
    number: i64,
    run: Id,
    folder: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("a.db"), "test").unwrap();
        ledger.register_endpoints(vec![endpoint("e")]).await.unwrap();
        let number = ledger.endpoint("e").await.unwrap().number;
        let run = ledger.start_run(Trigger::Manual, vec![number]).await.unwrap();
        Self { ledger, number, run, folder }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("a.db")
    }

    fn arrival(&self) -> Arrival {
        Arrival {
            endpoint: self.number,
            run: Some(self.run),
            source: "encoura",
            account: "org".into(),
        }
    }

    async fn announce(&self, uids: &[Option<&str>]) -> transship::ledger::Recorded {
        let polls = Path::new("polls");
        let poll = self.ledger.intend_poll(self.arrival(), None, polls).await.unwrap();
        let list = uids.iter().map(|uid| listed(*uid)).collect();
        self.ledger.record_list(poll.id, self.arrival(), list).await.unwrap()
    }

    async fn delivered(&self, uids: &[&str], mode: ReconcileMode) -> transship::ledger::Recorded {
        let list = uids.iter().map(|uid| listed(Some(uid))).collect();
        let adopt = Adopt::Missing(mode);
        self.ledger.record_delivered(self.arrival(), None, list, adopt, Vec::new()).await.unwrap()
    }

    fn state_of(&self, uid: &str) -> String {
        let rows = self.ledger.reader().unwrap().exports(&Filter::default()).unwrap();
        rows.into_iter().find(|row| row.uid == uid).unwrap().state
    }

    /// An export that is verified, with its first delivery.
    async fn verified(&self, uid: &str, name: &str) -> (Export, Delivery) {
        self.announce(&[Some(uid)]).await;
        let open = self.ledger.open_exports(self.number).await.unwrap();
        let before = open.into_iter().find(|x| x.uid == uid).unwrap();
        let mut downloading = before.clone();
        downloading.state = ExportState::Downloading;
        downloading.attempt = 1;
        self.ledger.move_export(&before, &downloading, None).await.unwrap();
        let mut verified = downloading.clone();
        verified.state = ExportState::Verified;
        verified.name = Some(name.into());
        let id = self.ledger.move_export(&downloading, &verified, Some(to_slate())).await.unwrap();
        (verified, self.ledger.delivery(id.unwrap()).await.unwrap().unwrap())
    }
}

fn to_slate() -> NewDelivery {
    NewDelivery { destination: "slate".into(), target: "t".into(), names: FinalNames::Unique }
}

#[tokio::test]
async fn an_export_is_recorded_once_however_often_it_is_listed() {
    let desk = Desk::new().await;
    let first = desk.announce(&[Some("a"), Some("b"), None]).await;
    assert_eq!((first.found, first.new, first.quarantined), (3, 3, 1));
    let second = desk.announce(&[Some("b"), None, Some("c")]).await;
    assert_eq!((second.found, second.new, second.quarantined), (3, 1, 0));
    assert_eq!(desk.ledger.open_exports(desk.number).await.unwrap().len(), 3);
}

#[tokio::test]
async fn what_each_list_means_for_known_and_unknown_exports() {
    let desk = Desk::new().await;
    desk.delivered(&["old"], ReconcileMode::Adopt).await;
    assert_eq!(desk.state_of("old"), "baseline");

    desk.delivered(&["old", "odd"], ReconcileMode::Hold).await;
    assert_eq!(desk.state_of("odd"), "held");
    assert_eq!(desk.state_of("old"), "baseline");

    // A second, decided comparison may move what the first one held …
    desk.delivered(&["old", "odd"], ReconcileMode::Fetch).await;
    assert_eq!(desk.state_of("odd"), "recorded");
    // … but not fetch a year of baseline by surprise.
    assert_eq!(desk.state_of("old"), "baseline");

    // "Not delivered", says the source itself: then it was no baseline.
    let again = desk.announce(&[Some("old"), Some("odd")]).await;
    assert_eq!(again.new, 1);
    assert_eq!(desk.state_of("old"), "recorded");
}

#[tokio::test]
async fn what_the_operator_holds_no_list_releases() {
    let desk = Desk::new().await;
    desk.announce(&[Some("a")]).await;
    let before = desk.ledger.open_exports(desk.number).await.unwrap().remove(0);
    let mut held = before.clone();
    held.state = ExportState::Held;
    desk.ledger.move_export(&before, &held, None).await.unwrap();
    desk.announce(&[Some("a")]).await;
    desk.delivered(&["a"], ReconcileMode::Fetch).await;
    assert_eq!(desk.state_of("a"), "held");
}

#[tokio::test]
async fn a_move_from_a_state_that_is_no_longer_fails_and_changes_nothing() {
    let desk = Desk::new().await;
    let (_, before) = desk.verified("a", "a.csv").await;
    let mut uploading = before.clone();
    uploading.state = DeliveryState::Uploading;
    uploading.attempt = 1;
    desk.ledger.move_delivery(&before, &uploading).await.unwrap();

    let mut stale = before.clone();
    stale.state = DeliveryState::Held;
    let failure = desk.ledger.move_delivery(&before, &stale).await.unwrap_err();
    assert!(failure.to_string().contains("no longer verified"), "{failure}");
    // Another attempt of the same state is another place, too.
    let mut other = uploading.clone();
    other.attempt = 7;
    let mut staged = other.clone();
    staged.state = DeliveryState::Staged;
    assert!(desk.ledger.move_delivery(&other, &staged).await.is_err());

    // So is another state of the same attempt.
    let mut refused = uploading.clone();
    refused.state = DeliveryState::RetryWait;
    let mut held = refused.clone();
    held.state = DeliveryState::Held;
    assert!(desk.ledger.move_delivery(&refused, &held).await.is_err());

    let now = desk.ledger.delivery(before.id).await.unwrap().unwrap();
    assert_eq!(now, uploading);
    let story = desk.ledger.reader().unwrap().show(before.id).unwrap().unwrap();
    let states: Vec<_> = story.events.iter().filter_map(|e| e.to_state.as_deref()).collect();
    assert_eq!(states, ["recorded", "downloading", "verified", "verified", "uploading"]);
}

#[tokio::test]
async fn so_does_that_of_an_export() {
    let desk = Desk::new().await;
    desk.announce(&[Some("a")]).await;
    let before = desk.ledger.open_exports(desk.number).await.unwrap().remove(0);
    let to = |from: &Export, state, attempt| Export { state, attempt, ..from.clone() };
    let now = to(&before, ExportState::Downloading, 1);
    desk.ledger.move_export(&before, &now, None).await.unwrap();
    // Of an earlier attempt, of another state, and both.
    for (state, attempt) in
        [(ExportState::Downloading, 0), (ExportState::RetryWait, 1), (ExportState::Recorded, 0)]
    {
        let stale = to(&now, state, attempt);
        let after = to(&stale, ExportState::Cancelled, attempt);
        let failure = desk.ledger.move_export(&stale, &after, None).await.unwrap_err();
        assert!(failure.to_string().contains("no longer"), "{failure}");
    }
    assert_eq!(desk.ledger.export(before.id).await.unwrap(), Some(now));
}

#[tokio::test]
async fn there_is_no_arrow_that_the_design_does_not_have() {
    let desk = Desk::new().await;
    let (_, before) = desk.verified("a", "a.csv").await;
    let mut published = before.clone();
    published.state = DeliveryState::Published;
    let failure = desk.ledger.move_delivery(&before, &published).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Bug);
    assert!(failure.to_string().contains("no way from verified to published"), "{failure}");
}

#[tokio::test]
async fn equal_names_get_final_names_of_their_own() {
    let desk = Desk::new().await;
    let mut names = std::collections::HashSet::new();
    for n in 0..40 {
        let (_, delivery) = desk.verified(&format!("u{n}"), "Same Name.csv").await;
        assert!(delivery.final_name.starts_with("Same_Name_"), "{}", delivery.final_name);
        assert!(names.insert(delivery.final_name));
    }
    let (export, delivery) = desk.verified("x", "n.csv").await;
    let again = desk.ledger.create_generation(&export, to_slate()).await.unwrap();
    let again = desk.ledger.delivery(again).await.unwrap().unwrap();
    assert_eq!(again.generation, 2);
    assert_eq!(again.final_name, delivery.final_name.replace(".csv", "_g2.csv"));
}

#[tokio::test]
async fn fetched_again_is_not_sent_again() {
    let desk = Desk::new().await;
    let (verified, _) = desk.verified("a", "a.csv").await;
    let mut recorded = verified.clone();
    recorded.state = ExportState::Recorded;
    desk.ledger.move_export(&verified, &recorded, None).await.unwrap();
    let mut downloading = recorded.clone();
    downloading.state = ExportState::Downloading;
    desk.ledger.move_export(&recorded, &downloading, None).await.unwrap();
    let second = desk.ledger.move_export(&downloading, &verified, Some(to_slate())).await.unwrap();
    assert_eq!(second, None);
}

#[tokio::test]
async fn an_open_poll_survives_and_is_closed_with_what_was_found() {
    let mut desk = Desk::new().await;
    let (key, polls) = (Some("aos".into()), Path::new("polls"));
    let poll = desk.ledger.intend_poll(desk.arrival(), key, polls).await.unwrap();
    // As after a kill: the ledger is opened again.
    let path = desk.path();
    drop(desk.ledger);
    desk.ledger = Ledger::open(&path, "test").unwrap();
    let open = desk.ledger.open_polls(desk.number).await.unwrap();
    assert_eq!(open, vec![poll.clone()]);
    assert!(!open[0].received);
    let missing = Adopt::Missing(ReconcileMode::Fetch);
    let list = vec![listed(Some("lost"))];
    desk.ledger
        .record_delivered(desk.arrival(), Some("aos".into()), list, missing, vec![poll.id])
        .await
        .unwrap();
    assert_eq!(desk.ledger.open_polls(desk.number).await.unwrap(), vec![]);
    assert_eq!(desk.state_of("lost"), "recorded");
    // Closed is closed.
    assert!(desk.ledger.received_poll(poll.id).await.is_err());
}

#[tokio::test]
async fn an_interrupted_run_is_shown_as_failed() {
    let desk = Desk::new().await;
    let runs = || desk.ledger.reader().unwrap().runs(&Filter::default()).unwrap();
    assert_eq!(runs(), vec![]);
    desk.ledger.close_interrupted_runs().await.unwrap();
    assert_eq!(runs()[0].outcome.as_str(), "failed");
    assert!(runs()[0].endpoints[0].error.as_deref().unwrap().contains("interrupted"));
}

#[tokio::test]
async fn reading_needs_no_writer_and_makes_no_ledger() {
    let desk = Desk::new().await;
    desk.announce(&[Some("a")]).await;
    let path = desk.path();
    let beside = Reader::open(&path).unwrap();
    assert_eq!(beside.exports(&Filter::default()).unwrap().len(), 1);
    drop(desk.ledger);
    assert_eq!(Reader::open(&path).unwrap().exports(&Filter::default()).unwrap().len(), 1);

    let nowhere = desk.folder.path().join("nowhere.db");
    assert_eq!(Reader::open(&nowhere).unwrap_err().class, FailureClass::NotFound);
    assert!(!nowhere.exists());
}

#[tokio::test]
async fn lists_are_filtered() {
    let desk = Desk::new().await;
    desk.delivered(&["old"], ReconcileMode::Adopt).await;
    desk.announce(&[Some("a"), Some("b"), Some("c")]).await;
    let reader = desk.ledger.reader().unwrap();
    let count = |filter: &Filter| reader.exports(filter).unwrap().len();
    assert_eq!(count(&Filter::default()), 4);
    assert_eq!(count(&Filter { pending: true, ..Filter::default() }), 3);
    assert_eq!(count(&Filter { state: Some("baseline".into()), ..Filter::default() }), 1);
    assert_eq!(count(&Filter { limit: Some(2), ..Filter::default() }), 2);
    assert_eq!(count(&Filter { endpoint: Some("other".into()), ..Filter::default() }), 0);
    let of = |endpoint: &str| {
        let filter = Filter { endpoint: Some(endpoint.into()), ..Filter::default() };
        reader.events(&filter).unwrap().len()
    };
    assert!(of("e") > 4);
    assert_eq!(of("other"), 0);
    let row = &reader.endpoints().unwrap()[0];
    assert_eq!((row.listed, row.waiting, row.needs_operator), (3, 3, 0));
}

#[cfg(unix)]
#[tokio::test]
async fn the_ledger_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new().await;
    desk.announce(&[Some("a")]).await;
    for suffix in ["", "-wal", "-shm"] {
        let path = format!("{}{suffix}", desk.path().display());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{path}: {mode:o}");
    }
}
