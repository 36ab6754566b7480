//! `sim`'s flags for the partner's feed.

use clap::Args;

use crate::demo::FeedOptions;

/// `sim`, as far as the feed goes.
#[derive(Clone, Debug, Args)]
pub struct FeedSimArgs {
    /// Days of products and sales that lie in the partner's folder at the start.
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub feed_days: u32,
    /// Sales a day.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub feed_rows: u32,
    /// Of a hundred sales, how many have something wrong with them.
    #[arg(long, value_name = "PERCENT", default_value_t = 2.0, value_parser = percent)]
    pub feed_dirty: f64,
    /// The same seed, the same files.
    #[arg(long, value_name = "SEED", default_value_t = 2026)]
    pub feed_seed: u64,
    /// Now and then a day's sales are compressed: .csv.gz.
    #[arg(long)]
    pub feed_gzip: bool,
    /// No column more or less, no file twice, no day late.
    #[arg(long)]
    pub feed_plain: bool,
}

fn percent(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    number.filter(|number| (0.0..=100.0).contains(number)).ok_or("from 0 to 100".to_owned())
}

impl FeedSimArgs {
    /// As the stand-in understands it.
    pub fn options(&self) -> FeedOptions {
        FeedOptions {
            seed: self.feed_seed,
            days: self.feed_days,
            rows: self.feed_rows,
            dirty_percent: self.feed_dirty,
            surprises: !self.feed_plain,
            gzip: self.feed_gzip,
            ..FeedOptions::default()
        }
    }
}
