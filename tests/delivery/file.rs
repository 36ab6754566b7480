//! The one file, its books, and what is to be seen of it over there.

use std::path::PathBuf;
use std::time::Duration;

use transship::config::Config;
use transship::demo::{NewExport, Options, Samples, Status};
use transship::engine::{Command, Reply};
use transship::ledger::{
    Arrival, Books as _, Delivery, EventRow, Export, Filter, Ledger, NewDelivery, TransferRow,
};
use transship::model::{
    DeliveryState as D, DestinationSettings, EndpointResult, ExportState, Id, Listed, RunReport,
    Sha256,
};

use crate::support::desk::{Desk, ENDPOINT};

/// One export that is fetched and not delivered yet.
pub struct File {
    pub desk: Desk,
}

impl File {
    /// As a pass leaves it that was interrupted after the fetch; by the books, so
    /// that it takes no pass.
    pub async fn waiting(change: impl FnOnce(&mut Options)) -> Self {
        let desk = Desk::with(|options| {
            let export = Samples::new(8).report("report.csv", 40);
            options.exports = vec![NewExport { status: Status::Delivered, ..export }];
            change(options);
        })
        .await;
        // Registers the endpoint, and makes the folders and the ledger's mark.
        desk.engine().await.stop(Duration::from_secs(10)).await;
        let file = Self { desk };
        file.fetched().await;
        assert_eq!(file.state(), "verified");
        file
    }

    async fn fetched(&self) {
        let books = self.books();
        let arrival = Arrival {
            endpoint: books.endpoint(ENDPOINT).await.unwrap().number,
            run: None,
            source: "encoura",
            account: self.desk.stand_ins.encoura().organization_uid.clone(),
        };
        let uid = Some(self.desk.oracle().exports[0].uid.clone());
        let listed = Listed { uid, name: None, size: None, raw: "{}".into() };
        let polls = self.desk.config.data_dir.join("polls");
        let poll = books.intend_poll(arrival.clone(), None, &polls).await.unwrap();
        books.record_list(poll.id, arrival.clone(), vec![listed]).await.unwrap();
        let recorded = books.open_exports(arrival.endpoint).await.unwrap().remove(0);
        let mut downloading = recorded.clone();
        (downloading.state, downloading.attempt) = (ExportState::Downloading, 1);
        books.move_export(&recorded, &downloading, None).await.unwrap();
        let content = self.content();
        let place = format!("archive/0/{}-0", recorded.id);
        std::fs::create_dir_all(self.desk.config.data_dir.join("archive/0")).unwrap();
        std::fs::write(self.desk.config.data_dir.join(&place), &content).unwrap();
        let verified = Export {
            state: ExportState::Verified,
            name: Some("report.csv".into()),
            archived: Some(place),
            size: Some(content.len() as u64),
            sha256: Some(Sha256::of(&content)),
            ..downloading.clone()
        };
        books.move_export(&downloading, &verified, Some(self.new_delivery())).await.unwrap();
    }

    fn new_delivery(&self) -> NewDelivery {
        let settings = &self.desk.config.destinations["slate"];
        NewDelivery {
            destination: settings.name.clone(),
            target: settings.target(),
            names: settings.names,
        }
    }

    /// Makes its next delivery, as "send again" does.
    pub async fn again(&self) {
        let books = self.books();
        let export = books.export(self.row().export).await.unwrap().unwrap();
        books.create_generation(&export, self.new_delivery()).await.unwrap();
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
            let after = Export { state, ..before.clone() };
            books.move_export(&before, &after, None).await.unwrap();
            before = after;
        }
    }

    /// Goes on with what is in the books; asks the source for nothing.
    pub async fn carry_on(&self) -> EndpointResult {
        match self.desk.ask(Command::CarryOn { endpoints: Vec::new() }).await {
            Reply::CarriedOn(mut results) => results.remove(0),
            other => panic!("{other:?}"),
        }
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
