//! The endpoints, as the books know them.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::exports::Arrival;
use super::reader::{all, count, endpoint_type};
use super::rows::EndpointRow;
use super::{Ledger, clock, sql_failure, to_json};
use crate::model::{Endpoint, Failure, Outcome};

/// What the engine must know of an endpoint before it lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointBooks {
    /// Its number, by which the other tables know it.
    pub number: i64,
    /// When the Delivered list was last compared with the ledger.
    pub reconciled_at: Option<Timestamp>,
}

impl Ledger {
    /// Makes the books know exactly the `endpoints` of the configuration. Those
    /// that are gone from it keep their history and are no longer listed.
    pub async fn register_endpoints(&self, endpoints: Vec<Endpoint>) -> Result<(), Failure> {
        self.writer
            .write(move |c| {
                let sql = |e: rusqlite::Error| sql_failure("registering endpoints", &e);
                c.execute("UPDATE endpoints SET position = -1", []).map_err(sql)?;
                for (position, endpoint) in endpoints.iter().enumerate() {
                    register(c, position, endpoint)?;
                }
                // One that comes back later has missed nothing meanwhile.
                c.execute(
                    "UPDATE endpoints SET next_run_at = NULL, slot_at = NULL WHERE position = -1",
                    [],
                )
                .map(drop)
                .map_err(sql)
            })
            .await
    }

    /// Takes over what an endpoint that is no longer in the configuration has left
    /// open of this account: a renamed endpoint goes on where it was. Returns how
    /// many exports changed hands.
    pub async fn take_over(
        &self,
        endpoint: i64,
        source: &'static str,
        account: String,
    ) -> Result<usize, Failure> {
        self.writer
            .write(move |c| {
                let gone = "endpoint_id IN (SELECT id FROM endpoints WHERE position = -1)";
                let sql = |e: rusqlite::Error| sql_failure("taking over a renamed endpoint", &e);
                let moved = c
                    .execute(
                        &format!(
                            "UPDATE exports INDEXED BY exports_by_state SET endpoint_id = ?
                             WHERE source = ? AND account = ? AND {gone}"
                        ),
                        params![endpoint, source, account],
                    )
                    .map_err(sql)?;
                // They change hands together with their exports.
                if moved > 0 {
                    c.execute(
                        &format!(
                            "UPDATE deliveries SET endpoint_id = ?1 WHERE {gone}
                             AND export_id IN (SELECT id FROM exports WHERE endpoint_id = ?1)"
                        ),
                        [endpoint],
                    )
                    .map_err(sql)?;
                }
                c.execute(
                    &format!(
                        "UPDATE polls SET endpoint_id = ?
                         WHERE closed_at IS NULL AND source = ? AND account = ? AND {gone}"
                    ),
                    params![endpoint, source, account],
                )
                .map_err(sql)?;
                Ok(moved)
            })
            .await
    }

    /// Whether this product's past is known (`None`: that of all products).
    pub async fn has_baseline(
        &self,
        of: &Arrival,
        product_key: Option<&str>,
    ) -> Result<bool, Failure> {
        let (of, key) = (of.clone(), product_key.unwrap_or_default().to_owned());
        self.writer
            .write(move |c| {
                c.prepare_cached(
                    "SELECT 1 FROM baselines WHERE source = ? AND account = ? AND product_key = ?",
                )
                .and_then(|mut select| select.exists(params![of.source, of.account, key]))
                .map_err(|e| sql_failure("looking for the baseline", &e))
            })
            .await
    }

    /// What the books know of the endpoint called `name`.
    pub async fn endpoint(&self, name: &str) -> Result<EndpointBooks, Failure> {
        let name = name.to_owned();
        self.writer
            .write(move |c| {
                c.query_row(
                    "SELECT id, reconciled_at FROM endpoints WHERE name = ?",
                    [&name],
                    |row| {
                        Ok(EndpointBooks {
                            number: row.get("id")?,
                            reconciled_at: clock::get_optional(row, "reconciled_at")?,
                        })
                    },
                )
                .map_err(|e| sql_failure("reading the endpoint", &e).about(&name))
            })
            .await
    }
}

/// The endpoints of the configuration, in its order. Everything that is counted here is
/// either still open, and found by an index, or kept as a total.
pub(super) fn list(c: &Connection) -> rusqlite::Result<Vec<EndpointRow>> {
    all(
        c,
        &format!(
            "SELECT e.*,
                       (SELECT count(*) FROM exports WHERE endpoint_id = e.id
                          AND state IN ('recorded', 'downloading', 'retry_wait')) AS exports_open,
                       (SELECT count(*) FROM exports WHERE endpoint_id = e.id
                          AND state = 'retry_wait') AS exports_retrying,
                       (SELECT count(*) FROM exports WHERE endpoint_id = e.id
                          AND state IN ('held', 'quarantined', 'expired')) AS exports_waiting,
                       l.error_message AS last_error, l.files_new, l.files_updated, l.files_removed,
                       l.api_calls, l.quota_used, r.files_present, r.files_access_lost,
                       {} FROM endpoints e
                     LEFT JOIN sync_logs l ON l.id = (SELECT max(id) FROM sync_logs
                         WHERE endpoint_id = e.id AND sync_status NOT IN ('running', 'missed'))
                     LEFT JOIN registers r ON r.endpoint_id = e.id
                     WHERE e.position >= 0 ORDER BY e.position",
            [
                (
                    "open",
                    "IN ('verified', 'uploading', 'staged', 'publishing', 'fencing', 'retry_wait')"
                ),
                ("retrying", "= 'retry_wait'"),
                ("doubtful", "IN ('held', 'in_doubt')"),
                ("published", "= 'published'"),
            ]
            .map(|(name, states)| format!(
                "(SELECT count(*) FROM deliveries WHERE endpoint_id = e.id
                          AND state {states}) AS deliveries_{name}"
            ))
            .join(",\n")
                + ", (SELECT min(published_at) FROM deliveries WHERE endpoint_id = e.id
                             AND state = 'published') AS oldest_unconfirmed_at,
                            (SELECT fetched FROM file_totals WHERE endpoint_id = e.id) AS fetched,
                            (SELECT sync_started_at FROM sync_logs WHERE endpoint_id = e.id
                             AND sync_status <> 'missed' ORDER BY id DESC LIMIT 1) AS last_run,
                            (SELECT runs FROM run_totals WHERE endpoint_id = e.id
                             AND outcome = 'missed') AS missed_runs,
                            (SELECT last_at FROM run_totals WHERE endpoint_id = e.id
                             AND outcome = 'missed') AS last_missed_at"
        ),
        [],
        endpoint_row,
    )
}

fn endpoint_row(row: &Row<'_>) -> rusqlite::Result<EndpointRow> {
    let outcome: Option<String> = row.get("last_sync_status")?;
    Ok(EndpointRow {
        name: row.get("name")?,
        endpoint_type: endpoint_type(&row.get::<_, String>("endpoint_type")?),
        is_active: row.get("is_active")?,
        deliver_to: row.get("deliver_to")?,
        last_run: clock::get_optional(row, "last_run")?,
        last_outcome: outcome.and_then(|o| Outcome::from_name(&o)),
        last_error: row.get("last_error")?,
        next_run: clock::get_optional(row, "next_run_at")?,
        listed: count(row, "exports_listed")?,
        fetched: count_if_any(row, "fetched")?,
        waiting: count(row, "exports_open")? + count(row, "deliveries_open")?,
        retrying: count(row, "exports_retrying")? + count(row, "deliveries_retrying")?,
        needs_operator: count(row, "exports_waiting")? + count(row, "deliveries_doubtful")?,
        unconfirmed: count(row, "deliveries_published")?,
        confirmed: count(row, "deliveries_confirmed")?,
        oldest_unconfirmed_at: clock::get_optional(row, "oldest_unconfirmed_at")?,
        schedule: serde_json::from_str(&row.get::<_, String>("schedule")?).ok(),
        paused: row.get::<_, Option<String>>("paused_at")?.is_some(),
        missed_runs: row.get::<_, Option<i64>>("missed_runs")?.unwrap_or(0) as u64,
        last_missed_at: clock::get_optional(row, "last_missed_at")?,
        files: count_if_any(row, "files_present")?,
        access_lost: count_if_any(row, "files_access_lost")?,
        new: count_if_any(row, "files_new")?,
        updated: count_if_any(row, "files_updated")?,
        removed: count_if_any(row, "files_removed")?,
        api_calls: count_if_any(row, "api_calls")?,
        quota_used: count_if_any(row, "quota_used")?,
    })
}

/// 0 where there is no such row: no run yet, no register.
fn count_if_any(row: &Row<'_>, name: &str) -> rusqlite::Result<u64> {
    row.get::<_, Option<i64>>(name).map(|n| n.unwrap_or(0) as u64)
}

/// A plan made by another schedule, or while it was switched off, means nothing.
fn register(connection: &Connection, position: usize, endpoint: &Endpoint) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT INTO endpoints (name, endpoint_type, endpoint_details, project_id, user_id,
                 description, schedule, deliver_to, is_active, position, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11)
             ON CONFLICT (name) DO UPDATE SET
                 next_run_at = CASE WHEN schedule = ?7 AND is_active AND ?9 THEN next_run_at END,
                 slot_at = CASE WHEN schedule = ?7 AND is_active AND ?9 THEN slot_at END,
                 endpoint_type = ?2, endpoint_details = ?3,
                 project_id = ?4, user_id = ?5, description = ?6, schedule = ?7, deliver_to = ?8,
                 is_active = ?9, position = ?10, updated_at = ?11",
        )
        .and_then(|mut upsert| {
            upsert.execute(params![
                endpoint.name,
                endpoint.endpoint_type.as_str(),
                endpoint.details.to_string(),
                endpoint.project_id,
                endpoint.user_id,
                endpoint.description,
                to_json(&endpoint.schedule).unwrap_or_default(),
                endpoint.deliver_to,
                endpoint.is_active,
                position as i64,
                clock::text(clock::now()),
            ])
        })
        .map(drop)
        .map_err(|e| sql_failure("registering the endpoint", &e).about(&endpoint.name))
}

/// Stamps one of the endpoint's time columns with now.
pub(super) fn stamp(
    connection: &Connection,
    endpoint: i64,
    column: &'static str,
) -> Result<(), Failure> {
    connection
        .execute(
            &format!("UPDATE endpoints SET {column} = ? WHERE id = ?"),
            params![clock::text(clock::now()), endpoint],
        )
        .map(drop)
        .map_err(|e| sql_failure("dating the endpoint", &e))
}

/// The number of the endpoint called `name`, if the books know it.
pub(super) fn number(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM endpoints WHERE name = ?")?
        .query_row([name], |row| row.get(0))
        .optional()
}

/// Books that a product's past is known from now on.
pub(super) fn note_baseline(
    connection: &Connection,
    of: &Arrival,
    product_key: Option<&str>,
) -> Result<(), Failure> {
    connection
        .execute(
            "INSERT INTO baselines VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            params![
                of.source,
                of.account,
                product_key.unwrap_or_default(),
                clock::text(clock::now())
            ],
        )
        .map(drop)
        .map_err(|e| sql_failure("booking the baseline", &e))
}
