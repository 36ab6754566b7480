//! Settings that are kept as they are, for rooms that read them later.

use serde_json::Value as Json;

use super::reader::Reader;
use super::yaml::{Node, Value};

/// `node` as JSON, its references filled in. Unquoted numbers and booleans
/// become such, everything else text.
pub(super) fn to_json(r: &mut Reader, node: &Node, path: &str) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::List(items) => {
            let item = |(n, item)| to_json(r, item, &format!("{path}[{n}]"));
            items.iter().enumerate().map(item).collect()
        }
        Value::Map(entries) => {
            let mut map = serde_json::Map::new();
            for (key, node) in entries {
                map.insert(key.name.clone(), to_json(r, node, &format!("{path}.{}", key.name)));
            }
            map.into()
        }
        Value::Scalar { .. } => match r.scalar(node, path) {
            None => Json::Null,
            Some(text) if text.quoted => text.value.into(),
            Some(text) => match text.value.as_str() {
                "true" | "True" | "TRUE" => true.into(),
                "false" | "False" | "FALSE" => false.into(),
                value => number(value).unwrap_or_else(|| value.into()),
            },
        },
    }
}

/// A decimal number that reads back as it was written: `007` and `1e5` stay text.
fn number(text: &str) -> Option<Json> {
    let number: Json = match text.parse::<i64>() {
        Ok(whole) => whole.into(),
        Err(_) => serde_json::Number::from_f64(text.parse().ok()?)?.into(),
    };
    let spelled = number.to_string();
    (spelled == text).then_some(number)
}
