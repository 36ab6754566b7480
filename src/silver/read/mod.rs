//! A file's rows, typed.

use std::io::{BufRead as _, BufReader, Read};

use super::rows::{BadRow, Cell, Chunk, Drift};
use crate::model::{ColumnKind, Dataset, Failure};

/// Hands a file's rows out in chunks.
pub trait RowReader: Send {
    /// Fills an empty chunk. `false`: this was the last one; it may still hold rows.
    fn read(&mut self, chunk: &mut Chunk) -> Result<bool, Failure>;

    /// What the columns are and should not be; complete once all is read.
    fn drift(&self) -> &Drift;
}

/// Opens a file of a dataset.
pub fn open(dataset: &Dataset, file: Box<dyn Read + Send>) -> Result<Box<dyn RowReader>, Failure> {
    Ok(Box::new(Plain {
        dataset: dataset.clone(),
        lines: BufReader::new(file),
        line: 0,
        drift: Drift::default(),
    }))
}

struct Plain {
    dataset: Dataset,
    lines: BufReader<Box<dyn Read + Send>>,
    line: u64,
    drift: Drift,
}

impl RowReader for Plain {
    fn read(&mut self, chunk: &mut Chunk) -> Result<bool, Failure> {
        chunk.width = self.dataset.columns.len();
        let mut line = String::new();
        while chunk.lines.len() < 4_096 {
            line.clear();
            let read = self.lines.read_line(&mut line);
            if read.map_err(|e| Failure::io("reading", "a file", &e))? == 0 {
                return Ok(false);
            }
            self.line += 1;
            if self.line == 1 {
                continue;
            }
            self.row(chunk, line.trim_end());
        }
        Ok(true)
    }

    fn drift(&self) -> &Drift {
        &self.drift
    }
}

impl Plain {
    fn row(&self, chunk: &mut Chunk, line: &str) {
        let (before, text) = (chunk.cells.len(), chunk.text.len());
        let mut values = line.split(',');
        for column in &self.dataset.columns {
            if column.carried.is_some() {
                chunk.cells.push(Cell::Null);
                continue;
            }
            let value = values.next().unwrap_or_default();
            let whole = value.replace('.', "").parse().ok().map(Cell::Integer);
            let cell = match &column.kind {
                _ if value.is_empty() && !column.required => Some(Cell::Null),
                _ if value.is_empty() => None,
                ColumnKind::Integer { .. } | ColumnKind::Decimal { .. } => whole,
                _ => {
                    let start = chunk.text.len() as u32;
                    chunk.text.push_str(value);
                    Some(Cell::Text { start, end: chunk.text.len() as u32 })
                }
            };
            let Some(cell) = cell else {
                chunk.cells.truncate(before);
                chunk.text.truncate(text);
                chunk.bad.push(BadRow {
                    line: self.line,
                    column: Some(column.name.clone()),
                    reason: "not a value".into(),
                    value: Some(value.into()),
                    raw: line.into(),
                });
                return;
            };
            chunk.cells.push(cell);
        }
        chunk.lines.push(self.line);
    }
}
