//! Cuts an array into its elements without reading into them: only brackets and strings
//! count. Whether an element is JSON is found out by whoever reads it.

use memchr::{memchr2, memrchr};

use crate::model::Failure;
use crate::silver::read::MAX_RECORD;
use crate::silver::read::window::Window;
use crate::silver::read::wrong;

/// Bytes of an overlong element that are kept to be shown.
const MAX_KEPT: usize = 16 * 1024;

/// The elements of a file.
pub(super) struct Elements {
    window: Window,
    state: State,
    /// Elements that have come so far.
    count: u64,
    /// What the last element took of the window.
    used: usize,
    /// Line and column at which the window begins, from 1; columns are bytes.
    line: u64,
    column: usize,
    kept: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Before the array.
    Before,
    /// Behind `[`.
    First,
    /// Behind an element.
    Behind,
    /// Behind `]`.
    After,
}

/// What comes next.
pub(super) enum Next<'e> {
    Element { number: u64, text: &'e [u8] },
    TooLong { number: u64, raw: &'e [u8] },
    End,
}

impl Elements {
    pub fn new(window: Window) -> Self {
        let state = State::Before;
        Self { window, state, count: 0, used: 0, line: 1, column: 1, kept: vec![] }
    }

    /// Where the last element, or the reader, stands, in words.
    pub fn place(&self) -> String {
        format!("in line {}, column {}", self.line, self.column)
    }

    /// The next element.
    pub fn next(&mut self) -> Result<Next<'_>, Failure> {
        self.take(self.used);
        self.used = 0;
        loop {
            let byte = self.blank()?;
            match (self.state, byte) {
                (State::Before, Some(b'[')) => self.state = State::First,
                (State::Before, None) => {
                    return Err(wrong::content("it is empty, not a JSON array"));
                }
                (State::Before, Some(byte)) => {
                    return Err(self.unexpected("an array of objects", byte));
                }
                (State::First | State::Behind, Some(b']')) => self.state = State::After,
                (State::First, Some(_)) => return self.element(),
                (State::Behind, Some(b',')) => {
                    self.take(1);
                    return match self.blank()? {
                        Some(b']') => Err(self.unexpected("an object", b']')),
                        Some(_) => self.element(),
                        None => Err(self.early()),
                    };
                }
                (State::Behind, Some(byte)) => return Err(self.unexpected("\",\" or \"]\"", byte)),
                (State::First | State::Behind, None) => return Err(self.early()),
                (State::After, None) => return Ok(Next::End),
                (State::After, Some(byte)) => {
                    return Err(self.unexpected("nothing behind the array", byte));
                }
            }
            self.take(1);
        }
    }

    /// The element that begins here.
    fn element(&mut self) -> Result<Next<'_>, Failure> {
        self.state = State::Behind;
        self.count += 1;
        let number = self.count;
        let mut scan = Scan::default();
        let mut at = 0;
        loop {
            let end = scan.end(&self.window.bytes()[at..]);
            if let Some(end) = end.map(|end| at + end).filter(|end| *end <= MAX_RECORD) {
                self.used = end;
                return Ok(Next::Element { number, text: &self.window.bytes()[..end] });
            }
            if end.is_some() || self.window.bytes().len() > MAX_RECORD {
                let after = end.map_or(self.window.bytes().len(), |end| at + end);
                return self.too_long(number, scan, after, end.is_some());
            }
            at = self.window.bytes().len();
            if !self.window.more()? {
                // A number may be the last thing; then the array's end is missing.
                return Err(self.early());
            }
        }
    }

    /// Passes over the rest of an element that was looked at up to `at`.
    fn too_long(
        &mut self,
        number: u64,
        mut scan: Scan,
        at: usize,
        mut ended: bool,
    ) -> Result<Next<'_>, Failure> {
        self.kept.clear();
        self.kept.extend_from_slice(&self.window.bytes()[..at.min(MAX_KEPT)]);
        self.take(at);
        while !ended {
            if self.window.bytes().is_empty() && !self.window.more()? {
                return Err(self.early());
            }
            let end = scan.end(self.window.bytes());
            ended = end.is_some();
            self.take(end.unwrap_or(self.window.bytes().len()));
        }
        Ok(Next::TooLong { number, raw: &self.kept })
    }

    /// Passes over white space; the byte that stands there then.
    fn blank(&mut self) -> Result<Option<u8>, Failure> {
        loop {
            let bytes = self.window.bytes();
            let found = bytes.iter().position(|b| !b" \t\r\n".contains(b));
            let byte = found.map(|at| bytes[at]);
            self.take(found.unwrap_or(self.window.bytes().len()));
            if byte.is_some() || !self.window.more()? {
                return Ok(byte);
            }
        }
    }

    fn take(&mut self, count: usize) {
        let taken = &self.window.bytes()[..count];
        match memrchr(b'\n', taken) {
            Some(last) => {
                self.line += memchr::memchr_iter(b'\n', taken).count() as u64;
                self.column = count - last;
            }
            None => self.column += count,
        }
        self.window.take(count);
    }

    fn unexpected(&self, expected: &str, found: u8) -> Failure {
        let (place, found) = (self.place(), char::from(found));
        wrong::content(format!("{place}: expected {expected}, found \"{found}\""))
    }

    fn early(&self) -> Failure {
        let count = self.count;
        wrong::content(format!("the array ends too early, at element {count}: \"]\" is missing"))
            .advice("ask the partner for the whole file")
    }
}

/// How far into an element a look has come.
#[derive(Default)]
struct Scan {
    begun: bool,
    depth: u64,
    /// Within a string, and behind its backslash.
    inside: bool,
    escaped: bool,
    /// Neither a string nor a bracket: it ends before what cannot belong to it.
    bare: bool,
}

impl Scan {
    /// The end of the element within `bytes`, which follow on what was seen so far.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() {
            if self.inside {
                if self.escaped {
                    self.escaped = false;
                    at += 1;
                    continue;
                }
                let found = memchr2(b'"', b'\\', &bytes[at..])?;
                at += found + 1;
                if bytes[at - 1] == b'\\' {
                    self.escaped = true;
                    continue;
                }
                self.inside = false;
                if self.depth == 0 {
                    return Some(at);
                }
                continue;
            }
            match bytes[at] {
                b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n' if self.bare => return Some(at),
                _ if self.bare => {}
                b'"' => self.inside = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ if !self.begun => self.bare = true,
                _ => {}
            }
            self.begun = true;
            at += 1;
        }
        None
    }
}
