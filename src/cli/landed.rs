//! What landed, and the rows that were set aside: `files --state quarantined`, `show l12`.

use clap::Args;
use serde_json::{Value, json};

use super::{Exit, Global, check, print};
use crate::config::Config;
use crate::ledger::{FILE_STATES, Filter};
use crate::model::{Failure, FailureClass, Id, Shown};
use crate::silver::lists::{LandedFilter, LandedRow};
use crate::silver::reader::Reader;

/// Bad rows that `show` lists at the most.
const SHOWN: u32 = 1_000;

/// States in which landed files are, and `quarantined`: those with rows set aside.
pub const LANDED_STATES: [&str; 7] =
    ["quarantined", "landed", "ingested", "refused", "repeated", "superseded", "unmatched"];

/// Every state that `files` knows: of a register's files, and of landed ones.
fn file_states() -> impl clap::builder::TypedValueParser {
    clap::builder::PossibleValuesParser::new(FILE_STATES.into_iter().chain(LANDED_STATES))
}

/// `files`.
#[derive(Clone, Debug, Args)]
pub struct FilesArgs {
    /// Only this endpoint's.
    #[arg(long, value_name = "NAME")]
    pub endpoint: Option<String>,
    /// Only those in this state; one of a landed file lists what landed instead.
    #[arg(long, value_name = "STATE", value_parser = file_states())]
    pub state: Option<String>,
    /// The newest so many; 0 for all.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: u32,
}

impl FilesArgs {
    /// As silver understands it, if it is about what landed.
    pub fn landed(&self) -> Option<LandedFilter> {
        let state = self.state.as_deref().filter(|state| LANDED_STATES.contains(state))?;
        let quarantined = state == "quarantined";
        Some(LandedFilter {
            endpoint: self.endpoint.clone(),
            state: (!quarantined).then(|| state.to_owned()),
            with_bad: quarantined,
            limit: (self.limit > 0).then_some(self.limit),
            ..LandedFilter::default()
        })
    }

    /// As the ledger understands it.
    pub fn filter(&self) -> Filter {
        Filter {
            endpoint: self.endpoint.clone(),
            state: self.state.clone(),
            pending: false,
            limit: (self.limit > 0).then_some(self.limit),
        }
    }
}

/// `files --state`, for the states of landed files.
pub(super) fn files(global: &Global, filter: &LandedFilter) -> Exit {
    read(global, |_, reader| {
        let mut rows = Vec::new();
        for row in reader.landed(filter)? {
            let reason = why(reader, &row)?;
            rows.push((row, reason));
        }
        if global.json {
            return Ok(print::json_lines(&rows.iter().map(as_json).collect::<Vec<_>>()));
        }
        Ok(print::landed(&rows))
    })
}

/// `show l12`: the file, and the rows that were set aside.
pub(super) fn show(global: &Global, id: Id) -> Exit {
    read(global, |_, reader| {
        let all = reader.landed(&LandedFilter::default())?;
        let Some(row) = all.into_iter().find(|row| row.id == id.number) else {
            return Err(Failure::new(FailureClass::NotFound, "showing", id.to_string())
                .said("no file that landed has this number")
                .advice("`transship files --state ingested` lists some"));
        };
        let bad = reader.quarantine(row.id, Some(SHOWN))?;
        let reason = why(reader, &row)?;
        if global.json {
            let mut file = as_json(&(row, reason));
            file["quarantine"] = json!(bad);
            return Ok(print::json_lines(&[file]));
        }
        print::landed_detail(&row);
        Ok(print::quarantine(&bad))
    })
}

/// Why it is refused, or what is wrong with the first row that was set aside.
fn why(reader: &Reader, row: &LandedRow) -> Result<Option<String>, Failure> {
    if row.error.is_some() || row.rows_bad == 0 {
        return Ok(row.error.clone());
    }
    let first = reader.quarantine(row.id, Some(1))?.into_iter().next();
    Ok(first.map(|bad| {
        let column = bad.column.map(|column| format!("{column}: ")).unwrap_or_default();
        format!("line {}: {column}{}", bad.line, bad.reason)
    }))
}

fn as_json((row, reason): &(LandedRow, Option<String>)) -> Value {
    let mut value = json!(row);
    value["id"] = json!(Id::landed(row.id));
    value["export"] = json!(row.export.map(Id::export));
    value["corrects"] = json!(row.corrects.map(Id::landed));
    value["drift"] =
        row.drift.as_deref().and_then(|drift| serde_json::from_str(drift).ok()).unwrap_or_default();
    value["reason"] = json!(reason.as_deref().map(Shown::new));
    value
}

fn read(global: &Global, work: impl FnOnce(&Config, &Reader) -> Result<Exit, Failure>) -> Exit {
    let config = match check::load(global) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    if !config.silver.exists() {
        print::note(&format!(
            "There are no tables at {} yet; `transship ingest` makes them.",
            config.silver.display()
        ));
    }
    let done = Reader::open(&config.silver).and_then(|reader| work(&config, &reader));
    done.unwrap_or_else(|failure| print::failure(&failure))
}
