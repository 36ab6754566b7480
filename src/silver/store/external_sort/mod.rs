//! Rows whose keys come in no order are sorted here and go into their table by key: each
//! of its pages is then written once, not once for every row on it, which is many times
//! faster.
//!
//! ```text
//! rows → a run of them in memory → sorted → the file, run after run → merged → chunks
//! ```
//!
//! Memory stays bounded, however many rows there are. The file lies beside the database
//! and has no name: it is gone however the program ends.

mod merge;
mod row;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, BufWriter, Seek as _, Write as _};
use std::path::Path;

use self::merge::Merge;
use self::row::HEAD;
use super::pipeline::{self, Filling};
use super::trouble::Trouble;
use crate::model::Failure;
use crate::silver::rows::Chunk;

/// Bytes of rows that are sorted in memory.
const RUN: usize = 16 << 20;

/// Bytes that are written at a time.
const WRITTEN: usize = 256 << 10;

/// Rows that wait to be sorted.
pub(super) struct ExternalSort {
    /// The key's columns.
    key: Vec<usize>,
    width: usize,
    file: File,
    folder: String,
    /// Where each run ends in the file.
    ends: Vec<u64>,
    /// The run in memory: its rows, one after the other, and where each begins.
    rows: Vec<u8>,
    places: Vec<Place>,
    most: usize,
}

struct Place {
    /// The key's first bytes, which mostly tell.
    prefix: u64,
    at: usize,
}

impl ExternalSort {
    /// For rows of this width, by these columns.
    pub(super) fn of(folder: &Path, key: &[usize], width: usize) -> Result<Self, Trouble> {
        Self::by_runs(folder, key, width, RUN)
    }

    /// The same, with `most` bytes of rows sorted in memory.
    pub(super) fn by_runs(
        folder: &Path,
        key: &[usize],
        width: usize,
        most: usize,
    ) -> Result<Self, Trouble> {
        let shown = folder.to_string_lossy().into_owned();
        let file = tempfile::tempfile_in(folder).map_err(|e| failed(&shown, &e))?;
        Ok(Self {
            key: key.to_vec(),
            width,
            file,
            folder: shown,
            ends: Vec::new(),
            rows: Vec::new(),
            places: Vec::new(),
            most,
        })
    }

    /// Takes row `n` of a chunk.
    pub(super) fn add(&mut self, chunk: &Chunk, n: usize) -> Result<(), Trouble> {
        let at = self.rows.len();
        row::write(&mut self.rows, chunk, n, &self.key);
        self.places.push(Place { prefix: row::prefix(row::key_of(&self.rows[at..])), at });
        if self.rows.len() >= self.most {
            self.end_run().map_err(|e| failed(&self.folder, &e))?;
        }
        Ok(())
    }

    /// Hands the rows out by key and line, in chunks.
    pub(super) fn drain(
        mut self,
        put: impl FnMut(&mut Chunk) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        self.end_run().map_err(|e| failed(&self.folder, &e))?;
        let Self { file, ends, width, folder, rows, places, .. } = self;
        drop((rows, places));
        let merge = move |filling: &Filling| {
            Merge::of(file, &ends)
                .and_then(|merge| merge.fill(filling))
                .map_err(|e| failed(&folder, &e))
        };
        pipeline::run("silver-merge", width, merge, put)
    }

    /// Sorts what is in memory, and writes it behind the other runs.
    fn end_run(&mut self) -> io::Result<()> {
        let Self { rows, places, file, ends, .. } = self;
        let key = |place: &Place| row::key_of(&rows[place.at..]);
        places.sort_unstable_by(|a, b| a.prefix.cmp(&b.prefix).then_with(|| key(a).cmp(key(b))));
        let mut out = BufWriter::with_capacity(WRITTEN, &mut *file);
        for place in places.drain(..) {
            let row = &rows[place.at..];
            out.write_all(&row[..HEAD + row::length(row)])?;
        }
        out.flush()?;
        drop(out);
        rows.clear();
        ends.push(file.stream_position()?);
        Ok(())
    }
}

fn failed(folder: &str, error: &io::Error) -> Trouble {
    Failure::io("sorting rows by their key", folder, error).into()
}
