//! What can be filtered and sorted by in each list: one name, one value.

use std::borrow::Cow;

use jiff::Timestamp;

use super::live::Live;
use super::state::Pane;
use crate::ledger::{EndpointRow, ExportRow, TransferRow};
use crate::model::{Id, Outcome, RunReport};
use crate::silver::lists::{LandedRow, Stand};

/// The value of one field of one row. What is not known comes first.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub(super) enum Value<'a> {
    /// Not known, or the row has no such field.
    None,
    /// Bytes, rows, attempts.
    Number(u64),
    /// A moment; asked for as an age.
    Time(Timestamp),
    /// Anything in words.
    Text(Cow<'a, str>),
}

impl<'a> Value<'a> {
    fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    fn words(text: Option<&'a str>) -> Self {
        text.map_or(Self::None, Self::text)
    }

    fn number(number: Option<u64>) -> Self {
        number.map_or(Self::None, Self::Number)
    }

    fn time(at: Option<Timestamp>) -> Self {
        at.map_or(Self::None, Self::Time)
    }
}

/// A row that can be filtered and sorted.
pub(super) trait Fields {
    /// The value of the field of this name.
    fn value(&self, field: &str) -> Value<'_>;
}

/// The names of the fields of the rows in `pane`: those of its columns and some more. The
/// first ones are those that it can be sorted by.
pub(super) fn names(pane: Pane) -> &'static [&'static str] {
    match pane {
        Pane::Endpoints => &["name", "now", "last run", "next", "waits", "you", "type", "why"],
        Pane::Schedules => &["name", "last run", "next", "missed", "type"],
        Pane::Needs => &["state", "name", "endpoint", "why", "since", "try"],
        Pane::Pending => {
            &["state", "name", "endpoint", "try", "size", "next", "why", "since", "id", "class"]
        }
        Pane::Transfers => {
            &["state", "name", "size", "endpoint", "since", "try", "why", "id", "proof", "to"]
        }
        Pane::Feeds => {
            &["state", "name", "dataset", "good", "bad", "endpoint", "landed", "drift", "why", "id"]
        }
        Pane::Datasets => &["name", "rows", "bad", "files"],
        Pane::Runs => {
            &["run", "state", "started", "endpoint", "found", "delivered", "failed", "why"]
        }
        Pane::Log => &[],
    }
}

impl Fields for ExportRow {
    fn value(&self, field: &str) -> Value<'_> {
        match field {
            "state" => Value::text(&self.state),
            "name" => Value::text(&self.name),
            "endpoint" => Value::text(&self.endpoint),
            "try" => Value::Number(self.attempt.into()),
            "size" => Value::number(self.bytes),
            "next" => Value::time(self.next_attempt_at),
            "why" => Value::words(self.error.as_deref()),
            "since" => Value::Time(self.updated_at),
            "id" => id(Some(self.id).into_iter().chain(self.delivery)),
            "class" => Value::words(self.failure_class.map(|class| class.words())),
            "uid" => Value::text(&self.uid),
            _ => Value::None,
        }
    }
}

impl Fields for TransferRow {
    fn value(&self, field: &str) -> Value<'_> {
        match field {
            "state" => Value::text(&self.state),
            "name" => Value::text(self.remote_name.as_deref().unwrap_or(&self.name)),
            "endpoint" => Value::text(&self.endpoint),
            "try" => Value::Number(self.attempt.into()),
            "size" => Value::number(self.bytes),
            "why" => Value::words(self.error.as_deref()),
            "since" => Value::Time(self.updated_at),
            "id" => id([self.id, self.export]),
            "proof" => Value::words(self.evidence.as_deref()),
            "to" => Value::text(&self.destination),
            "uid" => Value::text(&self.uid),
            _ => Value::None,
        }
    }
}

impl Fields for Live {
    fn value(&self, field: &str) -> Value<'_> {
        let t = &self.transfer;
        match field {
            "state" => Value::text(&t.step),
            "name" => Value::text(t.name.as_str()),
            "endpoint" => Value::text(&t.endpoint),
            "size" => Value::number(t.total),
            "id" => id([t.id]),
            _ => Value::None,
        }
    }
}

impl Fields for EndpointRow {
    fn value(&self, field: &str) -> Value<'_> {
        match field {
            "name" => Value::text(&self.name),
            "now" | "state" => Value::words(self.last_outcome.map(Outcome::as_str)),
            "last run" => Value::time(self.last_run),
            "next" => Value::time(self.next_run),
            "waits" => Value::Number(self.waiting),
            "you" => Value::Number(self.needs_operator),
            "missed" => Value::Number(self.missed_runs),
            "type" => Value::text(self.endpoint_type.as_str()),
            "why" => Value::words(self.last_error.as_deref()),
            _ => Value::None,
        }
    }
}

impl Fields for LandedRow {
    fn value(&self, field: &str) -> Value<'_> {
        match field {
            "state" => Value::text(&self.state),
            "name" => Value::text(&self.name),
            "dataset" => Value::words(self.dataset.as_deref()),
            "good" => Value::Number(self.rows_good),
            "bad" => Value::Number(self.rows_bad),
            "endpoint" => Value::text(&self.endpoint),
            "landed" => Value::time(self.landed_at.parse().ok()),
            "drift" => Value::words(self.drift.as_deref()),
            "why" => Value::words(self.error.as_deref()),
            "id" => id([Id::landed(self.id)]),
            _ => Value::None,
        }
    }
}

impl Fields for Stand {
    fn value(&self, field: &str) -> Value<'_> {
        match field {
            "name" => Value::text(&self.name),
            "rows" => Value::Number(self.rows),
            "bad" => Value::Number(self.bad),
            "files" => Value::Number(self.files),
            _ => Value::None,
        }
    }
}

impl Fields for RunReport {
    fn value(&self, field: &str) -> Value<'_> {
        let sum = |count: fn(&crate::model::EndpointResult) -> u64| {
            Value::Number(self.endpoints.iter().map(count).sum())
        };
        let all = |words: Vec<&str>| match words.is_empty() {
            true => Value::None,
            false => Value::Text(Cow::Owned(words.join(", "))),
        };
        match field {
            "run" => Value::Number(self.run_id.number.unsigned_abs()),
            "state" => Value::text(self.outcome.as_str()),
            "started" => Value::Time(self.started_at),
            "endpoint" => all(self.endpoints.iter().map(|e| e.name.as_str()).collect()),
            "found" => sum(|e| e.discovered),
            "delivered" => sum(|e| e.delivered),
            "failed" => sum(|e| e.failed),
            "why" => all(self.endpoints.iter().filter_map(|e| e.error.as_deref()).collect()),
            "id" => id([self.run_id]),
            _ => Value::None,
        }
    }
}

/// Several ids that mean the row.
fn id(ids: impl IntoIterator<Item = Id>) -> Value<'static> {
    let ids: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    Value::Text(Cow::Owned(ids.join(" ")))
}

/// Sorts `rows` by `field`, those without a value last whichever way.
pub(super) fn sort<T: Fields>(rows: &mut [T], field: &str, descending: bool) {
    rows.sort_by(|a, b| {
        let (a, b) = (a.value(field), b.value(field));
        let known = |value: &Value<'_>| *value == Value::None;
        let order = known(&a).cmp(&known(&b));
        let values = match (&a, &b) {
            (Value::Text(a), Value::Text(b)) => a.to_lowercase().cmp(&b.to_lowercase()),
            _ => a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Equal),
        };
        order.then(if descending { values.reverse() } else { values })
    });
}
