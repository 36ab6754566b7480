//! What the Autodesk stand-in is to be like.

use std::time::Duration;

/// What the Autodesk stand-in is to be like.
#[derive(Clone, Debug)]
pub struct AutodeskOptions {
    /// Port of the API; 0 for a free one.
    pub port: u16,
    /// Port of the object store behind it; 0 for a free one.
    pub store_port: u16,
    /// Where the browser may be sent back to, registered to the letter.
    pub callback_url: String,
    /// How long an access token is good. The service's is 3599 seconds.
    pub access_life: Duration,
    /// How long a refresh token is good. The service's is 15 days.
    pub refresh_life: Duration,
    /// How long an authorization code is good. The service's is 5 minutes.
    pub code_life: Duration,
    /// The limits on calls.
    pub limits: Limits,
    /// A project of so many folders with so many files each, beside the samples.
    pub large: Option<(usize, usize)>,
}

/// The limits on calls a minute and client id.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limits {
    /// None.
    Off,
    /// The service's, times this.
    Times(f64),
}

impl Default for AutodeskOptions {
    /// As the service is.
    fn default() -> Self {
        Self {
            port: 0,
            store_port: 0,
            callback_url: "http://localhost:8081/oauth/callback".to_owned(),
            access_life: Duration::from_secs(3599),
            refresh_life: Duration::from_secs(15 * 24 * 3600),
            code_life: Duration::from_secs(300),
            limits: Limits::Times(1.0),
            large: None,
        }
    }
}
