//! Short lists for people: how the datasets stand, what landed, what was set aside.

use rusqlite::{OptionalExtension as _, Row, named_params};
use serde::Serialize;

use super::reader::{Reader, Session};
use crate::model::Failure;

/// How a dataset stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stand {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Rows of its files that are set aside.
    pub bad: u64,
    /// Files whose rows are in.
    pub files: u64,
    /// When the last of them was taken in: RFC 3339.
    pub last_ingested_at: Option<String>,
}

/// Which landed files are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LandedFilter {
    /// Of this endpoint.
    pub endpoint: Option<String>,
    /// Of this dataset.
    pub dataset: Option<String>,
    /// In this state.
    pub state: Option<String>,
    /// Only those with rows that are set aside.
    pub with_bad: bool,
    /// At the most.
    pub limit: Option<u32>,
}

/// A file that landed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LandedRow {
    /// Its number.
    pub id: i64,
    /// The ledger's export; none for a corrected copy.
    pub export: Option<i64>,
    /// The file that it corrects.
    pub corrects: Option<i64>,
    /// Where it came from.
    pub endpoint: String,
    /// Its path there.
    pub path: String,
    /// Its name there.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its bytes, relative to the data folder.
    pub bronze: String,
    /// When it landed: RFC 3339.
    pub landed_at: String,
    /// The dataset that it belongs to.
    pub dataset: Option<String>,
    /// What became of it.
    pub state: String,
    /// Rows that went in.
    pub rows_good: u64,
    /// Rows that are set aside.
    pub rows_bad: u64,
    /// What it has that its definition does not, and the other way round: JSON.
    pub drift: Option<String>,
    /// Why it was refused.
    pub error: Option<String>,
    /// When it was taken in: RFC 3339.
    pub ingested_at: Option<String>,
}

/// A row that is set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QuarantineRow {
    /// The number of its file.
    pub file: i64,
    /// Its line.
    pub line: u64,
    /// The dataset that it was meant for.
    pub dataset: String,
    /// The column that is wrong.
    pub column: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// What stands there.
    pub value: Option<String>,
    /// The row as it came.
    pub raw: String,
}

impl Session {
    /// How a dataset stands; all zero where nothing of it was ever taken in.
    pub fn stand(&self, name: &str) -> rusqlite::Result<Stand> {
        let counts = self
            .connection()
            .prepare_cached("SELECT row_count, bad_count FROM datasets WHERE name = ?1")?
            .query_row([name], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
            .optional()?;
        let (files, last_ingested_at) = self
            .connection()
            .prepare_cached(
                "SELECT count(*), max(ingested_at) FROM landed
                 WHERE dataset = ?1 AND state = 'ingested'",
            )?
            .query_row([name], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))?;
        let (rows, bad) = counts.unwrap_or_default();
        Ok(Stand {
            name: name.to_owned(),
            rows: rows as u64,
            bad: bad as u64,
            files: files as u64,
            last_ingested_at,
        })
    }
}

impl Reader {
    /// How every dataset stands that was ever configured, in the order of their names.
    pub fn datasets(&self) -> Result<Vec<Stand>, Failure> {
        let read = self.read(
            "listing datasets",
            || true,
            |session| {
                let mut statement = session
                    .connection()
                    .prepare_cached("SELECT name FROM datasets ORDER BY name")?;
                let names: Vec<String> =
                    statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
                names.iter().map(|name| session.stand(name)).collect::<rusqlite::Result<Vec<_>>>()
            },
        );
        Ok(read?.unwrap_or_default())
    }

    /// The files that landed, newest first.
    pub fn landed(&self, filter: &LandedFilter) -> Result<Vec<LandedRow>, Failure> {
        let read = self.read(
            "listing files that landed",
            || true,
            |session| {
                session
                    .connection()
                    .prepare_cached(
                        "SELECT * FROM landed
                     WHERE (:endpoint IS NULL OR endpoint = :endpoint)
                       AND (:dataset IS NULL OR dataset = :dataset)
                       AND (:state IS NULL OR state = :state)
                       AND (NOT :with_bad OR rows_bad > 0)
                     ORDER BY id DESC LIMIT :limit",
                    )?
                    .query_map(
                        named_params! {
                            ":endpoint": filter.endpoint, ":dataset": filter.dataset,
                            ":state": filter.state, ":with_bad": filter.with_bad,
                            ":limit": limit(filter.limit),
                        },
                        landed_row,
                    )?
                    .collect::<rusqlite::Result<Vec<_>>>()
            },
        );
        Ok(read?.unwrap_or_default())
    }

    /// The rows of a file that are set aside, in their order.
    pub fn quarantine(&self, file: i64, most: Option<u32>) -> Result<Vec<QuarantineRow>, Failure> {
        let read = self.read(
            "listing rows that are set aside",
            || true,
            |session| {
                session
                    .connection()
                    .prepare_cached(
                        "SELECT * FROM quarantine WHERE file = ?1 ORDER BY line LIMIT ?2",
                    )?
                    .query_map((file, limit(most)), quarantine_row)?
                    .collect::<rusqlite::Result<Vec<_>>>()
            },
        );
        Ok(read?.unwrap_or_default())
    }
}

/// SQLite takes a negative limit as none.
fn limit(most: Option<u32>) -> i64 {
    most.map_or(-1, i64::from)
}

fn count(row: &Row<'_>, name: &str) -> rusqlite::Result<u64> {
    row.get::<_, i64>(name).map(|n| n as u64)
}

fn landed_row(row: &Row<'_>) -> rusqlite::Result<LandedRow> {
    Ok(LandedRow {
        id: row.get("id")?,
        export: row.get("export")?,
        corrects: row.get("corrects")?,
        endpoint: row.get("endpoint")?,
        path: row.get("path")?,
        name: row.get("name")?,
        sha256: row.get("sha256")?,
        size: count(row, "size")?,
        bronze: row.get("bronze")?,
        landed_at: row.get("landed_at")?,
        dataset: row.get("dataset")?,
        state: row.get("state")?,
        rows_good: count(row, "rows_good")?,
        rows_bad: count(row, "rows_bad")?,
        drift: row.get("drift")?,
        error: row.get("error")?,
        ingested_at: row.get("ingested_at")?,
    })
}

fn quarantine_row(row: &Row<'_>) -> rusqlite::Result<QuarantineRow> {
    Ok(QuarantineRow {
        file: row.get("file")?,
        line: count(row, "line")?,
        dataset: row.get("dataset")?,
        column: row.get("column_name")?,
        reason: row.get("reason")?,
        value: row.get("value")?,
        raw: row.get("raw")?,
    })
}
