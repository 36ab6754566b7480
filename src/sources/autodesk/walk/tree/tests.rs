use super::*;

fn folder(id: &str, stamp: &str) -> Folder {
    let stamp = (!stamp.is_empty()).then(|| stamp.to_owned());
    Folder { id: id.into(), name: id.to_uppercase(), stamp, ..Folder::default() }
}

fn books(rows: &[(&str, &str, &str)]) -> HashMap<String, KnownFolder> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let row = |(id, parent, stamp): &(&str, &str, &str)| {
        let known =
            KnownFolder { parent: some(parent), name: id.to_uppercase(), stamp: some(stamp) };
        ((*id).to_owned(), known)
    };
    rows.iter().map(row).collect()
}

fn tree(known: &HashMap<String, KnownFolder>) -> Tree<'_> {
    Tree::new(known, true, true, HashSet::new())
}

/// Takes `folders` as all that is in `parent`; what is to be entered.
fn list(tree: &mut Tree<'_>, parent: &str, folders: &[Folder]) -> Vec<String> {
    let taken = tree.take(parent, folders, vec![]);
    tree.listed(parent);
    taken.enter
}

fn sorted<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.sort();
    items
}

#[test]
fn only_what_has_changed_is_entered() {
    let known = books(&[("r", "", "1"), ("a", "r", "1"), ("b", "r", "1"), ("c", "r", "")]);
    let mut tree = tree(&known);
    assert_eq!(tree.take_roots(&[folder("r", "2")]).enter, ["r"]);
    let found = [folder("a", "1"), folder("b", "0"), folder("c", "1"), folder("new", "1")];
    // Another stamp, even an older one; none in the books; not in the books.
    assert_eq!(list(&mut tree, "r", &found), ["b", "c", "new"]);
    assert_eq!(tree.untouched(), ["a"]);
    for id in ["b", "c", "new"] {
        list(&mut tree, id, &[]);
    }
    let stamps = sorted(tree.stamps(false));
    let pair = |id: &str, stamp: &str| (id.to_owned(), stamp.to_owned());
    assert_eq!(
        stamps,
        [pair("a", "1"), pair("b", "0"), pair("c", "1"), pair("new", "1"), pair("r", "2")]
    );
}

#[test]
fn a_folder_without_a_stamp_is_always_entered() {
    let known = books(&[("r", "", "")]);
    assert_eq!(tree(&known).take_roots(&[folder("r", "")]).enter, ["r"]);
}

#[test]
fn a_full_walk_enters_everything() {
    let known = books(&[("r", "", "1")]);
    let mut tree = Tree::new(&known, false, true, HashSet::new());
    assert_eq!(tree.take_roots(&[folder("r", "1")]).enter, ["r"]);
}

#[test]
fn what_was_lost_is_looked_at_anew_down_to_the_ground() {
    let known = books(&[("r", "", "1"), ("a", "r", "1"), ("b", "a", "1")]);
    let mut tree = Tree::new(&known, true, true, HashSet::from(["a".to_owned()]));
    tree.take_roots(&[folder("r", "2")]);
    assert_eq!(list(&mut tree, "r", &[folder("a", "1")]), ["a"]);
    assert_eq!(list(&mut tree, "a", &[folder("b", "1")]), ["b"]);
}

#[test]
fn circles_are_not_walked_and_not_booked() {
    let known = books(&[]);
    let mut tree = tree(&known);
    tree.take_roots(&[folder("r", "1")]);
    list(&mut tree, "r", &[folder("a", "1")]);
    let taken = tree.take("a", &[folder("a", "1"), folder("r", "1"), folder("b", "1")], vec![]);
    assert_eq!(taken.enter, ["b"]);
    assert_eq!(taken.page.folders.len(), 1);
    // Seen in another place: booked there, not entered twice.
    let taken = tree.take("b", &[folder("c", "1")], vec![]);
    assert_eq!(taken.enter, ["c"]);
    let taken = tree.take("r", &[folder("c", "1")], vec![]);
    assert!(taken.enter.is_empty());
    assert_eq!(taken.page.folders[0].parent.as_deref(), Some("r"));
}

#[test]
fn without_subfolders_they_are_neither_booked_nor_missed() {
    let known = books(&[("r", "", ""), ("a", "r", "")]);
    let mut tree = Tree::new(&known, true, false, HashSet::new());
    tree.take_roots(&[folder("r", "1")]);
    let taken = tree.take("r", &[folder("a", "1")], vec![]);
    tree.listed("r");
    assert!(taken.page.folders.is_empty() && taken.enter.is_empty());
    assert!(tree.vanished(true).is_empty());
}

#[test]
fn only_the_highest_of_what_vanished_is_asked_about() {
    let known = books(&[
        ("r", "", "1"),
        ("old", "", "1"),
        ("a", "r", "1"),
        ("b", "a", "1"),
        ("c", "b", "1"),
        ("d", "r", "1"),
        ("e", "d", "1"),
    ]);
    let mut tree = tree(&known);
    tree.take_roots(&[folder("r", "2")]);
    list(&mut tree, "r", &[folder("d", "1")]);
    assert_eq!(tree.vanished(true), ["a", "old"]);
    // Where the roots are not the whole list, a missing one means nothing.
    assert_eq!(tree.vanished(false), ["a"]);
    tree.settle("a", State::Gone);
    tree.settle("old", State::Lost);
    assert!(tree.vanished(true).is_empty());
    // What is above a folder in a part that was not looked into.
    assert_eq!(tree.nearest("e"), Some(State::Untouched));
    assert_eq!(tree.nearest("c"), Some(State::Gone));
}

#[test]
fn a_part_that_was_not_listed_vanishes_nothing() {
    let known = books(&[("r", "", "1"), ("a", "r", "1")]);
    for state in [State::Failed, State::Lost, State::Waiting] {
        let mut tree = tree(&known);
        tree.take_roots(&[folder("r", "2")]);
        tree.settle("r", state);
        assert!(tree.vanished(true).is_empty(), "{state:?}");
    }
}

#[test]
fn stamps_stand_for_what_was_seen() {
    let known = books(&[("r", "", "1"), ("a", "r", "1")]);
    let walk = |state: State| {
        let mut tree = tree(&known);
        tree.take_roots(&[folder("r", "2")]);
        list(&mut tree, "r", &[folder("a", "2"), folder("new", "2"), folder("x", "2")]);
        list(&mut tree, "a", &[]);
        list(&mut tree, "new", &[]);
        tree.settle("x", state);
        tree
    };
    let ids = |tree: &Tree<'_>, failed| sorted(tree.stamps(failed).into_keys());
    // A folder that failed spoils those above it, not those beside it.
    assert_eq!(ids(&walk(State::Failed), false), ["a", "new"]);
    assert_eq!(ids(&walk(State::Waiting), false), ["a", "new"]);
    // Deletions below "a" were not booked: it must be looked at again.
    assert_eq!(ids(&walk(State::Failed), true), ["new"]);
    // What may not be seen or is gone is no reason to look again at the rest.
    assert_eq!(ids(&walk(State::Lost), false), ["a", "new", "r"]);
    assert_eq!(ids(&walk(State::Gone), false), ["a", "new", "r"]);
}

#[test]
fn another_round_enters_what_moved_meanwhile() {
    let known = books(&[]);
    let mut tree = tree(&known);
    tree.take_roots(&[folder("r", "1")]);
    list(&mut tree, "r", &[folder("a", "1"), folder("b", "1")]);
    list(&mut tree, "a", &[]);
    list(&mut tree, "b", &[]);
    tree.next_round();
    assert_eq!(tree.take_roots(&[folder("r", "2")]).enter, ["r"]);
    assert_eq!(list(&mut tree, "r", &[folder("a", "2"), folder("b", "1")]), ["a"]);
    list(&mut tree, "a", &[]);
    // What was in "a" at first and is not now must be looked for by the next walk.
    assert_eq!(sorted(tree.stamps(false).into_keys()), ["b"]);
    tree.next_round();
    assert!(tree.take_roots(&[folder("r", "2")]).enter.is_empty());
}
