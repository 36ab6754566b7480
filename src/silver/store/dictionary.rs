//! Words that are kept once, and stand as numbers in the rows.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, Statement};

use crate::model::Dataset;
use crate::silver::rows::{Cell, Chunk};
use crate::silver::sql::quote;

/// Bytes of words that are remembered for one column, and what an entry costs beside its
/// word.
const REMEMBERED: usize = 8 << 20;
const ENTRY: usize = 48;

/// Longer words are looked up each time. Bytes.
const LONGEST: usize = 256;

/// A dictionary's table and its two columns: number and word.
pub(super) struct Names {
    pub table: String,
    pub id: String,
    pub word: String,
}

impl Names {
    /// As they are in the database: the dataset that comes first there named them.
    pub(super) fn find(connection: &Connection, table: &str) -> rusqlite::Result<Self> {
        let mut columns =
            connection.prepare("SELECT name FROM pragma_table_info(?) ORDER BY cid")?;
        let mut names = columns.query_map([table], |row| row.get::<_, String>(0))?;
        let mut next = || names.next().unwrap_or(Err(rusqlite::Error::QueryReturnedNoRows));
        Ok(Self { table: quote(table), id: quote(&next()?), word: quote(&next()?) })
    }
}

/// The dictionaries of a dataset's own columns. A carried column brings its number along.
pub(super) struct Dictionaries<'c>(Vec<Words<'c>>);

struct Words<'c> {
    column: usize,
    find: Statement<'c>,
    add: Statement<'c>,
    known: HashMap<Box<str>, i64>,
    /// Bytes that they take.
    remembered: usize,
}

impl<'c> Dictionaries<'c> {
    pub(super) fn of(connection: &'c Connection, dataset: &Dataset) -> rusqlite::Result<Self> {
        let mut all = Vec::new();
        for (column, definition) in dataset.columns.iter().enumerate() {
            let Some(table) = &definition.dictionary else { continue };
            if definition.carried.is_some() {
                continue;
            }
            let Names { table, id, word } = Names::find(connection, table)?;
            all.push(Words {
                column,
                find: connection.prepare(&format!("SELECT {id} FROM {table} WHERE {word} = ?"))?,
                add: connection.prepare(&format!("INSERT INTO {table} ({word}) VALUES (?)"))?,
                known: HashMap::new(),
                remembered: 0,
            });
        }
        Ok(Self(all))
    }

    /// Puts numbers in the words' place.
    pub(super) fn resolve(&mut self, chunk: &mut Chunk, keep: &[bool]) -> rusqlite::Result<()> {
        for words in &mut self.0 {
            for (row, _) in keep.iter().enumerate().filter(|(_, keep)| **keep) {
                let at = row * chunk.width + words.column;
                let number;
                let word = match chunk.cells[at] {
                    Cell::Null => continue,
                    Cell::Text { .. } => chunk.text_of(chunk.cells[at]),
                    Cell::Integer(n) => {
                        number = n.to_string();
                        &number
                    }
                    Cell::Real(n) => {
                        number = n.to_string();
                        &number
                    }
                };
                chunk.cells[at] = Cell::Integer(words.number(word)?);
            }
        }
        Ok(())
    }
}

impl Words<'_> {
    fn number(&mut self, word: &str) -> rusqlite::Result<i64> {
        if let Some(number) = self.known.get(word) {
            return Ok(*number);
        }
        let number = match self.find.query_row([word], |row| row.get(0)).optional()? {
            Some(number) => number,
            None => self.add.insert([word])?,
        };
        if word.len() <= LONGEST {
            self.remembered += ENTRY + word.len();
            if self.remembered > REMEMBERED {
                self.known.clear();
                self.remembered = 0;
            }
            self.known.insert(word.into(), number);
        }
        Ok(number)
    }
}
