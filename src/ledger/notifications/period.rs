//! What the time since the last digest came to.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::super::{Ledger, clock, sql_failure, to_json};
use super::incidents::{Incident, open};
use super::outbox::{Route, enqueue};
use crate::model::{Failure, Notification};

/// The runs since the last digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// When the last one was made.
    pub from: Timestamp,
    /// How the runs of each endpoint ended.
    pub counts: Vec<PeriodCount>,
    /// What does not work now.
    pub open: Vec<Incident>,
}

/// Runs of one endpoint that ended alike, for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodCount {
    /// The endpoint's name.
    pub endpoint: String,
    /// An outcome's name.
    pub outcome: String,
    /// The class of the first failure.
    pub class: Option<String>,
    /// The newest failure in words.
    pub words: Option<String>,
    /// How many runs; of missed ones, those that were planned.
    pub runs: u64,
    /// Items not seen before.
    pub new: u64,
    /// Files published at the destination in these runs.
    pub delivered: u64,
}

/// Where the last digest ended.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Mark {
    /// By the clock that schedules go by.
    at: Timestamp,
    /// By the clock that runs are booked by.
    booked: Timestamp,
    /// No run before this one ends later.
    low: i64,
    /// The newest run.
    newest: i64,
}

const DOING: &str = "making the digest";

impl Ledger {
    /// When the last digest was made; on the first call, now: there is nothing to tell of
    /// the time before.
    pub async fn last_digest(&self, now: Timestamp) -> Result<Timestamp, Failure> {
        self.writer
            .write(move |c| match mark(c)? {
                Some(mark) => Ok(mark.at),
                None => {
                    set_mark(c, now)?;
                    Ok(now)
                }
            })
            .await
    }

    /// Makes the digest of the time since the last one: the message is written by `write`
    /// and booked for `routes`.
    pub async fn digest(
        &self,
        now: Timestamp,
        routes: Vec<Route>,
        write: impl Fn(&Period) -> Notification + Send + 'static,
    ) -> Result<(), Failure> {
        self.writer
            .write(move |c| {
                let Some(mark) = mark(c)? else { return set_mark(c, now) };
                let period = period(c, mark).map_err(|e| sql_failure(DOING, &e))?;
                enqueue(c, &routes, None, &write(&period), now)?;
                set_mark(c, now)
            })
            .await
    }
}

fn period(c: &Connection, mark: Mark) -> rusqlite::Result<Period> {
    // Missed runs are booked later than they should have been.
    let mut select = c.prepare_cached(
        "SELECT e.name, l.sync_status, l.failure_class, l.error_message,
                sum(iif(l.sync_status = 'missed', l.runs_missed, 1)) AS runs,
                sum(l.files_new) AS files_new, sum(l.files_delivered) AS delivered, max(l.id)
         FROM sync_logs l JOIN endpoints e ON e.id = l.endpoint_id
         WHERE l.id > ?1 AND l.sync_completed_at IS NOT NULL
           AND iif(l.sync_status = 'missed', l.id > ?2, l.sync_completed_at > ?3)
         GROUP BY e.id, l.sync_status, l.failure_class
         ORDER BY e.position, e.id, l.sync_status",
    )?;
    let counts = select
        .query_map(params![mark.low, mark.newest, clock::text(mark.booked)], |row| {
            let count = |name: &str| row.get::<_, i64>(name).map(|n| n as u64);
            Ok(PeriodCount {
                endpoint: row.get("name")?,
                outcome: row.get("sync_status")?,
                class: row.get("failure_class")?,
                words: row.get("error_message")?,
                runs: count("runs")?,
                new: count("files_new")?,
                delivered: count("delivered")?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let open = open(c, None)?.into_iter().map(|(_, incident)| incident).collect();
    Ok(Period { from: mark.at, counts, open })
}

fn mark(c: &Connection) -> Result<Option<Mark>, Failure> {
    let json: Option<String> = c
        .query_row("SELECT value FROM meta WHERE key = 'digest'", [], |row| row.get(0))
        .optional()
        .map_err(|e| sql_failure(DOING, &e))?;
    // One that cannot be read is made anew.
    Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
}

fn set_mark(c: &Connection, now: Timestamp) -> Result<(), Failure> {
    let sql = |e: rusqlite::Error| sql_failure(DOING, &e);
    let (low, newest) = c
        .query_row(
            "SELECT coalesce((SELECT min(id) - 1 FROM sync_logs INDEXED BY sync_logs_open
                              WHERE sync_completed_at IS NULL),
                             (SELECT max(id) FROM sync_logs), 0),
                    coalesce((SELECT max(id) FROM sync_logs), 0)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .map_err(sql)?;
    let mark = Mark { at: now, booked: clock::now(), low, newest };
    c.execute("INSERT OR REPLACE INTO meta VALUES ('digest', ?)", [to_json(&mark)?])
        .map(drop)
        .map_err(sql)
}
