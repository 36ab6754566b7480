//! Booking what became of a file, in the transaction in which it became so.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::dictionary::Names;
use super::ingest::Loaded;
use super::open::now_text;
use super::quarantine::Quarantine;
use super::trouble::{Trouble, unexpected};
use super::waiting::Waiting;
use super::withdraw::{self, wait_again};
use crate::model::{Dataset, Shown};
use crate::silver::sql::quote;
use crate::silver::{Feeds, Ingested, LandedState};

/// Characters of a value that are kept with a bad row: a longer one cannot be looked for.
const VALUE: usize = 200;

/// A file that does not go in because of others. Gives the files that wait again.
pub(super) fn aside(
    connection: &Connection,
    file: &Waiting,
    dataset: Option<&Dataset>,
    is_in: bool,
    state: LandedState,
) -> Result<Vec<i64>, Trouble> {
    let mut again = Vec::new();
    if let Some(dataset) = dataset {
        // Before its own state is another one, or it would wait again at once.
        again = withdraw::file(connection, dataset, file.id, is_in)?;
        if state == LandedState::Repeated {
            again.extend(give_way(connection, dataset, file, false)?);
        }
    }
    connection.execute(
        "UPDATE landed SET state = ?2, dataset = ?3, definition = NULL, rows_good = 0,
             rows_bad = 0, unresolved = 0, drift = NULL, error = NULL
         WHERE id = ?1",
        params![file.id, state.as_str(), dataset.map(|dataset| &dataset.name)],
    )?;
    if let Some(dataset) = dataset {
        count(connection, &dataset.name, 0)?;
    }
    Ok(again)
}

/// A file that went in. Gives the files that wait again.
pub(super) fn ingested(
    connection: &Connection,
    feeds: &Feeds,
    dataset: &Dataset,
    file: &Waiting,
    loaded: &Loaded,
) -> Result<Vec<i64>, Trouble> {
    let mut again = give_way(connection, dataset, file, true)?;
    book(connection, dataset, file, LandedState::Ingested, loaded)?;
    count(connection, &dataset.name, loaded.news)?;
    again.extend(found_at_last(connection, feeds, dataset)?);
    Ok(again)
}

/// A file of which nothing goes in. Gives its state, and the files that wait again.
pub(super) fn refused(
    connection: &Connection,
    dataset: &Dataset,
    file: &Waiting,
    loaded: &Loaded,
    is_in: bool,
) -> Result<(LandedState, Vec<i64>), Trouble> {
    // With a key, its rows would count beside the newer one's if what they refer to came.
    let settled = dataset.key.is_empty() || loaded.unresolved == 0;
    if settled && file.has_newer(connection)? {
        let state = LandedState::Superseded;
        return Ok((state, aside(connection, file, Some(dataset), is_in, state)?));
    }
    let mut again = Vec::new();
    if is_in {
        again = withdraw::file(connection, dataset, file.id, true)?;
        again.extend(withdraw::older_versions(connection, file.id)?);
    }
    Quarantine::clear(connection, file.id)?;
    Quarantine::list(connection, file.id, &dataset.name, &loaded.listed)?;
    book(connection, dataset, file, LandedState::Refused, loaded)?;
    count(connection, &dataset.name, 0)?;
    Ok((LandedState::Refused, again))
}

/// A dataset as its table is, which may be configured no more.
pub(super) fn defined(connection: &Connection, name: &str) -> Result<Option<Dataset>, Trouble> {
    let definition: Option<String> = connection
        .query_row("SELECT definition FROM datasets WHERE name = ?", [name], |row| row.get(0))
        .optional()?;
    let read = |json: String| serde_json::from_str(&json);
    definition.map(read).transpose().map_err(|e| Trouble::Pass(unexpected(&e.to_string())))
}

/// The report of it.
pub(super) fn told(
    file: &Waiting,
    dataset: Option<&Dataset>,
    state: LandedState,
    loaded: &Loaded,
) -> Ingested {
    Ingested {
        file: file.id,
        endpoint: file.endpoint.clone(),
        name: Shown::new(&file.name),
        dataset: dataset.map(|dataset| dataset.name.clone()),
        state,
        rows_good: loaded.good,
        rows_bad: loaded.bad,
        drift: loaded.drift.clone(),
        error: match state {
            LandedState::Refused => loaded.refusal.clone(),
            _ => None,
        },
    }
}

fn book(
    connection: &Connection,
    dataset: &Dataset,
    file: &Waiting,
    state: LandedState,
    loaded: &Loaded,
) -> Result<(), Trouble> {
    let drift = match loaded.drift.is_none() {
        true => None,
        false => Some(
            serde_json::to_string(&loaded.drift)
                .map_err(|e| Trouble::Pass(unexpected(&e.to_string())))?,
        ),
    };
    connection
        .prepare_cached(
            "UPDATE landed SET state = ?2, dataset = ?3,
                 definition = iif(?2 = 'ingested', (SELECT digest FROM datasets WHERE name = ?3),
                     NULL),
                 rows_good = ?4, rows_bad = ?5, unresolved = ?6, drift = ?7, error = ?8,
                 ingested_at = ?9
             WHERE id = ?1",
        )?
        .execute(params![
            file.id,
            state.as_str(),
            dataset.name,
            loaded.good as i64,
            loaded.bad as i64,
            loaded.unresolved as i64,
            drift,
            loaded.refusal,
            now_text(),
        ])?;
    Ok(())
}

/// Keeps the dataset's own numbers; every change of its rows is a new version.
pub(super) fn count(connection: &Connection, dataset: &str, news: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE datasets SET row_count = row_count + ?2, version = version + 1,
                 changed_at = ?3
             WHERE name = ?1",
        )?
        .execute(params![dataset, news as i64, now_text()])?;
    Ok(())
}

/// What gives way to a file that is in, or whose bytes are: older versions of it, and
/// what it corrects. With a key, an older version gives way only if it is refused for
/// good.
fn give_way(
    connection: &Connection,
    dataset: &Dataset,
    file: &Waiting,
    is_in: bool,
) -> Result<Vec<i64>, Trouble> {
    let keyless = dataset.key.is_empty();
    let older: Vec<(i64, bool)> = connection
        .prepare_cached(
            "SELECT id, definition IS NOT NULL FROM landed
             WHERE endpoint = ?1 AND path = ?2 AND rank < ?3 AND dataset = ?4
               AND state IN ('ingested', 'refused', 'repeated')
               AND (?5 OR (state = 'refused' AND unresolved = 0) OR rank >= ?6)
               AND (?7 OR sha256 <> ?8)",
        )?
        .query_map(
            params![
                file.endpoint,
                file.path,
                file.rank,
                dataset.name,
                keyless,
                file.root(),
                is_in,
                file.sha256
            ],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?
        .collect::<rusqlite::Result<_>>()?;
    let mut again = Vec::new();
    for (id, is_in) in older {
        again.extend(withdraw::file(connection, dataset, id, is_in)?);
        connection
            .prepare_cached("UPDATE landed SET state = 'superseded', error = NULL WHERE id = ?")?
            .execute([id])?;
    }
    Ok(again)
}

/// Files with rows that are set aside since they refer to rows of this dataset, and that
/// are there now.
fn found_at_last(
    connection: &Connection,
    feeds: &Feeds,
    dataset: &Dataset,
) -> rusqlite::Result<Vec<i64>> {
    let mut again = Vec::new();
    let Some(key) = dataset.key.first().and_then(|name| dataset.column(name)) else {
        return Ok(again);
    };
    let value = match &key.dictionary {
        None => "q.value".to_owned(),
        Some(dictionary) => {
            let Names { table, id, word } = Names::find(connection, dictionary)?;
            format!("(SELECT {id} FROM {table} WHERE {word} = q.value)")
        }
    };
    let (table, key) = (quote(&dataset.name), quote(&key.stored_as()));
    let rows_there = format!(
        "state IN ('ingested', 'refused') AND id IN (
             SELECT q.file FROM quarantine q
             WHERE q.missing = ?1 AND q.dataset = ?2 AND q.column_name = ?3
               AND (?4 AND length(q.value) >= {VALUE}
                    OR EXISTS (SELECT 1 FROM {table} WHERE {key} = {value})))"
    );
    for other in feeds.datasets() {
        let refers = |name: &Option<String>| name.as_deref() == Some(dataset.name.as_str());
        let columns = other.columns.iter().filter(|column| refers(&column.references));
        for column in columns {
            let params = params![dataset.name, other.name, column.name, other.name != dataset.name];
            again.extend(wait_again(connection, &rows_there, params)?);
            // Not every bad row of a refused file is listed.
            let unlisted = "state = 'refused' AND dataset = ? AND unresolved > 0";
            again.extend(wait_again(connection, unlisted, [&other.name])?);
        }
    }
    Ok(again)
}
