//! `GET /v1/datacenter/exports`: the destructive one.

use std::future::pending;
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::store::cut_body;
use super::{Api, Refusal, Scissors, hang_up};
use crate::demo::fault::Fault;
use crate::demo::world::{Export, Status};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wanted {
    status: Option<Status>,
    product_key: Option<String>,
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    headers: HeaderMap,
    wanted: Result<Query<Wanted>, axum::extract::rejection::QueryRejection>,
) -> Response {
    if let Err(refusal) = api.authorise(&headers) {
        return refusal.into_response();
    }
    let Ok(Query(Wanted { status: Some(status), product_key })) = wanted else {
        return Refusal(StatusCode::BAD_REQUEST, "status must be NotDelivered or Delivered")
            .into_response();
    };
    let product_key = product_key.as_deref();
    if status == Status::NotDelivered {
        return not_delivered(&api, product_key, &scissors).await;
    }
    if api.strikes(Fault::Delivered500) {
        return Refusal(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error").into_response();
    }
    Json(array(&api.world.list(status, product_key, usize::MAX, api.flips))).into_response()
}

async fn not_delivered(api: &Api, product_key: Option<&str>, scissors: &Scissors) -> Response {
    if let Some(reply) = instead_of_listing(api) {
        return reply;
    }
    let one = api.strikes(Fault::ListObject);
    let limit = if one { 1 } else { usize::MAX };
    let exports = api.world.list(Status::NotDelivered, product_key, limit, api.flips);
    let mut list = array(&exports);
    // From here on the exports may be gone from the list, whatever the client sees.
    if api.strikes(Fault::ListHtml502) {
        let page = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";
        return (StatusCode::BAD_GATEWAY, Html(page)).into_response();
    }
    if api.strikes(Fault::ListHang) {
        return pending().await;
    }
    if api.strikes(Fault::ListCut) {
        return hang_up(scissors).await;
    }
    if api.strikes(Fault::ListItemWithoutUid) {
        list.insert(list.len() / 2, json!({ "productKey": "score-reporter", "status": 7 }));
    }
    if let Some(strike) = api.world.strike(Fault::ListCutBody) {
        let body = Value::Array(list).to_string().into_bytes();
        let kind = [(header::CONTENT_TYPE, "application/json")];
        return (kind, cut_body(body.into(), strike)).into_response();
    }
    if one && !list.is_empty() {
        return Json(list.swap_remove(0)).into_response();
    }
    Json(list).into_response()
}

/// Replies that flip nothing.
fn instead_of_listing(api: &Api) -> Option<Response> {
    if api.strikes(Fault::List500) {
        return Some(
            Refusal(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error").into_response(),
        );
    }
    if let Some(strike) = api.world.strike(Fault::List429) {
        let pause = [(header::RETRY_AFTER, strike.value.unwrap_or(1).to_string())];
        let reply = Refusal(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
        return Some((pause, reply).into_response());
    }
    let json = [(header::CONTENT_TYPE, "application/json")];
    if api.strikes(Fault::List204) {
        return Some(StatusCode::NO_CONTENT.into_response());
    }
    if api.strikes(Fault::ListEmpty) {
        return Some((json, "").into_response());
    }
    if api.strikes(Fault::ListNull) {
        return Some((json, "null").into_response());
    }
    api.strikes(Fault::ListBraces).then(|| (json, "{}").into_response())
}

fn array(exports: &[Export]) -> Vec<Value> {
    exports
        .iter()
        .map(|export| {
            json!({
                "uid": export.uid,
                "productKey": export.product_key,
                "status": export.status,
                // Always as wide: tests cut the list at a byte that they know.
                "createdDate": format!("{:.9}", export.created_at),
            })
        })
        .collect()
}
