//! Cells as CSV (RFC 4180): exact values, CRLF, quotes only where they are needed.

use rusqlite::types::ValueRef;

use super::field::Kind;
use super::json;

/// Writes a cell of this kind. A missing value is nothing at all, an empty text is `""`.
pub(super) fn push(out: &mut Vec<u8>, kind: Kind, value: ValueRef<'_>) {
    match value {
        ValueRef::Null | ValueRef::Blob(_) => {}
        ValueRef::Text(text) => push_text(out, text),
        number => json::push(out, kind, number),
    }
}

/// Writes a text.
pub(super) fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    let is_special = |b: &u8| matches!(b, b'"' | b',' | b'\r' | b'\n');
    // White space at the ends is data, too, and often lost where there are no quotes.
    let ends = [text.first(), text.last()];
    let spaced = ends.into_iter().flatten().any(u8::is_ascii_whitespace);
    if !text.is_empty() && !spaced && !text.iter().any(is_special) {
        return out.extend_from_slice(text);
    }
    out.push(b'"');
    for part in text.split_inclusive(|b| *b == b'"') {
        out.extend_from_slice(part);
        if part.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_stand_where_they_are_needed() {
        for (value, text) in [
            (ValueRef::Null, ""),
            (ValueRef::Text(b""), "\"\""),
            (ValueRef::Text(b"plain text"), "plain text"),
            (ValueRef::Text(b"=1+1"), "=1+1"),
            (ValueRef::Text(b" x"), "\" x\""),
            (ValueRef::Text(b"a,b"), "\"a,b\""),
            (ValueRef::Text(b"a\nb"), "\"a\nb\""),
            (ValueRef::Text(b"\"a\"\"b"), "\"\"\"a\"\"\"\"b\""),
            (ValueRef::Integer(-1205), "-12.05"),
        ] {
            let mut out = Vec::new();
            push(&mut out, Kind::Decimal { scale: 2 }, value);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
