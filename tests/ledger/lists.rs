//! Lists are found by indexes; they are what one finds who looks at every row.

use rusqlite::{Connection, params};
use tempfile::TempDir;
use transship::ledger::{Books, ExportRow, Filter, Ledger};
use transship::model::{DeliveryState, ExportState};

/// Exports in every state, each with no delivery, one, and two in every pair of states.
fn fill(db: &Connection) -> rusqlite::Result<()> {
    let at = "2026-05-04T06:00:00.000Z";
    for (id, name) in [(1, "One"), (2, "Two")] {
        db.execute(
            "INSERT INTO endpoints (id, name, endpoint_type, endpoint_details, project_id, user_id,
               schedule, deliver_to, is_active, position, created_at, updated_at)
             VALUES (?1, ?2, 'encoura', '{}', 'p', 'u', '\"manual\"', 'slate', 1, ?1, ?3, ?3)",
            params![id, name, at],
        )?;
    }
    let mut uid = 0;
    let mut export = |state: &str, deliveries: &[&str]| -> rusqlite::Result<()> {
        uid += 1;
        db.execute(
            "INSERT INTO exports (endpoint_id, source, account, uid, version, name, raw, state,
               attempt, tries, discovered_at, updated_at)
             VALUES (1 + ?1 % 2, 'encoura', 'a', ?1, '1', 'x.csv', '{}', ?2, 1, 0, ?3, ?3)",
            params![uid, state, at],
        )?;
        for (generation, state) in deliveries.iter().enumerate() {
            db.execute(
                "INSERT INTO deliveries (export_id, endpoint_id, destination, target, generation,
                   token, final_name, state, attempt, tries, created_at, updated_at)
                 VALUES (?1, 1 + ?1 % 2, 'slate', 't', ?2, printf('%04x%04x', ?1, ?2), 'x.csv', ?3,
                   1, 0, ?4, ?4)",
                params![uid, generation as i64 + 1, state, at],
            )?;
        }
        Ok(())
    };
    for state in ExportState::ALL {
        export(state.as_str(), &[])?;
    }
    for first in DeliveryState::ALL {
        export("verified", &[first.as_str()])?;
        for second in DeliveryState::ALL {
            export("verified", &[first.as_str(), second.as_str()])?;
        }
    }
    Ok(())
}

#[test]
fn what_is_asked_for_is_what_is_found_in_all_rows() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger.db");
    let ledger = Ledger::open(&path, "test").unwrap();
    fill(&Connection::open(&path).unwrap()).unwrap();
    let books = ledger.reader().unwrap();
    let all = books.exports(&Filter::default()).unwrap();
    let sent = books.transfers(&Filter::default()).unwrap();
    assert_eq!((all.len(), sent.len()), (10 + 12 + 144, 12 + 2 * 144));
    let ended = ["baseline", "skipped", "cleaned", "cancelled"];
    let mut states: Vec<String> = all.iter().map(|x| x.state.clone()).collect();
    states.sort();
    states.dedup();
    assert_eq!(states.len(), 18, "{states:?}");
    let states = states.into_iter().map(Some).chain([None]);
    for state in states {
        for endpoint in [None, Some("One"), Some("Two"), Some("Three")] {
            for pending in [false, true] {
                let filter = Filter {
                    state: state.clone(),
                    endpoint: endpoint.map(str::to_owned),
                    pending,
                    limit: None,
                };
                // An export that nobody delivers is at its end once it is safe.
                let open = |x: &&ExportRow| {
                    let is_over = ended.contains(&x.state.as_str())
                        || (x.state == "verified" && x.delivery.is_none());
                    !pending || !is_over
                };
                let of = |name: &str| endpoint.is_none_or(|endpoint| endpoint == name);
                let is = |found: &str| state.as_ref().is_none_or(|state| state == found);
                let expected: Vec<_> = all
                    .iter()
                    .filter(|x| of(&x.endpoint) && is(&x.state))
                    .filter(open)
                    .map(|x| x.id)
                    .collect();
                let found: Vec<_> = books.exports(&filter).unwrap().iter().map(|x| x.id).collect();
                assert_eq!(found, expected, "{filter:?}");
                let expected: Vec<_> = sent
                    .iter()
                    .filter(|d| of(&d.endpoint) && is(&d.state))
                    .filter(|d| !pending || !ended.contains(&d.state.as_str()))
                    .map(|d| d.id)
                    .collect();
                let found: Vec<_> =
                    books.transfers(&filter).unwrap().iter().map(|d| d.id).collect();
                assert_eq!(found, expected, "{filter:?}");
                let few = Filter { limit: Some(5), ..filter.clone() };
                let found: Vec<_> = books.transfers(&few).unwrap().iter().map(|d| d.id).collect();
                assert_eq!(found, expected[..expected.len().min(5)], "{few:?}");
            }
        }
    }
}

/// What most end in, so much of it that an index would lead to more than looking through the
/// newest: the answer is the same.
#[test]
fn nor_does_it_matter_how_much_has_come_and_gone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger.db");
    let ledger = Ledger::open(&path, "test").unwrap();
    let db = Connection::open(&path).unwrap();
    fill(&db).unwrap();
    db.execute_batch(
        "INSERT INTO exports (endpoint_id, source, account, uid, version, name, raw, state,
           attempt, tries, discovered_at, updated_at)
         WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 7000)
         SELECT 1, 'encoura', 'a', i, '1', 'x.csv', '{}', 'skipped', 1, 0,
           '2026-05-04T06:00:00.000Z', '2026-05-04T06:00:00.000Z' FROM n",
    )
    .unwrap();
    let books = ledger.reader().unwrap();
    let all = books.exports(&Filter::default()).unwrap();
    for state in [None, Some("skipped"), Some("verified"), Some("cancelled")] {
        for endpoint in [None, Some("One"), Some("Two")] {
            let expected: Vec<_> = all
                .iter()
                .filter(|x| state.is_none_or(|state| x.state == state))
                .filter(|x| endpoint.is_none_or(|endpoint| x.endpoint == endpoint))
                .map(|x| x.id)
                .collect();
            let filter = Filter {
                state: state.map(str::to_owned),
                endpoint: endpoint.map(str::to_owned),
                ..Filter::default()
            };
            let found: Vec<_> = books.exports(&filter).unwrap().iter().map(|x| x.id).collect();
            assert!(found == expected, "{filter:?}: {} of {}", found.len(), expected.len());
            for limit in [1, 10, 100] {
                let filter = Filter { limit: Some(limit), ..filter.clone() };
                let found: Vec<_> = books.exports(&filter).unwrap().iter().map(|x| x.id).collect();
                let newest = &expected[..expected.len().min(limit as usize)];
                assert_eq!(found, newest, "{filter:?}");
            }
        }
    }
}

/// Events and runs, of an endpoint with few and of one with many.
#[test]
fn events_and_runs_are_those_of_the_endpoint() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger.db");
    let ledger = Ledger::open(&path, "test").unwrap();
    let db = Connection::open(&path).unwrap();
    fill(&db).unwrap();
    let at = "2026-05-04T06:00:00.000Z";
    db.execute_batch(&format!(
        "CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS
             (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) SELECT i FROM n;
         INSERT INTO polls (endpoint_id, source, account, state, body, asked_at, closed_at)
             SELECT 1 + (i > 5990), 'encoura', 'a', 'recorded', '', '{at}', '{at}' FROM n;
         INSERT INTO runs (id, cause, started_at, ended_at, outcome)
             SELECT i, 'manual', '{at}', '{at}', iif(i % 7 = 0, 'failed', 'done') FROM n
             WHERE i <= 100;
         INSERT INTO sync_logs (run_id, endpoint_id, sync_started_at, sync_status)
             SELECT i, e.id, '{at}', 'done' FROM n JOIN endpoints e
             WHERE i <= 100 AND (e.id = 1 + i % 2 OR i % 10 = 0) ORDER BY i, e.id;
         INSERT INTO events (at, subject, kind, to_state, attempt)
             SELECT '{at}', subject, 'state', state, 0 FROM (
                 SELECT 'x' || id AS subject, state FROM exports
                 UNION ALL SELECT 'd' || id, state FROM deliveries
                 UNION ALL SELECT 'p' || id, state FROM polls
                 UNION ALL SELECT 'r' || id, outcome FROM runs)"
    ))
    .unwrap();
    let books = ledger.reader().unwrap();
    let numbers = |sql: &str| -> Vec<i64> {
        let mut select = db.prepare(sql).unwrap();
        select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    for state in [None, Some("held"), Some("failed"), Some("done"), Some("cleaned")] {
        for (endpoint, id) in [(None, 0), (Some("One"), 1), (Some("Two"), 2), (Some("No"), 3)] {
            let filter = Filter {
                state: state.map(str::to_owned),
                endpoint: endpoint.map(str::to_owned),
                ..Filter::default()
            };
            let of = |column: &str| {
                state.map_or("true".to_owned(), |state| format!("{column} = '{state}'"))
            };
            let expected = numbers(&format!(
                "SELECT id FROM events WHERE {} AND ({id} = 0 OR subject IN (
                     SELECT 'x' || id FROM exports WHERE endpoint_id = {id}
                     UNION SELECT 'd' || id FROM deliveries WHERE endpoint_id = {id}
                     UNION SELECT 'p' || id FROM polls WHERE endpoint_id = {id}
                     UNION SELECT 'r' || run_id FROM sync_logs WHERE endpoint_id = {id}))
                 ORDER BY id DESC",
                of("to_state")
            ));
            let found: Vec<_> = books.events(&filter).unwrap().iter().map(|e| e.number).collect();
            assert!(found == expected, "{filter:?}: {} of {}", found.len(), expected.len());
            let expected = numbers(&format!(
                "SELECT id FROM runs WHERE {} AND ({id} = 0 OR id IN (
                     SELECT run_id FROM sync_logs WHERE endpoint_id = {id})) ORDER BY id DESC",
                of("outcome")
            ));
            let found: Vec<_> =
                books.runs(&filter).unwrap().iter().map(|run| run.run_id.number).collect();
            assert_eq!(found, expected, "{filter:?}");
        }
    }
}
