//! A file that waits, and whether it is to go in at all.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::model::Dataset;
use crate::silver::LandedState;

/// A file as it is booked.
pub(super) struct Waiting {
    pub id: i64,
    pub endpoint: String,
    pub path: String,
    pub name: String,
    pub sha256: String,
    pub bronze: String,
    pub rank: String,
    /// The dataset that it belonged to last.
    pub dataset: Option<String>,
    /// It goes in however many of its rows are bad.
    pub accept: bool,
    /// Rows of it are in a table, from the last time that it was taken in.
    pub is_in: bool,
}

impl Waiting {
    /// The file of this number, if it waits.
    pub(super) fn find(connection: &Connection, id: i64) -> rusqlite::Result<Option<Self>> {
        connection
            .query_row(
                "SELECT endpoint, path, name, sha256, bronze, rank, dataset, accept,
                     definition IS NOT NULL
                 FROM landed WHERE id = ? AND state = 'landed'",
                [id],
                |row| {
                    Ok(Self {
                        id,
                        endpoint: row.get(0)?,
                        path: row.get(1)?,
                        name: row.get(2)?,
                        sha256: row.get(3)?,
                        bronze: row.get(4)?,
                        rank: row.get(5)?,
                        dataset: row.get(6)?,
                        accept: row.get(7)?,
                        is_in: row.get(8)?,
                    })
                },
            )
            .optional()
    }

    /// Its rank, or that of the file that it corrects in the end: its own and those of
    /// all its corrections begin so.
    pub(super) fn root(&self) -> &str {
        self.rank.split('.').next().unwrap_or(&self.rank)
    }

    /// Where it stands at once because of another file that is in; none: it is to be
    /// read.
    pub(super) fn verdict(
        &self,
        connection: &Connection,
        dataset: &Dataset,
    ) -> rusqlite::Result<Option<LandedState>> {
        if self.is_corrected(connection)? {
            return Ok(Some(LandedState::Superseded));
        }
        let keyed = !dataset.key.is_empty();
        if !keyed && self.has_newer(connection)? {
            return Ok(Some(LandedState::Superseded));
        }
        let again = connection
            .prepare_cached(
                "SELECT 1 FROM landed WHERE sha256 = ?1 AND dataset = ?2 AND id <> ?3
                 AND state = 'ingested' AND (?4 OR rank > ?5)",
            )?
            .exists(params![self.sha256, dataset.name, self.id, !keyed, self.rank])?;
        Ok(again.then_some(LandedState::Repeated))
    }

    fn is_corrected(&self, connection: &Connection) -> rusqlite::Result<bool> {
        connection
            .prepare_cached(
                "SELECT 1 FROM landed WHERE endpoint = ?1 AND path = ?2 AND rank > ?3
                 AND rank < ?4 || '/'
                 AND (state = 'ingested' OR (state = 'repeated' AND sha256 <> ?5))",
            )?
            .exists(params![self.endpoint, self.path, self.rank, self.root(), self.sha256])
    }

    /// Whether a newer version of it is in; one that repeats its own bytes is not.
    pub(super) fn has_newer(&self, connection: &Connection) -> rusqlite::Result<bool> {
        connection
            .prepare_cached(
                "SELECT 1 FROM landed WHERE endpoint = ?1 AND path = ?2 AND rank > ?3
                 AND (state = 'ingested' OR (state = 'repeated' AND sha256 <> ?4))",
            )?
            .exists(params![self.endpoint, self.path, self.rank, self.sha256])
    }
}
