//! Records of CSV, cut out of the window without copying where no quote stands.

use memchr::memchr;

use crate::model::{Dialect, Failure};
use crate::silver::read::MAX_RECORD;
use crate::silver::read::window::{Line, Window, line_ends};

/// The records of a file.
pub(in crate::silver::read) struct Records {
    window: Window,
    delimiter: u8,
    quote: Option<u8>,
    /// The line that begins where the window begins.
    line: u64,
    /// What the last record took of the window, and of lines.
    used: usize,
    lines: u64,
    /// Cells: where they begin and end, in the record or in `unquoted`.
    cells: Vec<(usize, usize)>,
    unquoted: Vec<u8>,
    /// The front of a record that is too long to stay in the window.
    kept: Vec<u8>,
}

/// What comes next.
pub(in crate::silver::read) enum Next<'r> {
    Record(Record<'r>),
    /// A row that is none, from the line at which it begins.
    Wrong {
        line: u64,
        reason: String,
        raw: &'r [u8],
    },
    End,
}

/// One record.
pub(in crate::silver::read) struct Record<'r> {
    /// The physical line in which it begins, from 1.
    pub line: u64,
    /// As it came, without the line's end.
    pub raw: &'r [u8],
    /// The text that the cells lie in, if it is not `raw`.
    unquoted: Option<&'r [u8]>,
    cells: &'r [(usize, usize)],
}

/// A record's cells.
pub(in crate::silver::read) struct Cells<'r> {
    text: &'r str,
    cells: &'r [(usize, usize)],
}

/// How a record with quotes ends.
enum Quoted {
    /// Here, after so many further lines.
    Ends(Line, u64),
    /// It does not: why, and the line after which reading goes on, with its number.
    Broken(String, Line, u64),
    /// It is too long; its last line, counted from the first, is not over.
    TooLong(usize, u64),
}

impl Records {
    /// From `window`, whose first line is number `line`.
    pub fn new(window: Window, dialect: &Dialect, line: u64) -> Self {
        let byte = |c: char| u8::try_from(c).unwrap_or(b',');
        Self {
            window,
            delimiter: byte(dialect.delimiter),
            quote: dialect.quote.map(byte),
            line,
            used: 0,
            lines: 0,
            cells: Vec::new(),
            unquoted: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// The next record. Lines without a single character are passed over.
    pub fn next(&mut self) -> Result<Next<'_>, Failure> {
        let first = loop {
            self.window.take(self.used);
            self.line += self.lines;
            (self.used, self.lines) = (0, 0);
            match self.window.line(0)? {
                None => return self.too_long(0, 0),
                Some(Line { next: 0, .. }) => return Ok(Next::End),
                Some(Line { end: 0, next }) => (self.used, self.lines) = (next, 1),
                Some(line) => break line,
            }
        };
        let quoted = self.quote.filter(|q| memchr(*q, &self.window.bytes()[..first.end]).is_some());
        self.cells.clear();
        let Some(quote) = quoted else {
            (self.used, self.lines) = (first.next, 1);
            let raw = &self.window.bytes()[..first.end];
            let mut from = 0;
            for at in memchr::memchr_iter(self.delimiter, raw) {
                self.cells.push((from, at));
                from = at + 1;
            }
            self.cells.push((from, raw.len()));
            let (line, cells) = (self.line, self.cells.as_slice());
            return Ok(Next::Record(Record { line, raw, unquoted: None, cells }));
        };
        match self.quoted(quote, first)? {
            Quoted::Ends(last, further) => {
                (self.used, self.lines) = (last.next, 1 + further);
                let raw = &self.window.bytes()[..last.end];
                let (line, cells) = (self.line, self.cells.as_slice());
                Ok(Next::Record(Record { line, raw, unquoted: Some(&self.unquoted), cells }))
            }
            Quoted::Broken(reason, last, further) => {
                (self.used, self.lines) = (last.next, 1 + further);
                let raw = &self.window.bytes()[..last.end];
                Ok(Next::Wrong { line: self.line, reason, raw })
            }
            Quoted::TooLong(at, further) => self.too_long(at, further),
        }
    }

    /// Cuts a record that has quotes; `line` is its first line.
    fn quoted(&mut self, quote: u8, mut line: Line) -> Result<Quoted, Failure> {
        self.unquoted.clear();
        let mut at = 0;
        let mut further = 0;
        loop {
            let begin = self.unquoted.len();
            if self.window.bytes()[..line.end].get(at) == Some(&quote) {
                let broken = |what: &str, this: &Self| {
                    let number = this.line + further;
                    Quoted::Broken(
                        format!("the quote that opens in line {number} {what}"),
                        line,
                        further,
                    )
                };
                let Some(after) = self.inside(quote, at + 1)? else {
                    return Ok(broken("is not closed", self));
                };
                let ended = line_ends(&self.window.bytes()[at..after]);
                let next = self.window.bytes().get(after).copied();
                if !(next.is_none_or(|b| b == self.delimiter || b == b'\n' || b == b'\r')) {
                    return Ok(broken("closes before the end of its cell", self));
                }
                at = after;
                if ended > 0 {
                    further += ended;
                    match self.window.line(at)? {
                        Some(last) => line = last,
                        None => return Ok(Quoted::TooLong(at, further)),
                    }
                }
            } else {
                let rest = &self.window.bytes()[at..line.end];
                let length = memchr(self.delimiter, rest).unwrap_or(rest.len());
                self.unquoted.extend_from_slice(&rest[..length]);
                at += length;
            }
            self.cells.push((begin, self.unquoted.len()));
            if at >= line.end {
                return Ok(Quoted::Ends(line, further));
            }
            at += 1;
        }
    }

    /// Copies a cell's inside, from offset `at`; the offset after its closing quote, none if
    /// there is no such quote before the record grows too long.
    fn inside(&mut self, quote: u8, mut at: usize) -> Result<Option<usize>, Failure> {
        loop {
            let bytes = self.window.bytes();
            let found = memchr(quote, &bytes[at..]);
            let until = found.map_or(bytes.len(), |found| at + found);
            self.unquoted.extend_from_slice(&bytes[at..until]);
            at = until;
            if at > MAX_RECORD {
                return Ok(None);
            }
            let there = bytes.len();
            // Whether a quote closes tells only what follows it.
            if at + 1 >= there && self.window.more()? {
                continue;
            }
            match (found, self.window.bytes().get(at + 1)) {
                (None, _) => return Ok(None),
                (Some(_), Some(next)) if *next == quote => {
                    self.unquoted.push(quote);
                    at += 2;
                }
                (Some(_), _) => return Ok(Some(at + 1)),
            }
        }
    }

    /// Passes over a record that is too long: to the end of the line in which `at` lies.
    fn too_long(&mut self, at: usize, further: u64) -> Result<Next<'_>, Failure> {
        let bytes = self.window.bytes();
        self.kept.clear();
        self.kept.extend_from_slice(&bytes[..bytes.len().min(MAX_KEPT)]);
        self.window.take(at);
        self.window.skip_line()?;
        self.lines = 1 + further;
        let reason = format!("longer than {MAX_RECORD} bytes");
        Ok(Next::Wrong { line: self.line, reason, raw: &self.kept })
    }
}

/// Bytes of an overlong record that are kept to be shown.
const MAX_KEPT: usize = 16 * 1024;

impl<'r> Record<'r> {
    /// The cells; none if the record is malformed.
    pub fn cells(&self) -> Option<Cells<'r>> {
        // As a whole first: between cells, broken characters must not find together.
        let raw = std::str::from_utf8(self.raw).ok()?;
        let text = match self.unquoted {
            Some(unquoted) => std::str::from_utf8(unquoted).ok()?,
            None => raw,
        };
        Some(Cells { text, cells: self.cells })
    }
}

impl<'r> Cells<'r> {
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Cell `n`, which must be there.
    pub fn get(&self, n: usize) -> &'r str {
        let (start, end) = self.cells[n];
        &self.text[start..end]
    }

    pub fn iter(&self) -> impl Iterator<Item = &'r str> {
        (0..self.len()).map(|n| self.get(n))
    }
}
