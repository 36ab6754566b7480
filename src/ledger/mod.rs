//! The books, in SQLite. All SQL of the program is in this folder.

pub mod rows;

pub use rows::{Books, EndpointRow, EventRow, ExportRow, Filter, Timeline, TransferRow};
