//! The engine's events as lines, progress bars or JSON; the log of record.

mod follow;
mod lines;
pub mod log;
pub mod table;

pub use follow::follow;
pub use lines::{Verbosity, line, summary, walk_words, words};
