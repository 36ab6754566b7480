//! An endpoint's folders as a tree, whatever services say: loops, parents that nobody
//! knows, chains without end.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;

use crate::model::{KnownFolder, RemoteFolder};

/// A path names so many folders at the most, the nearest ones …
const DEEPEST: usize = 256;

/// … and takes no more bytes than this for them, but for the last one.
const LONGEST: usize = 16 << 10;

/// What stands for the folders that a path leaves out.
const LEFT_OUT: &str = "/…";

/// One folder in the books.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Its row; 0 in a dry run, for one that is not in the books.
    pub(super) row: i64,
    pub(super) parent: Option<String>,
    /// None: files came before it was told.
    pub(super) name: Option<String>,
    /// As booked.
    pub(super) path: String,
    pub(super) stamp: Option<String>,
    pub(super) access_lost: bool,
    pub(super) removed: bool,
}

/// An endpoint's folders by id.
#[derive(Debug, Default)]
pub(super) struct Tree(HashMap<String, Node>);

impl Tree {
    /// Every folder of `endpoint` in the books.
    pub(super) fn load(connection: &Connection, endpoint: i64) -> rusqlite::Result<Self> {
        connection
            .prepare_cached(
                "SELECT id, external_folder_id, external_parent_id, folder_name, folder_path, stamp,
                     access_lost IS NOT NULL AS access_lost, removed_at IS NOT NULL AS removed
                 FROM folders WHERE endpoint_id = ?",
            )?
            .query_map([endpoint], |row| {
                Ok((
                    row.get("external_folder_id")?,
                    Node {
                        row: row.get("id")?,
                        parent: row.get("external_parent_id")?,
                        name: row.get("folder_name")?,
                        path: row.get("folder_path")?,
                        stamp: row.get("stamp")?,
                        access_lost: row.get("access_lost")?,
                        removed: row.get("removed")?,
                    },
                ))
            })?
            .collect::<rusqlite::Result<_>>()
            .map(Self)
    }

    /// As a source is told before a walk.
    pub(super) fn into_known(self) -> HashMap<String, KnownFolder> {
        let known = |(id, node): (String, Node)| {
            let Node { parent, stamp, .. } = node;
            Some((id, KnownFolder { parent, name: node.name.filter(|_| !node.removed)?, stamp }))
        };
        self.0.into_iter().filter_map(known).collect()
    }

    /// Puts a folder where a page shows it; its row, 0 if the books have none.
    pub(super) fn place(&mut self, folder: &RemoteFolder) -> i64 {
        let node = self.0.entry(folder.id.clone()).or_insert_with(|| Node {
            row: 0,
            parent: None,
            name: None,
            path: String::new(),
            stamp: None,
            access_lost: false,
            removed: false,
        });
        node.parent.clone_from(&folder.parent);
        node.name = Some(folder.name.clone());
        node.removed = false;
        node.row
    }

    pub(super) fn get(&self, id: &str) -> Option<&Node> {
        self.0.get(id)
    }

    /// Every folder with its id.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter().map(|(id, node)| (id.as_str(), node))
    }

    /// `id` and the folders above it, from the bottom up. Ends where a loop would
    /// begin anew.
    pub(super) fn upwards<'t>(&'t self, id: &'t str) -> impl Iterator<Item = (&'t str, &'t Node)> {
        let mut seen = HashSet::new();
        let mut next = Some(id);
        std::iter::from_fn(move || {
            let id = next.take().filter(|id| seen.insert(*id))?;
            let node = self.0.get(id)?;
            next = node.parent.as_deref();
            Some((id, node))
        })
    }

    /// The `roots` that are folders, and every folder below them.
    pub(super) fn below<'t, 'r>(
        &'t self,
        roots: impl IntoIterator<Item = &'r str>,
    ) -> HashSet<&'t str> {
        let mut found = HashSet::new();
        let mut next: Vec<&str> = roots
            .into_iter()
            .filter_map(|id| self.0.get_key_value(id).map(|(id, _)| id.as_str()))
            .collect();
        if next.is_empty() {
            return found;
        }
        let mut children: HashMap<&str, Vec<&str>> = HashMap::new();
        for (id, node) in self.iter() {
            if let Some(parent) = &node.parent {
                children.entry(parent).or_default().push(id);
            }
        }
        while let Some(id) = next.pop() {
            if found.insert(id) {
                next.extend(children.get(id).into_iter().flatten());
            }
        }
        found
    }

    /// The path of the folder `id`: its names from the root on, '/' before each.
    pub(super) fn path(&self, id: &str) -> String {
        let (mut names, mut bytes) = (Vec::new(), 0);
        let mut begin = "";
        for name in self.upwards(id).filter_map(|(_, node)| node.name.as_deref()) {
            if names.len() == DEEPEST || bytes > LONGEST {
                begin = LEFT_OUT;
                break;
            }
            names.push(name);
            bytes += name.len();
        }
        names.iter().rev().fold(begin.to_owned(), |path, name| path + "/" + name)
    }
}

/// The path of `name` in the folder with `path`.
pub(super) fn join(path: &str, name: &str) -> String {
    let path = if path.len() > 2 * LONGEST { LEFT_OUT } else { path };
    format!("{path}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(folders: &[(&str, Option<&str>)]) -> Tree {
        let mut tree = Tree::default();
        for (id, parent) in folders {
            tree.place(&RemoteFolder {
                id: (*id).into(),
                parent: parent.map(Into::into),
                name: id.to_uppercase(),
            });
        }
        tree
    }

    #[test]
    fn paths_and_subtrees_end_whatever_services_say() {
        let tree = tree(&[
            ("a", None),
            ("b", Some("a")),
            ("c", Some("b")),
            // Nobody knows its parent.
            ("x", Some("unknown")),
            // Two loops, and a folder below one.
            ("l", Some("m")),
            ("m", Some("l")),
            ("n", Some("l")),
            ("s", Some("s")),
        ]);
        for (id, path) in [
            ("a", "/A"),
            ("c", "/A/B/C"),
            ("x", "/X"),
            ("l", "/M/L"),
            ("n", "/M/L/N"),
            ("s", "/S"),
            ("unknown", ""),
        ] {
            assert_eq!(tree.path(id), path, "{id}");
        }
        let below = |id| {
            let mut found: Vec<&str> = tree.below([id]).into_iter().collect();
            found.sort_unstable();
            found
        };
        assert_eq!(below("b"), ["b", "c"]);
        assert_eq!(below("m"), ["l", "m", "n"]);
        assert_eq!(below("unknown"), Vec::<&str>::new());
    }

    #[test]
    fn a_chain_without_end_has_a_path_with_one() {
        let ids: Vec<String> = (0..5_000).map(|n| format!("f{n}")).collect();
        let mut tree = Tree::default();
        for (n, id) in ids.iter().enumerate() {
            let parent = n.checked_sub(1).map(|above| ids[above].clone());
            tree.place(&RemoteFolder { id: id.clone(), parent, name: "d".into() });
        }
        let path = tree.path(&ids[4_999]);
        assert!(path.starts_with("/…/d/d"), "{path}");
        assert_eq!(path.matches('/').count(), DEEPEST + 1);
        assert_eq!(tree.below(["f0"]).len(), 5_000);
    }
}
