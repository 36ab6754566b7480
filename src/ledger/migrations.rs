//! Bringing a ledger's tables up to what this program expects.

use rusqlite::{Connection, TransactionBehavior};

use super::sql_failure;
use crate::model::{Failure, FailureClass, Retry};

/// Every migration ever released, in order. `user_version` counts those applied.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/001_foundation.sql"),
    include_str!("migrations/002_registers.sql"),
    include_str!("migrations/003_schedules.sql"),
    include_str!("migrations/004_notifications.sql"),
    include_str!("migrations/005_totals.sql"),
];

/// Applies what is missing, each migration in a transaction of its own. `before` is
/// called with the version of a ledger that somebody used already, before it is changed.
///
/// A ledger from a newer program is refused untouched.
pub(super) fn migrate(
    connection: &mut Connection,
    path: &str,
    before: impl FnOnce(usize) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let applied = version(connection)?;
    if applied > MIGRATIONS.len() {
        return Err(newer(applied, path));
    }
    if (1..MIGRATIONS.len()).contains(&applied) {
        before(applied)?;
    }
    for (number, sql) in MIGRATIONS.iter().enumerate().skip(applied) {
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|e| sql_failure("updating the ledger's tables", &e))?;
        transaction
            .execute_batch(sql)
            .and_then(|()| transaction.pragma_update(None, "user_version", (number + 1) as u32))
            .and_then(|()| transaction.commit())
            .map_err(|e| sql_failure("updating the ledger's tables", &e))?;
    }
    Ok(())
}

/// Refuses to read tables that this program does not know, or that it has not brought
/// up to date yet.
pub(super) fn must_be_current(connection: &Connection, path: &str) -> Result<(), Failure> {
    let applied = version(connection)?;
    match applied.cmp(&MIGRATIONS.len()) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(newer(applied, path)),
        std::cmp::Ordering::Less => {
            Err(Failure::new(FailureClass::Refused, "reading the ledger", path)
                .said(format!(
                    "an older transship wrote it last (tables of version {applied}, this program \
                     reads {})",
                    MIGRATIONS.len()
                ))
                .advice("`transship sync`, or starting it, brings it up to date and loses nothing")
                .retry(Retry::Never))
        }
    }
}

fn newer(applied: usize, path: &str) -> Failure {
    Failure::new(FailureClass::Misconfigured, "opening the ledger", path)
        .said(format!(
            "it was written by a newer transship (tables of version {applied}, this program knows \
             {})",
            MIGRATIONS.len()
        ))
        .advice("use the newer program; this one has changed nothing")
}

fn version(connection: &Connection) -> Result<usize, Failure> {
    connection
        .pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0))
        .map(|version| version as usize)
        .map_err(|e| sql_failure("reading the ledger's version", &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_ledger_is_refused_and_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, "a", |_| Ok(())).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let failure =
            migrate(&mut connection, "ledger.db", |_| panic!("not to be changed")).unwrap_err();
        assert_eq!(failure.class, FailureClass::Misconfigured);
        assert!(failure.to_string().contains("newer transship"), "{failure}");
        assert_eq!(version(&connection).unwrap(), 99);
    }

    #[test]
    fn the_runs_of_an_older_ledger_are_in_the_totals() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection
            .execute_batch(
                "INSERT INTO endpoints (id, name, endpoint_type, endpoint_details, project_id,
                     user_id, schedule, is_active, position, created_at, updated_at)
                 VALUES (7, 'a', 'encoura', '{}', '', '', '{}', 1, 0, '', '');
                 INSERT INTO runs (id, cause, started_at) VALUES (1, 'manual', '');
                 INSERT INTO sync_logs (run_id, endpoint_id, sync_started_at, sync_completed_at,
                     sync_status, files_new, files_delivered, files_error)
                 VALUES (1, 7, '1', '2', 'done', 3, 2, 1), (1, 7, '3', '4', 'done', 1, 1, 0),
                     (1, 7, '5', '6', 'failed', 0, 0, 1), (1, 7, '7', NULL, 'running', 0, 0, 0)",
            )
            .unwrap();
        migrate(&mut connection, "a", |_| Ok(())).unwrap();
        let totals: Vec<String> = connection
            .prepare(
                "SELECT concat_ws(' ', endpoint_id, outcome, runs, files_new, files_failed,
                     last_at) FROM run_totals ORDER BY outcome",
            )
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(totals, ["7 done 2 4 1 4", "7 failed 1 0 1 6"]);
    }

    #[test]
    fn events_cannot_be_changed_or_removed() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, "a", |_| Ok(())).unwrap();
        connection
            .execute_batch(
                "INSERT INTO events VALUES (1, 'now', 'x1', NULL, 'state', NULL, NULL, 0, NULL)",
            )
            .unwrap();
        for sql in ["UPDATE events SET kind = 'other'", "DELETE FROM events"] {
            let error = connection.execute_batch(sql).unwrap_err();
            assert!(error.to_string().contains("append-only"), "{error}");
        }
    }
}
