//! What the feed is to be like.

use jiff::civil::{Date, date};

/// What the feed is to be like. [`FeedOptions::default`] gives the usual: two hundred
/// days of a hundred sales, two rows in a hundred dirty.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedOptions {
    /// The same seed, the same bytes.
    pub seed: u64,
    /// Days that lie in the folder from the beginning.
    pub days: u32,
    /// Sales a day.
    pub rows: u32,
    /// Of a hundred sales, how many have something wrong with them.
    pub dirty_percent: f64,
    /// Whether what happens to feeds happens to this one: columns come and go, a file
    /// is repeated under another name, a day comes late.
    pub surprises: bool,
    /// Whether now and then a day's sales are compressed: `….csv.gz`.
    pub gzip: bool,
    /// The first day. All days lie in the past, and so do the files' times.
    pub first_day: Date,
}

impl Default for FeedOptions {
    fn default() -> Self {
        Self {
            seed: 2026,
            days: 200,
            rows: 100,
            dirty_percent: 2.0,
            surprises: true,
            gzip: false,
            first_day: date(2025, 1, 1),
        }
    }
}
