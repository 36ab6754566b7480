//! Which file goes first.

use std::collections::{HashMap, HashSet};

use super::writer::Books;
use crate::model::Failure;
use crate::silver::sql;

/// The files that wait, of these endpoints (all, if none is named) or named in `also`,
/// without those in `passed`: referenced datasets' first, then by rank.
pub(super) fn plan(
    books: &Books,
    endpoints: &[String],
    also: &HashSet<i64>,
    passed: &HashSet<i64>,
) -> Result<Vec<i64>, Failure> {
    let place: HashMap<&str, usize> = books.feeds.referenced_first().into_iter().zip(0..).collect();
    let read = || {
        let mut waiting = books
            .connection
            .prepare("SELECT id, endpoint, name, rank FROM landed WHERE state = 'landed'")?;
        let mut rows = waiting.query([])?;
        let mut files = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, endpoint): (i64, String) = (row.get(0)?, row.get(1)?);
            let asked = endpoints.is_empty() || endpoints.contains(&endpoint) || also.contains(&id);
            if !asked || passed.contains(&id) {
                continue;
            }
            let (name, rank): (String, String) = (row.get(2)?, row.get(3)?);
            let dataset = books.feeds.takes(&endpoint, &name);
            let at = dataset.and_then(|d| place.get(d.name.as_str()).copied());
            files.push((at.unwrap_or(usize::MAX), rank, id));
        }
        Ok(files)
    };
    let mut files = read().map_err(|e| sql::failure("looking for files that wait", &e))?;
    files.sort();
    Ok(files.into_iter().map(|(_, _, id)| id).collect())
}
