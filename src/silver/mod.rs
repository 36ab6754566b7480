//! Silver: a partner's files as typed tables.
//!
//! ```text
//! bronze file → rows, typed (read) → one transaction (ingest) → tables, quarantine, rollups → pages
//! ```

pub mod lists;
pub mod pages;
pub mod reader;
pub mod rows;
