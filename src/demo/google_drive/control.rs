//! The Drive's part of the control URL.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::{Operation, ROOT, SERVICE_ACCOUNT};
use crate::demo::control::{operations, problem};
use crate::demo::world::World;

/// `POST /google_drive/tree`, `GET /google_drive/truth` and `/google_drive/violations`.
pub(in crate::demo) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/google_drive/tree", post(change))
        .route("/google_drive/truth", get(truth))
        .route("/google_drive/violations", get(violations))
}

/// One operation, or several in their order: the first that cannot be done ends them,
/// and those before it stay done.
async fn change(
    State(world): State<Arc<World>>,
    body: Result<Json<serde_json::Value>, JsonRejection>,
) -> Response {
    let operations: Vec<Operation> = match operations(body) {
        Ok(operations) => operations,
        Err(error) => return problem(StatusCode::BAD_REQUEST, error),
    };
    // A forest takes a while to grow.
    let done = tokio::task::spawn_blocking(move || {
        let mut ids = Vec::with_capacity(operations.len());
        for operation in operations {
            match world.google_drive().apply(operation) {
                Ok(id) => ids.push(id),
                Err(failure) => return (ids, Some(failure.to_string())),
            }
        }
        (ids, None)
    });
    match done.await {
        Ok((ids, None)) => Json(json!({ "ids": ids })).into_response(),
        Ok((ids, Some(error))) => {
            (StatusCode::BAD_REQUEST, Json(json!({ "error": error, "ids": ids }))).into_response()
        }
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}

/// Whose truth about what.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// A folder's or a shared drive's id; without it the folder that is shared.
    root: Option<String>,
    /// A user; without it the service account.
    user: Option<String>,
    /// Whether what is in the trash counts.
    #[serde(default)]
    trashed: bool,
}

async fn truth(
    State(world): State<Arc<World>>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let Wanted { root, user, trashed } = match wanted {
        Ok(Query(wanted)) => wanted,
        Err(error) => return problem(StatusCode::BAD_REQUEST, error.body_text()),
    };
    let (root, user) = (root.as_deref().unwrap_or(ROOT), user.as_deref());
    match world.google_drive().truth_for(user.unwrap_or(SERVICE_ACCOUNT), root, trashed) {
        Ok(truth) => Json(truth).into_response(),
        Err(failure) => problem(StatusCode::NOT_FOUND, failure),
    }
}

async fn violations(State(world): State<Arc<World>>) -> Response {
    let drive = world.google_drive();
    let said = json!({ "violations": drive.violations(), "units_spent": drive.units_spent() });
    Json(said).into_response()
}
