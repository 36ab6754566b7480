//! Names that become tables and columns.

use std::collections::BTreeMap;

use crate::model::{Column, Shown};

use super::Draft;
use crate::config::problems::Place;
use crate::config::reader::Reader;
use crate::config::yaml::Key;

/// The longest name, in characters.
const LONGEST: usize = 60;

/// Tables that are there already.
const RESERVED: &[&str] = &["meta", "datasets", "landed", "quarantine"];

/// What SQLite calls the number of a row.
const ROW: &[&str] = &["rowid", "oid", "_rowid_"];

/// A letter, then letters, digits and `_`. Words of SQL are fine.
pub(super) fn identifier(r: &mut Reader, key: &Key, path: &str, what: &str) {
    let name = &key.name;
    let right = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.len() <= LONGEST;
    if !right {
        let name = Shown::limited(name, LONGEST);
        let from = match what {
            "a column" => " (its name in the file belongs in from)",
            _ => "",
        };
        let message = format!(
            "{path}: \"{name}\" is no name for {what}: expected a letter, then letters, digits and \
             _, at most {LONGEST}{from}"
        );
        r.error(key.place, message);
    }
}

/// Not one of the tables that are always there.
pub(super) fn reserved(r: &mut Reader, key: &Key, path: &str) {
    let name = key.name.to_ascii_lowercase();
    if RESERVED.contains(&name.as_str()) || name.starts_with("sqlite_") {
        let name = Shown::limited(&key.name, LONGEST);
        r.error(
            key.place,
            format!("{path}: \"{name}\" is the name of a table that is there already"),
        );
    }
}

/// Not one of the names that SQLite has for the number of a row.
pub(super) fn of_sqlite(r: &mut Reader, key: &Key, path: &str) {
    if ROW.contains(&key.name.to_ascii_lowercase().as_str()) {
        r.error(key.place, format!("{path}: is what SQLite calls the number of a row"));
    }
}

/// What a name is taken by.
struct Taken {
    place: Place,
    by: String,
    /// For dictionaries, which may be used more than once: the column's name.
    column: Option<String>,
}

/// No two tables or indexes of the file, and no two columns of a table, are called the same.
pub(super) fn check(r: &mut Reader, drafts: &[Draft]) {
    let mut tables: BTreeMap<String, Taken> = BTreeMap::new();
    for draft in drafts {
        columns(r, draft);
        let by = format!("the table of dataset {}", draft.dataset.name);
        take(r, &mut tables, &draft.dataset.name, Taken { place: draft.place, by, column: None });
    }
    for draft in drafts {
        let dataset = &draft.dataset;
        for (column, at) in dataset.columns.iter().zip(&draft.columns) {
            let Some(dictionary) = &column.dictionary else { continue };
            let place = at.dictionary.unwrap_or(at.place);
            let by = format!("the dictionary of {}.{}", dataset.name, column.name);
            // A carried column's words are those of its origin, and stand there.
            if column.carried.is_none() {
                let column = Some(column.name.clone());
                take(r, &mut tables, dictionary, Taken { place, by, column });
            }
        }
        for rollup in &dataset.rollups {
            let said = draft.rollups.iter().flatten().find(|at| at.name == rollup.name);
            let place = said.map_or(draft.place, |at| at.place);
            let by = format!("the rollup {} of {}", rollup.name, dataset.name);
            let name = format!("{}_{}", dataset.name, rollup.name);
            take(r, &mut tables, &name, Taken { place, by, column: None });
        }
        let indexed = dataset
            .columns
            .iter()
            .zip(&draft.columns)
            .filter(|(column, _)| dataset.indexed().any(|indexed| indexed.name == column.name));
        for (column, at) in indexed {
            let by = format!("the index of {}.{}", dataset.name, column.name);
            let name = format!("{}_{}", dataset.name, column.name);
            take(r, &mut tables, &name, Taken { place: at.place, by, column: None });
        }
    }
}

fn take(r: &mut Reader, tables: &mut BTreeMap<String, Taken>, name: &str, new: Taken) {
    match tables.get(&name.to_ascii_lowercase()) {
        None => {
            tables.insert(name.to_ascii_lowercase(), new);
        }
        // One dictionary serves columns of one name.
        Some(first) if first.column.is_some() && first.column == new.column => {}
        Some(first) => {
            let words = "would both be called";
            r.error(new.place, format!("{} and {} {words} \"{name}\"", new.by, first.by));
        }
    }
}

/// The columns of one table, under all names that they have there.
fn columns(r: &mut Reader, draft: &Draft) {
    let dataset = &draft.dataset;
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    let row_id = dataset.row_id();
    if dataset.key.is_empty() {
        taken.insert(row_id.to_ascii_lowercase(), "the number of a row");
    } else {
        taken.insert("file".to_owned(), "the file that a row comes from");
        taken.insert("line".to_owned(), "the line that a row comes from");
    }
    let names = |column: &Column| {
        let mut names = vec![column.name.to_ascii_lowercase()];
        let stored = column.stored_as().to_ascii_lowercase();
        if stored != names[0] {
            names.push(stored);
        }
        names
    };
    for (column, at) in dataset.columns.iter().zip(&draft.columns) {
        for name in names(column) {
            match taken.get(&name) {
                None => {
                    taken.insert(name, &column.name);
                }
                Some(other) => {
                    let message = format!("{}: \"{name}\" is taken by {other}", at.path);
                    r.error(at.place, message);
                }
            }
        }
    }
    for (n, (column, at)) in dataset.columns.iter().zip(&draft.columns).enumerate() {
        let same = |other: &&Column| other.carried.is_none() && other.source == column.source;
        if column.carried.is_none()
            && let Some(other) = dataset.columns[..n].iter().find(same)
        {
            let message =
                format!("{}: {} is read from \"{}\" already", at.path, other.name, other.source);
            r.error(at.place, message);
        }
    }
}
