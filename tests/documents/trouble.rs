//! `assets/docs/trouble.md` quotes what the program says: it does say that.

use std::path::{Path, PathBuf};

const PAGE: &str = include_str!("../../assets/docs/trouble.md");

/// All sources, the parts of a text that goes over several lines put together.
fn sources() -> String {
    let mut folders = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    let mut all = String::new();
    while let Some(path) = folders.pop() {
        if path.is_dir() {
            folders.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension() == Some("rs".as_ref()) {
            all += &joined(&path);
        }
    }
    all
}

/// A backslash at the end of a line takes the line break and the indent away.
fn joined(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let mut parts = text.split("\\\n");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.trim_start())
}

#[test]
fn what_it_quotes_is_what_the_program_says() {
    let sources = sources();
    let mut wrong = Vec::new();
    let mut quoted = 0;
    let rows = PAGE.lines().filter(|line| line.starts_with("| ") && !line.contains("it says"));
    for row in rows {
        let cell = row.trim_start_matches("| ").split(" | ").next().unwrap();
        for quote in cell.split('`').skip(1).step_by(2) {
            quoted += 1;
            // What stands in for a value is left out.
            let parts = quote.split('…').map(str::trim).filter(|part| part.len() > 3);
            wrong.extend(parts.filter(|part| !sources.contains(part)).map(str::to_owned));
        }
    }
    assert!(wrong.is_empty(), "nothing in the sources says: {wrong:#?}");
    assert!(quoted > 20, "{quoted}");
}
