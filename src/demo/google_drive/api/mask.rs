//! The `fields` parameter: which fields a reply shall have.
//!
//! Source: the vendor's guide "Return specific fields": `a,b`, `a/b`, `a(b,c)`, `*`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::refusal::Refusal;

/// Deepest nesting of a mask.
const DEEPEST: usize = 20;

/// Which fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mask {
    /// All there are.
    All,
    /// These; `*` stands for each.
    These(BTreeMap<String, Self>),
}

impl Mask {
    /// Reads a mask; none if it is written wrong.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let mask = list(&mut rest, 0)?;
        rest.is_empty().then_some(mask)
    }

    /// The mask of a call: `fields` if it has that, else `usual`.
    pub(super) fn of(fields: Option<&str>, schema: &Self, usual: &str) -> Result<Self, Refusal> {
        let wrong = |field: &str| {
            let says = format!("Invalid field selection {field}");
            Refusal::invalid_parameter("fields", says)
        };
        let text = fields.unwrap_or(usual);
        let mask = Self::parse(text).ok_or_else(|| wrong(text))?;
        match mask.unknown(schema) {
            Some(field) => Err(wrong(&field)),
            None => Ok(mask),
        }
    }

    /// The part of the mask for a field; none if the field is not wanted.
    pub(super) fn of_field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::All => Some(self),
            Self::These(fields) => fields.get(name).or_else(|| fields.get("*")),
        }
    }

    /// Takes out of `value` what is not wanted.
    pub(super) fn apply(&self, value: &mut Value) {
        let Self::These(_) = self else { return };
        match value {
            Value::Object(fields) => {
                fields.retain(|name, value| match self.of_field(name) {
                    Some(inner) => {
                        inner.apply(value);
                        true
                    }
                    None => false,
                });
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.apply(item)),
            _ => {}
        }
    }

    /// A field that the schema does not have.
    fn unknown(&self, schema: &Self) -> Option<String> {
        let Self::These(fields) = self else { return None };
        fields.iter().find_map(|(name, inner)| match schema {
            // A leaf has no fields.
            Self::All => Some(name.clone()),
            Self::These(_) if name == "*" => None,
            Self::These(_) => match schema.of_field(name) {
                Some(schema) => inner.unknown(schema),
                None => Some(name.clone()),
            },
        })
    }

    fn merge(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::These(fields), Self::These(others)) => {
                for (name, other) in others {
                    match fields.get_mut(&name) {
                        Some(field) => field.merge(other),
                        None => {
                            fields.insert(name, other);
                        }
                    }
                }
            }
            // All is more than some.
            _ => *self = Self::All,
        }
    }
}

/// `item,item`
fn list(rest: &mut &str, depth: usize) -> Option<Mask> {
    let mut all = Mask::These(BTreeMap::new());
    loop {
        all.merge(item(rest, depth)?);
        match rest.strip_prefix(',') {
            Some(after) => *rest = after,
            None => return Some(all),
        }
    }
}

/// `name`, `name/item`, `name(list)`
fn item(rest: &mut &str, depth: usize) -> Option<Mask> {
    if depth > DEEPEST {
        return None;
    }
    let end = rest.find([',', '/', '(', ')']).unwrap_or(rest.len());
    let name = rest[..end].trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '*');
    if name.is_empty() || !name.chars().all(plain) {
        return None;
    }
    let name = name.to_owned();
    *rest = &rest[end..];
    let inner = if let Some(after) = rest.strip_prefix('/') {
        *rest = after;
        item(rest, depth + 1)?
    } else if let Some(after) = rest.strip_prefix('(') {
        *rest = after;
        let inner = list(rest, depth + 1)?;
        *rest = rest.strip_prefix(')')?;
        inner
    } else {
        Mask::All
    };
    Some(Mask::These(BTreeMap::from([(name, inner)])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn masks_take_out_what_is_not_wanted() {
        let full = json!({
            "kind": "list",
            "token": "t",
            "files": [
                { "id": "1", "name": "a", "can": { "edit": false, "read": true }, "in": ["x"] },
                { "id": "2", "name": "b", "can": { "edit": true, "read": true } },
            ],
        });
        for (mask, expected) in [
            ("*", full.clone()),
            ("token", json!({ "token": "t" })),
            ("token,kind", json!({ "token": "t", "kind": "list" })),
            ("files/id", json!({ "files": [{ "id": "1" }, { "id": "2" }] })),
            ("files(id)", json!({ "files": [{ "id": "1" }, { "id": "2" }] })),
            ("files(id,in)", json!({ "files": [{ "id": "1", "in": ["x"] }, { "id": "2" }] })),
            (
                "files/can/edit",
                json!({ "files": [{ "can": { "edit": false } }, { "can": { "edit": true } }] }),
            ),
            (
                "files/id,files/can(edit)",
                json!({ "files": [
                { "id": "1", "can": { "edit": false } }, { "id": "2", "can": { "edit": true } },
            ] }),
            ),
            ("files/*", json!({ "files": full["files"] })),
            ("files,files/id", json!({ "files": full["files"] })),
            (
                "*/id",
                json!({ "kind": "list", "token": "t", "files": [{ "id": "1" }, { "id": "2" }] }),
            ),
        ] {
            let mut value = full.clone();
            Mask::parse(mask).unwrap().apply(&mut value);
            assert_eq!(value, expected, "{mask}");
        }
    }

    #[test]
    fn masks_that_are_wrong_or_name_what_there_is_not_are_refused() {
        let schema = Mask::parse("kind,files(id,can(edit),links(*))").unwrap();
        let read = |text: &str| Mask::of(Some(text), &schema, "kind");
        for text in ["kind", "files", "files(id,can/edit)", "files/links/anything", "*", "files/*"]
        {
            assert!(read(text).is_ok(), "{text}");
        }
        for (text, field) in [
            ("name", "name"),
            ("kind,files(id,name)", "name"),
            ("files/can/read", "read"),
            ("kind/id", "id"),
            ("", ""),
            ("kind,", "kind,"),
            ("files(id", "files(id"),
            ("files(id))", "files(id))"),
            ("files()", "files()"),
            ("ki nd", "ki nd"),
        ] {
            let refusal = read(text).unwrap_err().json();
            let says = format!("Invalid field selection {field}");
            assert_eq!(refusal["error"]["message"], says, "{text}");
        }
        assert!(Mask::parse(&"a/".repeat(5_000)).is_none());
    }
}
