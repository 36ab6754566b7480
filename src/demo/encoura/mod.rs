//! The Encoura API, as strict as what is known of it (facts: the vendor's
//! sample script and public clients) and as nasty as what is not.

mod download;
mod list;
mod login;
mod sessions;
mod store;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use super::access::EncouraAccess;
use super::fault::Fault;
use super::net::Scissors;
use super::world::{Flips, Service, World};
use sessions::Sessions;
pub(super) use store::Refusal as StoreRefusal;
pub(super) use store::{Range, cut_body, requested, slow_body, whole_body};
pub(super) use store::{Store, router as store_router};

/// The first word of the Authorization header that is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum AuthScheme {
    /// `JWT`, as it was until 2025.
    #[default]
    Jwt,
    /// `Bearer`, as in the vendor's sample since.
    Bearer,
    /// Both.
    Either,
}

/// The API's side of the world.
#[derive(Debug)]
pub(super) struct Api {
    world: Arc<World>,
    account: EncouraAccess,
    auth_scheme: AuthScheme,
    flips: Flips,
    url_life: Duration,
    store: Arc<Store>,
    sessions: Sessions,
}

impl Api {
    pub(super) fn new(
        world: Arc<World>,
        account: EncouraAccess,
        store: Arc<Store>,
        auth_scheme: AuthScheme,
        flips: Flips,
        url_life: Duration,
    ) -> Self {
        Self { world, account, auth_scheme, flips, url_life, store, sessions: Sessions::default() }
    }

    fn strikes(&self, fault: Fault) -> bool {
        self.world.strike(fault).is_some()
    }

    /// Whether this call may be served, as the API would decide.
    fn authorise(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if self.strikes(Fault::SessionExpired) {
            self.sessions.end_all();
        }
        let scheme = if self.strikes(Fault::BearerOnly) {
            AuthScheme::Bearer
        } else if self.strikes(Fault::JwtOnly) {
            AuthScheme::Jwt
        } else {
            self.auth_scheme
        };
        let (word, token) = text(headers, header::AUTHORIZATION.as_str())
            .and_then(|value| value.split_once(' '))
            .ok_or(UNAUTHORIZED)?;
        let accepted = match scheme {
            AuthScheme::Jwt => word == "JWT",
            AuthScheme::Bearer => word == "Bearer",
            AuthScheme::Either => word == "JWT" || word == "Bearer",
        };
        if !accepted || !self.sessions.know(token) {
            return Err(UNAUTHORIZED);
        }
        match text(headers, "organization") {
            Some(uid) if uid == self.account.organization_uid => Ok(()),
            Some(_) => Err(Refusal(StatusCode::FORBIDDEN, "User is not a member of organization")),
            None => Err(Refusal(StatusCode::BAD_REQUEST, "Organization header is required")),
        }
    }
}

/// The API's routes, with every call in the journal.
pub(super) fn router(api: Arc<Api>) -> Router {
    let world = Arc::clone(&api.world);
    Router::new()
        .route("/v1/login", post(login::login))
        .route("/v1/datacenter/exports", get(list::list))
        .route("/v1/datacenter/exports/{uid}/download", get(download::download))
        .fallback(async || Refusal(StatusCode::NOT_FOUND, "Not Found"))
        .layer(middleware::from_fn_with_state((Service::Encoura, world), journal))
        .with_state(api)
}

/// Books the call when it arrives and its answer when there is one.
async fn journal(
    State((service, world)): State<(Service, Arc<World>)>,
    request: Request,
    next: Next,
) -> Response {
    let uri = request.uri();
    let path = match service {
        Service::Encoura => uri.path_and_query().map_or("", |whole| whole.as_str()),
        // The store's query is a signature.
        _ => uri.path(),
    };
    let place = world.called(service, request.method().as_str(), path.to_owned());
    let response = next.run(request).await;
    world.answered(place, u32::from(response.status().as_u16()));
    response
}

/// An error in the form of an API gateway.
#[derive(Clone, Copy, Debug)]
struct Refusal(StatusCode, &'static str);

const UNAUTHORIZED: Refusal = Refusal(StatusCode::UNAUTHORIZED, "Unauthorized");

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, text) = self;
        (status, Json(json!({ "message": text }))).into_response()
    }
}

/// A header as text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Cuts the connection; the answer is never written.
pub(super) async fn hang_up(scissors: &Scissors) -> Response {
    scissors.cut();
    std::future::pending().await
}
