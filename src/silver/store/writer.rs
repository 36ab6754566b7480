//! The one thread that writes.

use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::trouble::unexpected;
use crate::model::Failure;
use crate::silver::{Feeds, sql};

/// What the thread works with.
pub(super) struct Books {
    pub connection: Connection,
    pub feeds: Feeds,
    pub data_dir: PathBuf,
}

impl Books {
    /// Does `work` in a transaction of its own, which is durable afterwards or nothing.
    pub(super) fn write<T>(
        &mut self,
        doing: &str,
        work: impl FnOnce(&Transaction<'_>, &Feeds) -> rusqlite::Result<T>,
    ) -> Result<T, Failure> {
        let all = || {
            let transaction =
                self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction, &self.feeds)?;
            transaction.commit()?;
            Ok(result)
        };
        all().map_err(|e| sql::failure(doing, &e))
    }
}

type Job = Box<dyn FnOnce(&mut Books) + Send>;

/// The writing thread's other end.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(mut books: Books) -> Result<Self, Failure> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let serve = move || {
            while let Ok(job) = queue.recv() {
                job(&mut books);
            }
            // Leaves one plain file behind; if it does not work, the next start does it.
            let _ = books.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        };
        let thread = std::thread::Builder::new()
            .name("silver".into())
            .spawn(serve)
            .map_err(|e| Failure::io("starting the datasets' thread", "", &e))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Lets the thread do `work` once it comes to it.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Books) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (answer, answered) = oneshot::channel();
        let stopped = || unexpected("its thread has stopped");
        let job = Box::new(move |books: &mut Books| {
            // Nobody waiting any more is fine: what is done is done.
            let _ = answer.send(work(books));
        });
        self.jobs.as_ref().ok_or_else(stopped)?.send(job).map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Closing the queue ends the thread once everything queued is done.
        self.jobs.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
