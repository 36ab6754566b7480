//! Indexes beside the key, made after a first load.
//!
//! Sorting all entries at once and writing them in order costs half of what keeping the
//! index does while rows come in. So while a table is empty, its indexes are taken away,
//! and made again in the same transaction: nobody else ever sees the table without them.

use rusqlite::Connection;

use crate::model::Dataset;
use crate::silver::sql::{make_indexes, quote};

/// Indexes that are to be made once the rows are in, as SQL.
pub(super) struct Indexes(Vec<String>);

impl Indexes {
    /// Takes the indexes of a table away if no row is in it.
    pub(super) fn put_off(connection: &Connection, dataset: &Dataset) -> rusqlite::Result<Self> {
        let any = format!("SELECT EXISTS (SELECT 1 FROM {})", quote(&dataset.name));
        if connection.query_row(&any, [], |row| row.get(0))? {
            return Ok(Self(Vec::new()));
        }
        // The key's own index has no SQL, and stays.
        let indexes: Vec<(String, String)> = connection
            .prepare(
                "SELECT name, sql FROM sqlite_schema
                 WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
            )?
            .query_map([&dataset.name], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (name, _) in &indexes {
            connection.execute_batch(&format!("DROP INDEX {}", quote(name)))?;
        }
        Ok(Self(indexes.into_iter().map(|(_, sql)| sql).collect()))
    }

    /// Makes them.
    pub(super) fn make(self, connection: &Connection) -> rusqlite::Result<()> {
        match self.0.is_empty() {
            true => Ok(()),
            false => make_indexes(connection, &self.0),
        }
    }
}
