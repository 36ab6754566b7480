//! `POST token`: the grants, and what comes back.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::grants::{self, Issue};
use super::{Form, INTERNAL, Refusal};
use crate::demo::autodesk::limits::Class;
use crate::demo::autodesk::{Api, gate};
use crate::demo::encoura::hang_up;
use crate::demo::fault::Fault;
use crate::demo::net::Scissors;
use crate::demo::world::Offence;

pub(super) async fn token(
    State(api): State<Arc<Api>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = match Form::read(&headers, &body) {
        Ok(form) => form,
        Err(refusal) => return refusal.into_response(),
    };
    let (app, client_id) = match api.authenticate(&headers, &form) {
        Ok(known) => known,
        Err(refusal) => return refusal.into_response(),
    };
    if let Err(halt) = gate::limit(&api, &client_id, Class::Authentication) {
        return halt.into_response();
    }
    if api.strikes(Fault::ApsToken500) {
        return INTERNAL.into_response();
    }
    let refreshing = form.get("grant_type") == Some("refresh_token");
    let issue = match grants::grant(&api, app, &client_id, &form) {
        Ok(issue) => issue,
        Err((refusal, offence)) => return marked(refusal, offence),
    };
    let reply = match answer(&api, issue) {
        Ok(reply) => reply,
        Err(refusal) => return refusal.into_response(),
    };
    // From here on the old refresh token is used up, whatever the client sees.
    if refreshing && api.strikes(Fault::ApsRefreshReplyLost) {
        return hang_up(&scissors).await;
    }
    ([(header::CACHE_CONTROL, "no-store")], Json(reply)).into_response()
}

/// The tokens themselves.
fn answer(api: &Api, issue: Issue) -> Result<Value, Refusal> {
    let Issue { grant, refresh } = issue;
    let options = &api.options;
    let access = api.tokens.hand_out_access(&grant, options.access_life).map_err(|_| INTERNAL)?;
    let mut reply = json!({
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": options.access_life.as_secs(),
    });
    if refresh {
        let token = api.tokens.hand_out_refresh(grant, options.refresh_life);
        reply["refresh_token"] = Value::from(token);
    }
    Ok(reply)
}

/// A refusal with what the journal is to say of the call.
fn marked(refusal: Refusal, offence: Option<Offence>) -> Response {
    let mut response = refusal.into_response();
    if let Some(offence) = offence {
        response.extensions_mut().insert(offence);
    }
    response
}
