//! A look at the whole ledger: is it sound, and how far is it?

use std::path::Path;

use rusqlite::Connection;

use super::{Mark, mark, migrations, open_read_only, sql_failure};
use crate::model::{Failure, FailureClass};

/// What a look at a whole ledger says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// The version of its tables.
    pub version: u32,
    /// How far it is.
    pub mark: Mark,
    /// Whether nothing was ever taken into it.
    pub untouched: bool,
    /// The latest time of any event; none if nothing ever happened.
    pub latest_event: Option<jiff::Timestamp>,
    /// Exports and deliveries that a person has to decide about.
    pub operator: u64,
    /// Totals that are not what a count of the rows says, each in words: a tool that is not
    /// this program has written the ledger.
    pub wrong_totals: Vec<String>,
}

/// Reads all of the ledger at `database`, which must have the tables of this version,
/// and says how it is. Takes as long as reading it does; nobody waits for it.
///
/// Fails where it is damaged.
pub fn examine(database: &Path) -> Result<Examined, Failure> {
    let shown = database.to_string_lossy();
    let sql = |e: rusqlite::Error| sql_failure("examining the ledger", &e).about(&shown);
    let connection = open_read_only(database)?;
    migrations::must_be_current(&connection, &shown)?;
    whole(&connection, database)?;
    let latest: Option<String> =
        connection.query_row("SELECT max(at) FROM events", [], |row| row.get(0)).map_err(sql)?;
    let operator: i64 = connection
        .query_row(
            "SELECT (SELECT count(*) FROM exports WHERE state IN ('held', 'quarantined', 'expired'))
                 + (SELECT count(*) FROM deliveries WHERE state IN ('held', 'in_doubt'))",
            [],
            |row| row.get(0),
        )
        .map_err(sql)?;
    Ok(Examined {
        version: connection.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(sql)?,
        mark: mark::mark(&connection)?,
        untouched: mark::is_untouched(&connection)?,
        latest_event: latest.and_then(|at| at.parse().ok()),
        operator: operator.unsigned_abs(),
        wrong_totals: wrong_totals(&connection).map_err(sql)?,
    })
}

/// Compares each total that is kept with a count.
fn wrong_totals(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare(
            "SELECT name, what, kept, counted FROM (
                 SELECT name, 'exports listed' AS what, exports_listed AS kept,
                        (SELECT count(*) FROM exports
                         WHERE endpoint_id = e.id AND state <> 'baseline') AS counted
                 FROM endpoints e
                 UNION ALL
                 SELECT name, 'deliveries confirmed', deliveries_confirmed,
                        (SELECT count(*) FROM deliveries
                         WHERE endpoint_id = e.id AND state IN ('confirmed', 'cleaned'))
                 FROM endpoints e)
             WHERE kept <> counted ORDER BY name, what",
        )?
        .query_map([], |row| {
            let (name, what): (String, String) = (row.get("name")?, row.get("what")?);
            let (kept, counted): (i64, i64) = (row.get("kept")?, row.get("counted")?);
            Ok(format!("{name}: {kept} {what}, but there are {counted}"))
        })?
        .collect()
}

/// Fails unless every page, index and reference is as it should be.
pub(super) fn whole(connection: &Connection, path: &Path) -> Result<(), Failure> {
    const DOING: &str = "checking";
    let sql = |e: rusqlite::Error| sql_failure(DOING, &e).about(path.to_string_lossy());
    let found: Vec<String> = connection
        .prepare("PRAGMA integrity_check(5)")
        .and_then(|mut check| check.query_map([], |row| row.get(0))?.collect())
        .map_err(sql)?;
    let orphans = connection
        .prepare("PRAGMA foreign_key_check")
        .and_then(|mut check| check.exists([]))
        .map_err(sql)?;
    let said = match (found == ["ok"], orphans) {
        (true, false) => return Ok(()),
        (true, true) => "rows refer to rows that are not there".to_owned(),
        (false, _) => found.join("; "),
    };
    Err(Failure::new(FailureClass::Damaged, DOING, path.to_string_lossy()).said(said).advice(
        "the ledger is damaged: stop the program, keep a copy of the file as it is, and put the \
         last good backup in its place",
    ))
}
