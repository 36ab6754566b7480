//! `GET /v1/datacenter/exports/{uid}/download`: a pre-signed URL.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{Api, Refusal};
use crate::demo::fault::Fault;

pub(super) async fn download(
    State(api): State<Arc<Api>>,
    Path(uid): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = api.authorise(&headers) {
        return refusal.into_response();
    }
    if api.strikes(Fault::Download404) {
        return Refusal(StatusCode::NOT_FOUND, "Export not found").into_response();
    }
    let Some(export) = api.world.hand_out(&uid, api.flips) else {
        return Refusal(StatusCode::NOT_FOUND, "Export not found").into_response();
    };
    if api.strikes(Fault::DownloadNoUrl) {
        return Json(json!({ "uid": export.uid })).into_response();
    }
    let now = jiff::Timestamp::now().as_second();
    let expires = if api.strikes(Fault::UrlExpired) {
        now - 1
    } else {
        now.saturating_add_unsigned(api.url_life.as_secs())
    };
    Json(json!({ "downloadUrl": api.store.sign(&export.uid, &export.name, expires) }))
        .into_response()
}
