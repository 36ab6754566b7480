//! The folders of an endpoint's scope: which there are, and how they hang together.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::model::{Known, KnownFolder};

/// What a folder's stamp says when its children have been listed, in the walk that
/// found it or later. There is no other change detector: the log of changes tells
/// what became of them since. A folder without it is listed by the next walk.
pub(super) const LISTED: &str = "listed";

/// What it says when the folder has left the scope: should it come back, its
/// children are not what they were.
pub(super) const LEFT: &str = "";

/// The folders of a scope by id, with the root.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    root: String,
    nodes: HashMap<String, Node>,
    /// Folders that hang below the root only because none of their own was known.
    adopted: HashSet<String>,
}

/// What came of hanging up a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// It is new.
    New,
    /// It hung below the root until its own folder was found: now.
    Placed,
    /// It hangs somewhere already.
    Known,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Node {
    parent: Option<String>,
    listed: bool,
}

/// Whether the books hold `root`, and the children of every folder that they hold.
pub(super) fn are_listed(known: &Known, root: &str) -> bool {
    let listed = |folder: &KnownFolder| folder.stamp.as_deref() == Some(LISTED);
    known.folders.contains_key(root) && known.folders.values().all(listed)
}

impl Tree {
    /// The root alone.
    pub(super) fn new(root: &str) -> Self {
        let nodes = HashMap::from([(root.to_owned(), Node::default())]);
        Self { root: root.to_owned(), nodes, ..Self::default() }
    }

    /// The folders in the books; none if they do not make one tree below `root`.
    pub(super) fn of_known(root: &str, known: &Known) -> Option<Self> {
        if !known.folders.contains_key(root) {
            return None;
        }
        let node = |(id, folder): (&String, &KnownFolder)| {
            let parent = folder.parent.clone().filter(|_| id != root);
            let listed = folder.stamp.as_deref() == Some(LISTED);
            (id.clone(), Node { parent, listed })
        };
        let nodes = known.folders.iter().map(node).collect();
        let mut tree = Self { root: root.to_owned(), nodes, ..Self::default() };
        let whole = tree.nodes.len();
        tree.rehang(&HashMap::new(), false);
        (tree.nodes.len() == whole).then_some(tree)
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.nodes.contains_key(id)
    }

    /// How many folders there are, the root included.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &String> {
        self.nodes.keys()
    }

    pub(super) fn parent(&self, id: &str) -> Option<&str> {
        self.nodes.get(id)?.parent.as_deref()
    }

    /// Hangs up a folder that was found in `parent`.
    ///
    /// Every folder is entered once, whatever leads to it: that ends loops of
    /// shortcuts, and of parents.
    pub(super) fn add(&mut self, id: &str, parent: &str) -> Added {
        if !self.contains(id) {
            let node = Node { parent: Some(parent.to_owned()), listed: false };
            self.nodes.insert(id.to_owned(), node);
            return Added::New;
        }
        if !self.adopted.contains(id) || self.hangs_below(parent, id) {
            return Added::Known;
        }
        self.adopted.remove(id);
        if let Some(node) = self.nodes.get_mut(id) {
            node.parent = Some(parent.to_owned());
        }
        Added::Placed
    }

    /// Whether `id` is `above`, or lies somewhere below it.
    fn hangs_below(&self, id: &str, above: &str) -> bool {
        let up = std::iter::successors(Some(id), |id| self.parent(id));
        // The tree has no loops; nor would one keep us here.
        up.take(self.len()).any(|id| id == above)
    }

    /// Notes that the children of `id` have been listed.
    pub(super) fn set_listed(&mut self, id: &str) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.listed = true;
        }
    }

    /// The folders whose children have not been listed yet.
    pub(super) fn unlisted(&self) -> Vec<String> {
        let unlisted = self.nodes.iter().filter(|(_, node)| !node.listed);
        let mut ids: Vec<String> = unlisted.map(|(id, _)| id.clone()).collect();
        ids.sort_unstable();
        ids
    }

    /// Which folder of the tree an item with these parents lies in: the first one
    /// that is in it.
    pub(super) fn home<'p>(&self, parents: &'p [String]) -> Option<&'p str> {
        parents.iter().find(|parent| self.contains(parent)).map(String::as_str)
    }

    /// Hangs the tree anew: folders in `moved` below the first of their new parents
    /// from which the root can be reached, everything else where it was. What
    /// cannot be reached any more is gone from the tree; with `adopt`, folders in
    /// `moved` of whose parents none is known go below the root.
    ///
    /// Returns the folders of `moved` that are in it, each after its parent.
    pub(super) fn rehang(
        &mut self,
        moved: &HashMap<String, Vec<String>>,
        adopt: bool,
    ) -> Vec<String> {
        let mut below: HashMap<&str, Vec<&str>> = HashMap::new();
        for (id, node) in &self.nodes {
            if let Some(parent) = node.parent.as_deref().filter(|_| !moved.contains_key(id)) {
                below.entry(parent).or_default().push(id);
            }
        }
        let known = |id: &str| self.nodes.contains_key(id) || moved.contains_key(id);
        let mut adopted = HashSet::new();
        for (id, parents) in moved.iter().filter(|(id, _)| **id != self.root) {
            for parent in parents {
                below.entry(parent).or_default().push(id);
            }
            if adopt && !parents.iter().any(|parent| known(parent)) {
                below.entry(&self.root).or_default().push(id);
                adopted.insert(id.clone());
            }
        }
        let (mut reached, mut order) = (HashMap::new(), Vec::new());
        let mut seen = HashSet::from([self.root.as_str()]);
        let mut ahead = VecDeque::from([self.root.as_str()]);
        while let Some(parent) = ahead.pop_front() {
            let mut children = below.remove(parent).unwrap_or_default();
            // The same in every run.
            children.sort_unstable();
            for id in children {
                if seen.insert(id) {
                    reached.insert(id.to_owned(), parent.to_owned());
                    order.push(id);
                    ahead.push_back(id);
                }
            }
        }
        let order: Vec<String> =
            order.into_iter().filter(|id| moved.contains_key(*id)).map(ToOwned::to_owned).collect();
        let root = self.nodes.remove(&self.root).unwrap_or_default();
        let mut before = std::mem::take(&mut self.nodes);
        self.nodes.insert(self.root.clone(), Node { parent: None, ..root });
        for (id, parent) in reached {
            let listed = before.remove(&id).is_some_and(|node| node.listed);
            self.nodes.insert(id, Node { parent: Some(parent), listed });
        }
        self.adopted = adopted;
        order
    }

    /// Takes a folder out; what hangs below it is gone with the next [`Tree::rehang`].
    pub(super) fn cut(&mut self, id: &str) {
        if id != self.root {
            self.nodes.remove(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(folders: &[(&str, Option<&str>)]) -> Known {
        let folder = |(id, parent): &(&str, Option<&str>)| {
            let folder = KnownFolder {
                parent: parent.map(ToOwned::to_owned),
                name: (*id).to_owned(),
                stamp: Some(LISTED.to_owned()),
            };
            ((*id).to_owned(), folder)
        };
        Known { folders: folders.iter().map(folder).collect(), ..Known::default() }
    }

    fn moved(folders: &[(&str, &[&str])]) -> HashMap<String, Vec<String>> {
        let folder = |(id, parents): &(&str, &[&str])| {
            ((*id).to_owned(), parents.iter().map(|p| (*p).to_owned()).collect())
        };
        folders.iter().map(folder).collect()
    }

    #[test]
    fn books_that_are_no_tree_are_not_trusted() {
        let fine = [("r", None), ("a", Some("r")), ("b", Some("a"))];
        assert_eq!(Tree::of_known("r", &known(&fine)).unwrap().len(), 3);
        for broken in [
            vec![("a", None)],
            vec![("r", None), ("a", Some("lost"))],
            vec![("r", None), ("a", None)],
            vec![("r", None), ("a", Some("b")), ("b", Some("a"))],
        ] {
            assert!(Tree::of_known("r", &known(&broken)).is_none(), "{broken:?}");
        }
    }

    #[test]
    fn moves_take_everything_below_along() {
        let books = [("r", None), ("a", Some("r")), ("b", Some("a")), ("c", Some("b"))];
        let tree = || Tree::of_known("r", &known(&books)).unwrap();
        type Moves<'m> = &'m [(&'m str, &'m [&'m str])];
        for (moves, adopt, in_order, left) in [
            // Within the scope, out of it, into it, from below what leaves it.
            (&[("c", &["r"][..])][..] as Moves, false, vec!["c"], vec!["a", "b", "c", "r"]),
            (&[("b", &["elsewhere"][..])], false, vec![], vec!["a", "r"]),
            (
                &[("n", &["c"][..]), ("m", &["n"])],
                false,
                vec!["n", "m"],
                vec!["a", "b", "c", "m", "n", "r"],
            ),
            (&[("a", &["out"][..]), ("c", &["r"])], false, vec!["c"], vec!["c", "r"]),
            // Two that swap places.
            (&[("a", &["b"][..]), ("b", &["r"])], false, vec!["b", "a"], vec!["a", "b", "c", "r"]),
            // A loop cannot be reached.
            (&[("a", &["c"][..])], false, vec![], vec!["r"]),
            // The root stays the root, whatever it says.
            (&[("r", &["a"][..])], false, vec![], vec!["a", "b", "c", "r"]),
            // Several parents: the first that leads to the root; none that is known.
            (&[("n", &["out", "b"][..])], false, vec!["n"], vec!["a", "b", "c", "n", "r"]),
            (&[("n", &["hidden"][..])], true, vec!["n"], vec!["a", "b", "c", "n", "r"]),
            (&[("n", &[][..])], false, vec![], vec!["a", "b", "c", "r"]),
        ] {
            let mut tree = tree();
            assert_eq!(tree.rehang(&moved(moves), adopt), in_order, "{moves:?}");
            let mut ids: Vec<&String> = tree.ids().collect();
            ids.sort();
            assert_eq!(ids, left, "{moves:?}");
        }
    }

    /// Its folder comes back with one above it, of which alone the log tells.
    #[test]
    fn an_adopted_folder_goes_where_it_is_found() {
        let mut tree = Tree::new("r");
        tree.rehang(&moved(&[("a", &["r"]), ("c", &["b"])]), true);
        assert_eq!((tree.parent("a"), tree.parent("c")), (Some("r"), Some("r")));
        assert_eq!(tree.add("c", "c"), Added::Known, "never into itself");
        assert_eq!((tree.add("b", "a"), tree.add("c", "b")), (Added::New, Added::Placed));
        assert_eq!(tree.parent("c"), Some("b"));
        assert_eq!(tree.add("c", "a"), Added::Known);
    }

    #[test]
    fn a_folder_is_entered_once() {
        let mut tree = Tree::new("r");
        assert_eq!(tree.add("a", "r"), Added::New);
        assert_eq!((tree.add("a", "b"), tree.add("r", "a")), (Added::Known, Added::Known));
        assert_eq!(tree.parent("a"), Some("r"));
        assert_eq!(tree.home(&["x".into(), "a".into(), "r".into()]), Some("a"));
        assert_eq!(tree.unlisted(), ["a", "r"]);
        tree.set_listed("a");
        assert_eq!(tree.unlisted(), ["r"]);
    }
}
