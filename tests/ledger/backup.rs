//! Backups: whole, checked, private, and never over anything else.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use transship::ledger::{Ledger, Reader, back_up};
use transship::model::FailureClass;

use super::Desk;

/// What is in `folder` beside the ledger's own files.
fn beside(folder: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let own = ["a.db", "a.db-wal", "a.db-shm", "a.db.lock", "a.db.holder"];
    let mut found: Vec<PathBuf> =
        paths.filter(|p| !own.contains(&p.file_name().unwrap().to_str().unwrap())).collect();
    found.sort();
    found
}

/// Taken while the writer writes, it is the ledger of one moment: of what was recorded
/// together, all or nothing is in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_one_moment_of_a_ledger_at_work() {
    let desk = Desk::new().await;
    let database = desk.folder.path().join("a.db");
    let writing = async {
        for round in 0..40 {
            let uids: Vec<String> = (0..25).map(|n| format!("{round}-{n}")).collect();
            let uids: Vec<Option<&str>> = uids.iter().map(|uid| Some(uid.as_str())).collect();
            desk.announce(&uids).await;
        }
    };
    let (database, folder) = (database.clone(), desk.folder.path().to_owned());
    let copying = tokio::task::spawn_blocking(move || {
        let copies = (0..10).map(|n| back_up(&database, &folder.join(format!("copy{n}"))));
        copies.collect::<Result<Vec<_>, _>>().unwrap()
    });
    let ((), backups) = tokio::join!(writing, async { copying.await.unwrap() });
    for backup in &backups {
        assert_eq!(backup.exports % 25, 0, "{backup:?}");
        let copy = Connection::open(&backup.path).unwrap();
        let counted: i64 =
            copy.query_row("SELECT count(*) FROM exports", [], |row| row.get(0)).unwrap();
        assert_eq!(counted, backup.exports);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&backup.path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
    // All that is there, and nothing half-done.
    let last = back_up(&desk.folder.path().join("a.db"), &desk.folder.path().join("last")).unwrap();
    assert_eq!(last.exports, 1000);
    assert_eq!(beside(desk.folder.path()).len(), 11);
    // It is a ledger like any other.
    Reader::open(&last.path).unwrap();
}

#[tokio::test]
async fn nothing_is_overwritten_and_nothing_is_made_of_nothing() {
    let desk = Desk::new().await;
    let folder = desk.folder.path();
    let precious = folder.join("precious");
    std::fs::write(&precious, "mine").unwrap();
    let failure = back_up(&folder.join("a.db"), &precious).unwrap_err();
    assert_eq!(failure.class, FailureClass::Refused, "{failure}");
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "mine");
    let failure = back_up(&folder.join("none.db"), &folder.join("copy")).unwrap_err();
    assert_eq!(failure.class, FailureClass::NotFound, "{failure}");
    let failure = back_up(&folder.join("a.db"), &folder.join("none/copy")).unwrap_err();
    assert_eq!(failure.class, FailureClass::Local, "{failure}");
    assert_eq!(beside(folder), [precious]);
}

/// Rows that lost what they refer to are copied by SQLite without a word.
#[tokio::test]
async fn a_damaged_ledger_gives_no_backup() {
    let desk = Desk::new().await;
    desk.announce(&[Some("u")]).await;
    let folder = desk.folder.path();
    let damage = Connection::open(folder.join("a.db")).unwrap();
    damage.pragma_update(None, "foreign_keys", false).unwrap();
    damage.execute("DELETE FROM endpoints", []).unwrap();
    let failure = back_up(&folder.join("a.db"), &folder.join("copy")).unwrap_err();
    assert_eq!(failure.class, FailureClass::Damaged, "{failure}");
    assert_eq!(beside(folder), Vec::<PathBuf>::new());
}

/// A ledger of the first version is kept as it was before it is brought up to date; one
/// that is up to date, or new, is not.
#[tokio::test]
async fn an_older_ledger_is_copied_before_its_tables_are_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let first = include_str!("../../src/ledger/migrations/001_foundation.sql");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(first).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    old.execute("INSERT INTO runs (id, cause, started_at) VALUES (41, 'manual', '')", []).unwrap();
    drop(old);

    // Starts that come no further than that make no second one.
    let failing = Connection::open(&path).unwrap();
    failing.execute_batch("CREATE TABLE registers (x)").unwrap();
    for _ in 0..3 {
        let failure = Ledger::open(&path, "test").unwrap_err();
        assert!(failure.to_string().contains("already exists"), "{failure}");
    }
    failing.execute_batch("DROP TABLE registers").unwrap();
    drop(Ledger::open(&path, "test").unwrap());
    let copies = beside(folder.path());
    assert_eq!(copies.len(), 1, "{copies:?}");
    assert!(copies[0].to_str().unwrap().contains("a.db.v1-"), "{copies:?}");
    let copy = Connection::open(&copies[0]).unwrap();
    let version: i64 = copy.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let run: i64 = copy.query_row("SELECT id FROM runs", [], |row| row.get(0)).unwrap();
    assert_eq!((version, run), (1, 41));
    drop(copy);

    drop(Ledger::open(&path, "test").unwrap());
    assert_eq!(beside(folder.path()), copies);
}
