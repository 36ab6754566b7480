//! Bringing the tables to what the definitions say.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};

use crate::ledger::now;
use crate::model::{Dataset, Failure};
use crate::silver::{Feeds, schema, sql};

const DOING: &str = "opening the datasets";

/// Makes what is missing, and makes anew what is defined otherwise than before, all in
/// one transaction. A file from a newer program is left as it is.
pub(super) fn prepare(
    connection: &mut Connection,
    feeds: &Feeds,
    path: &Path,
) -> Result<(), Failure> {
    let shown = path.to_string_lossy();
    let sql = |e: rusqlite::Error| sql::failure(DOING, &e).about(&shown);
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
    match schema::version(&transaction).map_err(sql)? {
        Some(schema::VERSION) => schema::complete(&transaction).map_err(sql)?,
        Some(other) => return Err(schema::other_version(other, &shown)),
        None => schema::found(&transaction).map_err(sql)?,
    }
    for dataset in feeds.datasets() {
        let json = |e: serde_json::Error| super::trouble::unexpected(&e.to_string());
        let definition = serde_json::to_string(dataset).map_err(json)?;
        let digest = schema::digest(dataset).map_err(json)?;
        define(&transaction, dataset, &definition, &digest)
            .map_err(|e| sql::failure("making the tables of the dataset", &e).about(&dataset.name))?
            .map_err(json)?;
    }
    match_again(&transaction, feeds).map_err(sql)?;
    transaction.commit().map_err(sql)
}

/// Outside: SQLite's failures; inside: a definition that cannot be read back.
type Defined = rusqlite::Result<Result<(), serde_json::Error>>;

fn define(
    transaction: &Transaction<'_>,
    dataset: &Dataset,
    definition: &str,
    digest: &str,
) -> Defined {
    let known: Option<(String, String)> = transaction
        .query_row("SELECT definition, digest FROM datasets WHERE name = ?", [&dataset.name], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })
        .optional()?;
    if let Some((before, same)) = &known {
        if before == definition {
            return schema::match_indexes(transaction, dataset).map(Ok);
        }
        let before: Dataset = match serde_json::from_str(before) {
            Ok(before) => before,
            Err(error) => return Ok(Err(error)),
        };
        if same == digest {
            return same_tables(transaction, dataset, &before, definition).map(Ok);
        }
        transaction.execute_batch(&schema::drop_dataset(&before))?;
        empty(transaction, &dataset.name)?;
    }
    for (name, column) in schema::dictionaries(dataset) {
        transaction.execute_batch(&schema::create_dictionary(&name, column))?;
    }
    transaction.execute_batch(&schema::create_dataset(dataset))?;
    transaction.execute(
        "INSERT INTO datasets (name, definition, digest, changed_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (name) DO UPDATE SET definition = ?2, digest = ?3, changed_at = ?4,
             row_count = 0, bad_count = 0, version = version + 1",
        (&dataset.name, definition, digest, now_text()),
    )?;
    Ok(Ok(()))
}

/// Only the patterns or the limit differ.
fn same_tables(
    transaction: &Transaction<'_>,
    dataset: &Dataset,
    before: &Dataset,
    definition: &str,
) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE datasets SET definition = ?2 WHERE name = ?1",
        [&dataset.name, definition],
    )?;
    schema::match_indexes(transaction, dataset)?;
    if dataset.max_bad_percent != before.max_bad_percent {
        transaction.execute(
            "UPDATE landed SET state = 'landed' WHERE dataset = ? AND state = 'refused'",
            [&dataset.name],
        )?;
    }
    Ok(())
}

/// Nothing of the dataset is in any more, and all its files wait.
fn empty(transaction: &Transaction<'_>, name: &str) -> rusqlite::Result<()> {
    transaction.execute(
        "DELETE FROM quarantine WHERE file IN (SELECT id FROM landed WHERE dataset = ?)",
        [name],
    )?;
    transaction.execute(
        "UPDATE landed SET state = 'landed', definition = NULL, rows_good = 0, rows_bad = 0,
             unresolved = 0, drift = NULL, error = NULL
         WHERE dataset = ?",
        [name],
    )?;
    Ok(())
}

/// Files that no dataset took wait if one takes them now.
fn match_again(transaction: &Transaction<'_>, feeds: &Feeds) -> rusqlite::Result<()> {
    let mut unmatched =
        transaction.prepare("SELECT id, endpoint, name FROM landed WHERE state = 'unmatched'")?;
    let mut fits = Vec::new();
    let mut rows = unmatched.query([])?;
    while let Some(row) = rows.next()? {
        let (endpoint, name): (String, String) = (row.get(1)?, row.get(2)?);
        if feeds.takes(&endpoint, &name).is_some() {
            fits.push(row.get::<_, i64>(0)?);
        }
    }
    for id in fits {
        transaction.execute("UPDATE landed SET state = 'landed' WHERE id = ?", [id])?;
    }
    Ok(())
}

/// Now, as it is kept.
pub(super) fn now_text() -> String {
    format!("{:.3}", now())
}
