//! Which cell of a row belongs to which column.

use std::collections::HashSet;

use crate::model::{Failure, Shown};
use crate::silver::rows::Drift;

use super::no_header;
use super::records::{Next, Records};
use crate::silver::read::row::{MAX_DRIFT, Plan, drifting};

/// What the header says.
pub(super) struct Header {
    /// The cell of each column of the definition.
    pub places: Vec<Option<usize>>,
    /// Cells of a row.
    pub width: usize,
    pub drift: Drift,
    /// The cells as they are called in the file.
    pub names: Vec<String>,
}

/// Without a header: the columns in the order of the definition.
pub(super) fn of_plan(plan: &Plan) -> Header {
    let mut width = 0;
    let places = plan.columns.iter().map(|column| {
        let place = (!column.carried).then_some(width);
        width += usize::from(!column.carried);
        place
    });
    let places = places.collect();
    let names = plan.columns.iter().filter(|c| !c.carried).map(|c| c.source.clone()).collect();
    Header { places, width, drift: Drift::default(), names }
}

/// From the first record.
pub(super) fn of_file(
    records: &mut Records,
    encoding: &str,
    plan: &Plan,
) -> Result<Header, Failure> {
    let names: Vec<String> = match records.next()? {
        Next::Record(record) => match record.cells() {
            Some(cells) => cells.iter().map(|cell| cell.trim().to_owned()).collect(),
            None => return Err(no_header(format!("its header is not valid {encoding}"))),
        },
        Next::Wrong { reason, .. } => return Err(no_header(format!("its header: {reason}"))),
        Next::End => return Err(no_header("it is empty: not even a header is there")),
    };
    let mut seen = HashSet::new();
    if let Some(twice) = names.iter().find(|name| !name.is_empty() && !seen.insert(*name)) {
        let name = Shown::limited(twice, 60);
        return Err(no_header(format!("its header names \"{name}\" twice")));
    }
    let mut places = Vec::with_capacity(plan.columns.len());
    for column in &plan.columns {
        let place = if column.carried { None } else { place(&names, &column.source)? };
        places.push(place);
    }
    let taken: HashSet<usize> = places.iter().flatten().copied().collect();
    if taken.is_empty() {
        let found: Vec<&str> = names.iter().map(String::as_str).take(20).collect();
        let found = Shown::limited(found.join(", "), 200);
        return Err(no_header(format!("none of the columns is in its header: {found}"))
            .advice("check delimiter, encoding and skip_lines of the dataset"));
    }
    let unknown = names.iter().enumerate().filter(|(at, _)| !taken.contains(at));
    let unknown = unknown.take(MAX_DRIFT).map(|(at, name)| match name.as_str() {
        "" => format!("column {} (without a name)", at + 1),
        name => drifting(name),
    });
    let absent =
        plan.columns.iter().zip(&places).filter(|(c, place)| place.is_none() && !c.carried);
    let drift = Drift {
        unknown: unknown.collect(),
        missing: absent.map(|(column, _)| column.source.clone()).collect(),
    };
    Ok(Header { places, width: names.len(), drift, names })
}

/// Where `source` stands: to the letter, else upper and lower case alike.
fn place(names: &[String], source: &str) -> Result<Option<usize>, Failure> {
    if let Some(exact) = names.iter().position(|name| name == source.trim()) {
        return Ok(Some(exact));
    }
    let wanted = source.trim().to_lowercase();
    let mut alike = names.iter().enumerate().filter(|(_, name)| name.to_lowercase() == wanted);
    match (alike.next(), alike.next()) {
        (Some((_, one)), Some((_, other))) => {
            let (one, other) = (Shown::limited(one, 60), Shown::limited(other, 60));
            Err(no_header(format!("its header has both \"{one}\" and \"{other}\"")))
        }
        (found, _) => Ok(found.map(|(at, _)| at)),
    }
}
