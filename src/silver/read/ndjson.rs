//! One JSON object a line.

use crate::model::Failure;
use crate::silver::rows::{BadRow, Chunk, Drift};

use super::RowReader;
use super::json::{Broken, Objects, too_long};
use super::row::{Plan, full, text_of};
use super::window::Window;

/// The rows of an NDJSON file. A line that is not JSON is a bad row; empty ones are passed
/// over.
pub(super) struct LineReader {
    window: Window,
    objects: Objects,
    /// Lines that have been read.
    line: u64,
}

impl LineReader {
    pub fn new(window: Window, plan: Plan) -> Self {
        Self { window, objects: Objects::new(plan), line: 0 }
    }
}

impl RowReader for LineReader {
    fn read(&mut self, chunk: &mut Chunk) -> Result<bool, Failure> {
        self.objects.begin(chunk);
        while !full(chunk) {
            let line = self.window.line(0)?;
            self.line += 1;
            let Some(line) = line else {
                chunk.bad.push(too_long(self.line, self.window.bytes()));
                self.window.skip_line()?;
                continue;
            };
            if line.next == 0 {
                self.objects.end();
                return Ok(false);
            }
            let text = &self.window.bytes()[..line.end];
            if !text.trim_ascii().is_empty()
                && let Err(Broken(why)) = self.objects.row(self.line, text, chunk)
            {
                chunk.bad.push(BadRow {
                    line: self.line,
                    column: None,
                    reason: format!("not valid JSON: {why}"),
                    value: None,
                    raw: text_of(text),
                });
            }
            self.window.take(line.next);
        }
        Ok(true)
    }

    fn drift(&self) -> &Drift {
        self.objects.drift()
    }

    fn names(&self) -> Vec<String> {
        self.objects.names()
    }
}
