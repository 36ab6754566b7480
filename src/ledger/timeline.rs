//! Everything about one thing, for `show` and the console's details.

use rusqlite::{Connection, OptionalExtension as _, Row, types::ValueRef};

use super::rows::{EventRow, Timeline};
use super::{events, register};
use crate::model::{Id, Kind};

/// Facts and events of `id`; `None` if the ledger has no such thing.
pub(super) fn timeline(connection: &Connection, id: Id) -> rusqlite::Result<Option<Timeline>> {
    let facts = match id.kind {
        Kind::Export => facts(
            connection,
            "SELECT x.uid, x.name, e.name AS endpoint, x.state, x.attempt, x.size AS bytes,
                    x.sha256, x.archived AS 'kept as', x.failure, x.next_attempt_at AS 'next try',
                    x.discovered_at AS listed, x.raw AS 'as listed'
             FROM exports x JOIN endpoints e ON e.id = x.endpoint_id WHERE x.id = ?",
            id,
        ),
        Kind::Delivery => facts(
            connection,
            "SELECT 'x' || x.id AS export, x.uid, x.name, e.name AS endpoint, d.state, d.attempt,
                    d.destination, d.target, d.generation, d.final_name AS 'remote name',
                    x.size AS bytes, x.sha256, d.evidence, d.failure,
                    d.next_attempt_at AS 'next try', d.staged_at AS staged,
                    d.published_at AS published, d.confirmed_at AS confirmed
             FROM deliveries d JOIN exports x ON x.id = d.export_id
             JOIN endpoints e ON e.id = d.endpoint_id WHERE d.id = ?",
            id,
        ),
        Kind::Run => facts(
            connection,
            "SELECT cause AS 'started by', started_at AS started, ended_at AS ended, outcome,
                    report FROM runs WHERE id = ?",
            id,
        ),
        Kind::File => facts(
            connection,
            "SELECT endpoint_name AS endpoint, file_name AS name, file_path AS path,
                    file_link AS link, file_size AS bytes, file_type AS type, file_state AS state,
                    external_file_id AS 'their id', version, contents, left_out AS 'not fetched',
                    external_created_at AS 'made there', external_updated_at AS 'changed there',
                    created_at AS 'first seen', last_compared_at AS 'last compared',
                    removed_at AS removed, access_lost_at AS 'access lost'
             FROM file_states WHERE id = ?",
            id,
        ),
        Kind::Poll => facts(
            connection,
            "SELECT e.name AS endpoint, 'r' || p.run_id AS run, p.product_key AS 'product key',
                    p.state, p.body AS 'raw reply', p.asked_at AS asked, p.closed_at AS closed,
                    p.failure
             FROM polls p JOIN endpoints e ON e.id = p.endpoint_id WHERE p.id = ?",
            id,
        ),
        // In silver, not in here.
        Kind::Landed => Ok(None),
    }?;
    let Some(mut facts) = facts else { return Ok(None) };
    if id.kind == Kind::Run {
        facts.extend(parts(connection, id)?);
    }
    Ok(Some(Timeline { id, facts, events: history(connection, id)? }))
}

/// Each column that is set, by its name; failures in words.
fn facts(
    connection: &Connection,
    sql: &str,
    id: Id,
) -> rusqlite::Result<Option<Vec<(String, String)>>> {
    let mut select = connection.prepare_cached(sql)?;
    let names: Vec<String> = select.column_names().map(str::to_owned).collect();
    select
        .query_row([id.number], |row| {
            let mut facts = vec![("id".to_owned(), id.to_string())];
            for (index, name) in names.iter().enumerate() {
                if let Some(value) = text(row, index)? {
                    let value = if name == "failure" {
                        super::failure_from(Some(value)).map_or_else(String::new, |f| f.to_string())
                    } else {
                        value
                    };
                    facts.push((name.clone(), value));
                }
            }
            Ok(facts)
        })
        .optional()
}

fn text(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(index)? {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(text) | ValueRef::Blob(text) => {
            Some(String::from_utf8_lossy(text).into_owned())
        }
    })
}

/// What each endpoint's part of a run did, by the endpoint's name.
fn parts(connection: &Connection, run: Id) -> rusqlite::Result<Vec<(String, String)>> {
    connection
        .prepare_cached(
            "SELECT e.name, s.sync_status || ': ' || s.files_found || ' found, ' || s.files_new
                 || ' new, ' || s.files_updated || ' changed, ' || s.files_removed || ' removed, '
                 || s.files_delivered || ' delivered, ' || s.files_error || ' failed, '
                 || s.api_calls || ' calls' || coalesce(': ' || s.error_message, '')
             FROM sync_logs s JOIN endpoints e ON e.id = s.endpoint_id
             WHERE s.run_id = ? ORDER BY s.id",
        )?
        .query_map([run.number], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// A delivery's story begins with its export's, an export's goes on with its
/// deliveries'; a run's is all that happened in it, in registers too.
fn history(connection: &Connection, id: Id) -> rusqlite::Result<Vec<EventRow>> {
    let mut history = match id.kind {
        Kind::File => Vec::new(),
        _ => events_of(connection, id)?,
    };
    history.extend(match id.kind {
        Kind::File => register::changes_of(connection, id.number)?,
        Kind::Run => register::changes_in(connection, id.number)?,
        _ => Vec::new(),
    });
    // Stable: what was written first of one time stays first.
    history.sort_by_key(|event| event.at);
    Ok(history)
}

fn events_of(connection: &Connection, id: Id) -> rusqlite::Result<Vec<EventRow>> {
    let condition = match id.kind {
        Kind::Export => {
            "subject = 'x' || :n
             OR subject IN (SELECT 'd' || id FROM deliveries WHERE export_id = :n)"
        }
        Kind::Delivery => {
            "subject = 'd' || :n
             OR subject = (SELECT 'x' || export_id FROM deliveries WHERE id = :n)"
        }
        Kind::Run => "run_id = :n",
        Kind::Poll => "subject = 'p' || :n",
        Kind::File | Kind::Landed => "false",
    };
    connection
        .prepare_cached(&format!(
            "SELECT {} FROM events WHERE {condition} ORDER BY id",
            events::COLUMNS
        ))?
        .query_map([id.number], events::row)?
        .collect()
}
