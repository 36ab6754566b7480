//! Where a version's bytes are.
//!
//! The object store hands out signed addresses, good for some minutes. They are
//! secrets: an OSS address carries its permission in its path. They are asked without
//! the token.

use async_trait::async_trait;
use reqwest::header::HeaderMap;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::api::Api;
use super::limiter::CallClass;
use crate::model::{Failure, FailureClass, Retry, Secret};
use crate::sources::ContentSink;
use crate::sources::checked::{Checked, Checksum};
use crate::sources::download::{Download, Extent, Locate, Located};
use crate::transport::http::{place, unexpected};

const ASKING: &str = "asking for the download of";

/// How long an address is good for, in minutes. It must only be begun with in that time.
const MINUTES: &str = "minutesExpiration=10";

/// The most pieces that an object may be in.
const MAX_PIECES: usize = 100_000;

/// An object in the store.
struct Object<'a> {
    api: &'a Api,
    bucket: &'a str,
    key: &'a str,
    cancel: &'a CancellationToken,
    /// The store's own checksum, once it was told.
    sha1: std::sync::Mutex<Option<String>>,
}

/// What the store says about an object.
#[derive(Debug, PartialEq, Eq)]
struct Signed {
    url: String,
    extent: Extent,
    sha1: Option<String>,
}

impl Api {
    /// Fetches what `content` describes into `sink`.
    pub(super) async fn fetch(
        &self,
        content: &Value,
        sink: &mut dyn ContentSink,
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        let text = |key| content.get(key).and_then(Value::as_str);
        let (Some(bucket), Some(key)) = (text("bucket"), text("key")) else {
            return Err(Failure::new(FailureClass::Bug, ASKING, "a version")
                .said("the books do not say where its bytes are"));
        };
        let object = Object { api: self, bucket, key, cancel, sha1: std::sync::Mutex::default() };
        let name = format!("{bucket}/{key}");
        let account = &self.account;
        let download =
            Download { store: account.store(), secrets: account.secrets(), object: &name };
        let mut checked = Checked::new(sink, Checksum::sha1());
        let arrived = download.run(&object, &mut checked, cancel).await;
        if cancel.is_cancelled() {
            // A renewal under way uses up a refresh token: its answer must be kept.
            account.settled().await;
        }
        arrived?;
        match (object.told(), checked.hex()) {
            (Some(told), Some(found)) if !told.eq_ignore_ascii_case(&found) => {
                Err(Failure::new(FailureClass::Damaged, "checking", &name)
                    .said(format!("the SHA-1 of what arrived is {found}, not {told}")))
            }
            _ => Ok(()),
        }
    }
}

impl Object<'_> {
    fn told(&self) -> Option<String> {
        self.sha1.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Locate for Object<'_> {
    async fn locate(&self, offset: u64) -> Result<Located, Failure> {
        let account = &self.api.account;
        let segments =
            ["oss", "v2", "buckets", self.bucket, "objects", self.key, "signeds3download"];
        let mut ask = account.url(&segments);
        ask.set_query(Some(MINUTES));
        let body = self.api.get(CallClass::Oss, ASKING, &ask, self.cancel).await;
        let body = body.map_err(view_only)?;
        let not_one = |what: &str| unexpected(ASKING, &place(&ask), what, &[], account.secrets());
        let json: Value = serde_json::from_slice(&body).map_err(|_| {
            unexpected(ASKING, &place(&ask), "the reply is not JSON", &body, account.secrets())
        })?;
        let signed = signed(&json, offset).map_err(|why| not_one(&why))?;
        let nothing = signed.extent == Extent::Whole(Some(0));
        *self.sha1.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = signed.sha1;
        if nothing {
            return Ok(Located { extent: signed.extent, ..Located::whole(ask) });
        }
        // What it may be called: the host it is at, and the object.
        let host = Url::parse(&signed.url).ok().and_then(|url| Some(url.host_str()?.to_owned()));
        let shown = format!("{}/{} at {}", self.bucket, self.key, host.unwrap_or_default());
        let url = account.store().guard().checked_url(ASKING, &signed.url);
        let url = url.map_err(|failure| failure.about(&shown))?;
        account.secrets().learn(&Secret::new(url.path()));
        Ok(Located {
            url,
            headers: HeaderMap::new(),
            place: shown,
            name: None,
            extent: signed.extent,
        })
    }
}

/// A member who may only look gets 403 here.
fn view_only(failure: Failure) -> Failure {
    match failure.class {
        FailureClass::Refused => failure
            .advice(
                "metadata only: this account may see the file but not download it; \
                 a project admin can allow that",
            )
            .retry(Retry::Never),
        _ => failure,
    }
}

/// The address for the bytes from `offset` on in a reply of `signeds3download`.
fn signed(reply: &Value, offset: u64) -> Result<Signed, String> {
    let text = |key| reply.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let size = reply.get("size").and_then(Value::as_u64);
    let sha1 = text("sha1").filter(|sha1| sha1.len() == 40).map(ToOwned::to_owned);
    if size == Some(0) {
        // An empty object in pieces has none.
        return Ok(Signed { url: String::new(), extent: Extent::Whole(size), sha1 });
    }
    match text("status") {
        // "fallback" is an address of OSS itself, for what is still being put together.
        Some("complete" | "fallback") | None => {
            let url = text("url").ok_or("the reply holds no url")?;
            Ok(Signed { url: url.to_owned(), extent: Extent::Whole(size), sha1 })
        }
        Some("chunked") => {
            let pieces = reply.get("urls").and_then(Value::as_object).ok_or("it holds no urls")?;
            let (url, extent) = piece(pieces, size, offset)?;
            Ok(Signed { url, extent, sha1 })
        }
        Some(_) => Err("the status of the reply is unknown".to_owned()),
    }
}

/// The piece that holds the byte at `offset`, of pieces that are whole together.
fn piece(
    pieces: &serde_json::Map<String, Value>,
    size: Option<u64>,
    offset: u64,
) -> Result<(String, Extent), String> {
    if pieces.len() > MAX_PIECES {
        return Err("there are too many pieces".to_owned());
    }
    let mut ranges = Vec::new();
    for (range, url) in pieces {
        let ends = range.trim().trim_start_matches("bytes=").split_once('-');
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let ends =
            ends.and_then(|(start, last)| Some((number(start)?, number(last)?.checked_add(1)?)));
        let (Some((start, end)), Some(url)) = (ends, url.as_str()) else {
            return Err("a piece has no range or no url".to_owned());
        };
        ranges.push((start, end, url));
    }
    ranges.sort_unstable();
    let mut at = 0;
    for (start, end, _) in &ranges {
        if *start != at || end <= start {
            return Err("the pieces leave a gap or overlap".to_owned());
        }
        at = *end;
    }
    if size.is_some_and(|size| size != at) {
        return Err("the pieces are not the whole".to_owned());
    }
    let found = ranges.iter().find(|(start, end, _)| (*start..*end).contains(&offset));
    let (start, end, url) = found.ok_or("no piece holds what is asked for")?;
    Ok(((*url).to_owned(), Extent::Piece { start: *start, end: *end, total: at }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn replies_of_the_store() {
        let sha1 = "a".repeat(40);
        let whole = |size| Extent::Whole(size);
        for (reply, extent) in [
            (
                json!({"status": "complete", "url": "u", "size": 7, "sha1": sha1, "params": {}}),
                Some(whole(Some(7))),
            ),
            (json!({"status": "fallback", "url": "u", "size": 7}), Some(whole(Some(7)))),
            (json!({"url": "u"}), Some(whole(None))),
            (json!({"status": "chunked", "urls": {}, "size": 0}), Some(whole(Some(0)))),
            (json!({"status": "complete", "size": 7}), None),
            (json!({"status": "chunked", "size": 7}), None),
            (json!({"status": "other", "url": "u"}), None),
            (json!([]), None),
        ] {
            assert_eq!(signed(&reply, 0).ok().map(|s| s.extent), extent, "{reply}");
        }
        let with = signed(&json!({"url": "u", "sha1": sha1}), 0).unwrap();
        assert_eq!(with.sha1, Some(sha1));
        assert_eq!(signed(&json!({"url": "u", "sha1": "short"}), 0).unwrap().sha1, None);
    }

    #[test]
    fn pieces_are_put_together() {
        let reply = |urls: Value| json!({"status": "chunked", "size": 30, "urls": urls});
        let fine = reply(json!({"10-19": "b", "0-9": "a", "20-29": "c"}));
        for (offset, url, start, end) in
            [(0, "a", 0, 10), (9, "a", 0, 10), (10, "b", 10, 20), (29, "c", 20, 30)]
        {
            let found = signed(&fine, offset).unwrap();
            assert_eq!(found.url, url);
            assert_eq!(found.extent, Extent::Piece { start, end, total: 30 });
        }
        assert!(signed(&fine, 30).is_err());
        for urls in [
            json!({}),
            json!({"0-9": "a", "20-29": "c"}),
            json!({"0-9": "a", "5-29": "c"}),
            json!({"0-9": "a", "10-28": "c"}),
            json!({"0-9": "a", "10-30": "c"}),
            json!({"9-0": "a"}),
            json!({"a-b": "a"}),
            json!({"0-29": 7}),
            json!({"0-18446744073709551615": "a"}),
        ] {
            assert!(signed(&reply(urls.clone()), 0).is_err(), "{urls}");
        }
    }
}
