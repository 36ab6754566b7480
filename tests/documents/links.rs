//! Links between documents lead somewhere, and so do the names of files in them.

use std::path::{Path, PathBuf};

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["", "assets", "assets/docs", "assets/docs/commands", "tests"] {
        let entries = std::fs::read_dir(root.join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        files.extend(paths.filter(|path| path.extension().is_some_and(|e| e == "md")));
    }
    files
}

#[test]
fn links_and_names_of_files_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    let (mut links, mut names) = (0, 0);
    for file in documents() {
        let text = std::fs::read_to_string(&file).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap();
            if link.contains("://") || path.is_empty() {
                continue;
            }
            links += 1;
            if !file.parent().unwrap().join(path).exists() {
                wrong.push(format!("{}: {link} leads nowhere", file.display()));
            }
        }
        // Those that begin at the top; patterns are left out.
        let code = text.split('`').skip(1).step_by(2);
        let ours = ["src/", "tests/", "assets/", ".ci/", "benches/"];
        for name in code.filter(|code| ours.iter().any(|start| code.starts_with(start))) {
            let name = name.split(['#', ' ']).next().unwrap();
            if name.contains(['*', '{', '…', '<']) || file.ends_with("CHANGELOG.md") {
                continue;
            }
            names += 1;
            if !root.join(name).exists() {
                wrong.push(format!("{}: there is no {name}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(links > 20 && names > 20, "{links} links, {names} names");
}
