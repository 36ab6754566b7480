//! The exports that are not at their end, with what is found in them again and again:
//! up to a hundred thousand, so that all of it is made where the books are read, and not
//! between two frames.

use std::collections::{BTreeSet, HashMap};
use std::ops::Deref;

use super::fields::{self, Field, Fields, Value};
use super::needs::{self, Need};
use super::state::Pane;
use crate::ledger::ExportRow;
use crate::model::Id;

/// Exports that are too many to be freed between two frames.
const MANY: usize = 10_000;

/// The pending exports, in an order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Pending {
    rows: Vec<ExportRow>,
    /// What they were sorted by; none for the usual order.
    order: Option<(Field, bool)>,
    /// Where each stands, by its id and by that of its delivery.
    places: HashMap<Id, usize, foldhash::fast::RandomState>,
    /// What words are looked for in.
    texts: Texts,
    /// The states that they are in.
    states: BTreeSet<String>,
    /// Those that wait for a person or went wrong, in the usual order.
    needs: Vec<Need>,
}

impl Pending {
    /// These sorted by `order`, or in the usual order: what needs a person first, then what
    /// failed; in each as it was, the newest first.
    pub(super) fn new(mut rows: Vec<ExportRow>, order: Option<(Field, bool)>) -> Self {
        rows.sort_by_key(|x| match x.state.as_str() {
            "held" | "in_doubt" | "quarantined" | "expired" => 0,
            "retry_wait" => 1,
            "recorded" | "verified" => 3,
            _ => 2,
        });
        // In this order most stand next to one of the same state.
        let alike = rows.chunk_by(|one, next| one.state == next.state);
        let states = alike.map(|some| some[0].state.clone()).collect();
        let needs = needs::of_exports(&rows);
        let mut pending = Self { rows, states, needs, ..Self::default() };
        pending.put_in_order(order);
        pending
    }

    /// Sorts them by this; whether that changed anything. Without, they stay as they are:
    /// only who reads them anew has the usual order.
    pub(super) fn sort(&mut self, by: Option<(Field, bool)>) -> bool {
        let new = by.is_some() && by != self.order;
        if new {
            self.put_in_order(by);
        }
        new
    }

    fn put_in_order(&mut self, order: Option<(Field, bool)>) {
        if let Some((field, descending)) = order {
            fields::sort(&mut self.rows, field, descending);
        }
        self.order = order;
        self.places = places(&self.rows);
        self.texts = Texts::of(&self.rows);
    }

    /// Where the export of this id, or of the delivery of this id, stands.
    pub(super) fn place(&self, id: Id) -> Option<usize> {
        self.places.get(&id).copied()
    }

    /// Row `n`, to look for words in.
    pub(super) fn searched(&self, n: usize) -> Option<Searched<'_>> {
        Some(Searched { row: self.rows.get(n)?, text: self.texts.row(n)? })
    }

    /// The states that they are in.
    pub(super) fn states(&self) -> &BTreeSet<String> {
        &self.states
    }

    /// Those that wait for a person or went wrong.
    pub(super) fn needs(&self) -> &[Need] {
        &self.needs
    }

    /// Frees them, elsewhere if that takes longer than a frame.
    pub(super) fn free(self) {
        if self.len() > MANY {
            std::thread::spawn(move || drop(self));
        }
    }
}

impl Deref for Pending {
    type Target = [ExportRow];

    fn deref(&self) -> &[ExportRow] {
        &self.rows
    }
}

/// The words of all rows, in lower case and one after the other: whoever looks through a
/// hundred thousand rows waits for memory, and not for the comparing.
#[derive(Clone, Debug, Default, PartialEq)]
struct Texts {
    all: String,
    /// Where each row's words end.
    ends: Vec<usize>,
}

/// Stands behind each field's words; nobody types it.
const END: char = '\0';

impl Texts {
    fn of(rows: &[ExportRow]) -> Self {
        let mut texts = Self::default();
        texts.ends.reserve(rows.len());
        for row in rows {
            for field in texts_fields() {
                if let Value::Text(text) = row.value(field) {
                    if text.is_ascii() {
                        texts.all.extend(text.chars().map(|c| c.to_ascii_lowercase()));
                    } else {
                        texts.all += &text.to_lowercase();
                    }
                }
                texts.all.push(END);
            }
            texts.ends.push(texts.all.len());
        }
        texts
    }

    fn row(&self, n: usize) -> Option<&str> {
        let from = n.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.all.get(from..*self.ends.get(n)?)
    }
}

/// The fields whose words are kept: all but ids, which are seldom asked for.
fn texts_fields() -> impl Iterator<Item = Field> {
    fields::words(Pane::Pending).filter(|field| *field != Field::Id)
}

/// A row with its words.
pub(super) struct Searched<'a> {
    row: &'a ExportRow,
    text: &'a str,
}

impl Fields for Searched<'_> {
    fn value(&self, field: Field) -> Value<'_> {
        match texts_fields().position(|one| one == field) {
            None => self.row.value(field),
            Some(nth) => {
                self.text.split(END).nth(nth).map_or(Value::None, |text| Value::Text(text.into()))
            }
        }
    }

    fn words(&self) -> Option<&str> {
        Some(self.text)
    }
}

fn places(rows: &[ExportRow]) -> HashMap<Id, usize, foldhash::fast::RandomState> {
    let ids = |(n, x): (usize, &ExportRow)| {
        [Some(x.id), x.delivery].into_iter().flatten().map(move |id| (id, n))
    };
    rows.iter().enumerate().flat_map(ids).collect()
}
