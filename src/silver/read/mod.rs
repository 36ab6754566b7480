//! A landed file → rows, typed by the dataset's definition.
//!
//! ```text
//! bytes → unpacked, as UTF-8 (input) → records (csv, json) → cells (typing) → Chunk (row)
//! ```
//!
//! Files come from outside: whatever stands in them, memory stays bounded (a record has
//! at most [`MAX_RECORD`] bytes), no row is lost without a [`BadRow`](super::rows::BadRow),
//! and nothing is guessed: what does not fit its column is bad, never changed until it fits.
//!
//! What counts as a value:
//! - White space around it is taken off (`trim`); an empty text, JSON's `null` and the
//!   `nulls` of the column are no value; a `default` stands in for it.
//! - Whole numbers are digits with or without a sign: `2.0` is not one, nor is `1,234`.
//! - Decimals are written with a point; in JSON also with an exponent. They never go
//!   through a floating-point number. Places beyond the scale have to be zeros.
//! - JSON's numbers and booleans count as the texts that stand there, and its texts as
//!   texts: `"12"` and `12` are the same whole number. Objects and arrays are values of
//!   text columns alone, as compact JSON.
//! - Dates and times: see `typing::date` and `typing::timestamp`.

pub mod able;
mod csv;
pub mod infer;
mod input;
mod json;
mod ndjson;
mod row;
#[cfg(test)]
mod tests;
mod typing;
mod window;
mod wrong;

use std::io::Read;

use crate::model::{Dataset, Failure, Format};

use super::rows::{Chunk, Drift};
use input::Input;
use row::Plan;
use window::Window;

/// The longest record (a row of CSV, an object of JSON), in bytes. Longer ones are bad.
pub const MAX_RECORD: usize = 1 << 20;

/// A file that is read from front to back.
pub trait RowReader: Send {
    /// Empties `chunk` and fills it with the next rows, to about 4,096 of them or 1 MiB;
    /// `false` at the end, when it may still hold the last ones.
    ///
    /// # Errors
    /// The file as a whole cannot be read: it is cut short, or its structure is broken.
    /// What came before the break is in `chunk`.
    fn read(&mut self, chunk: &mut Chunk) -> Result<bool, Failure>;

    /// How file and definition differ; complete once everything has been read.
    fn drift(&self) -> &Drift;

    /// What the file calls its columns, as far as it has been read, those that the
    /// definition does not name too.
    fn names(&self) -> Vec<String>;
}

/// Begins to read `file`, one of `dataset`'s: a CSV file to the end of its header. Failures
/// do not know the file's name: see [`Failure::about`].
///
/// # Errors
/// The file cannot be read at all, its header does not fit, or the definition is wrong.
pub fn open(dataset: &Dataset, file: Box<dyn Read + Send>) -> Result<Box<dyn RowReader>, Failure> {
    open_by(dataset, file, window::STEP)
}

/// Like [`open`], with `step` bytes read at a time.
fn open_by(
    dataset: &Dataset,
    file: Box<dyn Read + Send>,
    step: usize,
) -> Result<Box<dyn RowReader>, Failure> {
    let plan = Plan::of(dataset)?;
    let encoding = match &dataset.format {
        Format::Csv(dialect) => &dialect.encoding,
        Format::Json | Format::Ndjson => "utf-8",
    };
    let window = Window::new(Input::open(file, encoding)?, step);
    Ok(match &dataset.format {
        Format::Csv(dialect) => Box::new(csv::CsvReader::open(window, dialect, plan)?),
        Format::Json => Box::new(json::ArrayReader::new(window, plan)),
        Format::Ndjson => Box::new(ndjson::LineReader::new(window, plan)),
    })
}
