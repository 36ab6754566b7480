//! The control URL's part: what is true at Autodesk, and how to change it.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::tree::Operation;
use crate::demo::control::{operations, problem};
use crate::demo::world::World;

/// `GET /autodesk/truth`, `GET /autodesk/content/{id}`, `POST /autodesk/tree`.
pub(in crate::demo) fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/autodesk/truth", get(truth))
        .route("/autodesk/content/{id}", get(content))
        .route("/autodesk/tree", post(change))
}

async fn truth(State(world): State<Arc<World>>) -> Response {
    Json(world.autodesk_truth()).into_response()
}

async fn content(State(world): State<Arc<World>>, Path(id): Path<String>) -> Response {
    match world.autodesk_content(&id) {
        Some(bytes) => bytes.into_response(),
        None => problem(StatusCode::NOT_FOUND, "there is no file of this id with content"),
    }
}

/// One operation, or a list: they happen one after the other, up to the first that
/// cannot be.
async fn change(
    State(world): State<Arc<World>>,
    body: Result<Json<Value>, JsonRejection>,
) -> Response {
    let operations: Vec<Operation> = match operations(body) {
        Ok(operations) => operations,
        Err(error) => return problem(StatusCode::BAD_REQUEST, error),
    };
    let mut ids = Vec::new();
    for operation in operations {
        match world.autodesk(operation) {
            Ok(id) => ids.push(id),
            Err(failure) => return problem(StatusCode::BAD_REQUEST, failure),
        }
    }
    Json(json!({ "ids": ids })).into_response()
}
