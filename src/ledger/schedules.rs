//! Schedules in the books: the next run, a pause, and runs that were missed.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{Ledger, clock, events, sql_failure, to_json, totals};
use crate::model::{EndpointResult, EndpointType, Failure, Id, Outcome, RunReport, Trigger};

const DOING: &str = "scheduling the endpoint";

/// What the books say of an endpoint's schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Planned {
    /// When it runs next; in the past if nobody was there to run it. None: not
    /// planned yet, or not by itself.
    pub next: Option<Timestamp>,
    /// The planned time of a scheduled run that began and did not come to its end.
    pub slot: Option<Timestamp>,
    /// Whether its schedule rests.
    pub paused: bool,
}

/// Runs that were planned and did not take place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// The first planned time.
    pub first: Timestamp,
    /// The last one that is known.
    pub last: Timestamp,
    /// How many.
    pub runs: u64,
    /// All of that in words, and why.
    pub words: String,
}

/// A planned time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeginSlot {
    /// The planned time, if the run is to be repeated should it not come to its end.
    pub slot: Option<Timestamp>,
    /// When it runs next after this.
    pub next: Option<Timestamp>,
    /// What was missed before.
    pub missed: Option<Missed>,
}

/// Whether it may run now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotBegun {
    /// It may; what was missed is booked as this run.
    Yes(Option<Id>),
    /// It was paused meanwhile: nothing is booked.
    Paused,
}

impl Ledger {
    /// What the books say of the endpoint's schedule.
    pub async fn planned(&self, endpoint: i64) -> Result<Planned, Failure> {
        self.writer
            .write(move |c| {
                c.prepare_cached(
                    "SELECT next_run_at, slot_at, paused_at FROM endpoints WHERE id = ?",
                )
                .and_then(|mut select| {
                    select.query_row([endpoint], |row| {
                        Ok(Planned {
                            next: clock::get_optional(row, "next_run_at")?,
                            slot: clock::get_optional(row, "slot_at")?,
                            paused: row.get::<_, Option<String>>("paused_at")?.is_some(),
                        })
                    })
                })
                .map_err(|e| sql_failure("reading the endpoint's schedule", &e))
            })
            .await
    }

    /// Plans the next run; a scheduled run that was under way is over. Changes
    /// nothing while the schedule rests.
    pub async fn schedule_run(&self, endpoint: i64, at: Option<Timestamp>) -> Result<(), Failure> {
        self.writer
            .write(move |c| {
                c.execute(
                    "UPDATE endpoints SET slot_at = NULL,
                         next_run_at = CASE WHEN paused_at IS NULL THEN ?1 END WHERE id = ?2",
                    params![at.map(clock::text), endpoint],
                )
                .map(drop)
                .map_err(|e| sql_failure(DOING, &e))
            })
            .await
    }

    /// Books that a planned time has come, and what was missed before, in one
    /// transaction: a gap is booked once, however often the process dies over it.
    pub async fn begin_slot(&self, endpoint: i64, begin: BeginSlot) -> Result<SlotBegun, Failure> {
        self.writer
            .write(move |c| {
                let may = c
                    .execute(
                        "UPDATE endpoints SET slot_at = ?1, next_run_at = ?2
                         WHERE id = ?3 AND paused_at IS NULL",
                        params![begin.slot.map(clock::text), begin.next.map(clock::text), endpoint],
                    )
                    .map_err(|e| sql_failure(DOING, &e))?;
                if may == 0 {
                    return Ok(SlotBegun::Paused);
                }
                begin
                    .missed
                    .map(|missed| book(c, endpoint, &missed))
                    .transpose()
                    .map(SlotBegun::Yes)
            })
            .await
    }

    /// Lets the schedule of the endpoint rest; false if it rested already.
    pub async fn pause(&self, endpoint: i64) -> Result<bool, Failure> {
        self.switch(
            endpoint,
            "UPDATE endpoints SET paused_at = ?1, next_run_at = NULL, slot_at = NULL
             WHERE id = ?2 AND paused_at IS NULL",
        )
        .await
    }

    /// Lets the schedule of the endpoint go on; false if it did not rest. What would
    /// have run meanwhile was not missed.
    pub async fn resume(&self, endpoint: i64) -> Result<bool, Failure> {
        self.switch(
            endpoint,
            "UPDATE endpoints SET paused_at = NULL, updated_at = ?1
             WHERE id = ?2 AND paused_at IS NOT NULL",
        )
        .await
    }

    async fn switch(&self, endpoint: i64, sql: &'static str) -> Result<bool, Failure> {
        self.writer
            .write(move |c| {
                c.execute(sql, params![clock::text(clock::now()), endpoint])
                    .map(|changed| changed > 0)
                    .map_err(|e| sql_failure(DOING, &e))
            })
            .await
    }
}

/// A run of its own that did not take place: what lists runs shows it.
fn book(connection: &Connection, endpoint: i64, missed: &Missed) -> Result<Id, Failure> {
    let sql = |e: rusqlite::Error| sql_failure("booking missed runs", &e);
    let (first, last) = (clock::text(missed.first), clock::text(missed.last));
    let status = Outcome::Missed.as_str();
    let (name, kind) = connection
        .query_row("SELECT name, endpoint_type FROM endpoints WHERE id = ?", [endpoint], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })
        .map_err(sql)?;
    let kind = EndpointType::from_name(&kind).unwrap_or(EndpointType::Encoura);
    let result = EndpointResult {
        outcome: Outcome::Missed,
        error: Some(missed.words.clone()),
        ..EndpointResult::new(name, kind)
    };
    connection
        .execute(
            "INSERT INTO runs (cause, started_at, ended_at, outcome) VALUES (?, ?, ?, ?)",
            params![Trigger::Schedule.as_str(), first, last, status],
        )
        .map_err(sql)?;
    let run_id = Id::run(connection.last_insert_rowid());
    let report = RunReport {
        run_id,
        started_at: missed.first,
        ended_at: missed.last,
        outcome: Outcome::Missed,
        endpoints: vec![result.clone()],
    };
    connection
        .execute(
            "UPDATE runs SET report = ? WHERE id = ?",
            params![to_json(&report)?, run_id.number],
        )
        .map_err(sql)?;
    connection
        .execute(
            "INSERT INTO sync_logs (run_id, endpoint_id, sync_started_at, sync_completed_at,
                 sync_status, error_message, runs_missed) VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![run_id.number, endpoint, first, last, status, missed.words, missed.runs as i64],
        )
        .map_err(sql)?;
    totals::add(connection, endpoint, &result, missed.runs, missed.last)?;
    events::append(
        connection,
        &events::New {
            kind: "missed",
            run: Some(run_id),
            to: Some(status),
            detail: Some(missed.words.clone()),
            ..events::New::of(run_id)
        },
    )?;
    Ok(run_id)
}
