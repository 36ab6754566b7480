//! Exports: recorded as they are listed, then moved state by state.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::deliveries::{self, NewDelivery};
use super::polls::Recorded;
use super::{
    Ledger, clock, events, failure_from, moved_meanwhile, no_such_arrow, sql_failure, to_json,
    totals,
};
use crate::model::{ExportState, Failure, FailureClass, Id, Listed, ReconcileMode, Retry, Sha256};

/// An export, with all that the engine needs to work on it.
///
/// To move it on, change a copy and hand both to [`Ledger::move_export`].
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// Its id.
    pub id: Id,
    /// Its endpoint's number.
    pub endpoint: i64,
    /// The account in its key.
    pub account: String,
    /// The source's id.
    pub uid: String,
    /// Its version in its key; empty where there is only one.
    pub version: String,
    /// JSON: as listed, or how its register's source finds its bytes.
    pub raw: String,
    /// Lower-case hex SHA-256 of its key: kind of source, account, uid, version.
    pub digest: String,
    /// The file's name as the source gave it.
    pub name: Option<String>,
    /// Where it stands.
    pub state: ExportState,
    /// Fetches begun.
    pub attempt: u32,
    /// Failures in a row.
    pub tries: u32,
    /// The part file's name, while it is fetched.
    pub part: Option<String>,
    /// The validator that the part's bytes came with.
    pub etag: Option<String>,
    /// Bytes announced.
    pub expected_size: Option<u64>,
    /// Bytes of the part that are known to be synced: what may be resumed.
    pub durable: Option<u64>,
    /// Where the verified file is, relative to the data folder.
    pub archived: Option<String>,
    /// The verified file's size in bytes.
    pub size: Option<u64>,
    /// The verified file's lower-case hex SHA-256.
    pub sha256: Option<String>,
    /// The last failure, or why it is held.
    pub failure: Option<Failure>,
    /// When it may be tried again.
    pub next_attempt_at: Option<Timestamp>,
}

impl Export {
    /// The name to show: the source's, else its uid.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.uid)
    }
}

/// Where listed exports come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The endpoint's number.
    pub endpoint: i64,
    /// The run that listed them, if one did.
    pub run: Option<Id>,
    /// The kind of source.
    pub source: &'static str,
    /// The account at the source.
    pub account: String,
}

/// Which list the elements were in, and what that means for unknown ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adopt {
    /// The NotDelivered list: fetch them, also those adopted as handled before.
    Announced,
    /// The Delivered list after a list of ours was lost: unknown ones are what it
    /// took, so fetch them. What waits for a person goes on waiting.
    Lost,
    /// The Delivered list: what to do with unknown ones is decided by somebody.
    Missing(ReconcileMode),
}

impl Adopt {
    /// The state in which an unknown export is recorded.
    fn state(self) -> ExportState {
        match self {
            Self::Announced | Self::Lost | Self::Missing(ReconcileMode::Fetch) => {
                ExportState::Recorded
            }
            Self::Missing(ReconcileMode::Adopt) => ExportState::Baseline,
            Self::Missing(ReconcileMode::Hold) => ExportState::Held,
        }
    }

    /// The state that a known export changes to, if this list changes it at all.
    fn changes(self, known: ExportState, held_by_reconcile: bool) -> Option<ExportState> {
        match (self, known) {
            // The source says that it was not delivered: it knows better than
            // our assumption of the first day.
            (Self::Announced, ExportState::Baseline | ExportState::Expired) => {
                Some(ExportState::Recorded)
            }
            (
                Self::Announced | Self::Missing(ReconcileMode::Fetch | ReconcileMode::Adopt),
                ExportState::Held,
            ) if held_by_reconcile => Some(self.state()),
            _ => None,
        }
    }
}

const RECONCILING: &str = "reconciling";

impl Ledger {
    /// Moves an export from `before` to `after`; with `delivery` its first
    /// delivery is made in the same transaction. Returns that delivery's id.
    ///
    /// A compare-and-set: fails if it no longer stands as in `before`.
    pub async fn move_export(
        &self,
        before: &Export,
        after: &Export,
        delivery: Option<NewDelivery>,
    ) -> Result<Option<Id>, Failure> {
        let (before, after) = (before.clone(), after.clone());
        self.writer
            .write(move |c| {
                change(c, &before, &after)?;
                delivery.map_or(Ok(None), |new| deliveries::create_first(c, &after, &new))
            })
            .await
    }

    /// Writes down how much of an export's part file is synced. Not an arrow: no
    /// event, and the state stays.
    pub async fn checkpoint_part(&self, id: Id, attempt: u32, durable: u64) -> Result<(), Failure> {
        self.writer
            .write(move |c| {
                c.prepare_cached(
                    "UPDATE exports SET durable = ?
                     WHERE id = ? AND state = 'downloading' AND attempt = ?",
                )
                .and_then(|mut update| update.execute(params![durable as i64, id.number, attempt]))
                .map(drop)
                .map_err(|e| sql_failure("booking", &e).about(id.to_string()))
            })
            .await
    }

    /// The export with this id.
    pub async fn export(&self, id: Id) -> Result<Option<Export>, Failure> {
        self.reads.read_or_fail(|c| find(c, id))
    }

    /// Exports of the endpoint that wait for work, oldest first.
    pub async fn open_exports(&self, endpoint: i64) -> Result<Vec<Export>, Failure> {
        self.writer
            .write(move |c| {
                c.prepare_cached(
                    "SELECT * FROM exports INDEXED BY exports_open WHERE endpoint_id = ?
                     AND state IN ('recorded', 'downloading', 'retry_wait') ORDER BY id",
                )
                .and_then(|mut select| select.query_map([endpoint], row)?.collect())
                .map_err(|e| sql_failure("reading open exports", &e))
            })
            .await
    }
}

/// Exports of all endpoints that wait for their bytes, oldest first.
pub(super) fn all_open(connection: &Connection) -> Result<Vec<Export>, Failure> {
    connection
        .prepare(
            "SELECT * FROM exports INDEXED BY exports_open
             WHERE state IN ('recorded', 'downloading', 'retry_wait') ORDER BY id",
        )
        .and_then(|mut select| select.query_map([], row)?.collect())
        .map_err(|e| sql_failure("reading open exports", &e))
}

pub(super) fn find(connection: &Connection, id: Id) -> Result<Option<Export>, Failure> {
    connection
        .prepare_cached("SELECT * FROM exports WHERE id = ?")
        .and_then(|mut select| select.query_row([id.number], row).optional())
        .map_err(|e| sql_failure("reading the export", &e).about(id.to_string()))
}

/// Records every element that the ledger does not know. One transaction: either
/// the whole list is in the books or none of it.
pub(super) fn record(
    connection: &Connection,
    arrival: &Arrival,
    listed: &[Listed],
    adopt: Adopt,
) -> Result<Recorded, Failure> {
    let mut recorded = Recorded { found: listed.len() as u64, ..Recorded::default() };
    for element in listed {
        let Some(uid) = &element.uid else {
            // Keyed by its own text: seeing it again is not news.
            let uid = format!("?{}", &Sha256::of(element.raw.as_bytes())[..16]);
            if known(connection, arrival, &uid)?.is_none() {
                insert(connection, arrival, &uid, element, ExportState::Quarantined, adopt)?;
                recorded.quarantined += 1;
                recorded.new += 1;
            }
            continue;
        };
        match known(connection, arrival, uid)? {
            None => {
                insert(connection, arrival, uid, element, adopt.state(), adopt)?;
                recorded.new += 1;
            }
            Some(export) => {
                let by_reconcile = export.failure.as_ref().is_some_and(|f| f.doing == RECONCILING);
                if let Some(state) = adopt.changes(export.state, by_reconcile) {
                    let after = Export { state, failure: None, ..export.clone() };
                    change(connection, &export, &after)?;
                    recorded.new += 1;
                }
            }
        }
    }
    Ok(recorded)
}

fn known(connection: &Connection, arrival: &Arrival, uid: &str) -> Result<Option<Export>, Failure> {
    connection
        .prepare_cached(
            "SELECT * FROM exports WHERE source = ? AND account = ? AND uid = ? AND version = ''",
        )
        .and_then(|mut select| {
            select.query_row(params![arrival.source, arrival.account, uid], row).optional()
        })
        .map_err(|e| sql_failure("looking for an export", &e).about(uid))
}

fn insert(
    connection: &Connection,
    arrival: &Arrival,
    uid: &str,
    element: &Listed,
    state: ExportState,
    adopt: Adopt,
) -> Result<(), Failure> {
    let now = clock::text(clock::now());
    let failure = why(state, adopt, uid);
    connection
        .prepare_cached(
            "INSERT INTO exports (endpoint_id, source, account, uid, version, name, raw, state,
                 attempt, tries, expected_size, failure, discovered_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, '', ?5, ?6, ?7, 0, 0, ?8, ?9, ?10, ?10)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                arrival.endpoint,
                arrival.source,
                arrival.account,
                uid,
                element.name,
                element.raw,
                state.as_str(),
                element.size.map(|size| size as i64),
                failure.as_ref().and_then(|f| to_json(f).ok()),
                now,
            ])
        })
        .map_err(|e| sql_failure("recording an export", &e).about(uid))?;
    let id = Id::export(connection.last_insert_rowid());
    events::append(
        connection,
        &events::New {
            run: arrival.run,
            to: Some(state.as_str()),
            detail: failure.map(|f| f.to_string()),
            ..events::New::of(id)
        },
    )
}

/// The words for an export that is not simply going to be fetched.
fn why(state: ExportState, adopt: Adopt, uid: &str) -> Option<Failure> {
    match (state, adopt) {
        (ExportState::Quarantined, _) => Some(
            Failure::new(FailureClass::Protocol, "reading a list's element", "")
                .said("it has no uid")
                .advice("its JSON is kept; tell the vendor, or us if its shape is new")
                .retry(Retry::Never),
        ),
        (_, Adopt::Missing(ReconcileMode::Hold)) => Some(
            Failure::new(FailureClass::Doubt, RECONCILING, uid)
                .said("the source calls it delivered, but it was never seen here")
                .advice("release it to fetch and deliver it, cancel it if somebody else did"),
        ),
        _ => None,
    }
}

/// One arrow: the compare-and-set and its event.
pub(super) fn change(
    connection: &Connection,
    before: &Export,
    after: &Export,
) -> Result<(), Failure> {
    let (from, to) = (before.state, after.state);
    if from != to && !from.may_become(to) {
        return Err(no_such_arrow(before.id, from.as_str(), to.as_str()));
    }
    let moved = connection
        .prepare_cached(
            "UPDATE exports SET state = ?, attempt = ?, tries = ?, name = ?, part = ?, etag = ?,
                 expected_size = ?, durable = ?, archived = ?, size = ?, sha256 = ?, failure = ?,
                 next_attempt_at = ?, updated_at = ?
             WHERE id = ? AND state = ? AND attempt = ?",
        )
        .and_then(|mut update| {
            update.execute(params![
                to.as_str(),
                after.attempt,
                after.tries,
                after.name,
                after.part,
                after.etag,
                after.expected_size.map(|n| n as i64),
                after.durable.map(|n| n as i64),
                after.archived,
                after.size.map(|n| n as i64),
                after.sha256,
                after.failure.as_ref().and_then(|f| to_json(f).ok()),
                after.next_attempt_at.map(clock::text),
                clock::text(clock::now()),
                before.id.number,
                from.as_str(),
                before.attempt,
            ])
        })
        .map_err(|e| sql_failure("booking", &e).about(before.id.to_string()))?;
    if moved != 1 {
        return Err(moved_meanwhile(before.id, from.as_str(), to.as_str()));
    }
    if from == ExportState::Downloading
        && matches!(to, ExportState::Verified | ExportState::Skipped)
    {
        totals::count_fetched(connection, before.endpoint, after.size.unwrap_or(0))?;
    }
    if from == to && before.attempt == after.attempt && after.failure.is_none() {
        // Details within a state: no story worth a line.
        return Ok(());
    }
    events::append(
        connection,
        &events::New {
            from: Some(from.as_str()),
            to: Some(to.as_str()),
            attempt: after.attempt,
            detail: after.failure.as_ref().map(ToString::to_string),
            ..events::New::of(before.id)
        },
    )
}

pub(super) fn row(row: &Row<'_>) -> rusqlite::Result<Export> {
    let state: String = row.get("state")?;
    let (source, account, uid, version): (String, String, String, String) =
        (row.get("source")?, row.get("account")?, row.get("uid")?, row.get("version")?);
    Ok(Export {
        id: Id::export(row.get("id")?),
        endpoint: row.get("endpoint_id")?,
        digest: Sha256::of(format!("{source}\n{account}\n{uid}\n{version}").as_bytes()),
        account,
        uid,
        version,
        raw: row.get("raw")?,
        name: row.get("name")?,
        state: ExportState::from_name(&state).ok_or_else(|| unknown_state(&state))?,
        attempt: row.get("attempt")?,
        tries: row.get("tries")?,
        part: row.get("part")?,
        etag: row.get("etag")?,
        expected_size: row.get::<_, Option<i64>>("expected_size")?.map(|n| n as u64),
        durable: row.get::<_, Option<i64>>("durable")?.map(|n| n as u64),
        archived: row.get("archived")?,
        size: row.get::<_, Option<i64>>("size")?.map(|n| n as u64),
        sha256: row.get("sha256")?,
        failure: failure_from(row.get("failure")?),
        next_attempt_at: clock::get_optional(row, "next_attempt_at")?,
    })
}

/// A state that this program does not know: only a damaged ledger has one.
pub(super) fn unknown_state(state: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        0,
        rusqlite::types::Type::Text,
        format!("unknown state {state:?}").into(),
    )
}
