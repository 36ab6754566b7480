//! Projects of many files, for measurements.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::plant::MAX_DEPTH;
use super::{Content, Seedling, Tree};

/// What the files of a large project are.
const TYPES: &[&str] = &["pdf", "dwg", "rvt", "xlsx", "docx", "png"];

/// The largest generated file, in bytes.
const MAX_SIZE: u64 = 20_000;

impl Tree {
    /// A project of `folders` folders with `files` files in each. Returns its id.
    pub(in crate::demo::autodesk) fn generate(
        &mut self,
        name: &str,
        folders: usize,
        files: usize,
        seed: u64,
    ) -> String {
        let mut random = StdRng::seed_from_u64(seed);
        let project = self.add_project(0, name);
        let id = self.projects[project].id.clone();
        let Some(top) = self.project_files(self.projects[project].root) else { return id };
        // Each with its depth; the root and `Project Files` count.
        let mut made = vec![(top, 2)];
        for folder in 0..folders {
            // Mostly in one of the latest, so that the tree is deep as well as broad.
            let latest = made.len().saturating_sub(40);
            let (parent, depth) = made[random.random_range(latest..made.len())];
            let (parent, depth) = if depth < MAX_DEPTH { (parent, depth) } else { (top, 2) };
            let at = self.add_folder(parent, &format!("Folder {folder:05}"));
            made.push((at, depth + 1));
            for file in 0..files {
                let kind = TYPES[random.random_range(0..TYPES.len())];
                let content = Content::Noise {
                    noise: random.random_range(0..MAX_SIZE),
                    seed: random.random(),
                };
                let name = format!("D-{folder:05}-{file:03}.{kind}");
                self.add_file(at, Seedling::with(name, content));
            }
        }
        id
    }
}
