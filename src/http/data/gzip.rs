//! Compression (RFC 9110, 12.5.3).

use std::io::Write as _;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_ENCODING;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Answers below this size go out as they are.
const WORTH_IT: usize = 1_024;

/// Whether the other side takes gzip.
pub(super) fn is_accepted(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut any = None;
    for entry in lists.flat_map(|list| list.split(',')) {
        let (coding, weight) = entry.split_once(';').unwrap_or((entry, ""));
        let weight = weight.trim().strip_prefix("q=").map_or("1", str::trim);
        let wanted = weight.parse::<f32>().is_ok_and(|weight| weight > 0.0);
        match coding.trim() {
            coding if coding.eq_ignore_ascii_case("gzip") => return wanted,
            "*" => any = Some(wanted),
            _ => {}
        }
    }
    any.unwrap_or(false)
}

/// The body compressed, where that is worth it.
pub(super) fn of(body: &[u8]) -> Option<Vec<u8>> {
    if body.len() < WORTH_IT {
        return None;
    }
    let mut encoder = encoder();
    // Memory takes everything.
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

/// What compresses piece by piece.
pub(super) fn encoder() -> GzEncoder<Vec<u8>> {
    GzEncoder::new(Vec::new(), Compression::fast())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn gzip_is_sent_to_whom_takes_it() {
        for (header, accepted) in [
            ("gzip", true),
            ("GZip", true),
            ("deflate, gzip;q=0.5", true),
            ("*", true),
            ("br;q=1, *;q=0.1", true),
            ("", false),
            ("identity", false),
            ("gzip;q=0", false),
            ("gzip;q=0, *", false),
            ("gzip; q=0.000", false),
            ("gzip;q=x", false),
            ("*;q=0", false),
            ("xgzip", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(header));
            assert_eq!(is_accepted(&headers), accepted, "{header}");
        }
        assert!(!is_accepted(&HeaderMap::new()));
    }
}
