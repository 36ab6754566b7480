//! The feed's files read in the plainest way there is, by nothing of the generator's.

use std::collections::{BTreeMap, BTreeSet};

/// What the files of a folder come to.
#[derive(Debug, Default, PartialEq)]
pub struct Plain {
    pub sales: u64,
    /// File and line of every bad row.
    pub bad: BTreeSet<(String, u64)>,
    pub daily: BTreeMap<String, u64>,
    pub product_daily: BTreeMap<String, BTreeMap<String, u64>>,
    /// Count and hundredths.
    pub categories: BTreeMap<String, (u64, i64)>,
    /// Name and category.
    pub products: BTreeMap<String, (String, String)>,
}

/// Reads files, name and bytes each, none of them twice.
pub fn read(files: &BTreeMap<String, Vec<u8>>) -> Plain {
    let mut plain = Plain::default();
    // The names of products sort by day, so that the last one wins.
    for (name, bytes) in files.iter().filter(|(name, _)| name.ends_with(".json")) {
        let list: Vec<serde_json::Value> = serde_json::from_slice(bytes).unwrap();
        for (place, told) in list.iter().enumerate() {
            let text = |key: &str| told[key].as_str().map(str::to_owned);
            match text("product_id") {
                Some(id) => {
                    let told = (text("product_name").unwrap(), text("category").unwrap());
                    plain.products.insert(id, told);
                }
                None => drop(plain.bad.insert((name.clone(), place as u64 + 1))),
            }
        }
    }
    for (name, bytes) in files.iter().filter(|(name, _)| name.ends_with(".csv")) {
        assert!(bytes.ends_with(b"\r\n"));
        let lines: Vec<&[u8]> = bytes[..bytes.len() - 2].split(|byte| *byte == b'\n').collect();
        let columns = lines[0].split(|byte| *byte == b',').count();
        let of_file: Vec<_> = lines[1..].iter().map(|line| row(&plain, line, columns)).collect();
        let bad = of_file.iter().filter(|row| row.is_none()).count();
        for (number, row) in of_file.iter().enumerate() {
            match row {
                None => drop(plain.bad.insert((name.clone(), number as u64 + 2))),
                Some((product, day, cents)) if bad * 2 <= of_file.len() => {
                    plain.sales += 1;
                    *plain.daily.entry(day.clone()).or_default() += 1;
                    let of_day = plain.product_daily.entry(day.clone()).or_default();
                    *of_day.entry(product.clone()).or_default() += 1;
                    let category = plain.products[product].1.clone();
                    let sum = plain.categories.entry(category).or_default();
                    *sum = (sum.0 + 1, sum.1 + cents);
                }
                Some(_) => {}
            }
        }
    }
    plain
}

/// Product, day and hundredths of a good row.
fn row(plain: &Plain, line: &[u8], columns: usize) -> Option<(String, String, i64)> {
    let line = std::str::from_utf8(line).ok()?.trim_end_matches('\r');
    let cells: Vec<&str> = line.split(',').collect();
    if cells.len() != columns || !plain.products.contains_key(cells[0]) {
        return None;
    }
    let day: jiff::civil::Date = cells[1].parse().ok()?;
    let quantity: u32 = cells[2].parse().ok()?;
    let cents = match cells[3].split_once('.') {
        Some((whole, places)) if places.len() == 2 => {
            whole.parse::<i64>().ok()? * 100 + places.parse::<i64>().ok()?
        }
        None if cells[3].is_empty() => 0,
        _ => return None,
    };
    Some((cells[0].to_owned(), day.to_string(), i64::from(quantity) * cents))
}
