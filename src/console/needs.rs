//! What waits for a person, then what went wrong and is tried again by itself.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::action::Action;
use super::fields::{Field, Fields, Value};
use super::possible;
use super::state::{RowKey, State};
use super::theme::Mood;
use crate::engine::Phase;
use crate::ledger::{EndpointRow, ExportRow, Undelivered};
use crate::model::{EndpointType, Id, Outcome};
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

    /// Takes in another export that failed alike.
    fn join(&mut self, x: &ExportRow) {
        self.ids.push(x.id);
        self.count += 1;
        self.since = self.since.min(Some(x.updated_at));
        self.next = self.next.min(x.next_attempt_at);
        self.tries = self.tries.max(x.attempt.into());
    }
}

impl Fields for Need {
    fn value(&self, field: Field) -> Value<'_> {
        match field {
            Field::State => Value::Text(self.state.as_str().into()),
            Field::Name => Value::Text(self.name.as_str().into()),
            Field::Endpoint => Value::Text(self.endpoint.as_str().into()),
            Field::Why => Value::Text(self.why.as_str().into()),
            Field::Since => self.since.map_or(Value::None, Value::Time),
            Field::Try => Value::Number(self.tries),
            _ => Value::None,
        }
    }
}

/// All of it: endpoints, exports and deliveries, landed files; who waits for a person first.
pub(super) fn needs(state: &State) -> Vec<Need> {
    let endpoints = state.books.endpoints.iter().filter_map(|e| of_endpoint(state, e));
    let files = state.books.pending.needs().iter().cloned();
    let landed = refused(&state.books.landed);
    let channels = state.books.undelivered.iter().map(of_channel);
    let mut needs: Vec<Need> = endpoints.chain(files).chain(landed).chain(channels).collect();
    needs.sort_by_key(|need| !need.is_for_a_person());
    for need in needs.iter_mut().filter(|need| need.count > 1) {
        need.name = format!("{} files", need.count);
    }
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
            Some(first) => first.count += 1,
        }
    }
    needs
}

/// Files that failed alike and are tried again by themselves, in one line: one cause, one
/// key. Those that wait for a person are decided one by one.
pub(super) fn of_exports(pending: &[ExportRow]) -> Vec<Need> {
    let mut needs: Vec<Need> = Vec::new();
    let mut alike: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for x in pending {
        let mood = Mood::of_state(&x.state);
        let class = x.failure_class.filter(|_| mood == Mood::Warning);
        let first = class
            .map(|class| *alike.entry((x.endpoint.as_str(), class.words())).or_insert(needs.len()));
        match first.and_then(|at| needs.get_mut(at)) {
            Some(first) => first.join(x),
            None if matches!(mood, Mood::Bad | Mood::Warning) => needs.push(of_export(x, mood)),
            None => {}
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

fn of_export(x: &ExportRow, mood: Mood) -> Need {
    let help = match x.state.as_str() {
        "held" => Action::Release,
        "quarantined" => Action::Cancel,
        _ => Action::Retry,
    };
    Need {
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
    }
}

/// A channel that did not take what it was to be told. What is given up comes to nobody any
/// more: the failures that it was about are in the lists themselves.
fn of_channel(late: &Undelivered) -> Need {
    Need {
        key: RowKey::Channel(late.channel.clone()),
        state: "not told".to_owned(),
        name: late.channel.clone(),
        ids: Vec::new(),
        count: 1,
        endpoint: String::new(),
        why: match &late.said {
            Some(said) => format!("{}: {said}", late.words()),
            None => late.words(),
        },
        since: Some(late.oldest),
        tries: late.tries.into(),
        next: late.next,
        help: Action::Open,
        mood: if late.given_up > 0 { Mood::Bad } else { Mood::Warning },
    }
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
pub(super) fn of_its_class(state: &State, id: Id) -> impl Iterator<Item = Id> {
    let class = state.pending_export(id).and_then(|x| x.failure_class);
    let alike = move |x: &&ExportRow| x.failure_class.is_some() && x.failure_class == class;
    let pending = state.books.pending.iter();
    pending
        .filter(alike)
        .filter(|x| possible::can_be_retried(&x.state))
        .map(|x| x.delivery.unwrap_or(x.id))
}
