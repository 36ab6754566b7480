//! A large tree, for benches: the same from the same seed.

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::tree::{NewFile, NewFolder, Operation, Tree};

/// First moment of a file of the forest, Unix milliseconds: 2024-01-01.
const FIRST: i64 = 1_704_067_200_000;

/// Two years of milliseconds.
const YEARS: i64 = 2 * 365 * 86_400_000;

/// One file in so many is a native document, and one a shortcut.
const RARE: u32 = 50;

/// One file in so many lies in one wide folder, which takes several pages.
const WIDE: u32 = 12;

/// A folder is not put deeper than this below the root.
const DEEPEST: usize = 12;

/// Grows `folders` folders and `files` files below the folder `root`.
///
/// New folders prefer young ones as parents, so that there are deep paths; every
/// folder gets a file before one gets a second, as far as the files reach, because
/// empty folders are rare.
pub(super) fn grow(
    tree: &mut Tree,
    root: &str,
    seed: u64,
    folders: u32,
    files: u32,
) -> Result<(), String> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut grown = vec![(root.to_owned(), 0_usize)];
    for number in 0..folders {
        let oldest = if random.random_range(0..3) == 0 { 0 } else { grown.len() * 2 / 3 };
        let (parent, depth) = &grown[random.random_range(oldest.min(grown.len() - 1)..grown.len())];
        let (parent, depth) = if *depth < DEEPEST { (parent, *depth) } else { (&grown[0].0, 0) };
        let folder = NewFolder {
            parent: Some(parent.clone()),
            name: format!("Folder {number:05}"),
            ..NewFolder::default()
        };
        let id = tree.apply(Operation::AddFolder(folder))?;
        grown.push((id, depth + 1));
    }
    let wide = random.random_range(0..grown.len());
    let mut last = root.to_owned();
    for number in 0..files {
        let (folder, _) = match grown.get(number as usize + 1) {
            Some(next) => next,
            None if number % WIDE == 0 => &grown[wide],
            None => &grown[random.random_range(0..grown.len())],
        };
        let operation = match number % RARE {
            7 => Operation::document(folder, format!("Notes {number:05}"), "document", "Notes."),
            9 => Operation::shortcut(folder, format!("Shortcut {number:05}"), &last),
            _ => {
                let written = FIRST + random.random_range(0..YEARS);
                let written = Timestamp::from_millisecond(written).map_err(|e| e.to_string())?;
                Operation::AddFile(NewFile {
                    parent: Some(folder.clone()),
                    name: format!("Report {number:05}.csv"),
                    content: Some(format!("id,score\r\n{:06},{number}\r\n", number * 7)),
                    created: Some(written),
                    modified: Some(written),
                    ..NewFile::default()
                })
            }
        };
        last = tree.apply(operation)?;
    }
    Ok(())
}
