//! The data routes: what the partners' files became.
//!
//! | file | what it is for |
//! |---|---|
//! | `catalog`, `seeds` | which paths there are, and what each lists |
//! | `query` | what a request asks for |
//! | `list`, `datasets`, `export` | the answers: a page, the datasets themselves, everything |
//! | `reply`, `gzip` | headers, 304, compression |
//! | `openapi`, `schemas` | the description for programs |

mod catalog;
mod datasets;
mod export;
mod gzip;
mod list;
mod openapi;
mod query;
mod reply;
mod schemas;
mod seeds;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::problem::Problem;
use crate::model::{Dataset, Failure};
use crate::silver::reader::{Reader, Session};

pub(super) use catalog::{Catalog, EXPORT, ROWS};
pub(super) use datasets::answer as datasets;
pub(super) use export::answer as export;
pub(super) use list::answer as list;
pub(super) use openapi::answer as openapi;

/// Pages that are read at the same time; the others wait for their turn.
const READS: usize = 16;

/// Rows of a page that may be read at once, on the thread that answers: more take longer
/// than others should wait for.
const FEW: u32 = 100;

/// The longest that such a page may take.
const AT_ONCE: Duration = Duration::from_millis(1);

/// Exports at the same time; more wait as long as for a page, and are then refused.
const EXPORTS: usize = 8;

/// The longest that a page may take, waiting included.
const PATIENCE: Duration = Duration::from_secs(10);

/// The datasets that are configured, and their tables.
#[derive(Debug)]
pub struct Data {
    catalog: Catalog,
    reader: Arc<Reader>,
    reads: Semaphore,
    exports: Arc<Semaphore>,
}

impl Data {
    /// These datasets, with what `reader` finds of them.
    pub fn new(reader: Reader, datasets: Vec<Dataset>) -> Self {
        Self {
            catalog: Catalog::new(datasets),
            reader: Arc::new(reader),
            reads: Semaphore::new(READS),
            exports: Arc::new(Semaphore::new(EXPORTS)),
        }
    }

    /// None are configured.
    pub(super) fn none() -> Self {
        Self::new(Reader::nothing(), Vec::new())
    }

    /// What can be listed.
    pub(super) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Reads at once what takes less time than handing it to another thread would, for
    /// up to `rows` rows. What turns out to take longer is begun again in
    /// [`Data::read`].
    async fn read_few<T: Send + 'static>(
        &self,
        rows: u32,
        work: impl Fn(&Session) -> rusqlite::Result<T> + Send + Sync + 'static,
    ) -> Result<Option<T>, Problem> {
        if rows <= FEW {
            let until = Instant::now() + AT_ONCE;
            let goes_on = move || Instant::now() < until;
            // A failure is told by the second try.
            if let Ok(read) = self.reader.read("reading a page", goes_on, &work) {
                return Ok(read);
            }
        }
        self.read(work).await
    }

    /// Reads on a thread that may wait. None: nothing was ever taken in.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Session) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<Option<T>, Problem> {
        let reader = self.reader.clone();
        let until = Instant::now() + PATIENCE;
        let reading = async {
            let Ok(_place) = self.reads.acquire().await else { return Err(None) };
            let goes_on = move || Instant::now() < until;
            let work = move || reader.read("reading a page", goes_on, work);
            match tokio::task::spawn_blocking(work).await {
                Ok(read) => read.map_err(Some),
                Err(_) => Err(None),
            }
        };
        match tokio::time::timeout(PATIENCE, reading).await {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(Some(failure))) => Err(unreadable(&failure)),
            Ok(Err(None)) | Err(_) => Err(late()),
        }
    }
}

fn unreadable(failure: &Failure) -> Problem {
    tracing::warn!("http: {failure}");
    Problem::unavailable("the datasets cannot be read; the log says why")
}

fn late() -> Problem {
    tracing::warn!("http: a page was not read in time");
    Problem::unavailable("the datasets were not read in time; ask for less, or later")
}
