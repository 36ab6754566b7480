//! The shop's fifty products: what they are called, what they are, what they cost.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// How many products there are: `P001` to `P050`.
pub(super) const PRODUCTS: usize = 50;

/// What a product can be.
const CATEGORIES: [&str; 4] = ["Electronics", "Clothing", "Books", "Home"];

/// Days from one renaming of a product to the next.
const RENAMING: usize = 9;

/// The products of one seed.
#[derive(Clone, Debug)]
pub(super) struct Catalogue {
    seed: u64,
    categories: Vec<&'static str>,
    /// Hundredths.
    prices: Vec<i64>,
}

impl Catalogue {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let categories = (0..PRODUCTS).map(|_| CATEGORIES[random.random_range(0..4)]).collect();
        let prices = (0..PRODUCTS).map(|_| random.random_range(99..50_000)).collect();
        Self { seed, categories, prices }
    }

    /// `P001` for the first one.
    pub(super) fn id(product: usize) -> String {
        format!("P{:03}", product + 1)
    }

    /// What a product is; it stays that, so that a sale's category does not depend on
    /// when its file is taken in.
    pub(super) fn category(&self, product: usize) -> &'static str {
        self.categories[product]
    }

    /// What a product costs, in hundredths.
    pub(super) fn price(&self, product: usize) -> i64 {
        self.prices[product]
    }

    /// What the products are called on day number `day`: now and then one is renamed.
    pub(super) fn names(&self, day: i32) -> Vec<String> {
        let mut renamed = [0; PRODUCTS];
        for at in (4..=i64::from(day)).step_by(RENAMING) {
            let seed = self.seed ^ at.cast_unsigned().rotate_left(32);
            renamed[StdRng::seed_from_u64(seed).random_range(0..PRODUCTS)] += 1;
        }
        let name = |(product, times): (usize, u32)| match times {
            0 => format!("Product {}", product + 1),
            _ => format!("Product {} Mk {}", product + 1, times + 1),
        };
        renamed.into_iter().enumerate().map(name).collect()
    }
}
