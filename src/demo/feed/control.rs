//! The feed's part of the control URL.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::operation::Operation;
use crate::demo::control::{operations, problem};
use crate::demo::world::World;

/// `GET /feed/truth`, `POST /feed/files`.
pub(in crate::demo) fn router() -> Router<Arc<World>> {
    Router::new().route("/feed/truth", get(truth)).route("/feed/files", post(change))
}

async fn truth(State(world): State<Arc<World>>) -> Response {
    Json(world.feed().truth()).into_response()
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
    let done = tokio::task::spawn_blocking(move || {
        let mut names = Vec::new();
        for operation in operations {
            match world.feed().apply(operation) {
                Ok(more) => names.extend(more),
                Err(failure) => return Err(failure),
            }
        }
        Ok(names)
    });
    match done.await {
        Ok(Ok(names)) => Json(json!({ "names": names })).into_response(),
        Ok(Err(failure)) => problem(StatusCode::BAD_REQUEST, failure),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}
