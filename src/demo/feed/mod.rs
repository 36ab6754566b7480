//! A partner's feed: a shop that puts two files a day into `/outgoing`.
//!
//! ```text
//! options, seed ─ catalogue ─ day ─┬─ files on the disk (folder) ── what an SFTP client gets
//!                      dirt ───────┴─ book: which rows are good ── Truth, for the comparison
//! ```
//!
//! The book is kept while the rows are made, never by reading the files again, so that
//! it owes nothing to any parser.

mod access;
mod book;
mod catalogue;
mod control;
mod day;
mod dirt;
mod files;
mod folder;
mod operation;
mod options;
mod truth;

pub use access::FeedAccess;
pub use book::{Book, SetAside};
pub(super) use control::router;
pub use day::{Day, Made};
pub use dirt::Dirt;
pub use folder::Feed;
pub use operation::Operation;
pub use options::FeedOptions;
pub use truth::{CategorySales, Product, Truth};

/// The folder that the partner's clients see.
pub(super) const OUTGOING: &str = "/outgoing";
