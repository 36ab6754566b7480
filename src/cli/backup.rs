//! `transship backup`: a copy of the ledger that is proven to be one.

use std::path::Path;

use super::{Exit, Global, check, print};
use crate::ledger;
use crate::model::Shown;

/// Needs no lock: whoever works with the ledger goes on.
pub(super) fn run(global: &Global, file: &Path) -> Exit {
    let config = match check::load(global) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let backup = match ledger::back_up(&config.database, file) {
        Ok(backup) => backup,
        Err(failure) => return print::failure(&failure),
    };
    if global.json {
        return print::json_lines(&[backup]);
    }
    let until = match &backup.last_event_at {
        Some(at) => format!("up to event {}, of {at}", backup.last_event),
        None => "nothing ever happened".into(),
    };
    print::stdout(&format!(
        "{}: {} kB, checked; {} exports, {} deliveries, {} files of registers, {until}.\n",
        Shown::new(file.display().to_string()),
        backup.bytes.div_ceil(1024),
        backup.exports,
        backup.deliveries,
        backup.files,
    ))
}
