//! Looks: what a file was like when it was looked at last.
//!
//! A file counts as complete once two looks, far enough apart, found it the same. What
//! a walk saw is left for the next one as one small mark for each file, so that a file
//! that was there already needs no wait.

use std::collections::HashSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::entry::File;
use super::place::Place;
use crate::model::Sha256;

/// Marks that are left at the most; a file beyond them is looked at twice in each walk.
const MOST: usize = 1_000_000;

/// Stands for a file's path, size and time.
pub(super) type Mark = u64;

/// The mark of a file in `folder`.
pub(super) fn mark(folder: &Place, file: &File) -> Mark {
    let mut hash = Sha256::new();
    hash.update(folder.inside(&file.name).bytes());
    hash.update(&[0]);
    hash.update(&file.size.to_be_bytes());
    hash.update(&file.changed.to_be_bytes());
    // Half of the bits that a file's hash needs: who finds two files of one mark gains
    // that one of them is not waited for.
    u64::from_str_radix(&hash.hex()[..16], 16).unwrap_or_default()
}

/// What the last walk saw.
#[derive(Default)]
pub(super) struct Looks {
    marks: HashSet<Mark>,
    /// Links to folders that it passed over.
    pub(super) links: u64,
}

/// As it is kept in the books.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// When the last of them was looked at, by this machine's clock.
    at: Timestamp,
    marks: String,
    #[serde(default)]
    links: u64,
}

impl Looks {
    /// The looks that `json` holds, if they are at least `settle` old. What cannot be
    /// read is as good as nothing.
    pub(super) fn read(json: &serde_json::Value, settle: Duration, now: Timestamp) -> Self {
        let Ok(kept) = Kept::deserialize(json) else { return Self::default() };
        let links = kept.links;
        // Of a clock that went back nothing can be told.
        let since = Duration::try_from(now.duration_since(kept.at)).ok();
        if since.is_none_or(|since| since < settle) {
            return Self { links, ..Self::default() };
        }
        let bytes = STANDARD.decode(&kept.marks).unwrap_or_default();
        let marks = bytes.as_chunks().0.iter().map(|mark| Mark::from_be_bytes(*mark)).collect();
        Self { marks, links }
    }

    /// Whether this file was there as it is now.
    pub(super) fn has(&self, mark: Mark) -> bool {
        self.marks.contains(&mark)
    }

    /// What is left for the next walk.
    pub(super) fn json(mut marks: Vec<Mark>, links: u64, now: Timestamp) -> serde_json::Value {
        marks.sort_unstable();
        marks.dedup();
        marks.truncate(MOST);
        let bytes: Vec<u8> = marks.iter().flat_map(|mark| mark.to_be_bytes()).collect();
        let kept = Kept { at: now, marks: STANDARD.encode(bytes), links };
        // Plain texts always are JSON; without a memory the next walk looks twice.
        serde_json::to_value(kept).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(size: u64, changed: u32) -> File {
        File { name: "a.csv".into(), size, changed }
    }

    #[test]
    fn looks_are_believed_once_they_are_old_enough() {
        let folder = Place::new(b"", b"/outgoing");
        let seen = mark(&folder, &file(10, 20));
        let then = Timestamp::from_second(1_000).unwrap();
        let json = Looks::json(vec![seen, seen], 2, then);
        let settle = Duration::from_secs(5);
        for (later, believed) in [(0, false), (4, false), (5, true), (900, true), (-1, false)] {
            let now = Timestamp::from_second(1_000 + later).unwrap();
            let looks = Looks::read(&json, settle, now);
            assert_eq!((looks.has(seen), looks.links), (believed, 2), "{later}");
            for other in [file(11, 20), file(10, 21)] {
                assert!(!looks.has(mark(&folder, &other)));
            }
            assert!(!looks.has(mark(&Place::new(b"", b"/"), &file(10, 20))));
        }
    }

    #[test]
    fn what_cannot_be_read_is_nothing() {
        let now = Timestamp::now();
        for json in [
            serde_json::Value::Null,
            serde_json::json!({"at": 7}),
            serde_json::json!({"at": "2020-01-01T00:00:00Z", "marks": "?"}),
            serde_json::json!({"at": "2020-01-01T00:00:00Z", "marks": "AAAA"}),
        ] {
            assert!(Looks::read(&json, Duration::ZERO, now).marks.is_empty(), "{json}");
        }
    }
}
