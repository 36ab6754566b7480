//! A ledger of the first version is brought up to date as it is.

use rusqlite::Connection;
use transship::ledger::{Books as _, Filter, Ledger, Reader};

use crate::desk::Books;
use crate::source::{Service, TestSource};
use crate::world::World;

const FIRST: &str = include_str!("../../src/ledger/migrations/001_foundation.sql");

/// What a program of the first version left.
const LEFT: &str = "
INSERT INTO endpoints (id, name, endpoint_type, endpoint_details, project_id, user_id, schedule,
    is_active, position, created_at, updated_at)
VALUES (1, 'e', 'encoura', '{}', 'p', 'u', '{\"type\":\"manual\"}', 1, 0,
    '2026-05-04T08:00:00.000Z', '2026-05-04T08:00:00.000Z');
INSERT INTO runs VALUES (1, 'manual', '2026-05-04T08:00:00.000Z', '2026-05-04T08:00:02.500Z',
    'done', NULL);
INSERT INTO sync_logs (id, run_id, endpoint_id, sync_started_at, sync_completed_at, sync_status,
    files_found, files_new)
VALUES (1, 1, 1, '2026-05-04T08:00:00.000Z', '2026-05-04T08:00:02.500Z', 'done', 5, 2);
INSERT INTO exports (id, endpoint_id, source, account, uid, version, name, raw, state, attempt,
    tries, discovered_at, updated_at)
VALUES (7, 1, 'encoura', 'org', 'u7', '', 'a.csv', '{}', 'verified', 1, 0,
    '2026-05-04T08:00:00.000Z', '2026-05-04T08:00:00.000Z');
PRAGMA user_version = 1;";

#[tokio::test]
async fn it_keeps_what_it_has_and_takes_registers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    Connection::open(&path).unwrap().execute_batch(&format!("{FIRST}{LEFT}")).unwrap();
    // Looking must not change it, and cannot read it either.
    let failure = Reader::open(&path).unwrap_err();
    assert!(failure.needs_operator() && failure.to_string().contains("older"), "{failure}");
    let ledger = Ledger::open(&path, "test").unwrap();
    let reader = ledger.reader().unwrap();
    assert_eq!(reader.exports(&Filter::default()).unwrap()[0].uid, "u7");
    let row = &reader.endpoints().unwrap()[0];
    assert_eq!((row.new, row.files, row.api_calls), (2, 0, 0));
    let sql = Connection::open(&path).unwrap();
    let (skipped, seconds): (i64, f64) = sql
        .query_row("SELECT files_skipped, execution_time_seconds FROM sync_logs", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!((skipped, seconds), (3, 2.5));
}

/// The columns by which people asked the file connector's own tables.
#[tokio::test]
async fn the_tables_have_the_columns_that_people_ask_for() {
    let books = Books::new().await;
    let source = TestSource::new(World::with(&[("1", "a")]), Service::Stamps);
    Books::finished(books.walk(&source, false, None).await);
    for (table, columns) in [
        (
            "endpoints",
            "id, name, endpoint_type, endpoint_details, project_id, user_id, description, schedule,
             is_active, last_sync_at, last_sync_status, created_at, updated_at",
        ),
        (
            "files",
            "id, endpoint_id, external_file_id, file_name, file_path, file_link, file_size,
             file_type, external_created_at, external_updated_at, last_synced_at, created_at,
             updated_at, removed_at",
        ),
        (
            "sync_logs",
            "id, endpoint_id, sync_started_at, sync_completed_at, sync_status, files_found,
             files_new, files_updated, files_skipped, files_removed, files_error, error_message,
             execution_time_seconds",
        ),
    ] {
        let sql = books.sql();
        let kind = "SELECT type FROM sqlite_master WHERE name = ?";
        let kind: String = sql.query_row(kind, [table], |row| row.get(0)).unwrap();
        assert_eq!(kind, "table");
        sql.prepare(&format!("SELECT {columns} FROM {table}")).unwrap();
    }
    let row = books.sql().query_row(
        "SELECT file_name, file_path, file_link, file_size, file_type, external_created_at
         FROM files",
        [],
        |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, i64>(3)?,
                row.get::<_, String>(4)?,
                row.get::<_, String>(5)?,
            ))
        },
    );
    let expected = (
        "1.pdf".to_owned(),
        "/Project Files/a/1.pdf".to_owned(),
        "https://service.example/1".to_owned(),
        3,
        "pdf".to_owned(),
        "2026-05-04T08:00:00.123Z".to_owned(),
    );
    assert_eq!(row.unwrap(), expected);
}
