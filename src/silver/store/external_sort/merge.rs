//! Runs that are read side by side, the least row first.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use super::row::{self, HEAD};
use crate::silver::store::pipeline::Filling;

/// Bytes that are read at a time of all runs together; of one run at the least.
const MERGED: usize = 8 << 20;
const LEAST: usize = 4 << 10;

/// When a chunk is full: rows, and bytes of text.
const ROWS: usize = 4_096;
const TEXT: usize = 1 << 20;

/// Runs that are read side by side.
pub(super) struct Merge {
    file: File,
    runs: Vec<Run>,
    /// A binary heap of the runs that are not at their end: the least row first.
    heap: Vec<usize>,
}

struct Run {
    /// Where in the file it goes on, and ends.
    at: u64,
    end: u64,
    /// Bytes that are read at a time.
    step: usize,
    /// The part of it that is in memory, from the row that is next.
    buffer: Vec<u8>,
    start: usize,
    prefix: u64,
}

impl Merge {
    pub(super) fn of(file: File, ends: &[u64]) -> io::Result<Self> {
        let step = (MERGED / ends.len().max(1)).max(LEAST);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let runs = starts.zip(ends).map(|(at, end)| Run {
            at,
            end: *end,
            step,
            buffer: Vec::new(),
            start: 0,
            prefix: 0,
        });
        let mut merge = Self { file, runs: runs.collect(), heap: Vec::new() };
        for (n, run) in merge.runs.iter_mut().enumerate() {
            if run.look(&merge.file)? {
                merge.heap.push(n);
            }
        }
        for place in (0..merge.heap.len() / 2).rev() {
            merge.sink(place);
        }
        Ok(merge)
    }

    pub(super) fn fill(mut self, filling: &Filling) -> io::Result<()> {
        while let Some(mut chunk) = filling.empty() {
            while chunk.len() < ROWS && chunk.text.len() < TEXT {
                let Some(least) = self.heap.first() else {
                    filling.full(chunk);
                    return Ok(());
                };
                let run = &mut self.runs[*least];
                row::read(run.row(), &mut chunk).ok_or(io::ErrorKind::InvalidData)?;
                run.pass();
                if !run.look(&self.file)? {
                    self.heap.swap_remove(0);
                }
                self.sink(0);
            }
            if !filling.full(chunk) {
                break;
            }
        }
        Ok(())
    }

    /// Puts the run at this place of the heap below those that come before it.
    fn sink(&mut self, mut place: usize) {
        loop {
            let mut least = place;
            for below in [2 * place + 1, 2 * place + 2] {
                if below < self.heap.len() && self.before(below, least) {
                    least = below;
                }
            }
            if least == place {
                return;
            }
            self.heap.swap(least, place);
            place = least;
        }
    }

    fn before(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.runs[self.heap[a]], &self.runs[self.heap[b]]);
        (a.prefix, row::key_of(a.row())) < (b.prefix, row::key_of(b.row()))
    }
}

impl Run {
    /// The next row, and what is behind it.
    fn row(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Sees to it that the next row is in memory; `false` if there is none.
    fn look(&mut self, file: &File) -> io::Result<bool> {
        if self.start == self.buffer.len() && self.at == self.end {
            return Ok(false);
        }
        self.have(file, HEAD)?;
        self.have(file, HEAD + row::length(self.row()))?;
        self.prefix = row::prefix(row::key_of(self.row()));
        Ok(true)
    }

    /// Moves behind the row that is next.
    fn pass(&mut self) {
        self.start += HEAD + row::length(self.row());
    }

    /// Reads on until so many bytes are in memory.
    fn have(&mut self, mut file: &File, count: usize) -> io::Result<()> {
        let there = self.row().len();
        if there >= count {
            return Ok(());
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        let more = (count - there).max(self.step) as u64;
        let more = more.min(self.end - self.at);
        self.buffer.resize(there + more as usize, 0);
        file.seek(SeekFrom::Start(self.at))?;
        file.read_exact(&mut self.buffer[there..])?;
        self.at += more;
        if self.row().len() < count {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}
