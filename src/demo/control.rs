//! The control URL: the world as JSON, and how to change it.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::autodesk;
use super::fault::Arming;
use super::feed;
use super::google_drive;
use super::samples::Samples;
use super::world::{NewExport, Status, World};

/// `GET /world`, `GET /journal`, `GET | POST | DELETE /faults`, `POST /exports`,
/// `GET /offences`, and what belongs to one service under its name.
pub(super) fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/world", get(show))
        .route("/journal", get(journal))
        .route("/faults", get(armed).post(arm).delete(disarm))
        .route("/exports", post(add))
        .route("/offences", get(offences))
        .merge(autodesk::control_router())
        .merge(google_drive::routes())
        .merge(feed::router())
        .with_state(world)
}

async fn show(State(world): State<Arc<World>>) -> Response {
    match tokio::task::spawn_blocking(move || world.oracle()).await {
        Ok(Ok(oracle)) => Json(oracle).into_response(),
        Ok(Err(error)) => problem(StatusCode::INTERNAL_SERVER_ERROR, error),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}

async fn journal(State(world): State<Arc<World>>) -> Response {
    Json(world.journal()).into_response()
}

async fn offences(State(world): State<Arc<World>>) -> Response {
    Json(world.offences()).into_response()
}

async fn armed(State(world): State<Arc<World>>) -> Response {
    Json(world.armed()).into_response()
}

async fn arm(
    State(world): State<Arc<World>>,
    arming: Result<Json<Arming>, JsonRejection>,
) -> Response {
    match arming {
        Ok(Json(arming)) => {
            world.arm(arming);
            Json(world.armed()).into_response()
        }
        Err(error) => problem(StatusCode::BAD_REQUEST, error.body_text()),
    }
}

async fn disarm(State(world): State<Arc<World>>) -> Response {
    world.disarm();
    Json(world.armed()).into_response()
}

/// What to add: so many samples, or one export.
#[derive(Deserialize)]
#[serde(untagged)]
enum Addition {
    Samples(Count),
    One(Explicit),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Count {
    count: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Explicit {
    name: String,
    #[serde(default)]
    content: String,
    /// Instead of `content`, for bytes that are no text.
    content_base64: Option<String>,
    #[serde(default = "usual_product")]
    product_key: String,
    #[serde(default = "not_delivered")]
    status: Status,
}

fn usual_product() -> String {
    "score-reporter".to_owned()
}

fn not_delivered() -> Status {
    Status::NotDelivered
}

async fn add(
    State(world): State<Arc<World>>,
    addition: Result<Json<Addition>, JsonRejection>,
) -> Response {
    let exports: Vec<NewExport> = match addition {
        Ok(Json(Addition::Samples(Count { count }))) => {
            Samples::new(rand::random()).take(count.into()).collect()
        }
        Ok(Json(Addition::One(explicit))) => match explicit.try_into() {
            Ok(export) => vec![export],
            Err(error) => return problem(StatusCode::BAD_REQUEST, error),
        },
        Err(error) => return problem(StatusCode::BAD_REQUEST, error.body_text()),
    };
    let uids: Vec<String> = exports.into_iter().map(|export| world.add(export)).collect();
    Json(json!({ "uids": uids })).into_response()
}

impl TryFrom<Explicit> for NewExport {
    type Error = base64::DecodeError;

    fn try_from(explicit: Explicit) -> Result<Self, base64::DecodeError> {
        let content = match explicit.content_base64 {
            Some(encoded) => STANDARD.decode(encoded)?.into(),
            None => Bytes::from(explicit.content),
        };
        let Explicit { name, product_key, status, .. } = explicit;
        Ok(Self { name, product_key, content, status })
    }
}

/// The operations of a body: one, or a list.
pub(super) fn operations<T: DeserializeOwned>(
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Vec<T>, String> {
    let list = match body {
        Ok(Json(Value::Array(list))) => list,
        Ok(Json(one)) => vec![one],
        Err(error) => return Err(error.body_text()),
    };
    let read = list.into_iter().map(serde_json::from_value);
    read.collect::<Result<_, _>>().map_err(|error| error.to_string())
}

pub(super) fn problem(status: StatusCode, error: impl std::fmt::Display) -> Response {
    (status, Json(json!({ "error": error.to_string() }))).into_response()
}
