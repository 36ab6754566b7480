//! The partner's feed: what lies in it, what is true of it, who may look.

mod generator;
mod jail;
#[cfg(unix)]
mod openssh;
mod operations;
mod plain;

use transship::demo::FeedOptions;

use crate::Stage;

/// A stage with a feed of `days` days.
fn stage(days: u32) -> Stage {
    Stage::with(|options| options.feed = Some(FeedOptions { days, ..FeedOptions::default() }))
}
