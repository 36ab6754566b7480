//! What is asked costs the same however much has come and gone: counted in steps of
//! SQLite's machine, of a ledger with few rows that are over and of one with many.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use rusqlite::Connection;

use super::*;
use crate::model::{EndpointResult, EndpointType, Outcome, RunReport, Trigger};

/// Exports that are over, in the smaller ledger: more than an index is asked to lead to
/// where looking through the newest is sooner.
const SOME: i64 = 12_000;
const MANY: i64 = 48_000;

/// Steps that the deeper trees of the larger ledger may take, besides a quarter: what reads
/// all rows that are over takes four times as many.
const DEEPER: u64 = 100;

/// A ledger of one busy endpoint, one that was quiet since, and one that is gone. Open is
/// the same in each; of what is rare, the rows are the oldest.
fn fill(path: &Path, over: i64) {
    drop(Ledger::open(path, "test").unwrap());
    let db = Connection::open(path).unwrap();
    db.execute_batch(&format!(
        "PRAGMA synchronous = OFF;
         BEGIN;
         INSERT INTO endpoints (id, name, endpoint_type, endpoint_details, project_id, user_id,
             schedule, deliver_to, is_active, position, created_at, updated_at)
         SELECT value, 'e' || value, 'encoura', '{{}}', 'p', 'u', '\"manual\"', 'slate', 1,
             iif(value = 3, -1, value), '{AT}', '{AT}' FROM json_each('[1, 2, 3]');
         CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS
             (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {over} + 100) SELECT i FROM n;
         INSERT INTO exports (id, endpoint_id, source, account, uid, version, name, raw, state,
             attempt, tries, size, archived, sha256, discovered_at, updated_at)
         SELECT i, CASE WHEN i <= 50 THEN 2 WHEN i <= 60 THEN 3 ELSE 1 END, 'encoura',
             iif(i BETWEEN 51 AND 60, 'b', 'a'), 'u' || i, '', 'x', '{{}}',
             CASE WHEN i <= 20 THEN 'skipped'
                  WHEN i <= {over} THEN iif(i % 3 = 0, 'baseline', 'verified')
                  ELSE iif(i % 3 = 0, 'held', 'retry_wait') END,
             1, 0, 1, 'x', 'x', '{AT}', '{AT}' FROM n;
         INSERT INTO folders (id, endpoint_id, external_folder_id, folder_path, created_at, updated_at)
         VALUES (1, 1, 'f', '/f', '{AT}', '{AT}');
         INSERT INTO files (endpoint_id, external_file_id, file_name, file_path, folder_id, version,
             content, contents, created_at, updated_at, last_synced_at)
         SELECT 1, 'u' || i, 'x', '/f/x', 1, '', '{{}}', 'queued', '{AT}', '{AT}', '{AT}' FROM n;
         INSERT INTO deliveries (export_id, endpoint_id, destination, target, generation, token,
             final_name, state, attempt, tries, published_at, created_at, updated_at)
         SELECT id, endpoint_id, 'slate', 't', 1, printf('%08x', id), 'x' || id,
             CASE id % 3 WHEN 1 THEN 'cleaned' ELSE 'cancelled' END, 1, 0, '{AT}', '{AT}', '{AT}'
             FROM exports WHERE state = 'verified';
         INSERT INTO events (at, subject, kind, to_state, attempt)
         SELECT '{AT}', 'x' || i, 'state', iif(i <= 20, 'expired', 'verified'), 1 FROM n;
         INSERT INTO events (at, subject, kind, to_state, attempt)
         SELECT '{AT}', 'd' || id, 'state', state, 1 FROM deliveries WHERE state = 'cleaned';
         INSERT INTO runs (id, cause, started_at, ended_at, outcome)
         SELECT i, 'manual', '{AT}', '{AT}', iif(i <= 20, 'failed', 'nothing_new') FROM n;
         INSERT INTO sync_logs (run_id, endpoint_id, sync_started_at, sync_completed_at,
             sync_status, files_new)
         SELECT i, iif(i <= 50, 2, 1), '{AT}', '{AT}', 'nothing_new', i <= 60 FROM n;
         INSERT INTO polls (endpoint_id, source, account, state, body, asked_at, closed_at)
         SELECT 1, 'encoura', 'a', 'recorded', 'x', '{AT}', '{AT}' FROM n;
         INSERT INTO incidents (endpoint, cause, words, files, opened_at, closed_at)
         SELECT 'e1', 'held', 'x', 1, '{AT}', '{AT}' FROM n;
         COMMIT"
    ))
    .unwrap();
}

const AT: &str = "2026-05-04T06:00:00.000Z";

/// The ledger at `path`, and the steps that everything in it takes.
fn watched(path: &Path) -> (Ledger, Arc<AtomicU64>) {
    let steps = Arc::new(AtomicU64::new(0));
    let watch = |connection: &mut Connection| {
        let steps = Arc::clone(&steps);
        let count = move || {
            steps.fetch_add(1, Ordering::Relaxed);
            false
        };
        connection.progress_handler(1, Some(count)).unwrap();
    };
    let path = path.canonicalize().unwrap();
    let lock = lock::Lock::take(&path, "test").unwrap();
    let mut connection = Connection::open(&path).unwrap();
    prepare(&connection).unwrap();
    watch(&mut connection);
    let writer = writer::Writer::start(connection).unwrap();
    let mut reads = Reader::open(&path).unwrap();
    reads.each(watch);
    (Ledger { writer, reads, path, _lock: lock }, steps)
}

/// What each question costs.
async fn costs(path: &Path) -> Vec<(String, u64)> {
    let (ledger, steps) = watched(path);
    let books = &ledger.reads;
    let mut costs: Vec<(String, u64)> = Vec::new();
    macro_rules! cost {
        ($name:expr, $ask:expr) => {{
            let before = steps.load(Ordering::Relaxed);
            let _ = $ask.unwrap();
            costs.push(($name.to_string(), steps.load(Ordering::Relaxed) - before));
        }};
    }
    cost!("endpoints", books.endpoints());
    cost!("totals", books.totals());
    cost!("file totals", books.file_totals());
    cost!("throttled", books.throttled());
    cost!("outcomes", books.outcomes(Timestamp::UNIX_EPOCH));
    for (state, endpoint, pending) in [
        (None, None, false),
        (None, None, true),
        (None, Some("e1"), false),
        (None, Some("e1"), true),
        (None, Some("e2"), false),
        (None, Some("nobody"), false),
        (Some("held"), None, false),
        (Some("held"), Some("e1"), true),
        (Some("retry_wait"), None, true),
        (Some("in_doubt"), None, false),
        (Some("skipped"), None, false),
        (Some("cleaned"), None, false),
        (Some("cleaned"), Some("e2"), false),
        (Some("baseline"), Some("e1"), false),
        (Some("expired"), None, false),
        (Some("failed"), None, false),
        (Some("failed"), Some("e2"), false),
        (Some("nothing_new"), Some("e1"), false),
        (Some("verified"), Some("e2"), false),
    ] {
        let filter = Filter {
            state: state.map(str::to_owned),
            endpoint: endpoint.map(str::to_owned),
            pending,
            limit: Some(40),
        };
        let of = format!("{state:?} {endpoint:?} {pending}");
        // What a list has no word for is looked for in vain.
        let is_outcome = ["failed", "nothing_new"].iter().any(|outcome| state == Some(*outcome));
        if !is_outcome {
            cost!(format!("exports {of}"), books.exports(&filter));
            cost!(format!("deliveries {of}"), books.transfers(&filter));
        }
        if is_outcome || state.is_none() {
            cost!(format!("runs {of}"), books.runs(&filter));
        }
        let happened = ["skipped", "baseline"].iter().all(|word| state != Some(*word));
        if happened && !is_outcome && (endpoint, state) != (Some("e2"), Some("cleaned")) {
            cost!(format!("events {of}"), books.events(&filter));
        }
    }
    for id in ["x70", "d70", "r70", "p70"] {
        cost!(format!("timeline of {id}"), books.show(id.parse().unwrap()));
    }

    cost!("mark", ledger.mark().await);
    cost!("the latest event", ledger.latest_event_at().await);
    cost!("runs that a killed process left", ledger.close_interrupted_runs().await);
    cost!("the last digest", ledger.last_digest(Timestamp::UNIX_EPOCH).await);
    cost!("open exports", ledger.open_exports(1).await);
    cost!("open deliveries", ledger.open_deliveries(1).await);
    cost!("open polls", ledger.open_polls(1).await);
    cost!("leftovers", ledger.cancelled_with_leftovers(1).await);
    cost!("for a person", ledger.needing_operator(1).await);
    cost!("the oldest that waits", ledger.waiting_since(1).await);
    cost!("backlog", ledger.backlog(1).await);
    cost!("the next try", ledger.next_attempt(1).await);
    cost!("trouble", ledger.trouble(1).await);
    cost!("out of date", ledger.outdated_exports(1).await);
    cost!("take over", ledger.take_over(1, "encoura", "a".into()).await);
    let names = || vec!["e1".to_owned()];
    cost!("open incidents", ledger.forget_incidents(names(), Timestamp::UNIX_EPOCH).await);
    cost!("notifications", books.undelivered());
    let run = ledger.start_run(Trigger::Manual, vec![1]).await.unwrap();
    let result = EndpointResult::new("e1", EndpointType::Encoura);
    cost!("the end of an endpoint's part", ledger.end_endpoint(run, 1, result.clone()).await);
    let report = RunReport {
        run_id: run,
        started_at: Timestamp::UNIX_EPOCH,
        ended_at: Timestamp::UNIX_EPOCH,
        outcome: Outcome::Done,
        endpoints: vec![result],
    };
    cost!("the end of a run", ledger.end_run(report).await);
    costs
}

#[tokio::test]
async fn nothing_that_is_asked_costs_more_when_more_is_over() {
    let folder = tempfile::tempdir().unwrap();
    for analysed in [false, true] {
        let mut all = Vec::new();
        for over in [SOME, MANY] {
            let path = folder.path().join(format!("{over}-{analysed}.db"));
            fill(&path, over);
            if analysed {
                // The planner knows what the tables are like, and chooses otherwise.
                Connection::open(&path).unwrap().execute_batch("ANALYZE").unwrap();
            }
            all.push(costs(&path).await);
        }
        let dear: Vec<_> = std::iter::zip(&all[0], &all[1])
            .filter(|((_, some), (_, many))| *many > some + some / 4 + DEEPER)
            .collect();
        assert!(dear.is_empty(), "analysed: {analysed}: {dear:#?}");
    }
}

/// The measure is one: what has to look at everything is seen to.
#[tokio::test]
async fn a_question_that_reads_all_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for over in [SOME, MANY] {
        let path = folder.path().join(format!("{over}.db"));
        fill(&path, over);
        let (ledger, steps) = watched(&path);
        ledger
            .reads
            .read("counting", |c| {
                c.query_row("SELECT count(*) FROM exports WHERE name = 'y'", [], |_| Ok(()))
            })
            .unwrap();
        all.push(steps.load(Ordering::Relaxed));
    }
    assert!(all[1] > 2 * all[0], "{all:?}");
}
