//! Schemas of parameters and bodies (JSON Schema 2020-12).

use serde_json::{Map, Value, json};

use super::query::{LIMIT, LIMIT_MOST};
use crate::http::routes::Body;
use crate::silver::pages::{Field, Filter, Kind, Listing, Matches};

/// Days that there are, months and years.
const DAY: &str = concat!(
    r"(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])",
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))",
    r"|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)",
);
const MONTH: &str = r"[0-9]{4}(?:-(?:0[1-9]|1[0-2]))?";
const TIME: &str = r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?Z";

/// A cursor: its first byte is 1, and it ends with a tag.
const CURSOR: &str = "^A[Q-Za-f][A-Za-z0-9_-]{22,}$";

/// `limit`.
pub(super) fn limit() -> Value {
    let schema = json!({
        "type": "integer", "minimum": 1, "maximum": LIMIT_MOST, "default": LIMIT,
    });
    parameter("limit", "Rows of a page.", &schema)
}

/// `cursor`.
pub(super) fn cursor() -> Value {
    let schema =
        json!({ "type": "string", "pattern": CURSOR, "minLength": 24, "maxLength": 12_000 });
    let words = "`next_cursor` of the page before, with the same filters. Any other text is \
                 answered with 400.";
    parameter("cursor", words, &schema)
}

/// `format`.
pub(super) fn format() -> Value {
    let words = "What comes back; else the `Accept` header says, else it is `ndjson`.";
    parameter("format", words, &json!({ "type": "string", "enum": ["ndjson", "csv"] }))
}

/// A filter.
pub(super) fn filter(filter: &Filter) -> Value {
    let text = json!({ "type": "string", "minLength": 1, "maxLength": 1_000 });
    let schema = match &filter.matches {
        Matches::Entry { .. } | Matches::Value(Kind::Text) => text,
        Matches::Value(Kind::Integer) => {
            json!({ "type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX })
        }
        Matches::Value(Kind::Decimal { scale: 0 }) => number("^-?(0|[1-9][0-9]{0,17})$"),
        Matches::Value(Kind::Decimal { scale }) => {
            let whole = 17_u32.saturating_sub(*scale);
            number(&format!(r"^-?(0|[1-9][0-9]{{0,{whole}}})(\.[0-9]{{1,{scale}}})?$"))
        }
        Matches::Value(Kind::Real) => number(r"^-?(0|[1-9][0-9]{0,99})(\.[0-9]{1,100})?$"),
        Matches::Value(Kind::Boolean) => json!({ "type": "string", "enum": ["true", "false"] }),
        Matches::Value(Kind::Date) => {
            json!({ "type": "string", "pattern": format!("^(?:{DAY}|{MONTH})$") })
        }
        Matches::Value(Kind::Timestamp) => {
            json!({ "type": "string", "pattern": format!("^(?:{DAY}(?:{TIME})?|{MONTH})$") })
        }
    };
    parameter(&filter.name, &format!("Only rows with this: {}.", filter.expects()), &schema)
}

fn number(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern })
}

fn parameter(name: &str, words: &str, schema: &Value) -> Value {
    json!({
        "name": name, "in": "query", "required": false, "description": words, "schema": schema,
    })
}

/// A row of a listing.
pub(super) fn row(listing: &Listing) -> Value {
    let fields: Map<String, Value> =
        listing.fields.iter().map(|field| (field.name.clone(), value(field))).collect();
    let names: Vec<&str> = listing.fields.iter().map(|field| field.name.as_str()).collect();
    json!({
        "type": "object", "properties": fields, "required": names,
        "additionalProperties": false,
    })
}

fn value(field: &Field) -> Value {
    let (name, format) = match field.kind {
        Kind::Text => ("string", None),
        Kind::Integer => ("integer", Some("int64")),
        Kind::Decimal { .. } | Kind::Real => ("number", None),
        Kind::Boolean => ("boolean", None),
        Kind::Date => ("string", Some("date")),
        Kind::Timestamp => ("string", Some("date-time")),
    };
    let mut schema = match field.nullable {
        true => json!({ "type": [name, "null"] }),
        false => json!({ "type": name }),
    };
    if let Some(format) = format {
        schema["format"] = format.into();
    }
    if let Some(scale) = field.kind.scale() {
        schema["description"] = format!("exact, with {scale} places after the point").into();
    }
    schema
}

/// A page of such rows.
pub(super) fn page(key: &str, row: &Value) -> Value {
    json!({
        "type": "object",
        "properties": {
            key: { "type": "array", "items": row, "maxItems": LIMIT_MOST },
            "next_cursor": { "type": ["string", "null"], "pattern": CURSOR },
        },
        "required": [key, "next_cursor"],
        "additionalProperties": false,
    })
}

/// A dataset in the list of them.
pub(super) fn dataset() -> Value {
    let count = json!({ "type": "integer", "minimum": 0 });
    let path = json!({ "type": "string", "format": "uri-reference" });
    let names = json!({ "type": "array", "items": { "type": "string" } });
    json!({
        "type": "object",
        "properties": {
            "name": { "type": "string" },
            "columns": { "type": "array", "items": {
                "type": "object",
                "properties": {
                    "name": { "type": "string" },
                    "type": { "enum": [
                        "text", "integer", "decimal", "real", "boolean", "date", "timestamp",
                    ] },
                    "scale": count,
                    "nullable": { "type": "boolean" },
                },
                "required": ["name", "type", "nullable"],
            } },
            "key": names,
            "filters": names,
            "row_count": count,
            "bad_count": count,
            "file_count": count,
            "last_ingested_at": { "type": ["string", "null"], "format": "date-time" },
            "links": {
                "type": "object",
                "properties": { "rows": path, "export": path },
                "required": ["rows", "export"],
            },
        },
        "required": [
            "name", "columns", "key", "filters", "row_count", "bad_count", "file_count",
            "last_ingested_at", "links",
        ],
    })
}

/// The body of a route that lists nothing.
pub(super) fn plain(body: Body) -> (&'static str, Value) {
    match body {
        Body::Object(fields) => {
            ("application/json", json!({ "type": "object", "required": fields }))
        }
        Body::Text(kind) => (kind, json!({ "type": "string" })),
        Body::Datasets => ("application/json", page("rows", &dataset())),
        // Described for each dataset.
        Body::Page | Body::Export => ("application/json", json!({ "type": "object" })),
    }
}

/// The body of every answer that is none (RFC 9457).
pub(super) fn problem() -> Value {
    json!({
        "type": "object",
        "properties": {
            "type": { "type": "string", "format": "uri-reference" },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string" },
            "error": { "type": "string" },
        },
        "required": ["type", "title", "status", "detail", "error"],
    })
}
