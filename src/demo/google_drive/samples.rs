//! A small drive with everything that makes real ones hard: duplicates, native
//! documents, shortcuts that lead in circles, names that are no file names, trash.

use super::tree::{NewFile, NewFolder, Operation, Tree};
use super::{OWNER, ROOT, SHARED_DRIVE, STRANGER};

/// The folder and the shared drive that the service account was given, empty.
pub(super) fn grounds(tree: &mut Tree) -> Result<(), String> {
    let folder = NewFolder {
        parent: None,
        name: "Admissions".into(),
        id: Some(ROOT.into()),
        owner: Some(OWNER.into()),
    };
    tree.apply(Operation::AddFolder(folder))?;
    // It lies in its owner's drive, which the service account cannot see.
    let above = tree.root_of(OWNER).map(|root| tree.item(root).id.clone());
    tree.apply(Operation::Move { id: ROOT.into(), parent: above })?;
    tree.apply(Operation::share(ROOT))?;
    tree.apply(Operation::AddDrive {
        name: "Plans".into(),
        id: Some(SHARED_DRIVE.into()),
        members: None,
    })?;
    Ok(())
}

/// What lies in them.
pub(super) fn samples(tree: &mut Tree) -> Result<(), String> {
    let spring = below(tree, ROOT, &["2026", "Spring"])?;
    let fall = below(tree, ROOT, &["2026", "Fall"])?;
    for (folder, name, content) in [
        (ROOT, "Read me first.txt", "Nothing in here is real.\r\n"),
        (&*spring, "Enrollment_20260501_001234_Fall Search.csv", "id,score\r\n000123,36\r\n"),
        (&*spring, "Enrollment_20260501_001234_Fall Search.csv", "id,score\r\n000124,01\r\n"),
        (&*spring, "Empty.csv", ""),
        (&*fall, "Prospects Ünïcode Order.CSV", "id,city\r\n000125,São Exemplo\r\n"),
        (&*fall, "archive.tar.gz", "no archive either"),
    ] {
        tree.apply(Operation::file(folder, name, content))?;
    }
    random_file(tree, &fall, "Scan of a letter.pdf", 300_000)?;
    // Two folders of one name, and a file of theirs.
    for content in ["first", "second"] {
        let folder = tree.apply(Operation::folder(ROOT, "Letters"))?;
        tree.apply(Operation::file(&folder, "Letter.txt", content))?;
    }
    tree.apply(Operation::file(ROOT, "Letters", "a file of the same name"))?;
    tree.apply(Operation::folder(ROOT, "Nothing in here"))?;
    documents(tree)?;
    shortcuts(tree, &spring)?;
    hostile(tree)?;
    trash(tree)?;
    let locked = tree.apply(Operation::file(ROOT, "View only.pdf", "%PDF-1.4 not for taking"))?;
    tree.apply(Operation::Restrict { id: locked, can_download: false })?;
    elsewhere(tree)
}

fn documents(tree: &mut Tree) -> Result<(), String> {
    let folder = tree.apply(Operation::folder(ROOT, "Documents"))?;
    for (name, kind, text) in [
        ("Handbook", "document", "Handbook\r\n\r\nBe kind.\r\n"),
        ("Budget", "spreadsheet", "what,how much\r\npaper,12\r\n"),
        ("Welcome", "presentation", "Welcome!\r\n"),
        ("Floor plan", "drawing", "[ ][ ]\r\n"),
        ("Survey", "form", "How was it?\r\n"),
        ("Report.csv", "spreadsheet", "a name like a file's\r\n"),
    ] {
        tree.apply(Operation::document(&folder, name, kind, text))?;
    }
    tree.apply(Operation::AddDocument {
        parent: Some(folder),
        name: "Yearbook".into(),
        kind: "document".into(),
        text: "Very many pictures.\r\n".into(),
        export_size: Some(11 * 1024 * 1024),
        id: None,
    })?;
    Ok(())
}

fn shortcuts(tree: &mut Tree, spring: &str) -> Result<(), String> {
    let folder = tree.apply(Operation::folder(ROOT, "Shortcuts"))?;
    let letter = tree.apply(Operation::file(&folder, "Letter of July.txt", "July"))?;
    tree.apply(Operation::shortcut(&folder, "Letter of July.txt", letter))?;
    tree.apply(Operation::shortcut(&folder, "Spring", spring))?;
    // Followed blindly these two never end.
    tree.apply(Operation::shortcut(spring, "Back to the shortcuts", &folder))?;
    tree.apply(Operation::shortcut(spring, "Up to the top", ROOT))?;
    let deleted = tree.apply(Operation::file(&folder, "deleted.txt", "gone"))?;
    tree.apply(Operation::shortcut(&folder, "Points nowhere", &deleted))?;
    tree.apply(Operation::delete(deleted))?;
    Ok(())
}

fn hostile(tree: &mut Tree) -> Result<(), String> {
    let folder = tree.apply(Operation::folder(ROOT, "../Names"))?;
    for name in [
        "a/b.csv",
        "..",
        "../../etc/passwd",
        "C:\\Windows\\win.ini",
        "two\nlines.csv",
        "bell\u{7}.csv",
        "\u{1b}[31mred.csv",
        "invoice\u{202e}fdp.exe",
        "it's \\ quoted\".csv",
        " leading and trailing ",
        "CON",
        "=1+1.csv",
        "📄 emoji.csv",
        "e\u{301} decomposed.csv",
    ] {
        tree.apply(Operation::file(&folder, name, format!("the content of {name:?}")))?;
    }
    tree.apply(Operation::file(&folder, "long ".repeat(60), "long"))?;
    let inner = tree.apply(Operation::folder(&folder, "."))?;
    tree.apply(Operation::file(inner, "inside a dot.csv", "dot"))?;
    Ok(())
}

fn trash(tree: &mut Tree) -> Result<(), String> {
    let file = tree.apply(Operation::file(ROOT, "thrown away.csv", "old"))?;
    tree.apply(Operation::trash(file))?;
    let folder = tree.apply(Operation::folder(ROOT, "Thrown away"))?;
    tree.apply(Operation::file(&folder, "with the folder.csv", "old"))?;
    tree.apply(Operation::trash(folder))?;
    Ok(())
}

/// The shared drive, a file that was shared alone, and what nobody shared.
fn elsewhere(tree: &mut Tree) -> Result<(), String> {
    let site = below(tree, SHARED_DRIVE, &["North campus", "Site"])?;
    tree.apply(Operation::file(SHARED_DRIVE, "Overview.pdf", "%PDF-1.4 all of it"))?;
    tree.apply(Operation::file(&site, "Ground floor.dwg", "AC1027 lines"))?;
    tree.apply(Operation::document(&site, "Minutes", "document", "All agreed.\r\n"))?;
    tree.apply(Operation::shortcut(&site, "Admissions", ROOT))?;
    let alone = NewFile {
        name: "Shared alone.pdf".into(),
        content: Some("%PDF-1.4 lies nowhere".into()),
        ..NewFile::default()
    };
    let alone = tree.apply(Operation::AddFile(alone))?;
    tree.apply(Operation::share(alone))?;
    let secret = NewFile {
        name: "Salaries.csv".into(),
        content: Some("not for the service account".into()),
        owner: Some(STRANGER.into()),
        ..NewFile::default()
    };
    tree.apply(Operation::AddFile(secret))?;
    Ok(())
}

fn below(tree: &mut Tree, folder: &str, names: &[&str]) -> Result<String, String> {
    let mut folder = folder.to_owned();
    for name in names {
        let known = tree.place(&folder).into_iter().flat_map(|place| &tree.item(place).children);
        let known = known.map(|child| tree.item(*child)).find(|item| item.name == *name);
        folder = match known.map(|item| item.id.clone()) {
            Some(id) => id,
            None => tree.apply(Operation::folder(folder, *name))?,
        };
    }
    Ok(folder)
}

fn random_file(tree: &mut Tree, folder: &str, name: &str, size: u64) -> Result<(), String> {
    let file = NewFile {
        parent: Some(folder.into()),
        name: name.into(),
        size: Some(size),
        ..NewFile::default()
    };
    tree.apply(Operation::AddFile(file)).map(|_| ())
}
