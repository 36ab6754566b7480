//! A lane: one endpoint with all that its work needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, Notify, Semaphore, SemaphorePermit};

use super::accounts::Sources;
use super::tally::Tally;
use crate::config::Config;
use crate::destinations::{Destination, sftp::SftpDestination};
use crate::ledger::NewDelivery;
use crate::model::{DestinationSettings, Endpoint, EndpointResult, Failure, FailureClass, Scope};
use crate::sources::{ExportSource, Source};
use crate::transport::pace::Pace;
use crate::transport::sftp::SMALL;

/// One endpoint, its source and its destination.
pub(super) struct Lane {
    pub(super) endpoint: Endpoint,
    /// Its number in the ledger.
    pub(super) number: i64,
    pub(super) source: Source,
    pub(super) outlet: Option<Outlet>,
    /// Held by the one pass that may list: never two runs of an endpoint at once.
    pub(super) turn: Mutex<()>,
    /// Notified when somebody changed when its items are due.
    pub(super) changed: Notify,
    /// Whether nothing is tried again by itself: everything was stopped.
    rests: AtomicBool,
    /// Transfers of this endpoint at the same time.
    pub(super) transfers: Semaphore,
    /// Those among them whose file is not small.
    large: Semaphore,
    /// Fetches of this endpoint at the same time.
    pub(super) fetches: Semaphore,
    /// How fast they may come, together.
    pub(super) pace: Pace,
}

/// Where a lane's files go.
#[derive(Clone)]
pub(super) struct Outlet {
    pub(super) settings: DestinationSettings,
    pub(super) destination: Arc<dyn Destination>,
    /// Held from the look at a name that may repeat to the rename that takes it.
    pub(super) naming: Arc<Mutex<()>>,
}

impl Outlet {
    /// A delivery to here, about to be made.
    pub(super) fn new_delivery(&self) -> NewDelivery {
        NewDelivery {
            destination: self.settings.name.clone(),
            target: self.settings.target(),
            names: self.settings.names,
        }
    }
}

/// Transfers of one endpoint at the same time whose files are not small: more would not be
/// faster, and each would take longer to be through.
const LARGE: usize = 32;

/// Fetches of one endpoint at the same time: services answer few at once gladly.
const FETCHES: usize = 8;

/// The same from a partner's server, over sessions that are there anyway: small files far
/// away take as long as their round trips, however many are on their way.
const FETCHES_OVER_SFTP: usize = 64;

impl Lane {
    /// The lane of `endpoint`, whose number in the ledger is `number`.
    pub(super) fn build(
        config: &Config,
        endpoint: &Endpoint,
        number: i64,
        sources: &mut dyn Sources,
        outlets: &mut Outlets,
    ) -> Result<Self, Failure> {
        let source = sources.source(config, endpoint)?;
        let outlet = match &endpoint.deliver_to {
            Some(name) => Some(outlets.open(config, name)?),
            None => None,
        };
        let transfers = config.scheduling.max_transfers_per_endpoint;
        let fetches = match endpoint.scope {
            Scope::Sftp(_) => FETCHES_OVER_SFTP,
            _ => FETCHES,
        };
        Ok(Self {
            endpoint: endpoint.clone(),
            number,
            source,
            outlet,
            turn: Mutex::new(()),
            changed: Notify::new(),
            rests: AtomicBool::new(false),
            transfers: Semaphore::new(transfers),
            large: Semaphore::new(LARGE.min(transfers)),
            fetches: Semaphore::new(fetches.min(transfers)),
            pace: Pace::new(endpoint.bandwidth.clone()),
        })
    }

    /// A turn for a file of this size, where it is not small.
    pub(super) async fn turn_for(&self, size: Option<u64>) -> Option<SemaphorePermit<'_>> {
        match size {
            // Never closed: whoever waits gets one.
            Some(size) if size > SMALL => self.large.acquire().await.ok(),
            _ => None,
        }
    }

    /// Nothing of it is tried again by itself before somebody asks for something.
    pub(super) fn rest(&self) {
        self.rests.store(true, Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// Goes on with what is due.
    pub(super) fn wake(&self) {
        if self.rests.swap(false, Ordering::Relaxed) {
            self.changed.notify_one();
        }
    }

    /// Whether it rests.
    pub(super) fn rests(&self) -> bool {
        self.rests.load(Ordering::Relaxed)
    }

    /// An empty tally for one pass of this endpoint.
    pub(super) fn tally(&self) -> Tally {
        Tally::new(EndpointResult::new(&self.endpoint.name, self.endpoint.endpoint_type))
    }

    /// The source's lists. A register has none.
    pub(super) fn lists(&self) -> Result<&dyn ExportSource, Failure> {
        match &self.source {
            Source::Exports(source) => Ok(source.as_ref()),
            Source::Register(_) => Err(Failure::new(
                FailureClass::Misconfigured,
                "asking for the lists of",
                &self.endpoint.name,
            )
            .said("its files are registered: there is no list of what was delivered")),
        }
    }

    /// What its exports' keys name the account: who announces them, or, where nobody
    /// does, to whom they go. So two endpoints never send one file to one place twice.
    pub(super) fn account(&self) -> String {
        match &self.source {
            Source::Exports(source) => source.account(),
            Source::Register(_) => match &self.endpoint.deliver_to {
                Some(name) => name.clone(),
                None if self.is_feed() => format!("feed:{}", self.endpoint.name),
                None => String::new(),
            },
        }
    }

    /// Whether it is a partner's folder, whose files are kept in bronze whether or not
    /// they are delivered anywhere.
    pub(super) fn is_feed(&self) -> bool {
        matches!(self.endpoint.scope, Scope::Sftp(_))
    }

    /// Whether the bytes of its files are fetched.
    pub(super) fn fetches_contents(&self) -> bool {
        self.outlet.is_some() || self.is_feed()
    }

    /// Whether files of this type are delivered.
    pub(super) fn delivers(&self, file_type: &str) -> bool {
        if matches!(self.source, Source::Register(_)) {
            // Picked by type when it was listed, and named by its type.
            return true;
        }
        let types = &self.endpoint.file_types;
        types.is_empty() || types.iter().any(|t| t.eq_ignore_ascii_case(file_type))
    }
}

/// The destinations in use; endpoints with the same one share its sessions.
#[derive(Default)]
pub(super) struct Outlets(Vec<Outlet>);

impl Outlets {
    fn open(&mut self, config: &Config, name: &str) -> Result<Outlet, Failure> {
        if let Some(open) = self.0.iter().find(|outlet| outlet.settings.name == name) {
            return Ok(open.clone());
        }
        let settings = config.destinations.get(name).cloned().ok_or_else(|| {
            Failure::new(FailureClass::Misconfigured, "looking for the destination", name)
        })?;
        let outlet = Outlet {
            destination: Arc::new(SftpDestination::new(settings.clone())),
            settings,
            naming: Arc::default(),
        };
        self.0.push(outlet.clone());
        Ok(outlet)
    }

    /// Opens every destination of `config`: also one that no endpoint delivers to any
    /// more has deliveries to bring to their end.
    pub(super) fn open_all(&mut self, config: &Config) -> Result<(), Failure> {
        config.destinations.keys().try_for_each(|name| self.open(config, name).map(drop))
    }

    /// All of them.
    pub(super) fn into_inner(self) -> Vec<Outlet> {
        self.0
    }
}
