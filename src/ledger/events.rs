//! The append-only table of everything that happened.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::rows::EventRow;
use super::{Ledger, clock, sql_failure};
use crate::model::{Failure, Id};

/// An event about to be written.
pub(super) struct New {
    pub(super) subject: Id,
    pub(super) run: Option<Id>,
    pub(super) kind: &'static str,
    pub(super) from: Option<&'static str>,
    pub(super) to: Option<&'static str>,
    pub(super) attempt: u32,
    pub(super) detail: Option<String>,
}

impl New {
    /// An event about `subject` with nothing else known.
    pub(super) fn of(subject: Id) -> Self {
        Self { subject, run: None, kind: "state", from: None, to: None, attempt: 0, detail: None }
    }
}

pub(super) fn append(connection: &Connection, event: &New) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT INTO events (at, subject, run_id, kind, from_state, to_state, attempt, detail)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                clock::text(clock::now()),
                event.subject.to_string(),
                event.run.map(|run| run.number),
                event.kind,
                event.from,
                event.to,
                event.attempt,
                event.detail,
            ])
        })
        .map(drop)
        .map_err(|e| sql_failure("writing an event", &e))
}

impl Ledger {
    /// The latest time that any event was written at; not always the newest
    /// event's, since clocks are set.
    pub async fn latest_event_at(&self) -> Result<Option<Timestamp>, Failure> {
        self.writer
            .write(|c| {
                c.query_row("SELECT max(at) AS at FROM events", [], |row| {
                    clock::get_optional(row, "at")
                })
                .map_err(|e| sql_failure("looking for the latest event", &e))
            })
            .await
    }
}

/// The columns that [`row`] reads.
pub(super) const COLUMNS: &str =
    "id, at, subject, run_id, kind, from_state, to_state, attempt, detail";

pub(super) fn row(row: &Row<'_>) -> rusqlite::Result<EventRow> {
    let subject: String = row.get("subject")?;
    Ok(EventRow {
        number: row.get("id")?,
        at: clock::get(row, "at")?,
        subject: subject.parse().map_err(|e: crate::model::IdError| {
            rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, e.into())
        })?,
        run: row.get::<_, Option<i64>>("run_id")?.map(Id::run),
        kind: row.get("kind")?,
        from_state: row.get("from_state")?,
        to_state: row.get("to_state")?,
        attempt: row.get("attempt")?,
        detail: row.get("detail")?,
    })
}
