//! The read side: lists for the console, the command line and HTTP.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use rusqlite::{Connection, Params, Row, named_params};

use super::found::{EXPORT_PENDING, EXPORT_STATE, NEWEST_DELIVERY};
use super::notifications::Undelivered;
use super::rows::{
    Books, EndpointRow, EventRow, ExportRow, FileRow, Filter, OutcomeCount, Timeline, TransferRow,
};
use super::{
    clock, endpoints, events, failure_from, files, found, migrations, open_read_only, sql_failure,
    timeline,
};
use crate::model::{EndpointResult, EndpointType, Failure, FailureClass, Id, Outcome, RunReport};

/// Runs of one endpoint that are looked at to count how they ended: a day of one a minute.
const MOST_RUNS: i64 = 1_440;

/// Connections kept for the next read; more than that are opened and closed.
const KEPT: usize = 4;

/// A ledger open for reading only, beside its writer or without one.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Reader {
    /// Opens the ledger at `path`, which must exist and have the tables of this version.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        if !path.exists() {
            return Err(Failure::new(
                FailureClass::NotFound,
                "reading the ledger",
                path.to_string_lossy(),
            )
            .said("there is no such file yet")
            .advice("the first sync makes it"));
        }
        let connection = open_read_only(path)?;
        migrations::must_be_current(&connection, &path.to_string_lossy())?;
        Ok(Self { path: path.into(), idle: Mutex::new(vec![connection]) })
    }

    pub(super) fn read<T>(
        &self,
        doing: &str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Failure> {
        self.read_or_fail(|c| work(c).map_err(|e| sql_failure(doing, &e)))
    }

    /// Changes the connections that there are.
    #[cfg(test)]
    pub(super) fn each(&mut self, change: impl Fn(&mut Connection)) {
        let idle = self.idle.get_mut().unwrap_or_else(PoisonError::into_inner);
        idle.iter_mut().for_each(change);
    }

    /// The same for work that says itself why it failed.
    pub(super) fn read_or_fail<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let connection = match kept {
            Some(connection) => connection,
            None => open_read_only(&self.path)?,
        };
        let result = work(&connection);
        let mut idle = idle();
        if idle.len() < KEPT {
            idle.push(connection);
        }
        result
    }
}

pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare_cached(sql)?.query_map(params, row)?.collect()
}

impl Books for Reader {
    fn endpoints(&self) -> Result<Vec<EndpointRow>, Failure> {
        self.read("listing endpoints", endpoints::list)
    }

    fn exports(&self, filter: &Filter) -> Result<Vec<ExportRow>, Failure> {
        self.read("listing exports", |c| {
            let pending = if filter.pending { EXPORT_PENDING } else { "true" };
            let found = found::exports(c, filter)?;
            // The endpoint is looked up for each, never the other way round: then the newest
            // come first by themselves, and the limit ends the search.
            all(
                c,
                &format!(
                    "SELECT x.*, e.name AS endpoint_name, {EXPORT_STATE} AS shown_state,
                       d.id AS delivery, d.generation, d.final_name, d.evidence,
                       d.attempt AS delivery_attempt, d.failure AS delivery_failure,
                       d.next_attempt_at AS delivery_next, d.updated_at AS delivery_updated
                     FROM exports x CROSS JOIN endpoints e ON e.id = x.endpoint_id {NEWEST_DELIVERY}
                     WHERE {found} AND (:endpoint IS NULL OR e.name = :endpoint)
                       AND (:state IS NULL OR {EXPORT_STATE} = :state) AND {pending}
                     ORDER BY x.id DESC LIMIT :limit"
                ),
                named_params! {
                    ":endpoint": filter.endpoint, ":state": filter.state, ":limit": limit(filter),
                },
                export_row,
            )
        })
    }

    fn transfers(&self, filter: &Filter) -> Result<Vec<TransferRow>, Failure> {
        self.read("listing transfers", |c| {
            let pending =
                if filter.pending { "d.state NOT IN ('cleaned', 'cancelled')" } else { "true" };
            let found = found::deliveries(c, filter)?;
            all(
                c,
                &format!(
                    "SELECT d.*, x.uid, x.name AS export_name, x.size, e.name AS endpoint_name
                     FROM deliveries d CROSS JOIN exports x ON x.id = d.export_id
                     CROSS JOIN endpoints e ON e.id = d.endpoint_id
                     WHERE {found} AND (:endpoint IS NULL OR e.name = :endpoint)
                       AND (:state IS NULL OR d.state = :state) AND {pending}
                     ORDER BY d.id DESC LIMIT :limit"
                ),
                named_params! {
                    ":endpoint": filter.endpoint, ":state": filter.state, ":limit": limit(filter),
                },
                transfer_row,
            )
        })
    }

    fn files(&self, filter: &Filter) -> Result<Vec<FileRow>, Failure> {
        self.read("listing files", |c| files::files(c, filter))
    }

    fn runs(&self, filter: &Filter) -> Result<Vec<RunReport>, Failure> {
        self.read("listing runs", |c| {
            let (found, order) = found::runs(filter);
            all(
                c,
                &format!(
                    "SELECT r.* FROM {found} AND r.ended_at IS NOT NULL
                       AND (:state IS NULL OR r.outcome = :state)
                     ORDER BY {order} DESC LIMIT :limit"
                ),
                named_params! {
                    ":endpoint": filter.endpoint, ":state": filter.state, ":limit": limit(filter),
                },
                |row| run_row(c, row),
            )
        })
    }

    fn outcomes(&self, since: Timestamp) -> Result<Vec<OutcomeCount>, Failure> {
        self.read("counting runs", |c| {
            all(
                c,
                "SELECT e.name, s.sync_status, sum(max(s.runs_missed, 1)) AS runs
                 FROM endpoints e CROSS JOIN sync_logs s ON s.endpoint_id = e.id
                 WHERE e.position >= 0 AND s.sync_completed_at >= :since
                   AND s.id >= coalesce((SELECT id FROM sync_logs WHERE endpoint_id = e.id
                         ORDER BY id DESC LIMIT 1 OFFSET :most), 0)
                 GROUP BY e.position, s.sync_status",
                named_params! { ":since": clock::text(since), ":most": MOST_RUNS },
                |row| {
                    let outcome: String = row.get("sync_status")?;
                    Ok(OutcomeCount {
                        endpoint: row.get("name")?,
                        outcome: Outcome::from_name(&outcome).unwrap_or(Outcome::Failed),
                        runs: count(row, "runs")?,
                    })
                },
            )
        })
    }

    fn undelivered(&self) -> Result<Vec<Undelivered>, Failure> {
        Self::undelivered(self)
    }

    fn events(&self, filter: &Filter) -> Result<Vec<EventRow>, Failure> {
        self.read("listing events", |c| {
            let endpoint = match &filter.endpoint {
                Some(name) => match endpoints::number(c, name)? {
                    Some(number) => Some(number),
                    // An unknown endpoint has no events; NULL would mean "of all".
                    None => return Ok(Vec::new()),
                },
                None => None,
            };
            all(
                c,
                &format!(
                    "SELECT {} FROM events
                     WHERE {} AND (:state IS NULL OR to_state = :state)
                     ORDER BY id DESC LIMIT :limit",
                    events::COLUMNS,
                    found::events(c, endpoint, filter.state.as_deref())?
                ),
                named_params! {
                    ":endpoint": endpoint, ":state": filter.state, ":limit": limit(filter),
                },
                events::row,
            )
        })
    }

    fn show(&self, id: Id) -> Result<Option<Timeline>, Failure> {
        self.read("showing", |c| timeline::timeline(c, id)).map_err(|f| f.about(id.to_string()))
    }
}

/// SQLite takes a negative limit as none.
pub(super) fn limit(filter: &Filter) -> i64 {
    filter.limit.map_or(-1, i64::from)
}

pub(super) fn count(row: &Row<'_>, name: &str) -> rusqlite::Result<u64> {
    row.get::<_, i64>(name).map(|n| n as u64)
}

pub(super) fn endpoint_type(name: &str) -> EndpointType {
    // Written by this program from the same names; the first is as good as any
    // for one from a newer program.
    EndpointType::from_name(name).unwrap_or(EndpointType::Encoura)
}

fn export_row(row: &Row<'_>) -> rusqlite::Result<ExportRow> {
    let own_state: String = row.get("state")?;
    let delivery: Option<i64> = row.get("delivery")?;
    // The story is the delivery's as soon as the file itself is safe.
    let delivered = own_state == "verified" && delivery.is_some();
    let uid: String = row.get("uid")?;
    let column = |own: &'static str, its: &'static str| if delivered { its } else { own };
    let failure = failure_from(row.get(column("failure", "delivery_failure"))?);
    Ok(ExportRow {
        id: Id::export(row.get("id")?),
        endpoint: row.get("endpoint_name")?,
        name: row.get::<_, Option<String>>("name")?.unwrap_or_else(|| uid.clone()),
        uid,
        state: row.get("shown_state")?,
        attempt: row.get(column("attempt", "delivery_attempt"))?,
        bytes: row.get::<_, Option<i64>>("size")?.map(|n| n as u64),
        sha256: row.get("sha256")?,
        delivery: delivery.map(Id::delivery),
        generation: row.get("generation")?,
        remote_name: row.get("final_name")?,
        evidence: row.get("evidence")?,
        failure_class: failure.as_ref().map(|f| f.class),
        error: failure.map(|f| f.to_string()),
        next_attempt_at: clock::get_optional(row, column("next_attempt_at", "delivery_next"))?,
        discovered_at: clock::get(row, "discovered_at")?,
        updated_at: clock::get(row, column("updated_at", "delivery_updated"))?,
    })
}

fn transfer_row(row: &Row<'_>) -> rusqlite::Result<TransferRow> {
    let uid: String = row.get("uid")?;
    Ok(TransferRow {
        id: Id::delivery(row.get("id")?),
        export: Id::export(row.get("export_id")?),
        endpoint: row.get("endpoint_name")?,
        name: row.get::<_, Option<String>>("export_name")?.unwrap_or_else(|| uid.clone()),
        uid,
        state: row.get("state")?,
        attempt: row.get("attempt")?,
        bytes: row.get::<_, Option<i64>>("size")?.map(|n| n as u64),
        destination: row.get("destination")?,
        generation: row.get("generation")?,
        remote_name: row.get("final_name")?,
        evidence: row.get("evidence")?,
        error: failure_from(row.get("failure")?).map(|f| f.to_string()),
        next_attempt_at: clock::get_optional(row, "next_attempt_at")?,
        published_at: clock::get_optional(row, "published_at")?,
        confirmed_at: clock::get_optional(row, "confirmed_at")?,
        updated_at: clock::get(row, "updated_at")?,
    })
}

fn run_row(connection: &Connection, row: &Row<'_>) -> rusqlite::Result<RunReport> {
    let report: Option<String> = row.get("report")?;
    if let Some(report) = report.and_then(|json| serde_json::from_str(&json).ok()) {
        return Ok(report);
    }
    // The process ended before the run did: what is known is in the parts.
    let run_id: i64 = row.get("id")?;
    let started_at = clock::get(row, "started_at")?;
    let endpoints = all(
        connection,
        "SELECT e.name, e.endpoint_type, s.* FROM sync_logs s
         JOIN endpoints e ON e.id = s.endpoint_id WHERE s.run_id = ? ORDER BY s.id",
        [run_id],
        |row| {
            Ok(EndpointResult {
                outcome: Outcome::Failed,
                discovered: count(row, "files_found")?,
                new: count(row, "files_new")?,
                updated: count(row, "files_updated")?,
                removed: count(row, "files_removed")?,
                api_calls: count(row, "api_calls")?,
                quota_used: count(row, "quota_used")?,
                delivered: count(row, "files_delivered")?,
                failed: count(row, "files_error")?,
                error: row.get("error_message")?,
                ..EndpointResult::new(
                    row.get::<_, String>("name")?,
                    endpoint_type(&row.get::<_, String>("endpoint_type")?),
                )
            })
        },
    )?;
    Ok(RunReport {
        run_id: Id::run(run_id),
        started_at,
        ended_at: clock::get_optional(row, "ended_at")?.unwrap_or(started_at),
        outcome: Outcome::Failed,
        endpoints,
    })
}

impl Reader {
    /// How many of these exports of an account are in the books.
    pub fn known_exports(
        &self,
        source: &str,
        account: &str,
        uids: &[String],
    ) -> Result<usize, Failure> {
        self.read("counting exports", |c| {
            let mut select = c.prepare_cached(
                "SELECT 1 FROM exports WHERE source = ? AND account = ? AND uid = ?",
            )?;
            let mut known = 0;
            for uid in uids {
                known += usize::from(select.exists([source, account, uid])?);
            }
            Ok(known)
        })
    }

    /// Whether the ledger can be read now. Opened anew: a file that was removed is
    /// still read through a connection that was open before.
    pub fn check(&self) -> Result<(), Failure> {
        open_read_only(&self.path)?
            .query_row("SELECT value FROM meta WHERE key = 'identity'", [], |_| Ok(()))
            .map_err(|e| sql_failure("reading the ledger", &e))
    }
}
