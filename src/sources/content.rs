//! What the head of an object store's reply says about the content.

use reqwest::StatusCode;
use reqwest::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName,
};

use crate::model::{Failure, FailureClass, Retry, Shown};
use crate::sources::Resume;
use crate::transport::http::html_page;

/// The bytes that a reply announces.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// Where in the file they begin.
    pub(crate) offset: u64,
    /// Where in the file they end, exclusive.
    pub(crate) end: Option<u64>,
    /// Size of the whole file.
    pub(crate) total: Option<u64>,
    /// A strong validator.
    pub(crate) etag: Option<String>,
}

/// The content of a reply that is to hold the whole file.
pub(super) fn whole(
    doing: &str,
    place: &str,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Content, Failure> {
    if status != StatusCode::OK {
        return Err(Failure::new(FailureClass::Protocol, doing, place)
            .said(format!("{status} although the whole file was asked for")));
    }
    let header = |name| text(headers, name).unwrap_or_default().to_ascii_lowercase();
    if header(CONTENT_TYPE).starts_with("text/html") {
        return Err(html_page(doing, place));
    }
    let encoding = header(CONTENT_ENCODING);
    if !matches!(encoding.trim(), "" | "identity" | "aws-chunked") {
        return Err(Failure::new(FailureClass::Protocol, doing, place)
            .said(format!("the content is encoded: {}", Shown::new(encoding)))
            .advice("it was asked for as it is; delivering it encoded would be no use")
            .retry(Retry::Never));
    }
    let total = text(headers, CONTENT_LENGTH).and_then(|length| length.trim().parse().ok());
    Ok(Content { offset: 0, end: total, total, etag: strong_etag(headers) })
}

/// The content of a 206 that continues what is here; `None` if it does not fit.
pub(super) fn rest(headers: &HeaderMap, resume: &Resume) -> Option<Content> {
    let etag = strong_etag(headers);
    let same = etag.is_none_or(|etag| etag == resume.etag);
    let range = text(headers, CONTENT_RANGE).and_then(content_range);
    range.filter(|(start, _, _)| same && *start == resume.offset).map(|(start, end, total)| {
        Content { offset: start, end: Some(end), total, etag: Some(resume.etag.clone()) }
    })
}

/// `bytes 10-19/100`: first byte, end (exclusive) and total (RFC 9110, 14.4).
pub(super) fn content_range(text: &str) -> Option<(u64, u64, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (start, last) = range.trim().split_once('-')?;
    let (start, end) = (start.parse().ok()?, last.parse::<u64>().ok()?.checked_add(1)?);
    let total: Option<u64> = match total.trim() {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    (start < end && total.is_none_or(|total| end <= total)).then_some((start, end, total))
}

/// The entity tag, if it stands for exactly these bytes: weak ones do not.
fn strong_etag(headers: &HeaderMap) -> Option<String> {
    let etag = text(headers, ETAG)?.trim();
    (etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"')).then(|| etag.to_owned())
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (n.clone(), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn ranges() {
        for (text, range) in [
            ("bytes 10-19/100", Some((10, 20, Some(100)))),
            ("bytes 0-0/1", Some((0, 1, Some(1)))),
            ("bytes 10-19/*", Some((10, 20, None))),
            ("bytes */100", None),
            ("bytes 19-10/100", None),
            ("bytes 10-100/100", None),
            ("bytes 1-18446744073709551615/*", None),
            ("items 10-19/100", None),
            ("10-19/100", None),
            ("", None),
        ] {
            assert_eq!(content_range(text), range, "{text}");
        }
    }

    #[test]
    fn only_strong_tags_are_validators() {
        for (etag, strong) in [
            ("\"abc\"", true),
            ("W/\"abc\"", false),
            ("abc", false),
            ("\"\"", false),
            ("\"", false),
        ] {
            assert_eq!(strong_etag(&headers(&[(ETAG, etag)])).is_some(), strong, "{etag}");
        }
    }

    #[test]
    fn a_rest_must_fit_what_is_here() {
        let resume = Resume { offset: 10, etag: "\"a\"".into() };
        for (etag, range, fits) in [
            ("\"a\"", "bytes 10-19/20", true),
            ("W/\"a\"", "bytes 10-19/20", true),
            ("\"b\"", "bytes 10-19/20", false),
            ("\"a\"", "bytes 11-19/20", false),
            ("\"a\"", "bytes 0-19/20", false),
            ("\"a\"", "", false),
        ] {
            let found = rest(&headers(&[(ETAG, etag), (CONTENT_RANGE, range)]), &resume);
            assert_eq!(found.is_some(), fits, "{etag} {range}");
        }
    }

    #[test]
    fn pages_and_encoded_content_are_not_files() {
        let ok = StatusCode::OK;
        assert!(whole("", "", ok, &headers(&[(CONTENT_TYPE, "text/csv")])).is_ok());
        for bad in [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_ENCODING, "gzip")] {
            assert!(whole("", "", ok, &headers(&[bad])).is_err());
        }
        assert!(whole("", "", StatusCode::PARTIAL_CONTENT, &HeaderMap::new()).is_err());
    }
}
