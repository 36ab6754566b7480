//! Cells as JSON, straight into the bytes of an answer.

use rusqlite::types::ValueRef;

use super::field::Kind;
use crate::model::steers;

/// Writes a cell of this kind.
pub(super) fn push(out: &mut Vec<u8>, kind: Kind, value: ValueRef<'_>) {
    match (value, kind) {
        (ValueRef::Integer(n), Kind::Boolean) => {
            out.extend_from_slice(if n == 0 { b"false" } else { b"true" });
        }
        (ValueRef::Integer(n), Kind::Decimal { scale }) => push_decimal(out, n, scale),
        (ValueRef::Integer(n), _) => push_integer(out, n),
        (ValueRef::Real(x), _) => push_real(out, x),
        (ValueRef::Text(text), _) => match std::str::from_utf8(text) {
            Ok(text) => push_text(out, text),
            // Written as text by us; whatever else got in is shown all the same.
            Err(_) => push_text(out, &String::from_utf8_lossy(text)),
        },
        (ValueRef::Null | ValueRef::Blob(_), _) => out.extend_from_slice(b"null"),
    }
}

/// A whole number.
pub(super) fn push_integer(out: &mut Vec<u8>, n: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(n).as_bytes());
}

/// The exact number `n` × 10^-`scale`, with all its places: 12.30.
pub(super) fn push_decimal(out: &mut Vec<u8>, n: i64, scale: u32) {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(n.unsigned_abs()).as_bytes();
    if n < 0 {
        out.push(b'-');
    }
    let places = scale as usize;
    if places == 0 {
        return out.extend_from_slice(digits);
    }
    match digits.len().checked_sub(places).filter(|whole| *whole > 0) {
        Some(whole) => {
            out.extend_from_slice(&digits[..whole]);
            out.push(b'.');
            out.extend_from_slice(&digits[whole..]);
        }
        None => {
            out.extend_from_slice(b"0.");
            out.resize(out.len() + places - digits.len(), b'0');
            out.extend_from_slice(digits);
        }
    }
}

/// A floating-point number in the fewest digits that mean it; null if it is none.
pub(super) fn push_real(out: &mut Vec<u8>, x: f64) {
    let at = out.len();
    if serde_json::to_writer(&mut *out, &x).is_err() {
        out.truncate(at);
        out.extend_from_slice(b"null");
    }
}

/// Text in quotes. What could steer a terminal is escaped, so that the data stays the
/// same and nothing happens to whoever reads it on one.
pub fn push_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let plain = |b: u8| (b' '..0x7f).contains(&b) && b != b'"' && b != b'\\';
    if text.bytes().all(plain) {
        out.extend_from_slice(text.as_bytes());
    } else {
        for c in text.chars() {
            push_char(out, c);
        }
    }
    out.push(b'"');
}

fn push_char(out: &mut Vec<u8>, c: char) {
    let short: &[u8] = match c {
        '"' => b"\\\"",
        '\\' => b"\\\\",
        '\n' => b"\\n",
        '\r' => b"\\r",
        '\t' => b"\\t",
        c if steers(c) => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
            return;
        }
        c => return out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
    };
    out.extend_from_slice(short);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pushed(kind: Kind, value: ValueRef<'_>) -> String {
        let mut out = Vec::new();
        push(&mut out, kind, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_decimal_keeps_every_place() {
        for (n, scale, text) in [
            (1230, 2, "12.30"),
            (0, 2, "0.00"),
            (5, 2, "0.05"),
            (-5, 2, "-0.05"),
            (-100, 2, "-1.00"),
            (7, 0, "7"),
            (1, 12, "0.000000000001"),
            (i64::MIN, 2, "-92233720368547758.08"),
            (i64::MAX, 24, "0.000009223372036854775807"),
        ] {
            assert_eq!(pushed(Kind::Decimal { scale }, ValueRef::Integer(n)), text);
        }
    }

    #[test]
    fn other_cells_are_what_json_has_for_them() {
        for (kind, value, text) in [
            (Kind::Integer, ValueRef::Integer(i64::MIN), "-9223372036854775808"),
            (Kind::Boolean, ValueRef::Integer(0), "false"),
            (Kind::Boolean, ValueRef::Integer(1), "true"),
            (Kind::Real, ValueRef::Real(0.1), "0.1"),
            (Kind::Real, ValueRef::Real(f64::INFINITY), "null"),
            (Kind::Real, ValueRef::Real(1e300), "1e+300"),
            (Kind::Text, ValueRef::Null, "null"),
            (Kind::Date, ValueRef::Text(b"2026-05-01"), "\"2026-05-01\""),
            (Kind::Text, ValueRef::Text(b"a\"\\\x1b[2J"), "\"a\\\"\\\\\\u001b[2J\""),
            (Kind::Text, ValueRef::Text("\u{202e}x".as_bytes()), "\"\\u202ex\""),
            (Kind::Text, ValueRef::Text(b"\xff"), "\"\u{fffd}\""),
        ] {
            assert_eq!(pushed(kind, value), text);
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back_as_it_was(text in any::<String>()) {
            let written = pushed(Kind::Text, ValueRef::Text(text.as_bytes()));
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
            prop_assert!(!written.chars().any(steers), "{}", written);
        }

        #[test]
        fn a_real_comes_back_to_the_bit(x in any::<f64>().prop_filter("finite", |x| x.is_finite())) {
            let written = pushed(Kind::Real, ValueRef::Real(x));
            prop_assert_eq!(written.parse::<f64>().unwrap().to_bits(), x.to_bits());
        }
    }
}
