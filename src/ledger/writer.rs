//! The one thread that writes, with group commit.
//!
//! Every write is a closure over the open transaction. What arrives while a
//! commit is being synced to the disk is carried out together in the next one:
//! each write in a savepoint of its own, so that one that fails does not cost
//! the others, and each is answered only after the common commit is durable.
//!
//! A write that is alone needs no savepoint: the transaction is its own. That halves
//! what large ones cost, since SQLite copies each page once more for a savepoint.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::sql_failure;
use crate::crash::{self, Point};
use crate::model::{Failure, FailureClass};

/// Writes that join another one in its transaction at the most: bounds how long
/// that one waits.
const JOIN: usize = 511;

const DOING: &str = "writing the ledger";

/// A write that waits for its turn. Its type is gone; its answer is inside.
trait Job: Send {
    /// Whether it worked. If it did not, `how` says what is left of it.
    fn run(&mut self, connection: &Connection, how: How) -> bool;
    fn answer(self: Box<Self>, committed: Result<(), Failure>);
}

/// How a write is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// In a savepoint: nothing is left of one that fails.
    AmongOthers,
    /// As the whole transaction, which the caller takes back if it fails.
    Alone,
}

struct Write<F, T> {
    work: Option<F>,
    result: Result<T, Failure>,
    answer: oneshot::Sender<Result<T, Failure>>,
}

impl<F, T> Job for Write<F, T>
where
    F: FnOnce(&Connection) -> Result<T, Failure> + Send,
    T: Send,
{
    fn run(&mut self, connection: &Connection, how: How) -> bool {
        if let Some(work) = self.work.take() {
            self.result = match how {
                How::AmongOthers => in_savepoint(connection, work),
                How::Alone => work(connection),
            };
        }
        self.result.is_ok()
    }

    fn answer(self: Box<Self>, committed: Result<(), Failure>) {
        // Nobody waiting any more is fine: the write stands or falls all the same.
        let _ = self.answer.send(committed.and(self.result));
    }
}

/// The writing thread's other end.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    /// Whether a write has failed, and none was tried on purpose since.
    doubt: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Gives `connection` to a thread of its own.
    pub(super) fn start(connection: Connection) -> Result<Self, Failure> {
        let (jobs, queue) = mpsc::channel();
        let doubt = Arc::new(AtomicBool::new(false));
        let doubts = doubt.clone();
        let thread = std::thread::Builder::new()
            .name("ledger".into())
            .spawn(move || serve(connection, &queue, &doubts))
            .map_err(|e| Failure::io("starting the ledger's thread", "", &e))?;
        Ok(Self { jobs: Some(jobs), doubt, thread: Some(thread) })
    }

    /// Whether a write has failed, so that it is not known whether another one would work.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.doubt.load(Ordering::Relaxed)
    }

    /// It is known that another one would not.
    pub(super) fn doubts(&self) {
        self.doubt.store(true, Ordering::Relaxed);
    }

    /// One was tried on purpose, and worked.
    pub(super) fn works(&self) {
        self.doubt.store(false, Ordering::Relaxed);
    }

    /// Carries out `work` and waits until it is durable.
    pub(super) async fn write<F, T>(&self, work: F) -> Result<T, Failure>
    where
        F: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
        T: Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let stopped = || Failure::new(FailureClass::Bug, DOING, "its thread has stopped");
        let write = Write { work: Some(work), result: Err(stopped()), answer };
        let jobs = self.jobs.as_ref().ok_or_else(stopped)?;
        jobs.send(Box::new(write)).map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Closing the queue ends the thread once everything queued is written.
        self.jobs.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(mut connection: Connection, queue: &mpsc::Receiver<Box<dyn Job>>, doubt: &AtomicBool) {
    while let Ok(first) = queue.recv() {
        let mut group = vec![first];
        group.extend(queue.try_iter().take(JOIN));
        let committed = carry_out(&mut connection, &mut group, doubt);
        if committed.is_err() {
            doubt.store(true, Ordering::Relaxed);
        }
        for job in group {
            job.answer(committed.clone());
        }
    }
    // Leaves one plain file behind, to which the log that lies beside it adds nothing: who
    // puts a backup in its place may leave that there. If it does not work, the next start
    // does it.
    let _ = connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);");
}

fn carry_out(
    connection: &mut Connection,
    group: &mut [Box<dyn Job>],
    doubt: &AtomicBool,
) -> Result<(), Failure> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|e| sql_failure(DOING, &e))?;
    if let [alone] = group {
        if !alone.run(&transaction, How::Alone) {
            doubt.store(true, Ordering::Relaxed);
            // It keeps its failure. SQLite may have rolled back by itself (disk full).
            return match transaction.is_autocommit() {
                true => Ok(()),
                false => transaction.rollback().map_err(|e| sql_failure(DOING, &e)),
            };
        }
        return commit(transaction);
    }
    for job in group {
        // A full disk makes SQLite roll everything back by itself. What came after
        // that would be a transaction of its own: it keeps its failure instead.
        if transaction.is_autocommit() {
            break;
        }
        if !job.run(&transaction, How::AmongOthers) {
            doubt.store(true, Ordering::Relaxed);
        }
    }
    commit(transaction)
}

fn commit(transaction: Transaction<'_>) -> Result<(), Failure> {
    crash::at(Point::LedgerCommitting)?;
    transaction.commit().map_err(|e| sql_failure(DOING, &e))?;
    crash::at(Point::LedgerCommitted)
}

fn in_savepoint<F, T>(connection: &Connection, work: F) -> Result<T, Failure>
where
    F: FnOnce(&Connection) -> Result<T, Failure>,
{
    let sql = |sql: &str| {
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map_err(|e| sql_failure(DOING, &e))
    };
    sql("SAVEPOINT one_write")?;
    let result = work(connection);
    if result.is_err() {
        // SQLite may have rolled everything back already (disk full): then there
        // is no savepoint to go back to, and the commit fails for the whole group.
        sql("ROLLBACK TO one_write")?;
    }
    sql("RELEASE one_write")?;
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer(path: &std::path::Path) -> Writer {
        let connection = Connection::open(path).unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS t (n INTEGER UNIQUE)",
            )
            .unwrap();
        Writer::start(connection).unwrap()
    }

    fn insert(n: i64) -> impl FnOnce(&Connection) -> Result<(), Failure> + Send {
        move |c| {
            c.execute("INSERT INTO t VALUES (?)", [n]).map_err(|e| sql_failure("testing", &e))?;
            Ok(())
        }
    }

    #[tokio::test]
    async fn one_failed_write_of_a_group_does_not_cost_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let writer = writer(&path);
        writer.write(insert(5)).await.unwrap();
        // All are queued before the first is answered, so that they share groups.
        let results = futures::future::join_all((0..10).map(|n| writer.write(insert(n)))).await;
        for (n, result) in results.iter().enumerate() {
            assert_eq!(result.is_err(), n == 5, "write {n}: {result:?}");
        }
        drop(writer);
        // Its thread has ended, and left one plain file behind.
        let log = std::fs::metadata(path.with_extension("db-wal"));
        assert_eq!(log.map_or(0, |log| log.len()), 0);
        let count: i64 = Connection::open(&path)
            .unwrap()
            .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
            .unwrap();
        assert_eq!(count, 10);
    }

    #[tokio::test]
    async fn half_a_failed_write_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let writer = writer(&path);
        let failed = writer
            .write(|c| {
                insert(1)(c)?;
                insert(1)(c)
            })
            .await;
        assert!(failed.is_err());
        let count: i64 = writer
            .write(|c| {
                c.query_row("SELECT count(*) FROM t", [], |row| row.get(0))
                    .map_err(|e| sql_failure("testing", &e))
            })
            .await
            .unwrap();
        assert_eq!(count, 0);
    }
}
