//! `Range` and `If-Range` (RFC 9110, sections 13.1.5 and 14.2), one range of bytes.

use axum::http::{HeaderMap, header};

use crate::demo::encoura::text;

/// Which bytes are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::demo) enum Range {
    /// All of them.
    Whole,
    /// Those in `from..to`.
    Part { from: u64, to: u64 },
    /// Some beyond the end.
    Unsatisfiable,
}

/// What `headers` ask of an object of `size` bytes with this `etag`.
pub(in crate::demo) fn requested(headers: &HeaderMap, size: u64, etag: &str) -> Range {
    let Some(range) = text(headers, header::RANGE.as_str()) else { return Range::Whole };
    // Another validator: the range belongs to other bytes.
    if text(headers, header::IF_RANGE.as_str()).is_some_and(|known| known != etag) {
        return Range::Whole;
    }
    let Some((from, to)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-'))
    else {
        return Range::Whole;
    };
    let last = if to.is_empty() { Ok(u64::MAX) } else { to.parse::<u64>() };
    match (from.parse::<u64>(), last) {
        (Ok(from), Ok(last)) if from <= last => {
            let to = last.saturating_add(1).min(size);
            if from < size { Range::Part { from, to } } else { Range::Unsatisfiable }
        }
        _ => Range::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        let etag = "\"v1\"";
        for (range, if_range, expected) in [
            (None, None, Range::Whole),
            (Some("bytes=0-"), None, Range::Part { from: 0, to: 10 }),
            (Some("bytes=4-"), Some(etag), Range::Part { from: 4, to: 10 }),
            (Some("bytes=4-6"), None, Range::Part { from: 4, to: 7 }),
            (Some("bytes=4-99"), None, Range::Part { from: 4, to: 10 }),
            (Some("bytes=10-"), None, Range::Unsatisfiable),
            (Some("bytes=4-"), Some("\"v0\""), Range::Whole),
            (Some("bytes=6-4"), None, Range::Whole),
            (Some("lines=4-"), None, Range::Whole),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [(header::RANGE, range), (header::IF_RANGE, if_range)] {
                if let Some(value) = value {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            assert_eq!(requested(&headers, 10, etag), expected, "{range:?} {if_range:?}");
        }
    }
}
