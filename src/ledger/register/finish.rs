//! The end of a walk: what follows from what it did not see.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::missing::{self, Missing};
use super::page::{Booking, count};
use super::paths;
use super::trail::{self, Change, Of};
use super::tree::Tree;
use super::walk::{OpenWalk, State, WalkCounts};
use crate::ledger::{Ledger, clock, events, sql_failure, to_json};
use crate::model::{Failure, Walked};

const DOING: &str = "booking the end of a walk";

impl Ledger {
    /// Books the end of a walk, in one transaction; what it did in all.
    ///
    /// A walk with failures removes nothing, and leaves nothing by which the next one
    /// could pass by what this one missed.
    pub async fn finish_walk(
        &self,
        walk: &Arc<OpenWalk>,
        walked: Walked,
    ) -> Result<WalkCounts, Failure> {
        let walk = walk.clone();
        self.writer
            .write(move |c| {
                let mut state = walk.state();
                finish(c, &walk, &mut state, &walked)?;
                walk.tell(&state);
                Ok(state.counts)
            })
            .await
    }
}

fn finish(
    connection: &Connection,
    walk: &OpenWalk,
    state: &mut State,
    walked: &Walked,
) -> Result<(), Failure> {
    let sql = |e: rusqlite::Error| sql_failure(DOING, &e);
    let now = clock::text(clock::now());
    let at = Booking { connection, walk, now: &now };
    let complete = walked.failures.is_empty();
    let mut folders = Tree::load(connection, walk.endpoint).map_err(sql)?;

    missing::keep(connection, walk.endpoint, walked, &mut state.files).map_err(sql)?;
    let (files, seen) = (&state.files, &state.folders);
    let absent = match walked.absence_counts {
        true => missing::by_absence(connection, &folders, walked, files, seen).map_err(sql)?,
        false => Missing::default(),
    };
    if complete {
        let told = missing::by_word(connection, walk.endpoint, &folders, &state.gone);
        remove(&at, state, &absent)?;
        remove(&at, state, &told.map_err(sql)?)?;
        folders = Tree::load(connection, walk.endpoint).map_err(sql)?;
    }
    freeze(&at, state, &folders, walked)?;
    if complete && walked.absence_counts {
        thaw(&at, &folders, walked).map_err(sql)?;
    }
    paths::put_right(&at, state, &folders)?;
    stamp(&at, &folders, walked, if complete { None } else { Some(&absent) }).map_err(sql)?;
    if complete {
        remember(&at, walked)?;
    }
    tell(&at, state, complete)
}

/// Books files and folders as gone.
fn remove(at: &Booking<'_>, state: &mut State, missing: &Missing) -> Result<(), Failure> {
    let sql = |e: rusqlite::Error| sql_failure("booking what is gone", &e);
    let (before, mut lost) = (state.counts.removed, 0);
    for row in &missing.files {
        let (path, access_lost): (String, bool) = at
            .connection
            .prepare_cached("SELECT file_path, access_lost_at IS NOT NULL FROM files WHERE id = ?")
            .and_then(|mut select| select.query_row([row], |r| Ok((r.get(0)?, r.get(1)?))))
            .map_err(sql)?;
        let gone = at
            .connection
            .prepare_cached(
                "UPDATE files SET removed_at = ?1, updated_at = ?1, last_synced_at = ?1,
                     access_lost_at = NULL, contents = NULL WHERE id = ?2 AND removed_at IS NULL",
            )
            .and_then(|mut update| update.execute(params![at.now, row]))
            .map_err(sql)?;
        if gone == 1 {
            state.counts.removed += 1;
            lost += i64::from(access_lost);
            let of = Of::File(*row);
            trail::write(at.connection, at.walk, of, Change::Removed, Some(&path), None)?;
        }
    }
    for id in &missing.folders {
        at.connection
            .prepare_cached(
                "UPDATE folders SET removed_at = ?1, updated_at = ?1, stamp = NULL,
                     access_lost = NULL WHERE endpoint_id = ?2 AND external_folder_id = ?3",
            )
            .and_then(|mut update| update.execute(params![at.now, at.walk.endpoint, id]))
            .map_err(sql)?;
    }
    let gone = (state.counts.removed - before) as i64;
    count(at.connection, at.walk.endpoint, -gone, -lost)
}

/// Books what lies in folders that we may not see any more: it stays as it was.
fn freeze(
    at: &Booking<'_>,
    state: &mut State,
    folders: &Tree,
    walked: &Walked,
) -> Result<(), Failure> {
    let sql = |e: rusqlite::Error| sql_failure("booking lost access", &e);
    for (id, why) in &walked.lost {
        let Some(node) = folders.get(id).filter(|node| !node.access_lost) else { continue };
        let json = to_json(why)?;
        at.connection
            .prepare_cached("UPDATE folders SET access_lost = ?, updated_at = ? WHERE id = ?")
            .and_then(|mut update| update.execute(params![json, at.now, node.row]))
            .map_err(sql)?;
        let (of, words) = (Of::Folder(node.row), why.to_string());
        trail::write(at.connection, at.walk, of, Change::AccessLost, None, Some(&words))?;
        state.counts.folders_lost += 1;
    }
    let mut frozen = 0;
    for id in folders.below(walked.lost.iter().map(|(id, _)| id.as_str())) {
        let Some(node) = folders.get(id) else { continue };
        for row in missing::files_in(at.connection, node.row).map_err(sql)? {
            if state.files.contains(row) {
                continue;
            }
            let changed = at
                .connection
                .prepare_cached(
                    "UPDATE files SET access_lost_at = ?1, updated_at = ?1, last_synced_at = ?1
                     WHERE id = ?2 AND access_lost_at IS NULL",
                )
                .and_then(|mut update| update.execute(params![at.now, row]))
                .map_err(sql)?;
            frozen += changed as i64;
        }
    }
    state.counts.access_lost += frozen.unsigned_abs();
    count(at.connection, at.walk.endpoint, 0, frozen)
}

/// Folders that were looked into are not lost any more. Files are found again when
/// they are seen.
fn thaw(at: &Booking<'_>, folders: &Tree, walked: &Walked) -> rusqlite::Result<()> {
    let lost = walked.lost.iter().map(|(id, _)| id.as_str());
    let covered = folders.below(walked.untouched.iter().map(String::as_str).chain(lost));
    for (_, node) in folders.iter().filter(|(id, n)| n.access_lost && !covered.contains(id)) {
        at.connection
            .prepare_cached("UPDATE folders SET access_lost = NULL, updated_at = ? WHERE id = ?")?
            .execute(params![at.now, node.row])?;
    }
    Ok(())
}

/// Keeps the change detectors of folders below which everything is booked as it is.
///
/// What could not be looked at, or was `missed` by a walk that was not complete, must
/// be looked at again: nothing above it may tell that nothing changed.
fn stamp(
    at: &Booking<'_>,
    folders: &Tree,
    walked: &Walked,
    missed: Option<&Missing>,
) -> rusqlite::Result<()> {
    let mut unsure: HashSet<&str> = HashSet::new();
    for (id, _) in &walked.lost {
        unsure.extend(folders.upwards(id).map(|(id, _)| id));
    }
    unsure.retain(|id| !walked.stamps.contains_key(*id));
    // Once we may see them again they have to be looked into, or they stay lost.
    unsure.extend(folders.below(walked.lost.iter().map(|(id, _)| id.as_str())));
    for (id, node) in folders.iter() {
        if let Some(missed) = missed
            && (missed.folders.contains(id) || any_missed(at.connection, node.row, missed)?)
        {
            unsure.extend(folders.upwards(id).map(|(id, _)| id));
        }
    }
    for (id, node) in folders.iter().filter(|(_, node)| !node.removed) {
        let stamp = match (unsure.contains(id), walked.stamps.get(id)) {
            (true, _) => None,
            (false, Some(stamp)) => Some(stamp),
            (false, None) => continue,
        };
        if stamp != node.stamp.as_ref() {
            at.connection
                .prepare_cached("UPDATE folders SET stamp = ? WHERE id = ?")?
                .execute(params![stamp, node.row])?;
        }
    }
    Ok(())
}

fn any_missed(connection: &Connection, folder: i64, missed: &Missing) -> rusqlite::Result<bool> {
    if missed.files.is_empty() {
        return Ok(false);
    }
    let here = missing::files_in(connection, folder)?;
    Ok(here.iter().any(|row| missed.files.contains(row)))
}

/// Leaves for the next walk what this one found out.
fn remember(at: &Booking<'_>, walked: &Walked) -> Result<(), Failure> {
    at.connection
        .execute(
            "UPDATE registers SET memory = ?1, walked_at = ?2,
                 full_walk_at = iif(?3, ?2, full_walk_at) WHERE endpoint_id = ?4",
            params![
                to_json(&walked.memory)?,
                at.now,
                at.walk.full && walked.absence_counts,
                at.walk.endpoint
            ],
        )
        .map(drop)
        .map_err(|e| sql_failure(DOING, &e))
}

/// One event for the run's story.
fn tell(at: &Booking<'_>, state: &State, complete: bool) -> Result<(), Failure> {
    let Some(run) = at.walk.run else { return Ok(()) };
    let counts = state.counts;
    let name: String = at
        .connection
        .query_row("SELECT name FROM endpoints WHERE id = ?", [at.walk.endpoint], |row| row.get(0))
        .map_err(|e| sql_failure(DOING, &e))?;
    let words = format!(
        "{name}: {} files seen, {} new, {} changed, {} removed{}",
        counts.found,
        counts.new,
        counts.updated,
        counts.removed,
        if complete { "" } else { "; not all of it could be looked at" }
    );
    events::append(
        at.connection,
        &events::New {
            run: Some(run),
            kind: "register",
            detail: Some(words),
            ..events::New::of(run)
        },
    )
}
