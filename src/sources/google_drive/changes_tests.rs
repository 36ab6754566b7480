use super::*;
use crate::model::{Known, KnownFolder};
use crate::sources::google_drive::item::FOLDER;
use crate::sources::google_drive::testing;
use crate::sources::google_drive::tree::LISTED;

/// r ─ a ─ b ─ c
fn tree() -> Tree {
    let folder = |(id, parent): (&str, Option<&str>)| {
        let parent = parent.map(ToOwned::to_owned);
        let stamp = Some(LISTED.to_owned());
        (id.to_owned(), KnownFolder { parent, name: id.to_owned(), stamp })
    };
    let folders = [("r", None), ("a", Some("r")), ("b", Some("a")), ("c", Some("b"))];
    let known = Known { folders: folders.map(folder).into(), ..Known::default() };
    Tree::of_known("r", &known).unwrap()
}

fn root() -> Root {
    Root { id: "r".into(), name: "R".into(), drive: None, own: false, trashed: false }
}

fn item(id: &str, mime_type: &str, parents: &[&str]) -> Item {
    Item {
        id: id.into(),
        name: format!("name of {id}"),
        mime_type: mime_type.into(),
        parents: parents.iter().map(|p| (*p).to_owned()).collect(),
        ..Item::default()
    }
}

fn folder(id: &str, parents: &[&str]) -> (String, Entry) {
    (id.into(), Entry::Is(Box::new(item(id, FOLDER, parents))))
}

fn file(id: &str, parents: &[&str]) -> (String, Entry) {
    (id.into(), Entry::Is(Box::new(item(id, "application/pdf", parents))))
}

fn trashed((id, entry): (String, Entry)) -> (String, Entry) {
    let Entry::Is(item) = entry else { panic!() };
    (id, Entry::Is(Box::new(Item { trashed: Some(true), ..*item })))
}

fn gone(id: &str) -> (String, Entry) {
    (id.into(), Entry::Gone)
}

/// Folders with their parents, files with their folders, what is removed.
type Told<'t> = (Vec<(&'t str, &'t str)>, Vec<(&'t str, &'t str)>, Vec<&'t str>);

fn check(entries: &[(String, Entry)], root: &Root, scope: &DriveScope, expected: Told<'_>) {
    let mut tree = tree();
    let entries: BTreeMap<String, Entry> = entries.iter().cloned().collect();
    let plan = plan(&mut tree, &entries, root, scope).unwrap();
    let folders: Vec<(&str, &str)> = plan
        .folders
        .iter()
        .map(|f| (f.id.as_str(), f.parent.as_deref().unwrap_or_default()))
        .collect();
    let files: Vec<(&str, &str)> =
        plan.files.iter().map(|f| (f.id.as_str(), f.folder.as_str())).collect();
    let removed: Vec<&str> = plan.removed.iter().map(String::as_str).collect();
    assert_eq!((folders, files, removed), expected, "{entries:?}");
}

#[test]
fn entries_are_told_by_their_ancestors() {
    let scope = testing::scope(Some("r"));
    for (entries, expected) in [
        // Files: in the scope, outside, gone, in the trash.
        (vec![file("f", &["c"])], (vec![], vec![("f", "c")], vec![])),
        (vec![file("f", &["x"])], (vec![], vec![], vec!["f"])),
        (vec![file("f", &[])], (vec![], vec![], vec!["f"])),
        (vec![gone("f")], (vec![], vec![], vec!["f"])),
        (vec![trashed(file("f", &["c"]))], (vec![], vec![], vec!["f"])),
        // Folders: renamed, moved, new, out, gone, elsewhere all the time.
        (vec![folder("b", &["a"])], (vec![("b", "a")], vec![], vec![])),
        (vec![folder("c", &["r"])], (vec![("c", "r")], vec![], vec![])),
        (
            vec![folder("n", &["c"]), folder("m", &["n"])],
            (vec![("n", "c"), ("m", "n")], vec![], vec![]),
        ),
        (vec![folder("a", &["x"])], (vec![], vec![], vec!["a"])),
        (vec![trashed(folder("a", &["r"]))], (vec![], vec![], vec!["a"])),
        (vec![folder("x", &["y"])], (vec![], vec![], vec!["x"])),
        // A file of a folder that comes and one of a folder that goes.
        (
            vec![folder("n", &["r"]), file("f", &["n"]), gone("a"), file("g", &["c"])],
            (vec![("n", "r")], vec![("f", "n")], vec!["a", "g"]),
        ),
        // What moves out of a folder that goes stays, with all that is below it.
        (vec![gone("a"), folder("b", &["r"])], (vec![("b", "r")], vec![], vec!["a"])),
        // The first parent that is in the scope.
        (vec![file("f", &["x", "c", "a"])], (vec![], vec![("f", "c")], vec![])),
    ] {
        check(&entries, &root(), &scope, expected);
    }
}

#[test]
fn what_comes_back_or_is_new_is_looked_into() {
    let scope = testing::scope(Some("r"));
    let mut tree = tree();
    let entries = BTreeMap::from([folder("n", &["b"]), folder("c", &["r"])]);
    plan(&mut tree, &entries, &root(), &scope).unwrap();
    assert_eq!(tree.unlisted(), ["n"], "a move within the scope costs nothing");
    let out = plan(&mut tree, &BTreeMap::from([folder("a", &["x"])]), &root(), &scope).unwrap();
    assert_eq!(out.left, ["a", "b", "n"]);
    plan(&mut tree, &BTreeMap::from([folder("a", &["r"])]), &root(), &scope).unwrap();
    assert_eq!(tree.unlisted(), ["a"], "and what is below it is found there");
}

#[test]
fn the_root_is_another_matter() {
    let scope = testing::scope(Some("r"));
    for entry in [gone("r"), trashed(folder("r", &["x"])), file("r", &["x"])] {
        assert_eq!(plan(&mut tree(), &BTreeMap::from([entry]), &root(), &scope), None);
    }
    let renamed = plan(&mut tree(), &BTreeMap::from([folder("r", &["a"])]), &root(), &scope);
    let renamed = renamed.unwrap();
    assert_eq!(renamed.root_name.as_deref(), Some("name of r"));
    assert!(renamed.folders.is_empty() && renamed.removed.is_empty());
}

#[test]
fn a_whole_drive_holds_what_lies_nowhere() {
    let (scope, drive) = (testing::scope(None), Root { drive: Some("r".into()), ..root() });
    check(&[file("f", &[])], &drive, &scope, (vec![], vec![("f", "r")], vec![]));
    check(&[folder("n", &["hidden"])], &drive, &scope, (vec![("n", "r")], vec![], vec![]));
}

#[test]
fn shared_items_count_where_they_are_asked_for() {
    let own = Root { own: true, ..root() };
    let shared = |(id, entry): (String, Entry)| {
        let Entry::Is(item) = entry else { panic!() };
        let since = Some("2026-01-01T00:00:00Z".to_owned());
        (id, Entry::Is(Box::new(Item { shared_with_me_time: since, ..*item })))
    };
    let entries = [shared(file("f", &[])), shared(folder("n", &[])), file("g", &[])];
    let wide = DriveScope { include_shared: true, ..testing::scope(None) };
    check(&entries, &own, &wide, (vec![("n", "r")], vec![("f", "r")], vec!["g"]));
    check(&entries, &own, &testing::scope(None), (vec![], vec![], vec!["f", "g", "n"]));
}

#[test]
fn without_subfolders_only_the_root_s_own_files_count() {
    let scope = DriveScope { include_subfolders: false, ..testing::scope(Some("r")) };
    let mut tree = Tree::new("r");
    let entries = BTreeMap::from([folder("n", &["r"]), file("f", &["n"]), file("g", &["r"])]);
    let plan = plan(&mut tree, &entries, &root(), &scope).unwrap();
    assert!(plan.folders.is_empty());
    assert_eq!(plan.files.iter().map(|f| f.id.as_str()).collect::<Vec<_>>(), ["g"]);
    assert_eq!(plan.removed, ["f"]);
}

#[test]
fn the_trash_counts_where_it_is_asked_for() {
    let scope = DriveScope { include_trashed: true, ..testing::scope(Some("r")) };
    let entries = [trashed(file("f", &["c"])), trashed(folder("b", &["a"]))];
    check(&entries, &root(), &scope, (vec![("b", "a")], vec![("f", "c")], vec![]));
}
