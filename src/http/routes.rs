//! What can be asked: one table for the routes and their help, so that it cannot lie.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get};

use super::app::App;
use super::problem::Problem;
use super::{gate, health, help, metrics, status};

/// One route.
pub(super) struct Route {
    /// Its path, as axum reads it.
    pub(super) path: &'static str,
    /// What it answers.
    pub(super) description: &'static str,
    /// Its query parameters, and what each does.
    pub(super) parameters: &'static [(&'static str, &'static str)],
    /// Whether it is answered to everybody, however often.
    pub(super) open: bool,
    method: fn() -> MethodRouter<Arc<App>>,
}

/// Every route.
pub(super) static TABLE: &[Route] = &[
    Route {
        path: "/health",
        description: "whether the program, its ledger and its scheduler are well: 200, or 503",
        parameters: &[],
        open: true,
        method: || get(health::answer),
    },
    Route {
        path: "/status",
        description: "the application, its components, a job for each endpoint, and what moves now",
        parameters: &[],
        open: false,
        method: || get(status::answer),
    },
    Route {
        path: "/metrics",
        description: "counters and gauges in the text format of Prometheus",
        parameters: &[],
        open: false,
        method: || get(metrics::answer),
    },
    Route {
        path: "/help",
        description: "this list",
        parameters: &[],
        open: false,
        method: || get(help::answer),
    },
];

/// Whether the path is answered to everybody.
pub(super) fn is_open(path: &str) -> bool {
    TABLE.iter().any(|route| route.open && route.path == path)
}

/// All routes behind the gate.
pub(super) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for route in TABLE {
        router = router.route(route.path, (route.method)());
    }
    router
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::not_allowed())
        .layer(from_fn_with_state(app.clone(), gate::pass))
        .with_state(app)
}
