//! What is wrong with a dirty row.

use rand::RngExt as _;
use rand::rngs::StdRng;
use serde::Serialize;

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dirt {
    /// A day that there is not, or one written in another way.
    BadDate,
    /// `2.7` pieces.
    BrokenQuantity,
    /// Fewer than no pieces.
    NegativeQuantity,
    /// A word instead of a price, or more than two places.
    BadPrice,
    /// No price. The row is good all the same: the column is not required.
    MissingPrice,
    /// A product that no file tells of.
    UnknownProduct,
    /// A cell too many.
    TooManyCells,
    /// Bytes that are no UTF-8.
    NotUtf8,
    /// A product without its id.
    MissingId,
}

/// What happens to sales.
const OF_SALES: [Dirt; 8] = [
    Dirt::BadDate,
    Dirt::BrokenQuantity,
    Dirt::NegativeQuantity,
    Dirt::BadPrice,
    Dirt::MissingPrice,
    Dirt::UnknownProduct,
    Dirt::TooManyCells,
    Dirt::NotUtf8,
];

impl Dirt {
    /// What is wrong with the next sale, if anything.
    pub(super) fn of_sale(random: &mut StdRng, percent: f64) -> Option<Self> {
        let dirty = random.random_range(0.0..100.0) < percent;
        let dirt = OF_SALES[random.random_range(0..OF_SALES.len())];
        dirty.then_some(dirt)
    }

    /// Whether the row is set aside for it.
    pub fn is_bad(self) -> bool {
        self != Self::MissingPrice
    }
}

/// One sale's cells, as they stand in a file.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    pub(super) product: Vec<u8>,
    pub(super) date: String,
    pub(super) quantity: String,
    pub(super) price: String,
    /// Behind the last column.
    pub(super) surplus: Option<&'static str>,
}

impl Cells {
    /// Does it to the row.
    pub(super) fn soil(&mut self, dirt: Dirt, random: &mut StdRng) {
        let mut pick = |from: &[&'static str]| from[random.random_range(0..from.len())];
        match dirt {
            Dirt::BadDate => self.date = pick(&["2025-02-30", "31/12/2025", "yesterday"]).into(),
            Dirt::BrokenQuantity => self.quantity = pick(&["2.7", "0.5", "three"]).into(),
            Dirt::NegativeQuantity => self.quantity = pick(&["-1", "-3"]).into(),
            Dirt::BadPrice => self.price = pick(&["free", "12.345", "1,000.00"]).into(),
            Dirt::MissingPrice => self.price.clear(),
            Dirt::UnknownProduct => self.product = pick(&["P998", "P999", "X001"]).into(),
            Dirt::TooManyCells => self.surplus = Some(pick(&["", "oops", "42"])),
            Dirt::NotUtf8 => self.product = b"P\xff\xfe1".to_vec(),
            Dirt::MissingId => {}
        }
        if dirt == Dirt::BadPrice && self.price.contains(',') {
            self.price = format!("\"{}\"", self.price);
        }
    }
}
