//! The API: the token endpoint and the methods that only read.

mod call;
mod changes;
mod corpus;
mod drives;
mod get;
mod gzip;
mod list;
mod mask;
mod order;
mod pages;
mod params;
mod quota;
mod refusal;
mod reply;
mod resource;
mod schema;
mod sessions;
mod token;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;

use super::drive::{Drive, Violation};
use super::key::ServiceKey;
use super::options::DriveOptions;
use crate::demo::fault::Fault;
use crate::demo::net::Scissors;
use crate::demo::world::{Service, World};
use crate::model::Failure;
use call::{Call, EXPORT_LINK, Method};
use pages::Pages;
use quota::Quota;
use refusal::Refusal;
use sessions::Sessions;

/// Largest body of a request, bytes.
const LARGEST_BODY: usize = 1024 * 1024;

/// Milliseconds of a slow call, unless the fault has another number.
const SLOW: u64 = 200;

/// The API's side of the world.
#[derive(Debug)]
pub(in crate::demo) struct Api {
    world: Arc<World>,
    options: DriveOptions,
    key: ServiceKey,
    /// `http://127.0.0.1:port`
    origin: String,
    sessions: Sessions,
    pages: Pages,
    quota: Quota,
}

impl Api {
    /// An API reached at `origin`.
    pub(in crate::demo) fn new(
        world: Arc<World>,
        options: DriveOptions,
        key: ServiceKey,
        origin: String,
    ) -> Result<Self, Failure> {
        Ok(Self {
            world,
            key,
            origin,
            sessions: Sessions::default(),
            pages: Pages::new()?,
            quota: Quota::new(options.units_per_minute),
            options,
        })
    }

    fn strikes(&self, fault: Fault) -> bool {
        self.world.strike(fault).is_some()
    }

    fn drive(&self) -> &Drive {
        self.world.google_drive()
    }

    /// How much goes onto a page for which `wanted` was asked.
    fn page_size(&self, wanted: usize) -> usize {
        match self.world.strike(Fault::DriveShortPages) {
            Some(strike) => wanted.min(strike.value.map_or(7, |most| (most as usize).max(1))),
            None => wanted,
        }
    }

    /// Whether every item says that it may not be downloaded. Saying so is no strike:
    /// refusing it is.
    fn locked(&self) -> bool {
        self.world.armed().iter().any(|armed| armed.name == Fault::DriveDownloadRefused)
    }
}

/// The routes of the token endpoint and the API, with every call in the journal.
pub(in crate::demo) fn router(api: Arc<Api>) -> Router {
    Router::new().route("/token", post(token::token)).fallback(serve).with_state(api)
}

async fn serve(
    State(api): State<Arc<Api>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    request: Request,
) -> Response {
    let arrived = Instant::now();
    let verb = request.method().clone();
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
    let call = Call::read(parts, &body, api.options.url_limit);
    let place = api.world.called(Service::GoogleDrive, verb.as_str(), call.shown.clone());
    let response = match before(&api, &scissors).await {
        Some(instead) => instead,
        None => match answer(&api, &call, arrived) {
            Ok(response) => response,
            Err(refusal) => reply::refused(&call, &refusal),
        },
    };
    api.world.answered(place, u32::from(response.status().as_u16()));
    response
}

/// What happens on the way to the API, whatever is asked.
async fn before(api: &Api, scissors: &Scissors) -> Option<Response> {
    tokio::time::sleep(api.options.latency).await;
    if let Some(strike) = api.world.strike(Fault::DriveSlow) {
        tokio::time::sleep(Duration::from_millis(strike.value.unwrap_or(SLOW))).await;
    }
    if api.strikes(Fault::DriveCutBefore) {
        scissors.cut();
        return std::future::pending().await;
    }
    let status = api.world.strike(Fault::DriveHtml)?.value.unwrap_or(502);
    let status = u16::try_from(status).ok().and_then(|code| StatusCode::from_u16(code).ok());
    Some(reply::html(status.unwrap_or(StatusCode::BAD_GATEWAY)))
}

fn answer(api: &Api, call: &Call, arrived: Instant) -> Result<Response, Refusal> {
    let method = call.method.clone()?;
    if api.strikes(Fault::DriveTokenRevoked) {
        api.sessions.end_all();
    }
    let user = api.sessions.authorise(&call.headers, method.needs())?;
    if let Some(early) = api.quota.too_early(&user, arrived) {
        api.drive().book_violation(Violation {
            at: jiff::Timestamp::now(),
            path: call.shown.clone(),
            early_ms: u64::try_from(early.as_millis()).unwrap_or(u64::MAX),
        });
    }
    limits(api, &method, &user).inspect_err(|refusal| {
        if let Some(pause) = refusal.retry_after {
            api.quota.asked_to_wait(&user, pause, Instant::now());
        }
    })?;
    call.params.check(method.params())?;
    let value = match &method {
        Method::About => drives::about(api, call, &user)?,
        Method::FilesList => list::list(api, call, &user)?,
        Method::FilesGet(id) => get::metadata(api, call, &user, id)?,
        Method::FilesMedia(id) => return get::media(api, call, &user, id),
        Method::FilesExport(id) => {
            let form = call.params.required("mimeType")?;
            return get::export(api, &user, id, form, true);
        }
        Method::ExportLink => {
            let (id, form) = (call.params.required("id")?, call.params.required("exportFormat")?);
            return get::export(api, &user, id, form, false);
        }
        Method::ChangesStart => changes::start(api, call, &user)?,
        Method::ChangesList => changes::list(api, call, &user)?,
        Method::DrivesList => drives::list(api, call, &user)?,
        Method::DrivesGet(id) => drives::get(api, call, &user, id)?,
    };
    Ok(reply::json(api, call, &value))
}

/// Quota, and the refusals that have nothing to do with what is asked.
fn limits(api: &Api, method: &Method, user: &str) -> Result<(), Refusal> {
    if let Some(strike) = api.world.strike(Fault::Drive429) {
        let pause = Duration::from_secs(strike.value.unwrap_or(1));
        let refusal = Refusal::too_fast(StatusCode::TOO_MANY_REQUESTS, "rateLimitExceeded");
        return Err(refusal.after(pause));
    }
    if api.strikes(Fault::Drive403Rate) {
        return Err(Refusal::too_fast(StatusCode::FORBIDDEN, "userRateLimitExceeded"));
    }
    if api.strikes(Fault::Drive500) {
        return Err(Refusal::unwell(StatusCode::INTERNAL_SERVER_ERROR));
    }
    if api.strikes(Fault::Drive503) {
        return Err(Refusal::unwell(StatusCode::SERVICE_UNAVAILABLE));
    }
    api.quota.spend(user, method.units(), Instant::now())?;
    api.drive().book_units(method.units());
    Ok(())
}
