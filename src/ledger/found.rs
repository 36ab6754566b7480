//! How the lists find their rows: however many have come and gone, what is asked for is
//! found by an index, or is among the newest.

use rusqlite::{Connection, named_params};

use super::rows::Filter;
use crate::model::{DeliveryState, ExportState};

/// An export that is at its end is not pending; nor is a delivery.
pub(super) const EXPORT_PENDING: &str =
    "(x.state IN ('recorded', 'downloading', 'retry_wait', 'held', 'quarantined', 'expired')
      OR (x.state = 'verified' AND d.state NOT IN ('cleaned', 'cancelled')))";

/// An export's own state until it is verified, then its newest delivery's.
pub(super) const EXPORT_STATE: &str =
    "CASE WHEN x.state = 'verified' AND d.id IS NOT NULL THEN d.state ELSE x.state END";

pub(super) const NEWEST_DELIVERY: &str = "LEFT JOIN deliveries d ON d.id =
    (SELECT id FROM deliveries WHERE export_id = x.id ORDER BY generation DESC LIMIT 1)";

/// Those of the endpoint that is asked for, or of all: by its number, so that the indexes by
/// state serve. (They are named: a planner with statistics takes a state for many rows.)
const OF: &str =
    "endpoint_id IN (SELECT id FROM endpoints WHERE :endpoint IS NULL OR name = :endpoint)";

const OPEN_EXPORTS: &str =
    "state IN ('recorded', 'downloading', 'retry_wait', 'held', 'quarantined', 'expired')";
const OPEN_DELIVERIES: &str =
    "state IN ('verified', 'uploading', 'staged', 'publishing', 'fencing', 'retry_wait',
      'held', 'in_doubt', 'published', 'confirmed')";

/// States that most end in.
const USUAL: &[&str] = &["baseline", "skipped", "verified", "cleaned", "cancelled"];

/// Of what most end in, an index leads to so many at the most. Where there are more,
/// looking through the newest finds enough of them sooner.
const FEW: i64 = 5_000;

/// Parts of a condition; SQLite takes 500.
const MOST_PARTS: usize = 200;

/// What an event says of a file that goes its way, and of a run that does: `events_rare`
/// has the others.
const USUAL_EVENTS: &str =
    "'recorded', 'downloading', 'verified', 'uploading', 'staged', 'publishing', 'published',
    'confirmed', 'cleaned', 'intent', 'received', 'nothing_new', 'done'";

/// A condition on exports `x`.
pub(super) fn exports(c: &Connection, filter: &Filter) -> rusqlite::Result<String> {
    let own = "SELECT id FROM exports INDEXED BY exports_by_state";
    let its = "SELECT export_id FROM deliveries INDEXED BY deliveries_by_state";
    Ok(match condition(filter) {
        Found::Rare => among("x", &[in_state(own), in_state(its)]),
        Found::Open => among("x", &[of(own, OPEN_EXPORTS), of(its, OPEN_DELIVERIES)]),
        // No delivery is in these.
        Found::InState(state @ ("baseline" | "skipped")) => {
            newest(c, filter, "x", "exports", &[state])?
        }
        Found::InState(_) => few(c, filter, "x", &[in_state(own), in_state(its)])?,
        Found::OfEndpoint => {
            let all: Vec<_> = ExportState::ALL.iter().map(|state| state.as_str()).collect();
            newest(c, filter, "x", "exports", &all)?
        }
        Found::Newest => "true".to_owned(),
    })
}

/// A condition on deliveries `d`.
pub(super) fn deliveries(c: &Connection, filter: &Filter) -> rusqlite::Result<String> {
    let own = "SELECT id FROM deliveries INDEXED BY deliveries_by_state";
    Ok(match condition(filter) {
        Found::Rare => among("d", &[in_state(own)]),
        Found::Open => among("d", &[of(own, OPEN_DELIVERIES)]),
        Found::InState(state) => newest(c, filter, "d", "deliveries", &[state])?,
        Found::OfEndpoint => {
            let all: Vec<_> = DeliveryState::ALL.iter().map(|state| state.as_str()).collect();
            newest(c, filter, "d", "deliveries", &all)?
        }
        Found::Newest => "true".to_owned(),
    })
}

/// By what a list is found.
enum Found<'f> {
    Rare,
    Open,
    InState(&'f str),
    OfEndpoint,
    Newest,
}

fn condition(filter: &Filter) -> Found<'_> {
    match &filter.state {
        Some(state) if !USUAL.contains(&state.as_str()) => Found::Rare,
        _ if filter.pending => Found::Open,
        Some(state) => Found::InState(state),
        None if filter.endpoint.is_some() => Found::OfEndpoint,
        None => Found::Newest,
    }
}

fn of(select: &str, which: &str) -> String {
    format!("{select} WHERE {OF} AND {which}")
}

fn in_state(select: &str) -> String {
    of(select, "state = :state")
}

fn among(what: &str, sets: &[String]) -> String {
    format!("{what}.id IN ({})", sets.join(" UNION ALL "))
}

/// The newest in these states, as many as are asked for of each endpoint and state: all the
/// newest are among them, each found where its index ends.
fn newest(
    c: &Connection,
    filter: &Filter,
    what: &str,
    table: &str,
    states: &[&str],
) -> rusqlite::Result<String> {
    let numbers: Vec<i64> = c
        .prepare_cached("SELECT id FROM endpoints WHERE ?1 IS NULL OR name = ?1")?
        .query_map([&filter.endpoint], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    if filter.limit.is_none() || numbers.len() * states.len() > MOST_PARTS {
        return Ok("true".to_owned());
    }
    let parts: Vec<String> = std::iter::once("SELECT 0 WHERE false".to_owned())
        .chain(numbers.iter().flat_map(|number| {
            states.iter().map(move |state| {
                format!(
                    "SELECT id FROM (SELECT id FROM {table} INDEXED BY {table}_by_state
                       WHERE endpoint_id = {number} AND state = '{state}'
                       ORDER BY id DESC LIMIT :limit)"
                )
            })
        }))
        .collect();
    Ok(among(what, &parts))
}

/// The same, if these are few.
fn few(c: &Connection, filter: &Filter, what: &str, sets: &[String]) -> rusqlite::Result<String> {
    let mut found = 0;
    for set in sets {
        found += c
            .prepare_cached(&format!(
                "SELECT count(*) FROM ({set} LIMIT :few) WHERE :state IS NULL OR true"
            ))?
            .query_row(
                named_params! {
                    ":endpoint": filter.endpoint, ":state": filter.state, ":few": FEW + 1,
                },
                |row| row.get::<_, i64>(0),
            )?;
    }
    Ok(if found > FEW { "true".to_owned() } else { among(what, sets) })
}

/// Runs `r` up to a condition, and what the newest come first by. Those of an endpoint are
/// found by its parts, which are as old as they are; what ended in a rare way, by that.
pub(super) fn runs(filter: &Filter) -> (&'static str, &'static str) {
    let usual = ["done", "nothing_new"];
    let is_rare = filter.state.as_ref().is_some_and(|state| !usual.contains(&state.as_str()));
    match (is_rare, filter.endpoint.is_some()) {
        (false, true) => (
            "endpoints e CROSS JOIN sync_logs s ON s.endpoint_id = e.id
             CROSS JOIN runs r ON r.id = s.run_id WHERE e.name = :endpoint",
            "s.id",
        ),
        (true, _) => (
            "runs r WHERE r.outcome = :state
               AND (:endpoint IS NULL OR EXISTS (SELECT 1 FROM sync_logs s
                    JOIN endpoints e ON e.id = s.endpoint_id
                    WHERE s.run_id = r.id AND e.name = :endpoint))",
            "r.id",
        ),
        (false, false) => ("runs r WHERE :endpoint IS NULL", "r.id"),
    }
}

/// A condition on `events`. Of an endpoint that has not much, each is looked up by its
/// subject; of others, each of the newest is asked whose it is.
pub(super) fn events(
    c: &Connection,
    endpoint: Option<i64>,
    state: Option<&str>,
) -> rusqlite::Result<String> {
    let is_rare = state.is_some_and(|state| !USUAL_EVENTS.contains(&format!("'{state}'")));
    let found = match is_rare {
        true => format!("to_state = :state AND to_state NOT IN ({USUAL_EVENTS})"),
        false => "true".to_owned(),
    };
    let subjects = [
        ("x", "exports", "id"),
        ("d", "deliveries", "id"),
        ("p", "polls", "id"),
        ("r", "sync_logs", "run_id"),
    ];
    let Some(endpoint) = endpoint else { return Ok(format!("{found} AND :endpoint IS NULL")) };
    let mut all = 0;
    for (_, table, _) in subjects {
        all += c
            .prepare_cached(&format!(
                "SELECT count(*) FROM (SELECT 1 FROM {table} WHERE endpoint_id = ? LIMIT ?)"
            ))?
            .query_row([endpoint, FEW + 1], |row| row.get::<_, i64>(0))?;
    }
    let of = match all > FEW || is_rare {
        true => {
            let cases = subjects.map(|(letter, table, id)| {
                format!(
                    "WHEN '{letter}' THEN EXISTS (SELECT 1 FROM {table}
                       WHERE {id} = substr(subject, 2) AND endpoint_id = :endpoint)"
                )
            });
            format!("CASE substr(subject, 1, 1) {} END", cases.join(" "))
        }
        false => {
            let selects = subjects.map(|(letter, table, id)| {
                format!("SELECT '{letter}' || {id} FROM {table} WHERE endpoint_id = :endpoint")
            });
            format!("subject IN ({})", selects.join(" UNION ALL "))
        }
    };
    Ok(format!("{found} AND {of}"))
}
