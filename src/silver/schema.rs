//! The tables of `silver.db`: those that are always there, and those that a dataset's
//! definition makes. Writer and readers go by this file.
//!
//! **A dataset's table** has the dataset's name, and its columns in the order of the
//! definition under [`Column::stored_as`]. A decimal's integer has a column beside it
//! that is computed, under the plain name and as a floating-point number: for people's
//! own queries, never for sums. Where each row came from:
//!
//! - with a key: the columns `file` and `line`; the key is the primary key;
//! - without: the first column, [`Dataset::row_id`], is `file * 1_000_000_000 + line`.
//!
//! **A dictionary's table** has two columns, number and word. They are named after the
//! first column that uses it: `categories(category_id, category_name)`.
//!
//! **A rollup's table** is `<dataset>_<rollup>`: the columns that make a group (no value
//! is `sql::no_value`), `count`, and `total` where something is summed up, scaled by the
//! places of all its factors together ([`total_scale`]).

use rusqlite::Connection;

use super::sql::{no_value, quote, stored_type};
use crate::model::{Column, ColumnKind, Dataset, Failure, FailureClass, Rollup, Sha256};

/// The version of these tables that this program writes and reads.
pub(crate) const VERSION: i64 = 1;

/// Lines that a file of a dataset without a key may have: what is below is the line, what
/// is above the file.
pub(crate) const LINES: i64 = 1_000_000_000;

/// The tables that are always there.
///
/// `landed.state`: see [`LandedState`](super::LandedState). `landed.accept`: it goes in
/// however many of its rows are bad. `landed.unresolved`: rows that are set aside since
/// the row they refer to is not there; `quarantine.missing` names the dataset in which.
const FOUNDATION: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE datasets (
    name TEXT PRIMARY KEY, definition TEXT NOT NULL, digest TEXT NOT NULL,
    changed_at TEXT NOT NULL, row_count INTEGER NOT NULL DEFAULT 0,
    bad_count INTEGER NOT NULL DEFAULT 0, version INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE landed (
    id INTEGER PRIMARY KEY AUTOINCREMENT, export INTEGER UNIQUE,
    corrects INTEGER REFERENCES landed(id),
    endpoint TEXT NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL,
    size INTEGER NOT NULL, bronze TEXT NOT NULL, changed_at TEXT, landed_at TEXT NOT NULL,
    dataset TEXT, rank TEXT NOT NULL, state TEXT NOT NULL, definition TEXT,
    rows_good INTEGER NOT NULL DEFAULT 0, rows_bad INTEGER NOT NULL DEFAULT 0,
    drift TEXT, error TEXT, ingested_at TEXT,
    accept INTEGER NOT NULL DEFAULT 0, unresolved INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX landed_state ON landed (state, endpoint);
CREATE INDEX landed_sha256 ON landed (sha256);
CREATE INDEX landed_path ON landed (endpoint, path);
CREATE INDEX landed_dataset ON landed (dataset, state, rank);
CREATE INDEX landed_corrects ON landed (corrects) WHERE corrects IS NOT NULL;
CREATE TABLE quarantine (
    file INTEGER NOT NULL REFERENCES landed(id), line INTEGER NOT NULL,
    dataset TEXT NOT NULL, column_name TEXT, reason TEXT NOT NULL, value TEXT,
    raw TEXT NOT NULL, missing TEXT,
    PRIMARY KEY (file, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX quarantine_missing ON quarantine (missing, dataset, column_name, value)
    WHERE missing IS NOT NULL;
";

/// A dataset's bad rows are those of its files, counted without asking all of them.
const BAD_ROWS: &str = "
CREATE TRIGGER landed_bad AFTER UPDATE OF dataset, rows_bad ON landed
    WHEN old.rows_bad <> 0 OR new.rows_bad <> 0
BEGIN
    UPDATE datasets SET bad_count = bad_count - old.rows_bad WHERE name = old.dataset;
    UPDATE datasets SET bad_count = bad_count + new.rows_bad WHERE name = new.dataset;
END;
";

/// Makes the tables that are always there.
pub(super) fn found(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(FOUNDATION)?;
    connection.execute_batch(BAD_ROWS)?;
    connection.execute("INSERT INTO meta VALUES ('version', ?)", [VERSION])?;
    connection.execute("INSERT INTO meta VALUES ('cursor_key', randomblob(32))", [])?;
    Ok(())
}

/// Adds what the first tables of this version had not yet.
pub(super) fn complete(connection: &Connection) -> rusqlite::Result<()> {
    let there = "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND name = 'landed_bad'";
    if connection.query_row(there, [], |row| row.get::<_, i64>(0))? > 0 {
        return Ok(());
    }
    connection.execute_batch(BAD_ROWS)?;
    connection
        .execute(
            "UPDATE datasets SET bad_count =
                 (SELECT coalesce(sum(rows_bad), 0) FROM landed WHERE dataset = datasets.name)",
            [],
        )
        .map(drop)
}

/// Names of tables that no dataset, dictionary or rollup can have.
pub(super) const RESERVED: [&str; 4] = ["meta", "datasets", "landed", "quarantine"];

/// What a dataset is known by while nothing changes about its tables. Which files belong
/// to it, and how many bad rows are too many, are no part of it.
pub(crate) fn digest(dataset: &Dataset) -> Result<String, serde_json::Error> {
    let plain = Dataset { files: Vec::new(), max_bad_percent: 0, ..dataset.clone() };
    Ok(Sha256::of(&serde_json::to_vec(&plain)?))
}

/// The table of a rollup.
pub(crate) fn rollup_table(dataset: &Dataset, rollup: &Rollup) -> String {
    format!("{}_{}", dataset.name, rollup.name)
}

/// Places after the point in a rollup's `total`: those of its factors together.
pub fn total_scale(dataset: &Dataset, rollup: &Rollup) -> u32 {
    let scale = |name: &String| match dataset.column(name).map(|column| &column.kind) {
        Some(ColumnKind::Decimal { scale, .. }) => u32::from(*scale),
        _ => 0,
    };
    rollup.sum.iter().map(scale).sum()
}

/// An index of a dataset's table.
pub(super) struct Index {
    pub(super) name: String,
    /// As they are stored, in order.
    columns: Vec<String>,
    /// Only rows that have a value in its last column.
    partial: bool,
}

impl Index {
    fn create(&self, dataset: &Dataset) -> String {
        let (name, table) = (quote(&self.name), quote(&dataset.name));
        let sql = format!("CREATE INDEX {name} ON {table} ({})", listed(&self.columns));
        match self.columns.last().filter(|_| self.partial) {
            Some(last) => format!("{sql} WHERE {} IS NOT NULL", quote(last)),
            None => sql,
        }
    }
}

/// The indexes of a dataset's table besides its key: one of each indexed column, and one
/// of the [`Dataset::pair`].
pub(super) fn indexes(dataset: &Dataset) -> Vec<Index> {
    let of_one = |column: &Column| Index {
        name: format!("{}_{}", dataset.name, column.name),
        columns: vec![column.stored_as()],
        partial: false,
    };
    let of_two = |(value, time): (&Column, &Column)| Index {
        // No table of a configuration has a name with dots in it.
        name: format!("{}.{}.{}", dataset.name, value.name, time.name),
        columns: vec![value.stored_as(), time.stored_as()],
        // Else SQLite might take it for the value alone, whose rows have to come in the
        // order of the key.
        partial: true,
    };
    dataset.indexed().map(of_one).chain(dataset.pair().map(of_two)).collect()
}

/// Makes the indexes that are missing, and drops those that are none any more: another
/// version of this program has other ones.
pub(super) fn match_indexes(connection: &Connection, dataset: &Dataset) -> rusqlite::Result<()> {
    let mut known = connection.prepare(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1
         AND sql IS NOT NULL",
    )?;
    let known = known.query_map([&dataset.name], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let known = known.collect::<rusqlite::Result<Vec<(String, String)>>>()?;
    let wanted: Vec<(String, String)> = indexes(dataset)
        .into_iter()
        .map(|index| (index.name.clone(), index.create(dataset)))
        .collect();
    for (name, _) in known.iter().filter(|index| !wanted.contains(index)) {
        connection.execute_batch(&format!("DROP INDEX {}", quote(name)))?;
    }
    for (name, sql) in wanted.iter().filter(|index| !known.contains(index)) {
        tracing::info!("silver: making the index {name}");
        connection.execute_batch(sql)?;
    }
    Ok(())
}

/// Columns of the table that a decimal's value can be read from as a floating number.
pub(super) fn computed_column(column: &Column) -> Option<(String, u8)> {
    match (&column.dictionary, &column.kind) {
        (None, ColumnKind::Decimal { scale, .. }) => Some((column.name.clone(), *scale)),
        _ => None,
    }
}

/// Stored names of columns given by name.
pub(crate) fn stored_names(dataset: &Dataset, names: &[String]) -> Vec<String> {
    names.iter().filter_map(|name| dataset.column(name)).map(Column::stored_as).collect()
}

/// The dictionaries of a dataset, each with the column that it is named after.
pub(super) fn dictionaries(dataset: &Dataset) -> Vec<(String, &Column)> {
    let mut found: Vec<(String, &Column)> = Vec::new();
    for column in &dataset.columns {
        if let Some(dictionary) = &column.dictionary
            && !found.iter().any(|(name, _)| name == dictionary)
        {
            found.push((dictionary.clone(), column));
        }
    }
    found
}

/// Makes a dictionary's table, unless it is there.
pub(super) fn create_dictionary(name: &str, column: &Column) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {} ({} INTEGER PRIMARY KEY, {} TEXT NOT NULL UNIQUE) STRICT;",
        quote(name),
        quote(&format!("{}_id", column.name)),
        quote(&format!("{}_name", column.name)),
    )
}

/// Makes the tables and indexes of a dataset.
pub(super) fn create_dataset(dataset: &Dataset) -> String {
    let mut parts = Vec::new();
    let keyed = !dataset.key.is_empty();
    if !keyed {
        parts.push(format!("{} INTEGER PRIMARY KEY", quote(&dataset.row_id())));
    }
    for column in &dataset.columns {
        let stored = quote(&column.stored_as());
        let never_empty = column.required || dataset.key.contains(&column.name);
        let not_null = if never_empty { " NOT NULL" } else { "" };
        parts.push(format!("{stored} {}{not_null}", stored_type(column)));
        if let Some((name, scale)) = computed_column(column) {
            let one = 10_i64.pow(u32::from(scale.min(18)));
            parts.push(format!(
                "{} REAL GENERATED ALWAYS AS ({stored} / {one}.0) VIRTUAL",
                quote(&name)
            ));
        }
    }
    if keyed {
        parts.push("file INTEGER NOT NULL, line INTEGER NOT NULL".into());
        parts.push(format!("PRIMARY KEY ({})", listed(&stored_names(dataset, &dataset.key))));
    }
    let table = quote(&dataset.name);
    let kind = if keyed { "STRICT, WITHOUT ROWID" } else { "STRICT" };
    let mut sql = format!("CREATE TABLE {table} ({}) {kind};", parts.join(", "));
    for index in indexes(dataset) {
        sql += &format!("{};", index.create(dataset));
    }
    for rollup in &dataset.rollups {
        sql += &create_rollup(dataset, rollup);
    }
    sql
}

fn create_rollup(dataset: &Dataset, rollup: &Rollup) -> String {
    let mut parts: Vec<String> = rollup
        .by
        .iter()
        .filter_map(|name| dataset.column(name))
        .map(|c| format!("{} {} NOT NULL", quote(&c.stored_as()), stored_type(c)))
        .collect();
    parts.push("count INTEGER NOT NULL".into());
    if !rollup.sum.is_empty() {
        parts.push("total INTEGER NOT NULL".into());
    }
    parts.push(format!("PRIMARY KEY ({})", listed(&stored_names(dataset, &rollup.by))));
    let table = quote(&rollup_table(dataset, rollup));
    format!("CREATE TABLE {table} ({}) STRICT, WITHOUT ROWID;", parts.join(", "))
}

/// Removes the tables of a dataset, and its indexes with them.
pub(super) fn drop_dataset(dataset: &Dataset) -> String {
    let rollups = dataset.rollups.iter().map(|rollup| rollup_table(dataset, rollup));
    std::iter::once(dataset.name.clone())
        .chain(rollups)
        .map(|table| format!("DROP TABLE IF EXISTS {};", quote(&table)))
        .collect()
}

/// Names, quoted, with commas between.
pub(crate) fn listed(names: &[String]) -> String {
    names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ")
}

/// The query that a rollup's table always equals: what tests and people compare it with.
pub fn rollup_query(dataset: &Dataset, rollup: &Rollup) -> String {
    let groups: Vec<String> = rollup
        .by
        .iter()
        .filter_map(|name| dataset.column(name))
        .map(|c| format!("coalesce({}, {})", quote(&c.stored_as()), no_value(c)))
        .collect();
    let factors: Vec<String> =
        stored_names(dataset, &rollup.sum).iter().map(|name| quote(name)).collect();
    let total = match factors.is_empty() {
        true => String::new(),
        false => format!(", coalesce(sum({}), 0)", factors.join(" * ")),
    };
    let by = groups.join(", ");
    format!("SELECT {by}, count(*){total} FROM {} GROUP BY {by}", quote(&dataset.name))
}

/// The version of a file's tables; none if it has no tables.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT count(*) FROM sqlite_schema";
    if connection.query_row(sql, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(None);
    }
    let sql = "SELECT value FROM meta WHERE key = 'version'";
    connection.query_row(sql, [], |row| row.get(0)).map(Some)
}

/// Refuses tables that this program does not know.
pub(super) fn other_version(found: i64, path: &str) -> Failure {
    let (who, advice) = match found > VERSION {
        true => ("a newer", "use the newer program; this one has changed nothing"),
        false => ("an older", "`transship ingest` brings it up to date"),
    };
    Failure::new(FailureClass::Misconfigured, "opening the datasets", path)
        .said(format!(
            "it was written by {who} transship (tables of version {found}, this program knows \
             {VERSION})"
        ))
        .advice(advice)
}
