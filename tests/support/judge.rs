//! The promise at the end of a story: whether it was kept, and if not, how it
//! was broken.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use std::fmt;

use transship::demo::{Oracle, Totals};
use transship::ledger::ExportRow;

/// The promise was not kept.
#[derive(Clone, Debug, Default)]
pub struct Broken {
    /// How many exports met which fate.
    pub totals: Totals,
    /// The first thing that is not as it should be, and the whole picture.
    why: String,
}

impl Broken {
    pub fn new(oracle: &Oracle, why: impl fmt::Display) -> Self {
        Self { totals: oracle.totals, why: format!("{why}\n{oracle:#?}") }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

/// What may be said in the middle of a story: nothing twice, partial or damaged.
/// What has not arrived may still be on its way.
pub fn nothing_wrong(oracle: &Oracle) -> Result<(), Broken> {
    if oracle.nothing_wrong() {
        Ok(())
    } else {
        Err(Broken::new(oracle, "something wrong arrived"))
    }
}

/// What must be so at the end of it: nothing lost, nothing twice, nothing partial,
/// no temporary file left, and the books agree: every export is at the end of its
/// way.
pub fn all_once(oracle: &Oracle, books: &[ExportRow]) -> Result<(), Broken> {
    let broken = |why: String| Err(Broken::new(oracle, why));
    if !oracle.all_once() {
        return broken(format!("not everything arrived exactly once: {books:#?}"));
    }
    if !oracle.temporaries.is_empty() {
        return broken(format!("temporary files are left: {books:#?}"));
    }
    if books.len() != oracle.exports.len() {
        return broken(format!("the books know other exports than the source: {books:#?}"));
    }
    let at_its_end = |row: &&ExportRow| matches!(row.state.as_str(), "cleaned" | "baseline");
    match books.iter().find(|row| !at_its_end(row)) {
        Some(row) => broken(format!("not at its end: {row:#?}")),
        None => Ok(()),
    }
}
