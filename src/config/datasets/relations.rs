//! What datasets say about each other: keys, references, carried values.

use crate::model::{ColumnKind, Dataset};

use super::{Draft, kind};
use crate::config::reader::Reader;

/// Checks keys and references, each by itself; `written` are the names of all definitions,
/// those that could not be read too.
pub(super) fn resolve(r: &mut Reader, drafts: &[Draft], written: &[&String]) {
    for draft in drafts {
        key(r, draft);
    }
    let names: Vec<&str> = drafts.iter().map(|d| d.dataset.name.as_str()).collect();
    for draft in drafts {
        for (column, at) in draft.dataset.columns.iter().zip(&draft.columns) {
            let Some(text) = &at.references else { continue };
            let path = format!("{}.references", at.path);
            let Some(other) = drafts.iter().find(|d| d.dataset.name == text.value) else {
                if !written.contains(&&text.value) {
                    let message = format!("{path}: there is no dataset {}", text.shown());
                    r.misspelled(text.place, message, &text.value, &names);
                }
                continue;
            };
            let found = text.shown();
            let [key] = other.dataset.key.as_slice() else {
                let count = other.dataset.key.len();
                let words = format!("has {count} key columns; expected a dataset with exactly one");
                r.error(text.place, format!("{path}: {found} {words}"));
                continue;
            };
            let Some(key) = other.dataset.column(key) else { continue };
            let (own, theirs) = (typed(&column.kind), typed(&key.kind));
            if own != theirs {
                let words = format!("is keyed by a column of type {theirs}, not {own}");
                r.error(text.place, format!("{path}: {found} {words}"));
            }
        }
    }
}

/// A kind by what makes two of its values equal.
fn typed(kind: &ColumnKind) -> String {
    match kind {
        ColumnKind::Decimal { scale, .. } => format!("decimal with scale {scale}"),
        other => kind::name(other).to_owned(),
    }
}

fn key(r: &mut Reader, draft: &Draft) {
    let dataset = &draft.dataset;
    let names: Vec<&str> = dataset.columns.iter().map(|c| c.name.as_str()).collect();
    let path = format!("{}.key", draft.path);
    for (n, text) in draft.key.iter().enumerate() {
        let Some(column) = dataset.column(&text.value) else {
            let message = format!("{path}: there is no column {}", text.shown());
            r.misspelled(text.place, message, &text.value, &names);
            continue;
        };
        let wrong = if draft.key[..n].iter().any(|other| other.value == text.value) {
            "the column stands here twice"
        } else if column.carried.is_some() {
            "a carried value can change, so it tells no rows apart"
        } else if kind::name(&column.kind) == "real" {
            "floating-point numbers tell no rows apart"
        } else {
            continue;
        };
        r.error(text.place, format!("{path}: {}: {wrong}", text.shown()));
    }
}

/// The drafts by number, referenced ones first; none if they go in a circle.
pub(super) fn order(r: &mut Reader, drafts: &[Draft]) -> Option<Vec<usize>> {
    let mut order: Vec<usize> = Vec::new();
    while order.len() < drafts.len() {
        let before = order.len();
        for (at, draft) in drafts.iter().enumerate() {
            let ready = draft
                .dataset
                .columns
                .iter()
                .filter_map(|c| c.references.as_ref())
                .all(|name| order.iter().any(|done| drafts[*done].dataset.name == *name));
            if ready && !order.contains(&at) {
                order.push(at);
            }
        }
        if order.len() == before {
            let (at, text) =
                drafts.iter().enumerate().filter(|(at, _)| !order.contains(at)).find_map(
                    |(_, draft)| {
                        draft.columns.iter().find_map(|at| Some((at, at.references.as_ref()?)))
                    },
                )?;
            let words = "datasets reference each other in a circle, so none could go first";
            r.error(text.place, format!("{}.references: {words}", at.path));
            return None;
        }
    }
    Some(order)
}

/// Gives carried columns the kind and the dictionary of where they come from.
pub(super) fn carry(r: &mut Reader, drafts: &mut [Draft], draft: usize) {
    for n in 0..drafts[draft].dataset.columns.len() {
        let Draft { dataset, columns, .. } = &drafts[draft];
        let (column, at) = (&dataset.columns[n], &columns[n]);
        let Some(carried) = &column.carried else { continue };
        let names: Vec<&str> = dataset
            .columns
            .iter()
            .filter(|c| c.references.is_some())
            .map(|c| c.name.as_str())
            .collect();
        let other = dataset.column(&carried.via).and_then(|via| via.references.as_ref());
        let other = other.and_then(|name| drafts.iter().find(|d| d.dataset.name == *name));
        let Some(other) = other else {
            if let Some(text) = &at.via {
                let words = "is no column of this dataset that references another one";
                let message = format!("{}.carried.via: {} {words}", at.path, text.shown());
                r.misspelled(text.place, message, &text.value, &names);
            }
            continue;
        };
        let Some(origin) = other.dataset.column(&carried.column).cloned() else {
            if let Some(text) = &at.carried {
                let names: Vec<&str> =
                    other.dataset.columns.iter().map(|c| c.name.as_str()).collect();
                let words = format!("is no column of {}", other.dataset.name);
                let message = format!("{}.carried.column: {} {words}", at.path, text.shown());
                r.misspelled(text.place, message, &text.value, &names);
            }
            continue;
        };
        let (own, theirs) = (kind::name(&column.kind), kind::name(&origin.kind));
        if at.typed && own != theirs {
            let words = format!("is of type {own}, but what it carries is of type {theirs}");
            r.error(at.place, format!("{}: {words}", at.path));
        }
        let column = &mut drafts[draft].dataset.columns[n];
        column.kind = origin.kind;
        column.dictionary = origin.dictionary;
    }
}

/// What is looked up or grouped by has an index.
pub(super) fn index(dataset: &mut Dataset) {
    let grouped: Vec<String> = dataset.rollups.iter().flat_map(|r| r.by.clone()).collect();
    for column in &mut dataset.columns {
        column.indexed |= column.references.is_some()
            || column.dictionary.is_some()
            || grouped.contains(&column.name);
    }
}
