//! What every part of the engine's work shares.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::accounts;
use super::agenda::Agenda;
use super::claims::Claims;
use super::lane::{Lane, Outlet};
use super::notify::Notifier;
use super::restored::MarkFile;
use super::sign_in::SignIns;
use super::{Event, Handle, Level, Phase, Schedules};
use crate::config::Config;
use crate::ledger::{Delivery, Export, Ledger};
use crate::model::{Endpoint, Failure, FailureClass, Shown};
use crate::silver::Silver;

/// Everything that outlives a single pass.
pub(super) struct Context {
    pub(super) config: Config,
    pub(super) ledger: Arc<Ledger>,
    pub(super) handle: Handle,
    pub(super) mark: MarkFile,
    pub(super) schedules: Schedules,
    pub(super) lanes: Vec<Arc<Lane>>,
    pub(super) outlets: Vec<Outlet>,
    pub(super) claims: Claims,
    /// The datasets' tables; none if no endpoint has datasets, or why they cannot be
    /// opened: everything else works.
    pub(super) silver: Option<Result<Silver, Failure>>,
    pub(super) sign_ins: SignIns,
    /// When each of them runs by itself.
    pub(super) agenda: Agenda,
    /// Who is told of what goes wrong.
    pub(super) notifier: Notifier,
    /// Cancelled when everything is to come to a safe point and stop.
    pub(super) stop: CancellationToken,
    /// Transfers at the same time, over all endpoints.
    pub(super) transfers: Semaphore,
    /// Endpoints that are synced at the same time.
    pub(super) syncs: Semaphore,
}

impl Context {
    /// The lane of the endpoint with this number in the ledger.
    pub(super) fn lane(&self, number: i64) -> Option<&Arc<Lane>> {
        self.lanes.iter().find(|lane| lane.number == number)
    }

    /// The lanes of the named endpoints, or of all active ones.
    pub(super) fn lanes_called(&self, names: &[String]) -> Result<Vec<Arc<Lane>>, Failure> {
        let mut lanes = Vec::new();
        for endpoint in endpoints_called(&self.config, names)? {
            match self.lanes.iter().find(|lane| lane.endpoint.name == endpoint.name) {
                Some(lane) => lanes.push(lane.clone()),
                // Not by name: then those that this version can sync are meant.
                None if names.is_empty() => {}
                None => return Err(accounts::not_synced(endpoint)),
            }
        }
        Ok(lanes)
    }

    /// The datasets' tables.
    pub(super) fn silver(&self) -> Result<&Silver, Failure> {
        match &self.silver {
            Some(opened) => opened.as_ref().map_err(Clone::clone),
            None => Err(Failure::new(FailureClass::Misconfigured, "taking in", "files")
                .said("no endpoint has datasets")
                .advice("define them below datasets of a partner's feed (endpoint_type: sftp)")),
        }
    }

    /// The folder of raw lists.
    pub(super) fn polls_folder(&self) -> PathBuf {
        self.config.data_dir.join("polls")
    }

    /// The folder of files that are being fetched.
    pub(super) fn parts_folder(&self) -> PathBuf {
        self.config.data_dir.join("parts")
    }

    /// Says that an endpoint is in another phase.
    pub(super) fn phase(&self, lane: &Lane, phase: Phase) {
        tracing::debug!(endpoint = lane.endpoint.name, phase = phase.words());
        self.handle.publish(Event::Endpoint { endpoint: lane.endpoint.name.clone(), phase });
    }

    /// Says that an export has a new state, on screen and in the log of record.
    pub(super) fn export_moved(&self, lane: &Lane, export: &Export) {
        let endpoint = lane.endpoint.name.as_str();
        let (id, name, state) = (export.id, Shown::new(export.name()), export.state);
        match &export.failure {
            None => tracing::info!(endpoint, %id, %name, %state, "export {id} {state}: {name}"),
            Some(failure) => {
                tracing::warn!(endpoint, %id, %name, %state, "export {id} {state}: {name}: {failure}");
            }
        }
        self.handle.publish(Event::Export {
            id,
            endpoint: endpoint.into(),
            name,
            state,
            failure: export.failure.clone(),
        });
    }

    /// Says that a delivery has a new state, on screen and in the log of record.
    pub(super) fn delivery_moved(&self, lane: &Lane, delivery: &Delivery) {
        let endpoint = lane.endpoint.name.as_str();
        let (id, name, state) = (delivery.id, Shown::new(&delivery.final_name), delivery.state);
        let attempt = delivery.attempt;
        match &delivery.failure {
            None => {
                tracing::info!(endpoint, %id, %name, %state, attempt, "delivery {id} {state}: {name}");
            }
            Some(failure) => {
                tracing::warn!(endpoint, %id, %name, %state, attempt, "delivery {id} {state}: {name}: {failure}");
            }
        }
        self.handle.publish(Event::Delivery {
            id,
            export: delivery.export,
            endpoint: endpoint.into(),
            name,
            state,
            attempt,
            failure: delivery.failure.clone(),
        });
    }

    /// Says anything else.
    pub(super) fn notice(&self, level: Level, text: impl Into<String>) {
        let text = text.into();
        match level {
            Level::Info => tracing::info!("{text}"),
            Level::Warning => tracing::warn!("{text}"),
            Level::Error => tracing::error!("{text}"),
        }
        self.handle.publish(Event::Notice { level, text });
    }
}

/// The named endpoints of `config`, or all active ones.
pub(super) fn endpoints_called<'a>(
    config: &'a Config,
    names: &[String],
) -> Result<Vec<&'a Endpoint>, Failure> {
    if names.is_empty() {
        return Ok(config.endpoints.iter().filter(|endpoint| endpoint.is_active).collect());
    }
    let find = |name: &String| {
        config.endpoints.iter().find(|endpoint| endpoint.name == *name).ok_or_else(|| {
            let known: Vec<&str> = config.endpoints.iter().map(|e| e.name.as_str()).collect();
            Failure::new(FailureClass::Misconfigured, "looking for the endpoint", name)
                .said(format!("there are: {}", known.join(", ")))
        })
    };
    names.iter().map(find).collect()
}
