//! The object store: another origin, another kind of authentication. It refuses
//! what a real one refuses, in the same XML.

mod body;
mod range;

use std::sync::Arc;

use aws_lc_rs::{hmac, rand::SystemRandom};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::journal;
use crate::demo::fault::Fault;
use crate::demo::world::{Export, Service, World};
use crate::model::{Failure, FailureClass};
pub(in crate::demo) use body::{cut_body, slow_body, whole_body};
pub(in crate::demo) use range::{Range, requested};

/// What stays as it is in a file name within a URL.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The store's side of the world.
#[derive(Debug)]
pub(in crate::demo) struct Store {
    world: Arc<World>,
    /// `http://127.0.0.1:port`
    origin: String,
    key: hmac::Key,
}

impl Store {
    /// A store reached at `origin`, with a signing key of its own.
    pub(in crate::demo) fn new(world: Arc<World>, origin: String) -> Result<Self, Failure> {
        let key =
            hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).map_err(|error| {
                Failure::new(FailureClass::Local, "making a signing key", "").said(error)
            })?;
        Ok(Self { world, origin, key })
    }

    /// A URL for one GET of this export, good until `expires` (Unix seconds).
    pub(super) fn sign(&self, uid: &str, name: &str, expires: i64) -> String {
        let path = format!("/store/{uid}/{}", utf8_percent_encode(name, NAME));
        let signature = self.signature(&path, expires);
        format!("{}{path}?X-Expires={expires}&X-Signature={signature}", self.origin)
    }

    fn signature(&self, path: &str, expires: i64) -> String {
        let signed = hmac::sign(&self.key, format!("GET\n{path}\n{expires}").as_bytes());
        URL_SAFE_NO_PAD.encode(signed)
    }

    /// The export that this URL was signed for.
    fn authorise(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<String, Refusal> {
        // "Only one auth mechanism allowed": the second one is the caller's mistake.
        for refused in ["authorization", "x-api-key", "organization"] {
            if headers.contains_key(refused) {
                return Err(Refusal(
                    StatusCode::BAD_REQUEST,
                    "InvalidArgument",
                    "Only one auth mechanism allowed; only the X-Signature query parameter should be specified",
                ));
            }
        }
        let query = |name: &str| {
            let pairs = uri.query().unwrap_or("").split('&');
            pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)
        };
        let (Some((_, expires)), Some((_, signature))) = (query("X-Expires"), query("X-Signature"))
        else {
            return Err(Refusal(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied"));
        };
        let expires: i64 = expires.parse().unwrap_or(i64::MIN);
        // A URL signed for GET is no good for HEAD.
        if method != Method::GET || signature != self.signature(uri.path(), expires) {
            let says =
                "The request signature we calculated does not match the signature you provided";
            return Err(Refusal(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", says));
        }
        if expires <= jiff::Timestamp::now().as_second() {
            return Err(Refusal(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired"));
        }
        Ok(uri.path().split('/').nth(2).unwrap_or_default().to_owned())
    }
}

/// The store's routes, with every call in the journal.
pub(in crate::demo) fn router(store: Arc<Store>) -> Router {
    let world = Arc::clone(&store.world);
    Router::new()
        .fallback(object)
        .layer(middleware::from_fn_with_state((Service::Store, world), journal))
        .with_state(store)
}

async fn object(
    State(store): State<Arc<Store>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let uid = match store.authorise(&method, &uri, &headers) {
        Ok(uid) => uid,
        Err(refusal) => return refusal.into_response(),
    };
    if store.world.strike(Fault::Store503).is_some() {
        let says = "Please reduce your request rate.";
        return Refusal(StatusCode::SERVICE_UNAVAILABLE, "SlowDown", says).into_response();
    }
    let written_anew = store.world.strike(Fault::EtagChanged).is_some();
    match store.world.read(&uid, written_anew) {
        Some(export) => content(&store.world, &export, &headers),
        None => {
            let says = "The specified key does not exist.";
            Refusal(StatusCode::NOT_FOUND, "NoSuchKey", says).into_response()
        }
    }
}

fn content(world: &World, export: &Export, headers: &HeaderMap) -> Response {
    let etag = export.etag();
    let size = export.content.len() as u64;
    let common = [(header::ETAG, etag.clone()), (header::ACCEPT_RANGES, "bytes".to_owned())];
    match requested(headers, size, &etag) {
        Range::Whole => (common, body::body(world, export.content.clone())).into_response(),
        Range::Part { from, to } => {
            let range = [(header::CONTENT_RANGE, format!("bytes {from}-{}/{size}", to - 1))];
            // Both ends are at most `size`, which came from a length.
            let part = export.content.slice(from as usize..to as usize);
            (StatusCode::PARTIAL_CONTENT, common, range, body::body(world, part)).into_response()
        }
        Range::Unsatisfiable => {
            let range = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
            let says = "The requested range is not satisfiable";
            (range, Refusal(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", says))
                .into_response()
        }
    }
}

/// An error in the form of S3: status, code, message.
#[derive(Clone, Copy, Debug)]
pub(in crate::demo) struct Refusal(
    pub(in crate::demo) StatusCode,
    pub(in crate::demo) &'static str,
    pub(in crate::demo) &'static str,
);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, code, says) = self;
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <Error><Code>{code}</Code><Message>{says}</Message></Error>"
        );
        (status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
    }
}
