//! The beginning of a walk.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::contents::{self, Contents};
use super::trail;
use super::tree::Tree;
use super::walk::OpenWalk;
use crate::ledger::{Ledger, clock, sql_failure};
use crate::model::{Failure, Id, Known};

const DOING: &str = "beginning a walk";

/// What is wanted of a walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalkPlan {
    /// The endpoint's number.
    pub endpoint: i64,
    /// The run it belongs to.
    pub run: Option<Id>,
    /// What is looked at, as a text that is another one for another scope.
    pub scope: String,
    /// Whether it is to look everywhere in any case.
    pub full: bool,
    /// It is to look everywhere as well when the last complete one that did is older …
    pub full_every: SignedDuration,
    /// … and the last one that was to is older than this.
    pub full_again_after: SignedDuration,
    /// Larger files are not fetched. Bytes.
    pub most_bytes: Option<u64>,
    /// What becomes of the files' bytes; none: nothing.
    pub contents: Option<Contents>,
}

/// A walk that may go.
#[derive(Debug)]
pub struct Begun {
    /// The walk, for its pages and its end.
    pub walk: Arc<OpenWalk>,
    /// What the source is told.
    pub known: Known,
    /// Whether it has to look everywhere.
    pub full: bool,
}

impl Ledger {
    /// Opens the books of a walk.
    pub async fn begin_walk(&self, plan: WalkPlan) -> Result<Begun, Failure> {
        self.writer.write(move |c| begin(c, plan)).await
    }
}

/// A register as it was left.
struct Left {
    scope: String,
    memory: Option<String>,
    contents_for: String,
    full_walk_at: Option<Timestamp>,
    full_walk_tried_at: Option<Timestamp>,
}

fn begin(connection: &Connection, plan: WalkPlan) -> Result<Begun, Failure> {
    let sql = |e: rusqlite::Error| sql_failure(DOING, &e);
    let (endpoint, contents) = (plan.endpoint, plan.contents.as_ref());
    let contents_for = contents::told(contents, plan.most_bytes);
    let mut left = left(connection, endpoint).map_err(sql)?;
    match &mut left {
        None => {
            connection
                .execute(
                    "INSERT INTO registers (endpoint_id, scope, contents_for) VALUES (?, ?, ?)",
                    params![endpoint, plan.scope, contents_for],
                )
                .map_err(sql)?;
        }
        Some(left) => {
            if left.scope != plan.scope {
                forget(connection, endpoint, &plan.scope).map_err(sql)?;
                (left.memory, left.full_walk_at, left.full_walk_tried_at) = (None, None, None);
            }
            if left.contents_for != contents_for {
                contents::reconsider(connection, endpoint, contents, plan.most_bytes)?;
                connection
                    .execute(
                        "UPDATE registers SET contents_for = ? WHERE endpoint_id = ?",
                        params![contents_for, endpoint],
                    )
                    .map_err(sql)?;
            }
        }
    }
    let full = plan.full || left.as_ref().is_none_or(|left| left.is_due(&plan));
    if full {
        connection
            .execute(
                "UPDATE registers SET full_walk_tried_at = ? WHERE endpoint_id = ?",
                params![clock::text(clock::now()), endpoint],
            )
            .map_err(sql)?;
        if contents.is_some() {
            contents::reconsider_refused(connection, endpoint)?;
        }
    }
    trail::prune(connection)?;
    let folders = Tree::load(connection, endpoint).map_err(sql)?.into_known();
    let memory = remembered(left.and_then(|left| left.memory));
    let walk = OpenWalk::new(endpoint, plan.run, full, plan.most_bytes, plan.contents);
    Ok(Begun { walk: Arc::new(walk), known: Known { folders, memory }, full })
}

impl Left {
    /// Whether a walk that looks everywhere is due. A clock that went back makes it due.
    fn is_due(&self, plan: &WalkPlan) -> bool {
        let older = |at: Option<Timestamp>, than: SignedDuration| {
            at.is_none_or(|at| {
                !(SignedDuration::ZERO..than).contains(&clock::now().duration_since(at))
            })
        };
        older(self.full_walk_at, plan.full_every)
            && older(self.full_walk_tried_at, plan.full_again_after)
    }
}

fn left(connection: &Connection, endpoint: i64) -> rusqlite::Result<Option<Left>> {
    connection
        .query_row("SELECT * FROM registers WHERE endpoint_id = ?", [endpoint], |row| {
            Ok(Left {
                scope: row.get("scope")?,
                memory: row.get("memory")?,
                contents_for: row.get("contents_for")?,
                full_walk_at: clock::get_optional(row, "full_walk_at")?,
                full_walk_tried_at: clock::get_optional(row, "full_walk_tried_at")?,
            })
        })
        .optional()
}

/// Another scope: what told that nothing changed told it of something else.
fn forget(connection: &Connection, endpoint: i64, scope: &str) -> rusqlite::Result<()> {
    connection.execute("UPDATE folders SET stamp = NULL WHERE endpoint_id = ?", [endpoint])?;
    connection.execute(
        "UPDATE registers SET scope = ?, memory = NULL, full_walk_at = NULL,
             full_walk_tried_at = NULL WHERE endpoint_id = ?",
        params![scope, endpoint],
    )?;
    Ok(())
}

/// What the last complete walk left. What cannot be read is as good as nothing: the
/// walk looks further than it would have to.
pub(super) fn remembered(json: Option<String>) -> serde_json::Value {
    json.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default()
}
