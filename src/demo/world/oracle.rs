//! The judge: lost, once, twice, partial. It knows only bytes, never names.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::export::{Export, Status, sha256};
use super::grounds::is_temporary;
use crate::demo::fault::Fault;

/// What a file was when somebody looked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Lower-case hex SHA-256.
    pub sha256: String,
}

/// A file that the consumer took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Haul {
    /// The file as it was when it was taken.
    #[serde(flatten)]
    pub file: Sample,
    /// When.
    pub at: Timestamp,
}

/// An earlier file of somebody else that lies under a final name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Planted {
    /// The file as it was put there.
    #[serde(flatten)]
    pub file: Sample,
    /// Whether it was not destroyed: it is there, or was taken as it was.
    pub intact: bool,
}

/// What became of an export so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Handed out before the story began, and not arrived.
    Old,
    /// Not handed out yet.
    Waiting,
    /// Handed out and not arrived: lost, unless it is still on its way.
    Lost,
    /// Arrived exactly once.
    Once,
    /// Arrived more than once.
    Twice,
    /// A part of it arrived under a name that the consumer takes.
    Partial,
}

/// One export with its fate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The service's id.
    pub uid: String,
    /// The file's name at the source.
    pub name: String,
    /// The product it belongs to.
    pub product_key: String,
    /// Size of the file.
    pub bytes: u64,
    /// Lower-case hex SHA-256 of the file.
    pub sha256: String,
    /// Which list it is in now.
    pub status: Status,
    /// How often it was in a list.
    pub listed: u32,
    /// How often its file was asked for.
    pub downloaded: u32,
    /// How many files with exactly its bytes arrived.
    pub arrived: u32,
    /// How many files with the beginning of its bytes arrived.
    pub partial: u32,
    /// What that means.
    pub fate: Fate,
}

/// How many exports met each fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// [`Fate::Old`].
    pub old: usize,
    /// [`Fate::Waiting`].
    pub waiting: usize,
    /// [`Fate::Lost`].
    pub lost: usize,
    /// [`Fate::Once`].
    pub once: usize,
    /// [`Fate::Twice`].
    pub twice: usize,
    /// [`Fate::Partial`].
    pub partial: usize,
}

/// Everything that can be said about the world at one moment.
///
/// A file has *arrived* when it lies in the upload folder under a name that is
/// not temporary, or was taken from there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Oracle {
    /// How many exports met each fate.
    pub totals: Totals,
    /// Every export, oldest first.
    pub exports: Vec<Verdict>,
    /// Files that arrived and are neither an export, nor the beginning of one, nor planted.
    pub foreign: Vec<Sample>,
    /// Names of temporary files in the upload folder.
    pub temporaries: Vec<String>,
    /// Earlier files of somebody else.
    pub planted: Vec<Planted>,
    /// What the consumer took, in order.
    pub taken: Vec<Haul>,
    /// How often each fault has struck.
    pub struck: BTreeMap<Fault, u32>,
}

impl Oracle {
    pub(super) fn judge(
        exports: &[Export],
        taken: &[Haul],
        planted: &[Planted],
        seen: &[Sample],
        struck: BTreeMap<Fault, u32>,
    ) -> Self {
        let (temporary, in_place): (Vec<&Sample>, Vec<&Sample>) =
            seen.iter().partition(|file| is_temporary(&file.name));
        let mut arrived: Vec<&Sample> = taken.iter().map(|haul| &haul.file).collect();
        arrived.extend(in_place);

        let planted = planted
            .iter()
            .map(|earlier| Planted {
                intact: remove(&mut arrived, &earlier.file.sha256),
                ..earlier.clone()
            })
            .collect();
        let mut verdicts: Vec<Verdict> = exports.iter().map(unjudged).collect();
        let mut foreign = Vec::new();
        for file in arrived {
            if let Some(at) = whole(&verdicts, file) {
                verdicts[at].arrived += 1;
            } else if let Some(at) = beginning(exports, file) {
                verdicts[at].partial += 1;
            } else {
                foreign.push(file.clone());
            }
        }

        let mut totals = Totals::default();
        for (verdict, export) in verdicts.iter_mut().zip(exports) {
            verdict.fate = fate(verdict, export.old);
            *totals.of(verdict.fate) += 1;
        }
        Self {
            totals,
            exports: verdicts,
            foreign,
            temporaries: temporary.into_iter().map(|file| file.name.clone()).collect(),
            planted,
            taken: taken.to_vec(),
            struck,
        }
    }

    /// Whether every export has arrived exactly once, old ones aside, and
    /// nothing else has.
    pub fn all_once(&self) -> bool {
        let Totals { old, once, .. } = self.totals;
        old + once == self.exports.len() && self.nothing_wrong()
    }

    /// Whether nothing has arrived twice, in part, or damaged, and nobody
    /// else's file was destroyed. What has not arrived may still be on its way.
    pub fn nothing_wrong(&self) -> bool {
        let Totals { twice, partial, .. } = self.totals;
        twice == 0
            && partial == 0
            && self.foreign.is_empty()
            && self.planted.iter().all(|earlier| earlier.intact)
    }
}

impl Totals {
    fn of(&mut self, fate: Fate) -> &mut usize {
        match fate {
            Fate::Old => &mut self.old,
            Fate::Waiting => &mut self.waiting,
            Fate::Lost => &mut self.lost,
            Fate::Once => &mut self.once,
            Fate::Twice => &mut self.twice,
            Fate::Partial => &mut self.partial,
        }
    }
}

fn unjudged(export: &Export) -> Verdict {
    Verdict {
        uid: export.uid.clone(),
        name: export.name.clone(),
        product_key: export.product_key.clone(),
        bytes: export.content.len() as u64,
        sha256: export.sha256.clone(),
        status: export.status,
        listed: export.listed,
        downloaded: export.downloaded,
        arrived: 0,
        partial: 0,
        fate: Fate::Waiting,
    }
}

fn fate(verdict: &Verdict, old: bool) -> Fate {
    match (verdict.partial, verdict.arrived) {
        (1.., _) => Fate::Partial,
        (0, 1) => Fate::Once,
        (0, 2..) => Fate::Twice,
        (0, 0) if old => Fate::Old,
        (0, 0) if verdict.status == Status::NotDelivered => Fate::Waiting,
        (0, 0) => Fate::Lost,
    }
}

/// The export that `file` is; of several with the same bytes the one that has
/// arrived least often, so that two equal exports and two arrivals are once each.
fn whole(verdicts: &[Verdict], file: &Sample) -> Option<usize> {
    (0..verdicts.len())
        .filter(|&at| verdicts[at].sha256 == file.sha256)
        .min_by_key(|&at| (verdicts[at].arrived, verdicts[at].status == Status::NotDelivered))
}

/// The first export that begins with the bytes of `file`.
fn beginning(exports: &[Export], file: &Sample) -> Option<usize> {
    exports.iter().position(|export| {
        usize::try_from(file.bytes)
            .ok()
            .and_then(|bytes| export.content.get(..bytes))
            .is_some_and(|start| sha256(start) == file.sha256)
    })
}

/// Removes the first file with these bytes.
fn remove(files: &mut Vec<&Sample>, sha256: &str) -> bool {
    let found = files.iter().position(|file| file.sha256 == sha256);
    found.map(|at| files.swap_remove(at)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::world::NewExport;

    fn export(content: &'static str, status: Status) -> Export {
        Export {
            old: false,
            ..Export::from(NewExport {
                name: "report.csv".into(),
                product_key: "score-reporter".into(),
                content: content.into(),
                status,
            })
        }
    }

    fn file(name: &str, content: &str) -> Sample {
        Sample {
            name: name.into(),
            bytes: content.len() as u64,
            sha256: sha256(content.as_bytes()),
        }
    }

    fn taken(content: &str) -> Haul {
        Haul { file: file("any name", content), at: Timestamp::now() }
    }

    fn judge(exports: &[Export], taken: &[Haul], seen: &[Sample]) -> Oracle {
        Oracle::judge(exports, taken, &[], seen, BTreeMap::new())
    }

    #[test]
    fn each_fate_is_told_apart() {
        use Status::{Delivered, NotDelivered};
        let whole = "0012,Doe\r\n";
        for (status, hauls, in_folder, fate) in [
            (NotDelivered, vec![], vec![], Fate::Waiting),
            (Delivered, vec![], vec![], Fate::Lost),
            (Delivered, vec![], vec![file(".tmp-1-1.part", whole)], Fate::Lost),
            (Delivered, vec![], vec![file(".tmp-x", whole), file("y.part", whole)], Fate::Lost),
            (Delivered, vec![taken(whole)], vec![], Fate::Once),
            (Delivered, vec![], vec![file("a.csv", whole)], Fate::Once),
            (Delivered, vec![taken(whole)], vec![file("a.csv", whole)], Fate::Twice),
            (Delivered, vec![taken(whole), taken(whole)], vec![], Fate::Twice),
            (Delivered, vec![taken(&whole[..4])], vec![], Fate::Partial),
            (Delivered, vec![taken("")], vec![], Fate::Partial),
            (Delivered, vec![taken(whole), taken(&whole[..4])], vec![], Fate::Partial),
        ] {
            let oracle = judge(&[export(whole, status)], &hauls, &in_folder);
            assert_eq!(oracle.exports[0].fate, fate, "{hauls:?} {in_folder:?}");
            assert_eq!(oracle.all_once(), fate == Fate::Once, "{fate:?}");
            assert!(oracle.foreign.is_empty());
        }
    }

    #[test]
    fn changed_bytes_are_foreign_and_never_the_export() {
        let exports = [export("0012,Doe\r\n", Status::Delivered)];
        for damaged in ["12,Doe\r\n", "0012,Doe\n", "0012,Doe\r\n\0", "0012,Dof\r\n"] {
            let oracle = judge(&exports, &[taken(damaged)], &[]);
            assert_eq!(oracle.exports[0].fate, Fate::Lost, "{damaged:?}");
            assert_eq!(oracle.foreign.len(), 1);
            assert!(!oracle.nothing_wrong());
        }
    }

    #[test]
    fn equal_exports_share_their_arrivals() {
        let exports = [export("same", Status::Delivered), export("same", Status::Delivered)];
        let fates = |count: usize| -> Vec<Fate> {
            let oracle = judge(&exports, &vec![taken("same"); count], &[]);
            oracle.exports.iter().map(|verdict| verdict.fate).collect()
        };
        assert_eq!(fates(1), [Fate::Once, Fate::Lost]);
        assert_eq!(fates(2), [Fate::Once, Fate::Once]);
        assert_eq!(fates(3), [Fate::Twice, Fate::Once]);
    }

    #[test]
    fn an_earlier_file_of_somebody_else_is_watched_over() {
        let planted = [Planted { file: file("a.csv", "earlier"), intact: true }];
        let exports = [export("new", Status::Delivered)];
        for (seen, intact) in [("earlier", true), ("new", false)] {
            let oracle =
                Oracle::judge(&exports, &[], &planted, &[file("a.csv", seen)], BTreeMap::new());
            assert_eq!(oracle.planted[0].intact, intact);
            assert_eq!(oracle.nothing_wrong(), intact);
            assert!(oracle.foreign.is_empty(), "what was planted is not the client's doing");
        }
    }
}
