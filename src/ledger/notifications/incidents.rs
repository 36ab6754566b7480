//! Incidents: what is news about them, booked with the messages that say so.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row, params};

use super::super::{Ledger, clock, sql_failure};
use super::outbox::{Route, enqueue};
use crate::model::{Failure, Notification, NotificationEvent};

/// One cause of trouble that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name, one incident for each.
    pub cause: &'static str,
    /// The failure in words.
    pub words: String,
    /// How many files it concerns; 0 where that is not known.
    pub files: u64,
    /// Whether it begins an incident, or only keeps one from being over.
    pub begins: bool,
    /// Whether it is tried again by itself, so that it may pass before anybody is told.
    pub may_pass: bool,
}

/// Something that does not work, from when it was first seen until it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// The endpoint's name; empty for the program itself.
    pub endpoint: String,
    /// What does not work.
    pub cause: String,
    /// The failure in words, as it was last seen.
    pub words: String,
    /// How many files it concerns, as was last seen.
    pub files: u64,
    /// Since when.
    pub opened_at: Timestamp,
    /// When it was last said.
    pub told_at: Option<Timestamp>,
}

/// All that was found at one endpoint: what is not among it is over.
#[derive(Clone, Debug)]
pub struct Telling {
    /// The endpoint's name; empty for the program itself.
    pub endpoint: String,
    /// What does not work.
    pub found: Vec<Found>,
    /// What time it is.
    pub now: Timestamp,
    /// How often it is said again; none: never.
    pub remind_every: Option<SignedDuration>,
    /// How long what may pass by itself must last before it is said.
    pub after: SignedDuration,
    /// Who is told what.
    pub routes: Vec<Route>,
}

const DOING: &str = "booking an incident";

impl Ledger {
    /// Opens, goes on with and closes incidents, and books the messages that say so, each
    /// written by `write`, all in one transaction. Returns what is said.
    pub async fn tell(
        &self,
        telling: Telling,
        write: impl Fn(&Incident, NotificationEvent) -> Notification + Send + 'static,
    ) -> Result<Vec<Notification>, Failure> {
        self.writer.write(move |c| tell(c, &telling, &write)).await
    }

    /// Closes, without a word, the incidents of endpoints that are not among `names`.
    pub async fn forget_incidents(
        &self,
        names: Vec<String>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        self.writer
            .write(move |c| {
                let open = open(c, None).map_err(|e| sql_failure(DOING, &e))?;
                for (id, incident) in open {
                    if !incident.endpoint.is_empty() && !names.contains(&incident.endpoint) {
                        close(c, id, now)?;
                    }
                }
                Ok(())
            })
            .await
    }
}

fn tell(
    c: &Connection,
    telling: &Telling,
    write: &dyn Fn(&Incident, NotificationEvent) -> Notification,
) -> Result<Vec<Notification>, Failure> {
    let sql = |e: rusqlite::Error| sql_failure(DOING, &e);
    let known = open(c, Some(&telling.endpoint)).map_err(sql)?;
    let mut said = Vec::new();
    for found in &telling.found {
        let before = known.iter().find(|(_, incident)| incident.cause == found.cause);
        if before.is_none() && !found.begins {
            continue;
        }
        let (id, incident) = seen(c, telling, found, before)?;
        let Some(event) = due(telling, found, &incident) else { continue };
        c.execute(
            "UPDATE incidents SET told_at = ? WHERE id = ?",
            params![clock::text(telling.now), id],
        )
        .map_err(sql)?;
        let message = write(&incident, event);
        enqueue(c, &telling.routes, Some(id), &message, telling.now)?;
        said.push(message);
    }
    for (id, incident) in &known {
        if telling.found.iter().any(|found| found.cause == incident.cause) {
            continue;
        }
        close(c, *id, telling.now)?;
        // What was never said needs no end.
        if incident.told_at.is_some() {
            let message = write(incident, NotificationEvent::Recovered);
            enqueue(c, &telling.routes, Some(*id), &message, telling.now)?;
            said.push(message);
        }
    }
    Ok(said)
}

/// Books that `found` was seen, and returns the incident as it is now.
fn seen(
    c: &Connection,
    telling: &Telling,
    found: &Found,
    before: Option<&(i64, Incident)>,
) -> Result<(i64, Incident), Failure> {
    let sql = |e: rusqlite::Error| sql_failure(DOING, &e);
    let (words, files) = (found.words.clone(), found.files);
    let Some((id, before)) = before else {
        let incident = Incident {
            endpoint: telling.endpoint.clone(),
            cause: found.cause.to_owned(),
            words,
            files,
            opened_at: telling.now,
            told_at: None,
        };
        c.execute(
            "INSERT INTO incidents (endpoint, cause, words, files, opened_at)
             VALUES (?, ?, ?, ?, ?)",
            params![
                incident.endpoint,
                incident.cause,
                incident.words,
                files as i64,
                clock::text(telling.now)
            ],
        )
        .map_err(sql)?;
        return Ok((c.last_insert_rowid(), incident));
    };
    // A look that finds nothing new writes nothing.
    if before.words != words || before.files != files {
        c.execute(
            "UPDATE incidents SET words = ?, files = ? WHERE id = ?",
            params![words, files as i64, id],
        )
        .map_err(sql)?;
    }
    Ok((*id, Incident { words, files, ..before.clone() }))
}

/// What is to be said of it now, if anything.
fn due(telling: &Telling, found: &Found, incident: &Incident) -> Option<NotificationEvent> {
    let Some(told_at) = incident.told_at else {
        let lasts = telling.now.duration_since(incident.opened_at);
        let waits = found.may_pass && lasts < telling.after;
        return (!waits).then_some(NotificationEvent::Failure);
    };
    let every = telling.remind_every?;
    let since = telling.now.duration_since(told_at);
    (since >= every).then_some(NotificationEvent::Reminder)
}

fn close(c: &Connection, id: i64, now: Timestamp) -> Result<(), Failure> {
    c.execute("UPDATE incidents SET closed_at = ? WHERE id = ?", params![clock::text(now), id])
        .map(drop)
        .map_err(|e| sql_failure(DOING, &e))
}

/// The open incidents of one endpoint, or of all.
pub(super) fn open(
    c: &Connection,
    endpoint: Option<&str>,
) -> rusqlite::Result<Vec<(i64, Incident)>> {
    c.prepare_cached(
        "SELECT * FROM incidents INDEXED BY incidents_open
         WHERE closed_at IS NULL AND (?1 IS NULL OR endpoint = ?1)
         ORDER BY id",
    )?
    .query_map([endpoint], |row| Ok((row.get("id")?, incident(row)?)))?
    .collect()
}

fn incident(row: &Row<'_>) -> rusqlite::Result<Incident> {
    Ok(Incident {
        endpoint: row.get("endpoint")?,
        cause: row.get("cause")?,
        words: row.get("words")?,
        files: row.get::<_, i64>("files")? as u64,
        opened_at: clock::get(row, "opened_at")?,
        told_at: clock::get_optional(row, "told_at")?,
    })
}
