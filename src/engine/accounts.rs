//! From an endpoint of the configuration to its source. Endpoints of one client share
//! its account: its tokens, and its service's limits.

use std::sync::Arc;

use crate::config::{Client, Config};
use crate::model::{Endpoint, Failure, FailureClass, Scope};
use crate::sources::{Source, encoura::Encoura};

/// Makes sources: the real ones, or a test's.
pub trait Sources: Send {
    /// The source of `endpoint`. Sends nothing yet.
    fn source(&mut self, config: &Config, endpoint: &Endpoint) -> Result<Source, Failure>;
}

/// The accounts in use, by the name of their client; makes the real sources.
#[derive(Default)]
pub struct Accounts {}

impl Sources for Accounts {
    fn source(&mut self, config: &Config, endpoint: &Endpoint) -> Result<Source, Failure> {
        match (config.clients.get(&endpoint.client), &endpoint.scope) {
            (Some(Client::Encoura(account)), Scope::Exports) => {
                Ok(Source::Exports(Arc::new(Encoura::new(account.clone())?)))
            }
            _ => Err(not_synced(endpoint)),
        }
    }
}

/// This version cannot sync endpoints of this type.
pub(super) fn not_synced(endpoint: &Endpoint) -> Failure {
    Failure::new(FailureClass::Misconfigured, "syncing", &endpoint.name)
        .said(format!("{} endpoints are not synced by this version", endpoint.endpoint_type))
}
