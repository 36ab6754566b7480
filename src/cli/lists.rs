//! The lists and `show`: what the ledger holds, beside whoever writes it.

use std::io::Write as _;

use super::{Exit, FilesArgs, Global, ListArgs, check, print};
use crate::config::Config;
use crate::engine;
use crate::ledger::{Books, Reader};
use crate::model::{Failure, FailureClass, Id};

/// Reads with `read` and prints with `write`. A ledger that does not exist yet
/// holds nothing; that is not an error.
fn list<T>(
    global: &Global,
    read: impl FnOnce(&dyn Books, &Config) -> Result<Vec<T>, Failure>,
    write: impl FnOnce(&[T], bool) -> Exit,
) -> Exit {
    let config = match check::load(global) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let rows = if config.database.exists() {
        Reader::open(&config.database).and_then(|reader| read(&reader, &config))
    } else {
        let path = config.database.display();
        let _ = writeln!(std::io::stderr(), "There is no ledger at {path} yet; a sync makes it.");
        Ok(Vec::new())
    };
    match rows {
        Ok(rows) => write(&rows, global.json),
        Err(failure) => print::failure(&failure),
    }
}

/// `endpoints`: with the next run, also where no program runs that would have planned it.
pub(super) fn endpoints(global: &Global) -> Exit {
    let read = |books: &dyn Books, config: &Config| {
        let mut rows = books.endpoints()?;
        for row in &mut rows {
            let endpoint = config.endpoints.iter().find(|e| e.name == row.name);
            row.next_run = endpoint.and_then(|e| engine::next_run(e, row));
        }
        Ok(rows)
    };
    list(global, read, print::endpoints)
}

/// `exports`.
pub(super) fn exports(global: &Global, args: &ListArgs) -> Exit {
    list(global, |books, _| books.exports(&args.filter()), print::exports)
}

/// `files`.
pub(super) fn files(global: &Global, args: &FilesArgs) -> Exit {
    list(global, |books, _| books.files(&args.filter()), print::files)
}

/// `transfers`.
pub(super) fn transfers(global: &Global, args: &ListArgs) -> Exit {
    list(global, |books, _| books.transfers(&args.filter()), print::transfers)
}

/// `runs`.
pub(super) fn runs(global: &Global, args: &ListArgs) -> Exit {
    list(global, |books, _| books.runs(&args.filter()), print::runs)
}

/// `events`.
pub(super) fn events(global: &Global, args: &ListArgs) -> Exit {
    list(global, |books, _| books.events(&args.filter()), print::events)
}

/// `show`.
pub(super) fn show(global: &Global, id: Id) -> Exit {
    let read = |books: &dyn Books, _: &Config| Ok(books.show(id)?.into_iter().collect());
    list(global, read, |found, json| match found.first() {
        Some(timeline) => print::timeline(timeline, json),
        None => print::failure(
            &Failure::new(FailureClass::NotFound, "showing", id.to_string())
                .said("the ledger has no such thing")
                .advice("`transship exports` lists ids"),
        ),
    })
}
