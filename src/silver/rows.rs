//! Rows as they come out of a file: typed, in chunks that are used again and again, so
//! that no cell costs an allocation.

/// One cell of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell {
    /// No value.
    Null,
    /// A whole number; also a boolean (0, 1) and a decimal (times 10^scale).
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// Bytes `start..end` of [`Chunk::text`]: also a date or timestamp in its kept form.
    Text {
        /// Where it begins.
        start: u32,
        /// Where it ends.
        end: u32,
    },
}

/// Rows that were read together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chunk {
    /// Cells in a row: one for each column of the definition, in its order. A carried
    /// column's is [`Cell::Null`] until the file is taken in.
    pub width: usize,
    /// The good rows' cells, row after row.
    pub cells: Vec<Cell>,
    /// Each good row's line. For a JSON array, which element it is, from 1.
    pub lines: Vec<u64>,
    /// What the text cells refer to.
    pub text: String,
    /// The bad rows, in order.
    pub bad: Vec<BadRow>,
}

impl Chunk {
    /// No rows of this width.
    pub fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    /// How many good rows there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is no good row.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The cells of good row `n`.
    pub fn row(&self, n: usize) -> &[Cell] {
        &self.cells[n * self.width..(n + 1) * self.width]
    }

    /// The text of a text cell; empty for any other.
    pub fn text_of(&self, cell: Cell) -> &str {
        match cell {
            Cell::Text { start, end } => &self.text[start as usize..end as usize],
            _ => "",
        }
    }

    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.cells.clear();
        self.lines.clear();
        self.text.clear();
        self.bad.clear();
    }
}

/// `units` × 10^-scale, written out: `-0.50`.
pub(super) fn spelled(units: i64, scale: u8) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = scale + 1);
    let (whole, places) = digits.split_at(digits.len() - scale);
    if places.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{places}") }
}

/// A row that is set aside, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// As in [`Chunk::lines`].
    pub line: u64,
    /// The column that is wrong; none if the row as a whole is.
    pub column: Option<String>,
    /// What is wrong, in words: `not a whole number`.
    pub reason: String,
    /// What stands there; at most 200 characters of it.
    pub value: Option<String>,
    /// The row as it came; at most 4,000 characters of it.
    pub raw: String,
}

/// What a file has that its definition does not, and the other way round.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Drift {
    /// Columns of the file that the definition does not name.
    pub unknown: Vec<String>,
    /// Columns of the definition that the file does not have.
    pub missing: Vec<String>,
}

impl Drift {
    /// Whether file and definition agree.
    pub fn is_none(&self) -> bool {
        self.unknown.is_empty() && self.missing.is_empty()
    }
}
