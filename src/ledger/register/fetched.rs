//! Exports whose bytes are here.

use rusqlite::params;

use crate::ledger::exports::{self, Export};
use crate::ledger::{Ledger, sql_failure};
use crate::model::{Failure, Id};

const DOING: &str = "looking for fetched files";

/// An export's bytes are here, and the books say where.
const FETCHED: &str = "archived IS NOT NULL AND state IN ('verified', 'skipped')";

impl Ledger {
    /// The numbers of the endpoint's exports whose bytes are here, in their order.
    pub async fn fetched_exports(&self, endpoint: i64) -> Result<Vec<i64>, Failure> {
        let sql = format!("SELECT id FROM exports WHERE endpoint_id = ? AND {FETCHED} ORDER BY id");
        self.writer
            .write(move |c| {
                c.prepare_cached(&sql)
                    .and_then(|mut select| {
                        select.query_map([endpoint], |row| row.get(0))?.collect()
                    })
                    .map_err(|e| sql_failure(DOING, &e))
            })
            .await
    }

    /// The exports of these numbers; those that there are.
    pub async fn exports_numbered(&self, numbers: Vec<i64>) -> Result<Vec<Export>, Failure> {
        self.writer
            .write(move |c| {
                let found = numbers.into_iter().map(|number| exports::find(c, Id::export(number)));
                found.filter_map(Result::transpose).collect()
            })
            .await
    }

    /// The exports for this `account` whose bytes are here, and whose version is the one
    /// that the register shows as present.
    pub async fn present_and_fetched(
        &self,
        endpoint: i64,
        account: String,
    ) -> Result<Vec<Export>, Failure> {
        let sql = format!(
            "SELECT x.* FROM files f
             CROSS JOIN exports x ON x.uid = f.external_file_id AND x.version = f.version
                 AND x.source = 'sftp' AND x.account = ?2
             WHERE f.endpoint_id = ?1 AND f.removed_at IS NULL AND f.access_lost_at IS NULL
                 AND x.{FETCHED} ORDER BY x.id"
        );
        self.writer
            .write(move |c| {
                c.prepare_cached(&sql)
                    .and_then(|mut select| {
                        select.query_map(params![endpoint, account], exports::row)?.collect()
                    })
                    .map_err(|e| sql_failure(DOING, &e))
            })
            .await
    }
}
