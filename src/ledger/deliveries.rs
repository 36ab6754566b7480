//! Deliveries: export × destination × generation, moved state by state.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::exports::{Export, unknown_state};
use super::{
    Ledger, clock, events, failure_from, moved_meanwhile, no_such_arrow, sql_failure, to_json,
    totals,
};
use crate::model::{DeliveryState, Evidence, Failure, FinalNames, Id, name};

/// A delivery, with all that the engine needs to work on it.
///
/// To move it on, change a copy and hand both to [`Ledger::move_delivery`].
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Its id.
    pub id: Id,
    /// Its export's id.
    pub export: Id,
    /// Its endpoint's number.
    pub endpoint: i64,
    /// The destination's name in the configuration.
    pub destination: String,
    /// The user, host, port and folder that its attempt went to.
    pub target: String,
    /// 1, and one more for each "send again".
    pub generation: u32,
    /// Eight hex digits that its temporary names carry.
    pub token: String,
    /// Its name over there.
    pub final_name: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts begun; names the temporary file.
    pub attempt: u32,
    /// Failures in a row.
    pub tries: u32,
    /// The best evidence so far.
    pub evidence: Option<Evidence>,
    /// The last failure, or why it is held.
    pub failure: Option<Failure>,
    /// When it may be tried again. Of a cancelled one: since when its temporary
    /// files are to be removed.
    pub next_attempt_at: Option<Timestamp>,
    /// When the temporary file of this attempt was complete.
    pub staged_at: Option<Timestamp>,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// When it was confirmed.
    pub confirmed_at: Option<Timestamp>,
}

impl Delivery {
    /// The temporary name of attempt `attempt`.
    pub fn temporary_name(&self, attempt: u32) -> String {
        name::temporary_name(&self.token, attempt)
    }
}

/// A delivery about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// The destination's name in the configuration.
    pub destination: String,
    /// Where it goes now; each attempt writes down where it went.
    pub target: String,
    /// How its final name is made.
    pub names: FinalNames,
}

// What is open is found by the index that has nothing else, whatever the planner takes the
// tables to be like: a query has to say the very words of that index to be allowed to.

/// When an open item is due: at its time, else at once; never by itself if only a
/// person can mend it (the failure's `retry`).
const DUE: &str = "coalesce(next_attempt_at,
    iif(failure IS NULL OR json_extract(failure, '$.retry') <> 'never', updated_at, NULL))";

impl Ledger {
    /// Moves a delivery from `before` to `after`.
    ///
    /// A compare-and-set: fails if it no longer stands as in `before`.
    pub async fn move_delivery(&self, before: &Delivery, after: &Delivery) -> Result<(), Failure> {
        self.move_delivery_on(before, std::slice::from_ref(after)).await
    }

    /// Moves a delivery on by several arrows, from `before` to each of `after` in turn: each
    /// is an entry of its own, and all are durable at once, or none is.
    pub async fn move_delivery_on(
        &self,
        before: &Delivery,
        after: &[Delivery],
    ) -> Result<(), Failure> {
        let (before, after) = (before.clone(), after.to_vec());
        self.writer.write(move |c| change(c, &before, &after)).await
    }

    /// The delivery with this id.
    pub async fn delivery(&self, id: Id) -> Result<Option<Delivery>, Failure> {
        self.reads.read_or_fail(|c| {
            one(c, "SELECT * FROM deliveries WHERE id = ?", id).map_err(|e| e.about(id.to_string()))
        })
    }

    /// The newest delivery of an export.
    pub async fn newest_delivery(&self, export: Id) -> Result<Option<Delivery>, Failure> {
        self.writer.write(move |c| newest(c, export)).await
    }

    /// Deliveries of the endpoint that wait for work, oldest first.
    pub async fn open_deliveries(&self, endpoint: i64) -> Result<Vec<Delivery>, Failure> {
        self.writer
            .write(move |c| {
                c.prepare_cached(
                    "SELECT * FROM deliveries INDEXED BY deliveries_open WHERE endpoint_id = ?
                     AND state NOT IN ('held', 'in_doubt', 'cancelled', 'cleaned') ORDER BY id",
                )
                .and_then(|mut select| select.query_map([endpoint], row)?.collect())
                .map_err(|e| sql_failure("reading open deliveries", &e))
            })
            .await
    }

    /// Cancelled deliveries of the endpoint whose temporary files may still be there.
    pub async fn cancelled_with_leftovers(&self, endpoint: i64) -> Result<Vec<Delivery>, Failure> {
        self.writer
            .write(move |c| {
                c.prepare_cached(
                    "SELECT * FROM deliveries INDEXED BY deliveries_leftovers
                     WHERE endpoint_id = ? AND state = 'cancelled' AND next_attempt_at IS NOT NULL ORDER BY id",
                )
                .and_then(|mut select| select.query_map([endpoint], row)?.collect())
                .map_err(|e| sql_failure("reading what was cancelled", &e))
            })
            .await
    }

    /// How many of the endpoint's files wait for a person, those not counted that a
    /// person has put there.
    pub async fn needing_operator(&self, endpoint: i64) -> Result<u64, Failure> {
        self.writer
            .write(move |c| {
                let not_by_hand = "coalesce(json_extract(failure, '$.class'), '') <> 'cancelled'";
                c.query_row(
                    &format!(
                        "SELECT (SELECT count(*) FROM exports WHERE endpoint_id = ?1
                                   AND state IN ('held', 'quarantined', 'expired') AND {not_by_hand})
                              + (SELECT count(*) FROM deliveries WHERE endpoint_id = ?1
                                   AND state IN ('held', 'in_doubt') AND {not_by_hand})"
                    ),
                    [endpoint],
                    |row| row.get::<_, i64>(0),
                )
                .map(|n| n as u64)
                .map_err(|e| sql_failure("counting what waits for a person", &e))
            })
            .await
    }

    /// Since when the oldest of the endpoint's deliveries waits to be published.
    pub async fn waiting_since(&self, endpoint: i64) -> Result<Option<Timestamp>, Failure> {
        self.writer
            .write(move |c| {
                c.query_row(
                    "SELECT min(created_at) AS at FROM deliveries INDEXED BY deliveries_open
                     WHERE endpoint_id = ? AND state NOT IN ('held', 'in_doubt', 'cancelled', 'cleaned')
                       AND state NOT IN ('published', 'confirmed')",
                    [endpoint],
                    |row| clock::get_optional(row, "at"),
                )
                .map_err(|e| sql_failure("looking for the oldest that waits", &e))
            })
            .await
    }

    /// How many of the endpoint's exports are listed and not yet published.
    pub async fn backlog(&self, endpoint: i64) -> Result<u64, Failure> {
        self.writer
            .write(move |c| {
                c.query_row(
                    "SELECT (SELECT count(*) FROM exports WHERE endpoint_id = ?1
                               AND state IN ('recorded', 'downloading', 'retry_wait'))
                          + (SELECT count(*) FROM deliveries INDEXED BY deliveries_open
                             WHERE endpoint_id = ?1
                               AND state NOT IN ('held', 'in_doubt', 'cancelled', 'cleaned')
                               AND state NOT IN ('published', 'confirmed'))",
                    [endpoint],
                    |row| row.get::<_, i64>(0),
                )
                .map(|n| n as u64)
                .map_err(|e| sql_failure("counting what waits", &e))
            })
            .await
    }

    /// When the next of the endpoint's open items is tried again by itself: a time
    /// that may have passed already, or none if there is no such item.
    pub async fn next_attempt(&self, endpoint: i64) -> Result<Option<Timestamp>, Failure> {
        self.writer
            .write(move |c| {
                c.query_row(
                    &format!(
                        "SELECT min(at) AS at FROM (
                         SELECT {DUE} AS at
                         FROM exports INDEXED BY exports_open
                         WHERE endpoint_id = ?1 AND state IN ('recorded', 'downloading', 'retry_wait')
                         UNION ALL
                         SELECT {DUE}
                         FROM deliveries INDEXED BY deliveries_open
                         WHERE endpoint_id = ?1
                           AND state NOT IN ('held', 'in_doubt', 'cancelled', 'cleaned'))"
                    ),
                    [endpoint],
                    |row| clock::get_optional(row, "at"),
                )
                .map_err(|e| sql_failure("looking for the next try", &e))
            })
            .await
    }

    /// Makes the next generation of an export's delivery: it is sent once more.
    pub async fn create_generation(
        &self,
        export: &Export,
        new: NewDelivery,
    ) -> Result<Id, Failure> {
        let export = export.clone();
        self.writer
            .write(move |c| {
                let generation = newest(c, export.id)?.map_or(1, |d| d.generation + 1);
                create(c, &export, &new, generation)
            })
            .await
    }
}

/// Deliveries of all endpoints that wait for work, oldest first.
pub(super) fn all_open(connection: &Connection) -> Result<Vec<Delivery>, Failure> {
    connection
        .prepare(
            "SELECT * FROM deliveries INDEXED BY deliveries_open
             WHERE state NOT IN ('held', 'in_doubt', 'cancelled', 'cleaned') ORDER BY id",
        )
        .and_then(|mut select| select.query_map([], row)?.collect())
        .map_err(|e| sql_failure("reading open deliveries", &e))
}

fn newest(connection: &Connection, export: Id) -> Result<Option<Delivery>, Failure> {
    one(
        connection,
        "SELECT * FROM deliveries WHERE export_id = ? ORDER BY generation DESC LIMIT 1",
        export,
    )
}

fn one(connection: &Connection, sql: &str, id: Id) -> Result<Option<Delivery>, Failure> {
    connection
        .prepare_cached(sql)
        .and_then(|mut select| select.query_row([id.number], row).optional())
        .map_err(|e| sql_failure("reading the delivery", &e))
}

/// Makes an export's first delivery. One that was fetched again after it was
/// delivered gets none: only the operator sends a thing twice.
pub(super) fn create_first(
    connection: &Connection,
    export: &Export,
    new: &NewDelivery,
) -> Result<Option<Id>, Failure> {
    match newest(connection, export.id)? {
        Some(_) => Ok(None),
        None => create(connection, export, new, 1).map(Some),
    }
}

fn create(
    connection: &Connection,
    export: &Export,
    new: &NewDelivery,
    generation: u32,
) -> Result<Id, Failure> {
    let sql = |e: rusqlite::Error| sql_failure("booking a delivery", &e);
    let final_name = free_name(connection, export, new, generation).map_err(sql)?;
    let now = clock::text(clock::now());
    connection
        .prepare_cached(
            "INSERT INTO deliveries (export_id, endpoint_id, destination, target, generation, token,
                 final_name, state, attempt, tries, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'verified', 0, 0, ?8, ?8)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                export.id.number,
                export.endpoint,
                new.destination,
                new.target,
                generation,
                free_token(connection)?,
                final_name,
                now,
            ])
        })
        .map_err(sql)?;
    let id = Id::delivery(connection.last_insert_rowid());
    events::append(
        connection,
        &events::New {
            to: Some(DeliveryState::Verified.as_str()),
            detail: Some(format!("{} generation {generation}", export.id)),
            ..events::New::of(id)
        },
    )?;
    Ok(id)
}

/// The final name, with as many digits of the digest as it takes to be unique.
fn free_name(
    connection: &Connection,
    export: &Export,
    new: &NewDelivery,
    generation: u32,
) -> rusqlite::Result<String> {
    if new.names == FinalNames::Original {
        return Ok(name::sanitised(export.name()));
    }
    let mut digits = 8;
    loop {
        let wanted = name::final_name(export.name(), &export.digest, digits, generation);
        let taken = connection
            .prepare_cached("SELECT 1 FROM deliveries WHERE destination = ? AND final_name = ?")?
            .exists(params![new.destination, wanted])?;
        if !taken || digits >= export.digest.len() {
            return Ok(wanted);
        }
        digits += 4;
    }
}

/// Random, so that two ledgers that deliver into one folder do not meet, and
/// not one of ours already.
fn free_token(connection: &Connection) -> rusqlite::Result<String> {
    loop {
        let token = format!("{:08x}", rand::random::<u32>());
        let taken = connection
            .prepare_cached("SELECT 1 FROM deliveries WHERE token = ?")?
            .exists([&token])?;
        if !taken {
            return Ok(token);
        }
    }
}

/// One arrow or several, each from where the one before it led: one compare-and-set from the first
/// state to the last, which is all that anybody can see of them, and the event of each.
pub(super) fn change(
    connection: &Connection,
    before: &Delivery,
    after: &[Delivery],
) -> Result<(), Failure> {
    let Some(last) = after.last() else { return Ok(()) };
    let arrows = || std::iter::once(before).chain(after).zip(after);
    for (before, after) in arrows() {
        let (from, to) = (before.state, after.state);
        if from != to && !from.may_become(to) {
            return Err(no_such_arrow(before.id, from.as_str(), to.as_str()));
        }
    }
    compare_and_set(connection, before, last)?;
    for (before, after) in arrows() {
        if before.state != after.state && after.state == DeliveryState::Published {
            totals::count_delivered(connection, before.endpoint)?;
        }
        tell(connection, before, after)?;
    }
    Ok(())
}

/// Puts `after` into the place of `before`, if that is what is there.
fn compare_and_set(
    connection: &Connection,
    before: &Delivery,
    after: &Delivery,
) -> Result<(), Failure> {
    let failed = |e: rusqlite::Error| sql_failure("booking", &e).about(before.id.to_string());
    let (from, to) = (before.state.as_str(), after.state.as_str());
    let moved = connection
        .prepare_cached(
            "UPDATE deliveries SET state = ?, attempt = ?, tries = ?, target = ?,
                 evidence = ?, failure = ?, next_attempt_at = ?, staged_at = ?, published_at = ?,
                 confirmed_at = ?, updated_at = ?
             WHERE id = ? AND state = ? AND attempt = ?",
        )
        .and_then(|mut update| {
            update.execute(params![
                to,
                after.attempt,
                after.tries,
                after.target,
                after.evidence.map(Evidence::as_str),
                after.failure.as_ref().and_then(|f| to_json(f).ok()),
                after.next_attempt_at.map(clock::text),
                after.staged_at.map(clock::text),
                after.published_at.map(clock::text),
                after.confirmed_at.map(clock::text),
                clock::text(clock::now()),
                before.id.number,
                from,
                before.attempt,
            ])
        })
        .map_err(failed)?;
    if moved != 1 {
        return Err(moved_meanwhile(before.id, from, to));
    }
    // Apart, since SQLite makes the entry of an index anew for each column that is set.
    if after.final_name != before.final_name {
        connection
            .prepare_cached("UPDATE deliveries SET final_name = ? WHERE id = ?")
            .and_then(|mut update| update.execute(params![after.final_name, before.id.number]))
            .map_err(failed)?;
    }
    Ok(())
}

/// The event of one arrow.
fn tell(connection: &Connection, before: &Delivery, after: &Delivery) -> Result<(), Failure> {
    let detail = words(before, after);
    if before.state == after.state && before.attempt == after.attempt && detail.is_none() {
        // Looked at once more, and nothing was different: no story worth a line.
        return Ok(());
    }
    events::append(
        connection,
        &events::New {
            from: Some(before.state.as_str()),
            to: Some(after.state.as_str()),
            attempt: after.attempt,
            detail,
            ..events::New::of(before.id)
        },
    )
}

/// What an event says beside the states: the failure, or new evidence.
fn words(before: &Delivery, after: &Delivery) -> Option<String> {
    if let Some(failure) = &after.failure {
        return Some(failure.to_string());
    }
    after
        .evidence
        .filter(|e| before.evidence != Some(*e))
        .map(|e| format!("{}: {}", e.as_str(), e.words()))
}

fn row(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let state: String = row.get("state")?;
    Ok(Delivery {
        id: Id::delivery(row.get("id")?),
        export: Id::export(row.get("export_id")?),
        endpoint: row.get("endpoint_id")?,
        destination: row.get("destination")?,
        target: row.get("target")?,
        generation: row.get("generation")?,
        token: row.get("token")?,
        final_name: row.get("final_name")?,
        state: DeliveryState::from_name(&state).ok_or_else(|| unknown_state(&state))?,
        attempt: row.get("attempt")?,
        tries: row.get("tries")?,
        evidence: row.get::<_, Option<String>>("evidence")?.and_then(|e| Evidence::from_name(&e)),
        failure: failure_from(row.get("failure")?),
        next_attempt_at: clock::get_optional(row, "next_attempt_at")?,
        staged_at: clock::get_optional(row, "staged_at")?,
        published_at: clock::get_optional(row, "published_at")?,
        confirmed_at: clock::get_optional(row, "confirmed_at")?,
    })
}
