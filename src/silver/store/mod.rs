//! The writing side: one thread, one file a transaction.
//!
//! ```text
//! land → order → ingest: parse ─chunks→ references → dictionary → table + rollups → settle
//! ```

mod dictionary;
mod external_sort;
mod indexes;
mod ingest;
mod land;
mod names;
mod open;
mod order;
mod parse;
mod pipeline;
mod quarantine;
mod references;
mod rollups;
mod set_back;
mod settle;
mod table;
mod trouble;
mod waiting;
mod withdraw;
mod writer;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use self::trouble::Trouble;
use self::writer::{Books, Writer};
use super::{Feeds, IngestTotals, Ingested, NewLanded, SetBack, sql};
use crate::model::Failure;

/// A file is taken in so many times in one pass at the most: each time, something that it
/// refers to had come. Datasets that refer to each other in a circle could go on for ever.
const MOST_TIMES: u32 = 8;

/// The datasets' file, open for writing. One per process; clones are the same one.
#[derive(Clone, Debug)]
pub struct Silver(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    // Before the writer, whose thread is waited for: a large file is given up at once.
    _stops: tokio_util::sync::DropGuard,
    writer: Writer,
    stopping: CancellationToken,
    path: PathBuf,
}

impl Silver {
    /// Opens the file at `path`, creating it and its tables as the datasets need them.
    /// Bronze lies in `data_dir`.
    ///
    /// A dataset whose definition is another one than last time is emptied, and its files
    /// wait again. Fails if a newer program wrote the file, if it is damaged, or if two
    /// tables would have the same name.
    pub fn open(path: &Path, data_dir: &Path, feeds: impl Into<Feeds>) -> Result<Self, Failure> {
        let feeds = feeds.into();
        names::check(feeds.datasets())?;
        let mut connection = sql::open_for_writing(path)?;
        open::prepare(&mut connection, &feeds, path)?;
        let books = Books { connection, feeds, data_dir: data_dir.into() };
        let stopping = CancellationToken::new();
        Ok(Self(Arc::new(Inner {
            _stops: stopping.clone().drop_guard(),
            writer: Writer::start(books)?,
            stopping,
            path: path.into(),
        })))
    }

    /// Books files whose bytes are in bronze. What has landed before, by the number of its
    /// export, is passed over. Gives how many are new.
    pub async fn land(&self, files: Vec<NewLanded>) -> Result<u64, Failure> {
        self.0.writer.run(move |books| land::land(books, &files)).await
    }

    /// The numbers of an endpoint's exports that have landed.
    pub async fn landed_exports(&self, endpoint: &str) -> Result<HashSet<i64>, Failure> {
        let endpoint = endpoint.to_owned();
        self.look(move |c| {
            c.prepare("SELECT export FROM landed WHERE endpoint = ? AND export IS NOT NULL")?
                .query_map([endpoint], |row| row.get(0))?
                .collect()
        })
        .await
    }

    /// Files of an endpoint that are refused and wait for somebody.
    pub async fn refused(&self, endpoint: &str) -> Result<u64, Failure> {
        let endpoint = endpoint.to_owned();
        self.look(move |c| {
            let sql = "SELECT count(*) FROM landed WHERE state = 'refused' AND endpoint = ?";
            c.query_row(sql, [endpoint], |row| row.get::<_, i64>(0)).map(|n| n as u64)
        })
        .await
    }

    /// Files of an endpoint that no dataset takes: each one's name, and where it lies in
    /// bronze. The newest first, at most so many.
    pub async fn unmatched(
        &self,
        endpoint: &str,
        most: usize,
    ) -> Result<Vec<(String, String)>, Failure> {
        let (endpoint, most) = (endpoint.to_owned(), most as i64);
        self.look(move |c| {
            c.prepare(
                "SELECT name, bronze FROM landed WHERE state = 'unmatched' AND endpoint = ?
                 ORDER BY id DESC LIMIT ?",
            )?
            .query_map((endpoint, most), |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
        })
        .await
    }

    /// Makes files wait again. What is in stays in until it is replaced. Gives how many;
    /// a number that no file has is none.
    pub async fn set_back(&self, which: SetBack) -> Result<u64, Failure> {
        self.0.writer.run(move |books| set_back::set_back(books, &which)).await
    }

    /// Books a corrected copy of `file`. It takes the file's place when it is taken in
    /// itself. Endpoint, path and name are those of the file, whatever the copy says.
    pub async fn correct(&self, file: i64, bronze: NewLanded) -> Result<i64, Failure> {
        self.0.writer.run(move |books| land::correct(books, file, &bronze)).await
    }

    /// Takes in all that waits of these endpoints (of all, if none is named), and what
    /// waits again because of it. `progress` hears of each file once it is durable.
    ///
    /// Files go on past one whose bronze is damaged or missing, and that failure is given
    /// at the end. A cancelled pass leaves the file that it was at as it was.
    pub async fn ingest(
        &self,
        endpoints: &[String],
        progress: impl Fn(Ingested) + Send + Sync + 'static,
        cancel: CancellationToken,
    ) -> Result<IngestTotals, Failure> {
        let mut pass = Pass { endpoints: endpoints.to_vec(), ..Pass::default() };
        let mut totals = IngestTotals::default();
        let mut first_failure = None;
        loop {
            let (endpoints, also, passed) =
                (pass.endpoints.clone(), pass.also.clone(), pass.passed.clone());
            let plan = self.0.writer.run(move |b| order::plan(b, &endpoints, &also, &passed));
            let plan = plan.await?;
            if plan.is_empty() {
                break;
            }
            for id in plan {
                let stop = [cancel.clone(), self.0.stopping.clone()];
                let took = self.0.writer.run(move |b| Ok(ingest::take_in(b, id, &stop)));
                match took.await? {
                    Ok(None) => {}
                    Ok(Some(taken)) => {
                        let times = pass.times.entry(id).or_default();
                        *times += 1;
                        if *times == MOST_TIMES {
                            pass.passed.insert(id);
                        }
                        totals.add(&taken.file);
                        pass.also.extend(taken.set_back);
                        progress(taken.file);
                    }
                    Err(Trouble::Bronze(failure)) => {
                        pass.passed.insert(id);
                        first_failure.get_or_insert(failure);
                    }
                    Err(Trouble::Pass(failure)) => return Err(failure),
                    Err(Trouble::File(why)) => return Err(trouble::unexpected(&why)),
                }
            }
        }
        first_failure.map_or(Ok(totals), Err)
    }

    /// Reads without waiting for the writer, who may be at a large file.
    async fn look<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let path = self.0.path.clone();
        let look = move || {
            let connection = sql::open_read_only(&path)?;
            work(&connection).map_err(|e| sql::failure("looking at what landed", &e))
        };
        let stopped = |e| trouble::unexpected(&format!("{e}"));
        tokio::task::spawn_blocking(look).await.map_err(stopped)?
    }
}

/// What one pass knows.
#[derive(Debug, Default)]
struct Pass {
    endpoints: Vec<String>,
    /// Files of other endpoints that this pass made wait again.
    also: HashSet<i64>,
    /// Files that cannot be read now.
    passed: HashSet<i64>,
    /// How often each was taken in.
    times: HashMap<i64, u32>,
}
