//! A file without a definition → a definition for the operator to approve.
//!
//! Only the first MiB is looked at, so it is a proposal and never used by itself. Where two
//! readings fit (`03/04/2026`), none is taken: the column stays text.

mod guess;
mod names;
mod yaml;

use std::collections::HashSet;
use std::io::{Cursor, Read};

use crate::model::{Column, Dataset, Dialect, Failure, Format};
use crate::silver::rows::Chunk;

use super::csv::{Next, Records};
use super::input::{Input, unpacked};
use super::window::{STEP, Window};
use super::{MAX_RECORD, open, wrong};
pub use yaml::to_yaml;

/// Bytes that are looked at.
const HEAD: usize = MAX_RECORD;

/// Rows that are looked at, and columns that are proposed.
const MAX_ROWS: usize = 10_000;
const MAX_COLUMNS: usize = 500;

/// Bad rows beyond which a file is refused, in percent, as the configuration has it.
const MAX_BAD_PERCENT: u8 = 50;

/// What can stand between the cells of a row.
const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

/// The pattern that fits a file of this name and others of its kind, and what a dataset of
/// them is called.
pub fn names_for(file: &str) -> (String, String) {
    (names::pattern(file), names::dataset(file))
}

/// A definition that fits the first rows of `file`, which is called `name`.
///
/// # Errors
/// The file cannot be read, or has no row to learn from.
pub fn infer(name: &str, file: Box<dyn Read + Send>) -> Result<Dataset, Failure> {
    let head = Head::of(file)?;
    let (format, sources) = head.format()?;
    let mut taken = HashSet::new();
    let columns = sources.iter().take(MAX_COLUMNS).map(|source| Column {
        source: source.clone(),
        ..Column::text(&names::identifier(source, "column", &mut taken))
    });
    let mut dataset = Dataset {
        name: names::dataset(name),
        files: vec![names::pattern(name)],
        format,
        columns: columns.collect(),
        key: vec![],
        rollups: vec![],
        max_bad_percent: MAX_BAD_PERCENT,
    };
    let rows = head.rows(&dataset)?;
    if rows.is_empty() {
        return Err(wrong::content("there is no row to learn from"));
    }
    for (at, column) in dataset.columns.iter_mut().enumerate() {
        let values: Vec<&str> = rows.iter().filter_map(|row| row[at].as_deref()).collect();
        column.required = values.len() == rows.len();
        column.kind = guess::kind(&column.name, &values);
    }
    dataset.key = guess::key(&dataset.columns, &rows);
    Ok(dataset)
}

/// One row of texts.
type Row = Vec<Option<String>>;

/// The beginning of a file, unpacked.
struct Head {
    bytes: Vec<u8>,
    /// There is more.
    cut: bool,
    encoding: &'static str,
}

impl Head {
    fn of(file: Box<dyn Read + Send>) -> Result<Self, Failure> {
        let (file, gzip) = unpacked(file)?;
        let mut bytes = Vec::new();
        let read = file.take(HEAD as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|e| wrong::io(&e, gzip))?;
        let cut = bytes.len() > HEAD;
        bytes.truncate(HEAD);
        let utf8 = match std::str::from_utf8(&bytes) {
            Ok(_) => true,
            // The cut may go through a character.
            Err(error) => cut && error.error_len().is_none(),
        };
        // A byte order mark, where there is one, says more than this.
        let encoding = if utf8 { "utf-8" } else { "windows-1252" };
        Ok(Self { bytes, cut, encoding })
    }

    fn bytes(&self) -> Box<dyn Read + Send> {
        Box::new(Cursor::new(self.bytes.clone()))
    }

    fn window(&self) -> Result<Window, Failure> {
        Ok(Window::new(Input::open(self.bytes(), self.encoding)?, STEP))
    }

    /// The format, and what the columns are called in the file.
    fn format(&self) -> Result<(Format, Vec<String>), Failure> {
        let mut window = self.window()?;
        while window.bytes().is_empty() && window.more()? {}
        let first = window.bytes().iter().find(|byte| !byte.is_ascii_whitespace()).copied();
        let format = match first {
            None => return Err(wrong::content("it is empty")),
            Some(b'[') => Format::Json,
            Some(b'{') => Format::Ndjson,
            Some(_) => return self.dialect(),
        };
        // A dataset that knows no column finds all of them unknown.
        let nothing =
            Dataset { columns: vec![Column::text("\0")], format: format.clone(), ..empty() };
        let mut reader = open(&nothing, self.bytes())?;
        let mut chunk = Chunk::default();
        let failure = loop {
            match reader.read(&mut chunk) {
                Ok(true) => {}
                Ok(false) => break None,
                Err(failure) => break Some(failure),
            }
        };
        let names = reader.names();
        match failure {
            Some(failure) if !self.cut => Err(failure),
            _ if names.is_empty() => Err(wrong::content("there is no object to learn from")),
            _ => Ok((format, names)),
        }
    }

    /// The dialect that cuts the first records into the most cells, always as many.
    fn dialect(&self) -> Result<(Format, Vec<String>), Failure> {
        let mut best: Option<(usize, Dialect, Vec<String>)> = None;
        for delimiter in DELIMITERS {
            let encoding = self.encoding.to_owned();
            let dialect = Dialect { delimiter, encoding, ..Dialect::default() };
            let mut records = Records::new(self.window()?, &dialect, 1);
            let mut first: Option<Vec<String>> = None;
            let mut alike = 0;
            for _ in 0..50 {
                let Next::Record(record) = records.next()? else { break };
                let Some(cells) = record.cells() else { break };
                let count = cells.len();
                let first = first.get_or_insert_with(|| {
                    cells.iter().map(|cell| cell.trim().to_owned()).collect()
                });
                alike += usize::from(first.len() == count);
            }
            let Some(first) = first else { continue };
            let score = if first.len() > 1 { alike * first.len() } else { 0 };
            if best.as_ref().is_none_or(|(most, ..)| score > *most) {
                best = Some((score, dialect, first));
            }
        }
        let (_, dialect, first) =
            best.ok_or_else(|| wrong::content("there is no row to learn from"))?;
        if guess::is_header(&first) {
            return Ok((Format::Csv(dialect), first));
        }
        let names = (1..=first.len()).map(|n| format!("column_{n}")).collect();
        Ok((Format::Csv(Dialect { header: false, ..dialect }), names))
    }

    /// The first rows, all columns as texts.
    fn rows(&self, dataset: &Dataset) -> Result<Vec<Row>, Failure> {
        let mut reader = open(dataset, self.bytes())?;
        let mut chunk = Chunk::default();
        let mut rows = Vec::new();
        loop {
            let more = reader.read(&mut chunk);
            for n in 0..chunk.len().min(MAX_ROWS - rows.len()) {
                let text =
                    |cell: &_| Some(chunk.text_of(*cell).to_owned()).filter(|t| !t.is_empty());
                rows.push(chunk.row(n).iter().map(text).collect());
            }
            match more {
                Ok(true) if rows.len() < MAX_ROWS => {}
                Err(failure) if !self.cut => return Err(failure),
                _ => break,
            }
        }
        // The cut goes through the last row, mostly.
        if self.cut && rows.len() > 1 && rows.len() < MAX_ROWS {
            rows.pop();
        }
        Ok(rows)
    }
}

fn empty() -> Dataset {
    Dataset {
        name: String::new(),
        files: vec![],
        format: Format::Json,
        columns: vec![],
        key: vec![],
        rollups: vec![],
        max_bad_percent: MAX_BAD_PERCENT,
    }
}
