//! What must be true of a reply's head before its body is taken for a content.

use reqwest::header::{CONTENT_ENCODING, HeaderMap};

use crate::model::{Failure, FailureClass, Retry, Shown};
use crate::sources::pour::FETCHING;

/// Refuses content that did not come as it is.
pub(super) fn as_it_is(headers: &HeaderMap, object: &str) -> Result<(), Failure> {
    let encoding = headers.get(CONTENT_ENCODING).map(|value| value.as_bytes()).unwrap_or_default();
    if encoding.is_empty() || encoding.eq_ignore_ascii_case(b"identity") {
        return Ok(());
    }
    Err(Failure::new(FailureClass::Protocol, FETCHING, object)
        .said(format!("the content is encoded: {}", Shown::from_bytes(encoding)))
        .advice("it was asked for as it is; delivering it encoded would be no use")
        .retry(Retry::Never))
}
