//! Names in files → names of datasets and columns, and patterns.

use std::collections::HashSet;

/// The longest name, in characters.
const LONGEST: usize = 60;

/// Digits in a file's name from which on they are taken for a day or a number.
const COUNTING: usize = 4;

/// Endings that say how a file is read, not what it holds.
const ENDINGS: [&str; 7] = [".gz", ".csv", ".tsv", ".txt", ".json", ".ndjson", ".jsonl"];

/// Names that the tables have themselves.
const TAKEN: [&str; 9] =
    ["meta", "datasets", "landed", "quarantine", "file", "line", "rowid", "oid", "row_id"];

/// `Product ID` → `product_id`; `otherwise` with a number where nothing is left.
pub(super) fn identifier(source: &str, otherwise: &str, taken: &mut HashSet<String>) -> String {
    let mut name = String::new();
    let mut before = '_';
    for c in source.trim().chars() {
        // `productId` has two words.
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            name.push('_');
        }
        before = c;
        match c.is_ascii_alphanumeric() {
            true => name.push(c.to_ascii_lowercase()),
            false if !name.ends_with('_') => name.push('_'),
            false => {}
        }
    }
    let name = name.trim_matches('_');
    let name = &name[..name.len().min(LONGEST - 5)];
    let name = match name.starts_with(|c: char| c.is_ascii_digit()) || name.is_empty() {
        true => format!("{otherwise}_{name}").trim_end_matches('_').to_owned(),
        false => name.to_owned(),
    };
    let free = |name: &String| !TAKEN.contains(&name.as_str()) && !name.starts_with("sqlite_");
    let numbered = (2..).map(|n| format!("{name}_{n}"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    let found = names.find(|name| free(name) && !taken.contains(name)).unwrap_or(name);
    taken.insert(found.clone());
    found
}

/// `sales_data_2026-05-01.csv` → `sales_data`.
pub(super) fn dataset(file: &str) -> String {
    let mut stem = pattern(file);
    while let Some(shorter) = ENDINGS.iter().find_map(|end| stem.strip_suffix(end)) {
        stem = shorter.to_owned();
    }
    identifier(&stem.replace('*', "_"), "data", &mut HashSet::new())
}

/// `sales_data_2026-05-01.csv` → `sales_data_*.csv`: what counts files is any text.
pub(super) fn pattern(file: &str) -> String {
    let chars: Vec<char> = file.chars().collect();
    let (mut out, mut at) = (String::new(), 0);
    while at < chars.len() {
        let part = |c: &&char| c.is_ascii_digit() || matches!(c, '-' | '_' | 'T' | ':');
        let run = chars[at..].iter().take_while(part).count();
        // It begins and ends with a digit.
        let end = chars[at..at + run].iter().rposition(|c| c.is_ascii_digit()).map(|n| at + n + 1);
        match end {
            Some(end) if chars[at].is_ascii_digit() => {
                let digits = chars[at..end].iter().filter(|c| c.is_ascii_digit()).count();
                match digits >= COUNTING {
                    true => out.push('*'),
                    false => out.extend(&chars[at..end]),
                }
                at = end;
            }
            _ => {
                out.push(chars[at]);
                at += 1;
            }
        }
    }
    out
}
