//! `/status`: everything an operator asks first, for programs.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;

use super::answer;
use super::app::{App, VERSION};
use super::health::{Checks, word};
use super::listen::Place;
use super::live::Picture;
use super::untold;
use crate::engine::Transfer;
use crate::ledger::{Books as _, EndpointRow, Totals, Undelivered};
use crate::model::{EndpointType, Id, Outcome, Schedule, Shown};

#[derive(Serialize)]
struct Status {
    status: &'static str,
    timestamp: Timestamp,
    application: Application,
    components: Components,
    /// None: the ledger cannot be read.
    jobs: Option<Vec<Job>>,
    transfers: Vec<Moving>,
}

#[derive(Serialize)]
struct Application {
    name: &'static str,
    version: &'static str,
    started_at: Timestamp,
    uptime_seconds: u64,
}

#[derive(Serialize)]
struct Components {
    database: Database,
    scheduler: Scheduler,
    /// By type of service.
    api_clients: BTreeMap<&'static str, ApiClient>,
    http: Http,
    notifications: untold::Notifications,
}

#[derive(Serialize)]
struct Database {
    status: &'static str,
    /// Why it cannot be read, or written.
    error: Option<Shown>,
}

#[derive(Serialize)]
struct Scheduler {
    status: &'static str,
    error: Option<Shown>,
    /// Endpoints that run by themselves.
    jobs: usize,
    /// Endpoints whose schedules rest.
    paused: usize,
}

#[derive(Serialize)]
struct ApiClient {
    status: &'static str,
    endpoints: Vec<String>,
    throttled: Vec<Throttled>,
}

#[derive(Serialize)]
struct Throttled {
    endpoint: String,
    until: Timestamp,
}

#[derive(Serialize)]
struct Http {
    status: &'static str,
    listeners: Vec<Place>,
}

#[derive(Serialize)]
struct Job {
    endpoint_name: String,
    endpoint_type: EndpointType,
    schedule_type: &'static str,
    schedule: Option<Schedule>,
    is_active: bool,
    paused: bool,
    /// What it does now, in words.
    now: String,
    last_run: Option<Timestamp>,
    next_run: Option<Timestamp>,
    run_count: u64,
    success_count: u64,
    error_count: u64,
    missed_count: u64,
    last_missed: Option<Timestamp>,
    last_result: Option<Outcome>,
    last_error: Option<Shown>,
    last_success: Option<Timestamp>,
    throttled_until: Option<Timestamp>,
    waiting: u64,
    retrying: u64,
    needs_operator: u64,
    unconfirmed: u64,
    confirmed: u64,
    /// Files in its register, and those of them that we may not see any more.
    files: u64,
    access_lost: u64,
    /// The walk through its register that is under way, or was last.
    walk: Option<Walked>,
}

#[derive(Serialize)]
struct Walked {
    found: u64,
    new: u64,
    updated: u64,
    removed: u64,
    calls: u64,
    quota: u64,
}

#[derive(Serialize)]
struct Moving {
    id: Id,
    endpoint: String,
    name: Shown,
    step: String,
    bytes: u64,
    total: Option<u64>,
}

/// What the ledger says.
struct Read {
    endpoints: Vec<EndpointRow>,
    totals: Vec<Totals>,
    throttled: Vec<(String, Timestamp)>,
    undelivered: Vec<Undelivered>,
}

impl Read {
    /// With those whose services asked a walk to wait: that is in no books.
    fn with(mut self, picture: &Picture) -> Self {
        let now = Timestamp::now();
        for (name, walk) in &picture.walks {
            let Some(until) = walk.throttled_until.filter(|until| *until > now) else { continue };
            match self.throttled.iter_mut().find(|(endpoint, _)| endpoint == name) {
                Some((_, known)) => *known = until.max(*known),
                None => self.throttled.push((name.clone(), until)),
            }
        }
        self
    }
}

/// Answers with all of it; also where the ledger cannot be read, and then says so.
pub(super) async fn answer(app: Arc<App>) -> Response {
    let reading = app.read(|reader| {
        Ok(Read {
            endpoints: reader.endpoints()?,
            totals: reader.totals()?,
            throttled: reader.throttled()?,
            undelivered: reader.undelivered()?,
        })
    });
    let (read, checks) = tokio::join!(reading, app.checks());
    let (picture, listeners) = (app.live.picture(), app.places.all());
    let error = match &read {
        Ok(_) => None,
        Err(unread) => Some(unread.to_string()),
    };
    let read = read.ok().map(|read| read.with(&picture));
    let status = Status {
        status: word(checks.well() && read.is_some()),
        timestamp: Timestamp::now(),
        application: Application {
            name: "transship",
            version: VERSION,
            started_at: app.started_at,
            uptime_seconds: app.uptime().as_secs(),
        },
        components: components(&checks, error, read.as_ref(), listeners),
        jobs: read.map(|read| jobs(&read, &picture)),
        transfers: picture.transfers.into_values().map(Moving::from).collect(),
    };
    answer::json(StatusCode::OK, &status)
}

fn components(
    checks: &Checks,
    unread: Option<String>,
    read: Option<&Read>,
    listeners: Vec<Place>,
) -> Components {
    let endpoints = read.map(|read| read.endpoints.as_slice()).unwrap_or_default();
    let database = unread.or_else(|| checks.ledger.clone()).or_else(|| checks.writer.clone());
    let deaf = listeners.iter().any(|place| place.error.is_some());
    Components {
        database: Database { status: word(database.is_none()), error: database.map(Shown::new) },
        scheduler: Scheduler {
            status: word(checks.scheduler.is_none()),
            error: checks.scheduler.as_ref().map(Shown::new),
            jobs: endpoints.iter().filter(|e| e.next_run.is_some()).count(),
            paused: endpoints.iter().filter(|e| e.paused).count(),
        },
        api_clients: api_clients(read),
        http: Http { status: if deaf { "degraded" } else { "healthy" }, listeners },
        notifications: untold::of(read.map(|read| read.undelivered.as_slice())),
    }
}

fn api_clients(read: Option<&Read>) -> BTreeMap<&'static str, ApiClient> {
    let mut clients: BTreeMap<&'static str, ApiClient> = BTreeMap::new();
    let Some(read) = read else { return clients };
    for row in &read.endpoints {
        let client = clients.entry(row.endpoint_type.as_str()).or_insert_with(|| ApiClient {
            status: "unknown",
            endpoints: Vec::new(),
            throttled: Vec::new(),
        });
        client.endpoints.push(row.name.clone());
        client.throttled.extend(
            throttled_until(read, &row.name)
                .map(|until| Throttled { endpoint: row.name.clone(), until }),
        );
        client.status = match (client.status, row.last_outcome) {
            // Any that works says that its service answers us.
            ("healthy", _) | (_, Some(Outcome::Done | Outcome::NothingNew | Outcome::Partial)) => {
                "healthy"
            }
            (_, Some(Outcome::Failed | Outcome::NeedsOperator)) => "failing",
            (before, _) => before,
        };
    }
    for client in clients.values_mut().filter(|client| !client.throttled.is_empty()) {
        client.status = "throttled";
    }
    clients
}

fn throttled_until(read: &Read, name: &str) -> Option<Timestamp> {
    read.throttled.iter().find(|(endpoint, _)| endpoint == name).map(|(_, until)| *until)
}

fn jobs(read: &Read, picture: &Picture) -> Vec<Job> {
    read.endpoints.iter().map(|row| job(row, read, picture)).collect()
}

fn job(row: &EndpointRow, read: &Read, picture: &Picture) -> Job {
    let runs = |counts: fn(Outcome) -> bool| -> u64 {
        let of_it = read.totals.iter().filter(|t| t.endpoint == row.name && counts(t.outcome));
        of_it.map(|t| t.runs).sum()
    };
    let is_success = |outcome| matches!(outcome, Outcome::Done | Outcome::NothingNew);
    let last_success = read
        .totals
        .iter()
        .filter(|t| t.endpoint == row.name && is_success(t.outcome))
        .map(|t| t.last_at)
        .max();
    Job {
        endpoint_name: row.name.clone(),
        endpoint_type: row.endpoint_type,
        schedule_type: match row.schedule {
            Some(Schedule::Interval { .. }) => "interval",
            Some(Schedule::Cron { .. }) => "cron",
            Some(Schedule::Manual) => "manual",
            None => "unknown",
        },
        schedule: row.schedule.clone(),
        is_active: row.is_active,
        paused: row.paused,
        now: picture.phases.get(&row.name).map_or_else(|| "idle".into(), |phase| phase.words()),
        last_run: row.last_run,
        next_run: row.next_run,
        run_count: runs(|outcome| outcome != Outcome::Missed),
        success_count: runs(|outcome| matches!(outcome, Outcome::Done | Outcome::NothingNew)),
        error_count: runs(|outcome| {
            matches!(outcome, Outcome::Partial | Outcome::Failed | Outcome::NeedsOperator)
        }),
        missed_count: row.missed_runs,
        last_missed: row.last_missed_at,
        last_result: row.last_outcome,
        last_error: row.last_error.as_ref().map(Shown::new),
        last_success,
        throttled_until: throttled_until(read, &row.name),
        waiting: row.waiting,
        retrying: row.retrying,
        needs_operator: row.needs_operator,
        unconfirmed: row.unconfirmed,
        confirmed: row.confirmed,
        files: row.files,
        access_lost: row.access_lost,
        walk: picture.walks.get(&row.name).map(|walk| Walked {
            found: walk.found,
            new: walk.new,
            updated: walk.updated,
            removed: walk.removed,
            calls: walk.calls,
            quota: walk.quota,
        }),
    }
}

impl From<Transfer> for Moving {
    fn from(transfer: Transfer) -> Self {
        let Transfer { id, endpoint, name, step, bytes, total, .. } = transfer;
        Self { id, endpoint, name, step, bytes, total }
    }
}
