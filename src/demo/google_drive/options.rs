//! What the Drive stand-in is to be like.

use std::time::Duration;

use super::OWNER;
use super::tree::Operation;

/// What the Drive stand-in is to be like. [`DriveOptions::default`] gives the usual:
/// an empty folder and an empty shared drive, no quota, no latency.
#[derive(Clone, Debug)]
pub struct DriveOptions {
    /// Whether the small sample tree is there from the beginning.
    pub samples: bool,
    /// What else happens before the beginning. Folders may be named by the ids that
    /// earlier operations gave them.
    pub operations: Vec<Operation>,
    /// Quota units a minute and account; none for no limit. The vendor's is 325,000
    /// (list 100, get 5, download 200; since May 2026).
    pub units_per_minute: Option<u32>,
    /// How long each call takes at the least.
    pub latency: Duration,
    /// How long an access token is good.
    pub token_life: Duration,
    /// Longest path and query of a URL, in bytes; a longer one is refused with 413.
    pub url_limit: usize,
    /// Most terms in a `q`.
    pub query_terms: usize,
    /// Users for whom the service account may act (`sub`).
    pub delegates: Vec<String>,
}

impl Default for DriveOptions {
    fn default() -> Self {
        Self {
            samples: false,
            operations: Vec::new(),
            units_per_minute: None,
            latency: Duration::ZERO,
            token_life: Duration::from_secs(3600),
            url_limit: 8_192,
            query_terms: 200,
            delegates: vec![OWNER.to_owned()],
        }
    }
}
