//! Two datasets of an endpoint that could want the same file.

use crate::model::Dataset;
use crate::model::pattern::alternatives;

use crate::config::problems::Place;
use crate::config::reader::Reader;

/// Warns where a name could fit the patterns of two datasets: the first one gets the file.
pub(super) fn warn(r: &mut Reader, path: &str, datasets: &[(Dataset, Place)]) {
    for (n, (second, place)) in datasets.iter().enumerate() {
        for (first, _) in &datasets[..n] {
            let both = first
                .files
                .iter()
                .find_map(|a| second.files.iter().find(|b| overlap(a, b)).map(|b| (a, b)));
            if let Some((a, b)) = both {
                let words = "a name can fit both, and the first one gets the file";
                let (first, second) = (&first.name, &second.name);
                let message =
                    format!("{path}: \"{a}\" of {first} and \"{b}\" of {second}: {words}");
                r.warn(*place, message);
            }
        }
    }
}

/// Whether some name fits both patterns.
fn overlap(a: &str, b: &str) -> bool {
    let lower = |pattern: &str| -> Vec<Vec<char>> {
        alternatives(pattern).iter().map(|one| one.to_lowercase().chars().collect()).collect()
    };
    let (a, b) = (lower(a), lower(b));
    a.iter().any(|a| b.iter().any(|b| common(a, b)))
}

/// The same for patterns of `*`, `?` and characters.
fn common(a: &[char], b: &[char]) -> bool {
    // `row[j]`: whether what is left of `a` and `b[j..]` have a name in common.
    let mut row: Vec<bool> = (0..=b.len()).map(|j| b[j..].iter().all(|c| *c == '*')).collect();
    for i in (0..a.len()).rev() {
        let below = row.clone();
        for j in (0..=b.len()).rev() {
            let star = a[i] == '*' && (below[j] || (j < b.len() && row[j + 1]));
            let others = j < b.len()
                && match (a[i], b[j]) {
                    (_, '*') => row[j + 1] || below[j],
                    ('*', _) => false,
                    ('?', _) | (_, '?') => below[j + 1],
                    (x, y) => x == y && below[j + 1],
                };
            row[j] = star || others;
        }
    }
    row[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_overlap_where_a_name_fits_both() {
        for (a, b, both) in [
            ("sales_*.csv", "product_*.csv", false),
            ("sales_*.csv", "*.csv", true),
            ("*a", "b*", true),
            ("a*", "b*", false),
            ("*.{csv,json}", "x.JSON", true),
            ("?", "", false),
            ("*", "", true),
            ("a?c", "ab?", true),
            ("a?c", "ab?d", false),
            ("*x*y*", "*y*x*", true),
            ("", "", true),
        ] {
            assert_eq!((overlap(a, b), overlap(b, a)), (both, both), "{a} {b}");
        }
    }
}
