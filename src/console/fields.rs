//! What can be filtered and sorted by in each list: one name, one value.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::Timestamp;

use super::live::Live;
use super::state::Pane;
use crate::ledger::{EndpointRow, ExportRow, TransferRow};
use crate::model::{Id, Outcome, RunReport};
use crate::silver::lists::{LandedRow, Stand};

/// The value of one field of one row. What is not known comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

/// What a row can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Bad,
    Class,
    Dataset,
    Delivered,
    Drift,
    Endpoint,
    Failed,
    Files,
    Found,
    Good,
    Id,
    Landed,
    LastRun,
    Missed,
    Name,
    Next,
    Now,
    Proof,
    Rows,
    Run,
    Since,
    Size,
    Started,
    State,
    To,
    Try,
    Type,
    Uid,
    Waits,
    Why,
    You,
}

impl Field {
    /// As it is called on the screen.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Class => "class",
            Self::Dataset => "dataset",
            Self::Delivered => "delivered",
            Self::Drift => "drift",
            Self::Endpoint => "endpoint",
            Self::Failed => "failed",
            Self::Files => "files",
            Self::Found => "found",
            Self::Good => "good",
            Self::Id => "id",
            Self::Landed => "landed",
            Self::LastRun => "last run",
            Self::Missed => "missed",
            Self::Name => "name",
            Self::Next => "next",
            Self::Now => "now",
            Self::Proof => "proof",
            Self::Rows => "rows",
            Self::Run => "run",
            Self::Since => "since",
            Self::Size => "size",
            Self::Started => "started",
            Self::State => "state",
            Self::To => "to",
            Self::Try => "try",
            Self::Type => "type",
            Self::Uid => "uid",
            Self::Waits => "waits",
            Self::Why => "why",
            Self::You => "you",
        }
    }

    /// Whether its values are words, in which any word can be looked for.
    fn is_words(self) -> bool {
        use Field::*;
        matches!(
            self,
            Class
                | Dataset
                | Drift
                | Endpoint
                | Id
                | Name
                | Now
                | Proof
                | State
                | To
                | Type
                | Uid
                | Why
        )
    }
}

/// A row that can be filtered and sorted.
pub(super) trait Fields {
    /// The value of the field of this name.
    fn value(&self, field: Field) -> Value<'_>;

    /// All its words but ids in lower case, where they are kept together.
    fn words(&self) -> Option<&str> {
        None
    }
}

/// The names of the fields of the rows in `pane`: those of its columns and some more. The
/// first ones are those that it can be sorted by.
pub(super) fn names(pane: Pane) -> &'static [Field] {
    use Field::*;
    match pane {
        Pane::Endpoints => &[Name, Now, LastRun, Next, Waits, You, Type, Why],
        Pane::Schedules => &[Name, LastRun, Next, Missed, Type],
        Pane::Needs => &[State, Name, Endpoint, Why, Since, Try],
        Pane::Pending => &[State, Name, Endpoint, Try, Size, Next, Why, Since, Id, Class],
        Pane::Transfers => &[State, Name, Size, Endpoint, Since, Try, Why, Id, Proof, To],
        Pane::Feeds => &[State, Name, Dataset, Good, Bad, Endpoint, Landed, Drift, Why, Id],
        Pane::Datasets => &[Name, Rows, Bad, Files],
        Pane::Runs => &[Run, State, Started, Endpoint, Found, Delivered, Failed, Why],
        Pane::Log => &[],
    }
}

/// The fields of the rows in `pane` that a word without a field is looked for in.
pub(super) fn words(pane: Pane) -> impl Iterator<Item = Field> {
    let names = names(pane).iter().copied().filter(|field| field.is_words());
    names.chain([Field::Uid])
}

impl Fields for ExportRow {
    fn value(&self, field: Field) -> Value<'_> {
        match field {
            Field::State => Value::text(&self.state),
            Field::Name => Value::text(&self.name),
            Field::Endpoint => Value::text(&self.endpoint),
            Field::Try => Value::Number(self.attempt.into()),
            Field::Size => Value::number(self.bytes),
            Field::Next => Value::time(self.next_attempt_at),
            Field::Why => Value::words(self.error.as_deref()),
            Field::Since => Value::Time(self.updated_at),
            Field::Id => id(Some(self.id).into_iter().chain(self.delivery)),
            Field::Class => Value::words(self.failure_class.map(|class| class.words())),
            Field::Uid => Value::text(&self.uid),
            _ => Value::None,
        }
    }
}

impl Fields for TransferRow {
    fn value(&self, field: Field) -> Value<'_> {
        match field {
            Field::State => Value::text(&self.state),
            Field::Name => Value::text(self.remote_name.as_deref().unwrap_or(&self.name)),
            Field::Endpoint => Value::text(&self.endpoint),
            Field::Try => Value::Number(self.attempt.into()),
            Field::Size => Value::number(self.bytes),
            Field::Why => Value::words(self.error.as_deref()),
            Field::Since => Value::Time(self.updated_at),
            Field::Id => id([self.id, self.export]),
            Field::Proof => Value::words(self.evidence.as_deref()),
            Field::To => Value::text(&self.destination),
            Field::Uid => Value::text(&self.uid),
            _ => Value::None,
        }
    }
}

impl Fields for Live {
    fn value(&self, field: Field) -> Value<'_> {
        let t = &self.transfer;
        match field {
            Field::State => Value::text(&t.step),
            Field::Name => Value::text(t.name.as_str()),
            Field::Endpoint => Value::text(&t.endpoint),
            Field::Size => Value::number(t.total),
            Field::Id => id([t.id]),
            _ => Value::None,
        }
    }
}

impl Fields for EndpointRow {
    fn value(&self, field: Field) -> Value<'_> {
        match field {
            Field::Name => Value::text(&self.name),
            Field::Now | Field::State => Value::words(self.last_outcome.map(Outcome::as_str)),
            Field::LastRun => Value::time(self.last_run),
            Field::Next => Value::time(self.next_run),
            Field::Waits => Value::Number(self.waiting),
            Field::You => Value::Number(self.needs_operator),
            Field::Missed => Value::Number(self.missed_runs),
            Field::Type => Value::text(self.endpoint_type.as_str()),
            Field::Why => Value::words(self.last_error.as_deref()),
            _ => Value::None,
        }
    }
}

impl Fields for LandedRow {
    fn value(&self, field: Field) -> Value<'_> {
        match field {
            Field::State => Value::text(&self.state),
            Field::Name => Value::text(&self.name),
            Field::Dataset => Value::words(self.dataset.as_deref()),
            Field::Good => Value::Number(self.rows_good),
            Field::Bad => Value::Number(self.rows_bad),
            Field::Endpoint => Value::text(&self.endpoint),
            Field::Landed => Value::time(self.landed_at.parse().ok()),
            Field::Drift => Value::words(self.drift.as_deref()),
            Field::Why => Value::words(self.error.as_deref()),
            Field::Id => id([Id::landed(self.id)]),
            _ => Value::None,
        }
    }
}

impl Fields for Stand {
    fn value(&self, field: Field) -> Value<'_> {
        match field {
            Field::Name => Value::text(&self.name),
            Field::Rows => Value::Number(self.rows),
            Field::Bad => Value::Number(self.bad),
            Field::Files => Value::Number(self.files),
            _ => Value::None,
        }
    }
}

impl Fields for RunReport {
    fn value(&self, field: Field) -> Value<'_> {
        let sum = |count: fn(&crate::model::EndpointResult) -> u64| {
            Value::Number(self.endpoints.iter().map(count).sum())
        };
        let all = |words: Vec<&str>| match words.is_empty() {
            true => Value::None,
            false => Value::Text(Cow::Owned(words.join(", "))),
        };
        match field {
            Field::Run => Value::Number(self.run_id.number.unsigned_abs()),
            Field::State => Value::text(self.outcome.as_str()),
            Field::Started => Value::Time(self.started_at),
            Field::Endpoint => all(self.endpoints.iter().map(|e| e.name.as_str()).collect()),
            Field::Found => sum(|e| e.discovered),
            Field::Delivered => sum(|e| e.delivered),
            Field::Failed => sum(|e| e.failed),
            Field::Why => all(self.endpoints.iter().filter_map(|e| e.error.as_deref()).collect()),
            Field::Id => id([self.run_id]),
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
pub(super) fn sort<T: Fields>(rows: &mut [T], field: Field, descending: bool) {
    rows.sort_by_cached_key(|row| {
        let value = match row.value(field) {
            Value::None => return (true, None),
            Value::Text(text) => Value::Text(Cow::Owned(text.to_lowercase())),
            Value::Number(number) => Value::Number(number),
            Value::Time(at) => Value::Time(at),
        };
        (false, Some(Directed { value, descending }))
    });
}

/// A value in the order that was asked for.
#[derive(PartialEq, Eq)]
struct Directed {
    value: Value<'static>,
    descending: bool,
}

impl Ord for Directed {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = self.value.cmp(&other.value);
        if self.descending { order.reverse() } else { order }
    }
}

impl PartialOrd for Directed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
