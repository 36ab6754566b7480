//! Polls: lists asked of a source, booked before they are sent.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::exports::{self, Adopt, Arrival};
use super::{Ledger, clock, endpoints, events, sql_failure, to_json};
use crate::model::{Failure, Id, Listed};

/// A destructive list that was asked for and is not closed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// Its id.
    pub id: Id,
    /// The product key it asked for.
    pub product_key: Option<String>,
    /// Where the raw reply is, or would have been.
    pub body: PathBuf,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// Whether the whole reply is known to be on disk.
    pub received: bool,
}

/// What recording a list did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Elements in the list.
    pub found: u64,
    /// Of them, those the ledger did not know.
    pub new: u64,
    /// Of the new ones, those that could not be understood.
    pub quarantined: u64,
}

const DOING: &str = "booking a list";

impl Ledger {
    /// Commits the intent to send a destructive list, **before** it is sent. The
    /// raw reply is to be kept in `folder`; the poll says under which name.
    pub async fn intend_poll(
        &self,
        by: Arrival,
        product_key: Option<String>,
        folder: &Path,
    ) -> Result<Poll, Failure> {
        let folder = folder.to_owned();
        self.writer
            .write(move |c| {
                let asked_at = clock::now();
                // A name of its own even if the ledger is restored from a backup
                // and counts the same numbers again: old replies are evidence.
                let stamp = asked_at.as_millisecond();
                c.execute(
                    "INSERT INTO polls (endpoint_id, run_id, source, account, product_key, state, body,
                         asked_at)
                     VALUES (?, ?, ?, ?, ?, 'intent', '', ?)",
                    params![
                        by.endpoint,
                        by.run.map(|run| run.number),
                        by.source,
                        by.account,
                        product_key,
                        clock::text(asked_at)
                    ],
                )
                .map_err(|e| sql_failure(DOING, &e))?;
                let id = Id::poll(c.last_insert_rowid());
                let body = folder.join(format!("{id}-{stamp}.json"));
                c.execute(
                    "UPDATE polls SET body = ? WHERE id = ?",
                    params![body.to_string_lossy(), id.number],
                )
                .map_err(|e| sql_failure(DOING, &e))?;
                events::append(
                    c,
                    &events::New {
                        run: by.run,
                        kind: "poll",
                        to: Some("intent"),
                        detail: product_key.clone(),
                        ..events::New::of(id)
                    },
                )?;
                Ok(Poll { id, product_key, body, asked_at, received: false })
            })
            .await
    }

    /// Books that the whole raw reply of `poll` is durably on disk.
    pub async fn received_poll(&self, poll: Id) -> Result<(), Failure> {
        self.writer.write(move |c| move_poll(c, poll, "received", false, None)).await
    }

    /// Closes a poll of which it is certain that the source never saw it.
    pub async fn poll_not_sent(&self, poll: Id, failure: Failure) -> Result<(), Failure> {
        self.writer.write(move |c| move_poll(c, poll, "not_sent", true, Some(&failure))).await
    }

    /// Keeps a poll open whose reply was lost or could not be read.
    pub async fn poll_lost(&self, poll: Id, failure: Failure) -> Result<(), Failure> {
        self.writer.write(move |c| move_poll(c, poll, "intent", false, Some(&failure))).await
    }

    /// Records a whole list in one transaction and closes its poll with it.
    pub async fn record_list(
        &self,
        poll: Id,
        arrival: Arrival,
        listed: Vec<Listed>,
    ) -> Result<Recorded, Failure> {
        self.writer
            .write(move |c| {
                let recorded = exports::record(c, &arrival, &listed, Adopt::Announced)?;
                move_poll(c, poll, "recorded", true, None)?;
                Ok(recorded)
            })
            .await
    }

    /// Records, in one transaction, what the Delivered list of a product holds and
    /// the ledger does not; closes `polls` with it and dates the comparison.
    pub async fn record_delivered(
        &self,
        arrival: Arrival,
        product_key: Option<String>,
        listed: Vec<Listed>,
        adopt: Adopt,
        polls: Vec<Id>,
    ) -> Result<Recorded, Failure> {
        self.writer
            .write(move |c| {
                let recorded = exports::record(c, &arrival, &listed, adopt)?;
                for poll in polls {
                    move_poll(c, poll, "reconciled", true, None)?;
                }
                endpoints::stamp(c, arrival.endpoint, "reconciled_at")?;
                // Whatever was decided about it, the past is known now.
                endpoints::note_baseline(c, &arrival, product_key.as_deref())?;
                Ok(recorded)
            })
            .await
    }

    /// The endpoint's polls that are not closed, oldest first.
    pub async fn open_polls(&self, endpoint: i64) -> Result<Vec<Poll>, Failure> {
        self.writer
            .write(move |c| {
                c.prepare_cached(
                    "SELECT id, product_key, body, asked_at, state FROM polls
                     WHERE endpoint_id = ? AND closed_at IS NULL ORDER BY id",
                )
                .and_then(|mut select| {
                    select
                        .query_map([endpoint], |row| {
                            Ok(Poll {
                                id: Id::poll(row.get("id")?),
                                product_key: row.get("product_key")?,
                                body: PathBuf::from(row.get::<_, String>("body")?),
                                asked_at: clock::get(row, "asked_at")?,
                                received: row.get::<_, String>("state")? == "received",
                            })
                        })?
                        .collect()
                })
                .map_err(|e| sql_failure("reading open lists", &e))
            })
            .await
    }
}

fn move_poll(
    connection: &Connection,
    poll: Id,
    state: &'static str,
    close: bool,
    failure: Option<&Failure>,
) -> Result<(), Failure> {
    let closed_at = close.then(|| clock::text(clock::now()));
    let failure_json = failure.map(to_json).transpose()?;
    let moved = connection
        .prepare_cached(
            "UPDATE polls SET state = ?, closed_at = ?, failure = ?
             WHERE id = ? AND closed_at IS NULL",
        )
        .and_then(|mut update| update.execute(params![state, closed_at, failure_json, poll.number]))
        .map_err(|e| sql_failure(DOING, &e))?;
    if moved != 1 {
        return Err(super::moved_meanwhile(poll, "open", state));
    }
    events::append(
        connection,
        &events::New {
            kind: "poll",
            to: Some(state),
            detail: failure.map(ToString::to_string),
            ..events::New::of(poll)
        },
    )
}
