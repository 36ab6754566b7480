//! The engine's events as lines, progress bars or JSON.

pub mod log;
pub mod table;
