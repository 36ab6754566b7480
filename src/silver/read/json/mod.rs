//! One array of objects, element by element.

mod elements;
mod names;
mod object;

use crate::model::Failure;
use crate::silver::rows::{BadRow, Chunk, Drift};

use super::row::{Plan, full, text_of};
use super::window::Window;
use super::{RowReader, wrong};
use elements::{Elements, Next};
pub(super) use object::{Broken, Objects};

/// The rows of a JSON file. A row's line is the number of its element, from 1.
pub(super) struct ArrayReader {
    elements: Elements,
    objects: Objects,
}

impl ArrayReader {
    pub fn new(window: Window, plan: Plan) -> Self {
        Self { elements: Elements::new(window), objects: Objects::new(plan) }
    }
}

impl RowReader for ArrayReader {
    fn read(&mut self, chunk: &mut Chunk) -> Result<bool, Failure> {
        self.objects.begin(chunk);
        while !full(chunk) {
            let (number, text) = match self.elements.next()? {
                Next::Element { number, text } => (number, text),
                Next::TooLong { number, raw } => {
                    chunk.bad.push(too_long(number, raw));
                    continue;
                }
                Next::End => {
                    self.objects.end();
                    return Ok(false);
                }
            };
            if let Err(Broken(why)) = self.objects.row(number, text, chunk) {
                let place = self.elements.place();
                return Err(wrong::content(format!(
                    "element {number}, which begins {place}, is not valid JSON (counted from there): {why}"
                )));
            }
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

/// An object, or a line of NDJSON, that is not even looked into.
pub(super) fn too_long(line: u64, raw: &[u8]) -> BadRow {
    let reason = format!("longer than {} bytes", super::MAX_RECORD);
    BadRow { line, column: None, reason, value: None, raw: text_of(raw) }
}
