//! Files of every kind, good and hostile, in one piece and in many.

mod csv;
mod hostile;
mod infer;
mod json;
mod typing;

use std::io::{Read, Write as _};

use super::open_by;
use crate::model::{Column, ColumnKind, Dataset, Dialect, Failure, Format};
use crate::silver::rows::{BadRow, Cell, Chunk, Drift};

/// All that a file gave.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Got {
    /// Line and cells; text as it is, numbers written out, nothing as `∅`.
    pub good: Vec<(u64, Vec<String>)>,
    pub bad: Vec<BadRow>,
    pub drift: Drift,
    pub failure: Option<String>,
}

impl Got {
    /// `line column: reason` of each bad row.
    pub fn reasons(&self) -> Vec<String> {
        let one = |bad: &BadRow| match &bad.column {
            Some(column) => format!("{} {column}: {}", bad.line, bad.reason),
            None => format!("{}: {}", bad.line, bad.reason),
        };
        self.bad.iter().map(one).collect()
    }

    /// The good rows' cells with `|` between.
    pub fn rows(&self) -> Vec<String> {
        self.good.iter().map(|(line, cells)| format!("{line} {}", cells.join("|"))).collect()
    }
}

/// Gives `step` bytes at a time.
struct Slowly {
    bytes: Vec<u8>,
    at: usize,
    step: usize,
}

impl Read for Slowly {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = out.len().min(self.step).min(self.bytes.len() - self.at);
        out[..count].copy_from_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

pub(super) fn read_by(dataset: &Dataset, bytes: &[u8], step: usize) -> Got {
    let file = Box::new(Slowly { bytes: bytes.to_vec(), at: 0, step });
    let mut got = Got::default();
    let mut reader = match open_by(dataset, file, step) {
        Ok(reader) => reader,
        Err(failure) => return Got { failure: Some(failure.to_string()), ..got },
    };
    let mut chunk = Chunk::default();
    loop {
        let more = reader.read(&mut chunk);
        for n in 0..chunk.len() {
            let shown = |cell: &Cell| match cell {
                Cell::Null => "∅".to_owned(),
                Cell::Integer(n) => n.to_string(),
                Cell::Real(n) => n.to_string(),
                Cell::Text { .. } => chunk.text_of(*cell).to_owned(),
            };
            got.good.push((chunk.lines[n], chunk.row(n).iter().map(shown).collect()));
        }
        got.bad.append(&mut chunk.bad);
        match more {
            Ok(true) => {}
            Ok(false) => break,
            Err(failure) => {
                got.failure = Some(failure.to_string());
                break;
            }
        }
    }
    got.drift = reader.drift().clone();
    got
}

/// Whatever the size of the pieces, the same comes out.
pub(super) fn read(dataset: &Dataset, bytes: &[u8]) -> Got {
    let whole = read_by(dataset, bytes, super::window::STEP);
    for step in [1, 2, 7, 100] {
        assert_eq!(read_by(dataset, bytes, step), whole, "{step} bytes at a time");
    }
    whole
}

pub(super) fn dataset(format: Format, columns: Vec<Column>) -> Dataset {
    Dataset {
        name: "things".to_owned(),
        files: vec!["*".to_owned()],
        format,
        columns,
        key: vec![],
        rollups: vec![],
        max_bad_percent: 50,
    }
}

pub(super) fn csv(columns: Vec<Column>) -> Dataset {
    dataset(Format::Csv(Dialect::default()), columns)
}

pub(super) fn column(name: &str, kind: ColumnKind) -> Column {
    Column { kind, ..Column::text(name) }
}

pub(super) fn integer() -> ColumnKind {
    ColumnKind::Integer { min: None, max: None }
}

pub(super) fn decimal(scale: u8) -> ColumnKind {
    ColumnKind::Decimal { scale, min: None, max: None }
}

/// `a` text, `b` integer, `c` decimal with two places.
pub(super) fn abc() -> Vec<Column> {
    vec![Column::text("a"), column("b", integer()), column("c", decimal(2))]
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// The failure of opening.
pub(super) fn refused(dataset: &Dataset, bytes: &[u8]) -> Failure {
    let file = Box::new(std::io::Cursor::new(bytes.to_vec()));
    super::open(dataset, file).err().expect("it opens")
}
