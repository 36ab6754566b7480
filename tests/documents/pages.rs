//! The pages below `assets/docs` that come from the code: `.ci/documents` makes them anew.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{commands, keys};

fn pages() -> BTreeMap<String, String> {
    let mut pages = commands::pages();
    pages.insert("configuration.md".to_owned(), keys::page());
    pages
}

/// The file that every generated page begins with.
pub const NOTE: &str = "<!-- Made from the code by .ci/documents: change it there. -->\n\n";

/// `DOCUMENTS=FOLDER` writes them there.
#[test]
fn pages_are_those_of_this_code() {
    let written = std::env::var_os("DOCUMENTS").map(PathBuf::from);
    let folder = written
        .clone()
        .unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/docs")));
    let pages = pages();
    if written.is_some() {
        for (name, text) in &pages {
            let file = folder.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
    }
    let mut wrong = Vec::new();
    for (name, text) in &pages {
        match std::fs::read_to_string(folder.join(name)) {
            Ok(found) if found == *text => {}
            Ok(_) => wrong.push(format!("{name} is not what the code says")),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    for file in std::fs::read_dir(folder.join("commands")).unwrap() {
        let name = format!("commands/{}", file.unwrap().file_name().display());
        if !pages.contains_key(&name) {
            wrong.push(format!("{name} is about a command that does not exist: remove it"));
        }
    }
    assert!(wrong.is_empty(), "{}\nrun .ci/documents", wrong.join("\n"));
}
