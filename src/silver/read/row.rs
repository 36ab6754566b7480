//! Cells → a row of the chunk, or a bad row.

use std::borrow::Cow;

use crate::model::{Column, Dataset, Failure, Shown};
use crate::silver::rows::{BadRow, Cell, Chunk};

use super::typing::{Reason, Typing};
use super::wrong;

/// When a chunk is full: rows, and bytes of text.
const MAX_ROWS: usize = 4096;
const MAX_TEXT: usize = 1 << 20;

/// Names of either kind that [`Drift`](crate::silver::rows::Drift) holds at the most.
pub(super) const MAX_DRIFT: usize = 100;

/// A definition, made ready once.
pub(super) struct Plan {
    pub columns: Vec<Ready>,
}

/// A column, made ready.
pub(super) struct Ready {
    pub name: String,
    pub source: String,
    /// Its value is not in the file.
    pub carried: bool,
    typing: Typing,
    required: bool,
    trim: bool,
    nulls: Vec<String>,
    default: Option<Default>,
}

/// What stands in for no value: a cell, and its text if it is one.
struct Default {
    cell: Cell,
    text: String,
}

/// A value of JSON, by what it is there.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Given<'j> {
    Null,
    Text(Cow<'j, str>),
    Number(&'j str),
    Boolean(&'j str),
    /// An object or an array, as it stands there.
    Nested(&'j str),
}

impl Plan {
    pub fn of(dataset: &Dataset) -> Result<Self, Failure> {
        if dataset.columns.is_empty() {
            return Err(wrong::definition(format!("dataset {} has no columns", dataset.name)));
        }
        let columns = dataset.columns.iter().map(Ready::of).collect::<Result<_, _>>();
        columns.map(|columns| Self { columns }).map_err(|(name, why)| {
            wrong::definition(format!("column {name} of dataset {}: {why}", dataset.name))
        })
    }
}

impl Ready {
    fn of(column: &Column) -> Result<Self, (String, String)> {
        let wrong = |why: Reason| (column.name.clone(), why.into_owned());
        let typing = Typing::of(&column.kind).map_err(wrong)?;
        let default = column.default.as_deref().map(|default| {
            let mut text = String::new();
            let cell = typing.cell(default, &mut text)?;
            Ok(Default { cell, text })
        });
        Ok(Self {
            name: column.name.clone(),
            source: column.source.clone(),
            carried: column.carried.is_some(),
            typing,
            required: column.required,
            trim: column.trim,
            nulls: column.nulls.clone(),
            default: default
                .transpose()
                .map_err(|why: Reason| wrong(Cow::Owned(format!("its default is {why}"))))?,
        })
    }

    fn is_text(&self) -> bool {
        matches!(self.typing, Typing::Text { .. })
    }

    fn put(&self, value: &str, text: &mut String) -> Result<Cell, Reason> {
        let value = if self.trim { value.trim() } else { value };
        if value.is_empty() || self.nulls.iter().any(|null| null == value) {
            return self.nothing(text);
        }
        self.typing.cell(value, text)
    }

    /// The cell where there is no value.
    fn nothing(&self, text: &mut String) -> Result<Cell, Reason> {
        match &self.default {
            Some(Default { cell: Cell::Text { .. }, text: default }) => Ok(push(default, text)),
            Some(Default { cell, .. }) => Ok(*cell),
            None if self.required => Err(Cow::Borrowed("a value is required")),
            None => Ok(Cell::Null),
        }
    }

    fn put_given(&self, given: &Given, text: &mut String) -> Result<Cell, Reason> {
        match given {
            Given::Null => self.nothing(text),
            Given::Text(value) => self.put(value, text),
            Given::Boolean(value) => self.put(value, text),
            Given::Number(value) => match (&self.typing, value.contains(['e', 'E'])) {
                (Typing::Decimal(_), true) => match super::typing::number::plain(value) {
                    Some(plain) => self.put(&plain, text),
                    None => Err(Cow::Borrowed("too large")),
                },
                _ => self.put(value, text),
            },
            Given::Nested(json) if self.is_text() => self.put(&compact(json), text),
            Given::Nested(_) => Err(Cow::Borrowed("an object or array, not a single value")),
        }
    }
}

/// Appends `value` and gives its cell.
pub(super) fn push(value: &str, text: &mut String) -> Cell {
    // A chunk's text ends soon after its first MiB: offsets fit.
    let start = text.len() as u32;
    text.push_str(value);
    Cell::Text { start, end: text.len() as u32 }
}

/// Whether a chunk has enough rows.
pub(super) fn full(chunk: &Chunk) -> bool {
    // A bad row weighs what it may hold.
    chunk.len() + chunk.bad.len() >= MAX_ROWS
        || chunk.text.len() + chunk.bad.len() * 1024 >= MAX_TEXT
}

/// One row on its way into the chunk.
pub(super) struct RowBuilder<'c> {
    chunk: &'c mut Chunk,
    cells: usize,
    text: usize,
    /// The first column that is wrong: its name, why, and what stands there.
    wrong: Option<(String, Reason, Option<String>)>,
    /// How many more are.
    more: usize,
}

impl<'c> RowBuilder<'c> {
    pub fn begin(chunk: &'c mut Chunk) -> Self {
        let (cells, text) = (chunk.cells.len(), chunk.text.len());
        Self { chunk, cells, text, wrong: None, more: 0 }
    }

    /// The next column's cell of a text file.
    pub fn text(&mut self, column: &Ready, value: &str) {
        match column.put(value, &mut self.chunk.text) {
            Ok(cell) => self.chunk.cells.push(cell),
            Err(reason) => self.wrong(column, reason, Some(value)),
        }
    }

    /// The next column's value of a JSON object.
    pub fn given(&mut self, column: &Ready, given: &Given) {
        match column.put_given(given, &mut self.chunk.text) {
            Ok(cell) => self.chunk.cells.push(cell),
            Err(reason) => {
                let value = match given {
                    Given::Null => None,
                    Given::Text(value) => Some(value.as_ref()),
                    Given::Number(value) | Given::Boolean(value) | Given::Nested(value) => {
                        Some(*value)
                    }
                };
                self.wrong(column, reason, value);
            }
        }
    }

    /// The next column, which the file or the object does not have.
    pub fn missing(&mut self, column: &Ready) {
        if column.carried {
            self.chunk.cells.push(Cell::Null);
            return;
        }
        match column.nothing(&mut self.chunk.text) {
            Ok(cell) => self.chunk.cells.push(cell),
            Err(_) => {
                let reason = format!("a value is required, and there is no \"{}\"", column.source);
                self.wrong(column, Cow::Owned(reason), None);
            }
        }
    }

    pub fn wrong(&mut self, column: &Ready, reason: Reason, value: Option<&str>) {
        match self.wrong {
            None => {
                let value = value.map(|value| cut(value, 200).to_owned());
                self.wrong = Some((column.name.clone(), reason, value));
            }
            Some(_) => self.more += 1,
        }
    }

    /// A good row if nothing was wrong, else a bad one; `raw` tells how it came.
    pub fn finish(self, line: u64, raw: impl FnOnce() -> String) {
        let Some((column, reason, value)) = self.wrong else {
            self.chunk.lines.push(line);
            return;
        };
        self.chunk.cells.truncate(self.cells);
        self.chunk.text.truncate(self.text);
        let reason = match self.more {
            0 => reason.into_owned(),
            more => format!("{reason} (and {more} more)"),
        };
        self.chunk.bad.push(BadRow { line, column: Some(column), reason, value, raw: raw() });
    }
}

/// A name for the drift, bounded.
pub(super) fn drifting(name: &str) -> String {
    Shown::limited(name, 100).to_string()
}

/// A record as it came, to be shown: at most 4,000 characters.
pub(super) fn text_of(raw: &[u8]) -> String {
    const MAX: usize = 4000;
    let raw = &raw[..raw.len().min(MAX * 4)];
    cut(&String::from_utf8_lossy(raw), MAX).to_owned()
}

/// At most `limit` characters of `text`.
fn cut(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(at, _)| &text[..at])
}

/// Valid JSON without the white space between its parts.
fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut inside, mut escaped) = (false, false);
    for c in json.chars() {
        if !inside && matches!(c, ' ' | '\t' | '\n' | '\r') {
            continue;
        }
        if c == '"' && !escaped {
            inside = !inside;
        }
        escaped = inside && c == '\\' && !escaped;
        out.push(c);
    }
    out
}
