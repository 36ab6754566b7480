//! The whole job in a folder of its own: the stand-ins outside, the engine inside.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use std::time::Duration;

use tempfile::TempDir;
use transship::config::Config;
use transship::demo::{Arming, Options, Oracle, StandIns, configuration, sample_exports};
use transship::engine::{Command, Engine, Reply, Schedules};
use transship::ledger::{Books as _, ExportRow, Filter, Ledger, Reader};
use transship::model::{Failure, Id, Outcome, RunReport, Trigger};

use super::judge;

/// The only endpoint.
pub const ENDPOINT: &str = "Encoura exports";

/// The stand-ins, and the configuration that points at them.
pub struct Desk {
    pub stand_ins: StandIns,
    pub config: Config,
    folder: TempDir,
}

impl Desk {
    /// Stand-ins with the eight sample exports and an eager receiver.
    pub async fn new() -> Self {
        Self::with(|options| options.exports = sample_exports()).await
    }

    /// Stand-ins as `change` wants them.
    pub async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let folder = TempDir::new().unwrap();
        let mut options = Options::new(folder.path().join("world"));
        change(&mut options);
        let stand_ins = StandIns::start(options).await.unwrap();
        let mut config = configuration(&stand_ins, folder.path()).unwrap();
        // The main job; the demo's registers have tests of their own.
        config.endpoints.retain(|endpoint| endpoint.name == ENDPOINT);
        for slate in config.destinations.values_mut() {
            // A server that falls silent is found out in a test's time.
            slate.server.request_timeout = Duration::from_secs(2);
        }
        Self { stand_ins, config, folder }
    }

    /// Arms a fault: `name[=value][*count][@after]`.
    pub fn arm(&self, fault: &str) {
        self.stand_ins.world().arm(fault.parse::<Arming>().unwrap());
    }

    /// What the outside has seen.
    pub fn oracle(&self) -> Oracle {
        self.stand_ins.world().oracle().unwrap()
    }

    /// An engine that does only what it is asked.
    pub async fn engine(&self) -> Engine {
        let ledger = Ledger::open(&self.config.database, "test").unwrap();
        Engine::start(self.config.clone(), ledger, Schedules::Off).await.unwrap()
    }

    /// Asks an engine of its own, which then stops, like a command from cron.
    pub async fn ask(&self, command: Command) -> Reply {
        let engine = self.engine().await;
        let reply = engine.handle().request(command).await;
        engine.stop(Duration::from_secs(10)).await;
        reply
    }

    /// One pass.
    pub async fn sync(&self) -> RunReport {
        let endpoints = Vec::new();
        match self.ask(Command::Sync { endpoints, trigger: Trigger::Manual, full: false }).await {
            Reply::Run(report) => report,
            other => panic!("a sync is answered with {other:?}"),
        }
    }

    /// Passes until one finds nothing to do, at most `most` of them.
    pub async fn sync_until_quiet(&self, most: usize) -> Vec<RunReport> {
        let mut reports = Vec::new();
        for _ in 0..most {
            let report = self.sync().await;
            let quiet = report.outcome == Outcome::NothingNew;
            reports.push(report);
            if quiet {
                return reports;
            }
        }
        panic!("not quiet after {most} passes: {reports:#?}\n{:#?}", self.exports());
    }

    /// An operator's action; its words, or why not.
    pub async fn act(&self, command: Command) -> Result<String, Failure> {
        match self.ask(command).await {
            Reply::Acted(mut acted) => acted.remove(0).result,
            other => panic!("an action is answered with {other:?}"),
        }
    }

    pub fn reader(&self) -> Reader {
        Reader::open(&self.config.database).unwrap()
    }

    /// All exports in the books, newest first.
    pub fn exports(&self) -> Vec<ExportRow> {
        self.reader().exports(&Filter::default()).unwrap()
    }

    /// How many exports are in each state.
    pub fn states(&self) -> std::collections::BTreeMap<String, usize> {
        let mut states = std::collections::BTreeMap::new();
        for row in self.exports() {
            *states.entry(row.state).or_default() += 1;
        }
        states
    }

    /// The ids of the exports in `state`.
    pub fn ids(&self, state: &str) -> Vec<Id> {
        self.exports().into_iter().filter(|row| row.state == state).map(|row| row.id).collect()
    }

    /// The whole promise was kept.
    #[track_caller]
    pub fn assert_all_once(&self) {
        let kept = judge::all_once(&self.oracle(), &self.exports());
        kept.unwrap_or_else(|broken| panic!("{broken}"));
    }

    /// How often the destructive list was asked for.
    pub fn destructive_lists(&self) -> usize {
        let journal = self.stand_ins.world().journal();
        journal.iter().filter(|call| call.path.contains("status=NotDelivered")).count()
    }

    /// Where everything of ours is kept.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}
