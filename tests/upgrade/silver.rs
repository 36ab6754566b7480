//! The datasets' tables of an earlier program.

use rusqlite::Connection;
use transship::silver::{Feeds, Silver};

/// The first tables of version 1 did not count a dataset's bad rows by themselves.
#[test]
fn tables_without_the_count_of_bad_rows_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silver.db");
    let open = || drop(Silver::open(&path, folder.path(), Feeds::of(&[])).unwrap());
    open();
    let tables = Connection::open(&path).unwrap();
    tables
        .execute_batch(
            "DROP TRIGGER landed_bad;
             INSERT INTO datasets (name, definition, digest, changed_at) VALUES
                 ('sales', '{}', 'd', 'now'), ('other', '{}', 'd', 'now');
             INSERT INTO landed (endpoint, path, name, sha256, size, bronze, landed_at, dataset,
                 rank, state, rows_bad) VALUES
                 ('e', 'a', 'a', 'x', 1, 'b', 'now', 'sales', 'r', 'in', 3),
                 ('e', 'b', 'b', 'y', 1, 'b', 'now', 'sales', 'r', 'in', 4),
                 ('e', 'c', 'c', 'z', 1, 'b', 'now', NULL, 'r', 'unmatched', 0)",
        )
        .unwrap();
    let counts = || -> Vec<i64> {
        let mut select = tables.prepare("SELECT bad_count FROM datasets ORDER BY name").unwrap();
        select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(counts(), [0, 0]);
    open();
    assert_eq!(counts(), [0, 7], "what was there is counted");
    tables.execute("UPDATE landed SET rows_bad = 1 WHERE name = 'a'", []).unwrap();
    assert_eq!(counts(), [0, 5], "and so is what changes");
    open();
    assert_eq!(counts(), [0, 5]);
}
