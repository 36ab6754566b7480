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
            }
        }
    }
}
