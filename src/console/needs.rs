//! What waits for a person, then what went wrong and is tried again by itself.

use jiff::Timestamp;

use super::action::Action;
use super::fields::{Fields, Value};
use super::possible;
use super::state::{RowKey, State};
use super::theme::Mood;
use crate::engine::Phase;
use crate::ledger::{EndpointRow, ExportRow};
use crate::model::{EndpointType, Id, Outcome};
use crate::silver::lists::LandedRow;

/// One thing that somebody should know of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Need {
    pub key: RowKey,
    /// What is the matter, in a word or two.
    pub state: String,
    pub name: String,
    pub endpoint: String,
    /// The failure in words.
    pub why: String,
    /// When it came about.
    pub since: Option<Timestamp>,
    /// Attempts so far; 0 where nobody counts.
    pub tries: u64,
    /// When it is tried again by itself; none if nothing happens before somebody acts.
    pub next: Option<Timestamp>,
    /// What helps.
    pub help: Action,
    pub mood: Mood,
}

impl Need {
    /// Whether nothing happens before somebody acts.
    pub(super) fn is_for_a_person(&self) -> bool {
        self.mood == Mood::Bad
    }
}

impl Fields for Need {
    fn value(&self, field: &str) -> Value<'_> {
        match field {
            "state" => Value::Text(self.state.as_str().into()),
            "name" => Value::Text(self.name.as_str().into()),
            "endpoint" => Value::Text(self.endpoint.as_str().into()),
            "why" => Value::Text(self.why.as_str().into()),
            "since" => self.since.map_or(Value::None, Value::Time),
            "try" => Value::Number(self.tries),
            _ => Value::None,
        }
    }
}

/// All of it: endpoints, exports and deliveries, landed files; who waits for a person first.
pub(super) fn needs(state: &State) -> Vec<Need> {
    let endpoints = state.books.endpoints.iter().filter_map(|e| of_endpoint(state, e));
    let files = state.books.pending.iter().filter_map(of_export);
    let landed = state.books.landed.iter().filter_map(of_landed);
    let mut needs: Vec<Need> = endpoints.chain(files).chain(landed).collect();
    needs.sort_by_key(|need| !need.is_for_a_person());
    needs
}

/// An endpoint whose last run did not work, for a reason of its own.
fn of_endpoint(state: &State, e: &EndpointRow) -> Option<Need> {
    let braked = match state.phases.get(&e.name) {
        Some(Phase::Braked(why) | Phase::ContentsWait(why)) => Some(why.clone()),
        _ => None,
    };
    let ended = match e.last_outcome {
        // Its files are in the list themselves.
        Some(Outcome::NeedsOperator) if e.needs_operator == 0 => Some(Mood::Bad),
        Some(Outcome::Failed) => Some(Mood::Warning),
        _ => None,
    };
    let mood = match (&braked, ended) {
        (Some(_), _) => Mood::Bad,
        (None, Some(mood)) => mood,
        (None, None) => return None,
    };
    let signs_in = e.endpoint_type == EndpointType::AutodeskConstructionCloud;
    let why = braked.or_else(|| e.last_error.clone()).unwrap_or_default();
    let help = match mood {
        Mood::Bad if signs_in && why.contains("sign") => Action::SignIn,
        _ => Action::Sync,
    };
    Some(Need {
        key: RowKey::Endpoint(e.name.clone()),
        state: if mood == Mood::Bad { "needs you" } else { "failed" }.to_owned(),
        name: e.name.clone(),
        endpoint: e.name.clone(),
        why,
        since: e.last_run,
        tries: 0,
        next: e.next_run.filter(|_| mood != Mood::Bad && !e.paused),
        help,
        mood,
    })
}

fn of_export(x: &ExportRow) -> Option<Need> {
    let mood = Mood::of_state(&x.state);
    if !matches!(mood, Mood::Bad | Mood::Warning) {
        return None;
    }
    let help = match x.state.as_str() {
        "held" => Action::Release,
        "quarantined" => Action::Cancel,
        _ => Action::Retry,
    };
    Some(Need {
        key: RowKey::Id(x.id),
        state: x.state.replace('_', " "),
        name: x.name.clone(),
        endpoint: x.endpoint.clone(),
        why: x.error.clone().unwrap_or_default(),
        since: Some(x.updated_at),
        tries: x.attempt.into(),
        next: x.next_attempt_at,
        help,
        mood,
    })
}

fn of_landed(row: &LandedRow) -> Option<Need> {
    (row.state == "refused").then(|| Need {
        key: RowKey::Landed(row.id),
        state: "refused".to_owned(),
        name: row.name.clone(),
        endpoint: row.endpoint.clone(),
        why: row.error.clone().unwrap_or_default(),
        since: row.landed_at.parse().ok(),
        tries: 0,
        next: None,
        help: Action::Open,
        mood: Mood::Bad,
    })
}

/// The pending exports that failed like `id`: of the same class, and can be tried again.
pub(super) fn of_its_class(state: &State, id: Id) -> impl Iterator<Item = Id> {
    let class = state.pending_export(id).and_then(|x| x.failure_class);
    let alike = move |x: &&ExportRow| x.failure_class.is_some() && x.failure_class == class;
    let pending = state.books.pending.iter();
    pending
        .filter(alike)
        .filter(|x| possible::can_be_retried(&x.state))
        .map(|x| x.delivery.unwrap_or(x.id))
}
