//! What a list's body may look like.
//!
//! Only the `uid` of an export is certain, so everything else is read
//! leniently. What cannot be read is never taken for "nothing": a body of
//! another kind is a failure, an element of another kind is handed on with its
//! JSON and without a uid.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::Deserializer;
use serde::de::{SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::Listed;
use crate::model::{Failure, FailureClass};
use crate::transport::http::{Secrets, unexpected};

const READING: &str = "reading";
const THE_LIST: &str = "the list of exports";

/// The most elements that a list may have.
const MAX_ITEMS: usize = 100_000;

/// The longest uid, in bytes: it becomes part of a URL.
const MAX_UID: usize = 512;

/// Where an object may keep the array.
const WRAPPERS: &[&str] = &["exports", "data", "items", "results", "content", "records", "value"];

/// Where an export may keep its name and its size.
const NAMES: &[&str] =
    &["fileName", "filename", "file_name", "name", "exportName", "export_name", "exportFileName"];
const SIZES: &[&str] =
    &["fileSize", "filesize", "file_size", "size", "sizeInBytes", "contentLength"];

type Object<'a> = HashMap<String, &'a RawValue>;

/// The exports of a list's body. An empty body, `null`, `[]` and `{}` mean that
/// there are none.
pub(super) fn listed(body: &[u8], secrets: &Secrets) -> Result<Vec<Listed>, Failure> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    let elements = match body.first() {
        None => Vec::new(),
        Some(b'[') => elements(body, secrets)?,
        Some(b'{') => in_object(body, secrets)?,
        Some(_) if body == b"null" => Vec::new(),
        Some(_) => return Err(not_a_list(body, secrets)),
    };
    let mut seen = HashSet::new();
    let mut items: Vec<Listed> = elements.into_iter().map(item).collect();
    items.retain(|item| item.uid.as_ref().is_none_or(|uid| seen.insert(uid.clone())));
    Ok(items)
}

/// The elements that an object stands for: none, itself, or those it wraps.
fn in_object<'a>(body: &'a [u8], secrets: &Secrets) -> Result<Vec<&'a RawValue>, Failure> {
    let object: Object = serde_json::from_slice(body).map_err(|_| not_a_list(body, secrets))?;
    if object.is_empty() {
        return Ok(Vec::new());
    }
    if object.contains_key("uid") {
        return Ok(vec![serde_json::from_slice(body).map_err(|_| not_a_list(body, secrets))?]);
    }
    // An error beside an empty list is an error.
    let complains = |key: &&str| object.get(*key).is_some_and(|value| value.get() != "null");
    if ["error", "errors", "errorMessage"].iter().any(complains) {
        return Err(not_a_list(body, secrets));
    }
    WRAPPERS
        .iter()
        .find_map(|key| object.get(*key).filter(|value| value.get().starts_with('[')))
        .ok_or_else(|| not_a_list(body, secrets))
        .and_then(|array| elements(array.get().as_bytes(), secrets))
}

/// The elements of an array, as they came.
fn elements<'a>(body: &'a [u8], secrets: &Secrets) -> Result<Vec<&'a RawValue>, Failure> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = json.deserialize_seq(Elements).and_then(|found| json.end().map(|()| found));
    match read {
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(Failure::new(FailureClass::Protocol, READING, THE_LIST)
            .said(format!("it has more than {MAX_ITEMS} elements"))
            .advice("ask for fewer: set product_keys, one endpoint each")),
        Err(error) => Err(not_a_list(body, secrets).said(format!("it is not JSON: {error}"))),
    }
}

/// Reads up to [`MAX_ITEMS`] elements; `None` when there are more.
struct Elements;

impl<'a> Visitor<'a> for Elements {
    type Value = Option<Vec<&'a RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while let Some(element) = seq.next_element::<&RawValue>()? {
            if found.len() == MAX_ITEMS {
                return Ok(None);
            }
            found.push(element);
        }
        Ok(Some(found))
    }
}

fn item(raw: &RawValue) -> Listed {
    let unknown = Listed { uid: None, name: None, size: None, raw: raw.get().to_owned() };
    // Not an object, or nested deeper than serde_json reads (128 levels).
    let Ok(object) = serde_json::from_str::<Object>(raw.get()) else { return unknown };
    if serde_json::from_str::<Value>(raw.get()).is_err() {
        return unknown;
    }
    Listed {
        uid: object.get("uid").and_then(|value| uid(value)),
        name: NAMES.iter().find_map(|key| name(object.get(*key)?)),
        size: SIZES.iter().find_map(|key| size(object.get(*key)?)),
        ..unknown
    }
}

/// A text, or a number as its digits came: as a float it would lose some.
fn uid(value: &RawValue) -> Option<String> {
    let text = match value.get().as_bytes().first()? {
        b'0'..=b'9' | b'-' => value.get().to_owned(),
        _ => serde_json::from_str(value.get()).ok()?,
    };
    // `.` and `..` cannot be a segment of a URL.
    let usable = !text.trim().is_empty() && text.len() <= MAX_UID && text != "." && text != "..";
    usable.then_some(text)
}

fn name(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok().filter(|name: &String| !name.trim().is_empty())
}

fn size(value: &RawValue) -> Option<u64> {
    value.get().trim_matches('"').parse().ok()
}

fn not_a_list(body: &[u8], secrets: &Secrets) -> Failure {
    unexpected(READING, THE_LIST, "the reply is not a list of exports", body, secrets)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn listed(body: &[u8]) -> Result<Vec<Listed>, Failure> {
        super::listed(body, &Secrets::default())
    }

    fn uids(body: &str) -> Vec<Option<String>> {
        listed(body.as_bytes()).unwrap().into_iter().map(|item| item.uid).collect()
    }

    #[test]
    fn every_shape_of_nothing() {
        for body in [
            "",
            "  \r\n\t",
            "[]",
            " [ ] ",
            "null",
            "{}",
            "\u{feff}",
            "\u{feff}[]",
            r#"{"exports":[]}"#,
            r#"{"data":[],"error":null}"#,
        ] {
            assert_eq!(listed(body.as_bytes()), Ok(Vec::new()), "{body:?}");
        }
    }

    #[test]
    fn every_shape_of_something() {
        for (body, expected) in [
            (r#"[{"uid":"a"},{"uid":"b"}]"#, vec![Some("a"), Some("b")]),
            (r#"{"uid":"a"}"#, vec![Some("a")]),
            (r#"{"exports":[{"uid":"a"}],"total":1}"#, vec![Some("a")]),
            (r#"{"data":[{"uid":"a"}]}"#, vec![Some("a")]),
            (r#"{"items":[{"uid":"a"}]}"#, vec![Some("a")]),
            (r#"{"results":[{"uid":"a"}]}"#, vec![Some("a")]),
            ("\u{feff}[{\"uid\":\"a\"}]\n", vec![Some("a")]),
            (r#"[{"uid":17},{"uid":-1}]"#, vec![Some("17"), Some("-1")]),
            ("[{\"uid\":12345678901234567890123}]", vec![Some("12345678901234567890123")]),
            (r#"[{"uid":"\u00e9"}]"#, vec![Some("é")]),
            (r#"[{"uid":"a"},{"uid":"a","x":1},{"uid":"b"}]"#, vec![Some("a"), Some("b")]),
            // Elements of unknown shape are kept, each of them.
            (
                r#"[{"uid":"a"},{"id":1},{"id":1},7,"x",null,[{}]]"#,
                vec![Some("a"), None, None, None, None, None, None],
            ),
            (
                r#"[{"uid":""},{"uid":" "},{"uid":null},{"uid":true},{"uid":["a"]},{"uid":{}}]"#,
                vec![None; 6],
            ),
            (r#"[{"uid":"."},{"uid":".."}]"#, vec![None; 2]),
            (r#"{"uid":null,"message":"?"}"#, vec![None]),
        ] {
            assert_eq!(
                uids(body).iter().map(Option::as_deref).collect::<Vec<_>>(),
                expected,
                "{body}"
            );
        }
    }

    #[test]
    fn anything_else_is_a_failure() {
        for body in [
            "<!DOCTYPE html><html>sign in</html>",
            "<?xml version=\"1.0\"?><Error/>",
            "no exports",
            "true",
            "0",
            "\"[]\"",
            "nul",
            "nulll",
            "[",
            "[{\"uid\":\"a\"}",
            "[{\"uid\":\"a\"},",
            "[] x",
            "{\"uid\":\"a\"",
            "{\"uid\":\"a\"} {}",
            "{\"exports\":[",
            "[{\"uid\":\"a\",}]",
            r#"{"message":"Internal server error"}"#,
            r#"{"error":"x"}"#,
            r#"{"error":"x","exports":[]}"#,
            r#"{"exports":null}"#,
            r#"{"exports":{}}"#,
            r#"{"total":0}"#,
            "\u{0}",
            "[{\"uid\":\"a\u{1}\"}]",
        ] {
            let failure = listed(body.as_bytes()).expect_err(body);
            assert_eq!(failure.class, FailureClass::Protocol, "{body}");
        }
        let html = listed(b"\n<html><body>Sign in</body></html>").unwrap_err();
        assert!(html.advice.unwrap().contains("proxy or login page"));
        assert!(listed(b"[\"\xff\"]").is_err(), "not UTF-8");
    }

    #[test]
    fn the_element_is_kept_as_it_came() {
        let raw = "{ \"b\": 1.0, \"uid\": \"x\", \"a\": 1e2 , \"b\": 2}";
        let found = listed(format!("[ {raw} ]").as_bytes()).unwrap();
        assert_eq!(found[0].raw, raw);
        assert_eq!(listed(raw.as_bytes()).unwrap()[0].raw, raw);
    }

    #[test]
    fn names_and_sizes_where_the_list_tells_them() {
        for (element, name, size) in [
            (r#"{"uid":"a"}"#, None, None),
            (r#"{"uid":"a","fileName":"x.csv","fileSize":12}"#, Some("x.csv"), Some(12)),
            (r#"{"uid":"a","filename":"../x.csv","size":"34"}"#, Some("../x.csv"), Some(34)),
            (r#"{"uid":"a","file_name":" ","name":"y.pdf","size":-1}"#, Some("y.pdf"), None),
            (r#"{"uid":"a","fileName":7,"size":1.5}"#, None, None),
        ] {
            let found = listed(format!("[{element}]").as_bytes()).unwrap();
            assert_eq!((found[0].name.as_deref(), found[0].size), (name, size), "{element}");
        }
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let deep = format!(
            "[{{\"uid\":\"a\",\"x\":{}{}}},{{\"uid\":\"b\"}}]",
            "[".repeat(200_000),
            "]".repeat(200_000)
        );
        assert_eq!(uids(&deep), [None, Some("b".into())], "one deep element costs only itself");
        assert!(listed("[".repeat(200_000).as_bytes()).is_err());
        let many = |n: usize| format!("[{}]", vec!["1"; n].join(","));
        assert_eq!(listed(many(MAX_ITEMS).as_bytes()).unwrap().len(), MAX_ITEMS);
        assert!(listed(many(MAX_ITEMS + 1).as_bytes()).unwrap_err().to_string().contains("100000"));
    }

    proptest! {
        #[test]
        fn a_cut_list_is_never_a_list(uids in proptest::collection::vec("[a-z\"\\\\é]{1,9}", 1..9), at in 0.0..1.0) {
            let body = serde_json::to_string(&uids.iter().map(|uid| serde_json::json!({"uid": uid})).collect::<Vec<_>>()).unwrap();
            let cut = 1 + ((body.len() - 1) as f64 * at) as usize;
            prop_assert!(listed(&body.as_bytes()[..cut]).is_err());
            prop_assert!(listed(body.as_bytes()).is_ok());
        }

        #[test]
        fn no_body_is_too_strange(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = listed(&body);
        }
    }

    #[test]
    fn no_list_breaks_its_reader() {
        crate::fuzz::fuzz("encoura_list", |body| {
            let Ok(items) = listed(body) else { return };
            assert!(items.len() <= body.len(), "more than can have been written");
        });
    }
}
