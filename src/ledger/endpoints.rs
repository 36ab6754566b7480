//! The endpoints, as the books know them.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::exports::Arrival;
use super::{Ledger, clock, sql_failure, to_json};
use crate::model::{Endpoint, Failure};

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
                            "UPDATE exports SET endpoint_id = ?
                             WHERE source = ? AND account = ? AND {gone}"
                        ),
                        params![endpoint, source, account],
                    )
                    .map_err(sql)?;
                c.execute(
                    &format!(
                        "UPDATE deliveries SET endpoint_id = ?1 WHERE {gone}
                         AND export_id IN (SELECT id FROM exports WHERE endpoint_id = ?1)"
                    ),
                    [endpoint],
                )
                .map_err(sql)?;
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
