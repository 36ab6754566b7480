//! What is the matter with an endpoint now, as the books have it.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

use super::super::{Ledger, class_from, clock, failure_from, sql_failure};
use crate::model::{Failure, FailureClass, Outcome};

/// What is the matter with an endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// How its last run ended that was not cut short; none before the first one.
    pub outcome: Option<Outcome>,
    /// The class of that run's first failure.
    pub class: Option<FailureClass>,
    /// That failure, or what waits for the operator, in words.
    pub words: Option<String>,
    /// Files that are not on their way, those that stand alike together.
    pub items: Vec<Alike>,
    /// When something new or changed was last found; before that, when the endpoint came
    /// into the books.
    pub last_new_at: Timestamp,
}

/// Files that stand alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Alike {
    /// `retry_wait`, `held`, `in_doubt`, `quarantined` or `expired`.
    pub state: String,
    /// The class of their failure, if they have one.
    pub class: Option<FailureClass>,
    /// How many.
    pub files: u64,
    /// The newest failure among them.
    pub failure: Option<Failure>,
}

impl Ledger {
    /// What is the matter with the endpoint now.
    pub async fn trouble(&self, endpoint: i64) -> Result<Trouble, Failure> {
        self.writer
            .write(move |c| {
                trouble(c, endpoint).map_err(|e| sql_failure("looking for what needs somebody", &e))
            })
            .await
    }
}

fn trouble(c: &Connection, endpoint: i64) -> rusqlite::Result<Trouble> {
    // A run that was cut short says nothing about the other side.
    let last = c
        .prepare_cached(
            "SELECT sync_status, failure_class, error_message FROM sync_logs
             WHERE endpoint_id = ? AND sync_status NOT IN ('running', 'missed')
               AND failure_class IS NOT 'cancelled'
             ORDER BY id DESC LIMIT 1",
        )?
        .query_row([endpoint], |row| {
            let (status, class): (String, Option<String>) = (row.get(0)?, row.get(1)?);
            let class = class.as_deref().and_then(class_from);
            Ok((Outcome::from_name(&status), class, row.get::<_, Option<String>>(2)?))
        })
        .optional()?;
    let (outcome, class, words) = last.unwrap_or_default();
    let items = c
        .prepare_cached(
            "SELECT state, failure ->> '$.class' AS class, count(*) AS files, failure,
                    max(updated_at)
             FROM exports WHERE endpoint_id = ?1
               AND state IN ('retry_wait', 'held', 'quarantined', 'expired')
             GROUP BY state, class
             UNION ALL
             SELECT state, failure ->> '$.class' AS class, count(*) AS files, failure,
                    max(updated_at)
             FROM deliveries WHERE endpoint_id = ?1
               AND state IN ('retry_wait', 'held', 'in_doubt')
             GROUP BY state, class",
        )?
        .query_map([endpoint], |row| {
            let class: Option<String> = row.get("class")?;
            Ok(Alike {
                state: row.get("state")?,
                class: class.as_deref().and_then(class_from),
                files: row.get::<_, i64>("files")? as u64,
                failure: failure_from(row.get("failure")?),
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let last_new_at = c
        .prepare_cached(
            "SELECT coalesce(
                 (SELECT sync_completed_at FROM sync_logs INDEXED BY sync_logs_new
                  WHERE endpoint_id = ?1 AND files_new + files_updated > 0
                    AND sync_completed_at IS NOT NULL
                  ORDER BY id DESC LIMIT 1),
                 (SELECT created_at FROM endpoints WHERE id = ?1)) AS at",
        )?
        .query_row([endpoint], |row| clock::get(row, "at"))?;
    Ok(Trouble { outcome, class, words, items, last_new_at })
}
