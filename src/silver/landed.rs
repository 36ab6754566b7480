//! Files that landed, and what became of them.

use jiff::Timestamp;

use super::rows::Drift;
use crate::model::{Shown, state_names};

state_names! {
    /// Where a landed file stands.
    pub enum LandedState {
        /// It waits to be taken in.
        Landed = "landed",
        /// Its good rows are in.
        Ingested = "ingested",
        /// Too many of its rows are bad, or it cannot be read: nothing of it is in.
        Refused = "refused",
        /// The same bytes are in already.
        Repeated = "repeated",
        /// A newer version, or a corrected copy, is in.
        Superseded = "superseded",
        /// No dataset takes it.
        Unmatched = "unmatched",
    }
}

/// A file whose bytes are in bronze.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLanded {
    /// Its number in the ledger, by which it lands once; none for a corrected copy.
    pub export: Option<i64>,
    /// The endpoint that it came by.
    pub endpoint: String,
    /// Where it lay at the partner: what is there again later is a newer version of it.
    pub path: String,
    /// Its name, by which its dataset is found.
    pub name: String,
    /// Of its bytes; 64 lower-case hex digits.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// Where the bytes are, relative to the data folder.
    pub bronze: String,
    /// When it was changed at the partner.
    pub changed_at: Option<Timestamp>,
}

/// What became of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ingested {
    /// Its number.
    pub file: i64,
    /// The endpoint that it came by.
    pub endpoint: String,
    /// Its name.
    pub name: Shown,
    /// The dataset that it belongs to.
    pub dataset: Option<String>,
    /// Where it stands now.
    pub state: LandedState,
    /// Its good rows; they are in only if it is ingested.
    pub rows_good: u64,
    /// Its bad rows.
    pub rows_bad: u64,
    /// What its columns are and should not be, and the other way round.
    pub drift: Drift,
    /// Why it is refused.
    pub error: Option<String>,
}

/// What a pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IngestTotals {
    /// Files that were looked at.
    pub files: u64,
    /// Files that went in.
    pub ingested: u64,
    /// Files that were refused.
    pub refused: u64,
    /// Rows that went in.
    pub rows_good: u64,
    /// Rows that were set aside, those of refused files included.
    pub rows_bad: u64,
    /// Files with unknown or missing columns.
    pub drifted: u64,
}

impl IngestTotals {
    /// Counts one more file.
    pub fn add(&mut self, file: &Ingested) {
        let ingested = file.state == LandedState::Ingested;
        self.files += 1;
        self.ingested += u64::from(ingested);
        self.refused += u64::from(file.state == LandedState::Refused);
        self.rows_good += if ingested { file.rows_good } else { 0 };
        self.rows_bad += file.rows_bad;
        self.drifted += u64::from(!file.drift.is_none());
    }
}

/// Which files are to be taken in again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetBack {
    /// All of every endpoint.
    All,
    /// All of one endpoint.
    Endpoint(String),
    /// One file.
    File {
        /// Its number.
        id: i64,
        /// Its bytes go in however many of its rows are bad: now, whenever they are taken
        /// in again, and under any other name.
        accept: bool,
    },
}
