//! What an answer has around its body: its mark, what it depends on, where it goes on.

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LINK, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;

use super::gzip;
use crate::model::Sha256;

/// Headers of an answer, about: so that they find room at once.
const HEADERS: usize = 12;

/// What an asker has and takes.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    has: Vec<String>,
    /// `*`: it has whatever there is.
    all: bool,
    pub(super) gzip: bool,
}

impl Asker {
    /// What `headers` say; `is_sure`: the question has an answer, whatever it is.
    pub(super) fn new(headers: &HeaderMap, is_sure: bool) -> Self {
        let lists = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let has = lists.flat_map(|list| list.split(',')).map(|tag| {
            let tag = tag.trim();
            tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"').to_owned()
        });
        let has: Vec<String> = has.collect();
        let all = is_sure && has.iter().any(|tag| tag == "*");
        Self { has, all, gzip: gzip::is_accepted(headers) }
    }

    /// Whether it has what bears this mark (weak comparison).
    pub(super) fn has(&self, mark: &str) -> bool {
        self.all || self.has.iter().any(|tag| tag == mark)
    }
}

/// An answer that may be kept and asked for again with its mark.
pub(super) struct Reply {
    pub(super) mark: String,
    /// What the body depends on besides the question.
    pub(super) vary: &'static str,
    pub(super) kind: &'static str,
    pub(super) gzipped: bool,
    /// Where it goes on.
    pub(super) link: Option<String>,
}

impl Reply {
    /// JSON.
    pub(super) fn json(mark: String) -> Self {
        let kind = "application/json";
        Self { mark, vary: "accept-encoding", kind, gzipped: false, link: None }
    }

    /// JSON that is known as a whole: its mark is its digest.
    pub(super) fn whole(body: String, asker: &Asker) -> Response {
        Self::json(Sha256::of(body.as_bytes())[..16].to_owned()).or_same(body, asker)
    }

    /// With this body, unless the asker has it; compressed if that is wanted.
    pub(super) fn or_same(mut self, body: String, asker: &Asker) -> Response {
        if asker.has(&self.mark) {
            return self.not_modified();
        }
        let smaller = if asker.gzip { gzip::of(body.as_bytes()) } else { None };
        self.gzipped = smaller.is_some();
        self.with(smaller.map_or_else(|| Body::from(body), Body::from))
    }

    /// With this body.
    pub(super) fn with(self, body: Body) -> Response {
        let mut response = self.answer(body, StatusCode::OK);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        if self.gzipped {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        // A cursor and an encoded query are ASCII.
        if let Some(link) = self.link.and_then(|link| HeaderValue::try_from(link).ok()) {
            headers.insert(LINK, link);
        }
        response
    }

    /// Without one: the asker has it.
    pub(super) fn not_modified(self) -> Response {
        self.answer(Body::empty(), StatusCode::NOT_MODIFIED)
    }

    fn answer(&self, body: Body, status: StatusCode) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.reserve(HEADERS);
        // Weak: it is the same whether it is compressed or not.
        if let Ok(tag) = HeaderValue::try_from(format!("W/\"{}\"", self.mark)) {
            headers.insert(ETAG, tag);
        }
        headers.insert(VARY, HeaderValue::from_static(self.vary));
        // It may be kept by whom it was given to, if it asks each time.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        response
    }
}
