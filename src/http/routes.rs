//! What can be asked: one table for the routes, their help and their description for
//! programs, so that none of them can lie.

use std::pin::Pin;
use std::sync::Arc;

use axum::http::Method;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};

use super::app::App;
use super::problem::Problem;
use super::{data, health, help, metrics, status};

/// One route.
pub(super) struct Route {
    /// Its path; `{name}` stands for one part of it.
    pub(super) path: &'static str,
    /// What it answers.
    pub(super) description: &'static str,
    /// Its query parameters, and what each does.
    pub(super) parameters: &'static [(&'static str, &'static str)],
    /// Whether it is answered to everybody, however often.
    pub(super) open: bool,
    /// What comes back.
    pub(super) body: Body,
    answer: fn(Arc<App>, Parts) -> Answering,
}

/// An answer that is being made.
type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

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
        answer: |app, _| Box::pin(health::answer(app)),
    },
    Route {
        path: "/status",
        description: "the application, its components, a job for each endpoint, and what moves now",
        parameters: &[],
        open: false,
        body: Body::Object(&["status", "timestamp", "application", "components", "transfers"]),
        answer: |app, _| Box::pin(status::answer(app)),
    },
    Route {
        path: "/metrics",
        description: "counters and gauges in the text format of Prometheus",
        parameters: &[],
        open: false,
        body: Body::Text("text/plain"),
        answer: |app, _| Box::pin(metrics::answer(app)),
    },
    Route {
        path: "/help",
        description: "this list",
        parameters: &[],
        open: false,
        body: Body::Object(&["routes"]),
        answer: |app, _| Box::pin(help::answer(app)),
    },
    Route {
        path: "/openapi.json",
        description: "this API for programs: OpenAPI 3.1",
        parameters: &[],
        open: false,
        body: Body::Object(&["openapi", "info", "paths"]),
        answer: |app, request| Box::pin(data::openapi(app, request)),
    },
    Route {
        path: "/products",
        description: "the products, in the order of their keys",
        parameters: &[LIMIT, CURSOR],
        open: false,
        body: Body::Page,
        answer: |app, request| Box::pin(data::list(app, request)),
    },
    Route {
        path: "/sales",
        description: "the sales, in the order of their numbers",
        parameters: &[LIMIT, CURSOR],
        open: false,
        body: Body::Page,
        answer: |app, request| Box::pin(data::list(app, request)),
    },
    Route {
        path: "/categories",
        description: "the categories of products and sales",
        parameters: &[LIMIT, CURSOR],
        open: false,
        body: Body::Page,
        answer: |app, request| Box::pin(data::list(app, request)),
    },
    Route {
        path: "/sales/daily_count",
        description: "how many sales there are of each day",
        parameters: &[LIMIT, CURSOR],
        open: false,
        body: Body::Page,
        answer: |app, request| Box::pin(data::list(app, request)),
    },
    Route {
        path: "/sales/product_daily_count",
        description: "how many sales there are of each product on each day",
        parameters: &[LIMIT, CURSOR],
        open: false,
        body: Body::Page,
        answer: |app, request| Box::pin(data::list(app, request)),
    },
    Route {
        path: "/sales/category_sales",
        description: "quantity times price of each category's sales, summed up exactly",
        parameters: &[LIMIT, CURSOR],
        open: false,
        body: Body::Page,
        answer: |app, request| Box::pin(data::list(app, request)),
    },
    Route {
        path: "/sales/filtered",
        description: "the sales of a day, month or year, of a product, of a category",
        parameters: &[LIMIT, CURSOR],
        open: false,
        body: Body::Page,
        answer: |app, request| Box::pin(data::list(app, request)),
    },
    Route {
        path: "/datasets",
        description: "the datasets that are configured: columns, rows, files, links",
        parameters: &[LIMIT, CURSOR],
        open: false,
        body: Body::Datasets,
        answer: |app, request| Box::pin(data::datasets(app, request)),
    },
    Route {
        path: data::ROWS,
        description: "the rows of a dataset, in the order of its key",
        parameters: &[LIMIT, CURSOR, FILTER],
        open: false,
        body: Body::Page,
        answer: |app, request| Box::pin(data::list(app, request)),
    },
    Route {
        path: data::EXPORT,
        description: "all rows of a dataset as they are at one moment, as NDJSON or CSV; whatever \
                      takes longer than five minutes is cut off",
        parameters: &[FORMAT, FILTER],
        open: false,
        body: Body::Export,
        answer: |app, request| Box::pin(data::export(app, request)),
    },
];

/// The route that a path belongs to.
pub(super) fn find(path: &str) -> Option<&'static Route> {
    let fits = |route: &&Route| match route.path.split_once("{name}") {
        None => false,
        Some((before, after)) => {
            let name = path.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
        }
    };
    let plain = TABLE.iter().find(|route| route.path == path);
    plain.or_else(|| TABLE.iter().find(fits))
}

/// Answers a request that may be answered.
pub(super) async fn answer(
    app: Arc<App>,
    route: Option<&'static Route>,
    request: Parts,
) -> Response {
    match route {
        None => Problem::not_found().into_response(),
        // The body of an answer to HEAD is left out further down.
        Some(route) if matches!(request.method, Method::GET | Method::HEAD) => {
            (route.answer)(app, request).await
        }
        Some(_) => Problem::not_allowed().into_response(),
    }
}
