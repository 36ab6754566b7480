//! What all runs of an endpoint came to: counters that survive whatever is cleared
//! away, and what is throttled now.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::reader::{Reader, all, count};
use super::{clock, sql_failure};
use crate::model::{EndpointResult, Failure, Outcome};

/// All runs of one endpoint that ended alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    /// The endpoint's name.
    pub endpoint: String,
    /// How they ended.
    pub outcome: Outcome,
    /// How many.
    pub runs: u64,
    /// Items not seen before.
    pub files_new: u64,
    /// Items that failed, each time.
    pub files_failed: u64,
    /// Calls made to the source's API.
    pub api_calls: u64,
    /// When the last of them ended; for missed ones: should have been.
    pub last_at: Timestamp,
}

/// All files of one endpoint that came so far, in runs and between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileTotals {
    /// The endpoint's name.
    pub endpoint: String,
    /// Files whose bytes were fetched and verified.
    pub fetched: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files published at the destination.
    pub delivered: u64,
}

/// Counts a file that was fetched, with this many bytes.
pub(super) fn count_fetched(
    connection: &Connection,
    endpoint: i64,
    bytes: u64,
) -> Result<(), Failure> {
    count_file(connection, endpoint, 1, bytes as i64, 0)
}

/// Counts a file that was published.
pub(super) fn count_delivered(connection: &Connection, endpoint: i64) -> Result<(), Failure> {
    count_file(connection, endpoint, 0, 0, 1)
}

fn count_file(
    connection: &Connection,
    endpoint: i64,
    fetched: i64,
    bytes: i64,
    delivered: i64,
) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT INTO file_totals VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET fetched = fetched + ?2, bytes = bytes + ?3,
                 delivered = delivered + ?4",
        )
        .and_then(|mut upsert| upsert.execute(params![endpoint, fetched, bytes, delivered]))
        .map(drop)
        .map_err(|e| sql_failure("counting a file", &e))
}

/// Adds `runs` runs that ended with `result`.
pub(super) fn add(
    connection: &Connection,
    endpoint: i64,
    result: &EndpointResult,
    runs: u64,
    at: Timestamp,
) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT INTO run_totals VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT DO UPDATE SET runs = runs + ?3, files_new = files_new + ?4,
                 files_failed = files_failed + ?5, api_calls = api_calls + ?6, last_at = ?7",
        )
        .and_then(|mut upsert| {
            upsert.execute(params![
                endpoint,
                result.outcome.as_str(),
                runs as i64,
                result.new as i64,
                result.failed as i64,
                result.api_calls as i64,
                clock::text(at),
            ])
        })
        .map(drop)
        .map_err(|e| sql_failure("counting a run", &e))
}

/// Adds the runs that a killed process left open, before they are closed.
pub(super) fn add_interrupted(connection: &Connection) -> Result<(), Failure> {
    connection
        .execute(
            "INSERT INTO run_totals
             SELECT endpoint_id, 'failed', count(*), 0, 0, 0, ?1 FROM sync_logs
             WHERE sync_completed_at IS NULL GROUP BY endpoint_id
             ON CONFLICT DO UPDATE SET runs = runs + excluded.runs, last_at = excluded.last_at",
            [clock::text(clock::now())],
        )
        .map(drop)
        .map_err(|e| sql_failure("counting interrupted runs", &e))
}

impl Reader {
    /// The totals of every endpoint of the configuration, in its order.
    pub fn totals(&self) -> Result<Vec<Totals>, Failure> {
        let rows = self.read("counting runs", |c| {
            all(
                c,
                "SELECT e.name, t.* FROM run_totals t JOIN endpoints e ON e.id = t.endpoint_id
                 WHERE e.position >= 0 ORDER BY e.position, t.outcome",
                [],
                |row| {
                    // One of a newer program's is none that this one can name.
                    let outcome = Outcome::from_name(&row.get::<_, String>("outcome")?);
                    Ok(match outcome {
                        None => None,
                        Some(outcome) => Some(Totals {
                            endpoint: row.get("name")?,
                            outcome,
                            runs: count(row, "runs")?,
                            files_new: count(row, "files_new")?,
                            files_failed: count(row, "files_failed")?,
                            api_calls: count(row, "api_calls")?,
                            last_at: clock::get(row, "last_at")?,
                        }),
                    })
                },
            )
        })?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// The file totals of every endpoint of the configuration, in its order.
    pub fn file_totals(&self) -> Result<Vec<FileTotals>, Failure> {
        self.read("counting files", |c| {
            all(
                c,
                "SELECT e.name, t.* FROM file_totals t JOIN endpoints e ON e.id = t.endpoint_id
                 WHERE e.position >= 0 ORDER BY e.position",
                [],
                |row| {
                    Ok(FileTotals {
                        endpoint: row.get("name")?,
                        fetched: count(row, "fetched")?,
                        bytes: count(row, "bytes")?,
                        delivered: count(row, "delivered")?,
                    })
                },
            )
        })
    }

    /// The endpoints with items that wait because the other side asked for a pause,
    /// and until when the longest of those lasts.
    pub fn throttled(&self) -> Result<Vec<(String, Timestamp)>, Failure> {
        self.read("looking for throttled items", |c| {
            all(
                c,
                "SELECT e.name, max(w.next_attempt_at) AS until FROM (
                     SELECT endpoint_id, next_attempt_at, failure FROM exports INDEXED BY exports_by_state
                     WHERE endpoint_id IN (SELECT id FROM endpoints) AND state = 'retry_wait'
                     UNION ALL
                     SELECT endpoint_id, next_attempt_at, failure FROM deliveries INDEXED BY deliveries_by_state
                     WHERE endpoint_id IN (SELECT id FROM endpoints) AND state = 'retry_wait') w
                 JOIN endpoints e ON e.id = w.endpoint_id
                 WHERE w.failure ->> '$.class' = 'throttled' AND w.next_attempt_at > ?
                 GROUP BY e.id ORDER BY e.position",
                [clock::text(clock::now())],
                |row| Ok((row.get("name")?, clock::get(row, "until")?)),
            )
        })
    }
}
