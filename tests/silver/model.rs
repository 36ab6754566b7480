//! What the tables hold in the end, told by what landed alone: no order, no states.

use std::collections::{BTreeMap, BTreeSet};

/// A file that landed.
#[derive(Clone, Debug)]
pub struct File {
    pub id: i64,
    pub dataset: &'static str,
    pub path: String,
    pub day: u32,
    pub changed: i64,
    /// Its number; for a corrected copy, those of what it corrects before its own.
    pub chain: Vec<i64>,
    pub rows: Vec<Vec<String>>,
    pub accepted: bool,
}

/// The rows of all datasets as text, each sorted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// Word and number, of files that count.
    pub notes: Vec<String>,
    /// Article, shop, amount, file and line.
    pub prices: Vec<String>,
    /// Product, name, file and line.
    pub products: Vec<String>,
    /// Product and quantity.
    pub sales: Vec<String>,
}

impl File {
    fn rank(&self) -> (u32, i64, &[i64]) {
        (self.day, self.changed, &self.chain)
    }

    fn is_bad(&self, row: &[String], products: &BTreeSet<String>) -> bool {
        match self.dataset {
            "notes" => row[1] == "x",
            "prices" => row[1] == "x" || row[0].is_empty(),
            "products" => row[0].is_empty(),
            _ => row[1] == "x" || !products.contains(&row[0]),
        }
    }

    fn bad(&self, products: &BTreeSet<String>) -> usize {
        self.rows.iter().filter(|row| self.is_bad(row, products)).count()
    }

    fn is_good(&self, products: &BTreeSet<String>) -> bool {
        self.accepted || self.bad(products) * 2 <= self.rows.len()
    }

    /// A copy takes the place of the file and of the copies before it.
    fn corrects(&self, other: &Self) -> bool {
        self.chain[0] == other.chain[0] && self.chain > other.chain
    }
}

pub fn tables(files: &[File]) -> Tables {
    let mut tables = Tables::default();
    let products = keyed(files, "products", 1, &BTreeSet::new());
    let there: BTreeSet<String> = products.keys().map(|key| key[0].clone()).collect();
    let show = |(key, (rest, file, line)): (&Vec<String>, &(Vec<String>, i64, usize))| {
        let cells = key.iter().chain(rest).map(String::as_str).collect::<Vec<_>>();
        format!("{}|{file}|{line}", cells.join("|"))
    };
    tables.products = products.iter().map(show).collect();
    tables.prices = keyed(files, "prices", 2, &there).iter().map(show).collect();
    tables.notes = keyless(files, "notes", &there);
    tables.sales = keyless(files, "sales", &there);
    tables
}

type Keyed = BTreeMap<Vec<String>, (Vec<String>, i64, usize)>;

/// For each key, the row of the highest good file that no good one corrects, and its last
/// line.
fn keyed(files: &[File], dataset: &str, key: usize, there: &BTreeSet<String>) -> Keyed {
    let mut good: Vec<&File> =
        files.iter().filter(|file| file.dataset == dataset && file.is_good(there)).collect();
    let all = good.clone();
    good.retain(|file| !all.iter().any(|other| other.corrects(file)));
    good.sort_by_key(|file| file.rank());
    let mut found = Keyed::new();
    for file in good {
        for (n, row) in file.rows.iter().enumerate().filter(|(_, row)| !file.is_bad(row, there)) {
            found.insert(row[..key].to_vec(), (row[key..].to_vec(), file.id, n + 2));
        }
    }
    found
}

/// The rows of the highest good file of each path, and of the same bytes once.
fn keyless(files: &[File], dataset: &str, there: &BTreeSet<String>) -> Vec<String> {
    let mut highest: BTreeMap<&str, &File> = BTreeMap::new();
    for file in files.iter().filter(|file| file.dataset == dataset && file.is_good(there)) {
        let held = highest.entry(&file.path).or_insert(file);
        if file.rank() > held.rank() {
            *held = file;
        }
    }
    let contents: BTreeSet<&Vec<Vec<String>>> = highest.values().map(|file| &file.rows).collect();
    let mut rows = Vec::new();
    for content in contents {
        let file = highest.values().find(|file| file.rows == *content).unwrap();
        rows.extend(content.iter().filter(|row| !file.is_bad(row, there)).map(|r| r.join("|")));
    }
    rows.sort();
    rows
}
