//! The engine's pass over a register.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use transship::config::Config;
use transship::engine::{
    self, Command, Engine, Event, Look, ReconcileMode, Reply, Schedules, Sources,
};
use transship::ledger::{Books as _, EndpointRow, Ledger, Reader};
use transship::model::{
    DriveScope, Endpoint, EndpointResult, EndpointType, Failure, FailureClass, Outcome, Pick,
    RunReport, Scope, Trigger,
};
use transship::sources::Source;

use crate::desk;
use crate::source::{Service, TestSource};
use crate::support::desk::Desk;
use crate::world::World;

/// Sources of our own, by endpoint.
#[derive(Clone, Default)]
pub struct TestSources(pub HashMap<String, Arc<TestSource>>);

impl Sources for TestSources {
    fn source(&mut self, _: &Config, endpoint: &Endpoint) -> Result<Source, Failure> {
        match self.0.get(&endpoint.name) {
            Some(source) => Ok(Source::Register(source.clone())),
            None => Err(Failure::new(FailureClass::Misconfigured, "testing", &endpoint.name)),
        }
    }
}

pub fn scope(pick: Pick) -> Scope {
    Scope::GoogleDrive(DriveScope {
        include_shared: false,
        folder_id: None,
        drive_id: None,
        include_subfolders: true,
        follow_shortcuts: false,
        include_trashed: false,
        modified_after: None,
        modified_before: None,
        export_as: Default::default(),
        pick,
    })
}

pub fn endpoint(name: &str) -> Endpoint {
    Endpoint { scope: scope(Pick::default()), ..desk::endpoint(name) }
}

/// The engine, our sources, and a destination that nobody needs to use.
pub struct Rig {
    pub desk: Desk,
    pub sources: TestSources,
}

impl Rig {
    /// One endpoint, `Plans`, that shows `world`.
    pub async fn new(world: World) -> Self {
        let mut desk = Desk::with(|options| {
            options.consumer = transship::demo::Consumer::Off;
        })
        .await;
        desk.config.endpoints = Vec::new();
        let mut rig = Self { desk, sources: TestSources::default() };
        rig.add(endpoint("Plans"), TestSource::new(world, Service::Stamps));
        rig
    }

    pub fn add(&mut self, endpoint: Endpoint, source: TestSource) -> Arc<TestSource> {
        let source = Arc::new(source);
        self.sources.0.insert(endpoint.name.clone(), source.clone());
        self.desk.config.endpoints.push(endpoint);
        source
    }

    pub fn source(&self) -> Arc<TestSource> {
        self.sources.0["Plans"].clone()
    }

    pub async fn engine(&self) -> Engine {
        let config = self.desk.config.clone();
        let ledger = Ledger::open(&config.database, "test").unwrap();
        let mut sources = self.sources.clone();
        Engine::start_with(config, ledger, Schedules::Off, &mut sources).await.unwrap()
    }

    pub async fn ask(&self, command: Command) -> Reply {
        let engine = self.engine().await;
        let reply = engine.handle().request(command).await;
        engine.stop(Duration::from_secs(10)).await;
        reply
    }

    pub async fn sync(&self) -> RunReport {
        self.sync_with(false).await
    }

    pub async fn sync_with(&self, full: bool) -> RunReport {
        match self.ask(command(full)).await {
            Reply::Run(report) => report,
            other => panic!("a sync is answered with {other:?}"),
        }
    }

    /// The part of the only endpoint.
    pub async fn pass(&self) -> EndpointResult {
        self.sync().await.endpoints.remove(0)
    }

    pub fn reader(&self) -> Reader {
        self.desk.reader()
    }

    pub fn row(&self) -> EndpointRow {
        self.reader().endpoints().unwrap().remove(0)
    }
}

fn command(full: bool) -> Command {
    Command::Sync { endpoints: Vec::new(), trigger: Trigger::Manual, full }
}

fn some() -> World {
    World::with(&[("1", "a"), ("2", "a"), ("3", "b")])
}

#[tokio::test]
async fn a_pass_says_what_it_found() {
    let rig = Rig::new(some()).await;
    let source = rig.source();
    let first = rig.pass().await;
    assert_eq!((first.outcome, first.discovered, first.new), (Outcome::Done, 3, 3));
    assert!(first.api_calls > 0 && first.quota_used == first.api_calls * 100, "{first:?}");

    let calls = source.calls.load(Ordering::SeqCst);
    let quiet = rig.pass().await;
    assert_eq!((quiet.outcome, quiet.new, quiet.updated), (Outcome::NothingNew, 0, 0));
    assert_eq!(quiet.api_calls, source.calls.load(Ordering::SeqCst) - calls);
    assert_eq!(quiet.api_calls, 1, "an unchanged project costs one call");

    source.world().change_file("1");
    source.world().delete_file("2");
    source.world().add_file("4", "b", "4.pdf");
    let changed = rig.pass().await;
    assert_eq!((changed.new, changed.updated, changed.removed), (1, 1, 1));
    assert_eq!(changed.outcome, Outcome::Done);
    let row = rig.row();
    assert_eq!((row.files, row.new, row.updated, row.removed), (3, 1, 1, 1));
    assert_eq!(row.api_calls, changed.api_calls);
    assert_eq!(row.endpoint_type, EndpointType::GoogleDrive);
}

#[tokio::test]
async fn a_pass_that_could_not_look_everywhere_is_partial() {
    let rig = Rig::new(some()).await;
    rig.pass().await;
    let source = rig.source();
    source.world().delete_file("1");
    source.world().delete_file("3");
    source.broken.lock().unwrap().insert("b".into());
    let partial = rig.pass().await;
    assert_eq!((partial.outcome, partial.removed, partial.failed), (Outcome::Partial, 0, 1));
    assert!(partial.error.unwrap().contains("listing b"));
    source.broken.lock().unwrap().clear();
    assert_eq!(rig.pass().await.removed, 2);
}

#[tokio::test]
async fn a_lost_sign_in_is_the_operators_and_changes_nothing() {
    let rig = Rig::new(some()).await;
    rig.pass().await;
    rig.source().signed_out.store(true, Ordering::SeqCst);
    let result = rig.pass().await;
    assert_eq!((result.outcome, result.removed), (Outcome::NeedsOperator, 0));
    assert!(result.error.unwrap().contains("sign in again"));
    assert_eq!(rig.row().files, 3);
}

#[tokio::test]
async fn access_that_is_lost_is_told_and_not_taken_for_a_removal() {
    let rig = Rig::new(some()).await;
    rig.pass().await;
    rig.source().world().lost.insert("a".into());
    let report = rig.sync_with(true).await;
    let result = &report.endpoints[0];
    assert_eq!((result.outcome, result.removed), (Outcome::Partial, 0));
    assert!(result.error.as_ref().unwrap().contains("1 may not be seen any more"), "{result:?}");
    let row = rig.row();
    assert_eq!((row.files, row.access_lost), (3, 2));
    // Said once: after that it is how things are.
    let report = rig.sync_with(true).await;
    assert_eq!(report.endpoints[0].outcome, Outcome::NothingNew);
}

#[tokio::test]
async fn full_means_full() {
    let rig = Rig::new(some()).await;
    for (asked, full) in [(false, true), (false, false), (true, true), (false, false)] {
        rig.sync_with(asked).await;
        assert_eq!(rig.source().was_full(), full);
    }
}

#[tokio::test]
async fn a_walk_is_told_while_it_goes_and_ends_when_the_program_does() {
    let rig = Rig::new(some()).await;
    let source = rig.source();
    *source.stands_still_after.lock().unwrap() = Some(3);
    let mut engine = rig.engine().await;
    let mut events = engine.events();
    let handle = engine.handle();
    let syncing = tokio::spawn(async move { handle.request(command(false)).await });
    // What it has seen so far is told although nothing more comes.
    loop {
        if let Event::Walk(walk) = events.recv().await.unwrap()
            && walk.found > 0
        {
            assert_eq!((walk.endpoint.as_str(), walk.new), ("Plans", walk.found));
            break;
        }
    }
    engine.stop(Duration::from_secs(10)).await;
    let Reply::Run(report) = syncing.await.unwrap() else { panic!("no report") };
    let result = &report.endpoints[0];
    // Some of it is booked, and nobody may think that all of it is.
    assert_eq!((result.outcome, result.new), (Outcome::Partial, 2));
    assert_eq!(result.failure.as_ref().unwrap().class, FailureClass::Cancelled);

    *source.stands_still_after.lock().unwrap() = None;
    source.world().delete_file("1");
    let next = rig.pass().await;
    assert_eq!((next.outcome, next.discovered), (Outcome::Done, 2));
    assert_eq!(rig.row().files, 2);
}

#[tokio::test]
async fn one_endpoint_is_never_walked_twice_at_once() {
    let rig = Rig::new(some()).await;
    let engine = rig.engine().await;
    let handle = engine.handle();
    let runs = (0..4).map(|_| handle.request(command(true)));
    for reply in futures::future::join_all(runs).await {
        assert!(matches!(reply, Reply::Run(_)), "{reply:?}");
    }
    engine.stop(Duration::from_secs(10)).await;
    assert_eq!(rig.source().most_walks_at_once.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_dry_run_says_what_would_happen_and_writes_nothing() {
    let rig = Rig::new(some()).await;
    let config = &rig.desk.config;
    let dry = async |books: Option<&Reader>, full| {
        let mut sources = rig.sources.clone();
        let tested =
            engine::dry_run(config, &[], full, books, &mut sources, &|_| ()).await.unwrap();
        let (_, found) = tested[0].checks.iter().find(|(what, _)| what.contains("walk")).unwrap();
        found.clone().unwrap().to_string()
    };
    // Before there is a ledger, and after.
    let first = dry(None, false).await;
    assert!(first.contains("3 files seen") && first.contains("3 new"), "{first}");
    rig.pass().await;
    {
        let source = rig.source();
        let mut world = source.world();
        world.add_file("4", "a", "4.pdf");
        world.rename_file("1", "one.pdf");
        world.move_file("3", "a");
        world.delete_file("2");
        world.add_folder("c", "a", "c");
    }
    let rows = || {
        let sql = rusqlite::Connection::open(&config.database).unwrap();
        let count = "SELECT count(*) || ' ' || max(last_synced_at) || ' '
            || (SELECT count(*) FROM folders) || ' ' || (SELECT count(*) FROM runs) FROM files";
        sql.query_row(count, [], |row| row.get::<_, String>(0)).unwrap()
    };
    let before = rows();
    for full in [false, true] {
        let words = dry(Some(&rig.reader()), full).await;
        for part in ["3 files seen", "1 new, 2 changed, 1 removed"] {
            assert!(words.contains(part), "{words}");
        }
    }
    assert_eq!(rows(), before);
    let done = rig.pass().await;
    assert_eq!((done.new, done.updated, done.removed), (1, 2, 1), "as it was said");
}

#[tokio::test]
async fn a_test_shows_a_few_files_and_the_projects_and_says_each_step() {
    let mut rig = Rig::new(some()).await;
    rig.add(endpoint("Same account"), TestSource::new(some(), Service::Feed));
    let steps = Mutex::new(Vec::new());
    let told = |step: &str| steps.lock().unwrap().push(step.to_owned());
    let look = Look { endpoints: Vec::new(), max_files: 2, list_projects: true };
    let mut sources = rig.sources.clone();
    let tested = engine::look(&rig.desk.config, &look, &mut sources, &told).await.unwrap();
    assert_eq!(tested[0].failures().count(), 0);
    let found = |what: &str| {
        let found = tested[0].checks.iter().find(|(check, _)| check.ends_with(what));
        found.unwrap().1.clone().unwrap().to_string()
    };
    assert_eq!(found("list files"), "1.pdf, 2.pdf");
    assert_eq!(tested[0].projects[0].id, "b.1");
    assert_eq!(tested[1].projects, [], "the projects are the account's");
    let first = steps.lock().unwrap()[0].clone();
    assert_eq!(first, "Plans: signing in to google_drive");
    assert_eq!(rig.source().told.lock().unwrap().clone(), None, "nothing was walked through");
    assert!(!rig.desk.config.database.exists(), "a test needs no ledger");

    rig.source().signed_out.store(true, Ordering::SeqCst);
    let tested = engine::look(&rig.desk.config, &look, &mut sources, &told).await.unwrap();
    assert_eq!(tested[0].failures().next().unwrap().class, FailureClass::SignIn);
}

#[tokio::test]
async fn reconcile_has_no_meaning_for_a_register() {
    let rig = Rig::new(some()).await;
    let ask = async |endpoints| match rig
        .ask(Command::Reconcile { endpoints, mode: ReconcileMode::Fetch })
        .await
    {
        Reply::Reconciled(found) => found,
        other => panic!("{other:?}"),
    };
    let named = ask(vec!["Plans".to_owned()]).await;
    let words = named[0].result.as_ref().unwrap_err().to_string();
    assert!(words.contains("no list of what was delivered"), "{words}");
    assert_eq!(ask(Vec::new()).await, [], "not named: those that have a list are meant");
}
