//! Retention: which kept files are old enough to go, and the audit rows of those that went.

use std::path::PathBuf;

use jiff::Timestamp;
use rusqlite::params;

use super::{Ledger, clock, events, sql_failure};
use crate::model::{Failure, Id};

const DOING: &str = "booking what is purged";

/// A fetched file that nothing needs any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlived {
    /// Its export, or the poll whose raw reply it is.
    pub id: Id,
    /// Where it is: below the data folder for an export's, as it is for a reply.
    pub path: PathBuf,
    /// What the audit row says of it: never the content.
    pub words: String,
}

impl Ledger {
    /// Files of exports whose every delivery has come to its end before `files`, and the
    /// raw replies to lists that were booked before `lists`; none of what has no time.
    pub async fn outlived(
        &self,
        files: Option<Timestamp>,
        lists: Option<Timestamp>,
    ) -> Result<Vec<Outlived>, Failure> {
        // Nothing is older than no time at all.
        let [before, lists_before] =
            [files, lists].map(|at| at.map(clock::text).unwrap_or_default());
        self.writer
            .write(move |c| {
                let find = || -> rusqlite::Result<Vec<Outlived>> {
                    let mut files = c.prepare(
                        "SELECT x.id, x.archived, x.name, x.size, x.sha256 FROM exports x
                         WHERE x.archived LIKE 'archive/%' AND x.updated_at < ?1
                             AND x.state IN ('verified', 'skipped', 'cancelled')
                             AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.export_id = x.id
                                 AND (d.state NOT IN ('cleaned', 'cancelled')
                                     OR d.next_attempt_at IS NOT NULL OR d.updated_at >= ?1))
                         ORDER BY x.id",
                    )?;
                    let files = files.query_map([&before], |row| {
                        let name: Option<String> = row.get("name")?;
                        let size: Option<i64> = row.get("size")?;
                        let sha256: Option<String> = row.get("sha256")?;
                        Ok(Outlived {
                            id: Id::export(row.get("id")?),
                            path: row.get::<_, String>("archived")?.into(),
                            words: format!(
                                "the kept file of {}: {} bytes, SHA-256 {}",
                                name.unwrap_or_default(),
                                size.unwrap_or_default(),
                                sha256.unwrap_or_default()
                            ),
                        })
                    })?;
                    let mut found = files.collect::<rusqlite::Result<Vec<_>>>()?;
                    let mut replies = c.prepare(
                        "SELECT id, body FROM polls WHERE closed_at < ? AND body <> '' ORDER BY id",
                    )?;
                    let replies = replies.query_map([&lists_before], |row| {
                        Ok(Outlived {
                            id: Id::poll(row.get("id")?),
                            path: row.get::<_, String>("body")?.into(),
                            words: "the raw reply to the list".into(),
                        })
                    })?;
                    for reply in replies {
                        found.push(reply?);
                    }
                    Ok(found)
                };
                find().map_err(|e| sql_failure("looking for what may be purged", &e))
            })
            .await
    }

    /// Books that these are gone, each with an event. Their files must be gone already.
    pub async fn purged(&self, gone: Vec<Outlived>) -> Result<(), Failure> {
        self.writer
            .write(move |c| {
                for outlived in gone {
                    let path = outlived.path.to_string_lossy().into_owned();
                    let sql = match outlived.id.kind {
                        crate::model::Kind::Poll => {
                            "UPDATE polls SET body = '' WHERE id = ? AND body = ?"
                        }
                        _ => "UPDATE exports SET archived = NULL WHERE id = ? AND archived = ?",
                    };
                    c.execute(sql, params![outlived.id.number, path])
                        .map_err(|e| sql_failure(DOING, &e))?;
                    let detail = Some(outlived.words);
                    let event =
                        events::New { kind: "purged", detail, ..events::New::of(outlived.id) };
                    events::append(c, &event)?;
                }
                Ok(())
            })
            .await
    }
}
