//! The one file, its books, and what is to be seen of it over there.

use std::path::PathBuf;

use transship::config::Config;
use transship::demo::{Options, Samples};
use transship::engine::Command;
use transship::ledger::{Books as _, Delivery, EventRow, Filter, Ledger, TransferRow};
use transship::model::{DeliveryState as D, DestinationSettings, ExportState, Id, RunReport};

use crate::support::desk::Desk;

/// One export that is fetched and not delivered yet.
pub struct File {
    pub desk: Desk,
}

impl File {
    /// The server had no room for it when it came.
    pub async fn waiting(change: impl FnOnce(&mut Options)) -> Self {
        let desk = Desk::with(|options| {
            options.exports = vec![Samples::new(8).report("report.csv", 40)];
            change(options);
        })
        .await;
        desk.arm("no_space");
        desk.sync().await;
        desk.stand_ins.world().disarm();
        let file = Self { desk };
        assert_eq!(file.state(), "retry_wait");
        file
    }

    pub fn settings(&mut self) -> &mut DestinationSettings {
        self.desk.config.destinations.get_mut("slate").unwrap()
    }

    pub fn config(&self) -> &Config {
        &self.desk.config
    }

    /// The newest delivery as everybody can read it.
    pub fn row(&self) -> TransferRow {
        self.desk.reader().transfers(&Filter::default()).unwrap().remove(0)
    }

    pub fn state(&self) -> String {
        self.row().state
    }

    pub fn id(&self) -> Id {
        self.row().id
    }

    /// The books, which nobody else has open now.
    fn books(&self) -> Ledger {
        Ledger::open(&self.desk.config.database, "test").unwrap()
    }

    /// The delivery as the books have it.
    pub async fn delivery(&self) -> Delivery {
        self.books().delivery(self.id()).await.unwrap().unwrap()
    }

    /// Books that it went through `states`, each changed by `change`.
    pub async fn bring(&self, states: &[D], change: impl Fn(&mut Delivery)) -> Delivery {
        let books = self.books();
        let mut before = books.delivery(self.id()).await.unwrap().unwrap();
        for state in states {
            let mut after = before.clone();
            after.state = *state;
            after.failure = None;
            after.next_attempt_at = None;
            if *state == D::Uploading {
                after.attempt += 1;
                after.target = self.desk.config.destinations["slate"].target();
            }
            if *state == D::Staged {
                after.staged_at = Some(jiff::Timestamp::now());
            }
            change(&mut after);
            books.move_delivery(&before, &after).await.unwrap();
            before = after;
        }
        before
    }

    /// Books that its bytes are given up here, and removes them.
    pub async fn given_up_here(&self) {
        let books = self.books();
        let mut before = books.export(self.row().export).await.unwrap().unwrap();
        std::fs::remove_file(self.desk.config.data_dir.join(before.archived.clone().unwrap()))
            .unwrap();
        for state in [ExportState::Recorded, ExportState::Cancelled] {
            let after = transship::ledger::Export { state, ..before.clone() };
            books.move_export(&before, &after, None).await.unwrap();
            before = after;
        }
    }

    /// Goes on with what is in the books; asks the source for nothing.
    pub async fn carry_on(&self) {
        self.desk.ask(Command::CarryOn { endpoints: Vec::new() }).await;
    }

    pub async fn sync(&self) -> RunReport {
        self.desk.sync().await
    }

    /// Every event of the delivery, oldest first.
    pub fn events(&self) -> Vec<EventRow> {
        self.desk.reader().show(self.id()).unwrap().unwrap().events
    }

    /// The file's bytes.
    pub fn content(&self) -> Vec<u8> {
        Samples::new(8).report("report.csv", 40).content.to_vec()
    }

    /// The folder of the receiver that has this path over there.
    pub fn folder(&self, path: &str) -> PathBuf {
        let root = self.desk.stand_ins.world().upload_folder().ancestors().nth(2).unwrap();
        root.join(path.trim_matches('/'))
    }

    /// Puts a file into the upload folder.
    pub fn put(&self, name: &str, content: &[u8]) {
        std::fs::write(self.desk.stand_ins.world().upload_folder().join(name), content).unwrap();
    }

    /// Whether the upload folder has a file of this name.
    pub fn has(&self, name: &str) -> bool {
        self.desk.stand_ins.world().upload_folder().join(name).exists()
    }

    /// How often the server was asked to do `method` with a path that contains `part`.
    pub fn asked(&self, method: &str, part: &str) -> usize {
        let journal = self.desk.stand_ins.world().journal();
        journal.iter().filter(|call| call.method == method && call.path.contains(part)).count()
    }
}
