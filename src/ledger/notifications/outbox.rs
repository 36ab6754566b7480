//! Messages until they are sent. Each channel's go out in the order in which they were
//! written; while one cannot be sent the others of its channel wait behind it.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row, params};

use super::super::{Ledger, Reader, clock, sql_failure, to_json};
use crate::model::{Failure, Notification, NotificationEvent};

/// Messages of one channel that wait at the most; beyond it the oldest go.
const MOST: i64 = 500;

/// How long it is shown what was given up, if nothing comes after it.
const SHOWN: SignedDuration = SignedDuration::from_hours(24 * 7);

/// How long it is kept what was sent.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);

const DOING: &str = "booking a notification";

/// What is told on a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The channel's name.
    pub channel: String,
    /// What is told there.
    pub events: Vec<NotificationEvent>,
}

/// A message that is to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Its number.
    pub number: i64,
    /// How often it was tried.
    pub tries: u32,
    /// When it was written.
    pub created_at: Timestamp,
    /// The message.
    pub message: Notification,
}

/// What a channel has not taken: what waits for its next try, and what was given up since
/// it took something last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// The channel's name.
    pub channel: String,
    /// How many messages wait.
    pub waiting: u64,
    /// How many were given up.
    pub given_up: u64,
    /// When the oldest of all of these was written.
    pub oldest: Timestamp,
    /// The most tries that one of them took.
    pub tries: u32,
    /// When the next try is.
    pub next: Option<Timestamp>,
    /// Why the last try failed.
    pub said: Option<String>,
}

impl Undelivered {
    /// Whether something has failed already, rather than only being on its way.
    pub fn has_failed(&self) -> bool {
        self.tries > 0 || self.given_up > 0
    }

    /// How many are meant: `3 messages wait, 1 is given up`.
    pub fn words(&self) -> String {
        let waiting = match self.waiting {
            0 => None,
            1 => Some("1 message waits".to_owned()),
            n => Some(format!("{n} messages wait")),
        };
        let given_up = match self.given_up {
            0 => None,
            1 => Some("1 is given up".to_owned()),
            n => Some(format!("{n} are given up")),
        };
        waiting.into_iter().chain(given_up).collect::<Vec<_>>().join(", ")
    }
}

/// How a channel that is gone is told from one that does not work.
const CHANNEL_GONE: &str = "the channel is no longer in the configuration";

impl Reader {
    /// What was not taken, channel by channel.
    pub fn undelivered(&self) -> Result<Vec<Undelivered>, Failure> {
        self.read("looking for notifications", |c| {
            c.prepare_cached(
                "SELECT n.channel, sum(n.next_attempt_at IS NOT NULL) AS waiting,
                        sum(n.next_attempt_at IS NULL) AS given_up,
                        min(n.created_at) AS oldest, max(n.tries) AS tries,
                        min(n.next_attempt_at) AS next,
                        (SELECT said FROM notifications WHERE channel = n.channel
                           AND sent_at IS NULL AND said IS NOT NULL
                         ORDER BY tries > 0 DESC, id DESC LIMIT 1) AS said
                 FROM notifications n
                 WHERE n.sent_at IS NULL AND n.said IS NOT ?1
                   AND (n.next_attempt_at IS NOT NULL OR n.created_at >= ?2)
                   AND n.id > coalesce((SELECT max(id) FROM notifications
                         WHERE channel = n.channel AND sent_at IS NOT NULL), 0)
                 GROUP BY n.channel ORDER BY n.channel",
            )?
            .query_map([CHANNEL_GONE, &clock::text(clock::now() - SHOWN)], |row| {
                Ok(Undelivered {
                    channel: row.get("channel")?,
                    waiting: row.get::<_, i64>("waiting")? as u64,
                    given_up: row.get::<_, i64>("given_up")? as u64,
                    oldest: clock::get(row, "oldest")?,
                    tries: row.get("tries")?,
                    next: clock::get_optional(row, "next")?,
                    said: row.get("said")?,
                })
            })?
            .collect()
        })
    }
}

/// Books `message` for every route that takes it.
pub(super) fn enqueue(
    c: &Connection,
    routes: &[Route],
    incident: Option<i64>,
    message: &Notification,
    now: Timestamp,
) -> Result<(), Failure> {
    let sql = |e: rusqlite::Error| sql_failure(DOING, &e);
    for route in routes.iter().filter(|route| route.events.contains(&message.event)) {
        // An unsent reminder is overtaken by the next one.
        if message.event == NotificationEvent::Reminder {
            c.execute(
                "DELETE FROM notifications WHERE channel = ? AND incident_id = ?
                   AND event = 'reminder' AND next_attempt_at IS NOT NULL",
                params![route.channel, incident],
            )
            .map_err(sql)?;
        }
        // Where others wait already, it waits as long as they do.
        c.execute(
            "INSERT INTO notifications (channel, incident_id, event, message, created_at,
                 next_attempt_at)
             VALUES (?1, ?2, ?3, ?4, ?5, coalesce((SELECT min(next_attempt_at)
                 FROM notifications WHERE channel = ?1 AND next_attempt_at IS NOT NULL), ?5))",
            params![
                route.channel,
                incident,
                message.event.as_str(),
                to_json(message)?,
                clock::text(now)
            ],
        )
        .map_err(sql)?;
        c.execute(
            "DELETE FROM notifications WHERE next_attempt_at IS NOT NULL AND channel = ?1
               AND id IN (SELECT id FROM notifications WHERE channel = ?1
                 AND next_attempt_at IS NOT NULL ORDER BY id DESC LIMIT -1 OFFSET ?2)",
            params![route.channel, MOST],
        )
        .map_err(sql)?;
    }
    Ok(())
}

impl Ledger {
    /// The oldest message that waits for `channel`; if it is given, only one whose time
    /// has come `by` then.
    pub async fn waiting(
        &self,
        channel: &str,
        by: Option<Timestamp>,
    ) -> Result<Option<Waiting>, Failure> {
        let channel = channel.to_owned();
        self.writer
            .write(move |c| {
                let first = c.prepare_cached(
                    "SELECT id, tries, created_at, message FROM notifications
                     WHERE channel = ?1 AND next_attempt_at IS NOT NULL
                       AND (?2 IS NULL OR next_attempt_at <= ?2)
                     ORDER BY id LIMIT 1",
                );
                first
                    .and_then(|mut select| {
                        let by = by.map(clock::text);
                        select.query_map(params![channel, by], waiting)?.next().transpose()
                    })
                    .map_err(|e| sql_failure("looking for notifications", &e))
            })
            .await
    }

    /// When the next message is to be tried; none if none waits.
    pub async fn next_notification(&self) -> Result<Option<Timestamp>, Failure> {
        self.writer
            .write(|c| {
                c.prepare_cached(
                    "SELECT min(next_attempt_at) AS at FROM notifications
                     WHERE next_attempt_at IS NOT NULL",
                )
                .and_then(|mut select| select.query_row([], |row| clock::get_optional(row, "at")))
                .map_err(|e| sql_failure("looking for notifications", &e))
            })
            .await
    }

    /// Books that a message was sent, and clears away what was sent long ago.
    pub async fn notification_sent(&self, number: i64, now: Timestamp) -> Result<(), Failure> {
        self.writer
            .write(move |c| {
                c.execute(
                    "UPDATE notifications SET sent_at = ?1, tries = tries + 1,
                         next_attempt_at = NULL, said = NULL WHERE id = ?2",
                    params![clock::text(now), number],
                )
                .and_then(|_| {
                    c.execute(
                        "DELETE FROM notifications WHERE next_attempt_at IS NULL
                           AND created_at < ?",
                        [clock::text(now - KEPT)],
                    )
                })
                .map(drop)
                .map_err(|e| sql_failure(DOING, &e))
            })
            .await
    }

    /// Books that a message could not be sent, and why. Those of its channel are tried
    /// again at `next`, this one among them; without it, this one is given up.
    pub async fn notification_failed(
        &self,
        number: i64,
        next: Option<Timestamp>,
        said: String,
    ) -> Result<(), Failure> {
        self.writer
            .write(move |c| {
                c.execute(
                    "UPDATE notifications SET tries = tries + 1, said = ?1, next_attempt_at = NULL
                     WHERE id = ?2",
                    params![said, number],
                )
                .and_then(|_| match next {
                    None => Ok(0),
                    Some(next) => c.execute(
                        "UPDATE notifications SET next_attempt_at = ?1
                         WHERE id = ?2 OR (next_attempt_at IS NOT NULL
                           AND channel = (SELECT channel FROM notifications WHERE id = ?2))",
                        params![clock::text(next), number],
                    ),
                })
                .map(drop)
                .map_err(|e| sql_failure(DOING, &e))
            })
            .await
    }

    /// Gives up what waits for channels that are not among `channels`; how many messages.
    pub async fn forget_channels(&self, channels: Vec<String>) -> Result<usize, Failure> {
        self.writer
            .write(move |c| {
                let channels = to_json(&channels)?;
                c.execute(
                    "UPDATE notifications SET next_attempt_at = NULL, said = ?2
                     WHERE next_attempt_at IS NOT NULL
                       AND channel NOT IN (SELECT value FROM json_each(?1))",
                    params![channels, CHANNEL_GONE],
                )
                .map_err(|e| sql_failure(DOING, &e))
            })
            .await
    }
}

fn waiting(row: &Row<'_>) -> rusqlite::Result<Waiting> {
    let json: String = row.get("message")?;
    let message = serde_json::from_str(&json).map_err(|e| {
        rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Text, e.into())
    })?;
    Ok(Waiting {
        number: row.get("id")?,
        tries: row.get("tries")?,
        created_at: clock::get(row, "created_at")?,
        message,
    })
}
