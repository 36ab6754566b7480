//! What all requests share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::data::Data;
use super::health::Health;
use super::limiter::Limiter;
use super::listen::Places;
use super::live::Live;
use super::login::Login;
use super::problem::Problem;
use crate::config::HttpSettings;
use crate::engine::Handle;
use crate::ledger::Reader;
use crate::model::Failure;

/// The name and version that the program goes by.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

const MINUTE: Duration = Duration::from_secs(60);

/// Wrong passwords a minute and address.
const FAILED_LOGINS: u32 = 10;

/// Readings of the ledger at the same time; the others wait for their turn.
const READS: usize = 4;

/// The longest that a reading of the ledger may take, waiting included.
const READ_PATIENCE: Duration = Duration::from_secs(10);

/// What all requests share.
pub(super) struct App {
    pub(super) handle: Handle,
    pub(super) places: Places,
    pub(super) live: Live,
    pub(super) health: Health,
    /// Who may ask; none: everybody who reaches us.
    pub(super) login: Option<Login>,
    /// Requests.
    pub(super) requests: Limiter,
    /// Wrong passwords.
    pub(super) failures: Limiter,
    /// The partners' datasets.
    pub(super) data: Data,
    pub(super) started_at: Timestamp,
    started: Instant,
    reader: Arc<Reader>,
    reads: Semaphore,
}

impl App {
    /// Nothing asked yet.
    pub(super) fn new(
        settings: &HttpSettings,
        handle: Handle,
        reader: Arc<Reader>,
        data: Option<Data>,
    ) -> Self {
        Self {
            handle,
            places: Places::new(&settings.listen),
            live: Live::default(),
            health: Health::default(),
            login: Login::new(settings),
            requests: Limiter::new(settings.rate_limit_per_minute, MINUTE),
            failures: Limiter::new(FAILED_LOGINS, MINUTE),
            data: data.unwrap_or_else(Data::none),
            started_at: Timestamp::now(),
            started: Instant::now(),
            reader,
            reads: Semaphore::new(READS),
        }
    }

    /// For how long it has been up.
    pub(super) fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// Reads the ledger on a thread that may wait.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reader) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Unread> {
        let reader = self.reader.clone();
        let reading = async {
            let Ok(_place) = self.reads.acquire().await else { return Err(Unread::Late) };
            match tokio::task::spawn_blocking(move || work(&reader)).await {
                Ok(read) => read.map_err(Unread::Failed),
                Err(_) => Err(Unread::Late),
            }
        };
        tokio::time::timeout(READ_PATIENCE, reading).await.unwrap_or(Err(Unread::Late))
    }
}

/// Why the ledger was not read.
#[derive(Clone, Debug)]
pub(super) enum Unread {
    /// It cannot be.
    Failed(Failure),
    /// Not in the time that somebody waits for an answer.
    Late,
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failed(failure) => failure.fmt(f),
            Self::Late => f.write_str("the ledger was not read in time"),
        }
    }
}

impl From<Unread> for Problem {
    fn from(unread: Unread) -> Self {
        tracing::warn!("http: {unread}");
        Self::unavailable("the ledger cannot be read; the log says why")
    }
}
