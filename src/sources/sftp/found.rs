//! What a walk found beside the files that it booked.

use super::entry::{Entry, File};
use super::looks::{Looks, Mark};
use super::place::{Place, lossy};
use super::walk::LISTING;
use crate::model::{Failure, FailureClass, Shown, Walked};

/// Names that are told one by one.
const TOLD: usize = 3;

/// What one folder's listing found.
#[derive(Default)]
pub(super) struct Found {
    /// The mark of each file that was looked at.
    pub(super) marks: Vec<Mark>,
    /// Ids of files that are not complete yet: what is known of them stays as it is.
    pub(super) kept: Vec<String>,
    /// The names of the first few of them.
    growing: Vec<String>,
    /// Names that lead elsewhere, and the first one.
    elsewhere: Option<(u64, Failure)>,
    /// Entries that the server tells too little of, and the first one.
    untold: Option<(u64, Failure)>,
    links: u64,
    pub(super) failures: Vec<Failure>,
    pub(super) lost: Vec<(String, Failure)>,
}

impl Found {
    /// Nothing, and why.
    pub(super) fn failed(failure: Failure) -> Self {
        Self { failures: vec![failure], ..Self::default() }
    }

    /// A file that is not complete yet.
    pub(super) fn grows(&mut self, id: String, file: &File) {
        self.kept.push(id);
        if self.growing.len() < TOLD {
            self.growing.push(Shown::new(lossy(&file.name)).to_string());
        }
    }

    /// An entry that is neither a file to take nor a folder to enter.
    pub(super) fn note(&mut self, folder: &Place, entry: Entry) {
        match entry {
            Entry::LinkToFolder => self.links += 1,
            Entry::LeadsElsewhere(name) => {
                count(&mut self.elsewhere, || {
                    Failure::new(FailureClass::Protocol, LISTING, folder.shown()).said(format!(
                        "the server names {:?}, which is no name in a folder; nothing is done with it",
                        Shown::new(lossy(&name)).as_str()
                    ))
                });
            }
            Entry::Untold(name) => {
                let path = folder.inside(&name).shown();
                count(&mut self.untold, || {
                    Failure::new(FailureClass::Protocol, LISTING, path)
                        .said("the server does not tell its kind, size or time")
                });
            }
            Entry::LinkToNothing | Entry::Nothing | Entry::File(_) | Entry::Folder(_) => {}
        }
    }
}

fn count(counted: &mut Option<(u64, Failure)>, first: impl FnOnce() -> Failure) {
    match counted {
        Some((count, _)) => *count += 1,
        None => *counted = Some((1, first())),
    }
}

/// What all folders' listings found.
#[derive(Default)]
pub(super) struct Totals(Found);

impl Totals {
    pub(super) fn add(&mut self, found: Found) {
        let all = &mut self.0;
        all.marks.extend(found.marks);
        all.kept.extend(found.kept);
        all.growing.extend(found.growing);
        all.growing.truncate(TOLD);
        all.links += found.links;
        all.failures.extend(found.failures);
        all.failures.extend([found.elsewhere, found.untold].into_iter().flatten().map(told));
        all.lost.extend(found.lost);
    }

    /// The walk as its caller sees it; `links` is how many of them the last one passed
    /// over.
    pub(super) fn walked(self, links: u64) -> Walked {
        let found = self.0;
        let mut notices = Vec::new();
        if let [_, ..] = &found.kept[..] {
            let (count, names) = (found.kept.len(), found.growing.join(", "));
            let more = if count > found.growing.len() { ", …" } else { "" };
            notices.push(format!("{count} still under way, left to the next pass: {names}{more}"));
        }
        if found.links != links && found.links > 0 {
            // Once, and not in each pass.
            notices.push(format!("{} links to folders are not entered", found.links));
        }
        Walked {
            absence_counts: true,
            kept: found.kept,
            notices,
            lost: found.lost,
            failures: found.failures,
            memory: Looks::json(found.marks, found.links, jiff::Timestamp::now()),
            ..Walked::default()
        }
    }
}

/// The first one, with how many there are.
fn told((count, first): (u64, Failure)) -> Failure {
    if count == 1 {
        return first;
    }
    let said = first.said.as_ref().map(Shown::to_string).unwrap_or_default();
    first.said(format!("{said}; and {} more", count - 1))
}
