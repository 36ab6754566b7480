//! The high-water mark: how far the ledger had come, kept outside of it.
//!
//! Whoever puts an older copy of the ledger back brings its state back too, and
//! what it forgot would be sent once more. The mark lies beside the ledger's data
//! and is not part of its backup, so it tells. It is written only after what it
//! speaks of is durable: it may lag behind the ledger, and is never ahead of it.

use std::io::Write as _;
use std::path::Path;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::{Ledger, sql_failure};
use crate::model::{Failure, FailureClass};
use crate::platform;

/// Which ledger it is, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The ledger's identity: random hex.
    pub ledger: String,
    /// The number of its newest event; 0 if nothing ever happened.
    pub event: i64,
}

/// How a ledger stands to the mark that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is the one of the mark, and at least as far.
    Trusted,
    /// Things may have happened that it does not know of; why, in words.
    Restored(String),
}

impl Mark {
    /// The mark in `file`; none if there is no such file.
    pub fn read(file: &Path) -> Result<Option<Self>, Failure> {
        let io = |e| Failure::io(READING, file.to_string_lossy(), &e);
        match std::fs::read(file) {
            Ok(json) => serde_json::from_slice(&json).map(Some).map_err(|e| {
                // Written under another name, synced and renamed: no crash of ours does this.
                Failure::new(FailureClass::Damaged, READING, file.to_string_lossy())
                    .said(e)
                    .advice("remove it: what is open is then held for you to decide")
            }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(io(e)),
        }
    }

    /// Puts the mark into `file`, whole or not at all.
    pub fn write(&self, file: &Path) -> Result<(), Failure> {
        let fresh = file.with_extension("mark.new");
        let written = serde_json::to_vec(self).map_err(std::io::Error::other).and_then(|json| {
            let mut out =
                platform::private_file().create(true).truncate(true).write(true).open(&fresh)?;
            out.write_all(&json)?;
            out.sync_all()?;
            // Not durable under this name before the folder is: then it lags.
            std::fs::rename(&fresh, file)
        });
        written.map_err(|e| Failure::io("writing the ledger's mark", file.to_string_lossy(), &e))
    }

    /// How the ledger that stands at `self` stands to the `found` mark; `untouched` is one
    /// that nothing was ever taken into.
    pub fn standing(&self, found: Option<&Self>, untouched: bool) -> Standing {
        let why = match found {
            // Its first start, or one after starts that could not make the first mark.
            None if self.event == 0 || untouched => return Standing::Trusted,
            None => "its mark in the data folder is missing".to_owned(),
            Some(found) if found.ledger != self.ledger => {
                "the mark in the data folder is another ledger's".to_owned()
            }
            Some(found) if found.event > self.event => format!(
                "it ends at event {}, and had come to event {} before",
                self.event, found.event
            ),
            Some(_) => return Standing::Trusted,
        };
        Standing::Restored(why)
    }
}

const READING: &str = "reading the ledger's mark";

impl Ledger {
    /// Where the ledger stands: all of it is durable.
    pub async fn mark(&self) -> Result<Mark, Failure> {
        self.writer.write(mark).await
    }

    /// Whether nothing was ever taken into it: it has nothing that it could have forgotten.
    pub async fn is_untouched(&self) -> Result<bool, Failure> {
        self.writer.write(is_untouched).await
    }
}

/// A list that was asked for, or may have been, is something that was taken.
pub(super) fn is_untouched(connection: &Connection) -> Result<bool, Failure> {
    connection
        .query_row(
            "SELECT NOT EXISTS (SELECT 1 FROM exports) AND NOT EXISTS (SELECT 1 FROM files)
                AND NOT EXISTS (SELECT 1 FROM polls WHERE state <> 'not_sent')",
            [],
            |row| row.get(0),
        )
        .map_err(|e| sql_failure("reading how far the ledger is", &e))
}

pub(super) fn mark(connection: &Connection) -> Result<Mark, Failure> {
    connection
        .prepare_cached(
            "SELECT (SELECT value FROM meta WHERE key = 'identity') AS ledger,
                    (SELECT coalesce(max(id), 0) FROM events) AS event",
        )
        .and_then(|mut select| {
            select.query_row([], |row| {
                Ok(Mark { ledger: row.get("ledger")?, event: row.get("event")? })
            })
        })
        .map_err(|e| sql_failure("reading how far the ledger is", &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ledger: &str, event: i64) -> Mark {
        Mark { ledger: ledger.into(), event }
    }

    #[test]
    fn only_a_ledger_that_lost_something_is_a_restored_one() {
        for (ledger, found, trusted) in [
            (at("a", 0), None, true),
            (at("a", 7), Some(at("a", 7)), true),
            (at("a", 7), Some(at("a", 6)), true),
            (at("a", 7), Some(at("a", 8)), false),
            (at("a", 7), Some(at("b", 7)), false),
            // Nothing is known of what the other one took.
            (at("a", 0), Some(at("b", 7)), false),
            (at("a", 7), None, false),
        ] {
            let standing = ledger.standing(found.as_ref(), false);
            assert_eq!(standing == Standing::Trusted, trusted, "{ledger:?} {found:?}");
        }
        // Failures alone are nothing to forget; another ledger's mark is another matter.
        assert_eq!(at("a", 7).standing(None, true), Standing::Trusted);
        assert_ne!(at("a", 7).standing(Some(&at("b", 7)), true), Standing::Trusted);
    }

    #[test]
    fn a_mark_is_read_as_it_was_written_and_damage_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ledger.mark");
        assert_eq!(Mark::read(&file).unwrap(), None);
        at("a", 7).write(&file).unwrap();
        at("a", 8).write(&file).unwrap();
        assert_eq!(Mark::read(&file).unwrap(), Some(at("a", 8)));
        std::fs::write(&file, "{").unwrap();
        assert_eq!(Mark::read(&file).unwrap_err().class, FailureClass::Damaged);
        // That it cannot be read does not mean that there is none.
        assert_eq!(Mark::read(folder.path()).unwrap_err().class, FailureClass::Local);
    }
}
