//! Where a page ended: the key of its last row, signed.
//!
//! `base64url(version ‖ key ‖ tag)`. The tag is an HMAC over the key and over what is
//! asked, so that a cursor of another route, of other filters or of another file is as
//! wrong as one that somebody made up. It is no secret: it shows a key that its owner
//! was shown already.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::types::{Value, ValueRef};

/// The form of what follows.
const VERSION: u8 = 1;

/// Bytes of the tag.
const TAG: usize = 16;

/// The first characters of every cursor are free, the rest is at least a tag.
#[derive(Clone, Debug, PartialEq)]
pub struct Cursor(Vec<u8>);

/// It is no cursor, or none for this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCursor;

impl Cursor {
    /// Reads the text of one; whether it is good is seen when it is used.
    pub fn parse(text: &str) -> Result<Self, NoCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NoCursor)?;
        if bytes.len() <= TAG || bytes[0] != VERSION {
            return Err(NoCursor);
        }
        Ok(Self(bytes))
    }

    /// The key that it holds, if it was made with `key` for `asked` and holds as many
    /// values as the order has.
    pub(super) fn open(
        &self,
        key: &hmac::Key,
        asked: &[&str],
        width: usize,
    ) -> Result<Vec<Value>, NoCursor> {
        let (body, tag) =
            self.0.split_at_checked(self.0.len().saturating_sub(TAG)).ok_or(NoCursor)?;
        let right = sign(key, asked, body);
        verify_slices_are_equal(&right, tag).map_err(|_| NoCursor)?;
        let values = decode(body.get(1..).unwrap_or_default()).ok_or(NoCursor)?;
        if values.len() == width { Ok(values) } else { Err(NoCursor) }
    }
}

/// The text of a cursor at these values.
pub(super) fn seal<'v>(
    key: &hmac::Key,
    asked: &[&str],
    values: impl IntoIterator<Item = ValueRef<'v>>,
) -> String {
    let mut bytes = vec![VERSION];
    for value in values {
        encode(&mut bytes, value);
    }
    let tag = sign(key, asked, &bytes);
    bytes.extend_from_slice(&tag);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A cursor of a list that is in no file: of the datasets themselves. Everybody knows
/// its key, so that it only tells a mistake from a cursor.
#[derive(Clone, Copy, Debug)]
pub struct NameCursor;

impl NameCursor {
    const ASKED: [&str; 1] = ["datasets"];

    fn key() -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &[])
    }

    /// The text of a cursor after this name.
    pub fn seal(name: &str) -> String {
        seal(&Self::key(), &Self::ASKED, [ValueRef::Text(name.as_bytes())])
    }

    /// The name that the text of a cursor holds.
    pub fn open(text: &str) -> Result<String, NoCursor> {
        match Cursor::parse(text)?.open(&Self::key(), &Self::ASKED, 1)?.pop() {
            Some(Value::Text(name)) => Ok(name),
            _ => Err(NoCursor),
        }
    }
}

fn sign(key: &hmac::Key, asked: &[&str], body: &[u8]) -> [u8; TAG] {
    let mut context = hmac::Context::with_key(key);
    for part in asked {
        // With its length, so that no two lists read the same.
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    context.update(body);
    let mut tag = [0; TAG];
    tag.copy_from_slice(&context.sign().as_ref()[..TAG]);
    tag
}

fn encode(bytes: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Integer(n) => {
            bytes.push(b'i');
            bytes.extend_from_slice(&n.to_be_bytes());
        }
        ValueRef::Real(x) => {
            bytes.push(b'r');
            bytes.extend_from_slice(&x.to_be_bytes());
        }
        ValueRef::Text(text) => {
            bytes.push(b't');
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes()[4..]);
            bytes.extend_from_slice(text);
        }
        // No key holds any.
        ValueRef::Null | ValueRef::Blob(_) => bytes.push(b'n'),
    }
}

fn decode(mut bytes: &[u8]) -> Option<Vec<Value>> {
    let mut values = Vec::new();
    while let Some((tag, rest)) = bytes.split_first() {
        let (value, rest) = match tag {
            b'i' => {
                let (n, rest) = rest.split_first_chunk()?;
                (Value::Integer(i64::from_be_bytes(*n)), rest)
            }
            b'r' => {
                let (x, rest) = rest.split_first_chunk()?;
                (Value::Real(f64::from_be_bytes(*x)), rest)
            }
            b't' => {
                let (length, rest) = rest.split_first_chunk()?;
                let (text, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
                (Value::Text(String::from_utf8(text.to_vec()).ok()?), rest)
            }
            b'n' => (Value::Null, rest),
            _ => return None,
        };
        values.push(value);
        bytes = rest;
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(n: u8) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &[n; 32])
    }

    fn values() -> impl Strategy<Value = Vec<Value>> {
        let value = prop_oneof![
            any::<i64>().prop_map(Value::Integer),
            (-1e300f64..1e300).prop_map(Value::Real),
            any::<String>().prop_map(Value::Text),
        ];
        proptest::collection::vec(value, 1..4)
    }

    proptest! {
        #[test]
        fn a_cursor_holds_what_was_put_in_for_this_and_for_nothing_else(values in values()) {
            let text = seal(&key(1), &["sales", "date"], values.iter().map(ValueRef::from));
            let cursor = Cursor::parse(&text).unwrap();
            let open = |k: u8, asked: &[&str], width| cursor.open(&key(k), asked, width);
            prop_assert_eq!(open(1, &["sales", "date"], values.len()), Ok(values.clone()));
            prop_assert_eq!(open(1, &["sales", "date"], values.len() + 1), Err(NoCursor));
            prop_assert_eq!(open(2, &["sales", "date"], values.len()), Err(NoCursor));
            prop_assert_eq!(open(1, &["sales", ""], values.len()), Err(NoCursor));
            prop_assert_eq!(open(1, &["sale", "sdate"], values.len()), Err(NoCursor));
        }

        #[test]
        fn whatever_is_changed_about_it_is_seen(
            values in values(), at in any::<proptest::sample::Index>(), with in any::<char>(),
        ) {
            let text = seal(&key(1), &["sales"], values.iter().map(ValueRef::from));
            let at = at.index(text.len());
            let changed = format!("{}{with}{}", &text[..at], &text[at + 1..]);
            let inserted = format!("{}{with}{}", &text[..at], &text[at..]);
            let cut = text[..at].to_owned();
            for other in [changed, inserted, cut].into_iter().filter(|other| *other != text) {
                let opened = Cursor::parse(&other)
                    .and_then(|cursor| cursor.open(&key(1), &["sales"], values.len()));
                prop_assert_eq!(opened, Err(NoCursor));
            }
        }

        #[test]
        fn nothing_is_read_from_bytes_that_are_none(bytes in any::<Vec<u8>>()) {
            let _ = decode(&bytes);
            let text = URL_SAFE_NO_PAD.encode(&bytes);
            let opened = Cursor::parse(&text).and_then(|c| c.open(&key(1), &["sales"], 1));
            prop_assert_eq!(opened, Err(NoCursor));
        }
    }

    #[test]
    fn no_cursor_that_was_made_up_opens() {
        let right = NameCursor::seal("sales");
        assert_eq!(NameCursor::open(&right).as_deref(), Ok("sales"));
        crate::fuzz::fuzz("cursor", |text| {
            let Ok(text) = std::str::from_utf8(text) else { return };
            let Ok(cursor) = Cursor::parse(text) else { return };
            assert_eq!(cursor.open(&key(1), &["sales"], 1), Err(NoCursor));
            let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
            let _ = decode(&bytes);
        });
    }
}
