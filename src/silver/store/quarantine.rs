//! Rows that are set aside.

use rusqlite::{Connection, Statement, params};

use crate::silver::rows::BadRow;

/// Rows of a refused file that are listed.
const LISTED: usize = 10_000;

/// Bytes of them that are kept in memory until it is known whether the file is refused.
/// What does not fit is listed without its raw text.
const KEPT: usize = 8 << 20;

/// A bad row, and the dataset in which the row that it refers to is missing.
pub(super) struct SetAside {
    pub row: BadRow,
    pub missing: Option<String>,
}

/// What is set aside of one file.
pub(super) struct Quarantine<'c> {
    insert: Statement<'c>,
    file: i64,
    dataset: String,
    pub count: u64,
    /// Those that may be good later.
    pub unresolved: u64,
    listed: Vec<SetAside>,
    kept: usize,
}

impl<'c> Quarantine<'c> {
    pub(super) fn of(
        connection: &'c Connection,
        file: i64,
        dataset: &str,
    ) -> rusqlite::Result<Self> {
        let sql = "INSERT OR REPLACE INTO quarantine
            (file, line, dataset, column_name, reason, value, raw, missing)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        Ok(Self {
            insert: connection.prepare(sql)?,
            file,
            dataset: dataset.to_owned(),
            count: 0,
            unresolved: 0,
            listed: Vec::new(),
            kept: 0,
        })
    }

    /// Takes nothing of the file as set aside yet.
    pub(super) fn clear(connection: &Connection, file: i64) -> rusqlite::Result<()> {
        connection.prepare_cached("DELETE FROM quarantine WHERE file = ?")?.execute([file])?;
        Ok(())
    }

    /// Sets a row aside.
    pub(super) fn add(&mut self, mut bad: SetAside) -> rusqlite::Result<()> {
        self.write(&bad)?;
        self.count += 1;
        self.unresolved += u64::from(bad.missing.is_some());
        if self.listed.len() < LISTED {
            let size = bad.row.raw.len() + bad.row.value.as_ref().map_or(0, String::len);
            // Reasons and columns' names are ours, and short.
            if self.kept + size > KEPT {
                bad.row.raw = String::new();
                bad.row.value = None;
            } else {
                self.kept += size;
            }
            self.listed.push(bad);
        }
        Ok(())
    }

    /// The first of them, for a file that turns out to be refused.
    pub(super) fn into_listed(self) -> Vec<SetAside> {
        self.listed
    }

    /// Writes what is listed of a refused file.
    pub(super) fn list(
        connection: &'c Connection,
        file: i64,
        dataset: &str,
        listed: &[SetAside],
    ) -> rusqlite::Result<()> {
        let mut quarantine = Self::of(connection, file, dataset)?;
        listed.iter().try_for_each(|bad| quarantine.write(bad))
    }

    fn write(&mut self, bad: &SetAside) -> rusqlite::Result<()> {
        let SetAside { row, missing } = bad;
        self.insert.execute(params![
            self.file,
            i64::try_from(row.line).unwrap_or(i64::MAX),
            self.dataset,
            row.column,
            row.reason,
            row.value,
            row.raw,
            missing,
        ])?;
        Ok(())
    }
}
