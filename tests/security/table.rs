//! `assets/docs/security.md`: every test that it names exists, and every row names some.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const TABLE: &str = include_str!("../../assets/docs/security.md");

#[test]
fn every_row_names_tests_that_exist() {
    let tests = tests();
    assert!(tests.len() > 1000, "{}", tests.len());
    let mut wrong = Vec::new();
    let mut rows = 0;
    let mut named = 0;
    for row in TABLE.lines().filter(|line| line.starts_with("| ") && !line.contains("proved by")) {
        rows += 1;
        let cell = row.trim_end_matches([' ', '|']).rsplit("| ").next().unwrap();
        let names: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
        if names.is_empty() {
            wrong.push(format!("no test in: {row}"));
        }
        for name in names {
            named += 1;
            // `file::test`, where the file is one of the tests or the sources.
            let (file, test) = name.rsplit_once("::").unwrap_or(("", name));
            let there = |(path, known): &(String, String)| known == test && path.contains(file);
            if !name.starts_with('.') && !tests.iter().any(there) {
                wrong.push(format!("there is no test {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows > 30 && named > 60, "{rows} rows, {named} tests");
}

/// Every test of this crate, with its file.
fn tests() -> BTreeSet<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<PathBuf> = vec![root.join("src"), root.join("tests")];
    let mut tests = BTreeSet::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let mut attribute = false;
        for line in text.lines().map(str::trim) {
            attribute |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
            if let Some(function) = function {
                if attribute {
                    let name = function.split(['(', '<']).next().unwrap();
                    let file = path.strip_prefix(root).unwrap().with_extension("");
                    tests.insert((file.to_str().unwrap().to_owned(), name.to_owned()));
                }
                attribute = false;
            }
        }
    }
    tests
}
