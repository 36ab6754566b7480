//! `/help`: the routes.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::answer;
use super::app::App;
use super::routes::{Route, TABLE};

/// Answers with the table of routes.
pub(super) async fn answer(app: Arc<App>) -> Response {
    let routes: Vec<Value> = TABLE.iter().map(|known| route(&app, known)).collect();
    answer::json(StatusCode::OK, &json!({ "routes": routes }))
}

fn route(app: &App, route: &Route) -> Value {
    let mut parameters: Map<String, Value> =
        route.parameters.iter().map(|(name, words)| ((*name).into(), (*words).into())).collect();
    // What else it takes depends on what is configured.
    let served = app.data.catalog().all().filter(|(path, _)| *path == route.path);
    for (name, words) in served.flat_map(|(_, served)| served.filters()) {
        parameters.insert(name.into(), words.into());
    }
    json!({
        "route": route.path,
        "methods": ["GET"],
        "description": route.description,
        "parameters": parameters,
    })
}
