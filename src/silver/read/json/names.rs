//! The keys of a file's objects, each met once and known from then on.

use std::collections::HashMap;

use crate::silver::read::row::{MAX_DRIFT, Plan, drifting};
use crate::silver::rows::Drift;

/// Keys without a column that are remembered, and the longest, in bytes.
const MAX_NAMES: usize = 1000;
const MAX_LENGTH: usize = 256;

/// The keys that have been met.
#[derive(Default)]
pub(super) struct Names {
    by_name: HashMap<String, usize>,
    known: Vec<Name>,
    /// The keys of the object before, in order: the next one mostly has the same.
    order: Vec<usize>,
    strangers: usize,
}

struct Name {
    name: String,
    /// Its column of the definition.
    column: Option<usize>,
    /// The number of the last object that had it.
    last: u64,
}

/// What a key is.
pub(super) enum Met {
    /// Met in this object already.
    Twice,
    /// The column's, or nobody's.
    Once(Option<usize>),
    /// One too many, or too long, to be remembered.
    Stranger,
}

impl Names {
    /// Key number `place` of object number `object`.
    pub fn meet(&mut self, key: &str, place: usize, object: u64, plan: &Plan) -> Met {
        let likely = self.order.get(place).copied().filter(|at| self.known[*at].name == key);
        let Some(at) = likely.or_else(|| self.by_name.get(key).copied()).or_else(|| {
            let column = column(key, plan);
            // A column's other spellings are as many as a partner likes.
            if column.is_none_or(|at| plan.columns[at].source != key) {
                if self.strangers == MAX_NAMES || key.len() > MAX_LENGTH {
                    return None;
                }
                self.strangers += 1;
            }
            self.by_name.insert(key.to_owned(), self.known.len());
            self.known.push(Name { name: key.to_owned(), column, last: 0 });
            Some(self.known.len() - 1)
        }) else {
            return Met::Stranger;
        };
        if likely.is_none() {
            self.order.truncate(place);
            if self.order.len() == place {
                self.order.push(at);
            }
        }
        let name = &mut self.known[at];
        if name.last == object {
            return Met::Twice;
        }
        name.last = object;
        Met::Once(name.column)
    }

    /// All that have been met, in order.
    pub fn all(&self) -> Vec<String> {
        self.known.iter().map(|name| name.name.clone()).collect()
    }

    /// How the keys met so far differ from the definition; nothing is missing where there
    /// was no object.
    pub fn drift(&self, plan: &Plan, objects: bool) -> Drift {
        let unknown = self.known.iter().filter(|name| name.column.is_none());
        let missing = plan.columns.iter().enumerate().filter(|(at, column)| {
            objects && !column.carried && !self.known.iter().any(|name| name.column == Some(*at))
        });
        Drift {
            unknown: unknown.take(MAX_DRIFT).map(|name| drifting(&name.name)).collect(),
            missing: missing.map(|(_, column)| column.source.clone()).collect(),
        }
    }
}

/// The column of this key: to the letter, else upper and lower case alike.
fn column(key: &str, plan: &Plan) -> Option<usize> {
    let mut columns = plan.columns.iter().enumerate().filter(|(_, column)| !column.carried);
    let exact = columns.clone().find(|(_, column)| column.source == key);
    let alike = |source: &str| source.trim().to_lowercase() == key.trim().to_lowercase();
    exact.or_else(|| columns.find(|(_, column)| alike(&column.source))).map(|(at, _)| at)
}
