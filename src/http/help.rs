//! `/help`: the routes.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer;
use super::routes::{Route, TABLE};

/// Answers with the table of routes.
pub(super) async fn answer() -> Response {
    let route = |route: &Route| -> Value {
        let parameters: serde_json::Map<String, Value> = route
            .parameters
            .iter()
            .map(|(name, words)| ((*name).into(), (*words).into()))
            .collect();
        json!({
            "route": route.path,
            "methods": ["GET"],
            "description": route.description,
            "parameters": parameters,
        })
    };
    let routes: Vec<Value> = TABLE.iter().map(route).collect();
    answer::json(StatusCode::OK, &json!({ "routes": routes }))
}
