//! Autodesk Platform Services with one construction account: OAuth v2, Data
//! Management, OSS and the store that signed URLs lead to. As strict as the
//! vendor's OpenAPI and pages say (`tests/contracts`), and as nasty as can be.

mod access;
mod control;
mod data;
mod error;
mod gate;
mod limits;
mod oauth;
mod options;
mod oss;
mod storage;
mod tree;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::fault::Fault;
use super::world::{Offence, Service, World};
pub use access::{AutodeskAccess, ServiceAccount};
use access::{SERVICE_ACCOUNT, USER};
pub(super) use control::router as control_router;
use limits::Limiter;
use oauth::Tokens;
pub use options::{AutodeskOptions, Limits};
pub(super) use storage::{Storage, router as storage_router};
pub(super) use tree::Tree;
pub use tree::{Content, HOSTILE_NAMES, Operation, Place, TrueFile, TrueProject, Truth};

/// What stays as it is in a path segment or a query value.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The API's side of the world.
#[derive(Debug)]
pub(super) struct Api {
    world: Arc<World>,
    access: AutodeskAccess,
    options: AutodeskOptions,
    tokens: Tokens,
    limiter: Limiter,
    storage: Arc<Storage>,
}

impl Api {
    pub(super) fn new(
        world: Arc<World>,
        access: AutodeskAccess,
        options: AutodeskOptions,
        storage: Arc<Storage>,
    ) -> Self {
        let limiter = Limiter::new(options.limits);
        Self { world, access, options, tokens: Tokens::default(), limiter, storage }
    }

    fn strikes(&self, fault: Fault) -> bool {
        self.world.strike(fault).is_some()
    }
}

/// Plants the account, and says how to sign in to it at `base_url`.
pub(super) fn found(world: &World, options: &AutodeskOptions, base_url: String) -> AutodeskAccess {
    let mut access = AutodeskAccess::new(base_url, options.callback_url.clone());
    world.change_autodesk(|tree| {
        tree.plant_samples();
        if let Some((folders, files)) = options.large {
            access.large_project_id = Some(tree.generate("Large Project", folders, files, 0));
        }
        tree.arrive();
        access.hub_id.clone_from(&tree.hubs[0].id);
        access.project_id.clone_from(&tree.projects[0].id);
        access.empty_project_id.clone_from(&tree.projects[1].id);
        access.european_project_id.clone_from(&tree.projects[2].id);
    });
    access
}

/// The API's routes, with every call in the journal.
pub(super) fn router(api: Arc<Api>) -> Router {
    let gate = middleware::from_fn_with_state(Arc::clone(&api), gate::gate);
    let world = Arc::clone(&api.world);
    Router::new()
        .merge(data::router())
        .merge(oss::router())
        .route_layer(gate)
        .merge(oauth::router())
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(middleware::from_fn_with_state((Service::Autodesk, world), journal))
        .with_state(api)
}

/// Books the call when it arrives, its answer when there is one, and what was
/// wrong with it.
async fn journal(
    State((service, world)): State<(Service, Arc<World>)>,
    request: Request,
    next: Next,
) -> Response {
    let uri = request.uri();
    let api = service == Service::Autodesk && !uri.path().starts_with("/authentication/");
    // Elsewhere the query is a state, a challenge or a signature.
    let path = if api { uri.path_and_query().map_or("", |all| all.as_str()) } else { uri.path() };
    let place = world.called(service, request.method().as_str(), path.to_owned());
    let response = next.run(request).await;
    if let Some(offence) = response.extensions().get::<Offence>() {
        world.offended(place, *offence);
    }
    world.answered(place, u32::from(response.status().as_u16()));
    response
}

/// As a path segment or a query value.
fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}
