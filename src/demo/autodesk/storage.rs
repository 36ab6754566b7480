//! Where signed URLs lead: another origin, in the manner of S3. It is also the
//! stranger that a token must never be shown to.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, middleware};
use bytes::Bytes;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::{encoded, journal};
use crate::demo::encoura::{
    Range, StoreRefusal, cut_body, hang_up, requested, slow_body, whole_body,
};
use crate::demo::fault::Fault;
use crate::demo::net::Scissors;
use crate::demo::world::{Offence, Service, World, hex, sha256};
use crate::model::{Failure, FailureClass};

/// What links that lead away begin with.
const ELSEWHERE: &str = "/elsewhere";

/// The store's side of the world.
#[derive(Debug)]
pub(in crate::demo) struct Storage {
    world: Arc<World>,
    /// `http://127.0.0.1:port`
    origin: String,
    key: hmac::Key,
}

impl Storage {
    /// A store reached at `origin`, with a signing key of its own.
    pub(in crate::demo) fn new(world: Arc<World>, origin: String) -> Result<Self, Failure> {
        let key =
            hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).map_err(|error| {
                Failure::new(FailureClass::Local, "making a signing key", "").said(error)
            })?;
        Ok(Self { world, origin, key })
    }

    /// A URL for GETs of an object, or of a range of its bytes alone.
    pub(super) fn sign(
        &self,
        bucket: &str,
        object: &str,
        chunk: Option<&str>,
        life: Duration,
    ) -> String {
        let path = format!("/{bucket}/{}", encoded(object));
        let expires = Timestamp::now().as_second().saturating_add_unsigned(life.as_secs());
        let chunk = chunk.unwrap_or_default();
        let signature = self.signature(&path, expires, chunk);
        format!(
            "{}{path}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires={expires}&x-chunk={chunk}\
             &X-Amz-Signature={signature}",
            self.origin
        )
    }

    /// An address at this origin that looks like one of the API's.
    pub(super) fn elsewhere(&self, path: &str) -> String {
        format!("{}{ELSEWHERE}{path}", self.origin)
    }

    fn signature(&self, path: &str, expires: i64, chunk: &str) -> String {
        let text = format!("GET\n{path}\n{expires}\n{chunk}");
        hex(hmac::sign(&self.key, text.as_bytes()).as_ref())
    }

    /// The chunk that a signed URL is for: empty for the whole object.
    fn authorise<'a>(
        &self,
        method: &Method,
        uri: &'a Uri,
        headers: &HeaderMap,
    ) -> Result<&'a str, StoreRefusal> {
        if headers.contains_key(header::AUTHORIZATION) {
            return Err(StoreRefusal(
                StatusCode::BAD_REQUEST,
                "InvalidArgument",
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, \
                 Signature query string parameter or the Authorization header should be specified",
            ));
        }
        let query = |name: &str| {
            let mut pairs = uri.query().unwrap_or_default().split('&');
            pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
        };
        let (Some(expires), Some(chunk), Some(signature)) =
            (query("X-Amz-Expires"), query("x-chunk"), query("X-Amz-Signature"))
        else {
            return Err(StoreRefusal(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied"));
        };
        let expires: i64 = expires.parse().unwrap_or(i64::MIN);
        // A URL signed for GET is no good for HEAD.
        if method != Method::GET || signature != self.signature(uri.path(), expires, chunk) {
            let says =
                "The request signature we calculated does not match the signature you provided";
            return Err(StoreRefusal(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", says));
        }
        if expires <= Timestamp::now().as_second() {
            return Err(StoreRefusal(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired"));
        }
        Ok(chunk)
    }
}

/// The store's routes, with every call in the journal.
pub(in crate::demo) fn router(storage: Arc<Storage>) -> Router {
    let world = Arc::clone(&storage.world);
    Router::new()
        .fallback(object)
        .layer(middleware::from_fn_with_state((Service::AutodeskStore, world), journal))
        .with_state(storage)
}

async fn object(
    State(storage): State<Arc<Storage>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let mut response = answer(&storage, &scissors, &method, &uri, &headers).await;
    if headers.contains_key(header::AUTHORIZATION) {
        response.extensions_mut().insert(Offence::TokenSentElsewhere);
    }
    response
}

async fn answer(
    storage: &Storage,
    scissors: &Scissors,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Response {
    if uri.path().starts_with(ELSEWHERE) {
        // A list that ends: whoever believes it loses what the real one goes on with.
        let links = json!({ "self": { "href": uri.path() } });
        let list = json!({ "jsonapi": { "version": "1.0" }, "links": links, "data": [] });
        return Json(list).into_response();
    }
    let chunk = match storage.authorise(method, uri, headers) {
        Ok(chunk) => chunk,
        Err(refusal) => return refusal.into_response(),
    };
    let world = &storage.world;
    if world.strike(Fault::ApsStore503).is_some() {
        let says = "Please reduce your request rate.";
        return StoreRefusal(StatusCode::SERVICE_UNAVAILABLE, "SlowDown", says).into_response();
    }
    if world.strike(Fault::ApsStoreCut).is_some() {
        return hang_up(scissors).await;
    }
    let Some(content) = content(world, uri.path(), chunk) else {
        let says = "The specified key does not exist.";
        return StoreRefusal(StatusCode::NOT_FOUND, "NoSuchKey", says).into_response();
    };
    let etag = format!("\"{}\"", &sha256(&content)[..32]);
    let size = content.len() as u64;
    let common = [(header::ETAG, etag.clone()), (header::ACCEPT_RANGES, "bytes".to_owned())];
    match requested(headers, size, &etag) {
        Range::Whole => (common, body(world, content)).into_response(),
        Range::Part { from, to } => {
            let range = [(header::CONTENT_RANGE, format!("bytes {from}-{}/{size}", to - 1))];
            // Both ends are at most `size`, which came from a length.
            let part = body(world, content.slice(from as usize..to as usize));
            (StatusCode::PARTIAL_CONTENT, common, range, part).into_response()
        }
        Range::Unsatisfiable => {
            let range = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
            let says = "The requested range is not satisfiable";
            let refusal = StoreRefusal(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", says);
            (range, refusal).into_response()
        }
    }
}

/// Sends these bytes, or does with them what is armed.
fn body(world: &World, mut part: Bytes) -> Response {
    if world.strike(Fault::ApsDamaged).is_some() {
        part = damaged(&part);
    }
    if let Some(strike) = world.strike(Fault::ApsBodyCut) {
        return cut_body(part, strike);
    }
    match world.strike(Fault::ApsBodySlow) {
        Some(strike) => slow_body(part, strike),
        None => whole_body(part),
    }
}

/// The bytes of the object at this path, or of a chunk of it.
fn content(world: &World, path: &str, chunk: &str) -> Option<Bytes> {
    let (bucket, key) = path.strip_prefix('/')?.split_once('/')?;
    let key = percent_decode_str(key).decode_utf8().ok()?;
    let content = {
        let tree = world.autodesk_tree();
        let (_, version) = tree.object(bucket, &key)?;
        version.content.clone()
    };
    let bytes = content.bytes();
    let Some((from, to)) = chunk.split_once('-') else { return Some(bytes) };
    let (from, to): (usize, usize) = (from.parse().ok()?, to.parse().ok()?);
    (from <= to && to < bytes.len()).then(|| bytes.slice(from..=to))
}

/// The same with one bit that fell over.
fn damaged(bytes: &Bytes) -> Bytes {
    let mut damaged = bytes.to_vec();
    if let Some(last) = damaged.last_mut() {
        *last ^= 1;
    }
    damaged.into()
}
