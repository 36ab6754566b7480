//! Contents: each version of a file of an endpoint that delivers, as an export.
//!
//! An export is made in the transaction that books the version, or the row says that
//! it waits for one: no version is forgotten in between. The export's key names the
//! destination as its account, so that two endpoints never send one version to one
//! place twice, and one that was renamed sends nothing again.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::ledger::exports::{self, Export};
use crate::ledger::{Ledger, clock, events, sql_failure, to_json};
use crate::model::{Content, ExportState, Failure, FailureClass, Id, RemoteFile, Retry};

/// `files.contents`: the version is an export, or was one.
pub(super) const QUEUED: &str = "queued";
/// `files.left_out`, before what the service said: it refused the bytes. The other reasons
/// follow from the row; this one may pass.
const REFUSED: &str = "metadata only: ";

/// `files.contents`: the version has to become an export.
pub(super) const WAITING: &str = "waiting";

const DOING: &str = "queueing contents";

/// By this an export that is out of date is known again.
const OUTDATED: &str = "fetching, out of date,";

/// What becomes of the bytes of a register's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The kind of source, for the exports' keys.
    pub source: &'static str,
    /// The destination's name, for the exports' keys.
    pub account: String,
    /// Exports that may be made now; what is beyond waits.
    pub room: u64,
    /// Exports are made as held, and why.
    pub held: Option<String>,
}

/// What [`Ledger::queue_contents`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queued {
    /// Files that waited and do not any more.
    pub looked_at: u64,
    /// Exports made of them; the others are exports already.
    pub made: u64,
}

/// Why an export that is not fetched yet is cancelled: nobody wants it any more.
pub(crate) fn out_of_date(name: &str, words: &str) -> Failure {
    Failure::new(FailureClass::Cancelled, OUTDATED, name).said(words)
}

/// A version of a file that has to become an export.
pub(super) struct Wanted<'w> {
    pub(super) endpoint: i64,
    pub(super) run: Option<Id>,
    pub(super) uid: &'w str,
    pub(super) version: &'w str,
    pub(super) name: &'w str,
    pub(super) size: Option<i64>,
    pub(super) raw: &'w str,
}

/// Why a file's bytes are never fetched, if so.
pub(super) fn left_out(file: &RemoteFile, most_bytes: Option<u64>) -> Option<String> {
    match (&file.content, file.size, most_bytes) {
        (Content::MetadataOnly(why), ..) => Some(why.clone()),
        (_, Some(size), Some(most)) if size > most => Some(too_large(most)),
        _ => None,
    }
}

fn too_large(most: u64) -> String {
    format!("larger than {} MB (max_file_size_mb)", most >> 20)
}

/// Where contents go now, as a register keeps it.
pub(super) fn told(contents: Option<&Contents>, most_bytes: Option<u64>) -> String {
    let account = contents.map(|c| c.account.as_str());
    serde_json::json!({"account": account, "most_bytes": most_bytes}).to_string()
}

/// The destination or the limit is another one than before: every present file is
/// considered again.
pub(super) fn reconsider(
    connection: &Connection,
    endpoint: i64,
    contents: Option<&Contents>,
    most_bytes: Option<u64>,
) -> Result<(), Failure> {
    let most = most_bytes.map(|most| i64::try_from(most).unwrap_or(i64::MAX));
    connection
        .execute(
            "UPDATE files SET left_out = CASE
                 WHEN json_extract(content, '$.metadata_only') IS NOT NULL
                     THEN json_extract(content, '$.metadata_only')
                 WHEN file_size > ? THEN ? END
             WHERE endpoint_id = ?",
            params![most, most_bytes.map(too_large), endpoint],
        )
        .and_then(|_| {
            connection.execute(
                "UPDATE files SET contents =
                     iif(? AND left_out IS NULL AND removed_at IS NULL, 'waiting', NULL)
                 WHERE endpoint_id = ?",
                params![contents.is_some(), endpoint],
            )
        })
        .map(drop)
        .map_err(|e| sql_failure(DOING, &e))
}

/// What the service refused is wanted again.
pub(super) fn reconsider_refused(connection: &Connection, endpoint: i64) -> Result<(), Failure> {
    connection
        .execute(
            "UPDATE files SET left_out = NULL, contents = 'waiting'
             WHERE endpoint_id = ?1 AND removed_at IS NULL AND substr(left_out, 1, ?2) = ?3",
            params![endpoint, REFUSED.len() as i64, REFUSED],
        )
        .map(drop)
        .map_err(|e| sql_failure(DOING, &e))
}

impl Ledger {
    /// The service refuses the bytes of a file, and why: they are left out until the
    /// next full walk.
    pub async fn leave_out(&self, endpoint: i64, uid: String, why: String) -> Result<(), Failure> {
        self.writer
            .write(move |c| {
                c.execute(
                    "UPDATE files SET left_out = ?, contents = NULL
                     WHERE endpoint_id = ? AND external_file_id = ?",
                    params![format!("{REFUSED}{why}"), endpoint, uid],
                )
                .map(drop)
                .map_err(|e| sql_failure("leaving contents out", &e))
            })
            .await
    }

    /// Makes exports of the endpoint's files that wait for it, as many as there is room
    /// for.
    pub async fn queue_contents(
        &self,
        endpoint: i64,
        run: Option<Id>,
        contents: Contents,
    ) -> Result<Queued, Failure> {
        self.writer.write(move |c| queue(c, endpoint, run, &contents)).await
    }

    /// How many of the endpoint's files wait to become exports.
    pub async fn waiting_contents(&self, endpoint: i64) -> Result<u64, Failure> {
        self.writer
            .write(move |c| {
                c.prepare_cached(
                    "SELECT count(*) FROM files WHERE endpoint_id = ? AND contents = 'waiting'",
                )
                .and_then(|mut select| select.query_row([endpoint], |row| row.get::<_, i64>(0)))
                .map(|n| n as u64)
                .map_err(|e| sql_failure("counting contents that wait", &e))
            })
            .await
    }

    /// The endpoint's exports that are not fetched yet and that nobody wants any more,
    /// because there is a newer version or none, each with the reason to cancel it.
    pub async fn outdated_exports(&self, endpoint: i64) -> Result<Vec<(Export, Failure)>, Failure> {
        self.writer.write(move |c| outdated(c, endpoint)).await
    }
}

fn queue(
    connection: &Connection,
    endpoint: i64,
    run: Option<Id>,
    contents: &Contents,
) -> Result<Queued, Failure> {
    let sql = |e: rusqlite::Error| sql_failure(DOING, &e);
    let mut select = connection
        .prepare_cached(
            "SELECT id, external_file_id, version, file_name, file_size,
                 content -> '$.fetchable' AS raw
             FROM files WHERE endpoint_id = ? AND contents = 'waiting' LIMIT ?",
        )
        .map_err(sql)?;
    let room = i64::try_from(contents.room).unwrap_or(i64::MAX);
    // Read to its end before its rows are changed.
    let waiting: Vec<Waiting> = select
        .query_map(params![endpoint, room], waiting)
        .and_then(Iterator::collect)
        .map_err(sql)?;
    let mut queued = Queued { looked_at: waiting.len() as u64, made: 0 };
    for one in waiting {
        let wanted = Wanted {
            endpoint,
            run,
            uid: &one.uid,
            version: &one.version,
            name: &one.name,
            size: one.size,
            raw: &one.raw,
        };
        queued.made += u64::from(ensure(connection, contents, &wanted)?);
        connection
            .prepare_cached("UPDATE files SET contents = 'queued' WHERE id = ?")
            .and_then(|mut update| update.execute([one.row]))
            .map_err(sql)?;
    }
    Ok(queued)
}

struct Waiting {
    row: i64,
    uid: String,
    version: String,
    name: String,
    size: Option<i64>,
    raw: String,
}

fn waiting(row: &Row<'_>) -> rusqlite::Result<Waiting> {
    Ok(Waiting {
        row: row.get("id")?,
        uid: row.get("external_file_id")?,
        version: row.get("version")?,
        name: row.get("file_name")?,
        size: row.get("file_size")?,
        raw: row.get("raw")?,
    })
}

/// Makes the version an export, unless it is one. Returns whether that is news.
pub(super) fn ensure(
    connection: &Connection,
    contents: &Contents,
    wanted: &Wanted<'_>,
) -> Result<bool, Failure> {
    let Some((id, owned)) = find(connection, contents, wanted)? else {
        insert(connection, contents, wanted)?;
        return Ok(true);
    };
    if !owned {
        take_over(connection, id, wanted.endpoint)?;
    }
    let Some(before) = exports::find(connection, id)? else { return Ok(false) };
    let given_up = before.failure.as_ref().is_some_and(|f| f.doing == OUTDATED);
    if before.state != ExportState::Cancelled || !given_up {
        // Fetched or sent already, on its way, or the operator's.
        return Ok(false);
    }
    let recorded = Export {
        state: ExportState::Recorded,
        failure: None,
        next_attempt_at: None,
        ..before.clone()
    };
    exports::change(connection, &before, &recorded)?;
    if let Some(failure) = doubt(contents, wanted) {
        let held = Export { state: ExportState::Held, failure: Some(failure), ..recorded.clone() };
        exports::change(connection, &recorded, &held)?;
    }
    Ok(true)
}

/// The version's export, and whether an endpoint that has the file owns it.
fn find(
    connection: &Connection,
    contents: &Contents,
    wanted: &Wanted<'_>,
) -> Result<Option<(Id, bool)>, Failure> {
    connection
        .prepare_cached(
            "SELECT x.id, EXISTS (
                 SELECT 1 FROM endpoints e CROSS JOIN files f
                     ON f.endpoint_id = e.id AND f.external_file_id = x.uid AND f.removed_at IS NULL
                 WHERE e.id = x.endpoint_id AND e.position >= 0)
             FROM exports x WHERE x.source = ? AND x.account = ? AND x.uid = ? AND x.version = ?",
        )
        .and_then(|mut select| {
            select
                .query_row(
                    params![contents.source, contents.account, wanted.uid, wanted.version],
                    |row| Ok((Id::export(row.get(0)?), row.get(1)?)),
                )
                .optional()
        })
        .map_err(|e| sql_failure(DOING, &e).about(wanted.name))
}

fn take_over(connection: &Connection, export: Id, endpoint: i64) -> Result<(), Failure> {
    for sql in [
        "UPDATE exports SET endpoint_id = ? WHERE id = ?",
        "UPDATE deliveries SET endpoint_id = ? WHERE export_id = ?",
    ] {
        connection
            .prepare_cached(sql)
            .and_then(|mut update| update.execute(params![endpoint, export.number]))
            .map_err(|e| sql_failure(DOING, &e).about(export.to_string()))?;
    }
    Ok(())
}

fn insert(
    connection: &Connection,
    contents: &Contents,
    wanted: &Wanted<'_>,
) -> Result<(), Failure> {
    let failure = doubt(contents, wanted);
    let state = if failure.is_some() { ExportState::Held } else { ExportState::Recorded };
    connection
        .prepare_cached(
            "INSERT INTO exports (endpoint_id, source, account, uid, version, name, raw, state,
                 attempt, tries, expected_size, failure, discovered_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 0, ?9, ?10, ?11, ?11)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                wanted.endpoint,
                contents.source,
                contents.account,
                wanted.uid,
                wanted.version,
                wanted.name,
                wanted.raw,
                state.as_str(),
                wanted.size,
                failure.as_ref().and_then(|f| to_json(f).ok()),
                clock::text(clock::now()),
            ])
        })
        .map_err(|e| sql_failure(DOING, &e).about(wanted.name))?;
    events::append(
        connection,
        &events::New {
            run: wanted.run,
            to: Some(state.as_str()),
            detail: failure.map(|f| f.to_string()),
            ..events::New::of(Id::export(connection.last_insert_rowid()))
        },
    )
}

/// Why the export is held, where exports are.
fn doubt(contents: &Contents, wanted: &Wanted<'_>) -> Option<Failure> {
    let why = contents.held.as_ref()?;
    Some(
        Failure::new(FailureClass::Doubt, "sending", wanted.name)
            .said(why)
            .advice("release it to fetch and send it, cancel it if the receiver has it")
            .retry(Retry::Never),
    )
}

/// The way to the bytes is another one, the version is not.
pub(super) fn refresh(
    connection: &Connection,
    contents: &Contents,
    wanted: &Wanted<'_>,
) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "UPDATE exports SET raw = ? WHERE source = ? AND account = ? AND uid = ? AND version = ?",
        )
        .and_then(|mut update| {
            update.execute(params![
                wanted.raw,
                contents.source,
                contents.account,
                wanted.uid,
                wanted.version
            ])
        })
        .map(drop)
        .map_err(|e| sql_failure(DOING, &e).about(wanted.name))
}

fn outdated(connection: &Connection, endpoint: i64) -> Result<Vec<(Export, Failure)>, Failure> {
    let sql = |e: rusqlite::Error| sql_failure("looking for what is out of date", &e);
    let mut select = connection
        .prepare_cached(
            "SELECT x.*, (SELECT f.version FROM files f WHERE f.endpoint_id = x.endpoint_id
                 AND f.external_file_id = x.uid AND f.removed_at IS NULL) AS current
             FROM exports x
             WHERE x.endpoint_id = ? AND x.state IN ('recorded', 'downloading', 'retry_wait')
               AND NOT EXISTS (
                 SELECT 1 FROM endpoints e CROSS JOIN files f
                     ON f.endpoint_id = e.id AND f.external_file_id = x.uid
                     AND f.removed_at IS NULL AND f.version = x.version AND f.contents IS NOT NULL
                 WHERE e.position >= 0 AND coalesce(e.deliver_to, 'feed:' || e.name) = x.account
                     AND e.endpoint_type = x.source)
             ORDER BY x.id",
        )
        .map_err(sql)?;
    let outdated = select.query_map([endpoint], |row| {
        let (export, current) = (exports::row(row)?, row.get::<_, Option<String>>("current")?);
        let words = match current {
            Some(version) if version == export.version => "its endpoint does not send it any more",
            Some(_) => "there is a newer version of it",
            None => "it is not in its register any more",
        };
        let failure = out_of_date(export.name(), words);
        Ok((export, failure))
    });
    outdated.and_then(Iterator::collect).map_err(sql)
}
