//! Top folders that lie below others.
//!
//! A member without admin rights gets the highest folders that he may see, wherever in
//! the tree they are; a folder that is returned beside one above it would be walked
//! twice, and its place in the tree lost.

use std::collections::{HashMap, HashSet};

use super::folders::Folder;

/// The folders that are below none of the others, in their order, and the rest. Folders
/// that claim to be above each other are a circle: the first of them is the highest.
pub(super) fn highest(folders: Vec<Folder>) -> (Vec<Folder>, Vec<Folder>) {
    let index: HashMap<&str, usize> =
        folders.iter().enumerate().rev().map(|(n, folder)| (folder.id.as_str(), n)).collect();
    let above = |n: usize| -> HashSet<usize> {
        let mut found = HashSet::new();
        let mut open = vec![n];
        while let Some(at) = open.pop() {
            let names = folders[at].parent.iter().chain(&folders[at].above);
            for next in names.filter_map(|name| index.get(name.as_str())) {
                if found.insert(*next) {
                    open.push(*next);
                }
            }
        }
        found
    };
    let all: Vec<HashSet<usize>> = (0..folders.len()).map(above).collect();
    let is_nested = |n: usize| all[n].iter().any(|m| *m != n && (!all[*m].contains(&n) || *m < n));
    let is_first = |n: usize| index.get(folders[n].id.as_str()) == Some(&n);
    let kept: Vec<bool> = (0..folders.len()).map(|n| is_first(n) && !is_nested(n)).collect();
    let (mut highest, mut nested) = (Vec::new(), Vec::new());
    for (folder, kept) in folders.into_iter().zip(kept) {
        if kept { highest.push(folder) } else { nested.push(folder) }
    }
    (highest, nested)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folder(id: &str, parent: &str, above: &[&str]) -> Folder {
        Folder {
            id: id.into(),
            parent: (!parent.is_empty()).then(|| parent.into()),
            above: above.iter().map(ToString::to_string).collect(),
            ..Folder::default()
        }
    }

    #[test]
    fn folders_below_others_are_dropped() {
        for (folders, kept) in [
            (vec![], vec![]),
            (vec![folder("a", "root", &[]), folder("b", "root", &[])], vec!["a", "b"]),
            (vec![folder("b", "a", &[]), folder("a", "root", &[])], vec!["a"]),
            // The way up is named, but not its next step.
            (vec![folder("c", "b", &["b", "a"]), folder("a", "root", &[])], vec!["a"]),
            // Over a folder that is returned as well.
            (vec![folder("a", "", &[]), folder("b", "a", &[]), folder("c", "b", &[])], vec!["a"]),
            // Twice the same.
            (vec![folder("a", "", &[]), folder("a", "", &[])], vec!["a"]),
            // Circles.
            (vec![folder("a", "a", &[])], vec!["a"]),
            (vec![folder("a", "b", &[]), folder("b", "a", &[])], vec!["a"]),
            (vec![folder("c", "b", &[]), folder("a", "b", &[]), folder("b", "a", &[])], vec!["a"]),
        ] {
            let (highest, nested) = highest(folders.clone());
            assert_eq!(highest.len() + nested.len(), folders.len());
            let ids: Vec<_> = highest.into_iter().map(|f| f.id).collect();
            assert_eq!(ids, kept, "{folders:?}");
        }
    }

    proptest! {
        #[test]
        fn something_is_always_kept_above_everything(
            links in proptest::collection::vec((0usize..6, proptest::collection::vec(0usize..8, 0..3)), 1..6),
        ) {
            let folders: Vec<_> = links
                .iter()
                .enumerate()
                .map(|(n, (parent, above))| Folder {
                    id: n.to_string(),
                    parent: Some(parent.to_string()),
                    above: above.iter().map(ToString::to_string).collect(),
                    ..Folder::default()
                })
                .collect();
            let (kept, _) = highest(folders.clone());
            let kept: HashSet<_> = kept.into_iter().map(|f| f.id).collect();
            for folder in &folders {
                // Going up from anywhere comes by a folder that is kept.
                let mut seen = HashSet::from([folder.id.clone()]);
                let mut open = vec![folder.id.clone()];
                while let Some(id) = open.pop() {
                    let Some(at) = folders.iter().find(|f| f.id == id) else { continue };
                    for next in at.parent.iter().chain(&at.above) {
                        if seen.insert(next.clone()) {
                            open.push(next.clone());
                        }
                    }
                }
                prop_assert!(!kept.is_disjoint(&seen), "{folder:?} {kept:?}");
            }
        }
    }
}
