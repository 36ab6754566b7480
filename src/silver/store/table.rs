//! A dataset's table: rows in, one after the other.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Statement};

use super::external_sort::ExternalSort;
use super::rollups::Rollups;
use super::trouble::Trouble;
use crate::model::Dataset;
use crate::silver::rows::{Cell, Chunk};
use crate::silver::schema;
use crate::silver::sql::quote;

/// Chunks that do not come after the one before them until a file's rows are sorted as a
/// whole.
const UNORDERED: usize = 8;

/// Where the rows of one file go.
pub(super) struct Table<'c> {
    insert: Statement<'c>,
    keyed: Option<Keyed<'c>>,
    file: i64,
    pub rollups: Rollups<'c>,
    /// Rows that are new in the table.
    pub news: u64,
    order: Vec<u32>,
}

/// What a table with a key needs besides.
struct Keyed<'c> {
    /// The key's columns, by their place in the definition.
    key: Vec<usize>,
    others: Vec<usize>,
    /// The file of the row that has the key, and what the rollups need of it.
    find: Statement<'c>,
    needs: Vec<usize>,
    replace: Statement<'c>,
    rank_of: Statement<'c>,
    rank: String,
    /// Whether these files' rows stay before this one's.
    higher: HashMap<i64, bool>,
    /// The key of the last row that went in, and how many chunks began before it.
    last: Vec<Value>,
    unordered: usize,
    /// Where the rows go once there were many such chunks, and its folder.
    sort: Option<ExternalSort>,
    folder: PathBuf,
}

impl<'c> Table<'c> {
    pub(super) fn of(
        connection: &'c Connection,
        dataset: &Dataset,
        file: i64,
        rank: &str,
    ) -> rusqlite::Result<Self> {
        let columns: Vec<String> = dataset.columns.iter().map(|c| quote(&c.stored_as())).collect();
        let keyed = !dataset.key.is_empty();
        let names = match keyed {
            true => format!("{}, file, line", columns.join(", ")),
            false => format!("{}, {}", columns.join(", "), quote(&dataset.row_id())),
        };
        let marks = vec!["?"; columns.len() + if keyed { 2 } else { 1 }].join(", ");
        // Only another row of the same key is passed over, never a value that is missing.
        let conflict = if keyed { " ON CONFLICT DO NOTHING" } else { "" };
        let table = quote(&dataset.name);
        let insert = format!("INSERT INTO {table} ({names}) VALUES ({marks}){conflict}");
        let rollups = Rollups::of(connection, dataset)?;
        let keyed = match keyed {
            true => Some(Keyed::of(connection, dataset, &columns, &rollups, rank)?),
            false => None,
        };
        let insert = connection.prepare(&insert)?;
        Ok(Self { insert, keyed, file, rollups, news: 0, order: Vec::new() })
    }

    /// Puts the rows of a chunk in, without those that are not to be kept.
    pub(super) fn put(&mut self, chunk: &Chunk, keep: &[bool]) -> Result<(), Trouble> {
        self.order.clear();
        self.order.extend((0..chunk.len() as u32).filter(|n| keep[*n as usize]));
        if let Some(keyed) = &mut self.keyed {
            if let Some(sort) = &mut keyed.sort {
                return self.order.iter().try_for_each(|n| sort.add(chunk, *n as usize));
            }
            // Neighbours in the table are written together; equal keys stay in the order
            // of their lines, so that the last one wins.
            let by_key = |a: &u32, b: &u32| keyed.compare(chunk, *a as usize, *b as usize);
            if !self.order.is_sorted_by(|a, b| by_key(a, b) != Ordering::Greater) {
                self.order.sort_by(by_key);
            }
            if let (Some(first), Some(last)) = (self.order.first(), self.order.last()) {
                keyed.look_at_order(chunk, *first as usize, *last as usize);
            }
        }
        let order = std::mem::take(&mut self.order);
        let result = order.iter().try_for_each(|n| self.put_row(chunk, *n as usize));
        self.order = order;
        if let Some(keyed) = &mut self.keyed
            && keyed.unordered == UNORDERED
            && result.is_ok()
        {
            keyed.sort = Some(ExternalSort::of(&keyed.folder, &keyed.key, chunk.width)?);
        }
        result
    }

    /// Puts in what waited, and writes the rollups; `go_on` is asked now and then.
    pub(super) fn finish(
        &mut self,
        go_on: impl Fn() -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        if let Some(sort) = self.keyed.as_mut().and_then(|keyed| keyed.sort.take()) {
            sort.drain(|chunk| {
                go_on()?;
                (0..chunk.len()).try_for_each(|n| self.put_row(chunk, n))
            })?;
        }
        self.rollups.flush()
    }

    fn put_row(&mut self, chunk: &Chunk, n: usize) -> Result<(), Trouble> {
        let row = chunk.row(n);
        let line = i64::try_from(chunk.lines[n]).unwrap_or(i64::MAX);
        for (at, cell) in row.iter().enumerate() {
            self.insert.raw_bind_parameter(at + 1, value(chunk, *cell))?;
        }
        match &self.keyed {
            None => {
                if line >= schema::LINES {
                    return Err(Trouble::File("it has a line beyond 999,999,999".into()));
                }
                let id = self.file.saturating_mul(schema::LINES).saturating_add(line);
                self.insert.raw_bind_parameter(row.len() + 1, id)?;
            }
            Some(_) => {
                self.insert.raw_bind_parameter(row.len() + 1, self.file)?;
                self.insert.raw_bind_parameter(row.len() + 2, line)?;
            }
        }
        let inserted = self.insert.raw_execute()? > 0;
        if inserted {
            self.news += 1;
        } else if let Some(keyed) = &mut self.keyed
            && !keyed.replace(chunk, n, (self.file, line), &mut self.rollups)?
        {
            return Ok(());
        }
        if self.rollups.is_empty() {
            return Ok(());
        }
        self.rollups.add(1, |at| borrowed(chunk, row[at]))
    }
}

impl<'c> Keyed<'c> {
    fn of(
        connection: &'c Connection,
        dataset: &Dataset,
        columns: &[String],
        rollups: &Rollups<'_>,
        rank: &str,
    ) -> rusqlite::Result<Self> {
        let place = |name: &String| dataset.columns.iter().position(|c| c.name == *name);
        let key: Vec<usize> = dataset.key.iter().filter_map(place).collect();
        let others: Vec<usize> = (0..columns.len()).filter(|at| !key.contains(at)).collect();
        let equal = |at: &usize| format!("{} = ?", columns[*at]);
        let fits = key.iter().map(equal).collect::<Vec<_>>().join(" AND ");
        let needs = rollups.needs();
        let select = needs.iter().map(|at| format!(", {}", columns[*at])).collect::<String>();
        let set = others.iter().map(|at| equal(at) + ", ").collect::<String>();
        let table = quote(&dataset.name);
        Ok(Self {
            find: connection.prepare(&format!("SELECT file{select} FROM {table} WHERE {fits}"))?,
            replace: connection
                .prepare(&format!("UPDATE {table} SET {set}file = ?, line = ? WHERE {fits}"))?,
            rank_of: connection.prepare("SELECT rank > ? FROM landed WHERE id = ?")?,
            key,
            others,
            needs,
            rank: rank.to_owned(),
            higher: HashMap::new(),
            last: Vec::new(),
            unordered: 0,
            sort: None,
            folder: folder_of(connection),
        })
    }

    /// Counts chunks that begin before the one before them ended.
    fn look_at_order(&mut self, chunk: &Chunk, first: usize, last: usize) {
        let row = chunk.row(first);
        let before = self.key.iter().zip(&self.last).map(|(at, last)| match (row[*at], last) {
            (Cell::Integer(a), Value::Integer(b)) => a.cmp(b),
            (Cell::Real(a), Value::Real(b)) => a.total_cmp(b),
            (cell, Value::Text(text)) => chunk.text_of(cell).cmp(text),
            _ => Ordering::Equal,
        });
        if before.fold(Ordering::Equal, Ordering::then) == Ordering::Less {
            self.unordered += 1;
        }
        let row = chunk.row(last);
        self.last.clear();
        self.last.extend(self.key.iter().map(|at| match row[*at] {
            Cell::Null => Value::Null,
            Cell::Integer(n) => Value::Integer(n),
            Cell::Real(n) => Value::Real(n),
            text => Value::Text(chunk.text_of(text).to_owned()),
        }));
    }

    fn compare(&self, chunk: &Chunk, a: usize, b: usize) -> Ordering {
        let (a, b) = (chunk.row(a), chunk.row(b));
        let compared = self.key.iter().map(|at| match (a[*at], b[*at]) {
            (Cell::Integer(a), Cell::Integer(b)) => a.cmp(&b),
            (Cell::Real(a), Cell::Real(b)) => a.total_cmp(&b),
            (a, b) => chunk.text_of(a).cmp(chunk.text_of(b)),
        });
        compared.fold(Ordering::Equal, Ordering::then)
    }

    /// Puts row `n` in the place of the one that has its key; not if a higher file's row
    /// is there.
    fn replace(
        &mut self,
        chunk: &Chunk,
        n: usize,
        (file, line): (i64, i64),
        rollups: &mut Rollups<'_>,
    ) -> Result<bool, Trouble> {
        let row = chunk.row(n);
        for (at, column) in self.key.iter().enumerate() {
            self.find.raw_bind_parameter(at + 1, value(chunk, row[*column]))?;
        }
        let mut found = self.find.raw_query();
        let before = found.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let theirs: i64 = before.get(0)?;
        let higher = match self.higher.get(&theirs) {
            Some(higher) => *higher,
            None => {
                let higher = self.rank_of.query_row((&self.rank, theirs), |row| row.get(0))?;
                self.higher.insert(theirs, higher);
                higher
            }
        };
        if higher {
            return Ok(false);
        }
        if !self.needs.is_empty() {
            let mut values = vec![ValueRef::Null; row.len()];
            for (at, column) in self.needs.iter().enumerate() {
                values[*column] = before.get_ref(at + 1)?;
            }
            rollups.add(-1, |at| values[at])?;
        }
        drop(found);
        let bound = self.others.iter().map(|at| value(chunk, row[*at]));
        let bound = bound.chain([ToSqlOutput::from(file), ToSqlOutput::from(line)]);
        let bound = bound.chain(self.key.iter().map(|at| value(chunk, row[*at])));
        for (at, value) in bound.enumerate() {
            self.replace.raw_bind_parameter(at + 1, value)?;
        }
        self.replace.raw_execute()?;
        Ok(true)
    }
}

/// The folder that the database lies in.
fn folder_of(connection: &Connection) -> PathBuf {
    let folder = connection.path().and_then(|path| Path::new(path).parent());
    folder.map(Path::to_path_buf).unwrap_or_default()
}

/// A cell as SQLite takes it.
pub(super) fn value(chunk: &Chunk, cell: Cell) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(borrowed(chunk, cell))
}

fn borrowed(chunk: &Chunk, cell: Cell) -> ValueRef<'_> {
    match cell {
        Cell::Null => ValueRef::Null,
        Cell::Integer(n) => ValueRef::Integer(n),
        Cell::Real(n) => ValueRef::Real(n),
        Cell::Text { start, end } => {
            ValueRef::Text(&chunk.text.as_bytes()[start as usize..end as usize])
        }
    }
}
