//! One file's way in.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};
use tokio_util::sync::CancellationToken;

use super::dictionary::Dictionaries;
use super::indexes::Indexes;
use super::parse::{Parsed, parse};
use super::pipeline::{self, Filling};
use super::quarantine::{Quarantine, SetAside};
use super::references::References;
use super::settle;
use super::table::Table;
use super::trouble::Trouble;
use super::waiting::Waiting;
use super::withdraw;
use super::writer::Books;
use crate::model::{Dataset, Failure};
use crate::silver::rows::{Chunk, Drift};
use crate::silver::{Feeds, Ingested, LandedState};

/// Steps of SQLite's machine after which a statement asks whether it is to stop: some
/// milliseconds.
const STEPS: i32 = 100_000;

/// A file that was looked at.
pub(super) struct Taken {
    pub file: Ingested,
    /// Files that wait again because of it.
    pub set_back: Vec<i64>,
}

/// What came out of a file.
#[derive(Default)]
pub(super) struct Loaded {
    pub good: u64,
    pub bad: u64,
    pub unresolved: u64,
    /// Rows that are new in the table.
    pub news: u64,
    pub drift: Drift,
    /// Why nothing of it goes in.
    pub refusal: Option<String>,
    /// The first of its bad rows.
    pub listed: Vec<SetAside>,
}

/// Takes in a file, if it still waits.
pub(super) fn take_in(
    books: &mut Books,
    id: i64,
    stop: &[CancellationToken],
) -> Result<Option<Taken>, Trouble> {
    let stops = stop.to_vec();
    let stopped = move || stops.iter().any(CancellationToken::is_cancelled);
    books.connection.progress_handler(STEPS, Some(stopped))?;
    let result = take(books, id, stop);
    books.connection.progress_handler(0, None::<fn() -> bool>)?;
    if let Err(Trouble::Bronze(failure)) = &result {
        // For whoever looks at what waits; it is no state.
        let sql = "UPDATE landed SET error = ? WHERE id = ?";
        books.connection.execute(sql, (failure.to_string(), id))?;
    }
    result
}

fn take(books: &mut Books, id: i64, stop: &[CancellationToken]) -> Result<Option<Taken>, Trouble> {
    let Books { connection, feeds, data_dir } = books;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let Some(file) = Waiting::find(&transaction, id)? else { return Ok(None) };
    let mut set_back = Vec::new();
    let dataset = feeds.takes(&file.endpoint, &file.name);
    // Its name fits another dataset than it did.
    let moved = file.dataset.as_ref().filter(|b| dataset.is_none_or(|now| now.name != **b));
    if let Some(before) = moved
        && let Some(before) = settle::defined(&transaction, before)?
    {
        set_back.extend(withdraw::file(&transaction, &before, id, file.is_in)?);
        settle::count(&transaction, &before.name, 0)?;
    }
    let is_in = file.is_in && moved.is_none();
    let verdict = match dataset {
        None => Some(LandedState::Unmatched),
        Some(dataset) => file.verdict(&transaction, dataset)?,
    };
    if let Some(state) = verdict {
        set_back.extend(settle::aside(&transaction, &file, dataset, is_in, state)?);
        transaction.commit()?;
        let file = settle::told(&file, dataset, state, &Loaded::default());
        return Ok(Some(Taken { file, set_back }));
    }
    let Some(dataset) = dataset else { return Ok(None) };

    if is_in && dataset.key.is_empty() {
        withdraw::rows(&transaction, dataset, id)?;
    }
    Quarantine::clear(&transaction, id)?;
    let loaded = load(&transaction, feeds, dataset, &file, &data_dir.join(&file.bronze), stop)?;
    let state = if loaded.refusal.is_none() {
        set_back.extend(settle::ingested(&transaction, feeds, dataset, &file, &loaded)?);
        transaction.commit()?;
        LandedState::Ingested
    } else {
        transaction.rollback()?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (state, again) = settle::refused(&transaction, dataset, &file, &loaded, is_in)?;
        set_back.extend(again);
        transaction.commit()?;
        state
    };
    let file = settle::told(&file, Some(dataset), state, &loaded);
    Ok(Some(Taken { file, set_back }))
}

/// Reads the file on a thread of its own, and writes its rows on this one.
fn load(
    connection: &Connection,
    feeds: &Feeds,
    dataset: &Dataset,
    file: &Waiting,
    path: &Path,
    stop: &[CancellationToken],
) -> Result<Loaded, Trouble> {
    let indexes = Indexes::put_off(connection, dataset)?;
    let mut rows = Rows {
        references: References::of(connection, feeds, dataset)?,
        dictionaries: Dictionaries::of(connection, dataset)?,
        table: Table::of(connection, dataset, file.id, &file.rank)?,
        quarantine: Quarantine::of(connection, file.id, &dataset.name)?,
        good: 0,
        wrong: None,
        keep: Vec::new(),
    };
    let go_on = || match stop.iter().any(CancellationToken::is_cancelled) {
        true => Err(Failure::cancelled("taking in", &file.name).into()),
        false => Ok(()),
    };
    let read = |filling: &Filling| parse(dataset, path, &file.sha256, filling);
    let parsed = pipeline::run("silver-read", dataset.columns.len(), read, |chunk| {
        go_on()?;
        rows.take(chunk)
    })?;
    let loaded = rows.finish(dataset, file, parsed, go_on)?;
    if loaded.refusal.is_none() {
        indexes.make(connection)?;
    }
    Ok(loaded)
}

/// What is done with the rows.
struct Rows<'c> {
    references: References<'c>,
    dictionaries: Dictionaries<'c>,
    table: Table<'c>,
    quarantine: Quarantine<'c>,
    good: u64,
    /// What is wrong with the file beside its bad rows. Nothing more of it is written;
    /// it is read on, since its bytes may not be what landed.
    wrong: Option<String>,
    keep: Vec<bool>,
}

impl Rows<'_> {
    fn take(&mut self, chunk: &mut Chunk) -> Result<(), Trouble> {
        for row in chunk.bad.drain(..) {
            self.quarantine.add(SetAside { row, missing: None })?;
        }
        self.keep.clear();
        self.keep.resize(chunk.len(), true);
        self.or_wrong(|rows| rows.references.resolve(chunk, &mut rows.keep, &mut rows.quarantine))?;
        self.good += self.keep.iter().filter(|keep| **keep).count() as u64;
        if self.wrong.is_some() {
            return Ok(());
        }
        self.dictionaries.resolve(chunk, &self.keep)?;
        self.or_wrong(|rows| rows.table.put(chunk, &rows.keep))
    }

    fn or_wrong(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        match work(self) {
            Err(Trouble::File(why)) => {
                self.wrong.get_or_insert(why);
                Ok(())
            }
            result => result,
        }
    }

    fn finish(
        mut self,
        dataset: &Dataset,
        file: &Waiting,
        parsed: Parsed,
        go_on: impl Fn() -> Result<(), Trouble>,
    ) -> Result<Loaded, Trouble> {
        let (good, bad) = (self.good, self.quarantine.count);
        let mut refusal = parsed.wrong.or_else(|| self.wrong.take());
        if !file.accept {
            refusal = refusal.or_else(|| too_many(dataset, good, bad, &parsed.drift));
        }
        if refusal.is_none() {
            self.or_wrong(|rows| rows.table.finish(go_on))?;
            refusal = self.wrong.take();
        }
        Ok(Loaded {
            good,
            bad,
            unresolved: self.quarantine.unresolved,
            news: self.table.news,
            refusal,
            listed: self.quarantine.into_listed(),
            drift: parsed.drift,
        })
    }
}

/// Why a file with so many bad rows is refused, if it is.
fn too_many(dataset: &Dataset, good: u64, bad: u64, drift: &Drift) -> Option<String> {
    let (all, most) = (u128::from(good) + u128::from(bad), u128::from(dataset.max_bad_percent));
    if u128::from(bad) * 100 <= all * most {
        return None;
    }
    let mut why = format!("{bad} of {all} rows are bad, and {most} percent may be");
    if !drift.missing.is_empty() {
        why += &format!("; the file has no column {}", drift.missing.join(", "));
    }
    Some(why)
}
