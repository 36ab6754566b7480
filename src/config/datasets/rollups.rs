//! Sums that are kept while files are taken in.

use crate::model::{ColumnKind, Rollup};

use super::{Draft, names};
use crate::config::problems::Place;
use crate::config::reader::{Reader, Text};
use crate::config::schema::Ask;
use crate::config::section::Section;
use crate::config::yaml::Key;

/// The columns that each rollup's table has.
const OWN: &[&str] = &["count", "total"];

/// A rollup as it stands in the file.
pub(super) struct At {
    pub name: String,
    pub place: Place,
    path: String,
    by: Vec<Text>,
    sum: Vec<Text>,
}

/// `rollups: {name: {by: […], sum: […]}}`; none if nothing is said.
pub(super) fn rollups(r: &mut Reader, section: &Section) -> Option<Vec<At>> {
    // `rollups: {}` says that there are none, `rollups:` says nothing.
    let node = section.node("rollups")?;
    let all = r.names(node, section.path_of("rollups"))?;
    let mut found = Vec::new();
    for (key, node) in all.entries() {
        let path = all.path_of(&key.name);
        names::identifier(r, key, &path, "a rollup");
        let Some(one) = r.section(node, path.clone(), &["by", "sum"]) else { continue };
        one.note(r, "by", || Ask::Required);
        let by = one.texts(r, "by").unwrap_or_default();
        if by.is_empty() {
            one.missing(r, "by", "the columns that make a group");
        }
        let sum = one.texts(r, "sum").unwrap_or_default();
        let Key { name, place } = key.clone();
        found.push(At { name, place, path, by, sum });
    }
    Some(found)
}

/// Whether two definitions say the same about rollups.
pub(super) fn same(a: Option<&[At]>, b: Option<&[At]>) -> bool {
    let words = |texts: &[Text]| texts.iter().map(|t| t.value.clone()).collect::<Vec<_>>();
    let plain = |all: &[At]| {
        all.iter().map(|at| (at.name.clone(), words(&at.by), words(&at.sum))).collect::<Vec<_>>()
    };
    a.map(plain) == b.map(plain)
}

/// Takes what is said into the dataset, now that all of its columns are known.
pub(super) fn check(r: &mut Reader, draft: &mut Draft) {
    let Some(said) = &draft.rollups else { return };
    let names: Vec<&str> = draft.dataset.columns.iter().map(|c| c.name.as_str()).collect();
    let mut rollups = Vec::new();
    for at in said {
        for (key, texts) in [("by", &at.by), ("sum", &at.sum)] {
            for (n, text) in texts.iter().enumerate() {
                let path = format!("{}.{key}", at.path);
                let Some(column) = draft.dataset.column(&text.value) else {
                    let message = format!("{path}: there is no column {}", text.shown());
                    r.misspelled(text.place, message, &text.value, &names);
                    continue;
                };
                let number =
                    matches!(column.kind, ColumnKind::Integer { .. } | ColumnKind::Decimal { .. });
                let wrong = if key == "sum" && !number {
                    "only integers and decimals can be summed up exactly"
                } else if key == "by" && matches!(column.kind, ColumnKind::Real { .. }) {
                    "floating-point numbers make no groups"
                } else if key == "by" && texts[..n].iter().any(|t| t.value == text.value) {
                    "the column stands here twice"
                } else if key == "by" && OWN.contains(&column.stored_as().to_lowercase().as_str()) {
                    "its name is that of a column the rollup's table has itself"
                } else {
                    continue;
                };
                r.error(text.place, format!("{path}: {}: {wrong}", text.shown()));
            }
        }
        let values = |texts: &[Text]| texts.iter().map(|text| text.value.clone()).collect();
        rollups.push(Rollup { name: at.name.clone(), by: values(&at.by), sum: values(&at.sum) });
    }
    draft.dataset.rollups = rollups;
}
