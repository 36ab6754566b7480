//! Runs: who started them, what each endpoint's part did, how they ended.

use rusqlite::params;

use super::{Ledger, class_name, clock, events, sql_failure, to_json, totals};
use crate::model::{EndpointResult, Failure, Id, RunReport, Trigger};

impl Ledger {
    /// Opens the books of a new run over `endpoints` (their numbers).
    pub async fn start_run(&self, cause: Trigger, endpoints: Vec<i64>) -> Result<Id, Failure> {
        self.writer
            .write(move |c| {
                let now = clock::text(clock::now());
                let sql = |e: &rusqlite::Error| sql_failure("starting a run", e);
                c.execute(
                    "INSERT INTO runs (cause, started_at) VALUES (?, ?)",
                    params![cause.as_str(), now],
                )
                .map_err(|e| sql(&e))?;
                let run = c.last_insert_rowid();
                for endpoint in endpoints {
                    c.execute(
                        "INSERT INTO sync_logs (run_id, endpoint_id, sync_started_at, sync_status)
                         VALUES (?, ?, ?, 'running')",
                        params![run, endpoint, now],
                    )
                    .map_err(|e| sql(&e))?;
                }
                let run = Id::run(run);
                events::append(
                    c,
                    &events::New { kind: "started", run: Some(run), ..events::New::of(run) },
                )?;
                Ok(run)
            })
            .await
    }

    /// Books one endpoint's part of `run`.
    pub async fn end_endpoint(
        &self,
        run: Id,
        endpoint: i64,
        result: EndpointResult,
    ) -> Result<(), Failure> {
        self.writer
            .write(move |c| {
                let now = clock::text(clock::now());
                let sql = |e: rusqlite::Error| sql_failure("booking a run", &e);
                c.execute(
                    "UPDATE sync_logs SET sync_completed_at = ?, sync_status = ?, files_found = ?,
                         files_new = ?, files_updated = ?, files_removed = ?, files_error = ?,
                         files_delivered = ?, error_message = ?, failure_class = ?,
                         api_calls = ?, quota_used = ?
                     WHERE run_id = ? AND endpoint_id = ?",
                    params![
                        now,
                        result.outcome.as_str(),
                        result.discovered as i64,
                        result.new as i64,
                        result.updated as i64,
                        result.removed as i64,
                        result.failed as i64,
                        result.delivered as i64,
                        result.error,
                        result.failure.as_ref().map(|failure| class_name(failure.class)),
                        result.api_calls as i64,
                        result.quota_used as i64,
                        run.number,
                        endpoint,
                    ],
                )
                .map_err(sql)?;
                c.execute(
                    "UPDATE endpoints SET last_sync_at = ?, last_sync_status = ? WHERE id = ?",
                    params![now, result.outcome.as_str(), endpoint],
                )
                .map_err(sql)?;
                totals::add(c, endpoint, &result, 1, clock::now())
            })
            .await
    }

    /// Closes the books of a run.
    pub async fn end_run(&self, report: RunReport) -> Result<(), Failure> {
        self.writer
            .write(move |c| {
                let run = report.run_id;
                c.execute(
                    "UPDATE runs SET ended_at = ?, outcome = ?, report = ? WHERE id = ?",
                    params![
                        clock::text(report.ended_at),
                        report.outcome.as_str(),
                        to_json(&report)?,
                        run.number
                    ],
                )
                .map_err(|e| sql_failure("booking a run", &e))?;
                events::append(
                    c,
                    &events::New {
                        kind: "ended",
                        run: Some(run),
                        to: Some(report.outcome.as_str()),
                        ..events::New::of(run)
                    },
                )
            })
            .await
    }

    /// Closes what a killed process left open: runs and their parts become
    /// failed, as interrupted. Called once, before the first run of this process.
    pub async fn close_interrupted_runs(&self) -> Result<usize, Failure> {
        self.writer
            .write(move |c| {
                let now = clock::text(clock::now());
                let sql = |e: rusqlite::Error| sql_failure("closing interrupted runs", &e);
                c.execute(
                    "UPDATE endpoints SET last_sync_status = 'failed' WHERE id IN
                         (SELECT endpoint_id FROM sync_logs WHERE sync_completed_at IS NULL)",
                    [],
                )
                .map_err(sql)?;
                totals::add_interrupted(c)?;
                c.execute(
                    "UPDATE sync_logs SET sync_completed_at = ?, sync_status = 'failed',
                         error_message = 'interrupted: the process ended before the run did',
                         failure_class = 'cancelled'
                     WHERE sync_completed_at IS NULL",
                    [&now],
                )
                .map_err(sql)?;
                c.execute(
                    "UPDATE runs SET ended_at = ?, outcome = 'failed' WHERE ended_at IS NULL",
                    [&now],
                )
                .map_err(sql)
            })
            .await
    }
}
