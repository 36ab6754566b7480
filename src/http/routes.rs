//! What can be asked: one table for the routes, their help and their description for
//! programs, so that none of them can lie.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get};

use super::app::App;
use super::problem::Problem;
use super::{data, gate, health, help, metrics, status};

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
    /// What comes back.
    pub(super) body: Body,
    method: fn() -> MethodRouter<Arc<App>>,
}

/// What a route answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// An object of JSON that has at least these fields.
    Object(&'static [&'static str]),
    /// Text of this kind.
    Text(&'static str),
    /// A page of what is configured.
    Page,
    /// A page of the datasets themselves.
    Datasets,
    /// A whole dataset.
    Export,
}

const LIMIT: (&str, &str) = ("limit", "rows of a page, 1 to 1000; 10 where nothing is said");
const CURSOR: (&str, &str) = ("cursor", "next_cursor of the page before, with the same filters");
const FORMAT: (&str, &str) = ("format", "ndjson or csv; else what Accept names, else ndjson");
const FILTER: (&str, &str) = ("…", "any indexed column of the dataset; /openapi.json lists them");

/// Every route.
pub(super) static TABLE: &[Route] = &[
    Route {
        path: "/health",
        description: "whether the program, its ledger and its scheduler are well: 200, or 503",
        parameters: &[],
        open: true,
        body: Body::Object(&["status", "timestamp", "version", "uptime_seconds", "checks"]),
        method: || get(health::answer),
    },
    Route {
        path: "/status",
        description: "the application, its components, a job for each endpoint, and what moves now",
        parameters: &[],
        open: false,
        body: Body::Object(&["status", "timestamp", "application", "components", "transfers"]),
        method: || get(status::answer),
    },
    Route {
        path: "/metrics",
        description: "counters and gauges in the text format of Prometheus",
        parameters: &[],
        open: false,
        body: Body::Text("text/plain"),
        method: || get(metrics::answer),
    },
    Route {
        path: "/help",
        description: "this list",
        parameters: &[],
        open: false,
        body: Body::Object(&["routes"]),
        method: || get(help::answer),
    },
    Route {
        path: "/openapi.json",
        description: "this API for programs: OpenAPI 3.1",
        parameters: &[],
        open: false,
        body: Body::Object(&["openapi", "info", "paths"]),
        method: || get(data::openapi),
    },
    Route {
        path: "/products",
        description: "the products, in the order of their keys",
        parameters: &[LIMIT, CURSOR],
        open: false,
        body: Body::Page,
        method: || get(data::list),
    },
    Route {
        path: "/sales",
        description: "the sales, in the order of their numbers",
        parameters: &[LIMIT, CURSOR],
        open: false,
        body: Body::Page,
        method: || get(data::list),
    },
    Route {
        path: "/categories",
        description: "the categories of products and sales",
        parameters: &[LIMIT, CURSOR],
        open: false,
        body: Body::Page,
        method: || get(data::list),
    },
    Route {
        path: "/sales/daily_count",
        description: "how many sales there are of each day",
        parameters: &[LIMIT, CURSOR],
        open: false,
        body: Body::Page,
        method: || get(data::list),
    },
    Route {
        path: "/sales/product_daily_count",
        description: "how many sales there are of each product on each day",
        parameters: &[LIMIT, CURSOR],
        open: false,
        body: Body::Page,
        method: || get(data::list),
    },
    Route {
        path: "/sales/category_sales",
        description: "quantity times price of each category's sales, summed up exactly",
        parameters: &[LIMIT, CURSOR],
        open: false,
        body: Body::Page,
        method: || get(data::list),
    },
    Route {
        path: "/sales/filtered",
        description: "the sales of a day, month or year, of a product, of a category",
        parameters: &[LIMIT, CURSOR],
        open: false,
        body: Body::Page,
        method: || get(data::list),
    },
    Route {
        path: "/datasets",
        description: "the datasets that are configured: columns, rows, files, links",
        parameters: &[LIMIT, CURSOR],
        open: false,
        body: Body::Datasets,
        method: || get(data::datasets),
    },
    Route {
        path: data::ROWS,
        description: "the rows of a dataset, in the order of its key",
        parameters: &[LIMIT, CURSOR, FILTER],
        open: false,
        body: Body::Page,
        method: || get(data::list),
    },
    Route {
        path: data::EXPORT,
        description: "all rows of a dataset as they are at one moment, as NDJSON or CSV; whatever \
                      takes longer than five minutes is cut off",
        parameters: &[FORMAT, FILTER],
        open: false,
        body: Body::Export,
        method: || get(data::export),
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
