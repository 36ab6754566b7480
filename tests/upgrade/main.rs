//! A ledger of every version of its tables, with work in flight, is brought up to date and
//! goes on: each export arrives exactly once.
//!
//! The ledgers are in `tests/fixtures/ledgers`, one for each migration. A new migration
//! needs a new one: `cargo test --test upgrade make -- --ignored` makes it with this
//! program, in a world in which much goes wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod fixture;
mod make;
mod ready;
mod silver;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;

use rusqlite::Connection;
use transship::ledger::{Filter, Ledger, examine};

use fixture::Fixture;
use ready::Ready;

/// The version of the tables that this program writes.
fn current() -> u32 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.db");
    drop(Ledger::open(&path, "test").unwrap());
    version(&Connection::open(path).unwrap())
}

fn version(ledger: &Connection) -> u32 {
    ledger.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

/// Every table, index, trigger and view, in words that are equal where they are.
fn schema(ledger: &Connection) -> Vec<String> {
    let mut select = ledger
        .prepare(
            "SELECT type || ' ' || name || ' ' || sql FROM sqlite_schema WHERE sql IS NOT NULL",
        )
        .unwrap();
    let rows = select.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let mut all: Vec<String> =
        rows.map(|sql| sql.unwrap().split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    all.sort();
    all
}

#[test]
fn every_version_of_the_tables_has_its_ledger() {
    for version in 1..=current() {
        let path = Fixture::path(version);
        assert!(
            path.exists(),
            "{} is missing: `cargo test --test upgrade make -- --ignored` makes it",
            path.display()
        );
    }
    assert!(!Fixture::path(current() + 1).exists());
}

#[test]
fn an_updated_ledger_has_the_tables_of_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new.db");
    drop(Ledger::open(&new, "test").unwrap());
    let new = schema(&Connection::open(new).unwrap());
    for number in 1..=current() {
        let path = folder.path().join(format!("{number}.db"));
        let old = Fixture::read(number).build(&path, &fixture::Places::nowhere());
        assert_eq!(version(&old), number);
        drop(old);
        drop(Ledger::open(&path, "test").unwrap());
        let ledger = Connection::open(&path).unwrap();
        assert_eq!(version(&ledger), current());
        assert_eq!(schema(&ledger), new, "version {number}");
        assert_totals_are_right(&path, number);
    }
}

/// The story that every one of them is made of; without it the tests below prove little.
#[test]
fn much_is_in_flight_in_each_of_them() {
    for number in 1..=current() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.db");
        let old = Fixture::read(number).build(&path, &fixture::Places::nowhere());
        let all = |sql: &str| -> Vec<String> {
            let mut select = old.prepare(sql).unwrap();
            let rows = select.query_map([], |row| row.get(0)).unwrap();
            rows.map(Result::unwrap).collect()
        };
        let states = all("SELECT DISTINCT state FROM deliveries");
        for state in make::NEEDED {
            assert!(states.iter().any(|found| found == state), "version {number}: {states:?}");
        }
        let open = all("SELECT state FROM polls WHERE closed_at IS NULL");
        assert_eq!(open, ["intent"], "version {number}: a list that nobody got");
        let exports = all("SELECT DISTINCT state FROM exports");
        assert!(exports.iter().any(|state| state == "baseline"), "version {number}: {exports:?}");
    }
}

#[tokio::test]
async fn what_is_in_flight_arrives_exactly_once_after_the_update() {
    for number in 1..=current() {
        let ready = Ready::with(Fixture::read(number)).await;
        let site = &ready.site;
        // Looking changes nothing, and says what to do.
        let looked = site.run(&["exports"]).await;
        assert_eq!(looked.code == 0, number == current(), "version {number}: {looked:#?}");
        assert!(looked.code == 0 || looked.stderr.contains("older transship"), "{looked:#?}");
        assert_eq!(version(&Connection::open(site.database()).unwrap()), number);

        let waiting = ready.waiting_for_a_person();
        ready.sync_until_settled(6).await;
        ready.assert_backed_up(number, current());
        let oracle = site.oracle();
        for (n, export) in oracle.exports.iter().enumerate() {
            let expected = u32::from(ready.is_to_arrive(n));
            assert_eq!(export.arrived, expected, "version {number}, export {n}: {export:#?}");
            assert_eq!(export.partial, 0, "version {number}, export {n}");
        }
        assert_eq!(oracle.temporaries, Vec::<String>::new(), "version {number}");
        // What waits for a person waits for them still.
        assert_eq!(ready.waiting_for_a_person(), waiting, "version {number}");
        assert!(!waiting.is_empty(), "version {number}");
        for row in site.books(&Filter::default()) {
            let done = matches!(row.state.as_str(), "cleaned" | "baseline" | "held" | "cancelled");
            assert!(done, "version {number}: {row:#?}");
        }
        let check: String = Connection::open(site.database())
            .unwrap()
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(check, "ok", "version {number}");
        assert_totals_are_right(&site.database(), number);
    }
}

/// The totals that a ledger keeps are what a count says, and not nothing.
#[track_caller]
fn assert_totals_are_right(path: &Path, number: u32) {
    assert_eq!(examine(path).unwrap().wrong_totals, Vec::<String>::new(), "version {number}");
    let kept = "SELECT max(exports_listed) > 0 AND max(deliveries_confirmed) > 0 FROM endpoints";
    let kept: bool = Connection::open(path).unwrap().query_row(kept, [], |row| row.get(0)).unwrap();
    assert!(kept, "version {number}");
}

/// A program that knows less than the ledger has: it says so, and leaves it alone.
#[tokio::test]
async fn an_older_program_refuses_a_newer_ledger_in_plain_words() {
    let ready = Ready::with(Fixture::read(current())).await;
    let site = &ready.site;
    let newer = current() + 1;
    let ledger = Connection::open(site.database()).unwrap();
    ledger.pragma_update(None, "user_version", newer).unwrap();
    drop(ledger);
    let before = std::fs::read(site.database()).unwrap();
    for arguments in
        [&["sync"][..], &["--no-tui"], &["exports"], &["retry", "x1"], &["doctor", "--offline"]]
    {
        let ran = site.run(arguments).await;
        assert_ne!(ran.code, 0, "{arguments:?}: {ran:#?}");
        let said = format!("{}{}", ran.stdout, ran.stderr);
        let versions = format!("tables of version {newer}, this program knows {}", current());
        assert!(said.contains("newer transship") && said.contains(&versions), "{ran:#?}");
    }
    assert_eq!(std::fs::read(site.database()).unwrap(), before, "untouched");
    assert_eq!(backups_beside(&site.database()), Vec::<std::path::PathBuf>::new());
    assert_eq!(site.destructive_lists(), 0);
}

/// The backups that were made before tables were changed.
fn backups_beside(database: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(database.parent().unwrap()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|end| end == "backup")).collect()
}
