//! A JSON:API document, as the Data Management API writes them.
//!
//! Elements are read one by one and leniently: what is missing or of another type is
//! missing. What cannot be told from others (no type, no id) is counted, so that a
//! listing with it is never taken for complete.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::{Failure, FailureClass};
use crate::transport::http::{Secrets, unexpected};

/// The longest id, in bytes: it becomes part of a URL.
const MAX_ID: usize = 1024;

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    included: Option<&'a RawValue>,
    #[serde(borrow)]
    links: Option<&'a RawValue>,
    #[serde(borrow)]
    meta: Option<&'a RawValue>,
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
}

/// One page of a list, or one resource.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// The resources, in their order.
    pub(super) data: Vec<Resource>,
    /// What belongs to them.
    pub(super) included: Vec<Resource>,
    /// Where the next page is, as it came.
    pub(super) next: Option<String>,
    /// The warnings beside the data.
    pub(super) warnings: Vec<Warning>,
    /// Elements of `data` without a usable type and id.
    pub(super) odd: usize,
}

/// What did not work for a part of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Warning {
    pub(super) code: String,
    pub(super) words: String,
}

/// One element.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Resource {
    pub(super) kind: String,
    pub(super) id: String,
    json: Value,
}

impl Resource {
    fn new(json: Value) -> Option<Self> {
        let text = |key: &str| Some(json.get(key)?.as_str()?.to_owned());
        let (kind, id) = (text("type")?, text("id")?);
        is_usable(&id).then_some(Self { kind, id, json })
    }

    /// The text at a JSON pointer, if there is more than nothing.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.json.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
    }

    /// The whole number at a JSON pointer.
    pub(super) fn number(&self, pointer: &str) -> Option<u64> {
        match self.json.pointer(pointer)? {
            Value::Number(n) => n.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Whether `true` is at a JSON pointer.
    pub(super) fn is(&self, pointer: &str) -> bool {
        self.json.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The elements of the list at a JSON pointer.
    pub(super) fn list(&self, pointer: &str) -> &[Value] {
        self.json.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }
}

/// Whether an id can be a segment of a URL.
fn is_usable(id: &str) -> bool {
    !id.trim().is_empty() && id.len() <= MAX_ID && id != "." && id != ".."
}

impl Document {
    /// Reads a body. `data` must be there, and no `errors`.
    pub(super) fn read(
        doing: &str,
        place: &str,
        body: &[u8],
        secrets: &Secrets,
    ) -> Result<Self, Failure> {
        let not_one = |what: &str| unexpected(doing, place, what, body, secrets);
        let raw: Raw<'_> = serde_json::from_slice(body)
            .map_err(|_| not_one("the reply is not the JSON expected"))?;
        if raw.errors.is_some_and(|errors| !matches!(errors.get(), "null" | "[]")) {
            return Err(not_one("the reply holds errors"));
        }
        let data = raw.data.ok_or_else(|| not_one("the reply holds no data"))?;
        let (data, odd) = resources(data).ok_or_else(|| not_one("the data are no resources"))?;
        let (included, _) = raw.included.and_then(resources).unwrap_or_default();
        let parsed = |raw: Option<&RawValue>| -> Value {
            raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
        };
        let (links, meta) = (parsed(raw.links), parsed(raw.meta));
        // As an object with its address, or the address alone.
        let next = links.pointer("/next/href").or_else(|| links.get("next"));
        let next = next.and_then(Value::as_str).filter(|next| !next.is_empty());
        let warnings = meta.get("warnings").and_then(Value::as_array);
        let warnings = warnings.into_iter().flatten().map(Warning::new).collect();
        Ok(Self { data, included, next: next.map(ToOwned::to_owned), warnings, odd })
    }

    /// The only resource of a document about one.
    pub(super) fn only(self, doing: &str, place: &str) -> Result<Resource, Failure> {
        let count = self.data.len();
        self.data.into_iter().next().filter(|_| count == 1).ok_or_else(|| {
            Failure::new(FailureClass::Protocol, doing, place)
                .said(format!("{count} resources where one was asked for"))
        })
    }
}

impl Warning {
    fn new(json: &Value) -> Self {
        let text = |key: &str| json.get(key).and_then(Value::as_str).unwrap_or_default();
        let words = [text("Title"), text("Detail")];
        let words: Vec<&str> = words.into_iter().filter(|w| !w.is_empty()).collect();
        Self { code: text("ErrorCode").to_owned(), words: words.join(" ") }
    }
}

/// The resources of an array, or of a single one, and how many could not be read;
/// `None` for anything else.
fn resources(raw: &RawValue) -> Option<(Vec<Resource>, usize)> {
    let elements: Vec<&RawValue> = match raw.get().as_bytes().first()? {
        b'[' => serde_json::from_str(raw.get()).ok()?,
        b'{' => vec![raw],
        _ => return None,
    };
    let count = elements.len();
    let found: Vec<Resource> = elements
        .into_iter()
        .filter_map(|raw| Resource::new(serde_json::from_str(raw.get()).ok()?))
        .collect();
    let odd = count - found.len();
    Some((found, odd))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Document, Failure> {
        Document::read("listing", "host/path", body.as_bytes(), &Secrets::default())
    }

    #[test]
    fn documents_are_read() {
        let document = read(
            r#"{"jsonapi":{"version":"1.0"},"links":{"self":{"href":"/a"},"next":{"href":"/a?page%5Bnumber%5D=1"}},
                "data":[{"type":"items","id":"urn:a","attributes":{"n":"7","name":"","on":true}},
                        {"type":"folders","id":"urn:b"}],
                "included":[{"type":"versions","id":"urn:c?version=1"}]}"#,
        )
        .unwrap();
        let ids: Vec<_> = document.data.iter().map(|r| r.id.as_str()).collect();
        assert_eq!(ids, ["urn:a", "urn:b"]);
        assert_eq!(document.included[0].id, "urn:c?version=1");
        assert_eq!(document.next.as_deref(), Some("/a?page%5Bnumber%5D=1"));
        assert_eq!(document.odd, 0);
        let item = &document.data[0];
        assert_eq!(item.number("/attributes/n"), Some(7));
        assert_eq!(item.text("/attributes/name"), None, "nothing is no text");
        assert!(item.is("/attributes/on") && !item.is("/attributes/off"));
    }

    #[test]
    fn the_end_is_a_missing_link() {
        for (links, next) in [
            (r#""links":{"self":{"href":"/a"}},"#, None),
            (r#""links":{"next":null},"#, None),
            (r#""links":{"next":{}},"#, None),
            (r#""links":{"next":"/b"},"#, Some("/b")),
            (r#""links":{"next":{"href":"https://h/b"}},"#, Some("https://h/b")),
            (r#""links":null,"#, None),
            ("", None),
        ] {
            let document = read(&format!(r#"{{{links}"data":[]}}"#)).unwrap();
            assert_eq!(document.next.as_deref(), next, "{links}");
        }
    }

    #[test]
    fn what_cannot_be_told_from_others_is_counted() {
        let long = "x".repeat(MAX_ID + 1);
        let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
        let body = format!(
            r#"{{"data":[{{"type":"items","id":"a"}},{{"type":"items"}},{{"id":"b"}},null,7,[],
                {{"type":"items","id":""}},{{"type":"items","id":".."}},{{"type":"items","id":"{long}"}},
                {{"type":"items","id":9}}]}}"#
        );
        let document = read(&body).unwrap();
        assert_eq!((document.data.len(), document.odd), (1, 9));
        let deep = format!(r#"{{"data":[{{"type":"items","id":"a"}}],"included":{deep}}}"#);
        assert!(read(&deep).map_or(true, |document| document.data.len() == 1));
    }

    #[test]
    fn anything_else_is_a_failure() {
        for body in [
            "",
            "null",
            "[]",
            "{}",
            r#"{"data":null}"#,
            r#"{"data":7}"#,
            r#"{"data":[]"#,
            r#"{"data":[],"errors":[{"detail":"No."}]}"#,
            "<!DOCTYPE html><html>sign in</html>",
            "Quota exceeded",
        ] {
            assert_eq!(read(body).unwrap_err().class, FailureClass::Protocol, "{body}");
        }
        assert!(read(r#"{"data":[],"errors":[]}"#).is_ok());
        assert!(read(r#"{"data":[],"errors":null}"#).is_ok());
    }

    #[test]
    fn no_document_breaks_its_reader() {
        crate::fuzz::fuzz("autodesk_document", |body| {
            let read = Document::read("listing", "host/path", body, &Secrets::default());
            for resource in read.iter().flat_map(|document| &document.data) {
                assert!(is_usable(&resource.id), "{}", resource.id);
            }
        });
    }
}
