//! Everything about one thing, for `show` and the console's details.

use rusqlite::{Connection, OptionalExtension as _, Row, types::ValueRef};

use super::events;
use super::rows::{EventRow, Timeline};
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
        Kind::Poll => facts(
            connection,
            "SELECT e.name AS endpoint, 'r' || p.run_id AS run, p.product_key AS 'product key',
                    p.state, p.body AS 'raw reply', p.asked_at AS asked, p.closed_at AS closed,
                    p.failure
             FROM polls p JOIN endpoints e ON e.id = p.endpoint_id WHERE p.id = ?",
            id,
        ),
    }?;
    let Some(facts) = facts else { return Ok(None) };
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

/// A delivery's story begins with its export's, an export's goes on with its
/// deliveries'; a run's is all that happened in it.
fn history(connection: &Connection, id: Id) -> rusqlite::Result<Vec<EventRow>> {
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
    };
    connection
        .prepare_cached(&format!(
            "SELECT {} FROM events WHERE {condition} ORDER BY id",
            events::COLUMNS
        ))?
        .query_map([id.number], events::row)?
        .collect()
}
