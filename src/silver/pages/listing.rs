//! What can be listed.

use std::sync::atomic::{AtomicU64, Ordering};

use super::field::{Field, Kind};
use super::filter::{Filter, Matches, Part};
use crate::model::{Column, Dataset, Rollup, Sha256};
use crate::silver::schema::{rollup_table, total_scale};
use crate::silver::sql::{no_value, quote};

/// How many listings were made.
static NUMBERS: AtomicU64 = AtomicU64::new(0);

/// A table of silver as it is shown: its fields, its order, and what it is asked by.
#[derive(Debug)]
pub struct Listing {
    /// What a row shows, in order.
    pub fields: Vec<Field>,
    /// What rows can be asked by.
    pub filters: Vec<Filter>,
    /// The datasets that it is made of: it changes only when one of them does.
    pub datasets: Vec<String>,
    /// The tables that it needs.
    pub(super) tables: Vec<String>,
    /// The dictionaries, as SQL: a number and a word each, whatever their columns are
    /// called. The dataset that came first has named them, and may be gone.
    pub(super) with: Vec<String>,
    /// What is read, as SQL.
    pub(super) from: String,
    /// The key that rows are in the order of, as SQL.
    pub(super) order: Vec<String>,
    /// What comes before each field's value in a row of JSON.
    pub(super) heads: Vec<Vec<u8>>,
    /// What its cursors are good for: nothing that is read or ordered in another way.
    pub(super) identity: String,
    /// No other listing of this process has this number.
    pub(super) number: u64,
}

impl Listing {
    /// The rows of a dataset.
    pub fn rows(dataset: &Dataset) -> Self {
        let mut listing = Self::of(&dataset.name, vec![dataset.name.clone()]);
        if dataset.key.is_empty() {
            let id = dataset.row_id();
            let column = format!("t.{}", quote(&id));
            listing.push(&id, Kind::Integer, false, column.clone());
            listing.filters.push(Filter {
                name: id,
                matches: Matches::Value(Kind::Integer),
                column: column.clone(),
                part: Part::Key,
            });
            listing.order.push(column);
        }
        for name in &dataset.key {
            let stored = dataset.column(name).map_or_else(|| name.clone(), Column::stored_as);
            listing.order.push(format!("t.{}", quote(&stored)));
        }
        let pair = dataset.pair();
        let is = |other: Option<&Column>, column: &Column| {
            other.is_some_and(|other| other.name == column.name)
        };
        for column in &dataset.columns {
            listing.show(column, None);
            if dataset.key.first() == Some(&column.name) {
                listing.ask_by(column, Part::Key);
            } else if is(pair.map(|(value, _)| value), column) {
                listing.ask_by(column, Part::Value);
            } else if is(pair.map(|(_, time)| time), column) {
                listing.ask_by(column, Part::Time);
            } else if column.indexed {
                listing.ask_by(column, Part::Own);
            }
        }
        listing.finished()
    }

    /// The entries of a dictionary; none if none of `all` uses it.
    pub fn entries(dictionary: &str, all: &[Dataset]) -> Option<Self> {
        let uses = |column: &Column| column.dictionary.as_deref() == Some(dictionary);
        let users = all.iter().filter(|dataset| dataset.columns.iter().any(uses));
        let datasets: Vec<String> = users.map(|dataset| dataset.name.clone()).collect();
        if datasets.is_empty() {
            return None;
        }
        let first = all.iter().flat_map(|dataset| &dataset.columns).find(|column| uses(column))?;
        let mut listing = Self::of(dictionary, datasets);
        listing.with.push(entries("t", dictionary));
        "t".clone_into(&mut listing.from);
        listing.push(&first.stored_as(), Kind::Integer, false, "t.id".to_owned());
        listing.push(&first.name, Kind::Text, false, "t.word".to_owned());
        listing.order.push("t.id".to_owned());
        Some(listing.finished())
    }

    /// The groups of a rollup.
    pub fn groups(dataset: &Dataset, rollup: &Rollup) -> Self {
        let mut listing = Self::of(&rollup_table(dataset, rollup), vec![dataset.name.clone()]);
        let columns: Vec<&Column> =
            rollup.by.iter().filter_map(|name| dataset.column(name)).collect();
        for (n, column) in columns.into_iter().enumerate() {
            listing.order.push(stored(column));
            listing.show(column, Some(no_value(column)));
            if n == 0 {
                listing.ask_by(column, Part::Key);
            }
        }
        if !rollup.sum.is_empty() {
            let scale = total_scale(dataset, rollup);
            listing.push("total", Kind::Decimal { scale }, false, "t.\"total\"".to_owned());
        }
        listing.push("count", Kind::Integer, false, "t.\"count\"".to_owned());
        listing.finished()
    }

    /// The same with these fields alone, in this order and under these names; none if
    /// there is no such field.
    pub fn showing(mut self, fields: &[(&str, &str)]) -> Option<Self> {
        let shown = fields.iter().map(|(name, shown)| {
            let mut field = self.fields.iter().find(|field| field.name == *name)?.clone();
            (*shown).clone_into(&mut field.name);
            Some(field)
        });
        self.fields = shown.collect::<Option<_>>()?;
        Some(self.finished())
    }

    /// The same, asked by these filters alone, under these names.
    pub fn asked_by(mut self, filters: &[(&str, &str)]) -> Self {
        let asked = filters.iter().filter_map(|(name, asked)| {
            let mut filter = self.filters.iter().find(|filter| filter.name == *name)?.clone();
            (*asked).clone_into(&mut filter.name);
            Some(filter)
        });
        self.filters = asked.collect();
        self.finished()
    }

    fn of(table: &str, datasets: Vec<String>) -> Self {
        Self {
            fields: Vec::new(),
            filters: Vec::new(),
            datasets,
            tables: vec![table.to_owned()],
            with: Vec::new(),
            from: format!("{} AS t", quote(table)),
            order: Vec::new(),
            heads: Vec::new(),
            identity: String::new(),
            number: 0,
        }
    }

    fn push(&mut self, name: &str, kind: Kind, nullable: bool, sql: String) {
        self.fields.push(Field { name: name.to_owned(), kind, nullable, sql });
    }

    /// Shows a column; `nothing` is what stands for a missing value, if not NULL.
    fn show(&mut self, column: &Column, nothing: Option<&str>) {
        let value = match nothing {
            Some(nothing) => format!("NULLIF({}, {nothing})", stored(column)),
            None => stored(column),
        };
        let nullable = !column.required;
        let Some(dictionary) = &column.dictionary else {
            return self.push(&column.name, Kind::of(column), nullable, value);
        };
        self.push(&column.stored_as(), Kind::Integer, nullable, value);
        let alias = format!("d{}", self.tables.len());
        self.push(&column.name, Kind::Text, nullable, format!("{alias}.word"));
        self.with.push(entries(&alias, dictionary));
        self.from += &format!(" LEFT JOIN {alias} ON {alias}.id = {}", stored(column));
        self.tables.push(dictionary.clone());
    }

    fn ask_by(&mut self, column: &Column, part: Part) {
        let matches = match &column.dictionary {
            None => Matches::Value(Kind::of(column)),
            Some(dictionary) => {
                let find = entries("d", dictionary);
                Matches::Entry { find: format!("WITH {find} SELECT id FROM d WHERE word = ?1") }
            }
        };
        let name = column.name.clone();
        self.filters.push(Filter { name, matches, column: stored(column), part });
    }

    fn finished(mut self) -> Self {
        self.heads.clear();
        for field in &self.fields {
            let mut head = vec![if self.heads.is_empty() { b'{' } else { b',' }];
            super::json::push_text(&mut head, &field.name);
            head.push(b':');
            self.heads.push(head);
        }
        let asked = self.filters.iter().map(|filter| (&filter.name, &filter.column));
        let identity = format!(
            "{:?}\n{}\n{:?}\n{:?}",
            self.with,
            self.from,
            self.order,
            asked.collect::<Vec<_>>()
        );
        // Short: it is signed with every page.
        self.identity = Sha256::of(identity.as_bytes());
        self.number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        self
    }
}

/// A dictionary under this name.
fn entries(name: &str, dictionary: &str) -> String {
    format!("{name}(id, word) AS (SELECT * FROM {})", quote(dictionary))
}

fn stored(column: &Column) -> String {
    format!("t.{}", quote(&column.stored_as()))
}
