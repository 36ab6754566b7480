//! A ledger on disk, walks into it, and what is in it afterwards.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;
use rusqlite::{Connection, OpenFlags};
use tokio_util::sync::CancellationToken;
use transship::ledger::{Ledger, OpenWalk, WalkCounts, WalkPlan};
use transship::model::{Endpoint, EndpointType, Failure, Page, Schedule, Scope, Trigger, Walked};
use transship::sources::{RegisterSink, RegisterSource};

use crate::source::TestSource;

pub fn endpoint(name: &str) -> Endpoint {
    Endpoint {
        name: name.into(),
        endpoint_type: EndpointType::GoogleDrive,
        project_id: "p".into(),
        user_id: "u".into(),
        description: None,
        client: "google_drive".into(),
        product_keys: Vec::new(),
        file_types: Vec::new(),
        scope: Scope::Exports,
        details: serde_json::Value::Null,
        datasets: Vec::new(),
        deliver_to: None,
        bandwidth: transship::model::Bandwidth::default(),
        schedule: Schedule::Manual,
        quiet_days: None,
        is_active: true,
    }
}

/// A row of `file_states`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub row: i64,
    pub name: String,
    pub path: String,
    pub folder: String,
    pub version: String,
    pub state: String,
    pub written_at: String,
}

/// How a walk ended.
pub enum Ended {
    Finished(WalkCounts, Walked),
    Failed(Failure),
    /// Dropped in the middle of it.
    Killed,
}

/// A ledger with one endpoint.
pub struct Books {
    pub ledger: Option<Ledger>,
    pub number: i64,
    folder: tempfile::TempDir,
}

impl Books {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut books = Self { ledger: None, number: 0, folder };
        books.open().await;
        books
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("a.db")
    }

    /// As after a restart.
    pub async fn open(&mut self) {
        self.ledger = None;
        let ledger = Ledger::open(&self.path(), "test").unwrap();
        ledger.register_endpoints(vec![endpoint("e"), endpoint("other")]).await.unwrap();
        self.number = ledger.endpoint("e").await.unwrap().number;
        self.ledger = Some(ledger);
    }

    pub fn ledger(&self) -> &Ledger {
        self.ledger.as_ref().unwrap()
    }

    pub fn plan(&self) -> WalkPlan {
        WalkPlan {
            endpoint: self.number,
            run: None,
            scope: "scope".into(),
            full: false,
            full_every: SignedDuration::from_hours(24),
            full_again_after: SignedDuration::from_hours(1),
            most_bytes: None,
            contents: None,
        }
    }

    /// Walks, killed after so many pages if it comes that far.
    pub async fn walk(&self, source: &TestSource, full: bool, killed_after: Option<u64>) -> Ended {
        let plan = WalkPlan { full, ..self.plan() };
        self.walk_as(source, plan, killed_after).await
    }

    pub async fn walk_as(
        &self,
        source: &TestSource,
        mut plan: WalkPlan,
        killed_after: Option<u64>,
    ) -> Ended {
        let ledger = self.ledger();
        plan.run = Some(ledger.start_run(Trigger::Manual, vec![plan.endpoint]).await.unwrap());
        let begun = ledger.begin_walk(plan).await.unwrap();
        let sink = Sink { ledger, walk: begun.walk.clone() };
        let calls = source.api_calls();
        *source.stands_still_after.lock().unwrap() = killed_after.map(|pages| calls + pages);
        let cancel = CancellationToken::new();
        let walked = tokio::select! {
            biased;
            walked = source.walk(&begun.known, begun.full, &sink, &cancel) => walked,
            () = source.stands_still.notified() => return Ended::Killed,
        };
        match walked {
            Ok(walked) => {
                let counts = ledger.finish_walk(&begun.walk, walked.clone()).await.unwrap();
                Ended::Finished(counts, walked)
            }
            Err(failure) => Ended::Failed(failure),
        }
    }

    /// A walk that must come to its end.
    #[track_caller]
    pub fn finished(ended: Ended) -> WalkCounts {
        match ended {
            Ended::Finished(counts, _) => counts,
            Ended::Failed(failure) => panic!("{failure}"),
            Ended::Killed => panic!("killed"),
        }
    }

    pub fn sql(&self) -> Connection {
        Connection::open_with_flags(self.path(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
    }

    /// One number.
    pub fn number_of(&self, sql: &str) -> i64 {
        self.sql().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// All rows of the endpoint, by the service's id.
    pub fn rows(&self) -> BTreeMap<String, Seen> {
        let sql = self.sql();
        let mut select = sql
            .prepare(
                "SELECT external_file_id, id, file_name, file_path, external_folder_id, version,
                     file_state, last_synced_at
                 FROM file_states WHERE endpoint_id = ?",
            )
            .unwrap();
        let rows = select.query_map([self.number], |row| {
            let seen = Seen {
                row: row.get(1)?,
                name: row.get(2)?,
                path: row.get(3)?,
                folder: row.get(4)?,
                version: row.get(5)?,
                state: row.get(6)?,
                written_at: row.get(7)?,
            };
            Ok((row.get(0)?, seen))
        });
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// The ids of the rows in `state`.
    pub fn in_state(&self, state: &str) -> Vec<String> {
        let rows = self.rows().into_iter();
        rows.filter(|(_, seen)| seen.state == state).map(|(id, _)| id).collect()
    }
}

pub struct Sink<'a> {
    pub ledger: &'a Ledger,
    pub walk: Arc<OpenWalk>,
}

#[async_trait]
impl RegisterSink for Sink<'_> {
    async fn page(&self, page: Page) -> Result<(), Failure> {
        self.ledger.book_page(&self.walk, page).await
    }
}
