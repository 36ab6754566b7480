//! What waits for a person, then what went wrong and is tried again by itself.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::action::Action;
use super::fields::{Fields, Value};
use super::possible;
use super::state::{RowKey, State};
use super::theme::Mood;
use crate::engine::Phase;
use crate::ledger::{EndpointRow, ExportRow};
use crate::model::{EndpointType, FailureClass, Id, Outcome};
use crate::silver::lists::LandedRow;

/// One thing that somebody should know of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Need {
    pub key: RowKey,
    /// What is the matter, in a word or two.
    pub state: String,
    /// The file, or how many of them failed alike.
    pub name: String,
    /// The exports that are meant.
    pub ids: Vec<Id>,
    /// How many files failed alike.
    pub count: usize,
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

    /// Takes in another one that failed alike.
    fn join(&mut self, other: Self) {
        self.ids.extend(other.ids);
        self.count += other.count;
        self.name = format!("{} files", self.count);
        self.since = self.since.min(other.since);
        self.next = self.next.min(other.next);
        self.tries = self.tries.max(other.tries);
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
    let files = together(state.books.pending.iter().filter_map(of_export));
    let landed = refused(&state.books.landed);
    let mut needs: Vec<Need> = endpoints.chain(files).chain(landed).collect();
    needs.sort_by_key(|need| !need.is_for_a_person());
    needs
}

/// Refused files, those of one dataset that lack the same columns in one line.
fn refused(landed: &[LandedRow]) -> Vec<Need> {
    let mut needs: Vec<Need> = Vec::new();
    let mut alike: BTreeMap<(&str, Option<&str>, Option<&str>), usize> = BTreeMap::new();
    for row in landed {
        let Some(need) = of_landed(row) else { continue };
        let cause = (row.endpoint.as_str(), row.dataset.as_deref(), row.drift.as_deref());
        let at = *alike.entry(cause).or_insert(needs.len());
        match needs.get_mut(at) {
            None => needs.push(need),
            Some(first) => first.join(need),
        }
    }
    needs
}

/// Whether there is anything.
pub(super) fn any(state: &State) -> bool {
    state.books.endpoints.iter().any(|e| of_endpoint(state, e).is_some())
        || state.books.pending.iter().any(|x| of_export(x).is_some())
        || state.books.landed.iter().any(|row| of_landed(row).is_some())
}

/// Files that failed alike and are tried again by themselves, in one line: one cause, one
/// key. Those that wait for a person are decided one by one.
fn together(files: impl Iterator<Item = (Need, Option<FailureClass>)>) -> Vec<Need> {
    let mut needs: Vec<Need> = Vec::new();
    let mut alike: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for (need, class) in files {
        let Some(class) = class.filter(|_| !need.is_for_a_person()) else {
            needs.push(need);
            continue;
        };
        let at = *alike.entry((need.endpoint.clone(), class.words())).or_insert(needs.len());
        match needs.get_mut(at) {
            None => needs.push(need),
            Some(first) => {
                first.join(need);
            }
        }
    }
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
        Some(Outcome::NeedsOperator) if !state.has_files_that_wait(e) => Some(Mood::Bad),
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
        ids: Vec::new(),
        count: 1,
        endpoint: e.name.clone(),
        why,
        since: e.last_run,
        tries: 0,
        next: e.next_run.filter(|_| mood != Mood::Bad && !e.paused),
        help,
        mood,
    })
}

fn of_export(x: &ExportRow) -> Option<(Need, Option<FailureClass>)> {
    let mood = Mood::of_state(&x.state);
    if !matches!(mood, Mood::Bad | Mood::Warning) {
        return None;
    }
    let help = match x.state.as_str() {
        "held" => Action::Release,
        "quarantined" => Action::Cancel,
        _ => Action::Retry,
    };
    let need = Need {
        key: RowKey::Id(x.id),
        state: x.state.replace('_', " "),
        name: x.name.clone(),
        ids: vec![x.id],
        count: 1,
        endpoint: x.endpoint.clone(),
        why: x.error.clone().unwrap_or_default(),
        since: Some(x.updated_at),
        tries: x.attempt.into(),
        next: x.next_attempt_at,
        help,
        mood,
    };
    Some((need, x.failure_class))
}

fn of_landed(row: &LandedRow) -> Option<Need> {
    (row.state == "refused").then(|| Need {
        key: RowKey::Landed(row.id),
        state: "refused".to_owned(),
        name: row.name.clone(),
        ids: Vec::new(),
        count: 1,
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
pub(super) fn of_its_class(state: &State, id: Id) -> Vec<Id> {
    let pending = &state.books.pending;
    let Some(one) = pending.iter().find(|x| x.id == id || x.delivery == Some(id)) else {
        return Vec::new();
    };
    let Some(class) = one.failure_class else { return Vec::new() };
    let alike = pending.iter().filter(|x| x.failure_class == Some(class));
    let targets = alike.filter_map(|x| state.target(x.id));
    targets.filter(|t| possible::fits(Action::Retry, t)).map(|t| t.id).collect()
}
