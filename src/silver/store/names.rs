//! No two tables, and no two columns of one, have the same name; and what a definition
//! names is there.

use std::collections::HashMap;

use crate::model::{Column, ColumnKind, Dataset, Failure, FailureClass};
use crate::silver::schema;

/// Refuses definitions that would make two things of the same name; SQLite knows no
/// difference between upper and lower case.
pub(super) fn check(datasets: &[Dataset]) -> Result<(), Failure> {
    let mut tables = Names::default();
    for name in schema::RESERVED {
        tables.add(name, "a table of transship's own", "");
    }
    let mut dictionaries: HashMap<String, String> = HashMap::new();
    for dataset in datasets {
        let of = &dataset.name;
        tables.add(of, "a dataset", of);
        for rollup in &dataset.rollups {
            tables.add(&schema::rollup_table(dataset, rollup), "a rollup", of);
        }
        for index in schema::indexes(dataset) {
            tables.add(&index.name, "an index", of);
        }
        for (name, _) in schema::dictionaries(dataset) {
            // Datasets share a dictionary by its name.
            if dictionaries.insert(name.to_lowercase(), name.clone()).is_none() {
                tables.add(&name, "a dictionary", of);
            }
        }
        columns(dataset)?;
    }
    tables.verdict()
}

fn columns(dataset: &Dataset) -> Result<(), Failure> {
    let (mut names, of) = (Names::default(), &dataset.name);
    if dataset.key.is_empty() {
        names.add(&dataset.row_id(), "the row's number", of);
    } else {
        names.add("file", "where a row came from", of);
        names.add("line", "where a row came from", of);
    }
    for column in &dataset.columns {
        names.add(&column.stored_as(), "a column", of);
        if let Some((name, _)) = schema::computed_column(column) {
            names.add(&name, "a column", of);
        }
    }
    names.wrong = names.wrong.or_else(|| wrong(dataset).map(|wrong| (of.clone(), wrong)));
    names.verdict()
}

/// What the key or a rollup names, and cannot be.
fn wrong(dataset: &Dataset) -> Option<String> {
    for rollup in &dataset.rollups {
        let name = &rollup.name;
        let by = schema::stored_names(dataset, &rollup.by);
        if by.iter().any(|n| n.eq_ignore_ascii_case("count") || n.eq_ignore_ascii_case("total")) {
            return Some(format!("rollup {name} goes by a column called count or total"));
        }
        if by.is_empty() {
            return Some(format!("rollup {name} goes by no column"));
        }
        let exact = |column: &Column| {
            let kind = &column.kind;
            column.dictionary.is_none()
                && matches!(kind, ColumnKind::Integer { .. } | ColumnKind::Decimal { .. })
        };
        let mut factors = rollup.sum.iter().filter_map(|factor| dataset.column(factor));
        if let Some(factor) = factors.find(|factor| !exact(factor)) {
            let factor = &factor.name;
            return Some(format!("rollup {name} sums up {factor}, which is no exact number"));
        }
    }
    let named = dataset.rollups.iter().flat_map(|rollup| rollup.by.iter().chain(&rollup.sum));
    let missing = named.chain(&dataset.key).find(|name| dataset.column(name).is_none());
    missing.map(|name| format!("there is no column {name}"))
}

#[derive(Default)]
struct Names {
    taken: HashMap<String, &'static str>,
    /// The dataset, and what is wrong.
    wrong: Option<(String, String)>,
}

impl Names {
    fn add(&mut self, name: &str, what: &'static str, dataset: &str) {
        let lower = name.to_lowercase();
        let taken = match self.taken.insert(lower.clone(), what) {
            None if lower.starts_with("sqlite_") => "SQLite's",
            None => return,
            Some(other) => other,
        };
        self.wrong.get_or_insert_with(|| {
            (dataset.to_owned(), format!("{what} would be called {name}, and {taken} is already"))
        });
    }

    fn verdict(self) -> Result<(), Failure> {
        match self.wrong {
            None => Ok(()),
            Some((dataset, wrong)) => {
                let doing = "making the tables of the dataset";
                Err(Failure::new(FailureClass::Misconfigured, doing, dataset)
                    .said(wrong)
                    .advice("correct its definition in the configuration"))
            }
        }
    }
}
