//! Random things that happen at the services, the same from the same seed.

use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use transship::demo::{AutodeskOperation as Aps, DriveOperation as Drive, NewDriveFolder};

use crate::desk::{Desk, Service};

const NAMES: &[&str] = &[
    "a.pdf",
    "a.pdf",
    "plan.dwg",
    "..",
    "x/y",
    "b.PDF",
    "naïve 文件.rvt",
    "it's \\ here.csv",
    "'; DROP TABLE files; --",
    " spaces ",
];

/// What may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum May {
    /// Adds, changes, moves, renames, deletions and their return.
    Change,
    /// That, and access that is lost and regained.
    ChangeAndForbid,
    /// New files and new places, but no new versions and no deletions: every file keeps
    /// the content that it has.
    MoveAndAdd,
}

pub struct Teller {
    random: StdRng,
    folders: Vec<String>,
    files: Vec<String>,
    /// Can be seen, and is not registered.
    outside: Option<String>,
    forbidden: Vec<String>,
    count: usize,
}

impl Teller {
    pub fn new(desk: &Desk, seed: u64) -> Self {
        let random = StdRng::seed_from_u64(seed);
        let truth = desk.truth();
        let mut folders: BTreeSet<String> =
            truth.files.values().map(|r| r.folder.clone()).collect();
        let mut outside_id = None;
        if desk.service != Service::Autodesk {
            folders.insert(desk.root().to_owned());
            let outside = NewDriveFolder { name: "Outside".into(), ..NewDriveFolder::default() };
            let drive = desk.world().google_drive();
            let outside = drive.apply(Drive::AddFolder(outside)).unwrap();
            drive.apply(Drive::share(&outside)).unwrap();
            folders.insert(outside.clone());
            outside_id = Some(outside);
        }
        let files = truth.files.into_keys().collect();
        let folders = folders.into_iter().collect();
        Self { random, folders, files, outside: outside_id, forbidden: Vec::new(), count: 0 }
    }

    /// Lets so many things happen; those that cannot be are passed over.
    pub fn tell(&mut self, desk: &Desk, may: May, steps: usize) {
        let mut done = 0;
        for _ in 0..steps * 20 {
            if done == steps {
                return;
            }
            self.count += 1;
            done += usize::from(match desk.service {
                Service::Autodesk => self.at_autodesk(desk, may),
                _ => self.at_drive(desk, may),
            });
        }
        panic!("{done} of {steps} things have happened");
    }

    fn at_autodesk(&mut self, desk: &Desk, may: May) -> bool {
        let (folder, file, name) = (self.folder(), self.file(), self.name());
        let other = self.folder();
        let in_place = self.random.random();
        let what = if self.random.random_range(0..3) == 0 { folder.clone() } else { file.clone() };
        let operation = match (self.random.random_range(0..14), may) {
            (0..=2, _) => {
                Aps::AddFile { folder: folder.into(), name, content: None, size_missing: false }
            }
            (3, _) => Aps::AddFolder { folder: folder.into(), name },
            (4..=5, May::Change | May::ChangeAndForbid) => {
                Aps::AddVersion { file: file.into(), content: None }
            }
            // A rename makes a new version, unless it is in place.
            (6..=7, _) => Aps::Rename {
                what: what.into(),
                name,
                in_place: in_place || may == May::MoveAndAdd,
            },
            (8..=9, _) => Aps::Move { what: what.into(), to: other.into() },
            (10, May::Change | May::ChangeAndForbid) => Aps::Delete { what: what.into() },
            (11, May::Change | May::ChangeAndForbid) => Aps::Restore { what: what.into() },
            (12, May::ChangeAndForbid) => {
                self.forbidden.push(folder.clone());
                Aps::Forbid { folder: folder.into(), listed: in_place }
            }
            // All of it: what may be seen again below what may not is shown nowhere.
            (13, May::ChangeAndForbid) => {
                let Some(last) = self.forbidden.pop() else { return false };
                for folder in self.forbidden.drain(..) {
                    desk.world().autodesk(Aps::Allow { folder: folder.into() }).unwrap();
                }
                Aps::Allow { folder: last.into() }
            }
            _ => return false,
        };
        let (new_folder, new_file) =
            (matches!(operation, Aps::AddFolder { .. }), matches!(operation, Aps::AddFile { .. }));
        self.happened(desk.world().autodesk(operation).ok(), new_folder, new_file)
    }

    fn at_drive(&mut self, desk: &Desk, may: May) -> bool {
        let (folder, file, name) = (self.folder(), self.file(), self.name());
        let other = self.folder();
        let text = format!("content {} {}", self.count, self.random.random::<u32>());
        let what = if self.random.random_range(0..3) == 0 { folder.clone() } else { file.clone() };
        let away = |id: &String| self.outside.as_ref() == Some(id);
        if what == desk.root() || may == May::MoveAndAdd && (away(&other) || away(&folder)) {
            return false;
        }
        let operation = match (self.random.random_range(0..14), may) {
            (0..=2, _) => Drive::file(folder, name, text),
            (3, _) => Drive::folder(folder, name),
            (4, May::Change) => Drive::document(folder, name, "document", text),
            (5, _) => Drive::shortcut(folder, name, file),
            (6..=7, May::Change) => Drive::content(file, text),
            (8, _) => Drive::rename(what, name),
            (9..=10, _) => Drive::move_to(what, other),
            (11, May::Change) => Drive::trash(what),
            (12, May::Change) => Drive::untrash(what),
            (13, May::Change) => Drive::delete(what),
            _ => return false,
        };
        let (new_folder, new_file) = (
            matches!(operation, Drive::AddFolder(_)),
            matches!(operation, Drive::AddFile(_) | Drive::AddDocument { .. }),
        );
        self.happened(desk.world().google_drive().apply(operation).ok(), new_folder, new_file)
    }

    fn happened(&mut self, id: Option<String>, new_folder: bool, new_file: bool) -> bool {
        let Some(id) = id else { return false };
        if new_folder {
            self.folders.push(id);
        } else if new_file {
            self.files.push(id);
        }
        true
    }

    fn folder(&mut self) -> String {
        self.folders.choose(&mut self.random).unwrap().clone()
    }

    fn file(&mut self) -> String {
        self.files.choose(&mut self.random).unwrap().clone()
    }

    fn name(&mut self) -> String {
        let name = NAMES.choose(&mut self.random).unwrap();
        // Often a name that is taken, often a new one.
        if self.random.random() { (*name).to_owned() } else { format!("{} {name}", self.count) }
    }
}
