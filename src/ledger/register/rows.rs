//! Sets of row numbers.

use std::collections::HashMap;

/// Words of 64 rows in a block: half a kilobyte, so that the rows of one endpoint
/// among many cost little, and a million in a row cost 125 kB.
const WORDS: i64 = 64;

/// A set of row numbers, a bit each.
#[derive(Debug, Default)]
pub(super) struct Rows(HashMap<i64, Box<[u64; WORDS as usize]>>);

impl Rows {
    /// Adds `row`; whether it was not there before.
    pub(super) fn insert(&mut self, row: i64) -> bool {
        let (block, word, bit) = place(row);
        let block = self.0.entry(block).or_insert_with(|| Box::new([0; WORDS as usize]));
        let new = block[word] & bit == 0;
        block[word] |= bit;
        new
    }

    /// Whether `row` is there.
    pub(super) fn contains(&self, row: i64) -> bool {
        let (block, word, bit) = place(row);
        self.0.get(&block).is_some_and(|block| block[word] & bit != 0)
    }
}

fn place(row: i64) -> (i64, usize, u64) {
    let word = row.div_euclid(64);
    // Both remainders are small and not negative.
    (word.div_euclid(WORDS), word.rem_euclid(WORDS) as usize, 1 << row.rem_euclid(64))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn holds_what_was_put_in_and_nothing_else(
            rows in prop::collection::vec(prop_oneof![-200..10_000i64, any::<i64>()], 0..200),
            others in prop::collection::vec(-200..10_000i64, 0..200),
        ) {
            let (mut set, mut model) = (Rows::default(), HashSet::new());
            for row in &rows {
                prop_assert_eq!(set.insert(*row), model.insert(*row));
            }
            for row in rows.iter().chain(&others) {
                prop_assert_eq!(set.contains(*row), model.contains(row));
            }
        }
    }
}
