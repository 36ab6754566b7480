//! The part of a file that is being looked at: it moves forward, and grows only as far as
//! one record needs.

use memchr::memchr2;

use crate::model::Failure;

use super::MAX_RECORD;
use super::input::Input;

/// Bytes that are read at a time.
pub(super) const STEP: usize = 256 * 1024;

/// Bytes of the file, from where the reader stands. Offsets count from there.
pub(super) struct Window {
    input: Input,
    step: usize,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

/// A physical line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Where its text ends.
    pub end: usize,
    /// Where the next one begins.
    pub next: usize,
}

impl Window {
    pub fn new(input: Input, step: usize) -> Self {
        Self { input, step: step.max(16), buffer: vec![], start: 0, end: 0 }
    }

    /// The encoding's name for a message.
    pub fn encoding(&self) -> String {
        self.input.encoding()
    }

    /// What is there already.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Reads more behind what is there; `false` if there is no more. Callers stop asking
    /// once they have [`MAX_RECORD`] bytes: that is what bounds the window.
    pub fn more(&mut self) -> Result<bool, Failure> {
        if self.buffer.len() - self.end < self.step {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            let needed = self.end + self.step;
            if self.buffer.len() < needed {
                self.buffer.resize(needed.max(4 * self.step), 0);
            }
        }
        // A whole step, so that nobody looks at one record more often than a few times.
        let wanted = self.end + self.step;
        let before = self.end;
        while self.end < wanted {
            // A decoder may write nothing into less than this.
            if wanted - self.end < 16 && self.end > before {
                break;
            }
            match self.input.read(&mut self.buffer[self.end..wanted])? {
                0 => break,
                count => self.end += count,
            }
        }
        Ok(self.end > before)
    }

    /// Moves on by `count` bytes that are there.
    pub fn take(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// The end of the line in which offset `from` lies; none if it is more than
    /// [`MAX_RECORD`] bytes from here. The last line may have no end of its own.
    pub fn line(&mut self, from: usize) -> Result<Option<Line>, Failure> {
        let mut at = from;
        loop {
            let bytes = self.bytes();
            let Some(found) = memchr2(b'\n', b'\r', &bytes[at..]) else {
                at = bytes.len();
                if at > MAX_RECORD {
                    return Ok(None);
                }
                if self.more()? {
                    continue;
                }
                return Ok(Some(Line { end: at, next: at }));
            };
            let end = at + found;
            if end > MAX_RECORD {
                return Ok(None);
            }
            let width = match (bytes[end], bytes.get(end + 1).copied()) {
                (b'\r', None) if self.more()? => {
                    at = end;
                    continue;
                }
                (b'\r', Some(b'\n')) => 2,
                _ => 1,
            };
            return Ok(Some(Line { end, next: end + width }));
        }
    }

    /// Moves on to the next line, however long this one is.
    pub fn skip_line(&mut self) -> Result<(), Failure> {
        loop {
            if let Some(line) = self.line(0)? {
                self.take(line.next);
                return Ok(());
            }
            self.take(MAX_RECORD);
        }
    }
}

/// How many lines end in `bytes`.
pub(super) fn line_ends(bytes: &[u8]) -> u64 {
    let ends = memchr::memchr2_iter(b'\n', b'\r', bytes);
    ends.filter(|at| bytes[*at] == b'\n' || bytes.get(at + 1) != Some(&b'\n')).count() as u64
}
