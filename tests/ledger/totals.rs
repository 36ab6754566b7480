//! The totals that are kept are what a count says, whatever is written.

use proptest::prelude::*;
use proptest::sample::Index;
use rusqlite::Connection;
use transship::ledger::{Arrival, Delivery, Export, Ledger, back_up, examine};
use transship::model::{DeliveryState, ExportState, ReconcileMode, Trigger};

use crate::{Desk, endpoint, to_slate};

/// One thing that is written.
#[derive(Clone, Debug)]
enum Step {
    /// A list, of these exports and of one of unknown shape.
    Announce(Vec<u8>),
    /// The Delivered list.
    Delivered(Vec<u8>, ReconcileMode),
    /// An export goes on by one of its arrows; once verified with a delivery.
    MoveExport(Index, Index),
    /// A delivery goes on by one of its arrows.
    MoveDelivery(Index, Index),
    /// An export is sent once more.
    SendAgain(Index),
    /// What is kept of ended exports is removed.
    Purge,
    /// The endpoint has another name in the configuration, and goes on with what it had.
    Rename,
    /// A backup is made, and put back later.
    BackUp,
    PutBack,
    /// The program ends, and starts again.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let uids = || proptest::collection::vec(0..30_u8, 0..6);
    let modes = prop_oneof![
        Just(ReconcileMode::Hold),
        Just(ReconcileMode::Fetch),
        Just(ReconcileMode::Adopt)
    ];
    prop_oneof![
        3 => uids().prop_map(Step::Announce),
        2 => (uids(), modes).prop_map(|(uids, mode)| Step::Delivered(uids, mode)),
        8 => any::<(Index, Index)>().prop_map(|(which, arrow)| Step::MoveExport(which, arrow)),
        12 => any::<(Index, Index)>().prop_map(|(which, arrow)| Step::MoveDelivery(which, arrow)),
        1 => any::<Index>().prop_map(Step::SendAgain),
        1 => Just(Step::Purge),
        1 => Just(Step::Rename),
        1 => Just(Step::BackUp),
        1 => Just(Step::PutBack),
        1 => Just(Step::Restart),
    ]
}

impl Desk {
    fn ids(&self, table: &str) -> Vec<String> {
        let db = Connection::open(self.path()).unwrap();
        let letter = if table == "exports" { "x" } else { "d" };
        let mut select =
            db.prepare(&format!("SELECT '{letter}' || id FROM {table} ORDER BY id")).unwrap();
        select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    async fn any_export(&self, which: Index) -> Option<Export> {
        let ids = self.ids("exports");
        let id = ids.get(which.index(ids.len().max(1)))?;
        self.ledger.export(id.parse().unwrap()).await.unwrap()
    }

    async fn any_delivery(&self, which: Index) -> Option<Delivery> {
        let ids = self.ids("deliveries");
        let id = ids.get(which.index(ids.len().max(1)))?;
        self.ledger.delivery(id.parse().unwrap()).await.unwrap()
    }

    /// Opened anew at the same place.
    async fn again(self, change: impl FnOnce(&std::path::Path)) -> Self {
        let path = self.path();
        let Self { ledger, number, run, folder } = self;
        drop(ledger);
        change(&path);
        Self { ledger: Ledger::open(&path, "test").unwrap(), number, run, folder }
    }

    async fn step(mut self, step: Step) -> Self {
        match step {
            Step::Announce(uids) => {
                let uids: Vec<String> = uids.iter().map(|uid| format!("u{uid}")).collect();
                let list: Vec<_> =
                    uids.iter().map(|uid| Some(uid.as_str())).chain([None]).collect();
                self.announce(&list).await;
            }
            Step::Delivered(uids, mode) => {
                let uids: Vec<String> = uids.iter().map(|uid| format!("u{uid}")).collect();
                let uids: Vec<&str> = uids.iter().map(String::as_str).collect();
                self.delivered(&uids, mode).await;
            }
            Step::MoveExport(which, arrow) => {
                let Some(before) = self.any_export(which).await else { return self };
                let next: Vec<ExportState> = ExportState::ALL
                    .iter()
                    .copied()
                    .filter(|to| before.state.may_become(*to))
                    .collect();
                let Some(state) = next.get(arrow.index(next.len().max(1))) else { return self };
                let after = Export {
                    state: *state,
                    size: Some(7),
                    archived: Some("archive/a".into()),
                    ..before.clone()
                };
                let new = (*state == ExportState::Verified).then(to_slate);
                self.ledger.move_export(&before, &after, new).await.unwrap();
            }
            Step::MoveDelivery(which, arrow) => {
                let Some(before) = self.any_delivery(which).await else { return self };
                let next: Vec<DeliveryState> = DeliveryState::ALL
                    .iter()
                    .copied()
                    .filter(|to| before.state.may_become(*to))
                    .collect();
                let Some(state) = next.get(arrow.index(next.len().max(1))) else { return self };
                let after = Delivery { state: *state, ..before.clone() };
                self.ledger.move_delivery(&before, &after).await.unwrap();
            }
            Step::SendAgain(which) => {
                let Some(export) = self.any_export(which).await else { return self };
                self.ledger.create_generation(&export, to_slate()).await.unwrap();
            }
            Step::Purge => {
                let later = Some("2999-01-01T00:00:00Z".parse().unwrap());
                let gone = self.ledger.outlived(later, later).await.unwrap();
                self.ledger.purged(gone).await.unwrap();
            }
            Step::Rename => {
                let name = format!("n{}", rand::random::<u64>());
                self.ledger.register_endpoints(vec![endpoint(&name)]).await.unwrap();
                self.number = self.ledger.endpoint(&name).await.unwrap().number;
                let Arrival { source, account, .. } = self.arrival();
                self.ledger.take_over(self.number, source, account).await.unwrap();
                self.run = self.ledger.start_run(Trigger::Manual, vec![self.number]).await.unwrap();
            }
            Step::BackUp => {
                let copy = self.folder.path().join("copy.db");
                let _ = std::fs::remove_file(&copy);
                back_up(&self.path(), &copy).unwrap();
            }
            Step::PutBack => {
                let copy = self.folder.path().join("copy.db");
                if copy.exists() {
                    self = self.again(|path| assert!(std::fs::copy(&copy, path).is_ok())).await;
                    self.ledger.distrust("by the test".into()).await.unwrap();
                    // It may be older than the endpoint.
                    return Box::pin(self.step(Step::Rename)).await;
                }
            }
            Step::Restart => {
                self = self.again(|_| ()).await;
                self.ledger.close_interrupted_runs().await.unwrap();
            }
        }
        self
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_totals_are_what_a_count_says(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut desk = Desk::new().await;
            for step in steps {
                let words = format!("{step:?}");
                desk = desk.step(step).await;
                let examined = examine(&desk.path()).unwrap();
                assert_eq!(examined.wrong_totals, Vec::<String>::new(), "{words}");
            }
        });
    }
}

/// The control: without its trigger, a write is not counted, and it is said.
#[tokio::test]
async fn a_total_that_is_wrong_is_seen() {
    let desk = Desk::new().await;
    desk.announce(&[Some("a"), Some("b")]).await;
    assert_eq!(examine(&desk.path()).unwrap().wrong_totals, Vec::<String>::new());
    let tool = Connection::open(desk.path()).unwrap();
    tool.execute_batch("DROP TRIGGER exports_listed_less").unwrap();
    tool.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM exports WHERE uid = 'b'").unwrap();
    let said = examine(&desk.path()).unwrap().wrong_totals;
    assert_eq!(said, ["e: 2 exports listed, but there are 1"]);
}

#[tokio::test]
async fn rows_that_are_removed_are_not_counted_any_more() {
    let desk = Desk::new().await;
    desk.delivered(&["old"], ReconcileMode::Adopt).await;
    desk.announce(&[Some("a"), Some("b")]).await;
    let tool = Connection::open(desk.path()).unwrap();
    tool.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM exports WHERE uid <> 'a'").unwrap();
    assert_eq!(examine(&desk.path()).unwrap().wrong_totals, Vec::<String>::new());
}
