//! Contents on their way to a destination: each version once.

use std::collections::BTreeMap;

use rusqlite::Connection;
use transship::engine::Command;
use transship::ledger::{Books as _, ExportRow, FileRow, Filter};
use transship::model::{Endpoint, Outcome, Pick};

use crate::pass::{Rig, endpoint, scope};
use crate::source::{Service, TestSource};
use crate::world::World;

fn delivering(name: &str) -> Endpoint {
    Endpoint { deliver_to: Some("slate".into()), ..endpoint(name) }
}

async fn rig(world: World) -> Rig {
    let mut rig = Rig::new(World::new()).await;
    rig.desk.config.endpoints.clear();
    rig.add(delivering("Plans"), TestSource::new(world, Service::Stamps));
    rig
}

fn some() -> World {
    World::with(&[("1", "a"), ("2", "a"), ("3", "b")])
}

impl Rig {
    /// What lies at the destination: how often each content does.
    fn arrived(&self) -> BTreeMap<String, usize> {
        let mut arrived = BTreeMap::new();
        for entry in std::fs::read_dir(self.desk.stand_ins.world().upload_folder()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            *arrived.entry(String::from_utf8(bytes).unwrap()).or_default() += 1;
        }
        arrived
    }

    fn exports(&self) -> Vec<ExportRow> {
        self.reader().exports(&Filter::default()).unwrap()
    }

    fn file(&self, id: &str) -> FileRow {
        let files = self.reader().files(&Filter::default()).unwrap();
        files.into_iter().find(|file| file.external_file_id == id).unwrap()
    }

    fn state_of(&self, uid: &str, state: &str) -> usize {
        self.exports().iter().filter(|x| x.uid == uid && x.state == state).count()
    }
}

fn once(contents: &[&str]) -> BTreeMap<String, usize> {
    contents.iter().map(|content| ((*content).to_owned(), 1)).collect()
}

#[tokio::test]
async fn each_version_is_sent_once() {
    let rig = rig(some()).await;
    let first = rig.pass().await;
    assert_eq!((first.outcome, first.fetched, first.delivered), (Outcome::Done, 3, 3), "{first:?}");
    assert_eq!(rig.arrived(), once(&["1 1", "2 1", "3 1"]));
    assert_eq!(rig.file("1").contents.as_deref(), Some("queued"));

    let quiet = rig.sync_with(true).await;
    assert_eq!(quiet.outcome, Outcome::NothingNew);
    // A new version is sent; another name or another folder is no other version.
    rig.source().world().change_file("1");
    rig.source().world().rename_file("2", "two.pdf");
    rig.source().world().move_file("3", "a");
    let second = rig.pass().await;
    assert_eq!((second.updated, second.fetched, second.delivered), (3, 1, 1));
    assert_eq!(rig.arrived(), once(&["1 1", "1 2", "2 1", "3 1"]));
    // Nor is one that was gone and came back.
    let gone = rig.source().world().clone();
    rig.source().world().delete_folder("a");
    assert_eq!(rig.pass().await.removed, 3);
    *rig.source().world() = gone;
    assert_eq!(rig.sync_with(true).await.endpoints[0].delivered, 0);
    assert_eq!(rig.arrived().len(), 4);
}

#[tokio::test]
async fn what_is_not_fetched_says_why() {
    let mut world = some();
    world.files.get_mut("1").unwrap().bytes = None;
    world.files.get_mut("2").unwrap().bytes = Some(vec![b'x'; (2 << 20) + 1]);
    let mut rig = rig(world).await;
    let pick = Pick { max_fetch_bytes: Some(2 << 20), ..Pick::default() };
    rig.desk.config.endpoints[0].scope = scope(pick);
    let first = rig.pass().await;
    assert_eq!((first.new, first.delivered, first.failed), (3, 1, 0), "{first:?}");
    assert_eq!(rig.file("1").left_out.as_deref(), Some("view-only"));
    assert_eq!(rig.file("2").left_out.unwrap(), "larger than 2 MB (max_file_size_mb)");
    assert_eq!(rig.file("1").contents, None);
    // Another limit: considered again, although nothing changed there.
    rig.desk.config.endpoints[0].scope = scope(Pick::default());
    assert_eq!(rig.pass().await.delivered, 1);
    assert_eq!(rig.file("2").left_out, None);
    // And one that may be downloaded by now.
    rig.source().world().files.get_mut("1").unwrap().bytes = Some(b"1 1".to_vec());
    assert_eq!(rig.sync_with(true).await.endpoints[0].delivered, 1);
}

#[tokio::test]
async fn two_endpoints_never_send_one_file_to_one_place_twice() {
    let mut rig = rig(some()).await;
    rig.add(delivering("The same again"), TestSource::new(some(), Service::Feed));
    rig.sync().await;
    rig.sync().await;
    assert_eq!(rig.arrived(), once(&["1 1", "2 1", "3 1"]));
}

#[tokio::test]
async fn a_renamed_endpoint_goes_on_and_sends_nothing_again() {
    let mut rig = rig(some()).await;
    rig.desk.arm("rename_refused");
    rig.pass().await;
    let open = rig.exports().iter().filter(|x| x.state == "retry_wait").count();
    assert!(open > 0, "{:#?}", rig.exports());
    let source = rig.source();
    rig.desk.stand_ins.world().disarm();
    rig.desk.config.endpoints[0].name = "Drawings".into();
    rig.sources.0.insert("Drawings".into(), source);
    // What was open under the old name is brought to its end under the new one.
    let pass = rig.pass().await;
    assert_eq!((pass.new, pass.delivered), (3, open as u64), "{pass:?}");
    assert_eq!(rig.arrived(), once(&["1 1", "2 1", "3 1"]));
    assert!(rig.exports().iter().all(|x| x.endpoint == "Drawings"));
}

#[tokio::test]
async fn a_newer_version_supersedes_one_that_was_not_fetched() {
    let rig = rig(some()).await;
    *rig.source().withholds.lock().unwrap() = vec!["1".into()];
    let first = rig.pass().await;
    assert_eq!((first.delivered, first.failed), (2, 1), "{first:?}");
    assert_eq!(rig.state_of("1", "retry_wait"), 1);

    rig.source().world().change_file("1");
    rig.source().withholds.lock().unwrap().clear();
    let second = rig.pass().await;
    assert_eq!(second.delivered, 1, "{second:?}");
    assert_eq!(rig.arrived(), once(&["1 2", "2 1", "3 1"]));
    assert_eq!((rig.state_of("1", "cancelled"), rig.state_of("1", "cleaned")), (1, 0));
    let old = rig.exports().into_iter().find(|x| x.state == "cancelled").unwrap();
    assert!(old.error.unwrap().contains("newer version"));

    // The old version comes back: now it is wanted after all.
    rig.source().world().files.get_mut("1").unwrap().version = 1;
    rig.source().world().files.get_mut("1").unwrap().bytes = Some(b"1 1".to_vec());
    assert_eq!(rig.sync_with(true).await.endpoints[0].delivered, 1);
    assert_eq!(rig.arrived(), once(&["1 1", "1 2", "2 1", "3 1"]));
}

#[tokio::test]
async fn a_file_that_is_gone_before_it_was_fetched_is_given_up() {
    let rig = rig(some()).await;
    *rig.source().withholds.lock().unwrap() = vec!["1".into()];
    rig.pass().await;
    rig.source().world().delete_file("1");
    let pass = rig.pass().await;
    assert_eq!((pass.removed, pass.failed), (1, 0), "{pass:?}");
    assert_eq!(rig.state_of("1", "cancelled"), 1);
}

#[tokio::test]
async fn a_brake_holds_contents_back_and_not_the_register() {
    let mut rig = rig(some()).await;
    rig.desk.config.brakes.min_free_bytes = u64::MAX;
    let braked = rig.pass().await;
    assert_eq!((braked.new, braked.fetched), (3, 0));
    assert_eq!(braked.outcome, Outcome::NeedsOperator);
    assert!(braked.error.unwrap().contains("min_free_mb"));
    assert_eq!(rig.file("1").contents.as_deref(), Some("waiting"));
    assert_eq!(rig.exports(), []);
    // It goes on by itself, although the register has nothing new then.
    rig.desk.config.brakes.min_free_bytes = 0;
    let free = rig.pass().await;
    assert_eq!((free.new, free.delivered, free.outcome), (0, 3, Outcome::Done), "{free:?}");
}

#[tokio::test]
async fn a_backlog_is_filled_up_to_its_limit_and_again() {
    let files: Vec<String> = (0..9).map(|n| format!("n{n}")).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|id| (id.as_str(), "a")).collect();
    let mut rig = rig(World::with(&files)).await;
    rig.desk.config.brakes.max_backlog = 2;
    rig.desk.arm("rename_refused");
    let stuck = rig.pass().await;
    assert_eq!((stuck.new, rig.exports().len()), (9, 2), "{stuck:?}");
    rig.desk.stand_ins.world().disarm();
    let free = rig.pass().await;
    assert_eq!(free.delivered, 9, "{free:?}");
    assert_eq!(rig.arrived().len(), 9);
}

#[tokio::test]
async fn an_endpoint_that_begins_to_deliver_sends_what_it_has() {
    let mut rig = Rig::new(some()).await;
    rig.pass().await;
    assert_eq!(rig.file("1").contents, None);
    rig.desk.config.endpoints[0].deliver_to = Some("slate".into());
    let pass = rig.pass().await;
    assert_eq!((pass.new, pass.delivered), (0, 3), "{pass:?}");
}

#[tokio::test]
async fn another_destination_gets_everything_and_the_old_one_nothing_more() {
    let mut rig = rig(some()).await;
    *rig.source().withholds.lock().unwrap() = vec!["1".into()];
    rig.pass().await;
    let mut other = rig.desk.config.destinations["slate"].clone();
    other.name = "elsewhere".into();
    rig.desk.config.destinations.insert("elsewhere".into(), other);
    rig.desk.config.endpoints[0].deliver_to = Some("elsewhere".into());
    rig.source().withholds.lock().unwrap().clear();
    // What was meant for the old place does not go to the new one as well.
    rig.ask(Command::CarryOn { endpoints: Vec::new() }).await;
    assert_eq!(rig.state_of("1", "cancelled"), 1);
    let pass = rig.pass().await;
    assert_eq!(pass.delivered, 3, "{pass:?}");
    let sent = BTreeMap::from([("1 1".into(), 1), ("2 1".into(), 2), ("3 1".into(), 2)]);
    assert_eq!(rig.arrived(), sent);
}

#[tokio::test]
async fn a_restored_ledger_sends_nothing_by_itself() {
    let rig = rig(some()).await;
    rig.pass().await;
    let database = &rig.desk.config.database;
    let copy = rig.desk.folder().join("backup.db");
    std::fs::copy(database, &copy).unwrap();
    rig.source().world().change_file("1");
    rig.source().world().add_file("4", "b", "4.pdf");
    rig.pass().await;
    let sent = rig.arrived();
    assert_eq!(sent.len(), 5);
    std::fs::copy(&copy, database).unwrap();
    for beside in ["-wal", "-shm"] {
        let mut name = database.as_os_str().to_owned();
        name.push(beside);
        let _ = std::fs::remove_file(std::path::PathBuf::from(name));
    }
    for _ in 0..2 {
        let pass = rig.pass().await;
        assert_eq!((pass.delivered, pass.outcome), (0, Outcome::NeedsOperator), "{pass:?}");
    }
    assert_eq!((rig.state_of("1", "held"), rig.state_of("4", "held")), (1, 1));
    assert_eq!(rig.arrived(), sent);
    // What comes later is trusted again.
    rig.source().world().add_file("5", "b", "5.pdf");
    assert_eq!(rig.pass().await.delivered, 1);
    let sql = Connection::open(database).unwrap();
    let ok: String = sql.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(ok, "ok");
}
