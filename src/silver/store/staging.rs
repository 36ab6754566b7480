//! Rows whose keys come in no order wait here, and go into their table sorted: each of its
//! pages is then written once, not once for every row on it, which is many times faster.
//!
//! They lie in a temporary table on the disk, and SQLite sorts them there, so that memory
//! stays bounded.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement};

use crate::silver::rows::{Cell, Chunk};

use super::table::value;

/// Rows that are read back at a time.
const ROWS: usize = 4_096;

/// Rows that wait to be sorted.
pub(super) struct Staging<'c> {
    connection: &'c Connection,
    insert: Statement<'c>,
    width: usize,
}

impl<'c> Staging<'c> {
    /// Makes the table for rows of this width. It is gone with the transaction if that is
    /// taken back.
    pub(super) fn of(connection: &'c Connection, width: usize) -> rusqlite::Result<Self> {
        let columns = (0..width).map(|at| format!("c{at}, ")).collect::<String>();
        connection.execute_batch(&format!("CREATE TEMP TABLE staged ({columns}line)"))?;
        let marks = vec!["?"; width + 1].join(", ");
        let insert = connection.prepare(&format!("INSERT INTO temp.staged VALUES ({marks})"))?;
        Ok(Self { connection, insert, width })
    }

    pub(super) fn add(&mut self, chunk: &Chunk, n: usize) -> rusqlite::Result<()> {
        let cells = chunk.row(n).iter().map(|cell| value(chunk, *cell));
        let line = ToSqlOutput::from(chunk.lines[n] as i64);
        for (at, value) in cells.chain([line]).enumerate() {
            self.insert.raw_bind_parameter(at + 1, value)?;
        }
        self.insert.raw_execute()?;
        Ok(())
    }

    /// Hands the rows out by key and line, in chunks, and removes the table.
    pub(super) fn drain<E: From<rusqlite::Error>>(
        self,
        key: &[usize],
        mut put: impl FnMut(&Chunk) -> Result<(), E>,
    ) -> Result<(), E> {
        let Self { connection, insert, width } = self;
        drop(insert);
        let by = key.iter().map(|at| format!("c{at}, ")).collect::<String>();
        {
            let sql = format!("SELECT * FROM temp.staged ORDER BY {by}line");
            let mut select = connection.prepare(&sql)?;
            let mut rows = select.query([])?;
            let mut chunk = Chunk::new(width);
            while let Some(row) = rows.next()? {
                for at in 0..width {
                    let cell = match row.get_ref(at)? {
                        ValueRef::Integer(n) => Cell::Integer(n),
                        ValueRef::Real(n) => Cell::Real(n),
                        ValueRef::Null => Cell::Null,
                        text => {
                            let start = chunk.text.len() as u32;
                            chunk.text.push_str(text.as_str().map_err(rusqlite::Error::from)?);
                            Cell::Text { start, end: chunk.text.len() as u32 }
                        }
                    };
                    chunk.cells.push(cell);
                }
                chunk.lines.push(row.get::<_, i64>(width)? as u64);
                if chunk.len() == ROWS || chunk.text.len() > 1 << 20 {
                    put(&chunk)?;
                    chunk.clear();
                }
            }
            put(&chunk)?;
        }
        connection.execute_batch("DROP TABLE temp.staged")?;
        Ok(())
    }
}
