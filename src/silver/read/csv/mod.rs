//! CSV: RFC 4180 and its dialects.
//!
//! The records are cut here and not by a library, because those forgive what must not be
//! forgiven: a quote that is never closed takes everything up to the next quote into one
//! cell, and rows are lost without a word. Here a closing quote ends its cell, or the row
//! is bad and reading goes on in the line after the one in which the quote opened.

mod header;
mod records;

use crate::model::{Dialect, Failure};
use crate::silver::rows::{BadRow, Chunk, Drift};

use super::RowReader;
use super::row::{Plan, RowBuilder, full, text_of};
use super::window::Window;
use super::wrong;
pub(in crate::silver::read) use records::{Next, Records};

/// The rows of a CSV file.
pub(super) struct CsvReader {
    records: Records,
    plan: Plan,
    /// Which cell each column of the definition is in; none if the file has no such column.
    places: Vec<Option<usize>>,
    /// Cells of a row.
    width: usize,
    drift: Drift,
    names: Vec<String>,
    encoding: String,
}

impl CsvReader {
    /// Reads to the end of the header.
    pub fn open(mut window: Window, dialect: &Dialect, plan: Plan) -> Result<Self, Failure> {
        for _ in 0..dialect.skip_lines {
            window.skip_line()?;
        }
        let encoding = window.encoding();
        let first = 1 + u64::from(dialect.skip_lines);
        let mut records = Records::new(window, dialect, first);
        let header = if dialect.header {
            header::of_file(&mut records, &encoding, &plan)?
        } else {
            header::of_plan(&plan)
        };
        let header::Header { places, width, drift, names } = header;
        Ok(Self { records, plan, places, width, drift, names, encoding })
    }
}

impl RowReader for CsvReader {
    fn read(&mut self, chunk: &mut Chunk) -> Result<bool, Failure> {
        chunk.clear();
        chunk.width = self.plan.columns.len();
        while !full(chunk) {
            let record = match self.records.next()? {
                Next::Record(record) => record,
                Next::Wrong { line, reason, raw } => {
                    chunk.bad.push(bad(line, reason, raw));
                    continue;
                }
                Next::End => return Ok(false),
            };
            let Some(cells) = record.cells() else {
                let reason = format!("not valid {}", self.encoding);
                chunk.bad.push(bad(record.line, reason, record.raw));
                continue;
            };
            if cells.len() != self.width {
                let many = if cells.len() < self.width { "too few" } else { "too many" };
                let reason = format!("{many} cells: {} instead of {}", cells.len(), self.width);
                chunk.bad.push(bad(record.line, reason, record.raw));
                continue;
            }
            let mut row = RowBuilder::begin(chunk);
            for (column, place) in self.plan.columns.iter().zip(&self.places) {
                match place {
                    Some(place) => row.text(column, cells.get(*place)),
                    None => row.missing(column),
                }
            }
            row.finish(record.line, || text_of(record.raw));
        }
        Ok(true)
    }

    fn drift(&self) -> &Drift {
        &self.drift
    }

    fn names(&self) -> Vec<String> {
        self.names.clone()
    }
}

/// A row that is wrong as a whole.
fn bad(line: u64, reason: String, raw: &[u8]) -> BadRow {
    BadRow { line, column: None, reason, value: None, raw: text_of(raw) }
}

/// A header, or what is in its place, that cannot be read.
fn no_header(said: impl std::fmt::Display) -> Failure {
    wrong::content(said).advice("compare the file with the dataset's definition")
}
