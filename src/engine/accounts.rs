//! From an endpoint of the configuration to its source. Endpoints of one client share
//! its account: its tokens, and its service's limits.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::{Client, Config};
use crate::model::{AutodeskAccount, Endpoint, Failure, FailureClass, GoogleAccount, Scope};
use crate::sources::autodesk::{self, AutodeskSource};
use crate::sources::google_drive::{self, DriveSource};
use crate::sources::sftp::{self, SftpSource};
use crate::sources::{Source, encoura::Encoura};

/// Makes sources: the real ones, or a test's.
pub trait Sources: Send {
    /// The source of `endpoint`. Sends nothing yet.
    fn source(&mut self, config: &Config, endpoint: &Endpoint) -> Result<Source, Failure>;
}

/// The accounts in use, by the name of their client; makes the real sources.
#[derive(Default)]
pub struct Accounts {
    autodesk: HashMap<String, Arc<autodesk::Account>>,
    google_drive: HashMap<String, Arc<google_drive::Account>>,
    sftp: HashMap<String, Arc<sftp::Account>>,
}

impl Accounts {
    fn autodesk(&mut self, settings: &AutodeskAccount) -> Result<Arc<autodesk::Account>, Failure> {
        if let Some(open) = self.autodesk.get(&settings.name) {
            return Ok(open.clone());
        }
        let account = autodesk::Account::new(settings.clone())?;
        self.autodesk.insert(settings.name.clone(), account.clone());
        Ok(account)
    }

    fn google_drive(
        &mut self,
        settings: &GoogleAccount,
    ) -> Result<Arc<google_drive::Account>, Failure> {
        if let Some(open) = self.google_drive.get(&settings.name) {
            return Ok(open.clone());
        }
        let account = google_drive::Account::new(settings.clone())?;
        self.google_drive.insert(settings.name.clone(), account.clone());
        Ok(account)
    }
}

impl Sources for Accounts {
    fn source(&mut self, config: &Config, endpoint: &Endpoint) -> Result<Source, Failure> {
        match (config.clients.get(&endpoint.client), &endpoint.scope) {
            (Some(Client::Encoura(account)), Scope::Exports) => {
                Ok(Source::Exports(Arc::new(Encoura::new(account.clone())?)))
            }
            (Some(Client::Autodesk(settings)), Scope::Autodesk(scope)) => {
                let account = self.autodesk(settings)?;
                Ok(Source::Register(Arc::new(AutodeskSource::new(account, scope.clone()))))
            }
            (Some(Client::GoogleDrive(settings)), Scope::GoogleDrive(scope)) => {
                let account = self.google_drive(settings)?;
                let contents = endpoint.deliver_to.is_some();
                Ok(Source::Register(Arc::new(DriveSource::new(account, scope.clone(), contents))))
            }
            (Some(Client::Sftp(server)), Scope::Sftp(scope)) => {
                let open = self.sftp.entry(endpoint.client.clone());
                let account = open.or_insert_with(|| sftp::Account::new(server.clone())).clone();
                Ok(Source::Register(Arc::new(SftpSource::new(account, scope.clone()))))
            }
            _ => Err(not_synced(endpoint)),
        }
    }
}

/// There is nothing to sign in with.
pub(super) fn not_synced(endpoint: &Endpoint) -> Failure {
    Failure::new(FailureClass::Misconfigured, "syncing", &endpoint.name)
        .said(format!("there is no client {} of type {}", endpoint.client, endpoint.endpoint_type))
        .advice("add it below clients; `transship check` says what it needs")
}
