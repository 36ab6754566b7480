//! Rows that refer to rows of other datasets, and what they carry over from there.

use std::collections::HashMap;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row, Statement};
use serde_json::Value;

use super::dictionary::Names;
use super::quarantine::{Quarantine, SetAside};
use super::table::value;
use super::trouble::Trouble;
use crate::model::{Column, ColumnKind, Dataset, Failure, FailureClass};
use crate::silver::Feeds;
use crate::silver::rows::{BadRow, Cell, Chunk, spelled};
use crate::silver::sql::quote;

/// Bytes of referenced rows that are remembered for one column, and what an entry costs
/// beside its texts.
const REMEMBERED: usize = 8 << 20;
const ENTRY: usize = 96;

/// Bytes that the rows of a chunk carry over at the most.
const CARRIED: usize = 32 << 20;

/// Longer keys and values are looked up each time. Bytes.
const LONGEST: usize = 256;

/// Characters of a row, and of a value, that are kept of a bad one.
const RAW: usize = 4_000;
const VALUE: usize = 200;

/// The references of a dataset.
pub(super) struct References<'c> {
    each: Vec<Reference<'c>>,
    /// Columns that must have a value, and that nobody looked at when the file was read:
    /// carried ones, which get theirs here, and those of the key.
    required: Vec<usize>,
    /// Each column's name, and its places after the point if it is a decimal.
    names: Vec<(String, u8)>,
}

struct Reference<'c> {
    column: usize,
    /// The dataset that it refers to.
    to: String,
    /// It refers to its own dataset, which grows meanwhile.
    to_itself: bool,
    find: Statement<'c>,
    /// Where the carried values go.
    carried: Vec<usize>,
    texts: HashMap<Box<str>, Found>,
    numbers: HashMap<i64, Found>,
    /// Bytes that the two take.
    remembered: usize,
}

/// The carried values of a row that is there; none: it is not.
type Found = Option<Box<[Carried]>>;

#[derive(Clone)]
enum Carried {
    Cell(Cell),
    Text(Box<str>),
}

impl<'c> References<'c> {
    pub(super) fn of(
        connection: &'c Connection,
        feeds: &Feeds,
        dataset: &Dataset,
    ) -> Result<Self, Failure> {
        let mut each = Vec::new();
        for (column, definition) in dataset.columns.iter().enumerate() {
            let Some(name) = &definition.references else { continue };
            let wrong = |what: &str| {
                let object = format!("{}.{}", dataset.name, definition.name);
                Failure::new(FailureClass::Misconfigured, "following the column", object).said(what)
            };
            let to = feeds.dataset(name).ok_or_else(|| wrong("there is no such dataset"))?;
            let [key] = to.key.as_slice() else {
                return Err(wrong("the dataset that it references has no key of one column"));
            };
            let key = to.column(key).ok_or_else(|| wrong("the key has no such column"))?;
            let mut carried = Vec::new();
            let mut select = vec!["1".to_owned()];
            for (at, column) in dataset.columns.iter().enumerate() {
                let Some(from) = &column.carried else { continue };
                if from.via == definition.name {
                    let from = to.column(&from.column);
                    let from = from.ok_or_else(|| wrong("there is no column to carry over"))?;
                    carried.push(at);
                    select.push(quote(&from.stored_as()));
                }
            }
            let sql = |e: rusqlite::Error| wrong(&e.to_string());
            let find = format!(
                "SELECT {} FROM {} WHERE {} = {}",
                select.join(", "),
                quote(&to.name),
                quote(&key.stored_as()),
                key_value(connection, key).map_err(sql)?,
            );
            each.push(Reference {
                column,
                to: to.name.clone(),
                to_itself: to.name == dataset.name,
                find: connection.prepare(&find).map_err(sql)?,
                carried,
                texts: HashMap::new(),
                numbers: HashMap::new(),
                remembered: 0,
            });
        }
        let needs = |(_, column): &(usize, &Column)| match column.required {
            true => column.carried.is_some(),
            false => dataset.key.contains(&column.name),
        };
        Ok(Self {
            each,
            required: dataset.columns.iter().enumerate().filter(needs).map(|(at, _)| at).collect(),
            names: dataset.columns.iter().map(|c| (c.name.clone(), places(c))).collect(),
        })
    }

    /// Fills in carried values, and sets aside rows that refer to nothing: `keep` tells
    /// which stay.
    pub(super) fn resolve(
        &mut self,
        chunk: &mut Chunk,
        keep: &mut [bool],
        quarantine: &mut Quarantine<'_>,
    ) -> Result<(), Trouble> {
        let most = chunk.text.len() + CARRIED;
        for reference in &mut self.each {
            for (row, keep) in keep.iter_mut().enumerate().filter(|(_, keep)| **keep) {
                *keep = reference.carry(chunk, row)?;
                if chunk.text.len() > most {
                    let why = "its rows carry over more text than there is room for";
                    return Err(Trouble::File(why.into()));
                }
                if !*keep {
                    let reason = format!("there is no such row in {}", reference.to);
                    let mut bad = set_aside(chunk, row, reference.column, &self.names, reason);
                    bad.missing = Some(reference.to.clone());
                    quarantine.add(bad)?;
                }
            }
        }
        for column in &self.required {
            for (row, keep) in keep.iter_mut().enumerate().filter(|(_, keep)| **keep) {
                if chunk.row(row)[*column] == Cell::Null {
                    *keep = false;
                    let reason = "it has no value".into();
                    quarantine.add(set_aside(chunk, row, *column, &self.names, reason))?;
                }
            }
        }
        Ok(())
    }
}

/// How a key is looked up: a dictionary's word by its number.
fn key_value(connection: &Connection, key: &Column) -> rusqlite::Result<String> {
    let Some(dictionary) = &key.dictionary else { return Ok("?".into()) };
    let Names { table, id, word } = Names::find(connection, dictionary)?;
    Ok(format!("(SELECT {id} FROM {table} WHERE {word} = ?)"))
}

impl Reference<'_> {
    /// Whether the row that row `n` refers to is there; its values are carried over.
    fn carry(&mut self, chunk: &mut Chunk, n: usize) -> rusqlite::Result<bool> {
        let start = n * chunk.width;
        let cell = chunk.cells[start + self.column];
        if cell == Cell::Null {
            return Ok(true);
        }
        let known = match cell {
            Cell::Integer(number) => self.numbers.get(&number),
            _ => self.texts.get(chunk.text_of(cell)),
        };
        if let Some(found) = known {
            return Ok(put(chunk, start, &self.carried, found));
        }
        let carried = self.carried.len();
        let read = |row: &Row<'_>| (1..=carried).map(|at| Carried::of(row.get_ref(at)?)).collect();
        let found: Found = self.find.query_row([value(chunk, cell)], read).optional()?;
        let is_there = put(chunk, start, &self.carried, &found);
        if !self.to_itself && found.iter().flatten().all(|carried| carried.len() <= LONGEST) {
            self.remember(chunk.text_of(cell), cell, found);
        }
        Ok(is_there)
    }

    fn remember(&mut self, text: &str, cell: Cell, found: Found) {
        let carried = found.iter().flatten().map(Carried::len).sum::<usize>();
        self.remembered += ENTRY + text.len() + carried;
        if self.remembered > REMEMBERED {
            self.numbers.clear();
            self.texts.clear();
            self.remembered = 0;
        }
        match cell {
            Cell::Integer(number) => {
                self.numbers.insert(number, found);
            }
            Cell::Text { .. } if text.len() <= LONGEST => {
                self.texts.insert(text.into(), found);
            }
            _ => {}
        }
    }
}

impl Carried {
    fn of(value: ValueRef<'_>) -> rusqlite::Result<Self> {
        Ok(match value {
            ValueRef::Null => Self::Cell(Cell::Null),
            ValueRef::Integer(n) => Self::Cell(Cell::Integer(n)),
            ValueRef::Real(n) => Self::Cell(Cell::Real(n)),
            ValueRef::Text(_) | ValueRef::Blob(_) => Self::Text(value.as_str()?.into()),
        })
    }

    fn len(&self) -> usize {
        match self {
            Self::Cell(_) => 0,
            Self::Text(text) => text.len(),
        }
    }
}

fn put(chunk: &mut Chunk, start: usize, columns: &[usize], found: &Found) -> bool {
    let Some(values) = found else { return false };
    for (column, carried) in columns.iter().zip(values) {
        chunk.cells[start + column] = match carried {
            Carried::Cell(cell) => *cell,
            Carried::Text(text) => {
                let begun = chunk.text.len();
                chunk.text.push_str(text);
                // A chunk holds a few megabytes at the most.
                Cell::Text { start: begun as u32, end: chunk.text.len() as u32 }
            }
        };
    }
    true
}

fn places(column: &Column) -> u8 {
    match column.kind {
        ColumnKind::Decimal { scale, .. } => scale,
        _ => 0,
    }
}

/// A row that was read well and is bad all the same. Its raw text is gone: what stands
/// for it are its values, as JSON.
fn set_aside(
    chunk: &Chunk,
    row: usize,
    column: usize,
    names: &[(String, u8)],
    reason: String,
) -> SetAside {
    let json = |cell: Cell| match cell {
        Cell::Null => Value::Null,
        Cell::Integer(n) => n.into(),
        Cell::Real(n) => n.into(),
        Cell::Text { .. } => chunk.text_of(cell).into(),
    };
    let cells = chunk.row(row);
    let member = |((name, places), cell): (&(String, u8), &Cell)| {
        let value = match cell {
            Cell::Integer(units) if *places > 0 => spelled(*units, *places),
            other => json(*other).to_string(),
        };
        format!("{}:{value}", Value::from(name.as_str()))
    };
    let members: Vec<String> = names.iter().zip(cells).map(member).collect();
    let raw = format!("{{{}}}", members.join(","));
    let value = match json(cells[column]) {
        Value::Null => None,
        Value::String(text) => Some(text.chars().take(VALUE).collect()),
        other => Some(other.to_string()),
    };
    SetAside {
        row: BadRow {
            line: chunk.lines[row],
            column: names.get(column).map(|(name, _)| name.clone()),
            reason,
            value,
            raw: raw.chars().take(RAW).collect(),
        },
        missing: None,
    }
}
